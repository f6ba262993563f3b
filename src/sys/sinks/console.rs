//! Messages on stderr, for people (`text`) and for programs (`json`), and the countdown while we wait.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use crate::base::duration::approximate;
use crate::event::{Event, Level, Outcome, Record, RunIdentity, millis};
use crate::policy::Policy;
use crate::policy::value::{Color, MessageFormat};
use crate::sys::output::{self, Stderr, printable, printable_json};
use crate::sys::{clock, environment};

pub(crate) struct Console {
    quiet: bool,
    verbose: u64,
    format: MessageFormat,
    color: Color,
    countdown: Countdown,
    /// Whether the wait that begins is worth a countdown; None where nobody has said how long it is.
    worth_counting: Option<bool>,
    /// Failed attempts that look alike are not a line each: on a terminal they are one that is drawn anew, elsewhere there
    /// is one only when what is seen changes.
    folds: bool,
    /// The reason of the last failure, where failures are folded.
    seen: Option<String>,
    /// Lines that somebody will take, `--chronic`, instead of their being said.
    kept: Option<Vec<u8>>,
    /// `--name` was given: lines start with it.
    named: bool,
    /// The id and the name of the run, for lines for programs.
    run: Option<(String, String)>,
}

/// A line for programs.
#[derive(Serialize)]
struct Line<'a> {
    ts: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    level: Level,
    message: &'a str,
    #[serde(flatten)]
    event: Option<&'a Event>,
}

#[derive(Clone, Copy, PartialEq)]
enum Countdown {
    /// Not yet known whether stderr can bear one.
    Unknown,
    Never,
    Hidden,
    Shown,
}

/// Back to the line's begin, and erase to its end.
const ERASE: &str = "\r\x1b[K";
/// A shorter wait is over before anybody has read how long it is.
const WORTH_COUNTING: Duration = Duration::from_secs(2);

impl Console {
    /// `folds`: failed attempts that look alike are told once.
    pub(crate) fn new(policy: &Policy, folds: bool) -> Self {
        Self {
            folds,
            seen: None,
            quiet: policy.quiet,
            verbose: policy.verbose,
            format: policy.message_format,
            color: policy.color,
            countdown: Countdown::Unknown,
            worth_counting: None,
            named: policy.name.is_some(),
            kept: policy.chronic.then(Vec::new),
            run: None,
        }
    }

    /// Lines for programs say which run they are of.
    pub(super) fn of_run(mut self, identity: &RunIdentity) -> Self {
        let is_json = self.format == MessageFormat::Json;
        self.run = is_json.then(|| (identity.run.clone(), identity.name.clone()));
        self
    }

    /// The lines that were kept, not said.
    pub(super) fn take_kept(&mut self) -> Vec<u8> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// From here on lines are said.
    pub(super) fn keep_nothing(&mut self) {
        self.kept = None;
    }

    /// Says a line that is no event.
    pub(crate) fn note(&mut self, level: Level, text: &str) {
        let least = if self.verbose > 0 { Level::Debug } else { Level::Info };
        if !self.quiet && level >= least {
            self.say(level, text, None);
        }
    }

    pub(super) fn wants_start(&self) -> bool {
        !self.quiet && self.verbose > 0
    }

    pub(super) fn advises(&self) -> bool {
        !self.quiet && (self.verbose > 0 || output::stderr_is_terminal())
    }

    /// Looks at stderr when it is first asked: most runs never wait.
    pub(super) fn counts_down(&self) -> bool {
        match self.countdown {
            Countdown::Never => false,
            Countdown::Hidden | Countdown::Shown => true,
            Countdown::Unknown => {
                let for_people = !self.quiet && self.kept.is_none() && self.format == MessageFormat::Text;
                for_people && environment::get("CI").is_none() && output::can_draw_on_stderr()
            }
        }
    }

    /// A wait of this length begins.
    pub(crate) fn begin_wait(&mut self, wait: Duration) {
        self.worth_counting = Some(wait >= WORTH_COUNTING);
    }

    /// Takes note of the wait that the event begins.
    pub(super) fn look_at(&mut self, event: &Event) {
        let millis = match event {
            Event::AttemptRetry { wait, .. } => wait.delay_ms,
            Event::GateWait(held) => held.wait_ms.max(millis(held.left)),
            _ => return self.worth_counting = None,
        };
        self.begin_wait(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default());
    }

    /// Draws how long is left, if that can be drawn and is worth it. Whether it stands there now.
    pub(crate) fn count_down(&mut self, left: Duration) -> bool {
        if self.countdown == Countdown::Unknown {
            self.countdown = if self.counts_down() { Countdown::Hidden } else { Countdown::Never };
        }
        match self.countdown {
            Countdown::Hidden if self.worth_counting.unwrap_or(left >= WORTH_COUNTING) => {}
            // The line of the last failure.
            Countdown::Shown if self.folds => return false,
            Countdown::Shown => {}
            Countdown::Unknown | Countdown::Never | Countdown::Hidden => return false,
        }
        let whole = Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0));
        let _full = write!(Stderr, "{ERASE}retry: next attempt in {}", approximate(whole));
        self.countdown = Countdown::Shown;
        true
    }

    pub(crate) fn clear(&mut self) {
        if self.countdown == Countdown::Shown {
            let _full = Stderr.write_all(ERASE.as_bytes());
            self.countdown = Countdown::Hidden;
        }
    }

    /// Says a line, in one piece, so that lines of many processes do not mix. `record` is for the fields of the JSON format.
    fn say(&mut self, level: Level, text: &str, record: Option<&Record<'_>>) {
        let event = record.map(|record| record.event);
        self.clear();
        let line = match self.format {
            MessageFormat::Json => {
                let ts = record.map_or_else(clock::rfc3339_micros, |record| record.ts.clone());
                let run = self.run.as_ref().map(|(run, _)| &**run);
                let name = self.run.as_ref().map(|(_, name)| &**name);
                let line = Line { ts: &ts, run, name, level, message: text, event };
                let Ok(line) = serde_json::to_string(&line) else { return };
                format!("{}\n", printable_json(&line))
            }
            MessageFormat::Text => {
                let (on, off) = if self.wants_color() { colors(level) } else { ("", "") };
                format!("{on}retry: {}{off}\n", printable(text))
            }
        };
        let at_once = matches!(event, Some(Event::GateBypassed(_)));
        match self.kept.as_mut().filter(|_| !at_once) {
            Some(kept) => kept.extend(line.into_bytes()),
            None => drop(Stderr.write_all(line.as_bytes())),
        }
    }

    fn wants_color(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => environment_wants_color(),
        }
    }

    /// The least level of which an event may be said.
    pub(super) fn least_level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Warn,
            (false, 0) => Level::Info,
            (false, _) => Level::Debug,
        }
    }

    /// Is the event to be said? By default only what went wrong, and how it ended; whoever interrupts us knows that they did.
    pub(super) fn wants(&self, event: &Event) -> bool {
        // Who asked for limits is told that there are none, whatever else is not to be said.
        if let Event::GateBypassed(bypassed) = event {
            return !bypassed.told || self.verbose > 1;
        }
        if self.quiet {
            return false;
        }
        if self.verbose > 0 {
            return self.verbose > 1 || !matches!(event, Event::AttemptStart(_));
        }
        match event {
            Event::RunStart(_) | Event::AttemptStart(_) | Event::AttemptSuccess(_) => false,
            Event::AttemptRetry { failure, .. } => {
                !self.folds || self.seen.as_ref() != Some(&failure.reason) || self.counts_down()
            }
            // Whoever looks on wonders after a second.
            Event::GateWait(held) => held.wait_ms.max(held.waited_ms) >= 1000.0,
            Event::GateRefused(held) => !held.told,
            Event::GateBypassed(bypassed) => !bypassed.told,
            Event::AttemptFailed(failure) => failure.rule.id != "interrupted",
            Event::RunStop(stop) => match stop.outcome {
                Outcome::Interrupted => false,
                Outcome::Succeeded => stop.attempts != 1 && !stop.failures.is_empty(),
                _ => true,
            },
        }
    }

    /// Says the event.
    pub(super) fn take(&mut self, record: &Record<'_>) {
        if let Event::AttemptRetry { failure, .. } = record.event
            && self.folds
        {
            self.seen = Some(failure.reason.clone());
        }
        let retried = matches!(record.event, Event::AttemptRetry { .. });
        if self.folds && self.verbose == 0 && retried && self.counts_down() {
            let _full = write!(Stderr, "{ERASE}retry: {}", printable(&record.message));
            self.countdown = Countdown::Shown;
            return;
        }
        let mut text = record.message.clone();
        let names_itself = matches!(record.event, Event::RunStart(_) | Event::RunStop(_));
        if self.named && !names_itself && self.format == MessageFormat::Text {
            text = format!("{}: {text}", record.run.name);
        }
        if let (1.., Event::AttemptRetry { failure, .. } | Event::AttemptFailed(failure)) =
            (self.verbose, record.event)
        {
            text = format!("{text} [{} by {}/{}]", failure.class, failure.rule.source, failure.rule.id);
        }
        self.say(record.level, &text, Some(record));
    }
}

/// The sequences around a line of this level.
fn colors(level: Level) -> (&'static str, &'static str) {
    let on = match level {
        Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info | Level::Debug => "\x1b[2m",
    };
    (on, "\x1b[0m")
}

/// <https://no-color.org>, and CLICOLOR_FORCE of <https://bixense.com/clicolors>.
fn environment_wants_color() -> bool {
    let set = |name| environment::get(name).is_some_and(|value| value != "0");
    if environment::get("NO_COLOR").is_some() {
        return false;
    }
    set("CLICOLOR_FORCE")
        || output::stderr_is_terminal() && environment::get("TERM").is_none_or(|term| term != "dumb")
}
