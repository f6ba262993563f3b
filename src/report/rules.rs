//! Whether retrying helped: for each rule, the number of runs in which it occurred, that retried, and that then succeeded.

use std::collections::{BTreeMap, HashMap};

use super::runs::{Exit, Run, Stop};
use super::time::SECOND;
use crate::event::Outcome;

/// If a run succeeds this soon after one that was stopped, stopping was too early.
const NEXT_RUN: i64 = 600 * SECOND;
/// The most names and keys whose last end is remembered.
const MAX_ENDS: usize = 10_000;

/// Runs in which something was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Helped {
    pub attempts: u64,
    pub runs: u64,
    /// Another attempt followed.
    pub retried: u64,
    /// The run succeeded after that.
    pub successes: u64,
    /// Microseconds.
    pub lost: u64,
}

impl Helped {
    fn add_run(&mut self, retried: bool, succeeded: bool) {
        self.runs += 1;
        self.retried += u64::from(retried);
        self.successes += u64::from(retried && succeeded);
    }
}

/// The runs that followed those which a rule has ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    pub runs: u64,
    pub succeeded: u64,
    /// The sum of the times until then, in microseconds.
    pub until: u64,
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub by_rule: BTreeMap<u32, Helped>,
    /// By rule and exit.
    pub exits: BTreeMap<(u32, Exit), Helped>,
    pub kinds: BTreeMap<u32, Helped>,
    pub followed: BTreeMap<u32, Followed>,
    /// The rule that ended the last run of a name and key, and when.
    ends: HashMap<(u32, Option<u32>), (i64, u32)>,
}

impl Rules {
    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        self.follow(run, stop);
        let succeeded = stop.outcome == Outcome::Succeeded;
        // A run counts once for each rule, exit and kind, however many of its causes share it.
        let mut firsts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut exits: BTreeMap<(u32, Exit), u64> = BTreeMap::new();
        let mut kinds: BTreeMap<u32, u64> = BTreeMap::new();
        for seen in &run.seen {
            let rule = seen.cause.rule;
            for sum in [
                self.by_rule.entry(rule).or_default(),
                self.exits.entry((rule, seen.cause.exit)).or_default(),
            ] {
                sum.attempts += seen.attempts;
                sum.lost += seen.lost;
            }
            earliest(&mut firsts, rule, seen.first);
            earliest(&mut exits, (rule, seen.cause.exit), seen.first);
            if let Some(kind) = seen.cause.kind {
                let sum = self.kinds.entry(kind).or_default();
                sum.attempts += seen.attempts;
                sum.lost += seen.lost;
                earliest(&mut kinds, kind, seen.first);
            }
        }
        let retried = |first: u64| first < stop.attempts;
        for (rule, first) in firsts {
            self.by_rule.entry(rule).or_default().add_run(retried(first), succeeded);
        }
        for (exit, first) in exits {
            self.exits.entry(exit).or_default().add_run(retried(first), succeeded);
        }
        for (kind, first) in kinds {
            self.kinds.entry(kind).or_default().add_run(retried(first), succeeded);
        }
    }

    /// Holds the run to the one before it of the same name and key, if a verdict had ended that.
    fn follow(&mut self, run: &Run, stop: &Stop) {
        let operation = (run.name, run.key);
        if let Some((at, rule)) = self.ends.get(&operation).copied()
            && stop.at >= at
        {
            self.ends.remove(&operation);
            if stop.at - at <= NEXT_RUN {
                let followed = self.followed.entry(rule).or_default();
                followed.runs += 1;
                if stop.outcome == Outcome::Succeeded {
                    followed.succeeded += 1;
                    followed.until += (stop.at - at).unsigned_abs();
                }
            }
        }
        if stop.outcome == Outcome::Permanent
            && self.ends.len() < MAX_ENDS
            && let Some(last) = run.seen.iter().max_by_key(|seen| seen.last)
        {
            self.ends.insert(operation, (stop.at, last.cause.rule));
        }
    }
}

fn earliest<K: Ord>(firsts: &mut BTreeMap<K, u64>, key: K, first: u64) {
    let entry = firsts.entry(key).or_insert(first);
    *entry = first.min(*entry);
}
