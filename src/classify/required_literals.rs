//! Extracts from a syntax tree the literals that a regular expression cannot match without. The set may be too large, never
//! too small: a text that contains none of them contains no match.
//!
//! Texts are compared in lower case (ASCII), and a line's end counts as a space. `build.rs` uses this file, too.

use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition,
};

/// The most alternatives that are kept apart: characters of a class, and literals overall.
const MAX_CLASS: usize = 4;
const MAX_LITERALS: usize = 16;
/// The length in bytes to which literals are cut; longer ones are hardly rarer.
const TELLING_BYTES: usize = 8;

/// The rarest set of literals of which every match contains one; `None` if a match may contain none.
pub(super) fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    best(&folded(hir)).map(|found| found.literals)
}

/// A set of literals, and how common it is.
struct Found {
    literals: Vec<Vec<u8>>,
    /// Expected occurrences per byte of program output.
    chance: f64,
}

fn best(hir: &Hir) -> Option<Found> {
    let whole = beginning(hir);
    let inside = match hir.kind() {
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Concat(parts) => {
            let rests = (1..parts.len()).map(|at| beginning(&Hir::concat(parts[at..].to_vec())));
            rests.chain(parts.iter().map(best)).flatten().reduce(rarer)
        }
        HirKind::Alternation(branches) => {
            let each = branches.iter().map(best).collect::<Option<Vec<_>>>();
            each.and_then(|each| each.into_iter().reduce(either))
        }
        _ => None,
    };
    whole.into_iter().chain(inside).reduce(rarer)
}

/// The literals that matches begin with.
fn beginning(hir: &Hir) -> Option<Found> {
    let mut extractor = Extractor::new();
    extractor.limit_class(MAX_CLASS).limit_total(MAX_LITERALS);
    let found: Seq = extractor.extract(hir);
    let mut literals: Vec<_> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    literals.sort_unstable();
    literals.dedup();
    literals
        .iter()
        .all(|literal| !literal.is_empty())
        .then(|| Found { chance: literals.iter().map(|literal| chance(literal)).sum(), literals })
}

fn rarer(one: Found, other: Found) -> Found {
    if other.chance < one.chance { other } else { one }
}

fn either(one: Found, other: Found) -> Found {
    Found { literals: [one.literals, other.literals].concat(), chance: one.chance + other.chance }
}

/// The probability that a literal begins at a given byte of program output, if bytes were independent.
pub(super) fn chance(literal: &[u8]) -> f64 {
    let stretches = literal.windows(TELLING_BYTES.min(literal.len()));
    let chances = stretches.map(|stretch| stretch.iter().map(|byte| common(*byte)).product());
    chances.min_by(f64::total_cmp).unwrap_or(1.0)
}

/// The approximate frequency of a byte in program output. Only speed depends on it.
fn common(byte: u8) -> f64 {
    match byte {
        b' ' => 0.1,
        b'e' | b't' => 0.06,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 0.05,
        b'c' | b'd' | b'h' | b'l' | b'0'..=b'9' => 0.03,
        b'm' | b'p' | b'u' | b'.' | b'/' | b':' | b'-' => 0.02,
        b'b' | b'f' | b'g' | b'w' | b'y' => 0.015,
        b'k' | b'v' | b'_' | b'=' | b'[' | b']' => 0.008,
        _ => 0.004,
    }
}

/// A pattern that matches folded text wherever this one matches the original text.
fn folded(hir: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(folded).collect();
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => {
            let fold = |byte: &u8| if *byte == b'\n' { b' ' } else { byte.to_ascii_lowercase() };
            Hir::literal(literal.0.iter().map(fold).collect::<Vec<_>>())
        }
        HirKind::Class(class) => Hir::class(folded_class(class)),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(folded(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => folded(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(branches) => Hir::alternation(all(branches)),
    }
}

fn folded_class(class: &Class) -> Class {
    match class {
        Class::Bytes(class) => {
            let range = |from, to| ClassBytes::new([ClassBytesRange::new(from, to)]);
            let mut folded = class.clone();
            for (byte, to) in folding() {
                if class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte)) {
                    folded.difference(&range(byte, byte));
                    folded.union(&range(to, to));
                }
            }
            Class::Bytes(folded)
        }
        Class::Unicode(class) => {
            let range = |from, to| ClassUnicode::new([ClassUnicodeRange::new(from, to)]);
            let mut folded = class.clone();
            for (from, to) in folding().map(|(byte, to)| (char::from(byte), char::from(to))) {
                if class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&from)) {
                    folded.difference(&range(from, from));
                    folded.union(&range(to, to));
                }
            }
            Class::Unicode(folded)
        }
    }
}

/// The bytes that folding changes, each with its replacement.
fn folding() -> impl Iterator<Item = (u8, u8)> {
    (b'A'..=b'Z').map(|upper| (upper, upper.to_ascii_lowercase())).chain([(b'\n', b' ')])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pattern: &str) -> Vec<String> {
        let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).multi_line(true).build();
        let found = required(&{ parser }.parse(pattern).unwrap()).unwrap_or_default();
        let mut texts: Vec<_> =
            found.iter().map(|found| String::from_utf8_lossy(found).into_owned()).collect();
        texts.sort_unstable();
        texts
    }

    #[test]
    fn literals_are_those_that_must_be_there() {
        for (pattern, expected) in [
            ("(?i)No route|Reset by", &["no route", "reset by"][..]),
            (r"\bECONN[A-Z]+\b", &["econn"]),
            (r"lost\?", &["lost?"]),
            ("E[[:digit:]]: quota gone", &[": quota gone"]),
            ("[[:digit:]]+]: gone", &["]: gone"]),
            ("[a]]{2}defg", &["a]]defg"]),
            ("x+(stalled|truncated)*:(y|z)", &[":y", ":z"]),
            ("[^x](stalled|truncated)[^x]", &["stalled", "truncated"]),
            ("abcé?", &["abc"]),
            ("abc|d", &["abc", "d"]),
            ("[]abc]defg", &["]defg", "adefg", "bdefg", "cdefg"]),
            (r"\bHTTP/[\d.]+ (429|50[023])\b", &["http/"]),
            (r"[a-z]+: (timed out|reset) by \d+", &[": reset by ", ": timed out by "]),
            ("colou?r", &["color", "colour"]),
            ("^.*(foo)+$", &["foo"]),
            ("(ab){3}", &["ababab"]),
            (r"(?i)E\d{2,}:", &[":"]),
            ("q(a|b)z", &["qaz", "qbz"]),
            ("(one|tw.o|three)", &["one", "three", "tw"]),
            ("a[ \n]b", &["a b"]),
            (r"\d+", &[]),
            ("foo|", &[]),
            ("(foo)?", &[]),
            ("(foo)*", &[]),
            ("", &[]),
        ] {
            assert_eq!(texts(pattern), expected, "{pattern}");
        }
    }
}
