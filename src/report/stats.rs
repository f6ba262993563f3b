//! Sums over the runs that have ended. Each run is added once, in any order, and forgotten.

use std::collections::BTreeMap;

use super::rules::Rules;
use super::runs::{Run, Stop};
use super::sketch::{Bins, Sketch};
use super::time;
use super::what_if::WhatIfs;
use crate::event::Outcome;

/// Bins of the timeline, and of a group's trend.
const TIMELINE_BINS: i64 = 512;
const TREND_BINS: i64 = 32;

/// How a run ended, as distinguished in groups. The number is that of its counter in [`Bins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    FirstTry = 0,
    Rescued = 1,
    Failed = 2,
}

impl Fate {
    pub(super) fn of(stop: &Stop) -> Self {
        match (stop.outcome == Outcome::Succeeded, stop.had_failures) {
            (true, false) => Self::FirstTry,
            (true, true) => Self::Rescued,
            (false, _) => Self::Failed,
        }
    }
}

/// The counts of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// By fate.
    pub fates: [u64; 3],
    pub attempts: u64,
    /// Microseconds.
    pub waited: u64,
    pub lost: u64,
}

impl Counts {
    fn add(&mut self, fate: Fate, stop: &Stop, lost: u64) {
        self.fates[fate as usize] += 1;
        self.attempts += stop.attempts;
        self.waited += stop.slept;
        self.lost += lost;
    }

    pub(super) fn runs(&self) -> u64 {
        self.fates.iter().sum()
    }
}

/// Runs of one name.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub counts: Counts,
    pub durations: Sketch,
    pub trend: Bins,
}

/// All sums.
#[derive(Debug)]
pub(super) struct Stats {
    pub total: Counts,
    pub outcomes: BTreeMap<&'static str, u64>,
    /// By the number of attempts, and by fate.
    pub attempts: BTreeMap<u64, [u64; 3]>,
    pub run_durations: Sketch,
    /// By the bound that [`step`] gives, and by fate.
    pub run_steps: BTreeMap<u64, [u64; 3]>,
    pub success_durations: Sketch,
    pub failure_durations: Sketch,
    pub operations: BTreeMap<u32, Operation>,
    pub keys: BTreeMap<u32, Counts>,
    pub hosts: BTreeMap<u32, Counts>,
    pub labels: BTreeMap<u32, Counts>,
    pub hours: [Counts; 24],
    pub rules: Rules,
    pub what_ifs: WhatIfs,
    pub timeline: Bins,
    /// The first begin and the last end.
    pub span: Option<(i64, i64)>,
}

/// The first of 1, 2, 5, 10, 20 … milliseconds that is not shorter, in microseconds.
pub(super) fn step(micros: u64) -> u64 {
    let mut unit: u64 = 1_000;
    loop {
        for bound in [unit, unit.saturating_mul(2), unit.saturating_mul(5)] {
            if micros <= bound {
                return bound;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

pub use crate::event::OUTCOMES;

impl Stats {
    pub(super) fn new(what_ifs: WhatIfs) -> Self {
        Self {
            total: Counts::default(),
            outcomes: OUTCOMES.iter().map(|(_, word)| (*word, 0)).collect(),
            attempts: BTreeMap::new(),
            run_durations: Sketch::default(),
            run_steps: BTreeMap::new(),
            success_durations: Sketch::default(),
            failure_durations: Sketch::default(),
            operations: BTreeMap::new(),
            keys: BTreeMap::new(),
            hosts: BTreeMap::new(),
            labels: BTreeMap::new(),
            hours: [Counts::default(); 24],
            rules: Rules::default(),
            what_ifs,
            timeline: Bins::new(TIMELINE_BINS),
            span: None,
        }
    }

    /// Adds a run that has ended.
    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        let fate = Fate::of(stop);
        let failed: u64 =
            run.tries.iter().filter(|attempt| !attempt.succeeded).map(|attempt| attempt.duration).sum();
        let lost = stop.slept + failed;
        let second = stop.at.div_euclid(time::SECOND);
        self.total.add(fate, stop, lost);
        *self.outcomes.entry(stop.outcome.name()).or_default() += 1;
        self.attempts.entry(stop.attempts).or_default()[fate as usize] += 1;
        self.run_durations.add(stop.elapsed);
        self.run_steps.entry(step(stop.elapsed)).or_default()[fate as usize] += 1;
        for attempt in &run.tries {
            let durations =
                if attempt.succeeded { &mut self.success_durations } else { &mut self.failure_durations };
            durations.add(attempt.duration);
        }
        let operation = self.operations.entry(run.name).or_insert_with(|| Operation {
            counts: Counts::default(),
            durations: Sketch::default(),
            trend: Bins::new(TREND_BINS),
        });
        operation.counts.add(fate, stop, lost);
        operation.durations.add(stop.elapsed);
        operation.trend.add(second, fate as usize);
        self.hosts.entry(run.host).or_default().add(fate, stop, lost);
        self.hours[time::hour(stop.at)].add(fate, stop, lost);
        if let Some(key) = run.key {
            self.keys.entry(key).or_default().add(fate, stop, lost);
        }
        for label in &run.labels {
            self.labels.entry(*label).or_default().add(fate, stop, lost);
        }
        self.timeline.add(second, fate as usize);
        self.rules.add(run, stop);
        self.what_ifs.add(run, stop);
        let began = run.started.unwrap_or(stop.at.saturating_sub(stop.elapsed.cast_signed()));
        let (first, last) = self.span.unwrap_or((began, stop.at));
        self.span = Some((first.min(began), last.max(stop.at)));
    }
}
