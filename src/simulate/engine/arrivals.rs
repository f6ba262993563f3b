//! When operations begin.

use std::time::Duration;

use super::Engine;
use crate::simulate::call::{Call, Purpose};
use crate::simulate::nanos;
use crate::simulate::queue::What;
use crate::simulate::scenario::{Arrivals, Load, Model};

const MINUTE: u64 = 60_000_000_000;

/// A client's first operation.
fn first(client: u32) -> Call {
    Call::begin(client, 0)
}

impl Engine<'_> {
    pub(super) fn first_arrivals(&mut self) {
        let clients = self.scenario.clients;
        match self.scenario.arrivals {
            Arrivals::Poisson(_) | Arrivals::Load(_) => self.arrive_in_turn(0),
            Arrivals::Log => self.arrive_as_logged(0),
            Arrivals::All => (0..clients).for_each(|client| self.queue.push(0, first(client), What::Begin)),
            Arrivals::Spread(time) => {
                for client in 0..clients {
                    let share = f64::from(client) / f64::from(clients);
                    self.queue.push(nanos(time.mul_f64(share)), first(client), What::Begin);
                }
            }
            Arrivals::Cron(_) => (0..clients).for_each(|client| self.arrive_each_minute(client)),
        }
    }

    /// An operation begins: so does another one, at its time.
    pub(super) fn next_arrival(&mut self, call: Call) {
        match self.scenario.arrivals {
            Arrivals::Poisson(_) | Arrivals::Load(_) => self.arrive_in_turn(call.client + 1),
            Arrivals::Log => self.arrive_as_logged(call.client + 1),
            Arrivals::Cron(_) => {
                if let Some(next) = call.client.checked_add(self.scenario.clients) {
                    self.arrive_each_minute(next);
                }
            }
            Arrivals::All | Arrivals::Spread(_) => {}
        }
    }

    /// The operation comes an exponential time after the one before it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut at the ends")]
    fn arrive_in_turn(&mut self, operation: u32) {
        let rate = self.arrivals_per_second();
        if rate <= 0.0 {
            return;
        }
        let rest = 1.0 - self.draws.unit(Purpose::Arrival, first(operation), 0);
        let at = self.now.saturating_add((-rest.ln() / rate * 1e9) as u64);
        if at < self.length {
            self.queue.push(at, first(operation), What::Begin);
        }
    }

    fn arrive_as_logged(&mut self, operation: u32) {
        let begins = self.scenario.replay.as_ref().and_then(|replay| replay.starts.get(operation as usize));
        if let Some(at) = begins.copied().filter(|at| *at < self.length) {
            self.queue.push(at, first(operation), What::Begin);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    fn arrivals_per_second(&self) -> f64 {
        let second = self.now.saturating_sub(self.origin) as f64 / 1e9;
        match self.scenario.arrivals {
            Arrivals::Poisson(rate) if matches!(self.scenario.model, Model::Failures(_)) => {
                rate * f64::from(self.scenario.clients)
            }
            Arrivals::Poisson(rate) => rate,
            Arrivals::Load(Load::Ramp) => 80.0 - 1.6 * (second - 25.0).abs(),
            Arrivals::Load(Load::Spike) if (20.0..=25.0).contains(&second) => 80.0,
            Arrivals::Load(Load::Spike) => 40.0,
            Arrivals::All | Arrivals::Spread(_) | Arrivals::Cron(_) | Arrivals::Log => 0.0,
        }
    }

    /// The operation comes at a moment of its minute; minutes are counted by the clients that came before.
    fn arrive_each_minute(&mut self, operation: u32) {
        let Arrivals::Cron(within) = self.scenario.arrivals else { return };
        let minute = u64::from(operation / self.scenario.clients) * MINUTE;
        let share = self.draws.unit(Purpose::Arrival, first(operation), 0);
        let at = minute + nanos(Duration::mul_f64(within, share));
        if at < self.length {
            self.queue.push(at, first(operation), What::Begin);
        }
    }

    /// Which of so many groups an operation belongs to. Where each has a client of its own, chance decides.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "less than the number of groups"
    )]
    pub(super) fn group(&self, operation: u32, groups: u32) -> u32 {
        if self.scenario.is_open() {
            return (self.draws.unit(Purpose::Arrival, first(operation), 1) * f64::from(groups)) as u32;
        }
        operation % groups
    }
}
