//! A server with workers, a queue before them, and outages.

use std::collections::{HashMap, VecDeque};

use super::{Moment, Served};
use crate::report::traffic::Ending;
use crate::simulate::call::{Call, Draws, Purpose};
use crate::simulate::nanos;
use crate::simulate::queue::Answer;
use crate::simulate::scenario::{HintUse, Outage, Scenario, Server, Trouble};

#[derive(Debug)]
pub(super) struct Queued {
    server: Server,
    outages: Vec<Outage>,
    /// Time 0 of outages, in nanoseconds.
    origin: u64,
    tells_when: bool,
    free: u32,
    waiting: VecDeque<Call>,
    /// The requests inside, where they can be cancelled: whether a worker has them. What is not in it was cancelled.
    inside: Option<HashMap<Call, bool>>,
    /// Of those that wait, the ones that were cancelled.
    gone: usize,
}

impl Queued {
    pub(super) fn new(server: &Server, scenario: &Scenario) -> Self {
        Self {
            outages: scenario.outages.clone(),
            origin: nanos(scenario.warm_up),
            tells_when: scenario.hint != HintUse::Off,
            free: server.workers,
            waiting: VecDeque::new(),
            inside: scenario.cancel.then(HashMap::new),
            gone: 0,
            server: server.clone(),
        }
    }

    /// The current outage, and its number.
    fn trouble(&self, now: u64) -> Option<(usize, Trouble)> {
        let now = now.checked_sub(self.origin)?;
        let holds = |outage: &Outage| {
            nanos(outage.from) <= now && outage.until.is_none_or(|until| now < nanos(until))
        };
        let number = self.outages.iter().position(holds)?;
        Some((number, self.outages[number].kind))
    }

    fn start(&mut self, call: Call, at: &mut Moment<'_>) {
        self.free -= 1;
        if let Some(inside) = &mut self.inside {
            inside.insert(call, true);
        }
        let service = match &self.server.replay {
            Some(replay) => replay.attempt(at.draws, call).0,
            None => self.server.service.draw(at.draws, Purpose::Service, call, 0),
        };
        let factor = match self.trouble(at.now) {
            Some((_, Trouble::Slow(factor))) => factor,
            Some((_, Trouble::Capacity(left))) => 1.0 / left,
            _ => 1.0,
        };
        let full = f64::from(self.waiting()) / f64::from(self.server.queue.max(1));
        let factor = factor * self.server.overload.mul_add(full, 1.0);
        at.put_off(call, times(service, factor));
    }

    /// Assigns waiting requests to free workers.
    fn next(&mut self, at: &mut Moment<'_>) {
        while self.free > 0 {
            let next = if self.server.lifo { self.waiting.pop_back() } else { self.waiting.pop_front() };
            let Some(call) = next else { return };
            if self.inside.as_ref().is_some_and(|inside| !inside.contains_key(&call)) {
                self.gone -= 1;
            } else {
                self.start(call, at);
            }
        }
    }

    fn refuse(&self, call: Call, answer: Answer, at: &mut Moment<'_>) {
        at.refused += 1;
        let way = self.way(call, 1, at.draws);
        at.answer(call, answer, way);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a float is cut at the ends"
)]
fn times(nanos: u64, factor: f64) -> u64 {
    if (factor - 1.0).abs() < f64::EPSILON { nanos } else { (nanos as f64 * factor) as u64 }
}

impl Served for Queued {
    fn way(&self, call: Call, leg: u32, draws: &Draws) -> u64 {
        self.server.latency.draw(draws, Purpose::Hop, call, leg)
    }

    fn arrival(&mut self, call: Call, at: &mut Moment<'_>) {
        match self.trouble(at.now) {
            Some((_, Trouble::Refuse)) => return self.refuse(call, Answer::Failure, at),
            Some((number, Trouble::Unavailable(time))) => {
                let number = u16::try_from(number).unwrap_or_default();
                let told = self.tells_when && time.is_some();
                let answer = if told { Answer::RetryAfter(number) } else { Answer::Failure };
                return self.refuse(call, answer, at);
            }
            Some((_, Trouble::Hang)) => return,
            Some((_, Trouble::Lose(share))) if at.draws.unit(Purpose::Loss, call, 0) < share => return,
            _ => {}
        }
        if self.free > 0 {
            self.start(call, at);
        } else if self.waiting() < self.server.queue {
            self.waiting.push_back(call);
            if let Some(inside) = &mut self.inside {
                inside.insert(call, false);
            }
        } else {
            self.refuse(call, Answer::Failure, at);
        }
    }

    fn goes_on(&mut self, call: Call, at: &mut Moment<'_>) {
        if self.inside.as_mut().is_some_and(|inside| inside.remove(&call).is_none()) {
            return;
        }
        self.free += 1;
        let way = self.way(call, 1, at.draws);
        let replay = self.server.replay.as_ref();
        let ending = replay.map_or(Ending::Success, |replay| replay.attempt(at.draws, call).1);
        let answer = if ending == Ending::Success { Answer::Success } else { Answer::Logged };
        at.answer(call, answer, way);
        self.next(at);
    }

    fn cancel(&mut self, call: Call, at: &mut Moment<'_>) {
        match self.inside.as_mut().and_then(|inside| inside.remove(&call)) {
            Some(true) => {
                self.free += 1;
                self.next(at);
            }
            Some(false) => self.gone += 1,
            None => {}
        }
    }

    fn waiting(&self) -> u32 {
        u32::try_from(self.waiting.len() - self.gone).unwrap_or(u32::MAX)
    }
}
