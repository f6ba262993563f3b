//! Chooses one run in the same pass: the lines of all that may be it are kept until that is known.

use std::collections::BTreeMap;

/// Lines of a run that are kept.
const MAX_RUN_LINES: usize = 100_000;
/// Runs of the same prefix that are told of.
const MAX_RUNS: usize = 10;

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that began last: ids sort by time.
    Last,
    /// The one whose id begins so.
    Prefix(String),
}

/// The result of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    One(String),
    None,
    /// Several ids begin so: some of them.
    Several(Vec<String>),
}

/// The lines kept so far.
#[derive(Debug)]
pub(super) struct Chosen {
    choice: Choice,
    runs: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Chosen {
    pub(super) fn new(choice: Choice) -> Self {
        Self { choice, runs: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, run: &str, line: &[u8]) {
        match &self.choice {
            Choice::Last => {
                let newest = self.runs.last_key_value().map(|(id, _)| id.as_str());
                if newest.is_some_and(|newest| newest > run) {
                    return;
                }
                if newest.is_some_and(|newest| newest < run) {
                    self.runs.clear();
                }
            }
            Choice::Prefix(prefix) if !run.starts_with(prefix.as_str()) => return,
            Choice::Prefix(_) if self.runs.len() >= MAX_RUNS && !self.runs.contains_key(run) => return,
            Choice::Prefix(_) => {}
        }
        let lines = self.runs.entry(run.to_owned()).or_default();
        if lines.len() < MAX_RUN_LINES {
            lines.push(line.to_vec());
        }
    }

    /// Gives the lines of the run, if it is one.
    pub(super) fn give(self, mut each: impl FnMut(&[u8])) -> Picked {
        if self.runs.len() > 1 {
            return Picked::Several(self.runs.into_keys().collect());
        }
        let Some((run, lines)) = self.runs.into_iter().next() else { return Picked::None };
        for line in &lines {
            each(line);
        }
        Picked::One(run)
    }
}
