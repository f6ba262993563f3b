//! Which lines to look at more closely, found by the cheapest search that the patterns allow: for the literals of a few
//! patterns, for sequences that they ask for, or for the patterns themselves in several lines at once.
//!
//! A search that turns out to find too much is given up for the next one.

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{MatchKind, Span};
use regex_syntax::hir::Hir;

use super::lanes::Lanes;
use super::sequences::{self, LONGEST, Sequence};
use super::signatures::Signatures;

/// More literals than these are found faster as sequences.
const FEW: usize = 8;
/// How many bytes are searched before the search is judged.
const TRIAL: usize = 128 * 1024;
const ADAPTATIONS: usize = 4;
/// It is adapted to so many bytes.
const SAMPLE: usize = 8 * 1024;
/// A false alarm costs as much as looking at so many bytes.
const ALARM: usize = 32;

pub(super) struct Sieve {
    patterns: Vec<Hir>,
    search: Search,
    /// Bytes, in this trial.
    searched: usize,
    /// Those of them that were in lines to look at.
    found: usize,
    /// So often it may yet be adapted to what comes.
    adaptations: usize,
}

enum Search {
    Literals(Literals),
    Signatures(Box<Signatures>),
    Lanes(Box<Lanes>),
    /// There is none: all lines are to be looked at.
    None,
}

impl Sieve {
    pub(super) fn new(patterns: Vec<Hir>) -> Self {
        let search = sequences::required(&patterns).and_then(|required| {
            let literals = if required.len() <= FEW { Literals::new(&required) } else { None };
            let literals = literals.map(Search::Literals);
            literals.or_else(|| Signatures::new(required).map(|found| Search::Signatures(Box::new(found))))
        });
        let search = search.unwrap_or_else(|| lanes(&patterns));
        Self { patterns, search, searched: 0, found: 0, adaptations: ADAPTATIONS }
    }

    /// Is to be told which lines are asked for next. They have their ends.
    pub(super) fn begin(&mut self, lines: &[u8]) {
        if self.searched >= TRIAL {
            self.judge(lines);
        }
        self.searched += lines.len();
        match &mut self.search {
            Search::Literals(literals) => literals.fold(lines),
            Search::Lanes(lanes) => lanes.search(lines),
            Search::Signatures(_) | Search::None => {}
        }
    }

    /// The next lines to look at, of those from `at` on.
    pub(super) fn next(&mut self, lines: &[u8], at: usize) -> Option<Range<usize>> {
        let found = match &mut self.search {
            Search::Literals(literals) => line_around(lines, literals.find(at)?),
            Search::Signatures(signatures) => line_around(lines, signatures.find(lines, at)?),
            Search::Lanes(lanes) => lanes.next(at)?,
            Search::None => at..lines.len(),
        };
        self.found += found.len();
        Some(found)
    }

    /// Whether a line that begins with `text` has to be looked at, of which all but the bytes from `at` on was asked for
    /// before.
    pub(super) fn may_match(&mut self, text: &[u8], at: usize) -> bool {
        let at = at.saturating_sub(LONGEST);
        match &mut self.search {
            Search::Literals(literals) => {
                literals.fold(&text[at..]);
                literals.find(0).is_some()
            }
            Search::Signatures(signatures) => signatures.find(text, at).is_some(),
            Search::Lanes(_) | Search::None => true,
        }
    }

    /// Improves the search if it spares too little of text like this, or changes to the next kind.
    fn judge(&mut self, lines: &[u8]) {
        let found = std::mem::take(&mut self.found);
        let searched = std::mem::take(&mut self.searched);
        match &mut self.search {
            Search::Literals(_) if found > searched / 8 => self.search = lanes(&self.patterns),
            Search::Signatures(signatures) => {
                let alarms = std::mem::take(&mut signatures.alarms);
                if found + alarms * ALARM <= searched / 8 {
                    return;
                }
                if found > searched / 8 || self.adaptations == 0 {
                    self.search = lanes(&self.patterns);
                } else {
                    self.adaptations -= 1;
                    signatures.adapt(&lines[..lines.len().min(SAMPLE)]);
                }
            }
            Search::Lanes(lanes) if found > searched / 2 || !lanes.is_worthwhile() => {
                self.search = Search::None;
            }
            _ => {}
        }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        match &self.search {
            Search::Literals(literals) => literals.folded.capacity(),
            Search::Signatures(signatures) => signatures.memory(),
            Search::Lanes(lanes) => lanes.memory(),
            Search::None => 0,
        }
    }
}

fn lanes(patterns: &[Hir]) -> Search {
    Lanes::new(patterns).map_or(Search::None, |lanes| Search::Lanes(Box::new(lanes)))
}

/// The line that a byte belongs to, with its end.
fn line_around(lines: &[u8], at: usize) -> Range<usize> {
    let start = memrchr(b'\n', &lines[..at]).map_or(0, |newline| newline + 1);
    let end = memchr(b'\n', &lines[at..]).map_or(lines.len(), |newline| at + newline + 1);
    start..end
}

/// A search for literals in lower case.
struct Literals {
    search: Prefilter,
    /// The lines at hand in lower case.
    folded: Vec<u8>,
}

impl Literals {
    /// `None` if some sequence is no literal.
    fn new(sequences: &[Sequence]) -> Option<Self> {
        // The search goes by the first bytes, so that these should not begin half the words of a log.
        let literal = |sequence: &Sequence| {
            sequence[sequences::rarest(sequence).start..].iter().map(sequences::Set::folded).collect()
        };
        let literals = sequences.iter().map(literal).collect::<Option<Vec<Vec<u8>>>>()?;
        let search = Prefilter::new(MatchKind::LeftmostFirst, &literals)?;
        // A slow one is an automaton itself.
        search.is_fast().then(|| Self { search, folded: Vec::new() })
    }

    fn fold(&mut self, lines: &[u8]) {
        self.folded.clear();
        self.folded.extend(lines.iter().map(u8::to_ascii_lowercase));
    }

    /// Where the first literal from `at` on begins.
    fn find(&self, at: usize) -> Option<usize> {
        let span = Span { start: at, end: self.folded.len() };
        self.search.find(&self.folded, span).map(|found| found.start)
    }
}
