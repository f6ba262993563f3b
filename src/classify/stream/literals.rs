//! Literals that a line must hold for a pattern to match, found in the pattern: most lines hold none.
//!
//! All are in lower case and meant for lines folded to lower case, so that `(?i)` costs nothing. They may promise too
//! little, never too much: a line without any of them is a line without a match.

use regex_syntax::hir::{Class, Hir, HirKind};

/// How many strings are told apart before a stretch of a pattern counts as anything at all.
const MOST: usize = 32;
/// Shorter ones are everywhere.
const SHORTEST: usize = 2;
/// Longer ones tell no more, and the search compares at most that much at once.
const LONG_ENOUGH: usize = 4;

type Strings = Vec<Vec<u8>>;

/// What to look for: each line in which one of the patterns matches holds one of these. `None` if any could match
/// without a literal that is worth looking for.
pub(super) fn needles<'a>(patterns: impl IntoIterator<Item = &'a Hir>) -> Option<Strings> {
    let required: Option<Vec<_>> = patterns.into_iter().map(required).collect();
    let mut needles: Strings = required?.iter().flatten().map(|literal| rarest(literal).to_vec()).collect();
    needles.sort_unstable();
    needles.dedup();
    Some(needles)
}

/// The stretch of a literal to look for. The search goes by the first bytes, so that these should not begin half the words
/// of a log, as those of `connection refused` or `http/` do.
fn rarest(literal: &[u8]) -> &[u8] {
    let last = literal.len().saturating_sub(LONG_ENOUGH);
    let commonness =
        |at: &usize| literal[*at..].iter().take(LONG_ENOUGH).map(|&byte| common(byte)).sum::<u32>();
    let start = (0..=last).min_by_key(commonness).unwrap_or(0);
    &literal[start..literal.len().min(start + 2 * LONG_ENOUGH)]
}

/// How common a byte is in the output of programs, by feel; only speed hangs on it.
fn common(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' | b't' => 9,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 8,
        b'c' | b'd' | b'h' | b'l' | b'0'..=b'9' => 6,
        b'm' | b'p' | b'u' | b'.' | b'/' | b':' | b'-' => 5,
        b'b' | b'f' | b'g' | b'w' | b'y' => 4,
        b'k' | b'v' | b'_' => 3,
        _ => 1,
    }
}

/// One of these is in each line that matches; `None` if no such set is worth having.
fn required(hir: &Hir) -> Option<Strings> {
    let Known { exact, inside } = known(hir);
    better(inside, exact).filter(|strings| shortest(strings) >= SHORTEST)
}

/// What is known of the texts that a part of a pattern matches, folded.
struct Known {
    /// They are these, all of them.
    exact: Option<Strings>,
    /// Each contains one of these.
    inside: Option<Strings>,
}

impl Known {
    const NOTHING: Self = Self { exact: None, inside: None };

    fn exactly(strings: Strings) -> Self {
        Self { exact: Some(strings), inside: None }
    }

    fn best(self) -> Option<Strings> {
        better(self.inside, self.exact)
    }
}

fn known(hir: &Hir) -> Known {
    match hir.kind() {
        // An assertion takes no text.
        HirKind::Empty | HirKind::Look(_) => Known::exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => Known::exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => bytes_of(class).map_or(Known::NOTHING, Known::exactly),
        HirKind::Capture(capture) => known(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => {
            match (known(&repetition.sub), repetition.max) {
                (Known { exact: Some(mut exact), .. }, Some(1)) if exact.len() < MOST => {
                    exact.push(Vec::new());
                    Known::exactly(exact)
                }
                _ => Known::NOTHING,
            }
        }
        HirKind::Repetition(repetition) => Known { exact: None, inside: known(&repetition.sub).best() },
        HirKind::Concat(parts) => one_after_the_other(parts),
        HirKind::Alternation(branches) => one_of(branches),
    }
}

fn bytes_of(class: &Class) -> Option<Strings> {
    let Class::Bytes(class) = class else { return None };
    let mut strings = Strings::new();
    for range in class.ranges() {
        for byte in range.start()..=range.end() {
            let string = vec![byte.to_ascii_lowercase()];
            if !strings.contains(&string) {
                strings.push(string);
            }
            if strings.len() > 4 {
                return None;
            }
        }
    }
    Some(strings)
}

fn one_after_the_other(parts: &[Hir]) -> Known {
    let mut stretch = vec![Vec::new()];
    let mut inside = None;
    let mut unbroken = true;
    for part in parts {
        let Known { exact, inside: within } = known(part);
        if let Some(exact) = &exact
            && stretch.len() * exact.len() <= MOST
        {
            stretch = exact
                .iter()
                .flat_map(|right| stretch.iter().map(|left| [&left[..], right].concat()))
                .collect();
        } else {
            unbroken = false;
            inside = better(inside, Some(std::mem::replace(&mut stretch, vec![Vec::new()])));
            inside = better(inside, within);
            stretch = exact.unwrap_or(stretch);
        }
    }
    if unbroken {
        Known::exactly(stretch)
    } else {
        Known { exact: None, inside: better(inside, Some(stretch)) }
    }
}

fn one_of(branches: &[Hir]) -> Known {
    let mut exact = Some(Strings::new());
    let mut inside = Some(Strings::new());
    for branch in branches.iter().map(known) {
        exact = exact.zip(branch.exact.as_ref()).map(|(all, more)| [&all[..], more].concat());
        inside = inside.zip(branch.best()).map(|(all, more)| [all, more].concat());
    }
    Known {
        exact: exact.filter(|strings| strings.len() <= MOST),
        inside: inside.filter(|strings| strings.len() <= MOST),
    }
}

/// The one that fewer lines hold: of long strings first, then of few.
fn better(one: Option<Strings>, other: Option<Strings>) -> Option<Strings> {
    let rank = |strings: &Strings| (shortest(strings).min(LONG_ENOUGH), std::cmp::Reverse(strings.len()));
    match (one, other) {
        (Some(one), Some(other)) => Some(if rank(&one) >= rank(&other) { one } else { other }),
        (one, other) => one.or(other),
    }
}

fn shortest(strings: &Strings) -> usize {
    strings.iter().map(Vec::len).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::{needles, rarest, required};

    #[test]
    fn the_most_telling_stretch_is_found() {
        for (pattern, literals) in [
            ("connection refused", &["connection refused"][..]),
            ("(?i)Connection Refused", &["connection refused"]),
            (r"\bHTTP/[\d.]+ (429|50[023])\b", &["http/"]),
            (r"[a-z]+: (timed out|reset) by \d+", &[": timed out by ", ": reset by "]),
            (r"colou?r", &["colour", "color"]),
            (r"^.*(foo)+$", &["foo"]),
            (r"(ab){3}", &["ab"]),
            (r"rate.?limit", &["rate"]),
            (r"(one|tw.o|three)", &["one", "tw", "three"]),
            (r"K|\x{212A}", &[]),
            (r"\d+", &[]),
            (r"x", &[]),
            (r"foo|", &[]),
            (r"(foo)?", &[]),
            (r"foo|\d", &[]),
            ("", &[]),
            (r"[a&&b]", &[]),
        ] {
            let found = required(Pattern::check(pattern).unwrap().hir()).unwrap_or_default();
            let found: Vec<_> = found.iter().map(|literal| String::from_utf8_lossy(literal)).collect();
            assert_eq!(found, literals, "{pattern}");
        }
    }

    #[test]
    fn of_a_literal_the_rarest_stretch_is_looked_for() {
        for (literal, stretch) in [
            ("connection refused", "refused"),
            ("http/", "ttp/"),
            ("server busy", "busy"),
            ("ab", "ab"),
            ("quite long literal", "quite lo"),
        ] {
            assert_eq!(rarest(literal.as_bytes()), stretch.as_bytes());
        }
    }

    #[test]
    fn one_pattern_without_a_literal_spoils_the_search() {
        let patterns =
            |texts: &[&str]| -> Vec<_> { texts.iter().map(|text| Pattern::check(text).unwrap()).collect() };
        let found = |texts: &[&str]| needles(patterns(texts).iter().map(Pattern::hir));
        assert_eq!(found(&["server busy", "(is|was) busy", "quux"]).unwrap(), [&b"busy"[..], b"quux"]);
        assert_eq!(found(&["server busy", r"\d+"]), None);
    }
}
