//! The lines in which patterns matched, as messages quote them.
//!
//! Of a line that was overwritten by carriage returns, the stretch in which the match ended is quoted: what the terminal
//! showed as a line. A stretch is known as a whole only when it ends, maybe some chunks after the match.

use memchr::{memchr, memrchr};

/// How much of a line is quoted, in bytes.
pub(super) const LIMIT: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Quotes {
    /// By pattern.
    lines: Vec<Option<String>>,
    /// The patterns that matched in the stretch that goes on.
    open: Vec<usize>,
    /// The beginning of the stretch that goes on, without the chunk at hand: at most a byte more than is quoted.
    head: Vec<u8>,
}

impl Quotes {
    pub(super) fn new(patterns: usize) -> Self {
        Self { lines: vec![None; patterns], ..Self::default() }
    }

    pub(super) fn line(&self, pattern: usize) -> Option<&str> {
        self.lines.get(pattern)?.as_deref()
    }

    /// Whether a quoted stretch still goes on.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// A pattern's match ended before `text[end]`. `whole` says that the line ends with `text`.
    pub(super) fn matched(&mut self, pattern: usize, text: &[u8], end: usize, whole: bool) {
        let start = memrchr(b'\r', &text[..end]).map(|at| at + 1);
        let stop = memchr(b'\r', &text[end..]).map(|at| end + at);
        if stop.is_none() && !whole {
            self.open.push(pattern);
            return;
        }
        let head = if start.is_none() { &self.head[..] } else { &[] };
        let text = &text[start.unwrap_or(0)..stop.unwrap_or(text.len())];
        self.lines[pattern] = Some(quoted(head, text));
    }

    /// Before the matches in `text` are told.
    pub(super) fn before(&mut self, text: &[u8]) {
        if self.is_open()
            && let Some(at) = memchr(b'\r', text)
        {
            self.settle(&text[..at]);
        }
    }

    /// After them.
    pub(super) fn after(&mut self, text: &[u8]) {
        let start = memrchr(b'\r', text).map(|at| at + 1);
        if start.is_some() {
            self.head.clear();
        }
        let text = &text[start.unwrap_or(0)..];
        let room = (LIMIT + 1).saturating_sub(self.head.len());
        self.head.extend_from_slice(&text[..room.min(text.len())]);
        if self.head.len() > LIMIT {
            self.settle(&[]);
        }
    }

    /// A carriage return, or the end of the line.
    pub(super) fn end(&mut self) {
        self.settle(&[]);
        self.head.clear();
    }

    /// Gives the open ones their line: what is known of it, and `text`.
    fn settle(&mut self, text: &[u8]) {
        for pattern in std::mem::take(&mut self.open) {
            self.lines[pattern] = Some(quoted(&self.head, text));
        }
    }
}

/// Fit for a terminal: without colours, other control characters replaced.
fn quoted(head: &[u8], text: &[u8]) -> String {
    let rest = (LIMIT + 1).saturating_sub(head.len()).min(text.len());
    let bytes = [head, &text[..rest]].concat();
    let cut = bytes.len() > LIMIT;
    let bytes = &bytes[..bytes.len().min(LIMIT)];
    let decoded = String::from_utf8_lossy(bytes);
    // A character that the limit cut in two.
    let decoded = if cut { decoded.trim_end_matches('\u{fffd}') } else { &decoded };
    let mut line = String::with_capacity(decoded.len() + 3);
    let mut rest = decoded;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if let Some(sequence) = rest.strip_prefix('[').filter(|_| c == '\x1b') {
            let end =
                sequence.find(|c: char| ('\x40'..='\x7e').contains(&c)).map_or(sequence.len(), |at| at + 1);
            rest = &sequence[end..];
        } else {
            line.push(if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            });
        }
    }
    let mut line = line.trim().to_owned();
    if cut {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, quoted};

    #[test]
    fn what_is_quoted_is_fit_for_a_terminal() {
        let long = "é".repeat(LIMIT);
        let shortened = format!("{}…", "é".repeat(LIMIT / 2));
        let odd = format!("x{long}");
        let odd_shortened = format!("x{}…", "é".repeat(LIMIT / 2 - 1));
        for (text, line) in [
            ("plain", "plain"),
            ("\x1b[1;31merror\x1b[0m: no", "error: no"),
            ("\x1b[31", ""),
            ("a\tb\0c\x07\u{9b}31m", "a b\u{fffd}c\u{fffd}\u{fffd}31m"),
            ("  indented ", "indented"),
            (long.as_str(), shortened.as_str()),
            (odd.as_str(), odd_shortened.as_str()),
        ] {
            for at in 0..text.len().min(LIMIT) {
                let (head, rest) = text.as_bytes().split_at(at);
                assert_eq!(quoted(head, rest), line, "{text:?} at {at}");
            }
        }
        assert_eq!(quoted(b"", b"\xff\xfe!"), "\u{fffd}\u{fffd}!");
    }
}
