//! The events of a run that every sink receives, their levels, and the record behind a line of the log. Version 1; fields
//! are only ever added. The text for people is in `words.rs`.

mod outcome;
mod words;

pub use outcome::{OUTCOMES, Outcome};
pub use words::{error_line, held_back};

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate;

/// The version of the log's format.
pub const VERSION: u32 = 1;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event")]
pub enum Event {
    #[serde(rename = "run.start")]
    RunStart(RunStart),
    #[serde(rename = "attempt.start")]
    AttemptStart(AttemptStart),
    #[serde(rename = "attempt.success")]
    AttemptSuccess(AttemptSuccess),
    /// A failed attempt that is followed by another one.
    #[serde(rename = "attempt.retry")]
    AttemptRetry {
        #[serde(flatten)]
        failure: Failure,
        #[serde(flatten)]
        wait: Wait,
    },
    /// The last attempt of a run that failed.
    #[serde(rename = "attempt.failed")]
    AttemptFailed(Failure),
    /// An attempt has to wait for a limit that is shared.
    #[serde(rename = "gate.wait")]
    GateWait(GateHold),
    /// A shared limit ends the run.
    #[serde(rename = "gate.refused")]
    GateRefused(GateHold),
    /// The shared state could not be read or updated: the run continues without limits.
    #[serde(rename = "gate.bypassed")]
    GateBypassed(Bypassed),
    /// A hook has run.
    #[serde(rename = "hook")]
    Hook(HookEnd),
    #[serde(rename = "run.stop")]
    RunStop(RunStop),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStart {
    /// The command's program, as it was named.
    pub program: String,
    /// The number of words of the command.
    pub argc: usize,
    /// The words of the command, if they are to be logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    pub cwd: String,
    /// Attempts in all; null: no limit.
    pub max: Option<u64>,
    /// Null: none.
    pub deadline_ms: Option<u64>,
    /// The time limit of an attempt; null: none.
    pub timeout_ms: Option<u64>,
    /// The wait before the first attempt, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splay_ms: Option<f64>,
    /// The version of `retry`.
    pub version: String,
    /// 1, or more inside another `retry`, where attempts multiply.
    pub depth: u32,
    /// The parent span, from `TRACEPARENT`, if traces are exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// The settings that differ from their defaults, as strings and lists of strings. Secrets are `***`.
    #[schemars(with = "BTreeMap<String, SettingText>")]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// A hash of the settings, except those that may differ from run to run (name, labels, seed). Equal policies of one
    /// version have the same. 16 hexadecimal digits.
    pub policy_digest: String,
}

/// The value of a setting.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes the schema")]
enum SettingText {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptStart {
    /// Counted from 1.
    pub attempt: u64,
    pub max: Option<u64>,
    /// Absent when the command could not be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_pid: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptSuccess {
    pub attempt: u64,
    pub max: Option<u64>,
    pub duration_ms: f64,
    pub exit_code: u8,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub attempt: u64,
    pub max: Option<u64>,
    pub duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// The name of the signal that the command died of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// We stopped it because its time was up.
    pub timed_out: bool,
    /// `transient`, `throttled` or `permanent`.
    pub class: String,
    /// `transient`, `user` or `system`.
    pub category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub rule: RuleName,
    /// The failure in a few words; equal reasons are counted together.
    pub reason: String,
    /// Class and reason on one line, at most 512 bytes.
    pub error: String,
    /// The line of output that the rule matched, at most 512 bytes, where a stream was captured; secrets are `***`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// The HTTP status found in the command's output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The wait that the server or the command asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<f64>,
    /// The bytes written to stdout, if it was captured; to both streams, if they lead to the same file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_err: Option<u64>,
    /// The end of the output, if it is to be logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout_tail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr_tail: Option<String>,
    /// Why no attempt follows, in words; empty when one does.
    #[serde(skip)]
    pub verdict: String,
    /// The command never ran.
    #[serde(skip)]
    pub not_started: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleName {
    /// The rule's source: `policy`, `hint`, `profile` or `builtin`.
    pub source: String,
    /// Which profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    pub id: String,
}

/// The wait before the next attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// As drawn by the policy.
    pub backoff_ms: f64,
    /// As it will actually be waited.
    pub delay_ms: f64,
    pub next_attempt: u64,
}

/// An attempt that a shared limit keeps from starting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateHold {
    /// The attempt that would start, counted from 1.
    pub attempt: u64,
    pub limit: gate::Limit,
    /// Time until the next check; for a refusal, how long the wait would be.
    pub wait_ms: f64,
    /// How long it has been held back so far.
    pub waited_ms: f64,
    /// The earliest time at which the limit may admit it, if known: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// Until then.
    #[serde(skip)]
    pub left: Duration,
    /// For a refusal, why it does not wait; empty if waiting would not help.
    #[serde(skip)]
    pub verdict: String,
    /// The failure before it has already reported that.
    #[serde(skip)]
    pub told: bool,
}

/// Shared limits were not applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bypassed {
    /// Why, in words.
    pub reason: String,
    /// The user has been told before.
    #[serde(skip)]
    pub told: bool,
}

/// A hook that has run, whatever its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HookEnd {
    /// `on-retry`, `on-success` or `on-failure`.
    pub hook: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// The name of the signal that it died of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// It was stopped because its time was up.
    pub timed_out: bool,
    pub duration_ms: f64,
    /// It was stopped because the run was told to end.
    #[serde(skip)]
    pub stopped: bool,
}

impl HookEnd {
    /// Whether the hook failed by itself, rather than because it was stopped.
    pub fn failed(&self) -> bool {
        self.timed_out || self.exit_code != Some(0) && !self.stopped
    }
}

/// The end of a fallback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackEnd {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    pub duration_ms: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStop {
    pub outcome: Outcome,
    /// The number of attempts.
    pub attempts: u64,
    pub elapsed_ms: f64,
    /// The part of the duration that was spent waiting between attempts.
    pub slept_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The failures seen, in the order of their first occurrence.
    pub failures: Vec<Tally>,
    /// The run succeeded, but not on the first attempt.
    pub rescued: bool,
    /// The command's program, as it was named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// When the run began: RFC 3339, UTC, microseconds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub started_at: String,
    /// The fallback that ran after the command had failed; the exit is then the fallback's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackEnd>,
    /// The path of the dead letter that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// Why the run failed, if no failed attempt has reported it.
    #[serde(skip)]
    pub why: String,
    /// The option that set the exit status, if it is not the command's.
    #[serde(skip)]
    pub set_by: Option<&'static str>,
}

/// How often a reason was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    pub reason: String,
    pub count: u64,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Record<'a> {
    /// 1.
    pub v: u32,
    /// RFC 3339, UTC, microseconds.
    pub ts: String,
    pub level: Level,
    pub message: String,
    #[serde(flatten)]
    pub run: &'a RunIdentity,
    #[serde(flatten)]
    pub event: &'a Event,
    /// The span of the event, if traces are exported: the attempt's, or the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<&'a str>,
}

/// The fields that all lines of a run have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunIdentity {
    /// `UUIDv7`.
    pub run: String,
    /// The operation's name.
    pub name: String,
    pub host: String,
    /// The process id of `retry`.
    pub pid: u32,
    /// The key of its shared limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The name of the selected policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The run that encloses this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The trace that `TRACEPARENT` names (W3C Trace Context).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// Milliseconds with a fraction, to the microsecond.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Milliseconds as whole microseconds, so that sums do not depend on their order. Invalid values become 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; rounding is meant")]
pub fn micros(millis: f64) -> u64 {
    // A year is long for an attempt, and larger values could overflow sums.
    const MAX_MICROS: f64 = 1e15;
    (millis * 1e3).round().clamp(0.0, MAX_MICROS) as u64
}

impl Event {
    pub fn level(&self) -> Level {
        match self {
            Event::RunStart(_) | Event::AttemptStart(_) => Level::Debug,
            Event::AttemptSuccess(_) | Event::GateWait(_) => Level::Info,
            Event::AttemptRetry { .. } | Event::GateRefused(_) | Event::GateBypassed(_) => Level::Warn,
            Event::RunStop(stop) if stop.outcome == Outcome::Succeeded => Level::Info,
            Event::Hook(hook) => {
                if hook.failed() {
                    Level::Warn
                } else {
                    Level::Debug
                }
            }
            Event::AttemptFailed(_) | Event::RunStop(_) => Level::Error,
        }
    }
}
