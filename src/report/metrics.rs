//! Runs that ended, as Prometheus counts them: the classic text format, families and help texts that never change. Two files
//! whose help texts differ lose series silently.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::names::OTHER;
use super::stats::OUTCOMES;
use super::time;
use crate::event::Outcome;

/// Sets of labels in a file; further ones are counted under [`OTHER`].
const MOST_SETS: usize = 500;
/// The longest value of a label, in bytes.
const LONGEST_VALUE: usize = 200;
/// The classes of attempts.
const CLASSES: [&str; 4] = ["success", "transient", "throttled", "permanent"];
/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 14] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
/// Upper bounds of attempts.
const ATTEMPTS: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 13.0, 21.0];

/// The first line of a file of metrics.
pub const MARKER: &str =
    "# Written by retry. Counters go on from run to run; delete this file to begin anew. Format 1.";

/// A run that ended. Times are microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Its name.
    pub operation: &'a str,
    pub policy: &'a str,
    pub outcome: Outcome,
    /// It succeeded after a failure.
    pub rescued: bool,
    /// Attempts by class: success, transient, throttled, permanent.
    pub classes: [u64; 4],
    pub attempts: u64,
    pub waited: u64,
    pub elapsed: u64,
    /// As a shell would report it.
    pub status: u8,
    /// Since the Unix epoch.
    pub at: i64,
}

/// How many values are at most so large, for each bound and without one; and their sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, value: f64, bounds: &[f64]) {
        self.counts.resize(bounds.len(), 0);
        for (count, bound) in self.counts.iter_mut().zip(bounds) {
            *count += u64::from(value <= *bound);
        }
        self.count += 1;
        self.sum += value;
    }
}

/// The last run of a set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Last {
    at: i64,
    status: u8,
    attempts: u64,
    elapsed: u64,
}

/// What is counted of one operation under one policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Set {
    outcomes: [u64; 9],
    rescued: u64,
    classes: [u64; 4],
    waited: u64,
    elapsed: u64,
    durations: Histogram,
    attempts: Histogram,
    last: Option<Last>,
    last_success: Option<i64>,
}

/// All families. In a checkpoint it is a list of operation, policy and what is counted of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, String, Set)>", into = "Vec<(String, String, Set)>")]
pub struct Metrics {
    /// By operation and policy.
    sets: BTreeMap<(String, String), Set>,
}

impl From<Vec<(String, String, Set)>> for Metrics {
    fn from(rows: Vec<(String, String, Set)>) -> Self {
        Self { sets: rows.into_iter().map(|(operation, policy, set)| ((operation, policy), set)).collect() }
    }
}

impl From<Metrics> for Vec<(String, String, Set)> {
    fn from(metrics: Metrics) -> Self {
        metrics.sets.into_iter().map(|((operation, policy), set)| (operation, policy, set)).collect()
    }
}

impl Metrics {
    /// Counts a run.
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a run are far below 2^52")]
    pub fn add(&mut self, run: &Ended<'_>) {
        let mut key = (run.operation.to_owned(), run.policy.to_owned());
        if self.sets.len() >= MOST_SETS && !self.sets.contains_key(&key) {
            key = (OTHER.to_owned(), run.policy.to_owned());
        }
        let set = self.sets.entry(key).or_default();
        let outcome = OUTCOMES.iter().position(|(outcome, _)| *outcome == run.outcome).unwrap_or_default();
        set.outcomes[outcome] += 1;
        set.rescued += u64::from(run.rescued);
        for (sum, count) in set.classes.iter_mut().zip(run.classes) {
            *sum += count;
        }
        set.waited += run.waited;
        set.elapsed += run.elapsed;
        set.durations.add(run.elapsed as f64 / 1e6, &SECONDS);
        set.attempts.add(run.attempts as f64, &ATTEMPTS);
        if set.last.is_none_or(|last| (last.at, last.elapsed) <= (run.at, run.elapsed)) {
            set.last =
                Some(Last { at: run.at, status: run.status, attempts: run.attempts, elapsed: run.elapsed });
        }
        if run.outcome == Outcome::Succeeded {
            set.last_success = set.last_success.max(Some(run.at));
        }
    }

    /// The file.
    #[expect(clippy::cast_precision_loss, reason = "microseconds are below 2^53 for 285 years")]
    pub fn render(&self) -> String {
        let mut out = format!("{MARKER}\n");
        let seconds = |micros: u64| (micros as f64 / 1e6).to_string();
        let moment = |at: i64| (at as f64 / time::SECOND as f64).to_string();
        self.family(
            &mut out,
            "operations_total",
            "counter",
            "Runs of retry that ended, by how they ended.",
            |set| {
                let of = |(_, name): &(Outcome, &str), count: u64| {
                    (format!("outcome=\"{name}\""), count.to_string())
                };
                OUTCOMES.iter().zip(set.outcomes).map(|(outcome, count)| of(outcome, count)).collect()
            },
        );
        self.one(
            &mut out,
            "rescued_operations_total",
            "counter",
            "Runs that succeeded after a failed attempt.",
            |set| Some(set.rescued.to_string()),
        );
        self.family(&mut out, "attempts_total", "counter", "Attempts, by what they were judged as.", |set| {
            let of = |(class, count): (&&str, u64)| (format!("class=\"{class}\""), count.to_string());
            CLASSES.iter().zip(set.classes).map(of).collect()
        });
        self.one(&mut out, "waited_seconds_total", "counter", "Time waited between attempts.", |set| {
            Some(seconds(set.waited))
        });
        self.histogram(
            &mut out,
            "duration_seconds",
            "Time that runs took, attempts and waits.",
            &SECONDS,
            |set| (&set.durations, seconds(set.elapsed)),
        );
        self.histogram(&mut out, "attempts_per_operation", "Attempts that runs took.", &ATTEMPTS, |set| {
            (&set.attempts, set.attempts.sum.to_string())
        });
        self.one(&mut out, "last_run_timestamp_seconds", "gauge", "When the last run ended.", |set| {
            set.last.map(|last| moment(last.at))
        });
        self.one(
            &mut out,
            "last_success_timestamp_seconds",
            "gauge",
            "When the last run that succeeded ended.",
            |set| set.last_success.map(moment),
        );
        self.one(&mut out, "last_exit_code", "gauge", "The exit status of the last run.", |set| {
            set.last.map(|last| last.status.to_string())
        });
        self.one(&mut out, "last_attempts", "gauge", "Attempts of the last run.", |set| {
            set.last.map(|last| last.attempts.to_string())
        });
        self.one(&mut out, "last_duration_seconds", "gauge", "Time that the last run took.", |set| {
            set.last.map(|last| seconds(last.elapsed))
        });
        out
    }

    fn family(
        &self,
        out: &mut String,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl Fn(&Set) -> Vec<(String, String)>,
    ) {
        let mut lines = String::new();
        for (key, set) in &self.sets {
            for (label, value) in samples(set) {
                let comma = if label.is_empty() { "" } else { "," };
                let _infallible = writeln!(lines, "retry_{name}{{{}{comma}{label}}} {value}", labels(key));
            }
        }
        if !lines.is_empty() {
            let _infallible = writeln!(out, "# HELP retry_{name} {help}\n# TYPE retry_{name} {kind}");
            out.push_str(&lines);
        }
    }

    fn one(
        &self,
        out: &mut String,
        name: &str,
        kind: &str,
        help: &str,
        value: impl Fn(&Set) -> Option<String>,
    ) {
        self.family(out, name, kind, help, |set| {
            value(set).map(|value| (String::new(), value)).into_iter().collect()
        });
    }

    fn histogram(
        &self,
        out: &mut String,
        name: &str,
        help: &str,
        bounds: &[f64],
        of: impl Fn(&Set) -> (&Histogram, String),
    ) {
        if self.sets.is_empty() {
            return;
        }
        let _infallible = writeln!(out, "# HELP retry_{name} {help}\n# TYPE retry_{name} histogram");
        for (key, set) in &self.sets {
            let (histogram, sum) = of(set);
            let labels = labels(key);
            for (bound, count) in bounds.iter().zip(&histogram.counts) {
                let _infallible = writeln!(out, "retry_{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let count = histogram.count;
            let _infallible = write!(
                out,
                "retry_{name}_bucket{{{labels},le=\"+Inf\"}} {count}\nretry_{name}_sum{{{labels}}} {sum}\nretry_{name}_count{{{labels}}} {count}\n"
            );
        }
    }
}

fn labels((operation, policy): &(String, String)) -> String {
    format!("operation=\"{}\",policy=\"{}\"", escaped(operation), escaped(policy))
}

/// The value of a label.
fn escaped(value: &str) -> String {
    let value = &value[..value.floor_char_boundary(LONGEST_VALUE)];
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
