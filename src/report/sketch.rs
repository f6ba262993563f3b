//! Statistics in constant memory that do not depend on the order of the input: quantiles by logarithmic buckets, exact
//! counts by value, shares with their Wilson interval, and bins over time that widen as the time grows.

use std::collections::BTreeMap;

/// The ratio of two neighbouring bounds: a quantile is off by at most (γ - 1) / (γ + 1), which is just under 1 %.
const GAMMA: f64 = 1.02;

/// Durations in microseconds, in logarithmic buckets (the scheme of DDSketch).
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    /// Bucket i holds what is above γ^(i-1) and at most γ^i; 0 has a bucket of its own, the lowest.
    buckets: BTreeMap<i32, u64>,
    count: u64,
    max: u64,
}

impl Sketch {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "ln of a u64 is below 45"
    )]
    pub(super) fn add(&mut self, micros: u64) {
        let bucket = if micros == 0 { i32::MIN } else { ((micros as f64).ln() / GAMMA.ln()).ceil() as i32 };
        *self.buckets.entry(bucket).or_default() += 1;
        self.count += 1;
        self.max = self.max.max(micros);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The value of nearest rank at a percentage, off by at most 1 %.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and at most the maximum"
    )]
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let bucket = ranked(&self.buckets, self.count, percent)?;
        let middle = if bucket == i32::MIN { 0.0 } else { 2.0 * GAMMA.powi(bucket) / (GAMMA + 1.0) };
        Some((middle.round() as u64).min(self.max))
    }

    /// The percentile of all but the largest value.
    pub(super) fn trimmed(&self, percent: u64) -> Option<u64> {
        let mut rest = self.clone();
        let mut last = rest.buckets.last_entry()?;
        *last.get_mut() -= 1;
        if *last.get() == 0 {
            last.remove();
        }
        rest.count -= 1;
        rest.percentile(percent)
    }
}

/// How often each value occurred.
pub(super) type Exact = BTreeMap<u64, u64>;

/// The smallest value whose rank is at least the percentage of all.
pub(super) fn ranked<K: Copy>(counts: &BTreeMap<K, u64>, total: u64, percent: u64) -> Option<K> {
    let rank = (u128::from(total) * u128::from(percent)).div_ceil(100);
    let mut sum = 0;
    counts
        .iter()
        .find(|(_, count)| {
            sum += u128::from(**count);
            sum >= rank
        })
        .map(|(value, _)| *value)
}

/// A share of a number of trials with its 95 % interval after Wilson, each between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub rate: f64,
    pub low: f64,
    pub high: f64,
}

/// `None` without trials.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn share(hits: u64, trials: u64) -> Option<Share> {
    const Z: f64 = 1.959_964;
    if trials == 0 {
        return None;
    }
    let (n, rate) = (trials as f64, hits as f64 / trials as f64);
    let centre = rate + Z * Z / (2.0 * n);
    let spread = Z * ((rate * (1.0 - rate) + Z * Z / (4.0 * n)) / n).sqrt();
    let scale = 1.0 + Z * Z / n;
    // The bounds of 0 and of all trials are exact, despite rounding.
    let low = if hits == 0 { 0.0 } else { ((centre - spread) / scale).max(0.0) };
    let high = if hits == trials { 1.0 } else { ((centre + spread) / scale).min(1.0) };
    Some(Share { rate, low, high })
}

/// Counts over time in at most `limit` bins. A bin is a power of two of seconds wide, and begins at a multiple of that.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    limit: i64,
    /// The width is 2^shift seconds.
    shift: u32,
    counts: BTreeMap<i64, [u64; 3]>,
}

impl Bins {
    pub(super) fn new(limit: i64) -> Self {
        Self { limit, shift: 0, counts: BTreeMap::new() }
    }

    /// Adds one to a counter at a moment in seconds.
    pub(super) fn add(&mut self, second: i64, counter: usize) {
        self.counts.entry(second >> self.shift).or_default()[counter] += 1;
        while self.span() > self.limit {
            self.shift += 1;
            let mut wider = BTreeMap::<i64, [u64; 3]>::new();
            for (at, counts) in &self.counts {
                let bin = wider.entry(at >> 1).or_default();
                for (sum, count) in bin.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
            self.counts = wider;
        }
    }

    fn span(&self) -> i64 {
        let first = self.counts.first_key_value().map_or(0, |(at, _)| *at);
        self.counts.last_key_value().map_or(0, |(at, _)| at - first + 1)
    }

    /// The width of a bin in seconds.
    pub(super) fn width(&self) -> i64 {
        1 << self.shift
    }

    /// The non-empty bins, by their first second.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, [u64; 3])> {
        self.counts.iter().map(|(at, counts)| (at << self.shift, *counts))
    }
}
