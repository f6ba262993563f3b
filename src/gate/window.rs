//! The window for which a server or a person closed a key: no attempt starts before it is over.
//!
//! A server's request to wait applies to everybody, and many receive it: all attempts that failed together, and each that
//! comes back too early. The first of them closes the key. The others learn from it when the key opens; they extend the
//! window only by asking for more time. If the request is repeated as soon as the key is open, it may be meant for each
//! client separately (the answer to its *own* first call), and clients would wait forever, one after the other. So each
//! repetition lets through [`GROWTH`] times as many of the attempts that have already waited: a crowd of N is through after
//! log N windows instead of N, and a server that means all of them meets few at first.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ask, Limit, Pause, Reason, StoreTime};

/// The share of the window over which waiting attempts come back, so that the server does not meet all of them at once.
const SPREAD_SHARE: f64 = 0.5;
const MIN_SPREAD: Duration = Duration::from_secs(1);
const MAX_SPREAD: Duration = Duration::from_secs(30);

/// The factor by which more attempts pass at each repetition of the same request.
const GROWTH: u32 = 8;
/// The most repetitions that count: by then everybody passes.
const MAX_REPEATS: u32 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) from: StoreTime,
    pub(super) until: StoreTime,
    /// Closed by a person or another program, not by a server's answer.
    #[serde(default)]
    pub(super) by_hand: bool,
    /// How often in a row the request was repeated as soon as the key was open again.
    #[serde(default, skip_serializing_if = "is_zero")]
    repeats: u32,
    /// Attempts that were admitted nevertheless, because they had waited before it closed.
    #[serde(default, skip_serializing_if = "is_zero")]
    passed: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Window {
    pub(super) fn new(now: StoreTime, time: Duration, by_hand: bool) -> Self {
        Self { from: now, until: now.plus(time), by_hand, repeats: 0, passed: 0 }
    }

    /// The window after a server asked an attempt that began at `began` to wait for `time`, given the window `before`; and
    /// whether it changed.
    pub(super) fn asked(
        before: Option<Window>,
        now: StoreTime,
        time: Duration,
        began: Option<StoreTime>,
    ) -> (Self, bool) {
        let new = Self::new(now, time, false);
        let Some(before) = before else { return (new, true) };
        let is_later = new.until > before.until;
        if before.by_hand {
            return if is_later { (new, true) } else { (before, false) };
        }
        let asks_for_more = is_later && time > before.length();
        if now < before.until {
            let longer = Self { until: new.until, ..before };
            return if asks_for_more { (longer, true) } else { (before, false) };
        }
        if now > before.until.plus(before.length()).plus(before.spread()) {
            return (new, true);
        }
        // The same request as the window that is over, for which others have waited.
        if began.is_some_and(|began| began < before.from) && !asks_for_more {
            return (before, false);
        }
        (Self { repeats: before.repeats.saturating_add(1).min(MAX_REPEATS), ..new }, true)
    }

    fn length(self) -> Duration {
        self.until.since(self.from)
    }

    /// The time after its end within which waiting attempts come back.
    pub(super) fn spread(self) -> Duration {
        self.length().mul_f64(SPREAD_SHARE).clamp(MIN_SPREAD, MAX_SPREAD)
    }

    /// Time until an attempt comes back; `rank` in [0, 1) is its place among all that wait. `None` once the window is over.
    pub(super) fn back_in(self, now: StoreTime, rank: f64) -> Option<Duration> {
        (now < self.until).then(|| self.until.since(now).saturating_add(self.spread().mul_f64(rank)))
    }

    /// Admits an attempt, or says why it has to wait, while the window is not over.
    pub(super) fn check(&mut self, now: StoreTime, ask: &Ask) -> Result<(), Pause> {
        if now >= self.until {
            return Ok(());
        }
        let passes = if self.repeats == 0 { 0 } else { GROWTH.saturating_pow(self.repeats) };
        if now.minus(ask.waited) < self.from && self.passed < passes {
            self.passed += 1;
            return Ok(());
        }
        let why = if self.by_hand { Reason::ClosedByHand } else { Reason::AskedToWait };
        let (until, spread) = (Some(self.until), self.spread());
        Err(Pause { limit: Limit::Window, until, turn: None, spread, why })
    }
}
