//! The generic cell rate algorithm (ATM Forum, Traffic Management 4.0; as in brandur.org/rate-limiting and redis-cell):
//! one moment per key, the theoretical arrival time (TAT) of the next attempt, is all that has to be shared.

use std::time::Duration;

use super::limits::Rate;
use super::{At, Limit, Pause};

/// Who waited for the same moment does not look for it at the very same time.
const SPREAD_MOST: Duration = Duration::from_millis(100);

/// The arrival time after this attempt, or why it has to wait. `N/D` lets N start at once, and N in every further D.
pub(super) fn check(rate: Rate, arrival: At, now: At) -> Result<At, Pause> {
    let interval = rate.per / rate.count.max(1);
    let tolerance = rate.per.saturating_sub(interval);
    // An arrival farther away than the limit can make is one of a limit that was slower.
    let arrival = arrival.clamp(now, now.plus(rate.per));
    let earliest = arrival.minus(tolerance);
    if earliest <= now {
        return Ok(arrival.plus(interval));
    }
    Err(Pause {
        limit: Limit::Rate,
        until: Some(earliest),
        spread: (interval / 10).min(SPREAD_MOST),
        why: format!(
            "{} per {} are used up",
            crate::event::plural(rate.count.into(), "attempt"),
            crate::policy::duration::exact(rate.per)
        ),
    })
}

/// How many could start at once.
pub(super) fn tokens(rate: Rate, arrival: At, now: At) -> u32 {
    let interval = rate.per / rate.count.max(1);
    let used = arrival.since(now).as_micros().div_ceil(interval.as_micros().max(1));
    rate.count.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
}
