//! Finds one run in the same pass: the lines of all candidates are kept until it is known.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::line::Line;

/// The most lines of a run that are kept.
const MAX_RUN_LINES: usize = 100_000;
/// The most runs with the same prefix that are listed.
const MAX_RUNS: usize = 10;

/// The most runs that are held until it is known how they ended.
const MAX_HELD: usize = 10_000;

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that began last: ids sort by time.
    Last,
    /// The one whose id has this prefix.
    Prefix(String),
}

/// The result of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    One(String),
    None,
    /// Several ids have the prefix; some of them.
    Several(Vec<String>),
}

/// The lines kept so far.
#[derive(Debug)]
pub(super) struct Chosen {
    choice: Choice,
    runs: BTreeMap<String, Vec<Vec<u8>>>,
    /// Where the choice depends on ends: the runs whose end has not been seen, each with the moment of its last line.
    held: BTreeMap<String, (i64, Vec<Vec<u8>>)>,
}

impl Chosen {
    pub(super) fn new(choice: Choice) -> Self {
        Self { choice, runs: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// Takes a line of a run that may match the filter; `bytes` is the whole line.
    pub(super) fn take(&mut self, line: &Line<'_>, at: i64, bytes: &[u8], filter: &Filter) {
        if !filter.asks_for_ends() {
            return self.add(&line.run, [bytes.to_vec()]);
        }
        if self.runs.contains_key(&*line.run) {
            return self.add(&line.run, [bytes.to_vec()]);
        }
        let (last, lines) = self.held.entry(line.run.to_string()).or_default();
        *last = at.max(*last);
        if lines.len() < MAX_RUN_LINES {
            lines.push(bytes.to_vec());
        }
        if &*line.event == "run.stop" {
            let held = self.held.remove(&*line.run);
            let lines = held.filter(|_| filter.takes_end(at, line.ended())).map(|(_, lines)| lines);
            self.add(&line.run, lines.unwrap_or_default());
        } else if self.held.len() > MAX_HELD {
            self.held.pop_first();
        }
    }

    fn add(&mut self, run: &str, more: impl IntoIterator<Item = Vec<u8>>) {
        let mut more = more.into_iter().peekable();
        if more.peek().is_none() {
            return;
        }
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
        lines.extend(more.take(MAX_RUN_LINES - lines.len()));
    }

    /// Returns the lines of the run, if exactly one was found.
    pub(super) fn give(mut self, filter: &Filter, mut each: impl FnMut(&[u8])) -> Picked {
        for (run, (last, lines)) in std::mem::take(&mut self.held) {
            self.add(&run, Some(lines).filter(|_| filter.takes_open(last)).unwrap_or_default());
        }
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
