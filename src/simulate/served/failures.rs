//! Calls that fail with a probability, whatever the load (Brooker, simulator_example, `retry_sim`).

use super::{Moment, Served};
use crate::simulate::call::{Call, Draws, Purpose};
use crate::simulate::queue::Answer;

/// A coin that is thrown for each call.
#[derive(Debug)]
pub(super) struct Coin {
    /// Of the calls, those that fail.
    pub(super) share: f64,
}

impl Served for Coin {
    fn way(&self, _call: Call, _leg: u32, _draws: &Draws) -> u64 {
        0
    }

    fn arrival(&mut self, call: Call, at: &mut Moment<'_>) {
        let fails = at.draws.unit(Purpose::Service, call, 0) < self.share;
        at.answer(call, if fails { Answer::Failure } else { Answer::Success }, 0);
    }

    fn goes_on(&mut self, _call: Call, _at: &mut Moment<'_>) {}
}
