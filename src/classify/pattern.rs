//! A profile's pattern: a regular expression over bytes, compiled when it is first needed, and not at all when the
//! literals in it already say that it cannot match.

use std::cell::{OnceCell, RefCell};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::normalise::Text;
use super::stream;

/// A pattern and, once it was needed, its automaton.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    /// In every match is one of these, in lower case; empty when that is not known.
    literals: Vec<Vec<u8>>,
    /// `None` in it: it does not compile.
    compiled: OnceCell<Option<(DFA, RefCell<Cache>)>>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let literals = literals(text).unwrap_or_default();
        Self { text: text.to_owned(), literals, compiled: OnceCell::new() }
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Says what is wrong with it, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        // Where both refuse it, the parser says why in better words.
        let parsed = |why| stream::Pattern::check(&self.text).err().map_or(why, |wrong| wrong.reason());
        self.compile().map(drop).map_err(parsed)
    }

    pub(crate) fn is_match(&self, text: &Text) -> bool {
        if !self.literals.is_empty() && !self.literals.iter().any(|literal| text.may_hold(literal)) {
            return false;
        }
        let compiled = self.compiled.get_or_init(|| {
            let dfa = self.compile().ok()?;
            let cache = RefCell::new(dfa.create_cache());
            Some((dfa, cache))
        });
        let Some((dfa, cache)) = compiled else { return false };
        let input = Input::new(&text.plain).anchored(Anchored::No).earliest(true);
        matches!(dfa.try_search_fwd(&mut cache.borrow_mut(), &input), Ok(Some(_)))
    }

    fn compile(&self) -> Result<DFA, String> {
        DFA::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false).multi_line(true))
            .thompson(thompson::Config::new().utf8(false))
            .build(&spaces_match_breaks(&self.text))
            .map_err(|why| {
                let why = why.to_string();
                why.lines().last().unwrap_or(&why).trim_start_matches("error: ").to_owned()
            })
    }
}

/// A space in the pattern is any white space in the text.
fn spaces_match_breaks(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut escaped = false;
    for c in pattern.chars() {
        if c == ' ' && escaped {
            out.pop();
        }
        match c {
            ' ' => out.push_str("\\s"),
            other => out.push(other),
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

/// For each alternative of the pattern its longest literal, in lower case; `None` when an alternative has none
/// that says much. Careful rather than clever: what is not plainly literal is left out.
fn literals(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = pattern.strip_prefix("(?i)").unwrap_or(pattern).as_bytes();
    let mut found = Vec::new();
    let mut longest = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut at = 0;
    let close = |run: &mut Vec<u8>, longest: &mut Vec<u8>| {
        if run.len() > longest.len() {
            longest.clone_from(run);
        }
        run.clear();
    };
    while at < bytes.len() {
        match bytes[at] {
            b'|' => {
                close(&mut run, &mut longest);
                found.push(std::mem::take(&mut longest));
            }
            b'\\' => {
                at += 1;
                match bytes.get(at)? {
                    plain if plain.is_ascii_punctuation() => run.push(*plain),
                    b'x' | b'u' | b'U' | b'p' | b'P' => return None,
                    _ => close(&mut run, &mut longest),
                }
            }
            b'(' | b'[' => {
                close(&mut run, &mut longest);
                at = skip_group(bytes, at)?;
            }
            b'?' | b'*' | b'{' => {
                // What is repeated from zero need not be there. Of a letter of several bytes none is kept.
                while run.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                close(&mut run, &mut longest);
                if bytes[at] == b'{' {
                    at += bytes[at..].iter().position(|byte| *byte == b'}')?;
                }
            }
            b'+' | b'.' | b'^' | b'$' => close(&mut run, &mut longest),
            plain => run.push(plain.to_ascii_lowercase()),
        }
        at += 1;
    }
    close(&mut run, &mut longest);
    found.push(longest);
    found.iter().all(|literal| literal.len() >= 3).then_some(found)
}

/// The place of the bracket that closes the one at `at`.
fn skip_group(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    let mut class = false;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 1,
            b'[' if !class => {
                class = true;
                // A bracket that comes first in a class is one of its members.
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b']' if class => {
                class = false;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'(' if !class => depth += 1,
            b')' if !class => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).is_match(&Text::new(text.as_bytes()))
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
            literals(pattern).map(|found| {
                let texts = found.iter().map(|literal| String::from_utf8_lossy(literal).into_owned());
                texts.collect::<Vec<_>>()
            })
        };
        let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts("(?i)No route|Reset by (peer|us)"), some(&["no route", "reset by "]));
        assert_eq!(texts(r"\bECONN[A-Z]+\b"), some(&["econn"]));
        assert_eq!(texts(r"lost\?"), some(&["lost?"]));
        assert_eq!(texts("colou?r"), some(&["colo"]));
        assert_eq!(texts("abcé?"), some(&["abc"]));
        assert_eq!(texts("abc|d"), None);
        assert_eq!(texts("(abc|def)"), None);
        assert_eq!(texts("x{2}yyy"), some(&["yyy"]));
        assert_eq!(texts("[]abc]defg"), some(&["defg"]));
        assert_eq!(texts("((a|b)c)ghi[(]"), some(&["ghi"]));
    }

    #[test]
    fn what_does_not_compile_is_said_and_matches_nothing() {
        assert!(Pattern::new("a(").check().is_err());
        assert!(!matches("a(", "a("));
    }
}
