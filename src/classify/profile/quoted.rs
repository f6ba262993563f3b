//! The line of output by which a profile's rule was recognised.

use memchr::memmem;

use super::Rule;
use crate::classify::evidence::{Evidence, Scope};
use crate::classify::http;
use crate::classify::normalise::Text;

/// The longest line that is quoted, in bytes.
const MAX_LINE_BYTES: usize = 512;

/// The first line that the rule matches, or the line with the HTTP status that it asks for, after normalisation; `None` if
/// the rule reads no output.
pub(super) fn line(rule: &Rule, evidence: &Evidence<'_>) -> Option<String> {
    let of_texts = rule.texts.iter().find_map(|condition| {
        let mut texts = evidence.texts_of(condition.channel, Scope::Any);
        texts.find_map(|text| {
            let spans =
                condition.patterns.iter().filter_map(|pattern| pattern.spans(text).into_iter().next());
            let first = spans.min_by_key(|span| span.start)?;
            Some(&text.plain[text.line_start(first.start)..text.line_end(first.end)])
        })
    });
    let bytes = of_texts.or_else(|| rule.http.is_some().then(|| of_status(evidence)).flatten())?;
    let mut line = String::from_utf8_lossy(bytes).replace('\n', " ");
    line.truncate(line.floor_char_boundary(MAX_LINE_BYTES));
    Some(line).filter(|line| !line.trim().is_empty())
}

/// The last line that contains the HTTP status.
fn of_status<'e>(evidence: &'e Evidence<'_>) -> Option<&'e [u8]> {
    let status = evidence.http_status()?;
    let digits = status.to_string();
    evidence.texts().find_map(|text| {
        let mut lines = text.plain.split(|byte| *byte == b'\n').rev();
        lines.find(|line| {
            memmem::find(line, digits.as_bytes()).is_some()
                && http::last_status(&Text::new(line)) == Some(status)
        })
    })
}
