//! Prometheus counters of finished runs, in a file of the classic text format that is updated by each run.
//!
//! [`Metrics::read`] reads such a file, [`Metrics::add_latest`] counts a run, [`Metrics::render`] returns the new file. The
//! families are defined by the table in `family.rs`. Names and help texts never change, since series are lost silently if
//! two files have different help texts.

mod family;
mod labels;
mod number;
mod read;

pub use labels::exported;
pub use read::Unusable;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::event::{OUTCOMES, Outcome};
use family::{CLASSES, FAMILIES, Family, Kind, Samples};
use labels::Labels;

/// The most sets of labels in a file; further ones are counted under the operation `(other)`.
pub const MAX_SETS: usize = 500;

/// The first line of a file of metrics.
pub const MARKER: &str =
    "# Written by retry. Counters go on from run to run; delete this file to begin anew. Format 1.";

/// A finished run. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The operation's name.
    pub operation: &'a str,
    pub policy: &'a str,
    /// Further exported labels, see [`exported`].
    pub labels: &'a [(String, String)],
    pub outcome: Outcome,
    /// The run succeeded after a failure.
    pub rescued: bool,
    /// Attempts by class: success, transient, throttled, permanent.
    pub classes: [u64; CLASSES.len()],
    pub attempts: u64,
    pub waited: u64,
    pub elapsed: u64,
    /// As a shell would report it.
    pub status: u8,
    /// Since the Unix epoch.
    pub at: i64,
}

/// The counts of one set of labels: the numbers of each family, in the order of [`FAMILIES`] and of their samples.
/// `None`: not observed yet.
#[derive(Clone, Debug, PartialEq)]
struct Set(Vec<Vec<Option<u64>>>);

/// All families. In JSON it is the text of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Metrics {
    sets: BTreeMap<Labels, Set>,
    /// Lines of known families that a newer version has written, by family.
    carried: BTreeMap<usize, Vec<String>>,
    /// The lines of families that a newer version added.
    unknown: Vec<String>,
}

impl Metrics {
    /// Counts a run. The last run is the one that ended later. Returns whether it was counted as `(other)` for lack of room.
    pub fn add(&mut self, run: &Ended<'_>) -> bool {
        let is_latest = |set: &Set| {
            let last = (set.get(family::LAST_RUN), set.get(family::LAST_DURATION));
            last <= (Some(moment(run)), Some(run.elapsed))
        };
        self.count(run, is_latest, |last| last.max(Some(moment(run))))
    }

    /// Counts a run as the latest one, whatever the clock. Returns whether it was counted as `(other)`.
    pub fn add_latest(&mut self, run: &Ended<'_>) -> bool {
        self.count(run, |_| true, |_| Some(moment(run)))
    }

    fn count(
        &mut self,
        run: &Ended<'_>,
        is_latest: impl Fn(&Set) -> bool,
        last_success: impl Fn(Option<u64>) -> Option<u64>,
    ) -> bool {
        let mut key = Labels::new(run.operation, run.policy, run.labels);
        let is_other = self.sets.len() >= MAX_SETS && !self.sets.contains_key(&key);
        if is_other {
            key = key.other();
        }
        let set = self.sets.entry(key).or_default();
        let outcome = OUTCOMES.iter().position(|(outcome, _)| *outcome == run.outcome);
        set.increase(family::OPERATIONS, outcome.unwrap_or_default(), 1);
        set.increase(family::RESCUED, 0, run.rescued.into());
        for (class, count) in run.classes.iter().enumerate() {
            set.increase(family::ATTEMPTS, class, *count);
        }
        set.increase(family::WAITED, 0, run.waited);
        set.observe(family::DURATION, run.elapsed);
        set.observe(family::ATTEMPTS_PER_OPERATION, run.attempts);
        if is_latest(set) {
            set.put(family::LAST_RUN, moment(run));
            set.put(family::LAST_EXIT_CODE, run.status.into());
            set.put(family::LAST_ATTEMPTS, run.attempts);
            set.put(family::LAST_DURATION, run.elapsed);
        }
        if run.outcome == Outcome::Succeeded {
            let last = &mut set.0[family::LAST_SUCCESS][0];
            *last = last_success(*last);
        }
        is_other
    }

    /// The file.
    pub fn render(&self) -> String {
        let mut out = format!("{MARKER}\n");
        for (at, family) in FAMILIES.iter().enumerate() {
            let mut lines = String::new();
            for (labels, set) in &self.sets {
                family.render(&mut lines, labels, &set.0[at]);
            }
            for line in self.carried.get(&at).into_iter().flatten() {
                lines += line;
                lines.push('\n');
            }
            if !lines.is_empty() {
                let Family { name, kind, help, .. } = family;
                let _infallible = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {}", kind.word());
                out += &lines;
            }
        }
        for line in &self.unknown {
            out += line;
            out.push('\n');
        }
        out
    }
}

/// Microseconds since the Unix epoch; 0 for a clock before it.
fn moment(run: &Ended<'_>) -> u64 {
    u64::try_from(run.at).unwrap_or_default()
}

impl Default for Set {
    /// All counters start at zero, since the first increase of a series that starts at one would be invisible.
    fn default() -> Self {
        let begin = |family: &Family| if family.kind == Kind::Gauge { None } else { Some(0) };
        Set(FAMILIES.iter().map(|family| vec![begin(family); family.count()]).collect())
    }
}

impl Set {
    fn get(&self, family: usize) -> Option<u64> {
        self.0[family][0]
    }

    fn put(&mut self, family: usize, value: u64) {
        self.0[family][0] = Some(value);
    }

    fn increase(&mut self, family: usize, sample: usize, by: u64) {
        let number = self.0[family][sample].get_or_insert(0);
        *number = number.saturating_add(by);
    }

    /// Counts a value in a histogram.
    fn observe(&mut self, family: usize, value: u64) {
        let Samples::Histogram(bounds) = FAMILIES[family].samples else { return };
        for (at, bound) in bounds.iter().enumerate() {
            let is_within = FAMILIES[family].unit.read(bound).is_none_or(|bound| value <= bound);
            self.increase(family, at, is_within.into());
        }
        self.increase(family, bounds.len(), value);
        self.increase(family, bounds.len() + 1, 1);
    }
}

impl From<Metrics> for String {
    fn from(metrics: Metrics) -> Self {
        metrics.render()
    }
}

impl TryFrom<String> for Metrics {
    type Error = Unusable;

    fn try_from(text: String) -> Result<Self, Unusable> {
        Self::read(text.as_bytes())
    }
}

#[cfg(test)]
mod tests;
