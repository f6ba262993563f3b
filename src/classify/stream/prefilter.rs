//! Which lines to look at more closely: those that hold a literal which some pattern cannot match without. All literals
//! are looked for at once, in a copy of the lines in lower case. Where a pattern needs no literal, or most lines hold one,
//! every line is looked at.

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::util::prefilter::Prefilter as Search;
use regex_automata::{MatchKind, Span};
use regex_syntax::hir::Hir;

use crate::classify::required_literals::{chance, required};

/// Bytes that are searched before the search is judged by what it spared.
const TRIAL_BYTES: usize = 128 * 1024;
/// Literals that begin by chance at more of the bytes than this are not worth a search.
const MAX_CHANCE: f64 = 1.0 / 200.0;
/// As much of a literal as is looked for. More tells no more.
const MAX_LITERAL_BYTES: usize = 16;
/// The search has a bucket for each of so few literals. It looks closer wherever the first bytes of those of one bucket are
/// mixed up, and of more literals several share one.
const BUCKETS: usize = 8;
/// From this number of literals on it has twice as many buckets where the processor lets it. Fewer are repeated, each in the
/// bucket where it is: measured, logs without a match are searched at twice the speed.
const MORE_BUCKETS_FROM: usize = 33;
/// The search goes by the first bytes of a literal.
const FIRST_BYTES: usize = 4;

/// A search for the lines in which a pattern may match.
pub(super) struct Prefilter {
    /// `None`: there is none, or it was given up; every line has to be looked at.
    search: Option<Search>,
    /// The lines at hand in lower case.
    folded: Vec<u8>,
    /// Bytes searched in this trial.
    searched: usize,
    /// Bytes in lines to look at, of those.
    found: usize,
}

impl Prefilter {
    pub(super) fn new(patterns: &[&Hir]) -> Self {
        Self { search: search(patterns), folded: Vec::new(), searched: 0, found: 0 }
    }

    /// Takes the lines, with their ends, that [`Prefilter::next`] is asked about.
    pub(super) fn begin(&mut self, lines: &[u8]) {
        if self.searched >= TRIAL_BYTES {
            if self.found > self.searched / 2 {
                self.search = None;
            }
            (self.searched, self.found) = (0, 0);
        }
        self.searched += lines.len();
        if self.search.is_some() {
            self.fold(lines);
        }
    }

    /// The next lines to look at, of those from `at` on.
    pub(super) fn next(&mut self, lines: &[u8], at: usize) -> Option<Range<usize>> {
        let Some(search) = &self.search else { return Some(at..lines.len()) };
        let span = Span { start: at, end: self.folded.len() };
        let found = line_around(lines, search.find(&self.folded, span)?.start);
        self.found += found.len();
        Some(found)
    }

    /// Whether a line that begins with `text` has to be looked at. All of it but the bytes from `at` on was asked for
    /// before.
    pub(super) fn may_match(&mut self, text: &[u8], at: usize) -> bool {
        self.fold(&text[at.saturating_sub(MAX_LITERAL_BYTES)..]);
        let span = Span { start: 0, end: self.folded.len() };
        self.search.as_ref().is_none_or(|search| search.find(&self.folded, span).is_some())
    }

    fn fold(&mut self, text: &[u8]) {
        self.folded.clear();
        self.folded.extend(text.iter().map(u8::to_ascii_lowercase));
    }

    #[cfg(test)]
    pub(super) fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.folded.capacity()
    }
}

/// The search for the literals of all patterns; `None` if one of them has none that is rare, or the search is slow.
fn search(patterns: &[&Hir]) -> Option<Search> {
    let required = patterns.iter().map(|hir| required(hir)).collect::<Option<Vec<_>>>()?;
    let mut literals: Vec<Vec<u8>> = required.concat().iter().map(|literal| from_rarest(literal)).collect();
    literals.sort_unstable();
    literals.dedup();
    let all: f64 = literals.iter().map(|literal| chance(literal)).sum();
    let number =
        if literals.len() > BUCKETS { literals.len().max(MORE_BUCKETS_FROM) } else { literals.len() };
    let literals: Vec<_> = literals.iter().cycle().take(number).collect();
    // A slow search is an automaton itself.
    let search = (all < MAX_CHANCE).then(|| Search::new(MatchKind::LeftmostFirst, &literals))?;
    search.filter(Search::is_fast)
}

/// A literal from its rarest bytes on, so that what the search goes by does not begin half the words of a log.
fn from_rarest(literal: &[u8]) -> Vec<u8> {
    let stretches = literal.windows(FIRST_BYTES.min(literal.len())).map(chance).enumerate();
    let rarest = stretches.min_by(|(_, one), (_, other)| one.total_cmp(other));
    let start = rarest.map_or(0, |(start, _)| start);
    literal[start..].iter().take(MAX_LITERAL_BYTES).copied().collect()
}

/// The line that a byte belongs to, with its end.
fn line_around(lines: &[u8], at: usize) -> Range<usize> {
    let start = memrchr(b'\n', &lines[..at]).map_or(0, |newline| newline + 1);
    let end = memchr(b'\n', &lines[at..]).map_or(lines.len(), |newline| at + newline + 1);
    start..end
}
