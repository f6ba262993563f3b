//! Which of many lines to look at more closely: one automaton for all patterns, run through several lines at the same
//! time.
//!
//! What an automaton costs is the wait for each byte's state, since the next one depends on it. Steps of four lines that
//! have nothing to do with each other are done in the time of one. It runs on from line to line without noticing, so that
//! nothing is to be done at their ends: for this the patterns are rewritten to mean the same among other lines. They may
//! promise too little (carriage returns at the end of a line belong to it here), never too much: a line that is passed over
//! matches nothing.

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::engine::CACHE_BYTES;

/// So many lines at once. More would need more registers than there are.
const LANES: usize = 4;
/// A lane with less left is not worth being divided.
const SHORT: usize = 256;
/// A cache that is full again after fewer bytes is too small for these patterns.
const WORTHWHILE: usize = 1024 * 1024;

pub(super) struct Lanes {
    dfa: DFA,
    cache: Cache,
    /// At the beginning of a line.
    start: LazyStateID,
    /// Since the cache was full.
    searched: usize,
    is_worthwhile: bool,
    active: Vec<Lane>,
    suspects: Vec<Range<usize>>,
}

/// Whole lines, one after the other.
struct Lane {
    state: LazyStateID,
    at: usize,
    end: usize,
}

/// Other lanes' states mean nothing in a cache that was emptied for one of them: it must not be.
struct CacheIsFull;

impl Lanes {
    /// `None` if the compiler refuses.
    pub(super) fn new(patterns: &[Hir]) -> Option<Self> {
        let any = Hir::alternation(patterns.iter().map(among_lines).collect());
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
            .build_from_hir(&any)
            .ok()?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0));
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let mut cache = dfa.create_cache();
        let start = start_of_line(&dfa, &mut cache)?;
        Some(Self {
            dfa,
            cache,
            start,
            searched: 0,
            is_worthwhile: true,
            active: Vec::with_capacity(LANES),
            suspects: Vec::new(),
        })
    }

    /// False once these patterns fill the cache all the time.
    pub(super) fn is_worthwhile(&self) -> bool {
        self.is_worthwhile
    }

    /// Looks for the lines that have to be looked at. `text` is whole lines.
    pub(super) fn search(&mut self, text: &[u8]) {
        self.suspects.clear();
        self.active.clear();
        self.active.push(Lane { state: self.start, at: 0, end: text.len() });
        self.searched += text.len();
        while !self.active.is_empty() {
            self.divide(text);
            let advanced = match self.active.len() {
                1 => self.advance::<1>(text),
                2 | 3 => self.advance::<2>(text),
                _ => self.advance::<LANES>(text),
            };
            if advanced.is_err() {
                self.give_up(text);
            }
            self.active.retain(|lane| lane.at < lane.end);
        }
        self.suspects.sort_unstable_by_key(|lines| lines.start);
    }

    /// The first ones, with their ends, from the line that begins at `at`.
    pub(super) fn next(&self, at: usize) -> Option<Range<usize>> {
        let passed = self.suspects.partition_point(|lines| lines.end <= at);
        self.suspects.get(passed).cloned()
    }

    /// Makes as many lanes as can be of those there are.
    fn divide(&mut self, text: &[u8]) {
        while self.active.len() < LANES
            && let Some(longest) = self.active.iter_mut().max_by_key(|lane| lane.end - lane.at)
            && let Some(at) = longest.middle(text)
        {
            let end = std::mem::replace(&mut longest.end, at);
            self.active.push(Lane { state: self.start, at, end });
        }
    }

    /// Goes on in the last so many lanes until one of them is through.
    fn advance<const N: usize>(&mut self, text: &[u8]) -> Result<(), CacheIsFull> {
        let Self { dfa, cache, start, active, suspects, .. } = self;
        let Some(lanes) = active.last_chunk_mut::<N>() else { return Ok(()) };
        loop {
            let length = lanes.iter().map(|lane| lane.end - lane.at).min().unwrap_or(0);
            if length == 0 {
                return Ok(());
            }
            let parts: [&[u8]; N] = std::array::from_fn(|lane| &text[lanes[lane].at..][..length]);
            let mut states: [LazyStateID; N] = std::array::from_fn(|lane| lanes[lane].state);
            let mut step = 0;
            while step < length {
                let next: [LazyStateID; N] = std::array::from_fn(|lane| {
                    dfa.next_state_untagged(cache, states[lane], parts[lane][step])
                });
                if next.iter().fold(false, |any, state| any | state.is_tagged()) {
                    break;
                }
                states = next;
                step += 1;
            }
            for (lane, state) in lanes.iter_mut().zip(states) {
                (lane.state, lane.at) = (state, lane.at + step);
            }
            if step < length {
                for lane in &mut *lanes {
                    lane.step(dfa, cache, *start, text, suspects)?;
                }
            }
        }
    }

    /// Leaves what is not searched yet to the other automaton, and begins with an empty cache next time.
    fn give_up(&mut self, text: &[u8]) {
        for lane in self.active.drain(..) {
            self.suspects.push(start_of(text, lane.at)..lane.end);
        }
        self.cache.reset(&self.dfa);
        match start_of_line(&self.dfa, &mut self.cache) {
            Some(start) => self.start = start,
            None => self.is_worthwhile = false,
        }
        self.is_worthwhile &= self.searched >= WORTHWHILE;
        self.searched = 0;
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.cache.memory_usage() + self.suspects.capacity() * size_of::<Range<usize>>()
    }
}

impl Lane {
    /// The beginning of a line around its middle.
    fn middle(&self, text: &[u8]) -> Option<usize> {
        if self.end - self.at < SHORT {
            return None;
        }
        let middle = self.at + (self.end - self.at) / 2;
        let after = memchr(b'\n', &text[middle..self.end]).map(|newline| middle + newline + 1);
        let before = || memrchr(b'\n', &text[self.at..middle]).map(|newline| self.at + newline + 1);
        after.filter(|&at| at < self.end).or_else(before)
    }

    /// One step of which more is to be known than the next state.
    fn step(
        &mut self,
        dfa: &DFA,
        cache: &mut Cache,
        start: LazyStateID,
        text: &[u8],
        suspects: &mut Vec<Range<usize>>,
    ) -> Result<(), CacheIsFull> {
        let next = dfa.next_state(cache, self.state, text[self.at]).map_err(|_| CacheIsFull)?;
        if next.is_match() {
            let end = memchr(b'\n', &text[self.at..self.end]).map_or(self.end, |left| self.at + left + 1);
            suspects.push(start_of(text, self.at)..end);
            (self.state, self.at) = (start, end);
        } else if next.is_tagged() {
            // Nothing can match, in any line.
            self.at = self.end;
        } else {
            (self.state, self.at) = (next, self.at + 1);
        }
        Ok(())
    }
}

/// Fails only for what is not used here: quit bytes and anchored searches.
fn start_of_line(dfa: &DFA, cache: &mut Cache) -> Option<LazyStateID> {
    let state = dfa.start_state(cache, &start::Config::new().anchored(Anchored::No)).ok()?;
    (!state.is_tagged()).then_some(state)
}

/// Where the line that a byte belongs to begins.
fn start_of(text: &[u8], at: usize) -> usize {
    memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

/// The same pattern for a line among others.
fn among_lines(hir: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(among_lines).collect();
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(class) => Hir::class(without_newline(class)),
        HirKind::Look(look) => Hir::look(match look {
            Look::Start => Look::StartLF,
            // The carriage returns of the line's end are not cut off here.
            Look::End | Look::EndLF => Look::EndCRLF,
            look => *look,
        }),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(among_lines(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => among_lines(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(branches) => Hir::alternation(all(branches)),
    }
}

fn without_newline(class: &Class) -> Class {
    let mut class = class.clone();
    match &mut class {
        Class::Bytes(bytes) => {
            bytes.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
        }
        Class::Unicode(chars) => {
            chars.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
        }
    }
    class
}
