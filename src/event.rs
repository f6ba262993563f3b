//! What every sink is given: the events of a run, their levels, and the record that a line of the log is. Version 1;
//! fields are only ever added. The words that people read are in `words.rs`.

mod words;

pub(crate) use words::{error_line, held_back, plural};

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::gate;

/// The version of the log's format.
pub(crate) const VERSION: u32 = 1;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event")]
pub(crate) enum Event {
    #[serde(rename = "run.start")]
    RunStart(RunStart),
    #[serde(rename = "attempt.start")]
    AttemptStart(AttemptStart),
    #[serde(rename = "attempt.success")]
    AttemptSuccess(AttemptSuccess),
    /// A failed attempt that another one follows.
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
    GateWait(Held),
    /// A shared limit ends the run.
    #[serde(rename = "gate.refused")]
    GateRefused(Held),
    /// The limits that are shared could not be asked, or not be told: the run goes on without them.
    #[serde(rename = "gate.bypassed")]
    GateBypassed(Bypassed),
    #[serde(rename = "run.stop")]
    RunStop(RunStop),
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct RunStart {
    /// The command's program, as it was named.
    pub(crate) program: String,
    /// The number of words of the command.
    pub(crate) argc: usize,
    /// The words of the command, where the log was asked to hold them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) argv: Option<Vec<String>>,
    pub(crate) cwd: String,
    /// Attempts in all; null: no limit.
    pub(crate) max: Option<u64>,
    /// Null: none.
    pub(crate) deadline_ms: Option<u64>,
    /// The wait before the first attempt, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) splay_ms: Option<f64>,
    /// The version of `retry`.
    pub(crate) version: String,
    /// 1, or more inside of another `retry`: then attempts multiply.
    pub(crate) depth: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct AttemptStart {
    /// Counted from 1.
    pub(crate) attempt: u64,
    pub(crate) max: Option<u64>,
    /// Absent when the command could not be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child_pid: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct AttemptSuccess {
    pub(crate) attempt: u64,
    pub(crate) max: Option<u64>,
    pub(crate) duration_ms: f64,
    pub(crate) exit_code: u8,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Failure {
    pub(crate) attempt: u64,
    pub(crate) max: Option<u64>,
    pub(crate) duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<u8>,
    /// The name of the signal that the command died of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<String>,
    /// We stopped it for time.
    pub(crate) timed_out: bool,
    /// `transient`, `throttled` or `permanent`.
    pub(crate) class: String,
    /// `transient`, `user` or `system`.
    pub(crate) category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    pub(crate) rule: RuleName,
    /// What happened, in a few words; equal reasons are counted together.
    pub(crate) reason: String,
    /// Class and reason on one line, at most 512 bytes.
    pub(crate) error: String,
    /// The HTTP status that the command's output speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_status: Option<u16>,
    /// What was asked for by the server or the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<f64>,
    /// How much the command wrote to stdout, where that was captured; to both, where they lead to the same place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes_err: Option<u64>,
    /// The end of it, where the log was asked to hold that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout_tail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr_tail: Option<String>,
    /// Why no attempt follows, in words; empty when one does.
    #[serde(skip)]
    pub(crate) verdict: String,
    /// The command never ran.
    #[serde(skip)]
    pub(crate) not_started: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct RuleName {
    /// Who stated the rule: `policy`, `hint`, `profile` or `builtin`.
    pub(crate) source: String,
    /// Which profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    pub(crate) id: String,
}

/// The wait before the next attempt.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Wait {
    /// As the policy drew it.
    pub(crate) backoff_ms: f64,
    /// As it will be slept.
    pub(crate) delay_ms: f64,
    pub(crate) next_attempt: u64,
}

/// An attempt that a shared limit keeps from starting.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Held {
    /// The attempt that would start, counted from 1.
    pub(crate) attempt: u64,
    pub(crate) limit: gate::Limit,
    /// Until the next look; of a refusal, how long there would be to wait.
    pub(crate) wait_ms: f64,
    /// For how long it has been held back already.
    pub(crate) waited_ms: f64,
    /// When the limit lets it go at the earliest, where that is known: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Why, in words.
    pub(crate) reason: String,
    /// Until then.
    #[serde(skip)]
    pub(crate) left: Duration,
    /// Of a refusal, why it does not wait; empty where waiting is no answer.
    #[serde(skip)]
    pub(crate) verdict: String,
    /// The failure before it has said so already.
    #[serde(skip)]
    pub(crate) told: bool,
}

/// Shared limits were not applied.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Bypassed {
    /// Why, in words.
    pub(crate) reason: String,
    /// People have been told before.
    #[serde(skip)]
    pub(crate) told: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct RunStop {
    pub(crate) outcome: Outcome,
    /// How many were made.
    pub(crate) attempts: u64,
    pub(crate) elapsed_ms: f64,
    /// The share of it that was waited between attempts.
    pub(crate) slept_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<String>,
    /// What was seen, in the order of its first time.
    pub(crate) failures: Vec<Tally>,
    /// Why it failed, where no attempt that failed has said so.
    #[serde(skip)]
    pub(crate) why: String,
    /// The option that set the exit status, where it is not the command's.
    #[serde(skip)]
    pub(crate) set_by: Option<&'static str>,
}

/// How often a reason was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Tally {
    pub(crate) reason: String,
    pub(crate) count: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Succeeded,
    /// No attempt was left.
    Exhausted,
    /// Another attempt would have failed as well.
    Permanent,
    /// The time for the whole run was over, or would have been after the wait.
    Deadline,
    /// No progress was recorded for too long.
    Stalled,
    /// More waiting was asked for than is allowed.
    Throttled,
    /// A shared limit did not let it go on.
    Refused,
    /// A signal told us to stop.
    Interrupted,
    /// `retry` itself failed.
    Error,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Record<'a> {
    /// 1.
    pub(crate) v: u32,
    /// RFC 3339, UTC, microseconds.
    pub(crate) ts: String,
    pub(crate) level: Level,
    pub(crate) message: String,
    #[serde(flatten)]
    pub(crate) run: &'a RunIdentity,
    #[serde(flatten)]
    pub(crate) event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) span_id: Option<&'a str>,
}

/// What every line of one run has in common.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct RunIdentity {
    /// `UUIDv7`.
    pub(crate) run: String,
    /// The operation's.
    pub(crate) name: String,
    pub(crate) host: String,
    /// Of `retry`.
    pub(crate) pid: u32,
    /// What its limits are shared by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    /// The policy that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    /// The run that encloses this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// W3C Trace Context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
}

/// Milliseconds with their fraction, to the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

impl Event {
    pub(crate) fn level(&self) -> Level {
        match self {
            Event::RunStart(_) | Event::AttemptStart(_) => Level::Debug,
            Event::AttemptSuccess(_) | Event::GateWait(_) => Level::Info,
            Event::AttemptRetry { .. } | Event::GateRefused(_) | Event::GateBypassed(_) => Level::Warn,
            Event::RunStop(stop) if stop.outcome == Outcome::Succeeded => Level::Info,
            Event::AttemptFailed(_) | Event::RunStop(_) => Level::Error,
        }
    }
}
