//! Plays back a log: runs begin when they did, and each request has the duration and the result of a randomly drawn
//! attempt.

use std::time::Duration;

use super::call::{Call, Draws, Purpose};
use crate::base::duration::approximate;
use crate::base::words::plural;
use crate::report::traffic::{Ending, Traffic};

/// The traffic to play back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// When each run began, in nanoseconds after the first one, in order. At least one.
    pub starts: Vec<u64>,
    /// Runs that began so long before the last one that they are left out.
    pub left_out: usize,
    /// The duration of each attempt in nanoseconds, and its result. At least one.
    attempts: Vec<(u64, Ending)>,
    /// The most attempts that were in progress at the same time, which the server could therefore serve at once.
    pub at_once: u32,
    /// The mean time of an attempt.
    pub mean: Duration,
}

impl Replay {
    /// Plays back the last `longest` of this traffic. The error says what is missing in it.
    pub fn new(traffic: &Traffic, longest: Duration) -> Result<Self, String> {
        let mut starts = traffic.starts.clone();
        starts.sort_unstable();
        let (Some(last), false) = (starts.last().copied(), traffic.attempts.is_empty()) else {
            return Err("it has no run with an attempt; use what --log FILE writes".to_owned());
        };
        let from = last.saturating_sub(i64::try_from(longest.as_micros()).unwrap_or(i64::MAX));
        let left_out = starts.partition_point(|at| *at < from);
        let first = starts.get(left_out).copied().unwrap_or(last);
        let since = |at: &i64| u64::try_from(at.saturating_sub(first)).unwrap_or_default() * 1000;
        let attempts: Vec<_> = traffic
            .attempts
            .iter()
            .map(|attempt| (attempt.duration.saturating_mul(1000), attempt.ending))
            .collect();
        let count = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let sum: Duration = attempts.iter().map(|(time, _)| Duration::from_nanos(*time)).sum();
        Ok(Self {
            starts: starts[left_out..].iter().map(since).collect(),
            left_out,
            attempts,
            at_once: at_once(traffic),
            mean: (sum / count).max(Duration::from_micros(1)),
        })
    }

    /// From the first to the last begin of a run.
    pub fn span(&self) -> Duration {
        Duration::from_nanos(self.starts.last().copied().unwrap_or_default())
    }

    /// The attempt drawn for this request: its duration in nanoseconds, and its result.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "less than the number of attempts"
    )]
    pub(super) fn attempt(&self, draws: &Draws, call: Call) -> (u64, Ending) {
        let place = draws.unit(Purpose::Service, call, 0) * self.attempts.len() as f64;
        self.attempts.get(place as usize).copied().unwrap_or((0, Ending::Success))
    }

    /// Describes the traffic.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn told(&self) -> String {
        let failed = self.attempts.iter().filter(|(_, ending)| *ending != Ending::Success).count();
        let share = failed as f64 / self.attempts.len() as f64 * 100.0;
        let (runs, attempts) = (self.starts.len() as u64, self.attempts.len() as u64);
        format!(
            "{} in {}, {} of {} each, {share:.1} % failed",
            plural(runs, "run"),
            approximate(self.span()),
            plural(attempts, "attempt"),
            approximate(self.mean)
        )
    }
}

/// The most attempts that were in progress at the same time.
fn at_once(traffic: &Traffic) -> u32 {
    let mut steps: Vec<(i64, i32)> = Vec::with_capacity(traffic.attempts.len() * 2);
    for attempt in &traffic.attempts {
        let began = attempt.ended.saturating_sub_unsigned(attempt.duration);
        steps.extend([(began, 1), (attempt.ended, -1)]);
    }
    // If one ends when another begins, the end comes first.
    steps.sort_unstable();
    let under_way = steps.iter().scan(0_i32, |count, (_, step)| {
        *count += step;
        Some(*count)
    });
    u32::try_from(under_way.max().unwrap_or_default()).unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::traffic::Tried;

    const SECOND: i64 = 1_000_000;

    fn traffic() -> Traffic {
        let tried = |ended, duration, ending| Tried { ended, duration, ending };
        Traffic {
            starts: vec![5 * SECOND, 0, 9 * SECOND],
            attempts: vec![
                tried(SECOND, 1_000_000, Ending::Success),
                tried(6 * SECOND, 1_000_000, Ending::Transient),
                tried(6 * SECOND, 500_000, Ending::Success),
                tried(7 * SECOND, 1_000_000, Ending::Success),
            ],
        }
    }

    #[test]
    fn runs_begin_as_they_did_and_the_oldest_are_left_out() {
        let all = Replay::new(&traffic(), Duration::from_secs(60)).unwrap();
        assert_eq!(all.starts, [0, 5_000_000_000, 9_000_000_000]);
        assert_eq!((all.at_once, all.mean, all.left_out), (2, Duration::from_millis(875), 0));
        assert_eq!(all.told(), "3 runs in 9s, 4 attempts of 875ms each, 25.0 % failed");
        let late = Replay::new(&traffic(), Duration::from_secs(5)).unwrap();
        assert_eq!((late.starts, late.left_out), (vec![0, 4_000_000_000], 1));
    }

    #[test]
    fn requests_are_attempts_of_the_log_in_the_shares_that_they_have_there() {
        let replay = Replay::new(&traffic(), Duration::from_secs(60)).unwrap();
        let draws = Draws::new(1, 0);
        let drawn = (0..4000).map(|client| replay.attempt(&draws, Call::first(client)));
        let failed = drawn.filter(|drawn| *drawn == (1_000_000_000, Ending::Transient)).count();
        assert!((900..1100).contains(&failed), "{failed}");
    }

    #[test]
    fn a_log_without_runs_or_attempts_cannot_be_played_back() {
        let none = Traffic { attempts: Vec::new(), ..traffic() };
        assert!(Replay::new(&none, Duration::MAX).is_err());
        assert!(Replay::new(&Traffic { starts: Vec::new(), ..traffic() }, Duration::MAX).is_err());
    }
}
