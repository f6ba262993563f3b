//! The generic cell rate algorithm (ATM Forum, Traffic Management 4.0; as in brandur.org/rate-limiting and redis-cell):
//! one moment, the theoretical arrival time (TAT) of the next attempt, is all that has to be shared.
//!
//! The meaning of the moment depends on the rate that it was made by, so there is one for each rate in use. Every attempt
//! counts for all of them, and a rate that is new begins anew: processes that disagree do not spoil each other's
//! counts, and a rate that was mended on the command line holds at once.
//!
//! Those who have to wait stand in line: each is told its turn, and the state knows the last one. A turn is advice, and
//! spends nothing. Whoever asks before its turn goes only where somebody before it has missed theirs, so the death of
//! those in line costs no more than a moment; but a crowd that waits asks when it has a chance, not whenever one may go. Whoever
//! finds its turn taken, or the slot a moment late since the one before it started late, is next. Whoever would not wait
//! until its turn is told when that would be, and does not join the line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Rate;
use super::{Ask, Limit, Pause, Reason, StoreTime, micros};

/// A turn is missed after the time of another, and after this at the latest.
const MAX_LATENESS: Duration = Duration::from_secs(1);
/// Rates remembered at a time; beyond that, the one that matters for the shortest time is forgotten.
const MAX_RATES: usize = 3;

/// The use of each rate: its attempts, its time in microseconds, and the arrival time. One whose arrival time has
/// passed says nothing, and is forgotten.
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

    /// How many could start at once.
    pub(super) fn tokens(&self, rate: Rate, now: StoreTime) -> u32 {
        let used = self.of(rate, now).since(now).as_micros().div_ceil(interval(rate).as_micros().max(1));
        rate.count.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// The last moment that any of them says something of.
    pub(super) fn last(&self) -> StoreTime {
        self.0.iter().map(|(.., arrival)| *arrival).max().unwrap_or_default()
    }

    /// All moments, moved: the clock was set back.
    pub(super) fn shift(&mut self, back: impl Fn(StoreTime) -> StoreTime) {
        self.0.iter_mut().for_each(|(.., arrival)| *arrival = back(*arrival));
    }

    /// The arrival time under this rate. One farther away than the rate can make is of a clock that was wrong.
    fn of(&self, rate: Rate, now: StoreTime) -> StoreTime {
        let known = self.0.iter().find(|known| is_of(known, rate));
        known.map_or(now, |(.., arrival)| (*arrival).clamp(now, now.plus(rate.per)))
    }
}

/// The last turn that was told to anybody, and the rate that it was of. Where two are in use, the last one to ask has the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Line(Option<(u32, u64, StoreTime)>);

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The turn of one more, not before `next`.
    fn turn(&self, rate: Rate, next: StoreTime) -> StoreTime {
        let last = self.0.filter(|known| is_of(known, rate)).map(|(.., last)| last.plus(interval(rate)));
        last.map_or(next, |turn| turn.max(next))
    }

    /// Somebody waits for this turn.
    fn join(&mut self, rate: Rate, turn: StoreTime) -> StoreTime {
        self.0 = Some((rate.count, micros(rate.per), turn));
        turn
    }

    /// Somebody goes. A line whose turns are over is none, nor is one in which one was missed: who joins need not wait for
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
