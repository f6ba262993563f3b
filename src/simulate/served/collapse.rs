//! A server whose latency grows with what it does at once, and that finishes what nobody waits for (Brooker,
//! simulator_example, `simple_collapse_sim`): 1 s, and 10 ms for each request inside; 100 ms each way, exponential.

use super::{Moment, Served};
use crate::simulate::call::{Call, Draws, Purpose};
use crate::simulate::queue::Answer;

const BASE: u64 = 1_000_000_000;
const SLOPE: u64 = 10_000_000;
/// The mean time of one way.
const WAY: f64 = 1e8;

#[derive(Debug, Default)]
pub(super) struct Concurrent {
    inside: u64,
}

impl Served for Concurrent {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of some seconds")]
    fn way(&self, call: Call, leg: u32, draws: &Draws) -> u64 {
        (-WAY * (1.0 - draws.unit(Purpose::Hop, call, leg)).ln()) as u64
    }

    fn arrival(&mut self, call: Call, at: &mut Moment<'_>) {
        self.inside += 1;
        at.put_off(call, BASE + SLOPE * self.inside);
    }

    fn goes_on(&mut self, call: Call, at: &mut Moment<'_>) {
        self.inside -= 1;
        let way = self.way(call, 1, at.draws);
        at.answer(call, Answer::Success, way);
    }

    fn waiting(&self) -> u32 {
        u32::try_from(self.inside).unwrap_or(u32::MAX)
    }
}
