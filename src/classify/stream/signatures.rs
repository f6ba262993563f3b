//! A search for many sequences at once, two bytes at a step.
//!
//! A table tells for each pair of bytes which sequences may have it in which place: a bit for each bucket of sequences,
//! each of two alignments (sequences begin at even and at odd offsets) and each of four steps. Four successive entries,
//! each shifted by its step, leave the buckets of which a sequence may be here, and those are compared. It is Shift-Or over
//! pairs, as in Intel's Hyperscan.

use std::ops::Range;

use super::sequences::{STRETCH, Sequence, Set, rarest, stretch_chance};

/// Bytes are told apart by their class: bytes that no sequence tells apart are of one.
const CLASSES: usize = 1 << CLASS_BITS;
const CLASS_BITS: usize = 6;
const PAIRS: usize = CLASSES * CLASSES;
const BUCKETS: usize = 8;
/// Pairs that are looked at together.
const STEPS: usize = 4;
/// Bytes that they have.
const SPAN: usize = 2 * STEPS;
/// An entry's bits for one step.
const LANE: usize = 2 * BUCKETS;
/// Searched before it is asked whether something was found.
const BLOCK: usize = 64;

/// A sequence fits into what is seen at once, wherever it begins.
const _: () = assert!(STRETCH < SPAN && LANE * STEPS == 64);

pub(super) struct Signatures {
    /// The class of the first byte of a pair, and of the second one, as parts of the pair's number.
    first: [u16; 256],
    second: [u16; 256],
    /// By pair: a bit is cleared where it fits.
    table: Box<[u64; PAIRS]>,
    buckets: [Bucket; BUCKETS],
    /// How often the table found something.
    pub(super) alarms: usize,
}

#[derive(Default)]
struct Bucket {
    sought: Vec<Sought>,
    /// By place, what any of the stretches may have there.
    sets: Vec<Set>,
}

struct Sought {
    sequence: Sequence,
    /// The part of it that the table knows.
    stretch: Range<usize>,
}

impl Signatures {
    /// Always some: a vector of its length is such an array.
    pub(super) fn new(sequences: Vec<Sequence>) -> Option<Self> {
        let sought = sequences.into_iter().map(|sequence| Sought { stretch: rarest(&sequence), sequence });
        let mut signatures = Self {
            first: [0; 256],
            second: [0; 256],
            table: vec![u64::MAX; PAIRS].into_boxed_slice().try_into().ok()?,
            buckets: Default::default(),
            alarms: 0,
        };
        signatures.fill(sought.collect());
        Some(signatures)
    }

    /// Looks for other stretches instead of those that are common in text like this.
    pub(super) fn adapt(&mut self, sample: &[u8]) {
        let buckets = std::mem::take(&mut self.buckets);
        let mut all: Vec<_> = buckets.into_iter().flat_map(|bucket| bucket.sought).collect();
        for sought in &mut all {
            sought.adapt(sample);
        }
        self.fill(all);
    }

    fn fill(&mut self, mut all: Vec<Sought>) {
        let classes = Classes::new(all.iter().flat_map(Sought::sets));
        self.first = classes.of;
        self.second = self.first.map(|class| class << CLASS_BITS);
        self.table.fill(u64::MAX);
        all.sort_by(|one, other| stretch_chance(other.sets()).total_cmp(&stretch_chance(one.sets())));
        for sought in all {
            // Strangers get in that have something of each in a bucket: into the one that suffers least from it.
            let harm = |bucket: &Bucket| stretch_chance(&bucket.with(&sought)) - bucket.chance();
            let harms = self.buckets.iter().map(harm).enumerate();
            let least = harms.min_by(|(_, one), (_, other)| one.total_cmp(other));
            let number = least.map_or(0, |(number, _)| number);
            add(&mut self.table, sought.sets(), number, &classes);
            let bucket = &mut self.buckets[number];
            bucket.sets = bucket.with(&sought);
            bucket.sought.push(sought);
        }
    }

    /// Where the first sequence begins of which the stretch begins at `at` or later. A `text` that ends in the middle of one
    /// has none of it.
    pub(super) fn find(&mut self, text: &[u8], mut at: usize) -> Option<usize> {
        let mut state = u64::MAX;
        let mut blocks = text[at..].chunks_exact(BLOCK);
        for block in &mut blocks {
            let before = state;
            let mut all = u64::MAX;
            for pair in block.chunks_exact(2) {
                state = self.step(state, pair);
                all &= state;
            }
            if is_complete(all)
                && let Some(found) = self.compare(before, block, text, at)
            {
                return Some(found);
            }
            at += BLOCK;
        }
        // What fits at the end may go on with anything.
        let mut last = [b'\n'; BLOCK + SPAN];
        let rest = blocks.remainder();
        last[..rest.len()].copy_from_slice(rest);
        self.compare(state, &last[..(rest.len() + SPAN).next_multiple_of(2)], text, at)
    }

    #[inline]
    fn step(&self, state: u64, pair: &[u8]) -> u64 {
        let number = usize::from(self.first[usize::from(pair[0])] | self.second[usize::from(pair[1])]);
        state >> LANE | self.table[number % PAIRS]
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.table)
    }

    /// Goes through a block that begins at `at` once more, and looks closely.
    #[cold]
    fn compare(&mut self, mut state: u64, block: &[u8], text: &[u8], at: usize) -> Option<usize> {
        for (pair, number) in block.chunks_exact(2).zip(1..) {
            state = self.step(state, pair);
            if is_complete(state) {
                self.alarms += 1;
                let start = (at + 2 * number).checked_sub(SPAN)?;
                let fitting = ones(!state).take_while(|&bit| bit < LANE);
                let mut sought = fitting.flat_map(|bit| {
                    self.buckets[bit % BUCKETS]
                        .sought
                        .iter()
                        .map(move |sought| (sought, start + bit / BUCKETS))
                });
                if let Some(found) = sought.find_map(|(sought, at)| sought.is_at(text, at)) {
                    return Some(found);
                }
            }
        }
        None
    }
}

impl Bucket {
    /// How often it raises a false alarm.
    fn chance(&self) -> f64 {
        if self.sought.is_empty() { 0.0 } else { stretch_chance(&self.sets) }
    }

    /// Its sets with another stretch. A short one lets anything follow.
    fn with(&self, sought: &Sought) -> Vec<Set> {
        if self.sought.is_empty() {
            return sought.sets().to_vec();
        }
        self.sets.iter().zip(sought.sets()).map(|(one, other)| one.or(other)).collect()
    }
}

/// Lets the table know a stretch.
fn add(table: &mut [u64; PAIRS], stretch: &[Set], bucket: usize, classes: &Classes) {
    for alignment in 0..2 {
        let mut places = [classes.all(); SPAN];
        for (place, set) in places[alignment..].iter_mut().zip(stretch) {
            *place = classes.members(set);
        }
        for (step, pair) in places.chunks_exact(2).enumerate() {
            let bit = 1_u64 << (LANE * (STEPS - 1 - step) + BUCKETS * alignment + bucket);
            for second in ones(pair[1]) {
                for first in ones(pair[0]) {
                    table[first | second << CLASS_BITS] &= !bit;
                }
            }
        }
    }
}

impl Sought {
    fn sets(&self) -> &[Set] {
        &self.sequence[self.stretch.clone()]
    }

    fn adapt(&mut self, sample: &[u8]) {
        let fits = |sets: &[Set], text: &[u8]| sets.iter().zip(text).all(|(set, &byte)| set.contains(byte));
        let occurrences =
            |stretch: &[Set]| sample.windows(stretch.len().max(1)).filter(|text| fits(stretch, text)).count();
        if occurrences(self.sets()) > 0 {
            let stretches = self.sequence.windows(self.stretch.len().max(1)).map(occurrences);
            let start = stretches.enumerate().min_by_key(|(_, count)| *count).map_or(0, |(start, _)| start);
            self.stretch = start..start + self.stretch.len();
        }
    }

    /// Where the sequence begins if it is here, its stretch at `at`.
    fn is_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let start = at.checked_sub(self.stretch.start)?;
        let here = text.get(start..)?.get(..self.sequence.len())?;
        self.sequence.iter().zip(here).all(|(set, &byte)| set.contains(byte)).then_some(start)
    }
}

/// Whether all steps have left a bucket's bit.
fn is_complete(state: u64) -> bool {
    let lane = (1 << LANE) - 1;
    state & lane != lane
}

/// The places of the bits that are set.
fn ones(bits: u64) -> impl Iterator<Item = usize> {
    (0..CLASSES).filter(move |place| bits >> place & 1 == 1)
}

/// Bytes told apart as far as sequences do.
struct Classes {
    of: [u16; 256],
    count: u16,
}

impl Classes {
    fn new<'a>(sets: impl Iterator<Item = &'a Set>) -> Self {
        let mut sets: Vec<_> = sets.collect();
        sets.sort_unstable();
        sets.dedup();
        let mut classes = Self { of: [0; 256], count: 1 };
        for set in sets {
            classes.divide(set);
        }
        // Too many: the last ones are not told apart.
        let last = (1 << CLASS_BITS) - 1;
        classes.of = classes.of.map(|class| class.min(last));
        classes.count = classes.count.min(last + 1);
        classes
    }

    /// Parts each class into what a set holds of it and what it does not.
    fn divide(&mut self, set: &Set) {
        let mut new = [[None; 2]; 256];
        let mut count = 0;
        for byte in 0..=u8::MAX {
            let class = &mut self.of[usize::from(byte)];
            let part = &mut new[usize::from(*class)][usize::from(set.contains(byte))];
            *class = *part.get_or_insert_with(|| {
                count += 1;
                count - 1
            });
        }
        self.count = count;
    }

    fn members(&self, set: &Set) -> u64 {
        let bytes = (0..=u8::MAX).filter(|&byte| set.contains(byte));
        bytes.fold(0, |all, byte| all | 1 << self.of[usize::from(byte)])
    }

    fn all(&self) -> u64 {
        u64::MAX >> (CLASSES - usize::from(self.count))
    }
}
