//! The destinations of events: messages for people, the log, and metrics. Each sink says what it wants, so that nothing is
//! formatted that nobody reads.

mod ci_files;
mod console;
mod jsonl;
mod metrics;

pub(crate) use console::Console;
use jsonl::Jsonl;

use std::time::Duration;

use super::clock;
use crate::event::{Event, Level, Record, RunIdentity, RunStop, VERSION};
use crate::policy::Policy;

/// A destination of events.
trait Sink {
    /// The lowest level of wanted events.
    fn least_level(&self) -> Level;
    /// Whether this event is wanted at all.
    fn wants(&self, event: &Event) -> bool;
    /// Takes an event. A sink's failure never affects the run; the first one is returned as a warning.
    fn take(&mut self, record: &Record<'_>) -> Result<(), String>;
}

/// All the sinks of a run.
pub(crate) struct Sinks {
    console: Console,
    others: Vec<Box<dyn Sink>>,
    identity: RunIdentity,
    /// The command's program, as it was named.
    program: String,
    /// The current span of the trace.
    span: Option<String>,
    /// The `ts` of the run's start, if it was reported.
    started_at: String,
}

impl Sinks {
    /// Opens the log, if there is one. A log that cannot be opened is a warning.
    /// `folds`: see `Console`.
    pub(crate) fn open(policy: &Policy, identity: RunIdentity, program: String, folds: bool) -> Self {
        let console = Console::new(policy, folds).of_run(&identity);
        let mut sinks =
            Self { console, others: Vec::new(), identity, program, span: None, started_at: String::new() };
        sinks.console.open(policy);
        if let Some(path) = &policy.log {
            match Jsonl::open(&path.0) {
                Ok(log) => sinks.others.push(Box::new(log)),
                Err(warning) => sinks.note(Level::Warn, &warning),
            }
        }
        let (files, warning) = ci_files::CiFiles::new(policy, &sinks.identity);
        sinks.others.extend(files.map(|files| Box::new(files) as Box<dyn Sink>));
        if let Some(warning) = warning {
            sinks.note(Level::Warn, warning);
        }
        if let Some(counter) = metrics::Counter::new(policy) {
            sinks.others.push(Box::new(counter));
        }
        sinks
    }

    /// Prints a message for people only.
    pub(crate) fn note(&mut self, level: Level, text: &str) {
        self.console.note(level, text);
    }

    /// Sets the span of all further events.
    pub(crate) fn enter_span(&mut self, span: Option<String>) {
        self.span = span;
    }

    /// Takes the lines that `--chronic` has held back for the end of the run.
    pub(crate) fn take_kept(&mut self) -> Vec<u8> {
        self.console.take_kept()
    }

    /// Prints all further lines at once.
    pub(crate) fn keep_nothing(&mut self) {
        self.console.keep_nothing();
    }

    /// Sends an event to all sinks that want it.
    pub(crate) fn emit(&mut self, event: &Event) {
        self.console.look_at(event);
        let to_console = self.console.wants(event);
        if !to_console && !self.others.iter().any(|sink| sink.wants(event)) {
            return;
        }
        let ts = clock::rfc3339_micros();
        let completed;
        let event = match event {
            Event::RunStart(_) => {
                self.started_at.clone_from(&ts);
                event
            }
            Event::RunStop(stop) => {
                completed = self.completed(stop);
                &completed
            }
            event => event,
        };
        let record = Record {
            v: VERSION,
            ts,
            level: event.level(),
            message: event.message(&self.identity.name, &self.program),
            run: &self.identity,
            event,
            span_id: self.span.as_deref(),
        };
        if to_console {
            self.console.take(&record);
        }
        for sink in self.others.iter_mut().filter(|sink| sink.wants(event)) {
            if let Err(warning) = sink.take(&record) {
                self.console.note(Level::Warn, &warning);
            }
        }
    }

    /// The event of a run's end, completed so that its line describes the whole run.
    fn completed(&self, stop: &RunStop) -> Event {
        let started_at = if self.started_at.is_empty() {
            clock::rfc3339_before(Duration::try_from_secs_f64(stop.elapsed_ms / 1e3).unwrap_or_default())
        } else {
            self.started_at.clone()
        };
        Event::RunStop(RunStop { program: self.program.clone(), started_at, ..stop.clone() })
    }

    /// Whether any sink wants the event of the run's start, which is expensive to build.
    pub(crate) fn want_start(&self) -> bool {
        self.least_level() == Some(Level::Debug)
    }

    /// The lowest level that any sink wants: other events need not be built.
    pub(crate) fn least_level(&self) -> Option<Level> {
        let others = self.others.iter().map(|sink| sink.least_level());
        others.chain([self.console.least_level()]).min()
    }

    /// Notes whether the output passed on to stdout, and to stderr, ends in the middle of a line; `None` where there was
    /// none.
    pub(crate) fn set_torn(&mut self, torn: [Option<bool>; 2]) {
        self.console.set_torn(torn);
    }

    /// Prepares for the start of an attempt, whose heading comes before its output.
    pub(crate) fn begin_attempt(&mut self, attempt: u64, max: Option<u64>) {
        self.console.begin_attempt(&self.identity, attempt, max);
    }

    /// Prepares for the start of a hook or the fallback, whose output is enclosed like that of an attempt.
    pub(crate) fn begin_helper(&mut self, is_fallback: bool) {
        self.console.begin_helper(&self.identity, is_fallback);
    }

    /// The hook or fallback is over. `torn`: its output on stdout, and on stderr, may end in the middle of a line.
    pub(crate) fn end_helper(&mut self, failed: bool, torn: [bool; 2]) {
        self.console.end_helper(&self.identity, failed, torn);
    }

    /// Whether detailed messages are wanted.
    pub(crate) fn says_more(&self) -> bool {
        self.console.wants_start()
    }

    /// Whether advice is useful: there is a terminal, or detailed messages are wanted.
    pub(crate) fn advises(&self) -> bool {
        self.console.advises()
    }

    /// Whether the countdown to the next attempt is visible.
    pub(crate) fn counts_down(&self) -> bool {
        self.console.counts_down()
    }

    /// Redraws the countdown. Returns whether it is visible.
    pub(crate) fn count_down(&mut self, left: Duration) -> bool {
        self.console.count_down(left)
    }

    /// Erases the countdown, because something else is about to be written.
    pub(crate) fn clear(&mut self) {
        self.console.clear();
    }
}
