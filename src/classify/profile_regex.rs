//! A profile's pattern: a regular expression over bytes, compiled when it is first needed, and not at all when the
//! literals in it already say that it cannot match.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::hybrid::regex::{self, Regex};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind};

use super::name;
use super::normalise::Text;
use super::stream;

/// A pattern and, once it was needed, its automata.
#[derive(Debug)]
pub struct ProfileRegex {
    text: String,
    /// A match that is but a part of somebody's name (a header's, a package's, a file's, a host's) is one, too.
    names_count: bool,
    /// What its syntax says; `None` when it is wrong.
    parsed: OnceCell<Option<Parsed>>,
    /// `None` in it: it does not compile.
    compiled: OnceCell<Option<(DFA, RefCell<Cache>)>>,
    /// The same, with the automaton that finds where a match begins.
    spans: OnceCell<Option<(Regex, RefCell<regex::Cache>)>>,
}

#[derive(Debug)]
struct Parsed {
    hir: Hir,
    /// In every match is one of these, in lower case; empty when that is not known.
    literals: Vec<Vec<u8>>,
}

impl ProfileRegex {
    /// A pattern of ours: it speaks of what is said, and not of names.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            names_count: false,
            parsed: OnceCell::new(),
            compiled: OnceCell::new(),
            spans: OnceCell::new(),
        }
    }

    /// A user's pattern: it means what it says, wherever that stands.
    pub fn of_user(text: &str) -> Self {
        Self { names_count: true, ..Self::new(text) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says what is wrong with it, if anything is.
    pub fn check(&self) -> Result<(), String> {
        let hir = parse(&self.text).map_err(|why| {
            // Where both refuse it, the other parser says why in better words.
            stream::LineRegex::check(&self.text).err().map_or(why, |wrong| wrong.reason())
        })?;
        compile(&hir, false).map(drop).ok_or_else(|| "too large".to_owned())
    }

    /// Can most texts be passed over without compiling it?
    #[cfg(test)]
    pub fn is_lazy(&self) -> bool {
        self.parsed().is_some_and(|parsed| !parsed.literals.is_empty())
    }

    /// Does the text say it?
    pub fn is_match(&self, text: &Text) -> bool {
        self.is_anywhere(text) && (self.names_count || self.next_said(text, 0).is_some())
    }

    /// Does it match, were it in a name?
    fn is_anywhere(&self, text: &Text) -> bool {
        let Some(parsed) = self.parsed() else { return false };
        if !parsed.literals.is_empty() && !parsed.literals.iter().any(|literal| text.may_hold(literal)) {
            return false;
        }
        let Some((dfa, cache)) = self.compiled() else { return false };
        let input = Input::new(&text.plain).anchored(Anchored::No).earliest(true);
        matches!(dfa.try_search_fwd(&mut cache.borrow_mut(), &input), Ok(Some(_)))
    }

    /// Where the text says it, from its start on.
    pub fn spans(&self, text: &Text) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut at = 0;
        while self.is_anywhere(text)
            && let Some(span) = self.next_said(text, at)
        {
            at = span.end.max(span.start + 1);
            spans.push(span);
        }
        spans
    }

    /// The first place from `at` on that says it. What begins within a name may still be said.
    fn next_said(&self, text: &Text, mut at: usize) -> Option<Range<usize>> {
        let (regex, cache) = self.with_starts()?;
        let mut cache = cache.borrow_mut();
        while at <= text.plain.len() {
            let input = Input::new(&text.plain).range(at..);
            let span = regex.try_search(&mut cache, &input).ok()??.range();
            if self.names_count || !name::holds(&text.plain, &span) {
                return Some(span);
            }
            at = span.start + 1;
        }
        None
    }

    fn parsed(&self) -> Option<&Parsed> {
        let parse = || {
            let hir = parse(&self.text).ok()?;
            let literals = literals(&hir).unwrap_or_default();
            Some(Parsed { hir, literals })
        };
        self.parsed.get_or_init(parse).as_ref()
    }

    fn compiled(&self) -> Option<&(DFA, RefCell<Cache>)> {
        let compile = || {
            let dfa = compile(&self.parsed()?.hir, false)?;
            let cache = RefCell::new(dfa.create_cache());
            Some((dfa, cache))
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    fn with_starts(&self) -> Option<&(Regex, RefCell<regex::Cache>)> {
        let compile = || {
            let (forward, _) = self.compiled()?;
            let backward = compile(&self.parsed()?.hir, true)?;
            let regex = Regex::builder().build_from_dfas(forward.clone(), backward);
            let cache = RefCell::new(regex.create_cache());
            Some((regex, cache))
        };
        self.spans.get_or_init(compile).as_ref()
    }
}

fn parse(text: &str) -> Result<Hir, String> {
    let parsed =
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).multi_line(true).build().parse(text);
    parsed.map(spaces_match_breaks).map_err(|why| {
        let why = why.to_string();
        why.lines().last().unwrap_or(&why).trim_start_matches("error: ").to_owned()
    })
}

/// The automaton of a pattern, or the one that reads a match from its end.
fn compile(hir: &Hir, backward: bool) -> Option<DFA> {
    let config =
        thompson::Config::new().utf8(false).reverse(backward).which_captures(thompson::WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(hir).ok()?;
    let kind = if backward { MatchKind::All } else { MatchKind::LeftmostFirst };
    DFA::builder().configure(DFA::config().match_kind(kind)).build_from_nfa(nfa).ok()
}

/// A space in the pattern is any white space in the text, where that is a space or a line's end.
fn spaces_match_breaks(hir: Hir) -> Hir {
    /// A class of more bytes than this is "anything but".
    const MUCH: usize = 128;
    let space = || ClassBytes::new([b' ', b'\n'].map(|byte| ClassBytesRange::new(byte, byte)));
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Literal(literal) => {
            let mut parts = Vec::new();
            for (at, piece) in literal.0.split(|byte| *byte == b' ').enumerate() {
                if at > 0 {
                    parts.push(Hir::class(Class::Bytes(space())));
                }
                parts.push(Hir::literal(piece));
            }
            Hir::concat(parts)
        }
        HirKind::Class(class) => match class {
            Class::Bytes(mut class) => {
                let holds_space =
                    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b' '));
                let size: usize =
                    class.ranges().iter().map(|range| usize::from(range.end() - range.start()) + 1).sum();
                if holds_space && size <= MUCH {
                    class.union(&space());
                }
                Hir::class(Class::Bytes(class))
            }
            class @ Class::Unicode(_) => Hir::class(class),
        },
        HirKind::Repetition(mut repetition) => {
            *repetition.sub = spaces_match_breaks(*repetition.sub);
            Hir::repetition(repetition)
        }
        HirKind::Capture(mut capture) => {
            *capture.sub = spaces_match_breaks(*capture.sub);
            Hir::capture(capture)
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(spaces_match_breaks).collect()),
        HirKind::Alternation(branches) => {
            Hir::alternation(branches.into_iter().map(spaces_match_breaks).collect())
        }
    }
}

/// Literals, in lower case, of which each match holds one; `None` when some match may have none that says much.
fn literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    const LEAST: usize = 3;
    required(hir).filter(|found| shortest(found) >= LEAST)
}

fn shortest(literals: &[Vec<u8>]) -> usize {
    literals.iter().map(Vec::len).min().unwrap_or_default()
}

fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => in_a_row(std::slice::from_ref(hir)),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => in_a_row(parts),
        HirKind::Alternation(branches) => {
            let each = branches.iter().map(required).collect::<Option<Vec<_>>>();
            each.map(|each| each.concat())
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Of parts that follow each other: the longest run of plain bytes, or what one of the parts requires.
fn in_a_row(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut best: Option<Vec<Vec<u8>>> = None;
    let mut offer = |found: Vec<Vec<u8>>| {
        if shortest(&found) > best.as_deref().map_or(0, shortest) {
            best = Some(found);
        }
    };
    let mut run = Vec::new();
    for part in parts {
        match part.kind() {
            // An assertion takes no text.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => run.extend(literal.0.iter().map(u8::to_ascii_lowercase)),
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => run.push(letter),
                None => offer(vec![std::mem::take(&mut run)]),
            },
            _ => {
                offer(vec![std::mem::take(&mut run)]);
                required(part).into_iter().for_each(&mut offer);
            }
        }
    }
    offer(vec![run]);
    best
}

/// The byte, in lower case, that a class is all about: `[Ee]`. A space is also a line's end.
fn one_letter(class: &Class) -> Option<u8> {
    let Class::Bytes(class) = class else { return None };
    let mut bytes = class.ranges().iter().take(3).flat_map(|range| range.start()..=range.end());
    let letter = |byte: u8| if byte == b'\n' { b' ' } else { byte.to_ascii_lowercase() };
    let first = letter(bytes.next()?);
    bytes.all(|byte| letter(byte) == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        ProfileRegex::new(pattern).is_match(&Text::new(text.as_bytes()))
    }

    #[test]
    fn a_pattern_matches_across_wrapped_lines_and_at_their_starts() {
        assert!(matches("(?i)connection refused", "error: Connection\n   refused"));
        assert!(matches("^W: Failed to fetch", "x\nW: Failed  to fetch"));
        assert!(!matches("^Failed", "W: Failed"));
        assert!(!matches("connection refused", "Connection refused"));
        assert!(matches(r"\[(6|7)\] ", "[7] Couldn't connect"));
        assert!(!matches("a.*b", "a\nb"));
        assert!(matches("拒绝连接", "失败：拒绝连接。"));
        assert!(matches("a[ x]b", "a\nb"));
    }

    #[test]
    fn literals_are_those_that_must_be_there() {
        let texts = |pattern: &str| {
            literals(&parse(pattern).unwrap()).map(|found| {
                let texts = found.iter().map(|literal| String::from_utf8_lossy(literal).into_owned());
                texts.collect::<Vec<_>>()
            })
        };
        let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts("(?i)No route|Reset by"), some(&["no route", "reset by"]));
        assert_eq!(texts(r"\bECONN[A-Z]+\b"), some(&["econn"]));
        assert_eq!(texts(r"lost\?"), some(&["lost?"]));
        assert_eq!(texts("E[[:digit:]]: quota gone"), some(&[": quota gone"]));
        assert_eq!(texts("[[:digit:]]+]: gone"), some(&["]: gone"]));
        assert_eq!(texts("[a]]{2}defg"), some(&["defg"]));
        assert_eq!(texts("x (stalled|truncated) (y|z)"), some(&["stalled", "truncated"]));
        assert_eq!(texts("abcé?"), some(&["abc"]));
        assert_eq!(texts("abc|d"), None);
        assert_eq!(texts("(abc|def)"), some(&["abc", "def"]));
        assert_eq!(texts("[]abc]defg"), some(&["defg"]));
    }

    #[test]
    fn a_pattern_of_any_syntax_matches_what_it_says() {
        for (pattern, text) in [
            ("E[[:digit:]]: quota gone", "E7: quota gone"),
            ("[^[:space:]]+: [[:upper:]][[:lower:]]+ gone", "x7: Quota gone"),
            ("[[a-z]&&[^aeiou]]x: gone", "qx: gone"),
            ("[a-c--b]: gone", "c: gone"),
            ("[]]: gone", "]: gone"),
            ("[^]]: gone", "x: gone"),
            (r"[\]]: gone", "]: gone"),
            (r"\x51uota gone", "Quota gone"),
            (r"\Qx", "x"),
            ("(?x) quota \\  gone # comment", "quota gone"),
            ("(?i:QUOTA) gone", "quota gone"),
            ("(?:quota|budget){1,2} gone", "budget gone"),
            ("(?P<what>quota) gone", "quota gone"),
            ("quota{0}gone", "quotgone"),
            ("quota( is)?? gone", "quota gone"),
            ("[ ]gone", "a\ngone"),
        ] {
            if ProfileRegex::new(pattern).check().is_ok() {
                assert!(matches(pattern, text), "{pattern}");
            } else {
                assert_eq!(pattern, r"\Qx");
            }
        }
    }

    #[test]
    fn a_name_says_nothing_unless_a_user_wants_it() {
        let text = Text::new(b"x-throttled-by: me");
        assert!(!ProfileRegex::new("throttled").is_match(&text));
        assert!(ProfileRegex::of_user("throttled").is_match(&text));
        assert!(ProfileRegex::new("throttled").is_match(&Text::new(b"x-throttled-by: me\nthrottled")));
    }

    #[test]
    fn what_does_not_compile_is_said_and_matches_nothing() {
        assert!(ProfileRegex::new("a(").check().is_err());
        assert!(!matches("a(", "a("));
    }
}
