//! Optimistic concurrency on one row: a client reads its version, and writes if that has not changed meanwhile. Every hop
//! takes |Normal(10 ms, 2 ms)| (aws-samples/aws-arch-backoff-simulator).

use std::collections::HashMap;

use super::{Moment, Served};
use crate::simulate::call::{Call, Draws, Purpose};
use crate::simulate::queue::Answer;

/// The row.
#[derive(Debug, Default)]
pub(super) struct Row {
    version: u64,
    /// The version that each client has read.
    read: HashMap<u32, u64>,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of some milliseconds")]
fn hop(call: Call, which: u32, draws: &Draws) -> u64 {
    let millis = 2.0_f64.mul_add(draws.normal(Purpose::Hop, call, which), 10.0).abs();
    (millis * 1e6) as u64
}

impl Served for Row {
    /// To the server it is the hop of the read, and back that of the write's answer.
    fn way(&self, call: Call, leg: u32, draws: &Draws) -> u64 {
        hop(call, if leg == 0 { 0 } else { 3 }, draws)
    }

    /// The read.
    fn arrival(&mut self, call: Call, at: &mut Moment<'_>) {
        self.read.insert(call.client, self.version);
        at.put_off(call, hop(call, 1, at.draws) + hop(call, 2, at.draws));
    }

    /// The write.
    fn goes_on(&mut self, call: Call, at: &mut Moment<'_>) {
        let is_current = self.read.get(&call.client) == Some(&self.version);
        self.version += u64::from(is_current);
        let answer = if is_current { Answer::Success } else { Answer::Failure };
        let way = self.way(call, 1, at.draws);
        at.answer(call, answer, way);
    }
}
