//! The shared state of one key, and its two operations: asking to start an attempt, and settling one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::adaptive::Adaptive;
use super::breaker::{Circuit, Phase};
use super::budget::Budget;
use super::limits::Limits;
use super::rate::{Arrivals, Line};
use super::window::Window;
use super::{
    Admission, Ask, AttemptKind, Free, Grant, Health, Limit, Pause, Reason, Settled, Settlement, StoreTime,
};

/// The version of the format. Fields are only ever added; unknown ones are ignored.
pub const VERSION: u32 = 1;

/// Smaller steps back are differences between the clocks of two processors.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// The value that is stored for a key. Its size is bounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyState {
    /// [`VERSION`].
    pub v: u32,
    /// Moment of the last change.
    updated: StoreTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
    #[serde(default)]
    arrivals: Arrivals,
    #[serde(default, skip_serializing_if = "Line::is_empty")]
    line: Line,
    #[serde(default)]
    circuit: Circuit,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    adaptive: Adaptive,
}

impl Default for KeyState {
    fn default() -> Self {
        Self {
            v: VERSION,
            updated: StoreTime::default(),
            window: None,
            arrivals: Arrivals::default(),
            line: Line::default(),
            circuit: Circuit::default(),
            budget: Budget::default(),
            adaptive: Adaptive::default(),
        }
    }
}

/// A state for display.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Moment at which the key opens again, if it is closed.
    pub window_until: Option<StoreTime>,
    pub closed_by_hand: bool,
    pub phase: Phase,
    /// Moment at which the breaker becomes half-open, if it is open.
    pub open_until: Option<StoreTime>,
    /// In a row.
    pub failures: u32,
    /// Attempts that the rate lets start at once, if there is a rate.
    pub tokens: Option<u32>,
    /// Retries that the budget covers, if there is one.
    pub budget: Option<f64>,
    /// The probability that an attempt is held back, if adaptive throttling is on.
    pub held_back: Option<f64>,
}

impl KeyState {
    /// Admits an attempt or not. An admitted attempt counts as started; one that is not admitted spends nothing.
    pub fn admit(&mut self, now: StoreTime, limits: &Limits, ask: &Ask, free: Free) -> Admission {
        self.mind_the_clock(now);
        let before = self.clone();
        let answer = self.try_admit(now, limits, ask, free);
        if answer.is_err() {
            // An attempt that was held back at random still counts as a request; one that is held back by a rate is queued.
            let (line, adaptive) = (self.line, std::mem::take(&mut self.adaptive));
            *self = Self { line, adaptive, ..before.clone() };
        }
        // An unchanged state need not be written.
        if *self != before {
            self.updated = now;
        }
        answer.map_or_else(|held| held, Admission::Proceed)
    }

    /// The answer that an attempt would get, without starting it.
    pub fn look(&self, now: StoreTime, limits: &Limits, ask: &Ask, free: Free) -> Admission {
        self.clone().admit(now, limits, ask, free)
    }

    fn try_admit(
        &mut self,
        now: StoreTime,
        limits: &Limits,
        ask: &Ask,
        free: Free,
    ) -> Result<Grant, Admission> {
        let mut grant = Grant::default();
        if let Some(window) = &mut self.window {
            window.check(now, ask).map_err(Admission::Wait)?;
        }
        if let Some(limit) = limits.breaker {
            let is_probe = self.circuit.check(limit, now, free.probe || ask.covered_by_probe);
            grant.probe = is_probe.map_err(Admission::Wait)? && !ask.covered_by_probe;
        }
        if let Some(ratio) = limits.budget {
            match ask.kind {
                AttemptKind::First => self.budget.deposit(ratio),
                AttemptKind::Retry => self.budget.withdraw(now).map_err(Admission::Refuse)?,
                AttemptKind::Repeat => {}
            }
        }
        if let Some(limit) = limits.rate {
            self.arrivals.check(limit, now, ask, &mut self.line).map_err(Admission::Wait)?;
        }
        if let Some(most) = limits.concurrency.filter(|_| !ask.covered) {
            if !free.permit {
                let why = Reason::Running(most);
                return Err(Admission::Wait(Pause::for_others(Limit::Concurrency, why)));
            }
            grant.permit = true;
        }
        // Last, since it counts the attempts that the other limits admit.
        if limits.adaptive {
            self.adaptive.check(now, ask.chance, ask.looks == 0).map_err(Admission::Wait)?;
        }
        Ok(grant)
    }

    /// Records the end of an admitted attempt.
    pub fn settle(&mut self, now: StoreTime, limits: &Limits, settlement: &Settlement) -> Settled {
        self.mind_the_clock(now);
        let before = self.clone();
        let mut back_in = None;
        if let Some(time) = settlement.retry_after {
            let (window, is_changed) = Window::asked(self.window, now, time, settlement.began);
            self.window = Some(window);
            // The attempt that closed the key is the first to come back.
            back_in = if is_changed { None } else { window.back_in(now, settlement.rank) };
        }
        if let Some(limit) = limits.breaker {
            self.circuit.settle(limit, now, settlement.health, settlement.probe);
        }
        if limits.adaptive && settlement.health != Health::Bad {
            self.adaptive.accept(now);
        }
        if *self != before {
            self.updated = now;
        }
        let retries = limits.budget.is_some() && settlement.health == Health::Bad;
        let refusal = if retries { self.budget.clone().withdraw(now).err() } else { None };
        Settled { refusal, back_in }
    }

    /// Closes the key for everybody by hand, for `time` from now on, replacing any earlier closure.
    pub fn close(&mut self, now: StoreTime, time: Duration) {
        self.mind_the_clock(now);
        self.updated = now;
        self.window = Some(Window::new(now, time, true));
    }

    pub fn view(&self, now: StoreTime, limits: &Limits) -> View {
        let window = self.window.filter(|window| now < window.until);
        let phase = self.circuit.phase(limits.breaker, now);
        View {
            window_until: window.map(|window| window.until),
            closed_by_hand: window.is_some_and(|window| window.by_hand),
            phase,
            open_until: self.circuit.open_until(limits.breaker).filter(|_| phase == Phase::Open),
            failures: self.circuit.failures,
            tokens: limits.rate.map(|limit| self.arrivals.tokens(limit, now)),
            budget: limits.budget.map(|_| self.budget.left(now)),
            held_back: limits.adaptive.then(|| self.adaptive.rejection(now)),
        }
    }

    /// The time after which the state is equivalent to a new one, so that a store may forget it.
    pub fn matters_until(&self) -> StoreTime {
        let window = self.window.map(|window| window.until);
        let circuit = self.circuit.opened.map(|(_, until)| until);
        self.arrivals.last().max(window.max(circuit).unwrap_or_default())
    }

    /// Whether the clock was set back since the last change.
    pub fn is_ahead_of(&self, now: StoreTime) -> bool {
        self.updated.since(now) > CLOCK_TOLERANCE
    }

    /// Moves all times with a clock that was set back, so that waits do not become longer.
    pub fn mind_the_clock(&mut self, now: StoreTime) {
        let by = self.updated.since(now);
        if by <= CLOCK_TOLERANCE {
            return;
        }
        let back = |at: StoreTime| at.minus(by);
        self.updated = back(self.updated);
        self.arrivals.shift(back);
        self.line.shift(back);
        if let Some(window) = &mut self.window {
            (window.from, window.until) = (back(window.from), back(window.until));
        }
        self.circuit.opened = self.circuit.opened.map(|(at, until)| (back(at), back(until)));
        self.circuit.results.iter_mut().for_each(|(first, ..)| *first = back(*first));
        self.budget.reserve.iter_mut().for_each(|paid| *paid = back(*paid));
        self.adaptive.shift(by);
    }
}
