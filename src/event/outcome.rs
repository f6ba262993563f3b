//! How runs end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
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

/// The words of the outcomes, as the log has them, in the order of [`Outcome`].
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
    /// The word that the log has for it.
    pub fn name(self) -> &'static str {
        OUTCOMES.iter().find(|(outcome, _)| *outcome == self).map_or("error", |(_, word)| word)
    }
}
