//! How runs end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Succeeded,
    /// No attempts were left.
    Exhausted,
    /// Another attempt would also have failed.
    Permanent,
    /// The deadline of the run had passed, or would have passed during the wait.
    Deadline,
    /// No progress was recorded for too long.
    Stalled,
    /// A longer wait was asked for than is allowed.
    Throttled,
    /// A shared limit refused it.
    Refused,
    /// A signal told us to stop.
    Interrupted,
    /// `retry` itself failed.
    Error,
}

/// The names of the outcomes in the log, in the order of [`Outcome`].
pub const OUTCOMES: [(Outcome, &str); 9] = [
    (Outcome::Succeeded, "succeeded"),
    (Outcome::Exhausted, "exhausted"),
    (Outcome::Permanent, "permanent"),
    (Outcome::Deadline, "deadline"),
    (Outcome::Stalled, "stalled"),
    (Outcome::Throttled, "throttled"),
    (Outcome::Refused, "refused"),
    (Outcome::Interrupted, "interrupted"),
    (Outcome::Error, "error"),
];

impl Outcome {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        OUTCOMES.iter().find(|(outcome, _)| *outcome == self).map_or("error", |(_, word)| word)
    }
}
