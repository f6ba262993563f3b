//! The families: their names, kinds, help texts, and samples for a set of labels.

use std::fmt::Write as _;

use super::labels::Labels;
use super::number::Unit;

/// A family. Its name and its help text never change.
pub(super) struct Family {
    pub name: &'static str,
    pub kind: Kind,
    pub help: &'static str,
    /// Of its values.
    pub unit: Unit,
    pub samples: Samples,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// The samples of a set of labels.
#[derive(Clone, Copy)]
pub(super) enum Samples {
    One,
    /// A sample for each value of a label.
    By(&'static str, &'static [&'static str]),
    /// A sample for each upper bound, the last of which is none; then the sum, and the count.
    Histogram(&'static [&'static str]),
}

/// The places of the families in [`FAMILIES`].
pub(super) const OPERATIONS: usize = 0;
pub(super) const RESCUED: usize = 1;
pub(super) const ATTEMPTS: usize = 2;
pub(super) const WAITED: usize = 3;
pub(super) const DURATION: usize = 4;
pub(super) const ATTEMPTS_PER_OPERATION: usize = 5;
pub(super) const LAST_RUN: usize = 6;
pub(super) const LAST_SUCCESS: usize = 7;
pub(super) const LAST_EXIT_CODE: usize = 8;
pub(super) const LAST_ATTEMPTS: usize = 9;
pub(super) const LAST_DURATION: usize = 10;

/// The classes of attempts.
pub(super) const CLASSES: [&str; 4] = ["success", "transient", "throttled", "permanent"];

/// The words of the outcomes, in the order of [`crate::event::OUTCOMES`].
const OUTCOMES: [&str; crate::event::OUTCOMES.len()] = {
    let mut words = [""; crate::event::OUTCOMES.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = crate::event::OUTCOMES[at].1;
        at += 1;
    }
    words
};

const SECONDS: [&str; 15] =
    ["0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "120", "300", "600", "1800", "3600", "+Inf"];
const COUNTS: [&str; 9] = ["1", "2", "3", "4", "5", "8", "13", "21", "+Inf"];

const fn family(name: &'static str, kind: Kind, unit: Unit, samples: Samples, help: &'static str) -> Family {
    Family { name, kind, help, unit, samples }
}

pub(super) const FAMILIES: [Family; 11] = {
    use Kind::{Counter, Gauge, Histogram};
    use Samples::{By, One};
    use Unit::{Seconds, Whole};
    [
        family(
            "retry_operations_total",
            Counter,
            Whole,
            By("outcome", &OUTCOMES),
            "Finished runs of retry, by outcome.",
        ),
        family(
            "retry_rescued_operations_total",
            Counter,
            Whole,
            One,
            "Runs that succeeded after a failed attempt.",
        ),
        family("retry_attempts_total", Counter, Whole, By("class", &CLASSES), "Attempts, by class."),
        family("retry_waited_seconds_total", Counter, Seconds, One, "Time spent waiting between attempts."),
        family(
            "retry_duration_seconds",
            Histogram,
            Seconds,
            Samples::Histogram(&SECONDS),
            "Duration of runs, attempts and waits.",
        ),
        family(
            "retry_attempts_per_operation",
            Histogram,
            Whole,
            Samples::Histogram(&COUNTS),
            "Attempts per run.",
        ),
        family("retry_last_run_timestamp_seconds", Gauge, Seconds, One, "When the last run ended."),
        family(
            "retry_last_success_timestamp_seconds",
            Gauge,
            Seconds,
            One,
            "When the last successful run ended.",
        ),
        family("retry_last_exit_code", Gauge, Whole, One, "The exit status of the last run."),
        family("retry_last_attempts", Gauge, Whole, One, "Attempts of the last run."),
        family("retry_last_duration_seconds", Gauge, Seconds, One, "Duration of the last run."),
    ]
};

impl Family {
    /// The number of samples of a set of labels.
    pub(super) fn count(&self) -> usize {
        match self.samples {
            Samples::One => 1,
            Samples::By(_, values) => values.len(),
            Samples::Histogram(bounds) => bounds.len() + 2,
        }
    }

    /// The unit of a sample: buckets and counts of a histogram are plain numbers, whatever the unit of its values.
    pub(super) fn unit_of(&self, at: usize) -> Unit {
        match self.samples {
            Samples::Histogram(bounds) if at != bounds.len() => Unit::Whole,
            _ => self.unit,
        }
    }

    /// The ending of a sample's name, and the label that only it has.
    fn sample(&self, at: usize) -> (&'static str, Option<(&'static str, &'static str)>) {
        match self.samples {
            Samples::One => ("", None),
            Samples::By(label, values) => ("", Some((label, values[at]))),
            Samples::Histogram(bounds) if at < bounds.len() => ("_bucket", Some(("le", bounds[at]))),
            Samples::Histogram(bounds) if at == bounds.len() => ("_sum", None),
            Samples::Histogram(_) => ("_count", None),
        }
    }

    /// The index of the sample with this name and these labels. Removes the label that only this sample has.
    pub(super) fn place(&self, name: &str, labels: &mut Vec<(String, String)>) -> Option<usize> {
        let suffix = name.strip_prefix(self.name)?;
        let is_ours = |(label, value): (&str, &str)| {
            labels.iter().position(|(other, text)| other == label && text == value)
        };
        let (at, own) = (0..self.count()).find_map(|at| match self.sample(at) {
            (end, None) if end == suffix => Some((at, None)),
            (end, Some(label)) if end == suffix => Some((at, Some(is_ours(label)?))),
            _ => None,
        })?;
        if let Some(own) = own {
            labels.remove(own);
        }
        Some(at)
    }

    /// Whether a sample of this name belongs to the family.
    pub(super) fn has(&self, name: &str) -> bool {
        let ends: &[&str] = if self.kind == Kind::Histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        name.strip_prefix(self.name).is_some_and(|end| ends.contains(&end))
    }

    /// Adds the lines of a set of labels.
    pub(super) fn render(&self, out: &mut String, labels: &Labels, numbers: &[Option<u64>]) {
        for (at, number) in numbers.iter().enumerate() {
            let Some(number) = number else { continue };
            let (suffix, label) = self.sample(at);
            let own = label.map(|(name, value)| format!(",{name}=\"{value}\"")).unwrap_or_default();
            let value = self.unit_of(at).write(*number);
            let _infallible = writeln!(out, "{}{suffix}{{{labels}{own}}} {value}", self.name);
        }
    }
}
