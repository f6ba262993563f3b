//! The generic cell rate algorithm (ATM Forum, Traffic Management 4.0; as in brandur.org/rate-limiting and redis-cell):
//! only one time has to be shared, the theoretical arrival time (TAT) of the next attempt.
//!
//! A TAT is only meaningful for the rate that it was computed with, so there is one for each rate in use. Every attempt
//! counts towards all of them, and a new rate starts from scratch: processes that disagree do not spoil each other's
//! counts, and a rate that was corrected on the command line applies at once.
//!
//! Attempts that have to wait form a queue: each is assigned a turn, and the state holds the last one. A turn is advice and
//! spends nothing. An attempt that asks before its turn is admitted only if one before it has missed its own, so deaths in
//! the queue cost little time; and the attempts of a crowd ask when they have a chance, not whenever one of them may go. One
//! that finds its turn taken, or its slot delayed by a late start before it, is next. One that would not wait until its turn
//! learns when that would be, and does not join the queue.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Rate;
use super::{Ask, Limit, Pause, Reason, StoreTime, micros};

/// A turn counts as missed when the time of the next one has passed, and after this at the latest.
const MAX_LATENESS: Duration = Duration::from_secs(1);
/// The most rates that are remembered; beyond that, the one that stops mattering first is forgotten.
const MAX_RATES: usize = 3;

/// The use of each rate: its attempts, its period in microseconds, and its arrival time. An entry whose arrival time has
/// passed is without effect, and is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Arrivals(Vec<(u32, u64, StoreTime)>);

impl Arrivals {
    /// Counts an attempt, or says why it has to wait. `N/D` lets N start at once, and N in every further D.
    pub(super) fn check(
        &mut self,
        rate: Rate,
        now: StoreTime,
        ask: &Ask,
        line: &mut Line,
    ) -> Result<(), Pause> {
        let next = self.of(rate, now).minus(rate.per.saturating_sub(interval(rate)));
        let to_come = ask.turn.filter(|turn| now < *turn);
        let missed = next.plus(interval(rate).min(MAX_LATENESS));
        let earliest = if to_come.is_some() { missed } else { next };
        if earliest > now {
            let (until, turn) = match (to_come, ask.turn) {
                (Some(turn), _) => (earliest.min(turn), turn),
                (None, Some(_)) => (next, next),
                (None, None) => match line.turn(rate, next) {
                    turn if ask.patience.is_some_and(|most| turn.since(now) > most) => (turn, turn),
                    turn => (next, line.join(rate, turn)),
                },
            };
            let (until, turn) = (Some(until), Some(turn));
            let why = Reason::UsedUp(rate);
            return Err(Pause { limit: Limit::Rate, until, turn, spread: Duration::ZERO, why });
        }
        line.moved(now, to_come.is_some());
        self.0.retain(|(.., arrival)| *arrival > now);
        if !self.0.iter().any(|known| is_of(known, rate)) {
            self.0.push((rate.count, micros(rate.per), now));
        }
        for (count, per, arrival) in &mut self.0 {
            let per = Duration::from_micros(*per);
            *arrival = arrival.plus(per / (*count).max(1)).min(now.plus(per));
        }
        if self.0.len() > MAX_RATES {
            self.0.sort_by_key(|known| (!is_of(known, rate), std::cmp::Reverse(known.2)));
            self.0.truncate(MAX_RATES);
        }
        Ok(())
    }

    /// The number of attempts that could start at once.
    pub(super) fn tokens(&self, rate: Rate, now: StoreTime) -> u32 {
        let used = self.of(rate, now).since(now).as_micros().div_ceil(interval(rate).as_micros().max(1));
        rate.count.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// The latest arrival time.
    pub(super) fn last(&self) -> StoreTime {
        self.0.iter().map(|(.., arrival)| *arrival).max().unwrap_or_default()
    }

    /// All moments, moved: the clock was set back.
    pub(super) fn shift(&mut self, back: impl Fn(StoreTime) -> StoreTime) {
        self.0.iter_mut().for_each(|(.., arrival)| *arrival = back(*arrival));
    }

    /// The arrival time under this rate. One that is farther away than the rate allows comes from a wrong clock.
    fn of(&self, rate: Rate, now: StoreTime) -> StoreTime {
        let known = self.0.iter().find(|known| is_of(known, rate));
        known.map_or(now, |(.., arrival)| (*arrival).clamp(now, now.plus(rate.per)))
    }
}

/// The last turn that was assigned, and its rate. If two rates are in use, the queue is that of the last one to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Line(Option<(u32, u64, StoreTime)>);

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The turn of one more attempt, not before `next`.
    fn turn(&self, rate: Rate, next: StoreTime) -> StoreTime {
        let last = self.0.filter(|known| is_of(known, rate)).map(|(.., last)| last.plus(interval(rate)));
        last.map_or(next, |turn| turn.max(next))
    }

    /// Appends an attempt with this turn.
    fn join(&mut self, rate: Rate, turn: StoreTime) -> StoreTime {
        self.0 = Some((rate.count, micros(rate.per), turn));
        turn
    }

    /// An attempt was admitted. Drops a queue whose turns are over or in which one was missed: newcomers need not wait for
    /// the dead.
    fn moved(&mut self, now: StoreTime, missed: bool) {
        self.0 = self.0.filter(|(.., last)| *last > now && !missed);
    }

    /// All moments, moved: the clock was set back.
    pub(super) fn shift(&mut self, back: impl Fn(StoreTime) -> StoreTime) {
        self.0.iter_mut().for_each(|(.., last)| *last = back(*last));
    }
}

fn interval(rate: Rate) -> Duration {
    rate.per / rate.count.max(1)
}

fn is_of((count, per, _): &(u32, u64, StoreTime), rate: Rate) -> bool {
    (*count, *per) == (rate.count, micros(rate.per))
}
