//! The replay itself: claims letters, runs them and puts them away, several at a time.

use std::collections::VecDeque;
use std::io::IsTerminal as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde_json::json;

use super::find::Entry;
use super::options::{EnvFrom, ReplayOptions};
use super::say;
use super::show::check;
use super::words::{age, warnings};
use crate::base::duration::approximate;
use crate::base::error::Error;
use crate::base::exit_code::{self, Exit};
use crate::commands::run::replayed::LetterReport;
use crate::letter::{Course, CourseResult};
use crate::sys::letterbox::{self, Letter, Letterbox, Opened};
use crate::sys::supervise::{Crew, CrewEvent};
use crate::sys::{clock, spool};

/// The file next to the letters with a line for each failed replay of a letter.
pub(super) const RECORD: &str = "replays.jsonl";
/// The longest single wait.
const SLICE: Duration = Duration::from_secs(1);

/// A replay.
pub(super) struct Pass<'a> {
    asked: &'a ReplayOptions,
    waiting: VecDeque<(usize, &'a Entry)>,
    all: usize,
    course: Course,
    crew: Crew,
    // Entered until the crew is gone.
    _runtime: tokio::runtime::Runtime,
    running: Vec<Running>,
    succeeded: usize,
    /// The reasons why letters were kept, and how often each occurred.
    kept: Vec<(String, usize)>,
    /// The signal that told us to stop.
    signal: Option<i32>,
    began: Duration,
    /// When the next letter may start, on the elapsed clock: the theoretical arrival time of its rate.
    arrival: Duration,
    shows_course: bool,
}

struct Running {
    pid: i32,
    number: usize,
    name: String,
    letter: Letter,
    report: OwnedFd,
}

impl<'a> Pass<'a> {
    pub(super) fn new(entries: &'a [Entry], asked: &'a ReplayOptions) -> Result<Self, Error> {
        if let Some(keep) = &asked.keep {
            let cannot = |why| Error::usage(format!("cannot keep letters: {why}"));
            let letterbox = Letterbox::make(keep).map_err(cannot)?;
            let elsewhere = entries.iter().find(|entry| !letterbox.can_take(&entry.path));
            if let Some(entry) = elsewhere {
                let what = format!(
                    "--keep {} is on another file system than {}",
                    keep.display(),
                    entry.path.display()
                );
                return Err(Error::usage(what)
                    .hint("letters are moved by renaming them: use a directory on the same file system"));
            }
        }
        for warning in warnings(entries) {
            say(asked, &format!("warning: {warning}"));
        }
        let cannot = |why: std::io::Error| Error::system("cannot start", &why);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(cannot)?;
        let crew = {
            let _inside = runtime.enter();
            Crew::new().map_err(cannot)?
        };
        Ok(Self {
            asked,
            waiting: entries.iter().enumerate().map(|(at, entry)| (at + 1, entry)).collect(),
            all: entries.len(),
            course: Course::new(entries.len(), asked.jobs, asked.give_up_after),
            crew,
            _runtime: runtime,
            running: Vec::new(),
            succeeded: 0,
            kept: Vec::new(),
            signal: None,
            began: clock::now().elapsed,
            arrival: Duration::ZERO,
            shows_course: std::io::stderr().is_terminal(),
        })
    }

    pub(super) fn run(mut self) -> Exit {
        loop {
            let wait = self.start_what_may();
            if self.running.is_empty() && (wait.is_none() || self.signal.is_some()) {
                break;
            }
            match self.crew.next(wait.unwrap_or(SLICE).min(SLICE)) {
                CrewEvent::Ended(pid, end) => self.ended(pid, end),
                CrewEvent::Signal(signal) => self.signal = self.signal.or(Some(signal)),
                CrewEvent::Woke => {}
            }
        }
        self.conclude()
    }

    /// Starts letters. Returns the time until another one may start, if one may at all.
    fn start_what_may(&mut self) -> Option<Duration> {
        while self.signal.is_none() && self.course.may_start() && !self.waiting.is_empty() {
            let pause = self.pause();
            if !pause.is_zero() {
                return Some(pause);
            }
            let Some((number, entry)) = self.waiting.pop_front() else { break };
            self.begin(number, entry);
        }
        None
    }

    /// How long the next letter has to wait for the rate.
    fn pause(&self) -> Duration {
        let Some(rate) = self.asked.rate else { return Duration::ZERO };
        let interval = rate.per / rate.count.max(1);
        let earliest = self.arrival.saturating_sub(rate.per.saturating_sub(interval));
        earliest.saturating_sub(clock::now().elapsed)
    }

    fn begin(&mut self, number: usize, entry: &Entry) {
        match self.try_begin(number, entry) {
            Ok(()) => {
                if let Some(rate) = self.asked.rate {
                    self.arrival = self.arrival.max(clock::now().elapsed) + rate.per / rate.count.max(1);
                }
            }
            Err(Some(why)) => {
                self.course.started();
                self.course.ended(CourseResult::Poison);
                self.keep(&why);
                self.tell(number, &entry.name(), entry, &format!("kept: {why}"));
            }
            Err(None) => {}
        }
    }

    /// Claims a letter and starts its run. The error says why it is refused; `None`: another replay has it.
    fn try_begin(&mut self, number: usize, entry: &Entry) -> Result<(), Option<String>> {
        if let Err(why) = &entry.header {
            return Err(Some(why.clone()));
        }
        let letter = letterbox::open(&entry.path)?;
        match letter.claim().map_err(|why| Some(why.to_string()))? {
            Opened::Ours => {}
            Opened::Busy => {
                say(
                    self.asked,
                    &format!("{number}/{} {}: being replayed by another process", self.all, entry.name()),
                );
                return Err(None);
            }
            Opened::Gone => return Err(None),
        }
        check(&letter, self.asked).map_err(Some)?;
        let variables = match self.asked.env {
            EnvFrom::Now => Vec::new(),
            EnvFrom::Letter => letter.header.variables().map_err(|mistake| Some(mistake.0))?,
        };
        let words = |why: std::io::Error| Some(format!("it could not be started: {why}"));
        let report = spool::file_of(b"").map_err(words)?;
        let pid = self.crew.start(&variables, &[&letter.file, &report]).map_err(words)?;
        self.course.started();
        self.running.push(Running { pid, number, name: entry.name(), letter, report });
        Ok(())
    }

    /// A letter's run is over.
    fn ended(&mut self, pid: i32, end: Result<u8, i32>) {
        let Some(at) = self.running.iter().position(|running| running.pid == pid) else { return };
        let running = self.running.swap_remove(at);
        let report = read(&running.report);
        let outcome = report.as_ref().map_or("", |report| &report.outcome);
        let succeeded = outcome == "succeeded" || report.is_none() && end == Ok(0);
        let result = match outcome {
            _ if succeeded => CourseResult::Succeeded,
            "exhausted" | "deadline" | "stalled" | "throttled" | "refused" => CourseResult::Transient,
            "interrupted" => CourseResult::Skipped,
            _ => CourseResult::Poison,
        };
        self.course.ended(result);
        let put_away = if succeeded {
            self.put_away(&running.letter)
        } else {
            Self::record(&running.letter, report.as_ref(), end)
        };
        let what = match (succeeded, put_away) {
            (true, Ok(())) => {
                self.succeeded += 1;
                "succeeded".to_owned()
            }
            (true, Err(why)) => {
                self.keep("it could not be removed");
                format!("succeeded, but could not be removed: {why}; it would run again")
            }
            (false, put_away) => {
                let reason = report.and_then(|report| report.reason).unwrap_or_else(|| exit(end));
                self.keep(&reason);
                let trouble = put_away.err().map(|why| format!(" ({RECORD}: {why})")).unwrap_or_default();
                format!("kept: {reason}{trouble}")
            }
        };
        let created = running.letter.header.created.clone();
        self.line(running.number, &running.name, &created, &what);
    }

    fn put_away(&self, letter: &Letter) -> Result<(), String> {
        let done = match &self.asked.keep {
            Some(directory) => letter.move_to(directory),
            None => letter.remove(),
        };
        done.map_err(|why| crate::base::words::of_system(&why))
    }

    /// Records a failure next to the letter, which itself is never changed.
    fn record(letter: &Letter, report: Option<&LetterReport>, end: Result<u8, i32>) -> Result<(), String> {
        let file = letter.path.file_name().unwrap_or_default().to_string_lossy();
        let line = json!({
            "ts": clock::rfc3339_micros(),
            "letter": file,
            "run": report.map(|report| &report.run),
            "outcome": report.map(|report| &report.outcome),
            "class": report.and_then(|report| report.class.as_ref()),
            "reason": report.and_then(|report| report.reason.as_ref()),
            "exit_code": end.ok(),
            "signal": end.err(),
        });
        letterbox::append(&letterbox::place_of(&letter.path).join(RECORD), &format!("{line}\n"))
    }

    fn keep(&mut self, reason: &str) {
        match self.kept.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.kept.push((reason.to_owned(), 1)),
        }
    }

    fn tell(&self, number: usize, name: &str, entry: &Entry, what: &str) {
        let created = entry.header.as_ref().map_or("", |header| &header.created);
        self.line(number, name, created, what);
    }

    fn line(&self, number: usize, name: &str, created: &str, what: &str) {
        let created =
            if created.is_empty() { String::new() } else { format!(" (created {} ago)", age(created)) };
        let course = if self.shows_course { self.course_words() } else { String::new() };
        say(self.asked, &format!("{number}/{} {name}{created}: {what}{course}", self.all));
    }

    /// A progress message.
    fn course_words(&self) -> String {
        let done = self.succeeded + self.kept_count();
        let left = self.all.saturating_sub(done);
        if left == 0 {
            return String::new();
        }
        let so_far = clock::now().elapsed.saturating_sub(self.began);
        let each = so_far / u32::try_from(done.max(1)).unwrap_or(1);
        let more = each.saturating_mul(u32::try_from(left).unwrap_or(u32::MAX));
        let whole = Duration::from_secs(more.as_secs().max(1));
        let counts =
            [(self.succeeded, "done"), (self.kept_count(), "kept"), (self.course.running(), "running")];
        let counts =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}, "));
        format!(" [{}about {} left]", counts.collect::<String>(), approximate(whole))
    }

    fn kept_count(&self) -> usize {
        self.kept.iter().map(|(_, count)| count).sum()
    }

    fn conclude(&self) -> Exit {
        let kept = self.kept_count();
        let reasons: Vec<_> = self.kept.iter().map(|(reason, count)| format!("{reason} ×{count}")).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let left = self.waiting.len();
        let elapsed = approximate(clock::now().elapsed.saturating_sub(self.began));
        if self.course.is_given_up() {
            let reason = self.kept.last().map_or("", |(reason, _)| reason);
            say(
                self.asked,
                &format!("gave up after transient failures ({reason}); {} kept", letters(kept + left)),
            );
        } else if left > 0 {
            say(self.asked, &format!("stopped: {} kept, {left} of them not run", letters(kept + left)));
        }
        if self.all > 0 {
            say(
                self.asked,
                &format!("{} succeeded, {} kept{reasons}, {elapsed}", self.succeeded, kept + left),
            );
        }
        match self.signal {
            Some(signal) => Exit::Signal(signal),
            None if self.course.is_given_up() => Exit::Status(exit_code::REFUSED),
            None => Exit::Status(u8::from(kept > 0)),
        }
    }
}

fn letters(count: usize) -> String {
    crate::base::words::plural(count as u64, "letter")
}

fn exit(end: Result<u8, i32>) -> String {
    match end {
        Ok(status) => format!("exit {status}"),
        Err(signal) => format!("killed by {}", crate::classify::signal::name(signal)),
    }
}

fn read(report: &OwnedFd) -> Option<LetterReport> {
    let mut bytes = vec![0; 64 << 10];
    let count = rustix::io::pread(report, &mut bytes[..], 0).ok()?;
    serde_json::from_slice(&bytes[..count]).ok()
}
