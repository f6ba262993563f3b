//! The generic cell rate algorithm (ATM Forum, Traffic Management 4.0; as in brandur.org/rate-limiting and redis-cell):
//! one moment, the theoretical arrival time (TAT) of the next attempt, is all that has to be shared.
//!
//! The meaning of the moment depends on the rate that it was made by, so there is one for each rate in use. Every attempt
//! counts for all of them, and a rate that is new begins anew: processes that disagree do not spoil each other's
//! counts, and a rate that was mended on the command line holds at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Rate;
use super::{Limit, Pause, StoreTime, micros};

/// Upper bound of the time over which those who waited for the same moment spread their next look.
const MAX_SPREAD: Duration = Duration::from_millis(100);
/// Rates remembered at a time; beyond that, the one that matters for the shortest time is forgotten.
const MAX_RATES: usize = 3;

/// The use of each rate: its attempts, its time in microseconds, and the arrival time. One whose arrival time has
/// passed says nothing, and is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Arrivals(Vec<(u32, u64, StoreTime)>);

impl Arrivals {
    /// Counts an attempt, or says why it has to wait. `N/D` lets N start at once, and N in every further D.
    pub(super) fn check(&mut self, rate: Rate, now: StoreTime) -> Result<(), Pause> {
        let earliest = self.of(rate, now).minus(rate.per.saturating_sub(interval(rate)));
        if earliest > now {
            let why = format!(
                "{} per {} used up",
                crate::base::words::plural(rate.count.into(), "attempt"),
                crate::base::duration::exact(rate.per)
            );
            let spread = (interval(rate) / 10).min(MAX_SPREAD);
            return Err(Pause { limit: Limit::Rate, until: Some(earliest), spread, why });
        }
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

fn interval(rate: Rate) -> Duration {
    rate.per / rate.count.max(1)
}

fn is_of((count, per, _): &(u32, u64, StoreTime), rate: Rate) -> bool {
    (*count, *per) == (rate.count, micros(rate.per))
}
