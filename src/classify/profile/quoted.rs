//! The line of output by which a profile's rule was recognised.

use super::Rule;
use crate::classify::evidence::{Evidence, Scope};

/// The longest line that is quoted, in bytes.
const LONGEST: usize = 512;

/// The first line that the rule matches, as it was normalised; `None` where the rule reads no output.
pub(super) fn line(rule: &Rule, evidence: &Evidence<'_>) -> Option<String> {
    let mut conditions = rule.texts.iter();
    let bytes = conditions.find_map(|condition| {
        let mut texts = evidence.texts_of(condition.channel, Scope::Any);
        texts.find_map(|text| {
            let spans =
                condition.patterns.iter().filter_map(|pattern| pattern.spans(text).into_iter().next());
            let first = spans.min_by_key(|span| span.start)?;
            Some(&text.plain[text.line_start(first.start)..text.line_end(first.end)])
        })
    })?;
    let mut line = String::from_utf8_lossy(bytes).replace('\n', " ");
    line.truncate(line.floor_char_boundary(LONGEST));
    Some(line).filter(|line| !line.trim().is_empty())
}
