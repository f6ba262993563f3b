//! How the base of a wait grows from retry to retry.

use std::time::Duration;

/// The shape of growth, as it is named in options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Fixed,
    Linear,
    Exponential,
    Fibonacci,
    Decorrelated,
}

impl Shape {
    /// Every name that an option may use; the first one of a shape is the one it is shown by.
    pub const NAMES: &[(&str, Shape)] = &[
        ("fixed", Shape::Fixed),
        ("constant", Shape::Fixed),
        ("linear", Shape::Linear),
        ("exponential", Shape::Exponential),
        ("exp", Shape::Exponential),
        ("fibonacci", Shape::Fibonacci),
        ("fib", Shape::Fibonacci),
        ("decorrelated", Shape::Decorrelated),
    ];
}

/// A growth strategy, or the waits themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// d, d, d, …
    Fixed,
    /// d, 2d, 3d, …
    Linear,
    /// d, d·f, d·f², … (truncated binary exponential backoff when f is 2).
    Exponential,
    /// d, d, 2d, 3d, 5d, …
    Fibonacci,
    /// U(d, 3·previous): "decorrelated jitter" of the AWS Architecture Blog, 2015.
    Decorrelated,
    /// These waits, the last one for ever. Never empty.
    List(Vec<Duration>),
}

impl From<Shape> for Strategy {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Fixed => Strategy::Fixed,
            Shape::Linear => Strategy::Linear,
            Shape::Exponential => Strategy::Exponential,
            Shape::Fibonacci => Strategy::Fibonacci,
            Shape::Decorrelated => Strategy::Decorrelated,
        }
    }
}

impl Strategy {
    /// The uncapped base of the wait before `retry` (counted from 1), in seconds; infinite when it overflows.
    pub(super) fn base(&self, delay: f64, factor: f64, retry: u64) -> f64 {
        let retry = retry.max(1);
        let base = match self {
            Strategy::Fixed | Strategy::Decorrelated => delay,
            Strategy::Linear => delay * count(retry),
            Strategy::Exponential => delay * factor.powf(count(retry - 1)),
            Strategy::Fibonacci => delay * fibonacci(retry),
            Strategy::List(waits) => {
                let last = waits.len().saturating_sub(1);
                let index = usize::try_from(retry - 1).unwrap_or(usize::MAX).min(last);
                waits.get(index).map_or(0.0, Duration::as_secs_f64)
            }
        };
        // Zero times an infinite growth: no delay stays no delay.
        if base.is_nan() { 0.0 } else { base }
    }
}

/// F(1) = F(2) = 1. From F(1477) on the value is beyond any float.
fn fibonacci(n: u64) -> f64 {
    let (mut a, mut b) = (0.0_f64, 1.0_f64);
    for _ in 1..n.min(1_500) {
        (a, b) = (b, a + b);
    }
    b
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 retries a factor off by one is no matter")]
fn count(n: u64) -> f64 {
    n as f64
}
