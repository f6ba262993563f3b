//! Distributions of durations: `exp:10ms`, `fixed:10ms`, `lognormal:10ms,1`, `pareto:10ms,1.5`. The duration is always the
//! mean.

use std::time::Duration;

use super::call::{Call, Draws, Purpose};
use crate::base::duration;

/// A distribution of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    pub shape: Shape,
    pub mean: Duration,
}

/// The form of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    Fixed,
    Exponential,
    /// The standard deviation of the logarithm.
    Lognormal(f64),
    /// The exponent, more than 1, without which there is no mean.
    Pareto(f64),
}

impl Distribution {
    pub fn fixed(mean: Duration) -> Self {
        Self { shape: Shape::Fixed, mean }
    }

    pub fn exponential(mean: Duration) -> Self {
        Self { shape: Shape::Exponential, mean }
    }

    /// Parses a distribution. The error says what to use.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLES: &str = "use exp:10ms, fixed:10ms, lognormal:10ms,1 or pareto:10ms,1.5";
        let (name, rest) = text.split_once(':').unwrap_or(("fixed", text));
        let (mean, number) = rest.split_once(',').map_or((rest, None), |(mean, number)| (mean, Some(number)));
        let mean = duration::parse(mean)?;
        let number = number.map(|number| number.trim().parse::<f64>().unwrap_or(f64::NAN));
        let shape = match (name, number) {
            ("fixed", None) => Shape::Fixed,
            ("exp", None) => Shape::Exponential,
            ("lognormal", Some(sigma)) if (0.0..=10.0).contains(&sigma) => Shape::Lognormal(sigma),
            ("pareto", Some(alpha)) if alpha > 1.0 && alpha <= 100.0 => Shape::Pareto(alpha),
            ("pareto", Some(alpha)) if alpha <= 1.0 => {
                return Err(format!(
                    "'{text}' has no mean; use an exponent above 1, such as pareto:10ms,1.5"
                ));
            }
            _ => return Err(format!("invalid distribution '{text}'; {EXAMPLES}")),
        };
        Ok(Self { shape, mean })
    }

    /// A time in nanoseconds, drawn for this request.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut at the ends")]
    pub(super) fn draw(&self, draws: &Draws, purpose: Purpose, call: Call, which: u32) -> u64 {
        let mean = self.mean.as_secs_f64();
        let rest = || 1.0 - draws.unit(purpose, call, which);
        let seconds = match self.shape {
            Shape::Fixed => mean,
            Shape::Exponential => -mean * rest().ln(),
            Shape::Lognormal(sigma) => {
                mean * (sigma * draws.normal(purpose, call, which) - sigma * sigma / 2.0).exp()
            }
            Shape::Pareto(alpha) => mean * (alpha - 1.0) / alpha * rest().powf(-1.0 / alpha),
        };
        (seconds * 1e9) as u64
    }
}

impl std::fmt::Display for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mean = duration::exact(self.mean);
        match self.shape {
            Shape::Fixed => write!(f, "fixed:{mean}"),
            Shape::Exponential => write!(f, "exp:{mean}"),
            Shape::Lognormal(sigma) => write!(f, "lognormal:{mean},{sigma}"),
            Shape::Pareto(alpha) => write!(f, "pareto:{mean},{alpha}"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "tolerances are far greater")]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_read_and_have_their_mean() {
        for text in ["fixed:10ms", "exp:10ms", "lognormal:10ms,1", "pareto:10ms,3"] {
            let read = Distribution::parse(text).unwrap();
            assert_eq!(read.to_string(), text);
            let draws = Draws::new(1, 0);
            let time = |client| read.draw(&draws, Purpose::Service, Call::first(client), 0) as f64 / 1e6;
            let mean = (0..200_000).map(time).sum::<f64>() / 200_000.0;
            assert!((mean - 10.0).abs() < 0.3, "{text}: {mean}");
        }
        assert_eq!(Distribution::parse("5ms"), Ok(Distribution::fixed(Duration::from_millis(5))));
        for text in
            ["", "exp", "exp:", "exp:10ms,1", "lognormal:10ms", "pareto:10ms,1", "normal:1s", "pareto:1s,x"]
        {
            assert!(Distribution::parse(text).is_err(), "{text}");
        }
    }
}
