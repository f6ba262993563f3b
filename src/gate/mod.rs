//! May we go now: what is shared, by key, between all processes that use one store.
//!
//! All of it is pure: a [`KeyState`] and the time on the store's clock in, an [`Admission`] and the changed state out.
//! Where states are kept, and how two processes never change one at once, is the stores' affair (`sys/store/`). All
//! limits must say yes, or nothing is spent of any.

mod adaptive;
mod breaker;
mod budget;
mod limits;
mod rate;
mod state;
mod window;

pub(crate) use breaker::Phase;
pub(crate) use limits::{Breaker, Limits, Rate, Tripping};
pub(crate) use state::{KeyState, VERSION, View};

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on a store's clock: microseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub(crate) struct At(pub(crate) u64);

impl At {
    pub(crate) fn plus(self, time: Duration) -> Self {
        At(self.0.saturating_add(micros(time)))
    }

    pub(crate) fn minus(self, time: Duration) -> Self {
        At(self.0.saturating_sub(micros(time)))
    }

    /// How long from `earlier` until this; zero if that is later.
    pub(crate) fn since(self, earlier: At) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Which limit keeps an attempt from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Limit {
    /// A server, or a person, closed the key until a moment.
    Window,
    Rate,
    Concurrency,
    Breaker,
    Budget,
    Adaptive,
    /// The shared state cannot be reached, and `--on-state-error fail` was asked for.
    State,
}

/// The attempt that asks to start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ask {
    pub(crate) kind: Kind,
    /// How often this attempt was told to wait already.
    pub(crate) looks: u32,
    /// A draw in [0, 1): where chance decides, it decides.
    pub(crate) chance: f64,
    /// The attempt runs inside of another one under this key, which has a permit.
    pub(crate) covered: bool,
    /// The same, and that one is the breaker's probe.
    pub(crate) covered_by_probe: bool,
}

/// What an attempt is to its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The run's first.
    #[default]
    First,
    /// It follows a failure.
    Retry,
    /// It follows a success (`--successes`).
    Repeat,
}

/// What could be leased just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Free {
    pub(crate) permit: bool,
    pub(crate) probe: bool,
}

/// What is leased, and freed by its holder's death.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// One of the permits that `--concurrency` counts.
    pub(crate) permit: bool,
    /// The right to try a service whose breaker is half-open.
    pub(crate) probe: bool,
}

/// May it start?
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Admission {
    /// Yes, with these leases.
    Proceed(Grant),
    /// Not yet.
    Wait(Pause),
    /// No, and waiting is not the answer.
    Refuse(Refusal),
}

/// Why an attempt has to wait, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pause {
    pub(crate) limit: Limit,
    /// When it may start at the earliest; `None` where that hangs on others: look again soon.
    pub(crate) until: Option<At>,
    /// Those who waited come back spread over this time.
    pub(crate) spread: Duration,
    /// In words, after "because".
    pub(crate) why: String,
}

/// Why an attempt does not start at all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) limit: Limit,
    pub(crate) why: String,
}

/// How an attempt ended, as far as limits care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Result {
    Success,
    /// Transient or throttled: the service may be in trouble.
    Failure,
    /// Permanent, interrupted, never started: it says nothing of the service's health.
    Neutral,
}

/// What is told of an attempt that was admitted, once, when it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) result: Result,
    /// How long a server asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// The attempt was the breaker's probe.
    pub(crate) probe: bool,
}
