//! Selects the runs of a report. Values of one kind are alternatives; conditions of different kinds must all hold.

use super::line::Line;
use crate::event::Outcome;

/// No value means no condition.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The start of the window, in microseconds since the Unix epoch. A run belongs to the time at which it ended.
    pub since: Option<i64>,
    /// The end of the window, exclusive.
    pub until: Option<i64>,
    pub names: Vec<String>,
    pub keys: Vec<String>,
    pub hosts: Vec<String>,
    /// Name and value.
    pub labels: Vec<(String, String)>,
    /// `None` stands for runs whose end was not logged.
    pub outcomes: Vec<Option<Outcome>>,
}

impl Filter {
    /// Whether a run with such a line may be selected.
    pub(super) fn takes(&self, line: &Line<'_>) -> bool {
        let any =
            |globs: &[String], text: &str| globs.is_empty() || globs.iter().any(|glob| matches(glob, text));
        any(&self.names, &line.name)
            && any(&self.hosts, &line.host)
            && (self.keys.is_empty() || line.key.as_ref().is_some_and(|key| any(&self.keys, key)))
            && (self.labels.is_empty() || self.labels.iter().any(|label| has(line, label)))
    }

    /// Whether the selection depends on how runs end.
    pub(super) fn asks_for_ends(&self) -> bool {
        self.since.is_some() || self.until.is_some() || !self.outcomes.is_empty()
    }

    /// Whether the time is within the window.
    pub(super) fn spans(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// Whether a run that ended at this time and in this way is selected.
    pub(super) fn takes_end(&self, at: i64, outcome: Outcome) -> bool {
        self.spans(at) && (self.outcomes.is_empty() || self.outcomes.contains(&Some(outcome)))
    }

    /// Whether an unfinished run, last heard of at this time, is selected.
    pub(super) fn takes_open(&self, last: i64) -> bool {
        self.spans(last) && (self.outcomes.is_empty() || self.outcomes.contains(&None))
    }
}

fn has(line: &Line<'_>, (name, glob): &(String, String)) -> bool {
    line.labels.0.iter().any(|(label, value)| **label == **name && matches(glob, value))
}

/// Whether the whole text matches: `*` stands for any text, `?` for one byte.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stood, and how much of the text it has taken.
    let mut star = None;
    while seen < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                seen = taken + 1;
            }
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}
