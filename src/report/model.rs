//! The report itself, as `--format json` prints it and every other format shows it. Fields are only ever added; the schema
//! (`retry generate report-schema`) is made of these types. Times are milliseconds, shares are between 0 and 1.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// The summary of one or more logs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this format, 1.
    pub schema: u32,
    pub window: Window,
    /// The number of runs that ended.
    pub runs: u64,
    pub succeeded: u64,
    /// Succeeded without a failure.
    pub first_try: u64,
    /// Succeeded after a failure.
    pub rescued: u64,
    pub failed: u64,
    /// Runs without an end in the log: killed, or still running. They are counted only here.
    pub unfinished: u64,
    /// The share of the runs that succeeded; null if there are no runs.
    pub success_rate: Option<f64>,
    /// The share of the successes that were rescued.
    pub flake_rate: Option<Interval>,
    /// The number of runs with each of the nine outcomes.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub attempts: Attempts,
    /// The time spent waiting between attempts.
    pub waited_ms: f64,
    /// The time spent waiting between attempts and on attempts that failed.
    pub lost_ms: f64,
    pub durations: Durations,
    /// The number of different names.
    pub operations: u64,
    pub by_name: Vec<Group>,
    pub by_key: Vec<Group>,
    pub by_host: Vec<Group>,
    /// Labels, named `key=value`.
    pub by_label: Vec<Group>,
    /// Hours of the day, UTC, from `00` to `23`; only those with runs.
    pub by_hour: Vec<Group>,
    pub rules: Vec<Rule>,
    pub kinds: Vec<Kind>,
    /// Output of failures that no rule matches, grouped by similarity.
    pub templates: Vec<Template>,
    /// Failed attempts that no rule matches and whose output was not logged.
    pub unmatched_without_output: u64,
    /// The verdicts of the current rules; only with `--rejudge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejudged: Option<Rejudged>,
    pub what_if: WhatIf,
    pub timeline: Timeline,
    /// Lines that are not events of a log.
    pub skipped_lines: u64,
    /// Lines written by a newer `retry`; their known fields were read.
    pub newer_lines: u64,
    /// Lines of more than 1 MiB, which were skipped.
    pub too_long_lines: u64,
    /// Files whose last line is incomplete.
    pub cut_off_lines: u64,
    /// Reading was interrupted: the report covers only what was read until then.
    pub interrupted: bool,
    /// There were too many groups; those beyond the limit are counted as `(other)`.
    pub groups_overflowed: bool,
}

/// The period that the report covers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Window {
    /// As given by `--since` and `--until`, RFC 3339, UTC; null if not given.
    pub since: Option<String>,
    pub until: Option<String>,
    /// When the first run began and the last one ended.
    pub first: Option<String>,
    pub last: Option<String>,
}

/// A share with its 95 % confidence interval (Wilson).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Interval {
    pub rate: f64,
    pub low: f64,
    pub high: f64,
}

/// Attempts of the runs that ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Attempts {
    pub total: u64,
    /// Attempts per run, exact.
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub max: Option<u64>,
    /// The number of runs for each number of attempts.
    pub histogram: Vec<Count>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    pub attempts: u64,
    pub runs: u64,
    pub first_try: u64,
    pub rescued: u64,
    pub failed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Durations {
    pub run: Quantiles,
    pub successful_attempt: Quantiles,
    pub failed_attempt: Quantiles,
    /// Runs by duration. Bounds are 1, 2 and 5 times powers of ten; only bins with runs.
    pub histogram: Vec<Spread>,
}

/// Runs that took at most this long, and longer than the previous bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    pub up_to_ms: f64,
    pub first_try: u64,
    pub rescued: u64,
    pub failed: u64,
}

/// Quantiles, within 1 % of the value of nearest rank; the maximum is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Quantiles {
    pub count: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub max_ms: Option<f64>,
}

/// Runs that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Group {
    pub name: String,
    pub runs: u64,
    pub succeeded: u64,
    pub first_try: u64,
    pub rescued: u64,
    pub failed: u64,
    pub success_rate: Option<f64>,
    pub flake_rate: Option<Interval>,
    pub attempts: u64,
    pub waited_ms: f64,
    pub lost_ms: f64,
    /// The duration of whole runs; only in `by_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Quantiles>,
    /// The flake rate of the second half of the window compared with the first, if both have at least five
    /// successes; only in `by_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// Whether the confidence intervals of two shares are disjoint, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    Rising,
    Falling,
    Steady,
}

/// A rule, and the outcome of the runs whose failures it classified.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rule {
    pub source: String,
    pub profile: Option<String>,
    pub id: String,
    pub class: String,
    pub attempts: u64,
    pub runs: u64,
    /// Runs in which another attempt followed such a failure.
    pub retried_runs: u64,
    /// The share of these runs that succeeded.
    pub helped: Option<f64>,
    pub helped_runs: u64,
    pub lost_ms: f64,
    /// Runs that this rule ended and that were followed within ten minutes by another run of the same name and key.
    pub followed_runs: u64,
    /// The number of these whose next run succeeded.
    pub followed_by_success: u64,
    /// The mean time from such an end to that success.
    pub until_success_ms: Option<f64>,
    /// The change that the numbers suggest, as an option or in words.
    pub suggestion: Option<String>,
}

/// Failures of one kind, by any rule.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Kind {
    pub kind: String,
    pub attempts: u64,
    pub runs: u64,
    pub lost_ms: f64,
}

/// Failures that no rule matches and whose output is similar.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Template {
    /// The command's program; empty if it was not logged.
    pub program: String,
    /// The common words, with masks such as `<num>`, `<path>` and `<*>` for what differs.
    pub template: String,
    /// An example, with possible secrets removed.
    pub example: String,
    /// The exit status of all its attempts; null if they differ.
    pub exit_code: Option<u8>,
    pub attempts: u64,
    pub runs: u64,
    /// Runs in which another attempt followed such a failure.
    pub retried_runs: u64,
    pub helped_runs: u64,
    /// The share of the retried runs that succeeded.
    pub helped: Option<f64>,
    pub lost_ms: f64,
    /// The end of the first run with such a failure, RFC 3339, UTC.
    pub first: String,
}

impl Rule {
    /// The name shown to users: `curl/exit-7`, `policy/retry-on`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.profile.as_ref().unwrap_or(&self.source), self.id)
    }
}

impl Template {
    /// The program without its directory; empty if it was not logged.
    pub fn program_name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or_default()
    }
}

/// Failed attempts, classified again by the current rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rejudged {
    pub attempts: u64,
    /// Attempts whose output was not logged: only their exit status counts.
    pub by_status_alone: u64,
    /// Attempts whose verdict is kept: the command gave it itself, or could not be started.
    pub kept: u64,
    pub changes: Vec<Verdicts>,
}

/// Attempts whose verdict has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verdicts {
    pub from: &'static str,
    pub to: &'static str,
    pub attempts: u64,
    pub runs: u64,
    /// The number of these runs that succeeded.
    pub succeeded_runs: u64,
}

/// What other settings would have changed in the logged runs. Attempts that were never made are not guessed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct WhatIf {
    pub rows: Vec<Change>,
    pub suggested: Suggested,
    pub limit: Option<AtLimit>,
}

/// What one setting would have changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// `max`, `timeout` or `deadline`.
    pub setting: &'static str,
    pub value: String,
    /// Runs that succeeded and would have failed.
    pub runs_lost: u64,
    /// The share of the successful runs that would have failed.
    pub share_lost: Option<f64>,
    /// Attempts that succeeded and would have been stopped; a later one might have succeeded.
    pub attempts_at_risk: u64,
    /// Attempts of failed runs that would not have been made.
    pub attempts_saved: u64,
    /// Time of failed runs that would not have been spent.
    pub saved_ms: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Suggested {
    /// The smallest number of attempts that loses at most 1 % of the rescued runs.
    pub max: Option<u64>,
    /// Twice the 95th percentile of the successful attempts.
    pub timeout_ms: Option<f64>,
}

/// Runs that ran out of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AtLimit {
    /// The number of attempts at which most of them ended.
    pub limit: u64,
    pub runs: u64,
    /// Runs that made at least this many attempts.
    pub reached: u64,
    /// The number of these that succeeded on that attempt.
    pub passed: u64,
    pub passed_rate: Option<Interval>,
}

/// Runs over time, by when they ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// The width of a bin in seconds, a power of two.
    pub bin_seconds: i64,
    /// Only bins with runs.
    pub bins: Vec<Bin>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Bin {
    /// When the bin begins, RFC 3339, UTC.
    pub from: String,
    pub first_try: u64,
    pub rescued: u64,
    pub failed: u64,
}
