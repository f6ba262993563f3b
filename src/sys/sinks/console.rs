//! Messages on stderr, for people (`text`) and for programs (`json`), and the countdown while we wait.
//!
//! The lines go through `tracing`; its subscriber is made when the first line is said, for a run that works at
//! once says nothing.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Subscriber, dispatcher};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Sink;
use crate::base::duration::approximate;
use crate::event::{Event, Level, Outcome, Record, millis};
use crate::policy::Policy;
use crate::policy::value::{Color, MessageFormat};
use crate::sys::environment;
use crate::sys::output::{self, Stderr, printable, printable_json};

pub(crate) struct Console {
    quiet: bool,
    verbose: u64,
    format: MessageFormat,
    color: Color,
    /// Made when something is to be said.
    dispatch: Option<Dispatch>,
    countdown: Countdown,
    /// Whether the wait that begins is worth a countdown; None where nobody has said how long it is.
    worth_counting: Option<bool>,
    /// Failed attempts that look alike are not a line each: on a terminal they are one that is drawn anew, elsewhere there
    /// is one only when what is seen changes.
    folds: bool,
    /// What was seen last, where they are folded.
    seen: Option<String>,
    voice: Voice,
    /// `--name` was given: lines start with it.
    named: bool,
}

/// Where lines go.
#[derive(Clone, Default)]
struct Voice {
    /// They are kept for somebody to take.
    kept: Option<Arc<Mutex<Vec<u8>>>>,
}

impl Write for Voice {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.kept.as_ref().map(|kept| kept.lock()) {
            Some(Ok(mut kept)) => kept.write(bytes),
            _ => Stderr.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
            dispatch: None,
            countdown: Countdown::Unknown,
            worth_counting: None,
            named: policy.name.is_some(),
            voice: Voice { kept: policy.chronic.then(Arc::default) },
        }
    }

    /// The lines that were kept, not said.
    pub(super) fn take_kept(&self) -> Vec<u8> {
        let kept = self.voice.kept.as_ref().and_then(|kept| kept.lock().ok());
        kept.map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    /// From here on lines are said.
    pub(super) fn keep_nothing(&mut self) {
        self.voice = Voice::default();
        self.dispatch = None;
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

    /// Looks at stderr when it is first asked: most runs never wait.
    pub(super) fn counts_down(&self) -> bool {
        match self.countdown {
            Countdown::Never => false,
            Countdown::Hidden | Countdown::Shown => true,
            Countdown::Unknown => {
                let kept = self.voice.kept.is_some();
                let for_people = !self.quiet && !kept && self.format == MessageFormat::Text;
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

    /// A line through `tracing`. `record` is for the fields of the JSON format.
    fn say(&mut self, level: Level, text: &str, record: Option<&Record<'_>>) {
        self.clear();
        let json = self.format == MessageFormat::Json;
        let fields = record.filter(|_| json).and_then(|record| serde_json::to_string(record.event).ok());
        let (format, color) = (self.format, self.color);
        let at_once = record.is_some_and(|record| matches!(record.event, Event::GateBypassed(_)));
        let aloud = at_once.then(|| subscriber(format, color, Voice::default()));
        let voice = &self.voice;
        let usual = &mut self.dispatch;
        let dispatch = aloud
            .unwrap_or_else(|| usual.get_or_insert_with(|| subscriber(format, color, voice.clone())).clone());
        dispatcher::with_default(&dispatch, || match level {
            Level::Debug => tracing::debug!(fields, "{text}"),
            Level::Info => tracing::info!(fields, "{text}"),
            Level::Warn => tracing::warn!(fields, "{text}"),
            Level::Error => tracing::error!(fields, "{text}"),
        });
    }
}

impl Sink for Console {
    /// By default only what went wrong, and how it ended; whoever interrupts us knows that they did.
    fn wants(&self, event: &Event) -> bool {
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

    fn take(&mut self, record: &Record<'_>) {
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

fn subscriber(format: MessageFormat, color: Color, voice: Voice) -> Dispatch {
    let color = format == MessageFormat::Text
        && match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => environment_wants_color(),
        };
    let lines = Lines { format, color };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || voice.clone())
        .event_format(lines)
        .finish();
    Dispatch::new(subscriber)
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

/// How a line is written: in one piece, so that lines of many processes do not mix.
struct Lines {
    format: MessageFormat,
    color: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        let level = *event.metadata().level();
        match self.format {
            MessageFormat::Json => writeln!(writer, "{}", printable_json(&said.object(level).to_string())),
            MessageFormat::Text => {
                let (on, off) = match level {
                    _ if !self.color => ("", ""),
                    tracing::Level::ERROR => ("\x1b[31m", "\x1b[0m"),
                    tracing::Level::WARN => ("\x1b[33m", "\x1b[0m"),
                    _ => ("\x1b[2m", "\x1b[0m"),
                };
                writeln!(writer, "{on}retry: {}{off}", printable(&said.message))
            }
        }
    }
}

/// What a `tracing` event holds: the message, and the fields of ours as JSON.
#[derive(Default)]
struct Said {
    message: String,
    fields: Option<String>,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "fields" {
            self.fields = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

impl Said {
    fn object(&self, level: tracing::Level) -> serde_json::Value {
        let level = level.as_str().to_lowercase();
        let mut object = serde_json::json!({"level": level, "message": self.message});
        let fields = self.fields.as_deref().and_then(|fields| serde_json::from_str(fields).ok());
        if let (Some(object), Some(serde_json::Value::Object(fields))) = (object.as_object_mut(), fields) {
            object.extend(fields);
        }
        object
    }
}
