//! Which patterns a stream has matched, fed chunk by chunk.

use memchr::{memchr, memrchr};
use regex_automata::hybrid::LazyStateID;

use super::engine::{Engine, Found, Stop};
use super::line_regex::LineRegex;
use super::quote::Quotes;

/// The most that is searched in one go, in bytes: it bounds the copies that are made.
const PIECE_BYTES: usize = 64 * 1024;
/// A feed of this many bytes makes building a prefilter worthwhile.
const PREFILTER_FROM_BYTES: usize = 4096;
/// Repeated matches, per pattern, that cost about as much as compiling the other patterns anew.
const REPEATS_BEFORE_NARROWING: usize = 500;

/// Matches a stream against patterns, numbered in the order given. Compiles them when the first bytes come.
///
/// A pattern matches once; the line quoted is that of its first match: it is mostly the cause and what follows the
/// consequences, and it lets a pattern be done with. When all are, further bytes cost nothing.
pub struct Matcher {
    patterns: Vec<LineRegex>,
    /// `None` before the first bytes.
    engine: Option<Engine>,
    /// The one for all patterns, while one for those that are left is at work.
    spare: Option<Engine>,
    found: Found,
    quotes: Quotes,
    line: Line,
    /// The beginning of the line, as long as nothing in it has to be looked at and it is not too long.
    held: Vec<u8>,
    /// Carriage returns of which it is not known yet whether the line ends after them.
    returns: usize,
}

/// The line that the next byte belongs to.
#[derive(Clone, Copy)]
enum Line {
    /// The next byte begins a line.
    Start,
    Within(LazyStateID),
    /// Nothing more can match in it.
    Decided,
}

impl Matcher {
    pub fn new(patterns: &[LineRegex]) -> Self {
        Self {
            patterns: patterns.to_vec(),
            engine: None,
            spare: None,
            found: Found::new(patterns.len()),
            quotes: Quotes::new(patterns.len()),
            line: Line::Start,
            held: Vec::new(),
            returns: 0,
        }
    }

    /// The next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        if self.is_done() && !self.quotes.is_open() {
            self.returns = 0;
            self.line = if last == b'\n' { Line::Start } else { Line::Decided };
            return;
        }
        if self.engine.is_none() {
            self.engine = Engine::new(&self.patterns, &self.found);
        }
        if bytes.len() >= PREFILTER_FROM_BYTES
            && let Some(engine) = &mut self.engine
        {
            engine.make_prefilter(&self.patterns);
        }
        for piece in bytes.chunks(PIECE_BYTES) {
            self.piece(piece);
        }
    }

    /// The end of the stream, and of its last line if that had none.
    pub fn finish(&mut self) {
        if self.is_within_a_line() {
            self.end_line();
        }
    }

    /// The patterns that have matched.
    pub fn matched(&self) -> impl Iterator<Item = usize> {
        self.found.matched().iter().enumerate().filter(|(_, matched)| **matched).map(|(pattern, _)| pattern)
    }

    /// Whether every pattern has matched.
    pub fn is_done(&self) -> bool {
        self.found.left == 0
    }

    /// The line in which a pattern matched first, fit for a terminal and shortened to 200 bytes. `None` also while that
    /// line goes on and is shorter.
    pub fn line(&self, pattern: usize) -> Option<&str> {
        self.quotes.line(pattern)
    }

    /// Begins with another stream. What was compiled is kept.
    pub fn restart(&mut self) {
        self.found = Found::new(self.patterns.len());
        self.quotes = Quotes::new(self.patterns.len());
        self.engine = self.spare.take().or(self.engine.take());
        self.line = Line::Start;
        self.held.clear();
        self.returns = 0;
    }

    /// Forgets that anything matched and goes on in the same stream: with its next line, if it is within one.
    pub fn rearm(&mut self) {
        let decided = self.is_within_a_line();
        self.restart();
        if decided {
            self.line = Line::Decided;
        }
    }

    fn is_within_a_line(&self) -> bool {
        !matches!(self.line, Line::Start) || self.returns > 0 || !self.held.is_empty()
    }

    fn piece(&mut self, mut bytes: &[u8]) {
        if self.is_within_a_line() {
            let Some(end) = memchr(b'\n', bytes) else { return self.partial_line(bytes) };
            self.partial_line(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        let (lines, rest) = bytes.split_at(memrchr(b'\n', bytes).map_or(0, |newline| newline + 1));
        self.whole_lines(lines);
        self.partial_line(rest);
    }

    /// Lines with their ends, from the beginning of a line.
    fn whole_lines(&mut self, lines: &[u8]) {
        self.narrow();
        if let Some(prefilter) = self.engine.as_mut().and_then(Engine::prefilter) {
            prefilter.begin(lines);
        }
        let mut at = 0;
        while at < lines.len() && !self.is_done() {
            let found = match self.engine.as_mut().and_then(Engine::prefilter) {
                Some(prefilter) => prefilter.next(lines, at),
                None => Some(at..lines.len()),
            };
            let Some(found) = found else { return };
            at = found.end;
            self.each_line(&lines[found]);
        }
    }

    fn each_line(&mut self, lines: &[u8]) {
        let mut at = 0;
        while at < lines.len() && !self.is_done() {
            let end = memchr(b'\n', &lines[at..]).map_or(lines.len(), |length| at + length);
            let line = &lines[at..end];
            let text = &line[..line.len() - trailing_returns(line)];
            self.run(text, true);
            self.end_state(text);
            at = end + 1;
        }
    }

    /// A piece of a line that is not known to end with it. It is held back if it may be spared.
    fn partial_line(&mut self, bytes: &[u8]) {
        let undecided = matches!(self.line, Line::Start) && self.returns == 0 && !self.is_done();
        let Some(prefilter) = self.engine.as_mut().and_then(Engine::prefilter).filter(|_| undecided) else {
            return self.step_through(bytes);
        };
        let known = self.held.len();
        let mut held = std::mem::take(&mut self.held);
        let fits = held.len() + bytes.len() <= PIECE_BYTES;
        if fits {
            held.extend_from_slice(bytes);
        }
        if fits && !prefilter.may_match(&held, known) {
            self.held = held;
            return;
        }
        self.step_through(&held);
        if !fits {
            self.step_through(bytes);
        }
        held.clear();
        self.held = held;
    }

    fn step_through(&mut self, bytes: &[u8]) {
        let (text, returns) = bytes.split_at(bytes.len() - trailing_returns(bytes));
        if !text.is_empty() {
            for _ in 0..std::mem::take(&mut self.returns) {
                self.run(b"\r", false);
                self.quotes.end();
            }
            self.quotes.before(text);
            self.run(text, false);
            if matches!(self.line, Line::Within(_)) || self.quotes.is_open() {
                self.quotes.after(text);
            }
        }
        self.returns += returns.len();
    }

    fn end_line(&mut self) {
        if !self.held.is_empty() {
            self.held.clear();
            return;
        }
        self.returns = 0;
        self.end_state(&[]);
        self.quotes.end();
    }

    /// Steps through a piece of the current line.
    fn run(&mut self, text: &[u8], whole: bool) {
        let Self { engine: Some(engine), found, quotes, line, .. } = self else { return };
        let state = match *line {
            Line::Start => engine.start(),
            Line::Within(state) => Some(state),
            Line::Decided => return,
        };
        let mut at = 0;
        *line = Line::Decided;
        let Some(mut state) = state else { return };
        while found.left > 0 {
            match engine.run(state, text, at, found) {
                Stop::End(state) => *line = Line::Within(state),
                Stop::Dead => {}
                Stop::Match { state: reached, end } => {
                    found.news.drain(..).for_each(|pattern| quotes.matched(pattern, text, end, whole));
                    (state, at) = (reached, end + 1);
                    continue;
                }
            }
            return;
        }
    }

    /// Ends the current line, of which `text` is the last piece or what is not known yet of it to the quotes.
    fn end_state(&mut self, text: &[u8]) {
        if matches!(self.line, Line::Start) {
            self.run(&[], true);
        }
        if let (Line::Within(state), Some(engine)) = (self.line, &mut self.engine) {
            engine.end(state, &mut self.found);
            for pattern in self.found.news.drain(..) {
                self.quotes.matched(pattern, text, text.len(), true);
            }
        }
        self.line = Line::Start;
    }

    /// Leaves out the patterns that have matched, once they have cost enough. Only between lines.
    fn narrow(&mut self) {
        let Some(engine) = &self.engine else { return };
        if self.found.repeats > REPEATS_BEFORE_NARROWING * engine.patterns() && !self.is_done() {
            let narrow = Engine::new(&self.patterns, &self.found);
            let wide = std::mem::replace(&mut self.engine, narrow);
            self.spare = self.spare.take().or(wide);
            self.found.repeats = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn is_narrowed(&self) -> bool {
        self.spare.is_some()
    }

    /// The memory of the automaton, and of what spares it work.
    #[cfg(test)]
    pub(super) fn memory(&self) -> (usize, usize) {
        self.engine.as_ref().map_or((0, 0), Engine::memory)
    }
}

fn trailing_returns(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|&&byte| byte == b'\r').count()
}
