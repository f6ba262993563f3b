//! The observers of captured output: patterns of the policy's rules, patterns of progress, and the keepers of tails.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::classify::profile::{Captures, Selection};
use crate::classify::{CapturedText, Observed, Rules, Seen, Stream, StreamPattern, Tails, Tap, Watch};
use crate::sys::clock;

/// The patterns and texts to look for during a whole run.
pub(super) struct Interests {
    rules: Vec<StreamPattern>,
    progress: Vec<StreamPattern>,
    /// The number of bytes that are kept of the end.
    tail: usize,
    /// The text of captured output is read, by profiles or for the HTTP status in it.
    text: bool,
    /// The streams that have to be captured for it.
    captures: Captures,
    /// The number of bytes of the end that are kept for helpers; `None` without helpers.
    for_helpers: usize,
    /// When a line of progress last passed by, on the elapsed clock.
    progressed: Rc<Cell<Option<Duration>>>,
    /// The number of bytes of the end of stderr that are sent to other services.
    told: Option<usize>,
}

/// The onlookers of one attempt.
pub(super) struct Onlookers {
    rules: Option<Watch>,
    progress: Option<(Watch, Rc<Cell<Option<Duration>>>)>,
    pub(super) tails: Option<Tails>,
    /// The end of each stream that is read as text.
    text: Option<Tails>,
    for_helpers: Option<Tails>,
    /// The end of stderr that is sent to other services.
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
            for_helpers: 0,
            progressed: Rc::default(),
            told: None,
        }
    }

    /// Keeps `bytes` of the end of captured output for helpers. `stderr`: it is captured for them.
    pub(super) fn with_helpers(mut self, bytes: usize, stderr: bool) -> Self {
        self.for_helpers = bytes;
        self.captures.stderr |= stderr;
        self
    }

    /// Adds what the profiles need to see. Nothing is captured for the profiles of interactive tools.
    pub(super) fn with_profiles(mut self, selection: &Selection, stdin_is_terminal: fn() -> bool) -> Self {
        self.text |= !selection.is_empty();
        if !(selection.interactive && stdin_is_terminal()) {
            self.captures.stdout |= selection.captures.stdout;
            self.captures.stderr |= selection.captures.stderr;
        }
        self
    }

    /// Keeps this many bytes of the end of stderr for other services, if any.
    pub(super) fn with_told(mut self, told: Option<usize>) -> Self {
        self.told = told;
        self.captures.stderr |= told.is_some();
        self
    }

    /// Whether this stream must be captured for its patterns.
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

    /// The observers of an attempt whose output is captured. Patterns are compiled when the first bytes arrive.
    pub(super) fn onlookers(&self) -> Option<Onlookers> {
        let watch =
            |patterns: &[StreamPattern]| (!patterns.is_empty()).then(|| Watch::new(patterns.to_vec()));
        let onlookers = Onlookers {
            rules: watch(&self.rules),
            progress: watch(&self.progress).map(|watch| (watch, Rc::clone(&self.progressed))),
            tails: (self.tail > 0).then(|| Tails::new(self.tail)),
            text: self.text.then(Tails::of_text),
            for_helpers: (self.for_helpers > 0).then(|| Tails::new(self.for_helpers)),
            told: self.told.map(Tails::new),
        };
        let idle = onlookers.rules.is_none()
            && onlookers.progress.is_none()
            && onlookers.tails.is_none()
            && onlookers.text.is_none()
            && onlookers.for_helpers.is_none()
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
            watch.take(stream, &with_bars_as_lines(bytes));
            if watch.take_any() {
                progressed.set(Some(clock::now().elapsed));
            }
        }
        for tails in self.ends_mut() {
            tails.take(stream, bytes);
        }
    }

    fn skip(&mut self, stream: Stream) {
        for tails in self.ends_mut() {
            tails.skip(stream);
        }
    }
}

/// The bytes with a newline for each carriage return: every drawing of a progress bar is a line of progress.
fn with_bars_as_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    bytes.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect()
}

impl Onlookers {
    /// All keepers of the end of a stream.
    fn ends_mut(&mut self) -> impl Iterator<Item = &mut Tails> {
        let ends = self.tails.iter_mut().chain(&mut self.text);
        ends.chain(&mut self.for_helpers).chain(&mut self.told)
    }

    /// The bytes that have to be observed.
    pub(super) fn observe(&self) -> Observed {
        if self.rules.is_some() || self.progress.is_some() {
            return Observed::Everything;
        }
        let ends = self.tails.iter().chain(&self.text).chain(&self.for_helpers).chain(&self.told);
        let longest = ends.map(Tails::longest).max();
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

    /// The end of the streams that were captured, for helpers.
    pub(super) fn end(&mut self, stdout: bool, stderr: bool) -> CapturedText {
        self.for_helpers.take().map(|tails| tails.into_text(stdout, stderr)).unwrap_or_default()
    }
}
