//! The waits of a policy, as shown by `retry explain`.

use std::time::Duration;

use super::settings::Policy;
use crate::backoff::{Range, Ranges};

/// The waits before each possible retry, and their sums.
#[derive(Debug, PartialEq)]
pub struct Schedule {
    /// The wait before each retry, at most [`ROWS`] of them.
    pub rows: Vec<Range>,
    /// The sum of all waits; `None` if attempts are unlimited.
    pub total: Option<Range>,
    /// The longest that the run can take, except for the time that stopping takes; `None` if unbounded.
    pub worst_case: Option<Duration>,
}

/// The most rows that are useful in a table.
pub const ROWS: u64 = 100;

/// Computes the schedule of a policy.
pub fn schedule(policy: &Policy) -> Schedule {
    let backoff = policy.schedule();
    let ranges = backoff.ranges();
    let deadline = policy.deadline.0;
    let retries = policy.attempts().times().map(|attempts| attempts - 1);
    let mut rows: Vec<Range> = Vec::new();
    let mut least = Duration::ZERO;
    for retry in 1..=retries.unwrap_or(ROWS).min(ROWS) {
        let range = ranges.of(retry);
        least = least.saturating_add(range.min);
        // Even the shortest waits would exceed the deadline, so this retry is impossible.
        if deadline.is_some_and(|deadline| least >= deadline) {
            break;
        }
        rows.push(range);
    }
    let total = retries.map(|retries| total(&rows, &ranges, retries, deadline));
    // A wait that depends on others is unbounded.
    let admission = if policy.key.is_some() { policy.gate_wait.0 } else { Some(Duration::ZERO) };
    let each = policy.timeout.0.zip(admission).map(|(timeout, admission)| timeout.saturating_add(admission));
    let worst_case = match (&total, each, policy.attempts().times()) {
        (Some(total), Some(each), Some(attempts)) => {
            let splay = policy.splay.0.unwrap_or_default();
            Some(splay.saturating_add(total.max).saturating_add(times(each, attempts)))
        }
        _ => None,
    };
    let worst_case = match (worst_case, deadline) {
        (Some(worst), Some(deadline)) => Some(worst.min(deadline)),
        (worst, deadline) => worst.or(deadline),
    };
    Schedule { rows, total, worst_case }
}

/// A multiple of a duration, capped at the longest one.
fn times(each: Duration, count: u64) -> Duration {
    let nanos = each.as_nanos().saturating_mul(count.into());
    u64::try_from(nanos / 1_000_000_000)
        .map_or(Duration::MAX, |seconds| Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

/// The sum of the waits without a row: the next ones individually, and then in steps of a thousandth, within which growth
/// is taken to be linear.
fn beyond_the_rows(ranges: &Ranges, retries: u64, part: fn(&Range) -> Duration) -> Duration {
    const EACH: u64 = 10_000;
    let wait = |retry| part(&ranges.of(retry)).as_secs_f64();
    let (mut sum, mut first) = (0.0, ROWS + 1);
    while first <= retries {
        let length = if first <= EACH { 1 } else { first / 1000 };
        let last = first.saturating_add(length - 1).min(retries);
        #[expect(clippy::cast_precision_loss, reason = "of so many waits one more or less is no matter")]
        let count = (last - first + 1) as f64;
        sum += f64::midpoint(wait(first), wait(last)) * count;
        let Some(next) = last.checked_add(1) else { break };
        first = next;
    }
    Duration::try_from_secs_f64(sum).unwrap_or(Duration::MAX)
}

/// The sum of all waits, including those without a row.
fn total(rows: &[Range], ranges: &Ranges, retries: u64, deadline: Option<Duration>) -> Range {
    let hidden = rows.len() as u64 == ROWS && retries > ROWS;
    let sum = |part: fn(&Range) -> Duration| {
        let shown = rows.iter().map(part).fold(Duration::ZERO, Duration::saturating_add);
        let hidden = if hidden { beyond_the_rows(ranges, retries, part) } else { Duration::ZERO };
        let sum = shown.saturating_add(hidden);
        deadline.map_or(sum, |deadline| sum.min(deadline))
    };
    Range { min: sum(|range| range.min), mean: sum(|range| range.mean), max: sum(|range| range.max) }
}

#[cfg(test)]
mod tests {
    use super::super::value::{MaxAttempts, TimeLimit};
    use super::*;
    use crate::backoff::{Jitter, Strategy};

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn each_retry_has_a_row_and_the_waits_add_up() {
        let policy =
            Policy { max: MaxAttempts::Times(4), timeout: TimeLimit(Some(ms(10_000))), ..Policy::default() };
        let schedule = schedule(&policy);
        let row = |min, mean, max| Range { min: ms(min), mean: ms(mean), max: ms(max) };
        assert_eq!(schedule.rows, [row(500, 750, 1000), row(1000, 1500, 2000), row(2000, 3000, 4000)]);
        assert_eq!(schedule.total, Some(row(3500, 5250, 7000)));
        assert_eq!(schedule.worst_case, Some(ms(47_000)));
    }

    #[test]
    fn what_nothing_bounds_has_no_sum() {
        let forever = Policy { max: MaxAttempts::Unlimited, ..Policy::default() };
        let unbounded = schedule(&forever);
        assert_eq!((unbounded.rows.len(), unbounded.total, unbounded.worst_case), (100, None, None));
        let attempts_only = schedule(&Policy { max: MaxAttempts::Times(2), ..Policy::default() });
        assert!(attempts_only.total.is_some());
        assert_eq!(attempts_only.worst_case, None);
    }

    #[test]
    fn a_deadline_bounds_the_rows_the_sum_and_the_worst_case() {
        let policy =
            Policy { max: MaxAttempts::Unlimited, deadline: TimeLimit(Some(ms(3_000))), ..Policy::default() };
        let schedule = schedule(&policy);
        assert_eq!(schedule.rows.len(), 2, "0.5s, 1s, and 2s would be past it");
        assert_eq!(schedule.worst_case, Some(ms(3_000)));
        assert_eq!(schedule.total, None, "nobody knows how many waits there will be");
        let limited = super::schedule(&Policy { max: MaxAttempts::Times(9), ..policy });
        assert_eq!(limited.total.map(|total| total.max), Some(ms(3_000)));
    }

    #[test]
    fn a_deadline_far_away_does_not_hide_the_waits_beyond_the_rows() {
        let policy = Policy {
            max: MaxAttempts::Times(1_001),
            deadline: TimeLimit(Some(ms(5_000_000))),
            backoff: Strategy::Fixed,
            jitter: Jitter::None,
            ..Policy::default()
        };
        assert_eq!(schedule(&policy).total.map(|total| total.min), Some(ms(1_000_000)));
    }

    #[test]
    fn no_number_is_too_large() {
        let (timeout, splay) = (TimeLimit(Some(ms(2_000))), TimeLimit(Some(ms(1_000))));
        let once = Policy { max: MaxAttempts::Times(1), timeout, splay, ..Policy::default() };
        assert_eq!(schedule(&once).worst_case, Some(ms(3_000)));
        for (max, strategy) in [
            (100_000_000_000, Strategy::Exponential),
            (400_000_000_000_000_000, Strategy::Decorrelated),
            (u64::MAX, Strategy::Fibonacci),
        ] {
            let policy =
                Policy { max: MaxAttempts::Times(max), backoff: strategy, timeout, ..Policy::default() };
            let schedule = schedule(&policy);
            let total = schedule.total.expect("a sum");
            assert!(total.min <= total.mean && total.mean <= total.max, "{total:?}");
            assert!(schedule.worst_case.is_some_and(|worst| worst >= total.max), "{max}");
        }
    }

    /// The sum of d·k for k from 1 to n.
    #[track_caller]
    fn linear(attempts: u64, delay: u64, cap: u64, expected: u64) {
        let policy = Policy {
            max: MaxAttempts::Times(attempts),
            backoff: Strategy::Linear,
            jitter: Jitter::None,
            delay: ms(delay),
            max_delay: ms(cap),
            ..Policy::default()
        };
        let sum = schedule(&policy).total.expect("a sum").max.as_secs_f64() * 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a test")]
        let off = (sum / expected as f64 - 1.0).abs();
        assert!(off < 1e-6, "{attempts} attempts: {sum} ms, not {expected}");
    }

    #[test]
    fn waits_beyond_the_rows_are_added_as_they_grow() {
        linear(300, 100, 60_000, 4_485_000);
        linear(300, 1_000, 3_600_000, 44_850_000);
        // Grows beyond the cap: 600 waits up to it, and then as many at it.
        linear(1_201, 100, 60_000, 600 * 601 * 50 + 600 * 60_000);
        linear(1_000_001, 1, u64::MAX / 1_000_000, 1_000_000 * 1_000_001 / 2);
    }

    #[test]
    fn one_attempt_waits_for_nothing() {
        let once = schedule(&Policy { enabled: false, ..Policy::default() });
        assert_eq!(once.rows, []);
        assert_eq!(once.total.map(|total| total.max), Some(Duration::ZERO));
    }

    #[test]
    fn waits_without_a_row_count_too() {
        for retries in [99, 100, 101, 10_000, 10_001, 1_000_000] {
            let policy = Policy {
                max: MaxAttempts::Times(retries + 1),
                backoff: Strategy::Fixed,
                jitter: Jitter::None,
                delay: ms(1000),
                ..Policy::default()
            };
            let total = schedule(&policy).total.unwrap().mean;
            assert_eq!(total, Duration::from_secs(retries));
        }
    }

    #[test]
    fn waits_that_the_deadline_leaves_out_do_not_count() {
        let policy = Policy {
            max: MaxAttempts::Times(1000),
            deadline: TimeLimit(Some(ms(10_000))),
            backoff: Strategy::Fixed,
            jitter: Jitter::None,
            delay: ms(1000),
            ..Policy::default()
        };
        let schedule = schedule(&policy);
        assert_eq!((schedule.rows.len(), schedule.total.unwrap().min), (9, ms(9000)));
    }
}
