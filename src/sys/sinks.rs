//! Where events go: people's eyes, the log, and metrics. Each sink is asked what it wants, so that nothing is put into
//! words which nobody reads.

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

/// A place that events go to.
trait Sink {
    /// The least level of which an event may be wanted.
    fn least_level(&self) -> Level;
    /// Whether this event is wanted at all.
    fn wants(&self, event: &Event) -> bool;
    /// Takes an event. Trouble is the sink's own and never the run's; the first time it is a warning, in words.
    fn take(&mut self, record: &Record<'_>) -> Result<(), String>;
}

/// All the sinks of a run.
pub(crate) struct Sinks {
    console: Console,
    others: Vec<Box<dyn Sink>>,
    identity: RunIdentity,
    /// The command's program, as it was named.
    program: String,
    /// Of the trace, for the events to come.
    span: Option<String>,
    /// The `ts` of the run's start, where it was told.
    started_at: String,
}

impl Sinks {
    /// Opens the log, if there is to be one. One that can't be opened is a warning.
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

    /// Says something to the person, and to nobody else.
    pub(crate) fn note(&mut self, level: Level, text: &str) {
        self.console.note(level, text);
    }

    /// From here on events belong to this span.
    pub(crate) fn enter_span(&mut self, span: Option<String>) {
        self.span = span;
    }

    /// The lines that were kept for the end of the run, `--chronic`, instead of being said.
    pub(crate) fn take_kept(&mut self) -> Vec<u8> {
        self.console.take_kept()
    }

    /// From here on lines are said at once.
    pub(crate) fn keep_nothing(&mut self) {
        self.console.keep_nothing();
    }

    /// Tells everyone of an event, each who wants it.
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

    /// The end of the run, told so that its line alone tells the run.
    fn completed(&self, stop: &RunStop) -> Event {
        let started_at = if self.started_at.is_empty() {
            clock::rfc3339_before(Duration::try_from_secs_f64(stop.elapsed_ms / 1e3).unwrap_or_default())
        } else {
            self.started_at.clone()
        };
        Event::RunStop(RunStop { program: self.program.clone(), started_at, ..stop.clone() })
    }

    /// Would anybody read an event of the start of the run? It is the one that takes work to put together.
    pub(crate) fn want_start(&self) -> bool {
        self.least_level() == Some(Level::Debug)
    }

    /// The least level that any sink takes: no other event need be built.
    pub(crate) fn least_level(&self) -> Option<Level> {
        let others = self.others.iter().map(|sink| sink.least_level());
        others.chain([self.console.least_level()]).min()
    }

    /// Tells whether the last of what was passed on to stdout, and to stderr, is no whole line.
    pub(crate) fn set_torn(&mut self, torn: [bool; 2]) {
        self.console.set_torn(torn);
    }

    /// An attempt is about to start: what is told of it stands before its output.
    pub(crate) fn begin_attempt(&mut self, attempt: u64, max: Option<u64>) {
        self.console.begin_attempt(&self.identity, attempt, max);
    }

    /// A hook or the fallback is about to start: what it writes is enclosed as an attempt's output is.
    pub(crate) fn begin_helper(&mut self, is_fallback: bool) {
        self.console.begin_helper(&self.identity, is_fallback);
    }

    /// It is over. `torn`: what it wrote to stdout, and to stderr, may end within a line.
    pub(crate) fn end_helper(&mut self, failed: bool, torn: [bool; 2]) {
        self.console.end_helper(&self.identity, failed, torn);
    }

    /// Is more to be said than what matters?
    pub(crate) fn says_more(&self) -> bool {
        self.console.wants_start()
    }

    /// Is somebody there who can use advice: a person at a terminal, or one who wants to know more?
    pub(crate) fn advises(&self) -> bool {
        self.console.advises()
    }

    /// Is the countdown to the next attempt to be seen?
    pub(crate) fn counts_down(&self) -> bool {
        self.console.counts_down()
    }

    /// Draws the countdown anew. Whether it is to be seen.
    pub(crate) fn count_down(&mut self, left: Duration) -> bool {
        self.console.count_down(left)
    }

    /// Takes the countdown away: somebody else is about to write.
    pub(crate) fn clear(&mut self) {
        self.console.clear();
    }
}
