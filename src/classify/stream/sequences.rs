//! What a line must hold for a pattern to match: a few bytes in a row, each out of a set. Most lines hold none.
//!
//! `(?i)eof` asks for `[Ee][Oo][Ff]`, `\bE\d{4}` for an `E` and four digits, `(connection|request) refused` for one of two.
//! They may promise too little, never too much: a line without any of them is a line without a match.

use std::borrow::Cow;
use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// How many sequences are told apart before a stretch of a pattern counts as anything at all.
const MOST: usize = 32;
/// Longer ones tell no more.
pub(super) const LONGEST: usize = 24;
/// How much of a sequence is looked for at first.
pub(super) const STRETCH: usize = 7;
/// So many copies of what is repeated are told apart.
const COPIES: u32 = 8;
/// Sequences that begin by chance at more of the bytes than this are not worth a trial.
const RARE: f64 = 1.0 / 200.0;

/// The bytes that may stand in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set {
    bits: [u64; 4],
    /// How common they are.
    weight: u16,
}

pub(super) type Sequence = Vec<Set>;

impl Set {
    pub(super) fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        let mut set = Self { bits: [0; 4], weight: 0 };
        // No line holds its end.
        for byte in bytes.into_iter().filter(|&byte| byte != b'\n') {
            set.bits[usize::from(byte / 64)] |= 1 << (byte % 64);
            set.weight += u16::from(common(byte));
        }
        set
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.bits[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }

    /// The bytes of both.
    pub(super) fn or(&self, other: &Self) -> Self {
        let bits = std::array::from_fn(|word| self.bits[word] | other.bits[word]);
        if bits == self.bits {
            return *self;
        }
        let more = (0..=u8::MAX).filter(|&byte| other.contains(byte) && !self.contains(byte));
        Self { bits, weight: self.weight + more.map(|byte| u16::from(common(byte))).sum::<u16>() }
    }

    /// The letter in lower case, or the byte, that it is all about.
    pub(super) fn folded(&self) -> Option<u8> {
        let mut bytes =
            (0..=u8::MAX).filter(|&byte| self.contains(byte)).map(|byte| byte.to_ascii_lowercase());
        let first = bytes.next()?;
        bytes.all(|byte| byte == first).then_some(first)
    }

    /// How often it holds a byte of a program's output.
    fn chance(&self) -> f64 {
        (f64::from(self.weight) / 1600.0).min(1.0)
    }
}

/// How common a byte is in the output of programs, roughly in thousandths; only speed hangs on it.
fn common(byte: u8) -> u8 {
    match byte {
        b' ' => 100,
        b'e' | b't' => 60,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 50,
        b'c' | b'd' | b'h' | b'l' | b'0'..=b'9' => 30,
        b'm' | b'p' | b'u' | b'.' | b'/' | b':' | b'-' => 20,
        b'b' | b'f' | b'g' | b'w' | b'y' => 15,
        b'k' | b'v' | b'_' | b'=' | b'[' | b']' => 8,
        b'A'..=b'Z' => 5,
        _ => 2,
    }
}

/// What to look for: each line in which one of the patterns matches holds one of these. `None` if any could match without
/// something that is worth looking for.
pub(super) fn required(patterns: &[Hir]) -> Option<Vec<Sequence>> {
    whatever_rare(patterns).filter(|sequences| chance(sequences) < RARE)
}

/// The same, whether it is worth looking for or not.
pub(super) fn whatever_rare(patterns: &[Hir]) -> Option<Vec<Sequence>> {
    let mut all = Vec::new();
    for pattern in patterns {
        all.extend(known(pattern).best()?.iter().map(|sequence| around_rarest(sequence).to_vec()));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// As much of a sequence as is worth comparing.
fn around_rarest(sequence: &[Set]) -> &[Set] {
    let end = (rarest(sequence).end + LONGEST / 2).min(sequence.len());
    &sequence[end.saturating_sub(LONGEST)..end]
}

/// The stretch of a sequence to look for at first.
pub(super) fn rarest(sequence: &[Set]) -> Range<usize> {
    let stretches = sequence.windows(STRETCH).map(stretch_chance).enumerate();
    let rarest = stretches.min_by(|(_, one), (_, other)| one.total_cmp(other));
    let start = rarest.map_or(0, |(start, _)| start);
    start..sequence.len().min(start + STRETCH)
}

/// How often a stretch begins at a byte, if bytes were drawn one by one.
pub(super) fn stretch_chance(stretch: &[Set]) -> f64 {
    stretch.iter().map(Set::chance).product()
}

/// How many of them begin at a byte, if those were drawn one by one.
fn chance(sequences: &[Sequence]) -> f64 {
    sequences.iter().map(|sequence| stretch_chance(&sequence[rarest(sequence)])).sum()
}

/// The one that fewer lines hold.
fn better(one: Option<Vec<Sequence>>, other: Option<Vec<Sequence>>) -> Option<Vec<Sequence>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if chance(&one) <= chance(&other) { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// What is known of the texts that a part of a pattern matches.
#[derive(Clone)]
struct Known {
    /// They are these, all of them.
    exact: bool,
    /// Each begins with one of these,
    head: Vec<Sequence>,
    /// ends with one of these,
    tail: Vec<Sequence>,
    /// and contains one of these.
    inside: Option<Vec<Sequence>>,
}

impl Known {
    fn exactly(sequences: Vec<Sequence>) -> Self {
        Self { exact: true, head: sequences.clone(), tail: sequences, inside: None }
    }

    fn nothing() -> Self {
        Self { exact: false, head: vec![Vec::new()], tail: vec![Vec::new()], inside: None }
    }

    fn best(self) -> Option<Vec<Sequence>> {
        better(self.inside, better(Some(self.head), Some(self.tail)))
    }

    /// This, and that after it.
    fn then(self, next: Self) -> Self {
        let Some(joined) = joined(&self.tail, &next.head) else {
            let inside = better(better(self.inside, Some(self.tail)), better(next.inside, Some(next.head)));
            return Self { exact: false, head: self.head, tail: next.tail, inside };
        };
        if self.exact && next.exact {
            return Self::exactly(joined);
        }
        let head = if self.exact { joined.clone() } else { self.head };
        let tail = if next.exact { joined.clone() } else { next.tail };
        let inside = better(better(self.inside, next.inside), Some(joined));
        Self { exact: false, head, tail, inside }
    }

    /// This or that.
    fn or(self, other: Self) -> Self {
        let inside = [self.clone().best(), other.clone().best()].into_iter().collect::<Option<Vec<_>>>();
        let all = |one: Vec<Sequence>, other: Vec<Sequence>| {
            let all = [one, other].concat();
            if all.len() <= MOST { all } else { vec![Vec::new()] }
        };
        let exact = self.exact && other.exact && self.head.len() + other.head.len() <= MOST;
        let inside = inside.map(|both| both.concat()).filter(|sequences| sequences.len() <= MOST);
        Self { exact, head: all(self.head, other.head), tail: all(self.tail, other.tail), inside }
    }
}

/// Each of the one with each of the other behind it, unless that is too many.
fn joined(left: &[Sequence], right: &[Sequence]) -> Option<Vec<Sequence>> {
    if left.len() * right.len() > MOST {
        return None;
    }
    Some(right.iter().flat_map(|right| left.iter().map(|left| [&left[..], right].concat())).collect())
}

fn known(hir: &Hir) -> Known {
    match hir.kind() {
        // An assertion takes no text.
        HirKind::Empty | HirKind::Look(_) => Known::exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            Known::exactly(vec![literal.0.iter().map(|&byte| Set::of([byte])).collect()])
        }
        HirKind::Class(class) => {
            one_byte(class).map_or_else(Known::nothing, |set| Known::exactly(vec![vec![set]]))
        }
        HirKind::Capture(capture) => known(&capture.sub),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Concat(parts) => parts.iter().map(known).reduce(Known::then).unwrap_or_else(Known::nothing),
        HirKind::Alternation(branches) => {
            branches.iter().map(known).reduce(Known::or).unwrap_or_else(Known::nothing)
        }
    }
}

/// The bytes of a class, unless it has characters of several.
fn one_byte(class: &Class) -> Option<Set> {
    let bytes = match class {
        Class::Bytes(class) => Cow::Borrowed(class),
        // Alternatives of one letter each are made such a class.
        Class::Unicode(class) => Cow::Owned(class.to_byte_class()?),
    };
    Some(Set::of(bytes.ranges().iter().flat_map(|range| range.start()..=range.end())))
}

fn repeated(repetition: &Repetition) -> Known {
    let once = known(&repetition.sub);
    if repetition.min == 0 {
        return match repetition.max {
            Some(1) => once.or(Known::exactly(vec![Vec::new()])),
            _ => Known::nothing(),
        };
    }
    let copies = repetition.min.min(COPIES);
    let times = (1..copies).fold(once.clone(), |so_far, _| so_far.then(once.clone()));
    if repetition.max == Some(copies) { times } else { Known { exact: false, ..times } }
}

#[cfg(test)]
mod tests {
    use super::super::LineRegex;
    use super::{Set, rarest, required, whatever_rare};

    /// As a pattern would write it: classes by their size.
    fn written(sets: &[Set]) -> String {
        let set = |set: &Set| {
            let bytes: Vec<u8> = (0..=u8::MAX).filter(|&byte| set.contains(byte)).collect();
            match &bytes[..] {
                [byte] => char::from(*byte).to_string(),
                bytes if bytes.len() < 4 => format!("[{}]", String::from_utf8_lossy(bytes)),
                bytes => format!("<{}>", bytes.len()),
            }
        };
        sets.iter().map(set).collect()
    }

    #[test]
    fn the_most_telling_sequences_are_found() {
        for (pattern, sequences) in [
            ("connection refused", &["connection refused"][..]),
            ("(?i)eof", &["[Ee][Oo][Ff]"]),
            (r"\bHTTP/[\d.]+ (429|50[023])\b", &["HTTP/<11>"]),
            (r"\b[45]\d\d (Error|Bad)", &["[45]<10><10> Bad", "[45]<10><10> Error"]),
            (r"[a-z]+: (timed out|reset) by \d+", &["<26>: reset by ", "<26>: timed out by "]),
            ("colou?r", &["color", "colour"]),
            ("^.*(foo)+$", &["foo"]),
            ("(ab){3}", &["ababab"]),
            (r"E\d{2,}:", &["E<10><10>"]),
            ("q(a|b)z", &["q[ab]z"]),
            ("(one|tw.o|three)", &["one", "three", "tw<255>o"]),
            ("foo[a&&b]|q", &["foo[]", "q"]),
            (r"x[\n]", &["x[]"]),
            (r"\d+", &["<10>"]),
            ("foo|", &["", "foo"]),
            ("(foo)?", &["", "foo"]),
            ("(foo)*", &[""]),
            ("", &[""]),
        ] {
            let found = whatever_rare(&[LineRegex::check(pattern).unwrap().hir().clone()]).unwrap();
            let mut found: Vec<_> = found.iter().map(|sequence| written(sequence)).collect();
            found.sort_unstable();
            assert_eq!(found, sequences, "{pattern}");
        }
    }

    #[test]
    fn of_a_sequence_the_rarest_stretch_is_looked_for() {
        for (pattern, stretch) in
            [("quite a long literal", "quite a"), ("could not connect: EAGAIN", " EAGAIN"), ("ab", "ab")]
        {
            let found = whatever_rare(&[LineRegex::check(pattern).unwrap().hir().clone()]).unwrap();
            assert_eq!(written(&found[0][rarest(&found[0])]), stretch);
        }
    }

    #[test]
    fn one_pattern_with_nothing_rare_spoils_the_search() {
        let found = |patterns: &[&str]| {
            let hirs = patterns.iter().map(|text| LineRegex::check(text).unwrap().hir().clone());
            required(&hirs.collect::<Vec<_>>()).map(|sequences| sequences.len())
        };
        assert_eq!(found(&["server busy", "(is|was) busy", "quux"]), Some(4));
        assert_eq!(found(&["server busy", r"\d+"]), None);
        assert_eq!(found(&["server busy", ".*"]), None);
    }
}
