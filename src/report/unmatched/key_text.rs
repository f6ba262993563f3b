//! Finds the line of a failure's output that says what happened.

use crate::report::text::child_text;

/// The number of lines at the end of a tail that are inspected.
const MAX_LINES: usize = 50;
/// The longest key text, in bytes.
const MAX_BYTES: usize = 512;
/// The separator between the first and the last telling line.
pub(in crate::report) const GAP: &str = " … ";

/// Words that mark a line as a failure, anywhere in it.
const STRONG: [&str; 19] = [
    "error",
    "fatal",
    "fail",
    "unable",
    "cannot",
    "could not",
    "denied",
    "refused",
    "timed out",
    "timeout",
    "time out",
    "unreachable",
    "invalid",
    "not found",
    "no such",
    "exceeded",
    "unavailable",
    "too many",
    "forbidden",
];
/// Marks of a failure at the start of a word.
const STRONG_WORDS: [&str; 5] = ["reset", "limit", "quota", "lock", "conflict"];

/// The text by which a failure is identified: the first line that reports one, followed by the last such line if that is a
/// different one. If there is none, the last line. `None` if nothing was written.
pub(in crate::report) fn key_text(tail: &str) -> Option<String> {
    let plain: Vec<String> = tail.lines().map(clean).filter(|line| says_something(line)).collect();
    let last = &plain[plain.len().saturating_sub(MAX_LINES)..];
    let mut strong = last.iter().filter(|line| is_strong(line));
    let mut text = match (strong.next(), strong.next_back()) {
        (Some(first), Some(last)) if first != last => format!("{first}{GAP}{last}"),
        (Some(first), _) => first.clone(),
        (None, _) => last.last()?.clone(),
    };
    text.truncate(text.floor_char_boundary(MAX_BYTES));
    Some(text)
}

/// The line without colours; of a line that was overwritten, only the final text.
fn clean(line: &str) -> String {
    let seen = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut out = String::with_capacity(seen.len());
    let mut chars = seen.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
            }
        } else {
            out.push(c);
        }
    }
    child_text(out.trim())
}

/// Neither blank nor advice, a stack frame or progress.
fn says_something(line: &str) -> bool {
    let lower = line.to_lowercase();
    let advice =
        ["usage:", "help:", "hint:", "note:", "= note:", "= help:", "try '", "see '", "for more information"];
    let frame = ["at ", "file \"", "goroutine ", "caused by: at ", "traceback ("];
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let is_progress = lower.contains('%') && !is_strong(&lower);
    line.chars().any(char::is_alphanumeric) && !starts(&advice) && !starts(&frame) && !is_progress
}

pub(in crate::report) fn is_strong(line: &str) -> bool {
    let lower = line.to_lowercase();
    let begins = |word: &str| STRONG_WORDS.iter().any(|strong| word.starts_with(strong));
    STRONG.iter().any(|word| lower.contains(word))
        || lower.split(|c: char| !c.is_alphanumeric()).any(begins)
        || line.split_whitespace().any(|word| word == "E:" || word.starts_with("ERR"))
}
