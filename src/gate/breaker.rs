//! A circuit breaker: closed until too much fails, then open for a time in which nothing is tried, then half-open: one
//! probe at a time, whose success closes it and whose failure opens it again (Nygard, "Release It!"; resilience4j, Polly).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::{Breaker, Tripping};
use super::{At, Limit, Pause, Result};

/// A share of few results means nothing (Polly's minimum throughput, for processes that live for seconds).
const LEAST_RESULTS: u32 = 10;
/// Who waited for it to close comes back spread over this.
const SPREAD: Duration = Duration::from_secs(1);

/// As `retry state` shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    #[default]
    Closed,
    Open,
    HalfOpen,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Circuit {
    /// Failures in a row.
    #[serde(default)]
    pub(super) failures: u32,
    /// When it opened, and until when. Past that it is half-open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) opened: Option<(At, At)>,
    /// Results of this period and the one before: when it began, good ones, bad ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<(At, [u32; 2], [u32; 2])>,
}

impl Circuit {
    pub(super) fn phase(&self, now: At) -> Phase {
        match self.opened {
            None => Phase::Closed,
            Some((_, until)) if now < until => Phase::Open,
            Some(_) => Phase::HalfOpen,
        }
    }

    /// Whether the attempt has to be the probe, or why it has to wait.
    pub(super) fn check(&self, now: At, probe_is_free: bool) -> std::result::Result<bool, Pause> {
        let (until, why) = match (self.phase(now), self.opened) {
            (Phase::Open, Some((_, until))) => (Some(until), format!("it opened after {}", self.seen())),
            (Phase::HalfOpen, _) if probe_is_free => return Ok(true),
            (Phase::HalfOpen, _) => (None, "it is half-open, and its probe is under way".to_owned()),
            _ => return Ok(false),
        };
        let spread = if until.is_some() { SPREAD } else { Duration::ZERO };
        Err(Pause { limit: Limit::Breaker, until, spread, why })
    }

    fn seen(&self) -> String {
        match self.failures {
            0 => "too many failures".to_owned(),
            1 => "a failure".to_owned(),
            failures => format!("{failures} failures in a row"),
        }
    }

    pub(super) fn settle(&mut self, limit: Breaker, now: At, result: Result, probe: bool) {
        if result == Result::Neutral {
            return;
        }
        let failed = result == Result::Failure;
        if self.opened.is_some() {
            // Those that started before it opened have nothing to say of now.
            match (probe, failed) {
                (true, true) => {
                    self.failures = self.failures.saturating_add(1);
                    self.open(limit, now);
                }
                (true, false) => *self = Self::default(),
                (false, _) => {}
            }
            return;
        }
        self.failures = if failed { self.failures.saturating_add(1) } else { 0 };
        if self.is_tripped(limit, now, failed) {
            self.open(limit, now);
        }
    }

    fn open(&mut self, limit: Breaker, now: At) {
        self.opened = Some((now, now.plus(limit.open_for)));
        self.period = None;
    }

    fn is_tripped(&mut self, limit: Breaker, now: At, failed: bool) -> bool {
        let share = match limit.trips {
            Tripping::InARow(most) => return self.failures >= most,
            Tripping::Share(share) => share,
        };
        let (began, mut last, mut this) = self.period.unwrap_or((now, [0; 2], [0; 2]));
        let age = now.since(began);
        let mut begins = began;
        if age >= limit.open_for {
            last = if age >= limit.open_for * 2 { [0; 2] } else { this };
            (this, begins) = ([0; 2], now);
        }
        this[usize::from(failed)] = this[usize::from(failed)].saturating_add(1);
        self.period = Some((begins, last, this));
        let [good, bad] = [0, 1].map(|which: usize| last[which].saturating_add(this[which]));
        let all = good.saturating_add(bad);
        failed && all >= LEAST_RESULTS && f64::from(bad) >= share * f64::from(all)
    }
}
