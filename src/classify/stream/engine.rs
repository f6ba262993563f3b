//! Patterns compiled to one automaton that says which of them match.
//!
//! The automaton is a DFA built as it goes, in a cache of bounded size that is emptied when it is full. There is no second
//! engine for patterns that fill it all the time (`[0-9a-f].{40}!`): building states for each byte is then a simulation of
//! the NFA, as slow as the others.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use super::line_regex::LineRegex;
use super::prefilter::Prefilter;

/// The capacity of the DFA's cache, in bytes; twenty usual patterns need a quarter of it. A pattern so large that its first
/// states do not fit takes what they need.
const CACHE_BYTES: usize = 128 * 1024;

pub(super) struct Engine {
    dfa: DFA,
    cache: Cache,
    /// The caller's number of each of its patterns.
    numbers: Vec<usize>,
    /// Spares it most lines. Made when that is worthwhile.
    prefilter: Option<Prefilter>,
}

/// Which patterns have matched.
#[derive(Debug)]
pub(super) struct Found {
    matched: Vec<bool>,
    /// How many have not.
    pub(super) left: usize,
    /// How often one matched that had matched before: work for nothing.
    pub(super) repeats: usize,
    /// The ones that [`Engine::run`] stopped for.
    pub(super) news: Vec<usize>,
}

/// Why [`Engine::run`] stopped.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// At the end of the text.
    End(LazyStateID),
    /// Behind a match that ended before the byte at `end`; to be resumed at `end + 1`.
    Match { state: LazyStateID, end: usize },
    /// Nothing can match in the rest of the line.
    Dead,
}

impl Found {
    pub(super) fn new(patterns: usize) -> Self {
        Self { matched: vec![false; patterns], left: patterns, repeats: 0, news: Vec::new() }
    }

    pub(super) fn matched(&self) -> &[bool] {
        &self.matched
    }

    fn add(&mut self, number: usize) {
        if std::mem::replace(&mut self.matched[number], true) {
            self.repeats += 1;
        } else {
            self.left -= 1;
            self.news.push(number);
        }
    }
}

impl Engine {
    /// For those of the patterns that have not matched. `None` if the compiler refuses, which what has passed
    /// [`LineRegex::check`] gives it no reason to: no size is limited, and Unicode's word boundaries are refused there.
    pub(super) fn new(patterns: &[LineRegex], found: &Found) -> Option<Self> {
        let numbers: Vec<_> = (0..patterns.len()).filter(|&number| !found.matched[number]).collect();
        let hirs: Vec<_> = numbers.iter().map(|&number| patterns[number].hir()).collect();
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
            .build_many_from_hir(&hirs)
            .ok()?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let cache = dfa.create_cache();
        Some(Self { dfa, cache, numbers, prefilter: None })
    }

    /// Makes the prefilter, since there is much to come.
    pub(super) fn make_prefilter(&mut self, patterns: &[LineRegex]) {
        let hirs = || self.numbers.iter().map(|&number| patterns[number].hir()).collect::<Vec<_>>();
        self.prefilter.get_or_insert_with(|| Prefilter::new(&hirs()));
    }

    /// The beginning of a line. Fails only for what is not used here: quit bytes and anchored searches.
    pub(super) fn start(&mut self) -> Option<LazyStateID> {
        self.dfa.start_state(&mut self.cache, &start::Config::new().anchored(Anchored::No)).ok()
    }

    /// Steps through a piece of a line from `at`, until a pattern matches for the first time.
    pub(super) fn run(
        &mut self,
        mut state: LazyStateID,
        text: &[u8],
        mut at: usize,
        found: &mut Found,
    ) -> Stop {
        while at < text.len() {
            // An error would mean that the cache gave up: without a limit on how often it is emptied it does not.
            if state.is_tagged() {
                let Ok(next) = self.dfa.next_state(&mut self.cache, state, text[at]) else {
                    return Stop::Dead;
                };
                state = next;
                at += 1;
            } else {
                let mut previous = state;
                while at < text.len() && !state.is_tagged() {
                    previous = state;
                    state = self.dfa.next_state_untagged(&self.cache, state, text[at]);
                    at += 1;
                }
                if state.is_unknown() {
                    let next = self.dfa.next_state(&mut self.cache, previous, text[at - 1]);
                    let Ok(next) = next else { return Stop::Dead };
                    state = next;
                }
            }
            if state.is_match() {
                self.tell(state, found);
                if !found.news.is_empty() {
                    return Stop::Match { state, end: at - 1 };
                }
            } else if state.is_dead() {
                return Stop::Dead;
            }
        }
        Stop::End(state)
    }

    /// The end of a line.
    pub(super) fn end(&mut self, state: LazyStateID, found: &mut Found) {
        if let Ok(state) = self.dfa.next_eoi_state(&mut self.cache, state)
            && state.is_match()
        {
            self.tell(state, found);
        }
    }

    fn tell(&self, state: LazyStateID, found: &mut Found) {
        for index in 0..self.dfa.match_len(&self.cache, state) {
            found.add(self.numbers[self.dfa.match_pattern(&self.cache, state, index).as_usize()]);
        }
    }

    pub(super) fn patterns(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn prefilter(&mut self) -> Option<&mut Prefilter> {
        self.prefilter.as_mut()
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> (usize, usize) {
        (self.cache.memory_usage(), self.prefilter.as_ref().map_or(0, Prefilter::memory))
    }
}
