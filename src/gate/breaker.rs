//! A circuit breaker: closed until too much fails, then open for a time in which no attempt starts, then half-open: one
//! probe at a time, whose success closes it and whose failure reopens it (Nygard, "Release It!"; resilience4j, Polly).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::{Breaker, Tripping};
use super::{Health, Limit, Pause, Reason, StoreTime};

/// The share of failures among fewer results is not significant (Polly's minimum throughput, for short-lived processes).
const MIN_RESULTS: u32 = 10;
/// Results within this fraction of the window are counted together, and forgotten together once the first of them is older
/// than the window.
const SLICES: u32 = 10;
/// The time over which attempts come back that waited for an open breaker.
const REOPEN_SPREAD: Duration = Duration::from_secs(1);

/// As `retry state` shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
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
    /// When it opened, and when it becomes half-open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) opened: Option<(StoreTime, StoreTime)>,
    /// Recent results, for shares, the latest last: the time of the first, and the numbers of good and bad ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) results: Vec<(StoreTime, u32, u32)>,
}

impl Circuit {
    /// Under this limit, if there is one.
    pub(super) fn phase(&self, limit: Option<Breaker>, now: StoreTime) -> Phase {
        match self.open_until(limit) {
            None => Phase::Closed,
            Some(until) if now < until => Phase::Open,
            Some(_) => Phase::HalfOpen,
        }
    }

    /// When it stops being open. It may have been opened under another limit, for longer than this one would.
    pub(super) fn open_until(&self, limit: Option<Breaker>) -> Option<StoreTime> {
        let (at, until) = self.opened?;
        Some(limit.map_or(until, |limit| until.min(at.plus(limit.open_for))))
    }

    /// Whether the attempt has to be the probe; the error is why it has to wait.
    pub(super) fn check(&self, limit: Breaker, now: StoreTime, probe_is_free: bool) -> Result<bool, Pause> {
        let limit = Some(limit);
        let (until, why) = match (self.phase(limit, now), self.open_until(limit)) {
            (Phase::Open, Some(until)) => (Some(until), Reason::Opened(self.failures)),
            (Phase::HalfOpen, _) if probe_is_free => return Ok(true),
            (Phase::HalfOpen, _) => (None, Reason::ProbeRuns),
            _ => return Ok(false),
        };
        let spread = if until.is_some() { REOPEN_SPREAD } else { Duration::ZERO };
        Err(Pause { limit: Limit::Breaker, until, turn: None, spread, why })
    }

    pub(super) fn settle(&mut self, limit: Breaker, now: StoreTime, health: Health, probe: bool) {
        if health == Health::Unknown {
            return;
        }
        let failed = health == Health::Bad;
        if self.opened.is_some() {
            // Attempts that started before it opened say nothing about the present.
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

    fn open(&mut self, limit: Breaker, now: StoreTime) {
        self.opened = Some((now, now.plus(limit.open_for)));
        self.results.clear();
    }

    fn is_tripped(&mut self, limit: Breaker, now: StoreTime, failed: bool) -> bool {
        let share = match limit.trips {
            Tripping::InARow(most) => return self.failures >= most,
            Tripping::Share(share) => share,
        };
        self.count(now, limit.open_for / SLICES, failed);
        let recent = self.results.iter().filter(|(first, ..)| now.since(*first) <= limit.open_for);
        let (good, bad) = recent.fold((0_u32, 0_u32), |(good, bad), (_, more_good, more_bad)| {
            (good.saturating_add(*more_good), bad.saturating_add(*more_bad))
        });
        let all = good.saturating_add(bad);
        failed && all >= MIN_RESULTS && f64::from(bad) >= share * f64::from(all)
    }

    /// Adds a result to the recent ones.
    fn count(&mut self, now: StoreTime, slice: Duration, failed: bool) {
        let most = SLICES as usize + 1;
        if self.results.last().is_none_or(|(first, ..)| now.since(*first) >= slice) {
            self.results.push((now, 0, 0));
            let old = self.results.len().saturating_sub(most);
            self.results.drain(..old);
        }
        if let Some((_, good, bad)) = self.results.last_mut() {
            let count = if failed { bad } else { good };
            *count = count.saturating_add(1);
        }
    }
}
