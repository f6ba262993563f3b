//! The distribution of decorrelated waits: each is drawn from U(d, 3·previous) and capped, so past the cap its mean is
//! not that of the previous mean.

use super::{Range, seconds};

/// The cells of the numeric distribution, spaced evenly on a logarithmic scale. With 1,000 the means are right
/// to three digits for caps up to 10^9 times the delay.
const CELLS: u32 = 1_000;
/// More steps than any chain needs to settle.
const MAX_STEPS: usize = 1_000;
/// A chain has settled when its mean moves by less than this share of the cap.
const SETTLED: f64 = 1e-9;

/// The ranges of the waits before retries 1, 2, …, up to the one after which they stay the same. Never empty.
pub(super) fn chain(delay: f64, cap: f64) -> Vec<Range> {
    let range = |mean: f64, max: f64| Range {
        min: seconds(delay.min(cap)),
        mean: seconds(mean.min(cap)),
        max: seconds(max.min(cap)),
    };
    if delay >= cap || delay <= 0.0 {
        return vec![range(delay, delay)];
    }
    let mut waits = vec![range(2.0 * delay, 3.0 * delay)];
    let mut drawn = Distribution { points: vec![(delay, 1.0)], grid: grid(delay, cap), delay, cap };
    let (mut exact, mut max, mut before) = (2.0 * delay, 3.0 * delay, f64::INFINITY);
    drawn.draw_again();
    while waits.len() < MAX_STEPS {
        exact = f64::midpoint(delay, 3.0 * exact);
        max *= 3.0;
        drawn.draw_again();
        // Below the cap the mean of the means is exact.
        let mean = if max <= cap { exact } else { drawn.mean() };
        waits.push(range(mean, max));
        if max > cap && (mean - before).abs() <= cap * SETTLED {
            break;
        }
        before = mean;
    }
    if max > cap && 3.0 * delay > cap {
        // Already the first wait could meet the cap.
        let mut first = Distribution { points: vec![(delay, 1.0)], grid: grid(delay, cap), delay, cap };
        first.draw_again();
        waits[0] = range(first.mean(), max);
    }
    waits
}

/// The bounds of the cells, from the delay to the cap.
fn grid(delay: f64, cap: f64) -> Vec<f64> {
    let growth = cap / delay;
    (0..=CELLS).map(|cell| delay * growth.powf(f64::from(cell) / f64::from(CELLS))).collect()
}

/// Where a wait may be, as points with their probabilities, in order.
struct Distribution {
    points: Vec<(f64, f64)>,
    grid: Vec<f64>,
    delay: f64,
    cap: f64,
}

impl Distribution {
    /// The distribution of the next wait: min(U(delay, 3·wait), cap).
    fn draw_again(&mut self) {
        // P(next > x) sums p·(3w - x)/(3w - d) over all waits w with 3w > x: two sums that grow as x falls.
        let (mut weighted, mut weights) = (0.0, 0.0);
        let mut above = self.points.iter().rev().peekable();
        let mut survival = vec![0.0; self.grid.len()];
        for (survives, &x) in survival.iter_mut().zip(&self.grid).rev() {
            while let Some((wait, probability)) = above.next_if(|(wait, _)| 3.0 * wait > x) {
                let span = 3.0 * wait - self.delay;
                weighted += probability * 3.0 * wait / span;
                weights += probability / span;
            }
            *survives = weighted - x * weights;
        }
        let cells = self.grid.windows(2).zip(survival.windows(2));
        let inside =
            cells.map(|(bounds, survives)| (f64::midpoint(bounds[0], bounds[1]), survives[0] - survives[1]));
        let at_cap = (self.cap, survival.last().copied().unwrap_or_default());
        self.points = inside.chain([at_cap]).collect();
    }

    fn mean(&self) -> f64 {
        self.points.iter().map(|(wait, probability)| wait * probability).sum()
    }
}
