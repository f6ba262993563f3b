//! Computes what other settings would have changed in the recorded runs. Only reports what follows from them, without
//! guesses about attempts that were never made.

use super::runs::{Run, Stop};
use super::sketch::{Exact, Sketch};
use crate::base::duration;
use crate::event::Outcome;

/// A setting to try on the recorded runs. Times are microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Max(u64),
    Timeout(u64),
    Deadline(u64),
}

impl Setting {
    /// `max=3`, `timeout=30s`, `deadline=5m`; several are separated by commas.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(Self::parse).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "invalid --what-if '{text}': use max=3, timeout=30s or deadline=5m, with commas between them"
            )
        };
        let (name, value) = text.trim().split_once('=').ok_or_else(wrong)?;
        let micros = || {
            let time = duration::parse(value).map_err(|why| format!("{name}: {why}"))?;
            Ok(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
        };
        match name {
            "max" => value.parse().ok().filter(|max| *max > 0).map(Self::Max).ok_or_else(wrong),
            "timeout" => micros().map(Self::Timeout),
            "deadline" => micros().map(Self::Deadline),
            _ => Err(wrong()),
        }
    }
}

/// What a setting would have changed. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub runs_lost: u64,
    pub attempts_at_risk: u64,
    pub attempts_saved: u64,
    pub saved: u64,
}

/// The sums from which effects follow.
#[derive(Debug, Default)]
pub(super) struct WhatIfs {
    /// The settings that are counted run by run.
    asked: Vec<(Setting, Effect)>,
    /// Runs that succeeded, failed, and ran out of attempts, by the attempts they made.
    pub succeeded: Exact,
    pub failed: Exact,
    pub exhausted: Exact,
    /// Attempts of failed runs by their number, from 1: how many, and the time of each with the wait before it.
    beyond: Vec<(u64, u64)>,
}

impl WhatIfs {
    pub(super) fn new(asked: &[Setting]) -> Self {
        Self { asked: asked.iter().map(|setting| (*setting, Effect::default())).collect(), ..Self::default() }
    }

    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        let succeeded = stop.outcome == Outcome::Succeeded;
        let counts = if succeeded { &mut self.succeeded } else { &mut self.failed };
        *counts.entry(stop.attempts).or_default() += 1;
        if stop.outcome == Outcome::Exhausted {
            *self.exhausted.entry(stop.attempts).or_default() += 1;
        }
        if !succeeded {
            let mut wait = 0;
            for (at, attempt) in run.tries.iter().enumerate() {
                if self.beyond.len() == at {
                    self.beyond.push((0, 0));
                }
                self.beyond[at].0 += 1;
                self.beyond[at].1 += attempt.duration + wait;
                wait = attempt.wait;
            }
        }
        for (setting, effect) in &mut self.asked {
            match *setting {
                Setting::Timeout(limit) => {
                    let cut =
                        run.tries.iter().filter(|attempt| attempt.succeeded && attempt.duration > limit);
                    effect.attempts_at_risk += cut.count() as u64;
                }
                Setting::Deadline(limit) if succeeded => effect.runs_lost += u64::from(stop.elapsed > limit),
                Setting::Deadline(limit) => effect.saved += stop.elapsed.saturating_sub(limit),
                Setting::Max(_) => {}
            }
        }
    }

    /// The requested settings with their effects.
    pub(super) fn asked(&self) -> Vec<(Setting, Effect)> {
        let effect = |(setting, effect): &(Setting, Effect)| match *setting {
            Setting::Max(max) => (*setting, self.of_max(max)),
            _ => (*setting, *effect),
        };
        self.asked.iter().map(effect).collect()
    }

    /// The effect of fewer attempts.
    pub(super) fn of_max(&self, max: u64) -> Effect {
        let more = |counts: &Exact| counts.range(max.saturating_add(1)..).map(|(_, runs)| runs).sum::<u64>();
        let spent = self.beyond.iter().skip(usize::try_from(max).unwrap_or(usize::MAX));
        Effect {
            runs_lost: more(&self.succeeded),
            attempts_saved: self
                .failed
                .range(max.saturating_add(1)..)
                .map(|(made, runs)| (made - max) * runs)
                .sum(),
            saved: spent.map(|(_, time)| time).sum(),
            attempts_at_risk: 0,
        }
    }

    /// The smallest number of attempts that loses at most 1 % of the rescued runs; `None` without any.
    pub(super) fn suggested_max(&self, rescued: u64) -> Option<u64> {
        let most = self.succeeded.last_key_value().map(|(attempts, _)| *attempts).filter(|_| rescued > 0)?;
        (1..=most).find(|max| self.of_max(*max).runs_lost * 100 <= rescued)
    }

    /// The number of attempts at which most runs ran out of them: the number of those runs, of runs with that many or more
    /// attempts, and of runs that succeeded with that attempt.
    pub(super) fn at_limit(&self) -> Option<(u64, u64, u64, u64)> {
        // The smallest of equals.
        let (limit, runs) = self.exhausted.iter().rev().max_by_key(|(_, runs)| **runs)?;
        let from = |counts: &Exact| counts.range(limit..).map(|(_, runs)| runs).sum::<u64>();
        let passed = self.succeeded.get(limit).copied().unwrap_or_default();
        Some((*limit, *runs, from(&self.succeeded) + from(&self.failed), passed))
    }
}

/// Twice the 95th percentile of the successful attempts, in microseconds, and at least a second. With fewer than ten, the
/// largest is ignored: it may be the very hang that the timeout is meant for. With fewer than five, nothing is suggested.
pub(super) fn suggested_timeout(successes: &Sketch) -> Option<u64> {
    let percentile = match successes.count() {
        0..5 => None,
        5..10 => successes.trimmed(95),
        _ => successes.percentile(95),
    };
    percentile.map(|micros| (2 * micros).max(1_000_000))
}
