//! Shared limits: the state of a key that all processes of one store share, and whether an attempt may start under it.
//!
//! All of it is pure: a [`KeyState`] and the time on the store's clock in, an [`Admission`] and the changed state out.
//! The stores (`sys/store/`) keep the states and serialise their changes. All limits must admit an attempt, or nothing is
//! spent from any of them.

mod adaptive;
mod breaker;
mod budget;
mod limits;
mod rate;
mod reason;
mod state;
mod window;

pub use breaker::Phase;
pub use limits::{Breaker, Limits, Rate, Tripping};
pub use reason::Reason;
pub use state::{KeyState, VERSION, View};

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on a store's clock: microseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct StoreTime(pub u64);

impl StoreTime {
    pub fn plus(self, time: Duration) -> Self {
        StoreTime(self.0.saturating_add(micros(time)))
    }

    pub fn minus(self, time: Duration) -> Self {
        StoreTime(self.0.saturating_sub(micros(time)))
    }

    /// This time in seconds, rounded up: nothing is reported to be open before it is.
    pub fn second(self) -> u64 {
        // The end of the year 9999, the last that can be shown.
        const LAST: u64 = 253_402_300_799;
        self.0.div_ceil(1_000_000).min(LAST)
    }

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: StoreTime) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// RFC 3339, UTC, to the second.
impl std::fmt::Display for StoreTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = Duration::from_secs(self.second());
        humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + seconds).fmt(f)
    }
}

pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The limit that keeps an attempt from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// A server or a person has closed the key for a time.
    Window,
    Rate,
    Concurrency,
    Breaker,
    Budget,
    Adaptive,
    /// The shared state cannot be reached, and `--on-state-error fail` was asked for.
    State,
}

/// An attempt that asks to start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ask {
    pub kind: AttemptKind,
    /// How often this attempt has been told to wait so far.
    pub looks: u32,
    /// Random number in [0, 1) of this request, for limits that decide at random.
    pub chance: f64,
    /// Random number in [0, 1), the same for all requests of an attempt: its rank among those that come back.
    pub rank: f64,
    /// How long it has waited so far: for a limit, or since a server asked it to.
    pub waited: Duration,
    /// The turn that it was assigned ([`Pause::turn`]).
    pub turn: Option<StoreTime>,
    /// How much longer it would wait; `None`: for ever.
    pub patience: Option<Duration>,
    /// The attempt runs inside another one under this key, which has a permit.
    pub covered: bool,
    /// The attempt runs inside the breaker's probe.
    pub covered_by_probe: bool,
}

/// The role of an attempt in its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttemptKind {
    /// The run's first.
    #[default]
    First,
    /// An attempt after a failure.
    Retry,
    /// An attempt after a success (`--successes`).
    Repeat,
}

/// The leases that are currently available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Free {
    pub permit: bool,
    pub probe: bool,
}

/// The leases that an attempt takes. The death of their holder frees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// A permit, as counted by `--concurrency`.
    pub permit: bool,
    /// The right to try a service whose breaker is half-open.
    pub probe: bool,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq)]
pub enum Admission {
    /// Yes, with these leases.
    Proceed(Grant),
    /// Not yet.
    Wait(Pause),
    /// No, and waiting would not help.
    Refuse(Refusal),
}

/// Why an attempt has to wait, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    pub limit: Limit,
    /// The earliest start, or its turn if it would not wait that long; `None` if that depends on others: ask again soon.
    pub until: Option<StoreTime>,
    /// When it is the attempt's turn, if others are before it in the queue.
    pub turn: Option<StoreTime>,
    /// The time over which the waiting attempts come back.
    pub spread: Duration,
    pub why: Reason,
}

/// The length of a [`Pause`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delay {
    /// Until the limit may admit it; `None` if that depends on others.
    pub least: Option<Duration>,
    /// Until it is its turn; equals `least` if nobody is before it.
    pub turn: Option<Duration>,
    /// Until it comes back: its turn plus its share of the spread.
    pub wait: Duration,
    /// Until the next check: the key may be opened meanwhile, or closed for longer.
    pub look: Duration,
}

impl Delay {
    /// Whether an attempt that has waited for `waited` would wait for longer than `most`. A wait of known length that would
    /// be too long is not begun; other waits end when their time is up.
    pub fn is_too_long(&self, waited: Duration, most: Duration) -> bool {
        waited.saturating_add(self.least.unwrap_or_default()) > most || waited >= most
    }
}

/// Why an attempt does not start if `bound` leaves too little time: `not waiting any longer (--gate-wait 5s)`.
pub fn not_waiting(bound: &str, has_waited: bool) -> String {
    let longer = if has_waited { " any longer" } else { "" };
    format!("not waiting{longer} ({bound})")
}

/// Time between two checks during a long wait, before jitter.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);

impl Pause {
    /// A pause whose end depends on others.
    pub fn for_others(limit: Limit, why: Reason) -> Self {
        Self { limit, until: None, turn: None, spread: Duration::ZERO, why }
    }

    /// The length of this pause from `now` on. If it depends on others, it grows with each check within `patience`.
    pub fn delay(&self, now: StoreTime, ask: &Ask, patience: &RangeInclusive<Duration>) -> Delay {
        let jitter = 0.5 + ask.chance / 2.0;
        if let Some(until) = self.until {
            let least = until.since(now);
            let turn = self.turn.map_or(least, |turn| turn.since(now).max(least));
            let wait = turn.saturating_add(self.spread.mul_f64(ask.rank));
            let look = if turn > RECHECK_INTERVAL { RECHECK_INTERVAL.mul_f64(jitter) } else { wait };
            return Delay { least: Some(least), turn: Some(turn), wait, look };
        }
        let longest = patience.start().saturating_mul(1 << ask.looks.min(16)).min(*patience.end());
        let wait = longest.mul_f64(jitter);
        Delay { least: None, turn: None, wait, look: wait }
    }
}

/// Why an attempt does not start at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub limit: Limit,
    pub why: Reason,
}

/// What the end of an attempt says about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// Transient or throttled: the service may be in trouble.
    Bad,
    /// Permanent, interrupted or never started: it says nothing about the service.
    Unknown,
}

/// The end of an admitted attempt, reported to the limits once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settlement {
    pub health: Health,
    /// The time for which a server asked not to be called.
    pub retry_after: Option<Duration>,
    /// The attempt was the breaker's probe.
    pub probe: bool,
    /// Random number in [0, 1): its rank among those that come back.
    pub rank: f64,
    /// When it was admitted, on the store's clock, if known.
    pub began: Option<StoreTime>,
}

impl Settlement {
    /// The settlement of an attempt that says nothing about the service.
    pub const UNKNOWN: Settlement =
        Settlement { health: Health::Unknown, retry_after: None, probe: false, rank: 0.0, began: None };
}

/// The answer to a [`Settlement`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// Why a retry would be refused, if it would.
    pub refusal: Option<Refusal>,
    /// Time until this attempt comes back, if others have closed the key before it: all come back at staggered times.
    pub back_in: Option<Duration>,
}

#[cfg(test)]
mod tests;
