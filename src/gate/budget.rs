//! A retry budget: first attempts deposit, retries withdraw, so that an outage is not answered with a multiple of the
//! usual load (Finagle's RetryBudget, the AWS SDKs' retry quota; Google's SRE book, chapter 21).
//!
//! A first attempt deposits the ratio, a retry withdraws 1. The balance never falls below 0 and never rises above
//! [`MAX_BALANCE`], so quiet weeks save nothing up for a storm. In addition, [`RESERVE_RETRIES`] retries are allowed in any
//! [`RESERVE_WINDOW`], so that jobs which run once an hour can retry at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Limit, Reason, Refusal, StoreTime};

/// In retries; the AWS SDKs' 500 tokens at 5 a retry.
const MAX_BALANCE: f64 = 100.0;
/// Retries that need no deposit, in any minute (Finagle's `minRetriesPerSec`, for short-lived processes).
const RESERVE_RETRIES: usize = 10;
const RESERVE_WINDOW: Duration = Duration::from_secs(60);
/// Ten deposits of 0.1 do not add up to exactly 1 in binary.
const ROUNDING: f64 = 1e-9;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Budget {
    balance: f64,
    /// When retries were paid from the reserve, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reserve: Vec<StoreTime>,
}

impl Budget {
    pub(super) fn deposit(&mut self, ratio: f64) {
        self.balance = (self.balance + ratio).min(MAX_BALANCE);
    }

    /// Pays for a retry.
    pub(super) fn withdraw(&mut self, now: StoreTime) -> Result<(), Refusal> {
        self.reserve.retain(|paid| now.since(*paid) < RESERVE_WINDOW);
        if self.balance + ROUNDING >= 1.0 {
            self.balance = (self.balance - 1.0).max(0.0);
        } else if self.reserve.len() < RESERVE_RETRIES {
            self.reserve.push(now);
        } else {
            return Err(Refusal { limit: Limit::Budget, why: Reason::BudgetExhausted });
        }
        Ok(())
    }

    /// The number of retries that could be made now.
    pub(super) fn left(&self, now: StoreTime) -> f64 {
        let recent = self.reserve.iter().filter(|paid| now.since(**paid) < RESERVE_WINDOW).count();
        #[expect(clippy::cast_precision_loss, reason = "at most ten")]
        let reserve = RESERVE_RETRIES.saturating_sub(recent) as f64;
        (self.balance + ROUNDING).floor() + reserve
    }
}
