//! The report itself, as `--format json` prints it and every other format shows it. Fields are only ever added; the schema
//! (`retry generate report-schema`) is made of these types. Times are milliseconds, shares are between 0 and 1.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// The content of the logs, summed up.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// 1.
    pub schema: u32,
    pub window: Window,
    /// Runs that ended.
    pub runs: u64,
    pub succeeded: u64,
    /// Succeeded without a failure.
    pub first_try: u64,
    /// Succeeded after a failure.
    pub rescued: u64,
    pub failed: u64,
    /// Runs without an end in the log: killed, or still running. They count nowhere else.
    pub unfinished: u64,
    /// Null without runs.
    pub success_rate: Option<f64>,
    /// The share of the successes that were rescued.
    pub flake_rate: Option<Interval>,
    /// How often each outcome came, all nine of them.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub attempts: Attempts,
    /// Waited between attempts.
    pub waited_ms: f64,
    /// Waited between attempts, or spent on attempts that failed.
    pub lost_ms: f64,
    pub durations: Durations,
    /// How many different names there were.
    pub operations: u64,
    pub by_name: Vec<Group>,
    pub by_key: Vec<Group>,
    pub by_host: Vec<Group>,
    /// Labels as `name=value`.
    pub by_label: Vec<Group>,
    /// Hours of the day, UTC, from `00` to `23`; those with runs.
    pub by_hour: Vec<Group>,
    pub rules: Vec<Rule>,
    pub kinds: Vec<Kind>,
    /// Texts of failures that no rule knows.
    pub templates: Vec<Template>,
    /// Attempts that no rule knows, and whose output the log does not have.
    pub unmatched_without_output: u64,
    /// Verdicts given anew, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejudged: Option<Rejudged>,
    pub what_if: WhatIf,
    pub timeline: Timeline,
    /// Lines that are not of a log.
    pub skipped_lines: u64,
    /// Lines that a newer `retry` wrote: what is known of them was read.
    pub newer_lines: u64,
    /// Lines of more than 1 MiB, which were skipped.
    pub too_long_lines: u64,
    /// Files whose last line is cut off.
    pub cut_off_lines: u64,
    /// The reading was interrupted: this is of what was read until then.
    pub interrupted: bool,
    /// Groups that found no room are counted as `(other)`.
    pub groups_overflowed: bool,
}

/// From when to when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Window {
    /// As asked for, RFC 3339, UTC.
    pub since: Option<String>,
    pub until: Option<String>,
    /// When the first run began, and the last one ended.
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
    /// Attempts of a run, exact.
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub max: Option<u64>,
    /// How many runs took so many attempts.
    pub histogram: Vec<Count>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    pub attempts: u64,
    pub runs: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Durations {
    pub run: Quantiles,
    pub successful_attempt: Quantiles,
    pub failed_attempt: Quantiles,
    /// Runs by their duration: bounds are 1, 2 and 5 times powers of ten; those with runs.
    pub histogram: Vec<Spread>,
}

/// Runs that took at most so long, and longer than the bound before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    pub up_to_ms: f64,
    pub first_try: u64,
    pub rescued: u64,
    pub failed: u64,
}

/// Within 1 % of the value of nearest rank; the largest is exact.
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
    /// Of whole runs; only by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Quantiles>,
    /// The flake rate of the second half of the window beside that of the first, where both have five
    /// successes; only by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// Whether two intervals of a share lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    Rising,
    Falling,
    Steady,
}

/// A rule, and what came of the runs whose failures it judged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rule {
    pub source: String,
    pub profile: Option<String>,
    pub id: String,
    pub class: String,
    pub attempts: u64,
    pub runs: u64,
    /// Runs in which another attempt followed it.
    pub retried_runs: u64,
    /// The share of these that succeeded.
    pub helped: Option<f64>,
    pub helped_runs: u64,
    pub lost_ms: f64,
    /// Runs that it ended, and that another run of the same name and key followed within ten minutes.
    pub followed_runs: u64,
    /// Those of them whose next run succeeded.
    pub followed_by_success: u64,
    /// From such an end to that success, in the mean.
    pub until_success_ms: Option<f64>,
    /// The change that the numbers speak for, as an option or in words.
    pub suggestion: Option<String>,
}

/// Failures of a kind, whatever the rule.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Kind {
    pub kind: String,
    pub attempts: u64,
    pub runs: u64,
    pub lost_ms: f64,
}

/// Failures that no rule knows and whose output says the same.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Template {
    /// The command's program; empty where the log does not have it.
    pub program: String,
    /// The words, with masks such as `<num>`, `<path>` and `<*>` for what differs.
    pub template: String,
    /// An example, without what may be a secret.
    pub example: String,
    /// The status that all of its attempts share.
    pub exit_code: Option<u8>,
    pub attempts: u64,
    pub runs: u64,
    /// Runs in which another attempt followed it.
    pub retried_runs: u64,
    pub helped_runs: u64,
    /// The share of the retried runs that succeeded.
    pub helped: Option<f64>,
    pub lost_ms: f64,
    /// The end of the first run that saw it, RFC 3339, UTC.
    pub first: String,
}

impl Rule {
    /// The name that a person knows it by: `curl/exit-7`, `policy/retry-on`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.profile.as_ref().unwrap_or(&self.source), self.id)
    }
}

impl Template {
    /// The program without its directory; empty where the log does not have it.
    pub fn program_name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or_default()
    }
}

/// Failed attempts judged by today's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rejudged {
    pub attempts: u64,
    /// Those of which no output was logged: only their status counts.
    pub by_status_alone: u64,
    /// Attempts whose verdict stands: the command gave it itself, or it could not be started.
    pub kept: u64,
    pub changes: Vec<Verdicts>,
}

/// Attempts whose verdict is another one now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verdicts {
    pub from: &'static str,
    pub to: &'static str,
    pub attempts: u64,
    pub runs: u64,
    /// Those of the runs that succeeded in the end.
    pub succeeded_runs: u64,
}

/// Changes that other settings would have made in these very runs. Nothing is said of what was not tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct WhatIf {
    pub rows: Vec<Change>,
    pub suggested: Suggested,
    pub limit: Option<AtLimit>,
}

/// The change that a setting would have made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// `max`, `timeout` or `deadline`.
    pub setting: &'static str,
    pub value: String,
    /// Runs that succeeded, and would not have.
    pub runs_lost: u64,
    /// The share of the runs that succeeded which would be lost.
    pub share_lost: Option<f64>,
    /// Attempts that succeeded, and would have been cut; another one might have succeeded.
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

/// Runs that ended for want of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AtLimit {
    /// The number of attempts at which most of them ended.
    pub limit: u64,
    pub runs: u64,
    /// Runs that made as many attempts or more.
    pub reached: u64,
    /// Those that succeeded with that attempt.
    pub passed: u64,
    pub passed_rate: Option<Interval>,
}

/// Ends of runs over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// The width of a bin in seconds, a power of two.
    pub bin_seconds: i64,
    /// Bins with runs in them.
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
