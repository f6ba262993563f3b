//! Mistakes in options and files, each with its place.

use std::rc::Rc;

use super::columns::{columns, columns_of};
use super::words::{without_password, without_ping};

/// A file's text, kept for messages.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name of the file in messages.
    pub path: String,
    pub text: String,
}

/// A range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpan {
    pub source: Rc<Source>,
    /// In bytes.
    pub start: usize,
    pub end: usize,
}

impl SourceSpan {
    /// Line and column, counted from 1, the column in characters.
    pub fn line_and_column(&self) -> (usize, usize) {
        let start = self.source.text.floor_char_boundary(self.start);
        let before = &self.source.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The source line, and a caret under the range.
    fn excerpt(&self) -> Vec<String> {
        let (line, column) = self.line_and_column();
        let text = self.source.text.lines().nth(line - 1).unwrap_or_default();
        let text = if self.source.text.contains("ping") { &without_ping(text) } else { text };
        let text = &without_password(text.to_owned());
        let end = self.source.text.floor_char_boundary(self.end.max(self.start));
        let width = columns(&self.source.text[self.source.text.floor_char_boundary(self.start)..end]);
        let room = text.chars().skip(column - 1).map(columns_of).sum::<usize>();
        let gutter = " ".repeat(line.to_string().len());
        // Tabs are kept in the caret line, so that the caret stands under its place whatever their width.
        let indent = text.chars().take(column - 1).map(blank_for);
        let carets = "^".repeat(width.min(room).max(1));
        vec![format!("{line} | {text}"), format!("{gutter} | {}{carets}", indent.collect::<String>())]
    }
}

/// What stands in the caret line under a character.
pub fn blank_for(c: char) -> &'static str {
    match (c, columns_of(c)) {
        ('\t', _) => "\t",
        (_, 0) => "",
        (_, 1) => " ",
        _ => "  ",
    }
}

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A description of the mistake, without a full stop.
    pub message: String,
    /// The place, if it is in a file.
    pub place: Option<SourceSpan>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, hint: None }
    }

    pub fn at(self, place: Option<SourceSpan>) -> Self {
        Self { place, ..self }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The problem as lines of a message.
    pub fn lines(&self) -> Vec<String> {
        let mut more = self.message.lines();
        let first = more.next().unwrap_or_default();
        let mut lines = Vec::new();
        if let Some(place) = &self.place {
            let (line, column) = place.line_and_column();
            lines.push(format!("{}:{line}:{column}: {first}", place.source.path));
            lines.extend(place.excerpt());
        } else {
            lines.push(first.to_owned());
        }
        lines.extend(more.map(str::to_owned));
        lines.extend(self.hint.iter().map(|hint| format!("hint: {hint}")));
        lines
    }
}

/// The known word that was most likely meant by `word`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &str| strsim::damerau_levenshtein(word, known);
    let candidates = known.into_iter().map(|known| (distance(known), known));
    let (distance, known) = candidates.min_by_key(|(distance, _)| *distance)?;
    // More than a quarter of the letters makes it another word: `--grace` does not suggest `--rate`.
    let length = word.chars().count();
    (distance <= (length / 4).clamp(1, 2) && distance < length).then_some(known)
}

/// The known word that `word` abbreviates or misspells.
pub fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    /// A shorter word could stand for too many.
    const MIN_WORD_BYTES: usize = 3;
    let word = word.trim().to_lowercase();
    let mut longer = known.iter().filter(|known| word.len() >= MIN_WORD_BYTES && known.starts_with(&*word));
    match (longer.next(), longer.next()) {
        (Some(only), None) => Some(only),
        _ => nearest(&word, known.iter().copied()),
    }
}

/// `; did you mean exponential?`, if a known word is similar.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    meant(word, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, start: usize, end: usize) -> SourceSpan {
        SourceSpan { source: Rc::new(Source { path: "f".into(), text: text.into() }), start, end }
    }

    #[test]
    fn a_place_is_shown_with_its_line_and_a_caret() {
        let problem = Problem::new("wrong").at(Some(place("a = 1\n\tbé = 22\n", 7, 10))).hint("right");
        assert_eq!(problem.lines(), ["f:2:2: wrong", "2 | \tbé = 22", "  | \t^^", "hint: right"]);
    }

    #[test]
    fn a_caret_stands_under_wide_characters() {
        let lines = Problem::new("wrong").at(Some(place("夜 = 間間\n", 6, 12))).lines();
        assert_eq!(lines, ["f:1:5: wrong", "1 | 夜 = 間間", "  |      ^^^^"]);
    }

    #[test]
    fn a_password_in_the_source_line_is_not_shown() {
        let text = "state = \"redis://me:s3cret@host:port\"\n";
        let lines = Problem::new("wrong").at(Some(place(text, 8, 36))).lines();
        assert_eq!(
            lines[1..],
            ["1 | state = \"redis://me:***@host:port\"", "  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^"]
        );
    }

    #[test]
    fn the_url_of_a_ping_is_not_shown() {
        let at = |text: &str, start| {
            Problem::new("wrong").at(Some(place(text, start, start + 1))).lines().remove(1)
        };
        assert_eq!(at("ping = \"hc-ping.com/s3cret\"\n", 7), "1 | ping = ***");
        assert_eq!(at("x = { \"ping\"= 's3cret', max = 0 }\n", 4), "1 | x = { \"ping\"= ***");
        let long = "ping = \"\"\"\n  http://h/s3cret\nhttps://x/s3cret\"\"\"\nmax = 0\n";
        assert_eq!(at(long, 12), "2 |   http://***");
        assert_eq!(at(long, 35), "3 | https://***\"\"\"");
        assert_eq!(at("a = 'http://h/x'\n", 4), "1 | a = 'http://h/x'");
    }

    #[test]
    fn a_place_at_the_end_or_beyond_still_has_a_caret() {
        for (start, end) in [(5, 5), (6, 6), (99, 99)] {
            let lines = Problem::new("wrong").at(Some(place("a = [\n", start, end))).lines();
            assert!(lines[2].contains('^'), "{lines:?}");
        }
    }

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["max", "max-delay", "deadline"];
        assert_eq!(nearest("maxx", known), Some("max"));
        assert_eq!(nearest("max_delay", known), Some("max-delay"));
        assert_eq!(nearest("deadlien", known), Some("deadline"));
        assert_eq!(nearest("frobnicate", known), None);
        assert_eq!(nearest("grace", ["rate"]), None, "no false friends");
        assert_eq!(nearest("splay", ["delay"]), None);
        assert_eq!(nearest("1", ["a", "2", "12"]), None, "nothing of it is left");
        assert_eq!(meant("expo", &["exponential", "exp", "fixed"]), Some("exponential"));
        assert_eq!(meant("retyr", &["retry", "stop"]), Some("retry"));
        assert_eq!(meant("half", &["none", "full"]), None);
    }
}
