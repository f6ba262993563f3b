//! Messages for people (`text`), programs (`json`) and CI systems, and the countdown during waits.

mod countdown;
mod groups;
mod outputs;

use serde::Serialize;

use self::countdown::Countdown;
use self::groups::{Groups, annotation};
use self::outputs::Outputs;
use super::ci_files;
use crate::base::words::of_system;
use crate::dialect::Dialect;
use crate::event::{Event, Failure, Level, Outcome, Record, RunIdentity};
use crate::policy::Policy;
use crate::policy::settings::plain;
use crate::policy::value::{Color, MessageFormat, MessagesTo, Value as _};
use crate::sys::clock;
use crate::sys::output::{self, Messages, printable, printable_json};

pub(crate) struct Console {
    quiet: bool,
    verbose: u64,
    lines: Lines,
    /// The CI system for which commands are written.
    dialect: Option<Dialect>,
    groups: Groups,
    outputs: Option<Outputs>,
    to: Messages,
    color: Color,
    countdown: Countdown,
    /// Whether similar failed attempts share a line: on a terminal the line is redrawn, elsewhere there is one only when
    /// the failure changes.
    folds: bool,
    /// The reason of the last failure, if failures are folded.
    seen: Option<String>,
    end: End,
    /// Lines that somebody will take, `--chronic`, instead of their being said.
    kept: Option<Vec<u8>>,
    /// Whether `--name` was given, with which lines then start.
    named: bool,
    /// Whether output on stdout, and on stderr, ends in the middle of a line: what we print must begin a new one.
    torn: [bool; 2],
    /// The same of output that nobody saw, and that may: only a command for a CI system needs a line of its own.
    may_be_torn: [bool; 2],
    /// The id and name of the run, for JSON lines.
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

/// The kind of a line of ours.
#[derive(Clone, Copy, PartialEq)]
enum Lines {
    Text,
    Json,
}

/// Whether there is to be a line on how the run ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Told,
    /// The reader of the output left.
    NoNews,
}

impl Console {
    /// `folds`: similar failed attempts are reported once.
    pub(crate) fn new(policy: &Policy, folds: bool) -> Self {
        let dialect = ci_files::dialect(policy);
        if dialect.is_some() {
            output::expect_ci();
        }
        Self {
            folds,
            seen: None,
            end: End::Told,
            quiet: policy.quiet,
            verbose: policy.verbose,
            lines: if policy.message_format == MessageFormat::Json { Lines::Json } else { Lines::Text },
            dialect,
            groups: Groups::new(dialect, policy),
            outputs: Outputs::new(dialect, policy),
            to: Messages::Stderr,
            color: policy.color,
            countdown: Countdown::default(),
            named: policy.name.is_some(),
            torn: [false; 2],
            may_be_torn: [false; 2],
            kept: policy.chronic.then(Vec::new),
            run: None,
        }
    }

    /// Opens the destination of messages. A failure is a warning, and stderr is used instead. There is also a warning if
    /// the CI system does not read its commands from that destination.
    pub(super) fn open(&mut self, policy: &Policy) {
        if policy.messages_to != MessagesTo::Stderr {
            match Messages::open(&policy.messages_to) {
                Ok(to) => self.to = to,
                Err(why) => {
                    let to = plain(&policy.messages_to.show());
                    let why = of_system(&why);
                    self.note(Level::Warn, &format!("cannot write messages to {to}: {why}; using stderr"));
                }
            }
        }
        if self.dialect.is_some_and(Dialect::reads_stdout_alone) && policy.messages_to == MessagesTo::Stderr {
            self.note(Level::Warn, "the CI server reads commands on stdout alone; use --messages-to stdout");
        }
    }

    /// Sets the run that JSON lines belong to.
    pub(super) fn of_run(mut self, identity: &RunIdentity) -> Self {
        let is_json = self.lines == Lines::Json;
        self.run = is_json.then(|| (identity.run.clone(), identity.name.clone()));
        self
    }

    /// Takes the lines that were held back.
    pub(super) fn take_kept(&mut self) -> Vec<u8> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Prints all further lines at once.
    pub(super) fn keep_nothing(&mut self) {
        self.kept = None;
    }

    /// Prints a line that is not an event.
    pub(crate) fn note(&mut self, level: Level, text: &str) {
        let least = if self.verbose > 0 { Level::Debug } else { Level::Info };
        if !self.quiet && level >= least {
            self.say(level, text, None);
        }
    }

    /// Notes whether the command's output on stdout, and on stderr, ends in the middle of a line; `None` where there was
    /// none.
    pub(super) fn set_torn(&mut self, torn: [Option<bool>; 2]) {
        for (is_torn, now) in self.torn.iter_mut().zip(torn) {
            *is_torn = now.unwrap_or(*is_torn);
        }
    }

    /// An attempt is about to start.
    pub(super) fn begin_attempt(&mut self, run: &RunIdentity, attempt: u64, max: Option<u64>) {
        for line in self.groups.begin(run, attempt, max) {
            self.command(&line);
        }
    }

    /// A hook or the fallback is about to start.
    pub(super) fn begin_helper(&mut self, run: &RunIdentity, is_fallback: bool) {
        for line in self.groups.begin_helper(run, is_fallback) {
            self.command(&line);
        }
    }

    /// The hook or fallback is over. `torn`: its output may end in the middle of a line.
    pub(super) fn end_helper(&mut self, run: &RunIdentity, failed: bool, torn: [bool; 2]) {
        self.torn = [false; 2];
        self.may_be_torn = torn;
        for line in self.groups.close(run, failed) {
            self.command(&line);
        }
    }

    pub(super) fn wants_start(&self) -> bool {
        !self.quiet && self.verbose > 0
    }

    pub(super) fn advises(&self) -> bool {
        !self.quiet && (self.verbose > 0 || output::stderr_is_terminal())
    }

    /// Prints a line in one piece, so that lines of many processes do not mix. `record` has the fields of the JSON format.
    fn say(&mut self, level: Level, text: &str, record: Option<&Record<'_>>) {
        let event = record.map(|record| record.event);
        self.clear();
        let line = if self.lines == Lines::Json {
            let ts = record.map_or_else(clock::rfc3339_micros, |record| record.ts.clone());
            let run = self.run.as_ref().map(|(run, _)| &**run);
            let name = self.run.as_ref().map(|(_, name)| &**name);
            let line = Line { ts: &ts, run, name, level, message: text, event };
            let Ok(line) = serde_json::to_string(&line) else { return };
            format!("{}{}\n", self.line_break(), printable_json(&line))
        } else {
            let (on, off) = if self.wants_color() { colors(level) } else { ("", "") };
            let text = printable(text);
            format!("{}{on}retry: {text}{off}\n", self.line_break())
        };
        let at_once = matches!(event, Some(Event::GateBypassed(_)));
        self.put(&line, at_once);
    }

    /// Writes a line, or holds it back unless it must be printed at once.
    fn put(&mut self, line: &str, at_once: bool) {
        match self.kept.as_mut().filter(|_| !at_once) {
            Some(kept) => kept.extend(line.as_bytes()),
            None => self.to.write(line.as_bytes()),
        }
        self.torn = [false; 2];
        self.may_be_torn = [false; 2];
    }

    /// Writes commands for the CI system, each a line of its own.
    fn command(&mut self, line: &str) {
        self.clear();
        let line_break = self.break_for_command();
        self.put(&format!("{line_break}{line}\n"), false);
    }

    /// The line break that a command needs to be certain to begin a line, if any.
    fn break_for_command(&mut self) -> &'static str {
        for (torn, may_be) in self.torn.iter_mut().zip(std::mem::take(&mut self.may_be_torn)) {
            *torn |= may_be;
        }
        self.line_break()
    }

    /// The line break that a message needs to begin a line, if any.
    fn line_break(&mut self) -> &'static str {
        let [stdout, stderr] = std::mem::take(&mut self.torn);
        let torn = match self.to {
            Messages::Stdout(_) => stdout,
            Messages::Stderr => stderr,
            Messages::Other(_) => false,
        };
        if torn { "\n" } else { "" }
    }

    fn wants_color(&self) -> bool {
        // A job's log shows colours although it is not a terminal.
        let shows = || self.dialect == Some(Dialect::Gitlab) || output::stderr_is_terminal();
        output::wants_color(self.color, shows)
    }

    /// The lowest level of events that are printed.
    pub(super) fn least_level(&self) -> Level {
        if self.groups.are_wanted() || self.outputs.is_some() {
            return Level::Info;
        }
        match (self.quiet, self.verbose) {
            (true, _) => Level::Warn,
            (false, 0) => Level::Info,
            (false, _) => Level::Debug,
        }
    }

    /// Whether the event is printed. By default only failures and how the run ended, except for an interruption, which the
    /// user knows of.
    pub(super) fn wants(&self, event: &Event) -> bool {
        if let Event::GateBypassed(bypassed) = event {
            return !bypassed.told || self.verbose > 1;
        }
        let is_owed = self.outputs.is_some() && matches!(event, Event::RunStop(_));
        is_owed || self.groups.are_told_by(event) || !self.quiet && self.is_said(event)
    }

    /// Whether there is a line for the event.
    fn is_said(&self, event: &Event) -> bool {
        if self.verbose > 0 {
            return self.verbose > 1 || !matches!(event, Event::AttemptStart(_));
        }
        match event {
            Event::RunStart(_) | Event::AttemptStart(_) | Event::AttemptSuccess(_) => false,
            Event::AttemptRetry { failure, .. } => {
                !self.folds || self.seen.as_ref() != Some(&failure.reason) || self.counts_down()
            }
            // After a second, a person wonders what is going on.
            Event::GateWait(held) => held.wait_ms.max(held.waited_ms) >= 1000.0,
            Event::GateRefused(held) => !held.told,
            Event::GateBypassed(bypassed) => !bypassed.told,
            Event::AttemptFailed(failure) => failure.rule.id != "interrupted" && self.end == End::Told,
            Event::Hook(hook) => hook.failed(),
            Event::RunStop(stop) => match stop.outcome {
                Outcome::Interrupted => false,
                _ if self.end == End::NoNews => false,
                Outcome::Succeeded => stop.attempts != 1 && !stop.failures.is_empty(),
                _ => true,
            },
        }
    }

    /// Reports the event to people and to the CI system.
    pub(super) fn take(&mut self, record: &Record<'_>) {
        if let Event::AttemptFailed(failure) = record.event {
            let is_news = self.lines == Lines::Json || !is_end_of_pipe(failure);
            self.end = if is_news { End::Told } else { End::NoNews };
        }
        for line in self.groups.end(record) {
            self.command(&line);
        }
        for line in self.outputs.as_ref().map(|outputs| outputs.lines(record)).unwrap_or_default() {
            let line_break = self.break_for_command();
            self.to.write(format!("{line_break}{line}\n").as_bytes());
        }
        // A user who asked for limits must know that they are off, even if other messages are suppressed.
        if self.quiet && !matches!(record.event, Event::GateBypassed(_)) {
            return;
        }
        match annotation(self.dialect, record) {
            Some(line) => self.command(&line),
            None if self.is_said(record.event) => self.say_event(record),
            None => {}
        }
    }

    fn say_event(&mut self, record: &Record<'_>) {
        if let Event::AttemptRetry { failure, .. } = record.event
            && self.folds
        {
            self.seen = Some(failure.reason.clone());
        }
        let retried = matches!(record.event, Event::AttemptRetry { .. });
        if self.folds && self.verbose == 0 && retried && self.counts_down() {
            self.draw(&printable(&record.message));
            return;
        }
        let mut text = record.message.clone();
        let names_itself = matches!(record.event, Event::RunStart(_) | Event::RunStop(_));
        if self.named && !names_itself && self.lines == Lines::Text {
            text = format!("{}: {text}", record.run.name);
        }
        if let (1.., Event::AttemptRetry { failure, .. } | Event::AttemptFailed(failure)) =
            (self.verbose, record.event)
        {
            text = format!("{text} [{} by {}/{}]", failure.class, failure.rule.source, failure.rule.id);
        }
        let rescued = matches!(record.event, Event::RunStop(stop) if stop.outcome == Outcome::Succeeded || stop.fell_back());
        // A rescued run is shown in a job's log, but not as an error.
        let level = if rescued && self.dialect.is_some() { Level::Warn } else { record.level };
        self.say(level, &text, Some(record));
    }
}

/// Whether the command died like any in `yes | head -1`, which a shell does not report.
fn is_end_of_pipe(failure: &Failure) -> bool {
    let died = failure.signal.as_deref() == Some("SIGPIPE") || failure.exit_code == Some(141);
    failure.rule.id == "reader-gone" && died
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
