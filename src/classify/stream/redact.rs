//! Text in which what patterns match is hidden.

use regex_automata::Input;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Compiler, Config};

use super::LineRegex;

/// The text put in place of a match.
const HIDDEN: &str = "[redacted]";

/// The text, line by line, without what any of the patterns matches. A pattern that is too large for that hides every line.
pub fn redact<'a>(text: &str, patterns: impl Iterator<Item = &'a LineRegex>) -> String {
    patterns.fold(text.to_owned(), |text, pattern| {
        let Some(matcher) = matcher(pattern) else { return HIDDEN.to_owned() };
        let mut cache = matcher.create_cache();
        let lines = text.split('\n').map(|line| {
            let mut shown = String::new();
            let mut end = 0;
            for found in matcher.find_iter(&mut cache, Input::new(line)) {
                let (from, to) =
                    (line.floor_char_boundary(found.start()), line.ceil_char_boundary(found.end()));
                if !found.is_empty() && from >= end {
                    shown.push_str(&line[end..from]);
                    shown.push_str(HIDDEN);
                    end = to;
                }
            }
            shown.push_str(&line[end..]);
            shown
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn matcher(pattern: &LineRegex) -> Option<PikeVM> {
    let nfa = Compiler::new().configure(Config::new().utf8(false)).build_from_hir(pattern.hir()).ok()?;
    PikeVM::new_from_nfa(nfa).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_hidden_line_by_line() {
        let hide = |text, patterns: &[&str]| {
            let patterns: Vec<_> =
                patterns.iter().map(|text| LineRegex::check(text).expect("a pattern")).collect();
            redact(text, patterns.iter())
        };
        assert_eq!(hide("token=abc x\ntoken=d", &["token=\\S+"]), "[redacted] x\n[redacted]");
        assert_eq!(hide("ä secret ö", &["secret", "x*"]), "ä [redacted] ö");
        assert_eq!(hide("a\nb", &["a.*"]), "[redacted]\nb");
        assert_eq!(hide("äß", &["."]), "[redacted][redacted]");
        assert_eq!(hide("", &["x"]), "");
    }
}
