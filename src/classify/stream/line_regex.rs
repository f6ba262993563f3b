//! A regular expression as it was written, and what is wrong with it. Nothing is compiled here.

use std::convert::Infallible;

use regex_syntax::ast::{self, Ast, Flag, Flags, FlagsItemKind, LiteralKind, Span};
use regex_syntax::hir::{self, Hir, HirKind};

use crate::base::columns::columns_of;
use crate::base::problem::blank_for;

/// How large a pattern may become, in states of its automaton: `[0-9a-f]{64}` takes 64. Far above what anybody
/// writes, and low enough that compiling it goes unnoticed.
const MAX_STATES: usize = 20_000;

/// A pattern whose syntax is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRegex {
    text: String,
    hir: Hir,
}

/// A mistake in a pattern, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    pattern: String,
    /// In bytes of the pattern.
    start: usize,
    end: usize,
    reason: String,
}

impl LineRegex {
    /// Reads a pattern without compiling it. What passes can be matched: nothing is refused later.
    pub fn check(text: &str) -> Result<Self, PatternError> {
        let error = |span: &Span, reason: String| PatternError {
            pattern: text.to_owned(),
            start: span.start.offset,
            end: span.end.offset,
            reason,
        };
        let ast = ast::parse::Parser::new()
            .parse(text)
            .map_err(|wrong| error(wrong.span(), wrong.kind().to_string()))?;
        if let Some((span, reason)) = refused(&ast) {
            return Err(error(&span, reason.to_owned()));
        }
        let hir = hir::translate::TranslatorBuilder::new()
            .unicode(false)
            .utf8(false)
            .multi_line(true)
            .crlf(true)
            // Newlines are never shown to it, and `.` is to match a carriage return as any other byte.
            .dot_matches_new_line(true)
            .build()
            .translate(text, &ast)
            .map_err(|wrong| error(wrong.span(), in_our_words(wrong.kind())))?;
        if states(&hir) > MAX_STATES {
            return Err(error(ast.span(), "too large: its repetitions multiply to too many states".into()));
        }
        Ok(Self { text: text.to_owned(), hir })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn hir(&self) -> &Hir {
        &self.hir
    }
}

fn in_our_words(kind: &hir::ErrorKind) -> String {
    match kind {
        hir::ErrorKind::UnicodeNotAllowed => {
            "patterns see bytes: only ASCII characters can stand here".into()
        }
        kind => kind.to_string(),
    }
}

/// Correct syntax that would not do what it says: its place, and why.
fn refused(ast: &Ast) -> Option<(Span, &'static str)> {
    let Ok(found) = ast::visit(ast, Refused(None));
    found
}

struct Refused(Option<(Span, &'static str)>);

impl Refused {
    fn flags(&mut self, flags: &Flags) {
        if flags.flag_state(Flag::Unicode) == Some(true) {
            let unicode = |kind: &FlagsItemKind| matches!(kind, FlagsItemKind::Flag(Flag::Unicode));
            let item = flags.items.iter().find(|item| unicode(&item.kind));
            let span = item.map_or(flags.span, |item| item.span);
            self.0.get_or_insert((span, "patterns see bytes: there is no Unicode mode"));
        }
    }
}

impl ast::Visitor for Refused {
    type Output = Option<(Span, &'static str)>;
    type Err = Infallible;

    fn finish(self) -> Result<Self::Output, Infallible> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let ast::GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            Ast::Literal(literal) if literal.c == '\n' => {
                let reason = if literal.kind == LiteralKind::Verbatim {
                    "patterns see one line at a time: this line break can never match ((?x) at the start ignores it)"
                } else {
                    "patterns see one line at a time: a newline can never match"
                };
                self.0.get_or_insert((literal.span, reason));
            }
            _ => {}
        }
        Ok(())
    }
}

/// About how many states its automaton has.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Capture(capture) => states(&capture.sub),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            states(&repetition.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum: usize, part| sum.saturating_add(states(part)))
        }
    }
}

/// How much of a pattern's line is shown, in characters: carets do not survive a wrapped line.
const SHOWN_CHARS: usize = 100;

impl PatternError {
    /// The mistake, in one line without a full stop.
    pub fn reason(&self) -> String {
        let line = self.pattern[..self.start].matches('\n').count() + 1;
        if self.pattern.trim_end_matches('\n').contains('\n') {
            format!("line {line}: {}", self.reason)
        } else {
            self.reason.clone()
        }
    }

    /// The line of the pattern, a caret under the place, and the reason.
    pub fn lines(&self) -> Vec<String> {
        let line_start = self.pattern[..self.start].rfind('\n').map_or(0, |newline| newline + 1);
        let line: Vec<char> =
            self.pattern[line_start..].chars().take_while(|&c| c != '\n').map(shown).collect();
        let column = self.pattern[line_start..self.start].chars().count();
        let width = self.pattern[self.start..self.end].chars().count();
        let width = width.min(line.len().saturating_sub(column)).max(1);

        let from = if line.len() > SHOWN_CHARS { column.saturating_sub(SHOWN_CHARS / 2) } else { 0 };
        let to = line.len().min(from + SHOWN_CHARS);
        let width = width.min((to - from.min(to)).saturating_sub(column - from).max(1));
        let before = if from > 0 { "…" } else { "" };
        let after = if to < line.len() { "…" } else { "" };
        let text: String = line[from..to].iter().collect();
        // Tabs are kept in the caret line, so that the caret stands under its place whatever their width.
        let indent: String = line[from..column].iter().copied().map(blank_for).collect();
        let carets: usize = line[column..].iter().take(width).copied().map(columns_of).sum();
        vec![
            format!("{before}{text}{after}"),
            format!("{}{indent}{}", " ".repeat(before.chars().count()), "^".repeat(carets.max(1))),
            self.reason(),
        ]
    }
}

fn shown(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::LineRegex;

    #[track_caller]
    fn refused(pattern: &str) -> Vec<String> {
        LineRegex::check(pattern).expect_err(pattern).lines()
    }

    #[test]
    fn a_mistake_is_shown_with_a_caret_under_its_place() {
        let bytes = "patterns see bytes: only ASCII characters can stand here";
        for (pattern, caret, reason) in [
            ("foo(bar", "   ^", "unclosed group"),
            ("foo)", "   ^", "unopened group"),
            ("a**[", "   ^", "unclosed character class"),
            ("*a", "^", "repetition operator missing expression"),
            ("a{3,1}", " ^^^^^", "invalid repetition count range, the start must be <= the end"),
            (r"é\q", " ^^", "unrecognized escape sequence"),
            ("a\\", " ^", "incomplete escape sequence, reached end of pattern prematurely"),
            ("a(?=b)", " ^^^", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "   ^^", "backreferences are not supported"),
            ("\t[é]", "\t ^", bytes),
            (r"\pL", "^^^", bytes),
            ("a(?iu:b)", "    ^", "patterns see bytes: there is no Unicode mode"),
            ("(?u)a", "  ^", "patterns see bytes: there is no Unicode mode"),
            (r"a\nb", " ^^", "patterns see one line at a time: a newline can never match"),
            (
                "((a{99}){99}){99}",
                "^^^^^^^^^^^^^^^^^",
                "too large: its repetitions multiply to too many states",
            ),
        ] {
            assert_eq!(refused(pattern), [pattern, caret, reason]);
        }
    }

    #[test]
    fn of_several_lines_the_one_with_the_mistake_is_shown() {
        let pattern = "(?x)  # verbose\n  foo   # fine\n\t(bar  # open\n";
        assert_eq!(refused(pattern), ["\t(bar  # open", "\t^", "line 3: unclosed group"]);
        assert_eq!(LineRegex::check(&pattern.replace("(bar", "bar")).unwrap().text().lines().count(), 3);
        assert_eq!(
            refused("foo\nbar"),
            [
                "foo",
                "   ^",
                "line 1: patterns see one line at a time: this line break can never match ((?x) at the start ignores it)",
            ]
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_mistake() {
        let pattern = format!("{}({}", "a".repeat(300), "b".repeat(300));
        let lines = refused(&pattern);
        assert_eq!(lines[0], format!("…{}({}…", "a".repeat(50), "b".repeat(49)));
        assert_eq!(lines[1], format!("{}^", " ".repeat(51)));
        let at_the_end = refused(&"a(".repeat(100));
        assert_eq!(at_the_end[0].chars().count(), at_the_end[1].chars().count());
        assert_eq!(refused("夜間("), ["夜間(", "    ^", "unclosed group"]);
        let control = refused("a\x1b[31m(");
        assert_eq!(control[0], "a\u{fffd}[31m(");
    }

    #[test]
    fn any_place_can_be_shown() {
        // Each prefix of something with everything in it is a mistake or a pattern; none may panic.
        let text =
            "(?x)é[^\n\t a-z[:alpha:]&&b--c]{2,3}\\b{start}(?P<näme>x|\\x{1F600})\\u00e9\n(?i-s:y)*?\\";
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            if let Err(error) = LineRegex::check(&text[..end]) {
                assert!(error.lines()[1].trim_start().starts_with('^'), "{error:?}");
            }
        }
    }
}
