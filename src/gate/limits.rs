//! The limits of a key, as configured.

use std::time::Duration;

use super::{Health, Settlement};

/// The limits of one key. A server's window is not among them: it applies to every key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Concurrent attempts.
    pub concurrency: Option<u32>,
    pub rate: Option<Rate>,
    pub breaker: Option<Breaker>,
    /// Retries per first attempt, 0.2 for 20 %.
    pub budget: Option<f64>,
    pub adaptive: bool,
}

impl Limits {
    /// Whether a settlement never changes the state, so that it need not be reported to the store.
    pub fn learn_nothing_from(&self, settlement: &Settlement) -> bool {
        let failed = settlement.health == Health::Bad;
        let counts = self.adaptive || self.breaker.is_some() || self.budget.is_some() && failed;
        settlement.retry_after.is_none() && !counts
    }
}

/// A number of attempts per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u32,
    pub per: Duration,
}

/// A circuit breaker: the failures that open it, and the time for which it stays open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    pub trips: Tripping,
    pub open_for: Duration,
}

/// The failures that open a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tripping {
    /// A number of failures in a row.
    InARow(u32),
    /// A share of failures, in (0, 1], among the results within the time for which it opens.
    Share(f64),
}
