//! The waits that a policy makes, as `retry explain` shows them.

use std::time::Duration;

use super::settings::Policy;
use crate::backoff::Range;

/// The waits before each possible retry, and what they add up to.
#[derive(Debug, PartialEq)]
pub(crate) struct Schedule {
    /// One a retry, at most [`ROWS`].
    pub(crate) rows: Vec<Range>,
    /// The sum of all waits; `None` when nothing bounds it.
    pub(crate) total: Option<Range>,
    /// The longest that the run can take, but for the time that stopping takes; `None` when nothing bounds it.
    pub(crate) worst_case: Option<Duration>,
}

/// As many retries as a table can be of use for.
pub(crate) const ROWS: u64 = 100;

/// Computes the schedule of a policy.
pub(crate) fn schedule(policy: &Policy) -> Schedule {
    let backoff = policy.schedule();
    let deadline = policy.deadline.0;
    let retries = policy.attempts().times().map(|attempts| attempts - 1);
    let mut rows: Vec<Range> = Vec::new();
    let mut least = Duration::ZERO;
    for retry in 1..=retries.unwrap_or(ROWS).min(ROWS) {
        let range = backoff.range(retry);
        least = least.saturating_add(range.min);
        // Even the shortest waits would pass the deadline: this retry can't be.
        if deadline.is_some_and(|deadline| least >= deadline) {
            break;
        }
        rows.push(range);
    }
    let complete = retries.is_some_and(|retries| u64::try_from(rows.len()).is_ok_and(|rows| rows == retries));
    let total = total(&rows, &backoff, retries, complete, deadline);
    let attempts = policy.attempts().times().and_then(|attempts| u32::try_from(attempts).ok());
    // What hangs on others has no end of its own.
    let admission = if policy.key.is_some() { policy.gate_wait.0 } else { Some(Duration::ZERO) };
    let each = policy.timeout.0.zip(admission).map(|(timeout, admission)| timeout.saturating_add(admission));
    let worst_case = match (&total, each, attempts, retries) {
        (Some(total), Some(each), Some(attempts), Some(_)) => {
            Some(total.max.saturating_add(each.saturating_mul(attempts)))
        }
        _ => None,
    };
    let worst_case = match (worst_case, deadline) {
        (Some(worst), Some(deadline)) => Some(worst.min(deadline)),
        (worst, deadline) => worst.or(deadline),
    };
    Schedule { rows, total, worst_case }
}

/// Beyond the rows every wait is like the last, near enough: all growth has met its cap by then or never will.
fn total(
    rows: &[Range],
    backoff: &crate::backoff::Backoff,
    retries: Option<u64>,
    complete: bool,
    deadline: Option<Duration>,
) -> Option<Range> {
    let sum = |part: fn(&Range) -> Duration| {
        let shown = rows.iter().map(part).fold(Duration::ZERO, Duration::saturating_add);
        let hidden = match retries {
            Some(retries) if !complete && deadline.is_none() => {
                let more = u32::try_from(retries.saturating_sub(ROWS)).unwrap_or(u32::MAX);
                part(&backoff.range(retries)).saturating_mul(more)
            }
            _ => Duration::ZERO,
        };
        let sum = shown.saturating_add(hidden);
        deadline.map_or(sum, |deadline| sum.min(deadline))
    };
    (retries.is_some() || deadline.is_some()).then(|| {
        let max = if retries.is_none() { deadline.unwrap_or_default() } else { sum(|range| range.max) };
        Range { min: sum(|range| range.min), mean: sum(|range| range.mean), max }
    })
}

#[cfg(test)]
mod tests {
    use super::super::value::{Bound, Limit};
    use super::*;

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn each_retry_has_a_row_and_the_waits_add_up() {
        let policy = Policy { max: Limit::Times(4), timeout: Bound(Some(ms(10_000))), ..Policy::default() };
        let schedule = schedule(&policy);
        let row = |min, mean, max| Range { min: ms(min), mean: ms(mean), max: ms(max) };
        assert_eq!(schedule.rows, [row(500, 750, 1000), row(1000, 1500, 2000), row(2000, 3000, 4000)]);
        assert_eq!(schedule.total, Some(row(3500, 5250, 7000)));
        assert_eq!(schedule.worst_case, Some(ms(47_000)));
    }

    #[test]
    fn what_nothing_bounds_has_no_sum() {
        let forever = Policy { max: Limit::Unlimited, ..Policy::default() };
        let unbounded = schedule(&forever);
        assert_eq!((unbounded.rows.len(), unbounded.total, unbounded.worst_case), (100, None, None));
        let attempts_only = schedule(&Policy { max: Limit::Times(2), ..Policy::default() });
        assert!(attempts_only.total.is_some());
        assert_eq!(attempts_only.worst_case, None);
    }

    #[test]
    fn a_deadline_bounds_the_rows_the_sum_and_the_worst_case() {
        let policy = Policy { max: Limit::Unlimited, deadline: Bound(Some(ms(3_000))), ..Policy::default() };
        let schedule = schedule(&policy);
        assert_eq!(schedule.rows.len(), 2, "0.5s, 1s, and 2s would be past it");
        assert_eq!(schedule.worst_case, Some(ms(3_000)));
        assert_eq!(schedule.total.map(|total| total.max), Some(ms(3_000)));
    }

    #[test]
    fn one_attempt_waits_for_nothing() {
        let once = schedule(&Policy { enabled: false, ..Policy::default() });
        assert_eq!(once.rows, []);
        assert_eq!(once.total.map(|total| total.max), Some(Duration::ZERO));
    }
}
