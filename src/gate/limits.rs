//! What was asked for of each limit.

use std::time::Duration;

use super::{Report, Result};

/// The limits of one key. The server's window needs no limit: it holds for every key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    /// Attempts at the same time.
    pub(crate) concurrency: Option<u32>,
    pub(crate) rate: Option<Rate>,
    pub(crate) breaker: Option<Breaker>,
    /// Retries per first attempt, 0.2 for 20 %.
    pub(crate) budget: Option<f64>,
    pub(crate) adaptive: bool,
}

impl Limits {
    /// Whether a state is the same after such a report: then nobody need be told of it.
    pub(crate) fn learn_nothing_from(&self, report: &Report) -> bool {
        let failed = report.result == Result::Failure;
        let counts = self.adaptive || self.breaker.is_some() || self.budget.is_some() && failed;
        report.retry_after.is_none() && !counts
    }
}

/// So many attempts per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// At least 1.
    pub(crate) count: u32,
    pub(crate) per: Duration,
}

/// When a circuit breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Breaker {
    pub(crate) trips: Tripping,
    pub(crate) open_for: Duration,
}

/// What makes a circuit breaker open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tripping {
    /// So many failures in a row.
    InARow(u32),
    /// This share of the results within the time that it opens for, in (0, 1].
    Share(f64),
}
