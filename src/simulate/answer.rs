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

/// The value of a parameter that variants differ in.
pub const VARIED: &str = "varied";

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// The answer: what a herd of clients does.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// 1.
    pub schema: u32,
    /// `server`, `occ`, `failures` or `collapse`.
    pub model: String,
    pub clients: u32,
    pub seed: u64,
    /// Runs of each variant.
    pub runs: u32,
    /// The scenario, by the names of options; `varied` where variants differ.
    pub model_parameters: BTreeMap<String, String>,
    /// A variant each, in the order of the comparison.
    pub results: Vec<VariantResult>,
    /// The map, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Map>,
    /// The values that were searched for, a variant each.
    pub found: Vec<Found>,
    /// The moment that was reached in the variant that was interrupted, in seconds; null where all were finished.
    pub stopped_at_s: Option<f64>,
    /// The outages, where all variants have the same: begin, end and what they are, in seconds.
    #[serde(skip)]
    pub outages: Vec<(f64, f64, String)>,
}

/// The scenario of all variants, by the names of options.
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
    /// The values that the comparison varied.
    pub variant: BTreeMap<String, String>,
    pub backoff: String,
    pub jitter: String,
    /// Shared limits, by the names of options; empty where nothing is shared.
    pub limits: BTreeMap<String, String>,
    pub operations: f64,
    /// Requests.
    pub calls: f64,
    /// Requests per operation.
    pub amplification: f64,
    pub succeeded: f64,
    pub gave_up: f64,
    /// Operations that were still tried at the horizon.
    pub unfinished: f64,
    /// When the first operation succeeded, and the last; null where none did.
    pub first_success_ms: Option<f64>,
    pub completion_ms: Option<f64>,
    /// Times within which that share of the operations was done, of those runs in which it was; null if in none.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// The most requests sent in a second, after the last outage where there is one, and when that was in the first run.
    pub peak_per_second: f64,
    pub peak_at_s: u64,
    /// The longest time that more was sent than the server can do, in seconds.
    pub overload_s: f64,
    /// The share of the runs that recovered, and from when on, in seconds after moment 0.
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
    /// Of the first run, the time within which each hundredth of the operations was done, in seconds.
    #[serde(skip)]
    pub done: Vec<Option<f64>>,
}

/// Standard deviations over the runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    pub calls: f64,
    /// Null where fewer than two runs have a last success.
    pub completion_ms: Option<f64>,
    pub gave_up: f64,
    pub peak_per_second: f64,
}

/// A wait after a failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Wait {
    pub attempt: u64,
    /// As the policy drew it.
    pub backoff_ms: f64,
    /// As it was slept.
    pub delay_ms: f64,
}

/// A step of time. Numbers are per second, and the queue is the longest.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// The begin of the step, in seconds.
    pub t: u64,
    pub offered: f64,
    pub served: f64,
    pub refused: f64,
    pub queue: u32,
}

/// Steps of a timeline at most.
const MAX_STEPS: usize = 600;

/// A run that is over, as far as an answer needs it. Only the first run of a variant keeps its course.
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

/// The mean; `None` of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then_some(sum / count)
}

/// The standard deviation of a sample; `None` of fewer than two.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let count = values.clone().fold(0.0, |count, _| count + 1.0);
    let middle = mean(values.clone())?;
    let squares = values.map(|value| (value - middle).powi(2)).sum::<f64>();
    (count > 1.0).then(|| (squares / (count - 1.0)).sqrt())
}

impl VariantResult {
    /// The result of a variant's runs, of which there is one at least.
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
