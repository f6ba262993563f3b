//! Everything that looks at captured output: patterns of the policy's rules, patterns of progress, and the tail's keeper.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::classify::profile::{Captures, Selection};
use crate::classify::{CapturedText, Observed, Rules, Seen, Stream, StreamPattern, Tails, Tap, Watch};
use crate::sys::clock;

/// Patterns and texts to look for, for a whole run.
pub(super) struct Interests {
    rules: Vec<StreamPattern>,
    progress: Vec<StreamPattern>,
    /// So much of the end is kept.
    tail: usize,
    /// The text of what is captured is read, by profiles or for the HTTP status that it speaks of.
    text: bool,
    /// The streams that have to be captured for that.
    captures: Captures,
    /// When a line of progress last passed by, on the elapsed clock.
    progressed: Rc<Cell<Option<Duration>>>,
    /// So much of the end of stderr is told to others.
    told: Option<usize>,
}

/// The onlookers of one attempt.
pub(super) struct Onlookers {
    rules: Option<Watch>,
    progress: Option<(Watch, Rc<Cell<Option<Duration>>>)>,
    pub(super) tails: Option<Tails>,
    /// The end of each stream that is read as text.
    text: Option<Tails>,
    /// The end of stderr that is told to others.
    pub(super) told: Option<Tails>,
}

impl Interests {
    pub(super) fn new(rules: &Rules, progress: &[StreamPattern], tail: usize) -> Self {
        let http = rules.need_http();
        Self {
            rules: rules.patterns(),
            progress: progress.to_vec(),
            tail,
            text: http,
            captures: Captures { stdout: http, stderr: http },
            progressed: Rc::default(),
            told: None,
        }
    }

    /// Adds what the profiles have to see. Of tools that talk to a person nothing is captured for their sake.
    pub(super) fn with_profiles(mut self, selection: &Selection, stdin_is_terminal: fn() -> bool) -> Self {
        self.text |= !selection.is_empty();
        if !(selection.interactive && stdin_is_terminal()) {
            self.captures.stdout |= selection.captures.stdout;
            self.captures.stderr |= selection.captures.stderr;
        }
        self
    }

    /// Keeps so much of the end of stderr for others, if any.
    pub(super) fn with_told(mut self, told: Option<usize>) -> Self {
        self.told = told;
        self.captures.stderr |= told.is_some();
        self
    }

    /// Must this stream be captured for its patterns?
    pub(super) fn look_at(&self, stream: Stream) -> bool {
        let for_text = match stream {
            Stream::Stdout => self.captures.stdout,
            Stream::Stderr => self.captures.stderr,
            Stream::Merged => self.captures.stdout || self.captures.stderr,
        };
        for_text || self.rules.iter().chain(&self.progress).any(|pattern| pattern.channel.sees(stream))
    }

    /// When a line of progress last passed by, on the elapsed clock.
    pub(super) fn last_progress(&self) -> Option<Duration> {
        self.progressed.get()
    }

    /// The onlookers for an attempt of which something is captured. Patterns are compiled when they see something.
    pub(super) fn onlookers(&self) -> Option<Onlookers> {
        let watch =
            |patterns: &[StreamPattern]| (!patterns.is_empty()).then(|| Watch::new(patterns.to_vec()));
        let onlookers = Onlookers {
            rules: watch(&self.rules),
            progress: watch(&self.progress).map(|watch| (watch, Rc::clone(&self.progressed))),
            tails: (self.tail > 0).then(|| Tails::new(self.tail)),
            text: self.text.then(Tails::of_text),
            told: self.told.map(Tails::new),
        };
        let idle = onlookers.rules.is_none()
            && onlookers.progress.is_none()
            && onlookers.tails.is_none()
            && onlookers.text.is_none()
            && onlookers.told.is_none();
        (!idle).then_some(onlookers)
    }
}

impl Tap for Onlookers {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(rules) = &mut self.rules {
            rules.take(stream, bytes);
        }
        if let Some((watch, progressed)) = &mut self.progress {
            watch.take(stream, bytes);
            if watch.take_any() {
                progressed.set(Some(clock::now().elapsed));
            }
        }
        for tails in self.tails.iter_mut().chain(&mut self.text).chain(&mut self.told) {
            tails.take(stream, bytes);
        }
    }

    fn skip(&mut self, stream: Stream) {
        for tails in self.tails.iter_mut().chain(&mut self.text) {
            tails.skip(stream);
        }
    }
}

impl Onlookers {
    /// The bytes that have to be seen.
    pub(super) fn observe(&self) -> Observed {
        if self.rules.is_some() || self.progress.is_some() {
            return Observed::Everything;
        }
        let longest = self.tails.iter().chain(&self.text).map(Tails::longest).max();
        longest.map_or(Observed::Nothing, Observed::End)
    }

    /// The matches of the rules' patterns.
    pub(super) fn seen(&mut self) -> Seen {
        self.rules.take().map(Watch::finish).unwrap_or_default()
    }

    /// The text of the streams that were captured.
    pub(super) fn text(&mut self, stdout: bool, stderr: bool) -> CapturedText {
        self.text.take().map(|tails| tails.into_text(stdout, stderr)).unwrap_or_default()
    }
}
