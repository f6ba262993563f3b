//! How long to wait: a strategy gives the wait's base, a jitter draws around it.
//!
//! Pure and saturating: randomness comes in as a number in `[0, 1)`, any retry number and any duration give a
//! finite wait, and no wait that this module draws is ever longer than `max_delay`. What a server asked for is
//! not its business (`session.rs` applies it as a floor).

mod decorrelated;
mod jitter;
mod strategy;

pub use jitter::Jitter;
pub use strategy::{Shape, Strategy};

use std::time::Duration;

/// The schedule of waits between attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// How the base grows from retry to retry.
    pub strategy: Strategy,
    /// The first wait. A list of waits ignores it.
    pub delay: Duration,
    /// No drawn wait is longer, jitter included.
    pub max_delay: Duration,
    /// Growth per retry of the exponential strategy, at least 1.
    pub factor: f64,
    /// How a wait is drawn around its base. `Strategy::Decorrelated` draws for itself and ignores it.
    pub jitter: Jitter,
}

/// The least, the expected and the greatest wait before one retry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub min: Duration,
    pub mean: Duration,
    pub max: Duration,
}

impl Backoff {
    /// The wait before retry `retry` (1, 2, …), drawn with `u` in `[0, 1)`. `previous` is the wait drawn before
    /// the last retry, `None` before the first one; only the decorrelated strategy looks at it.
    pub fn draw(&self, retry: u64, previous: Option<Duration>, u: f64) -> Duration {
        let cap = self.max_delay.as_secs_f64();
        if let Strategy::Decorrelated = self.strategy {
            let delay = self.delay.as_secs_f64();
            let previous = previous.unwrap_or(self.delay).as_secs_f64();
            let high = (3.0 * previous).max(delay);
            return seconds((delay + (high - delay) * u).min(cap));
        }
        let (low, high) = self.jitter.multipliers();
        seconds((self.base(retry) * (low + (high - low) * u)).min(cap))
    }

    /// The range of `draw` before each retry, whatever the randomness.
    pub fn ranges(&self) -> Ranges<'_> {
        let chain = match self.strategy {
            Strategy::Decorrelated => {
                decorrelated::chain(self.delay.as_secs_f64(), self.max_delay.as_secs_f64())
            }
            _ => Vec::new(),
        };
        Ranges { backoff: self, chain }
    }

    /// The base before jitter, in seconds, capped so that the jitter keeps its shape at the cap.
    fn base(&self, retry: u64) -> f64 {
        let (_, high) = self.jitter.multipliers();
        let base = self.strategy.base(self.delay.as_secs_f64(), self.factor, retry);
        base.min(self.max_delay.as_secs_f64() / high.max(1.0))
    }
}

/// The ranges of all waits of a schedule.
pub struct Ranges<'a> {
    backoff: &'a Backoff,
    /// Of the decorrelated strategy: the first ones, the last of which holds for all further retries.
    chain: Vec<Range>,
}

impl Ranges<'_> {
    /// The range before retry `retry` (1, 2, …).
    pub fn of(&self, retry: u64) -> Range {
        if let Some(last) = self.chain.last() {
            let at = usize::try_from(retry.saturating_sub(1)).unwrap_or(usize::MAX);
            return *self.chain.get(at).unwrap_or(last);
        }
        let cap = self.backoff.max_delay.as_secs_f64();
        let base = self.backoff.base(retry);
        let (low, high) = self.backoff.jitter.multipliers();
        Range {
            min: seconds((base * low).min(cap)),
            mean: seconds((base * f64::midpoint(low, high)).min(cap)),
            max: seconds((base * high).min(cap)),
        }
    }
}

/// Seconds to a duration, rounded to the nanosecond; what no duration can hold becomes the longest one.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
