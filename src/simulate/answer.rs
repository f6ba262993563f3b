//! The answer of `retry simulate`, as `--format json` prints it and every other format shows it. Fields are only ever added;
//! the schema (`retry generate simulate-schema`) is made of these types. Numbers are means over the runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::map::Map;
use super::record::{Record, Second};
use super::scenario::Scenario;
use super::search::Found;
use super::summary::Summary;
use super::variant::Variant;
use super::verdict;

/// Stands for the value of a parameter in which the variants differ.
pub const VARIED: &str = "varied";

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// The result of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// The version of this format, 1.
    pub schema: u32,
    /// `server`, `occ`, `failures` or `collapse`.
    pub model: String,
    pub clients: u32,
    pub seed: u64,
    /// The number of runs per variant.
    pub runs: u32,
    /// The scenario, keyed by option names; `varied` where the variants differ.
    pub model_parameters: BTreeMap<String, String>,
    /// One entry per variant, in the order of the comparison.
    pub results: Vec<VariantResult>,
    /// The map; only with `--sweep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Map>,
    /// The limits found by `--find`, one per variant.
    pub found: Vec<Found>,
    /// If the simulation was interrupted: the time reached in the unfinished variant, in seconds; else null.
    pub stopped_at_s: Option<f64>,
    /// The outages, if all variants have the same: begin and end in seconds, and the kind.
    #[serde(skip)]
    pub outages: Vec<(f64, f64, String)>,
}

/// The scenario of all variants, keyed by option names.
pub fn parameters_of(variants: &[Variant]) -> BTreeMap<String, String> {
    let mut all = variants.first().map(Variant::parameters).unwrap_or_default();
    for variant in variants.iter().skip(1) {
        let own = variant.parameters();
        for (name, value) in &mut all {
            if own.get(name) != Some(value) {
                VARIED.clone_into(value);
            }
        }
    }
    all
}

/// The result of one policy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VariantResult {
    /// The values of the compared parameters.
    pub variant: BTreeMap<String, String>,
    pub backoff: String,
    pub jitter: String,
    /// Shared limits, keyed by option names; empty if nothing is shared.
    pub limits: BTreeMap<String, String>,
    pub operations: f64,
    /// The number of requests.
    pub calls: f64,
    /// Requests per operation.
    pub amplification: f64,
    pub succeeded: f64,
    pub gave_up: f64,
    /// Operations still being retried at the horizon.
    pub unfinished: f64,
    /// When the first and the last operation succeeded; null if none did.
    pub first_success_ms: Option<f64>,
    pub completion_ms: Option<f64>,
    /// Times within which this share of the operations succeeded, over the runs in which it did; null if in none.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// The most requests sent in a second, after the last outage if there is one, and when that was in the first run.
    pub peak_per_second: f64,
    pub peak_at_s: u64,
    /// The longest period in which more requests were sent than the server can serve, in seconds.
    pub overload_s: f64,
    /// The share of the runs that recovered, and when they did, in seconds after moment 0.
    pub recovered: f64,
    pub recovered_at_s: Option<f64>,
    pub runs_sd: Spread,
    pub verdict: String,
    /// The waits of the first client's first operation in the first run: those of `retry` with the same seed.
    pub waits: Vec<Wait>,
    /// The first run over time, in steps of a second or more, at most 600 of them.
    pub timeline: Vec<Step>,
    #[serde(skip)]
    pub summaries: Vec<Summary>,
    /// For the first run, the times within which each hundredth of the operations succeeded, in seconds.
    #[serde(skip)]
    pub done: Vec<Option<f64>>,
}

/// Standard deviations over the runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    pub calls: f64,
    /// Null if fewer than two runs have a last success.
    pub completion_ms: Option<f64>,
    pub gave_up: f64,
    pub peak_per_second: f64,
}

/// A wait after a failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Wait {
    pub attempt: u64,
    /// The wait drawn by the policy.
    pub backoff_ms: f64,
    /// The actual wait.
    pub delay_ms: f64,
}

/// One step of a timeline. Numbers are per second; the queue is its maximum length.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// The start of the step, in seconds.
    pub t: u64,
    pub offered: f64,
    pub served: f64,
    pub refused: f64,
    pub queue: u32,
}

/// The most steps of a timeline.
const MAX_STEPS: usize = 600;

/// The parts of a finished run that the result needs. Only the first run of a variant keeps its timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub summary: Summary,
    pub timeline: Vec<Step>,
    pub waits: Vec<Wait>,
    pub done: Vec<Option<f64>>,
}

impl Run {
    pub fn new(record: &Record, scenario: &Scenario, is_first: bool) -> Self {
        let summary = Summary::new(record, scenario);
        if !is_first {
            return Self { summary, ..Self::default() };
        }
        let waits = record.waits.iter().map(|wait| Wait {
            attempt: wait.attempt,
            backoff_ms: wait.backoff_ms,
            delay_ms: wait.delay_ms,
        });
        #[expect(clippy::cast_precision_loss, reason = "a drawing")]
        let done = (1..=100)
            .map(|hundredth| record.quantile(f64::from(hundredth) / 100.0).map(|time| time as f64 / 1e9));
        Self { summary, timeline: timeline(&record.seconds), waits: waits.collect(), done: done.collect() }
    }
}

/// Seconds as steps of equal length.
#[expect(clippy::cast_precision_loss, reason = "rates")]
fn timeline(seconds: &[Second]) -> Vec<Step> {
    let length = seconds.len().div_ceil(MAX_STEPS).max(1);
    let step = |(place, part): (usize, &[Second])| {
        let rate = |of: fn(&Second) -> u32| {
            part.iter().map(|second| f64::from(of(second))).sum::<f64>() / part.len() as f64
        };
        Step {
            t: (place * length) as u64,
            offered: rate(|second| second.offered),
            served: rate(|second| second.served),
            refused: rate(|second| second.refused),
            queue: part.iter().map(|second| second.queue).max().unwrap_or_default(),
        }
    };
    seconds.chunks(length).enumerate().map(step).collect()
}

/// The mean; `None` if there are no values.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then_some(sum / count)
}

/// The standard deviation of a sample; `None` for fewer than two values.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let count = values.clone().fold(0.0, |count, _| count + 1.0);
    let middle = mean(values.clone())?;
    let squares = values.map(|value| (value - middle).powi(2)).sum::<f64>();
    (count > 1.0).then(|| (squares / (count - 1.0)).sqrt())
}

impl VariantResult {
    /// The result of a variant's runs, of which there is at least one.
    #[expect(clippy::cast_precision_loss, reason = "means")]
    pub fn new(variant: &Variant, runs: Vec<Run>) -> Self {
        let (mut timeline, mut waits, mut done) = (Vec::new(), Vec::new(), Vec::new());
        let mut summaries = Vec::with_capacity(runs.len());
        for run in runs {
            if summaries.is_empty() {
                (timeline, waits, done) = (run.timeline, run.waits, run.done);
            }
            summaries.push(run.summary);
        }
        let of = |number: fn(&Summary) -> f64| mean(summaries.iter().map(number)).unwrap_or_default();
        let ms = |time: &dyn Fn(&Summary) -> Option<f64>| {
            mean(summaries.iter().filter_map(time)).map(|seconds| seconds * 1000.0)
        };
        let sd = |number: fn(&Summary) -> f64| deviation(summaries.iter().map(number)).unwrap_or_default();
        let last = summaries.iter().filter_map(|run| run.last).map(|seconds| seconds * 1000.0);
        Self {
            variant: variant.varied.iter().cloned().collect(),
            backoff: variant.setting("backoff"),
            jitter: variant.setting("jitter"),
            limits: variant.limits(),
            operations: of(|run| run.operations as f64),
            calls: of(|run| run.calls as f64),
            amplification: of(|run| run.amplification),
            succeeded: of(|run| run.succeeded as f64),
            gave_up: of(|run| run.lost as f64),
            unfinished: of(|run| run.unfinished as f64),
            first_success_ms: ms(&|run| run.first),
            completion_ms: ms(&|run| run.last),
            p50_ms: ms(&|run| run.quantiles[0]),
            p95_ms: ms(&|run| run.quantiles[1]),
            p99_ms: ms(&|run| run.quantiles[2]),
            peak_per_second: of(|run| f64::from(run.peak)),
            peak_at_s: summaries.first().map_or(0, |run| run.peak_at),
            overload_s: of(|run| run.overload as f64),
            recovered: of(|run| f64::from(u8::from(run.recovered_at.is_some()))),
            recovered_at_s: mean(summaries.iter().filter_map(|run| run.recovered_at).map(|at| at as f64)),
            runs_sd: Spread {
                calls: sd(|run| run.calls as f64),
                completion_ms: deviation(last),
                gave_up: sd(|run| run.lost as f64),
                peak_per_second: sd(|run| f64::from(run.peak)),
            },
            verdict: verdict::verdict(variant, &summaries),
            waits,
            timeline,
            summaries,
            done,
        }
    }
}
