//! What was asked for of each limit.

use std::time::Duration;

use super::{Health, Settlement};

/// The limits of one key. The server's window needs no limit: it holds for every key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Attempts at the same time.
    pub concurrency: Option<u32>,
    pub rate: Option<Rate>,
    pub breaker: Option<Breaker>,
    /// Retries per first attempt, 0.2 for 20 %.
    pub budget: Option<f64>,
    pub adaptive: bool,
}

impl Limits {
    /// Whether a state is the same after such a settlement: then nobody need be told of it.
    pub fn learn_nothing_from(&self, settlement: &Settlement) -> bool {
        let failed = settlement.health == Health::Bad;
        let counts = self.adaptive || self.breaker.is_some() || self.budget.is_some() && failed;
        settlement.retry_after.is_none() && !counts
    }
}

/// So many attempts per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u32,
    pub per: Duration,
}

/// When a circuit breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    pub trips: Tripping,
    pub open_for: Duration,
}

/// What makes a circuit breaker open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tripping {
    /// So many failures in a row.
    InARow(u32),
    /// This share of the results within the time that it opens for, in (0, 1].
    Share(f64),
}
