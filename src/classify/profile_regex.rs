//! A profile's pattern: a regular expression over bytes. It is compiled when it is first needed, and not at all if its
//! required literals show that it cannot match.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::hybrid::regex::{self, Regex};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use super::name;
use super::normalise::Text;
use super::noted_literals::noted;
use super::profile_syntax::parse;
use super::required_literals::required;
use super::stream;

/// A pattern, and its automata once they were needed.
#[derive(Debug)]
pub struct ProfileRegex {
    text: String,
    /// Whether a match counts even if it is only part of a name (of a header, package, file or host).
    names_count: bool,
    /// Written by a user: its literals were not extracted at build time.
    of_user: bool,
    /// The syntax tree and the literals that it requires; holds `None` if the pattern is invalid.
    parsed: OnceCell<Option<Parsed>>,
    /// The automaton that tells whether it matches; holds `None` if the pattern does not compile.
    compiled: OnceCell<Option<(DFA, RefCell<Cache>)>>,
    /// The automata that find where it matches.
    spans: OnceCell<Option<(Regex, RefCell<regex::Cache>)>>,
}

#[derive(Debug)]
struct Parsed {
    hir: Hir,
    /// Every match contains one of these, in lower case; empty if a match may contain none.
    literals: Vec<Vec<u8>>,
}

impl ProfileRegex {
    /// A built-in pattern of a profile. Matches inside names do not count.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            names_count: false,
            of_user: false,
            parsed: OnceCell::new(),
            compiled: OnceCell::new(),
            spans: OnceCell::new(),
        }
    }

    /// A built-in pattern for which every match counts.
    pub(super) fn of_lines(text: &str) -> Self {
        Self { names_count: true, ..Self::new(text) }
    }

    /// A user's pattern: every match counts.
    pub fn of_user(text: &str) -> Self {
        Self { names_count: true, of_user: true, ..Self::new(text) }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Describes what is wrong with the pattern, if anything.
    pub fn check(&self) -> Result<(), String> {
        let hir = parse(&self.text).map_err(|why| {
            // If both parsers reject it, the other one has the better message.
            stream::LineRegex::check(&self.text).err().map_or(why, |wrong| wrong.reason())
        })?;
        compile(&hir, false).map(drop).ok_or_else(|| "too large".to_owned())
    }

    /// Whether most texts can be skipped without compiling the pattern.
    #[cfg(test)]
    pub fn is_lazy(&self) -> bool {
        self.parsed().is_some_and(|parsed| !parsed.literals.is_empty())
    }

    /// Whether the text contains a match that counts.
    pub fn is_match(&self, text: &Text) -> bool {
        self.is_anywhere(text) && (self.names_count || self.next_said(text, 0).is_some())
    }

    /// Whether it matches at all, even if only inside a name.
    fn is_anywhere(&self, text: &Text) -> bool {
        self.may_match(text) && self.matches(text)
    }

    /// False when the index of the text says that no required literal is in it.
    fn may_match(&self, text: &Text) -> bool {
        let holds_one = |literals: &mut dyn Iterator<Item = &[u8]>| {
            let mut literals = literals.peekable();
            literals.peek().is_none() || literals.any(|literal| text.may_hold(literal))
        };
        if let Some(mut noted) = noted(&self.text).filter(|_| !self.of_user) {
            return holds_one(&mut noted);
        }
        self.parsed().is_some_and(|parsed| holds_one(&mut parsed.literals.iter().map(Vec::as_slice)))
    }

    /// Whether the automaton finds a match.
    fn matches(&self, text: &Text) -> bool {
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
            let literals = required(&hir).unwrap_or_default();
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

/// The automaton of a pattern, or the one that reads a match from its end.
fn compile(hir: &Hir, backward: bool) -> Option<DFA> {
    let config =
        thompson::Config::new().utf8(false).reverse(backward).which_captures(thompson::WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(hir).ok()?;
    let kind = if backward { MatchKind::All } else { MatchKind::LeftmostFirst };
    DFA::builder().configure(DFA::config().match_kind(kind)).build_from_nfa(nfa).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn what_was_noted_is_what_the_syntax_says() {
        let profiles = crate::classify::profile::names();
        let knowledge = profiles.flat_map(crate::classify::profile::built_in_patterns);
        let mut count = 0;
        for pattern in knowledge.chain(crate::classify::lines::patterns()) {
            let literals = required(&parse(&pattern).unwrap()).unwrap_or_default();
            let noted: Vec<_> = noted(&pattern).expect(&pattern).map(<[u8]>::to_vec).collect();
            assert_eq!(noted, literals, "{pattern}");
            count += 1;
        }
        assert!(count > 500, "{count}");
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

    /// Patterns of letters that are likely to meet, in every syntax for classes.
    fn any_pattern() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "ab",
            "aB",
            "quota",
            "Q",
            "(?i:QUOTA)",
            " ",
            "  ",
            r"\s",
            r"\d",
            "[[:digit:]]",
            "[[:^alpha:]]",
            "[^a]",
            "[aA]",
            "[]a]",
            "[a-c&&[^b]]",
            r"\x41",
            "é",
            "[ab ]",
            ".",
            "^",
            "$",
            r"\b",
            "",
            "(?-i:B)",
            "(?s:.)",
        ]);
        atom.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("(?:{})", parts.join("|"))),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("(?i:{})", parts.join("|"))),
                (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "*?"]))
                    .prop_map(|(part, times)| format!("(?:{part}){times}")),
            ]
        })
    }

    fn any_text() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            "a", "b", "A", "ab", "aB", "quota", "Quota", "QUOTA", "é", "7", "]", " ", "\n", "\t", "x", "_",
            "\u{a0}",
        ]);
        prop::collection::vec(word, 0..24).prop_map(|words| words.concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn what_the_literals_rule_out_does_not_match(pattern in any_pattern(), text in any_text()) {
            let (pattern, text) = (ProfileRegex::of_user(&pattern), Text::new(&text));
            prop_assert!(pattern.may_match(&text) || !pattern.matches(&text));
        }
    }
}
