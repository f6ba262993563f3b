//! The end of an admitted attempt, reported to the limits before the run goes on.

use std::time::Duration;

use rand::RngExt;

use crate::base::Now;
use crate::base::exit_code::{self, Exit};
use crate::classify::{AttemptResult, Class, Classification, Ending};
use crate::event::Outcome;
use crate::gate::{Grant, Health, Settled, Settlement};
use crate::session::{Action, Answer, Input, Over, Session, State};

/// What follows once the store has accepted a settlement.
#[derive(Debug)]
pub(in crate::session) enum AfterSettling {
    /// The retry or the end that follows an attempt.
    Attempt(Box<Over>),
    /// The end of a run whose deadline passed before the admitted attempt could start.
    TooLate,
    /// The end of a run whose command would not die.
    Unkillable,
}

/// A settlement that waits for its answer.
#[derive(Debug)]
pub(in crate::session) struct Settling {
    /// On the awake clock.
    since: Duration,
    settlement: Settlement,
    then: AfterSettling,
    /// The state was busy: the settlement is sent again once pending events were handled.
    is_due: bool,
}

/// How long a settlement is sent again while the state is busy.
const SETTLING_LIMIT: Duration = Duration::from_secs(10);

impl Session {
    /// Reports to the limits how an admitted attempt ended.
    pub(in crate::session) fn settle(&mut self, now: Now, settlement: Settlement, then: AfterSettling) {
        let Some(gate) = &mut self.gate else { return self.after_settling(now, then, Settled::default()) };
        let granted = std::mem::take(&mut gate.granted);
        let probe = granted.probe || gate.covered.probe;
        let settlement = Settlement { probe, began: gate.began.take(), ..settlement };
        gate.renew_at = None;
        if granted == Grant::default() && gate.limits.learn_nothing_from(&settlement) {
            return self.after_settling(now, then, Settled::default());
        }
        if gate.is_left_alone(now) {
            self.bypass("the shared state could not be reached a moment ago".to_owned());
            return self.after_settling(now, then, Settled::default());
        }
        self.state = State::Settling;
        self.settling = Some(Box::new(Settling { since: now.awake, settlement, then, is_due: false }));
        self.out.push(Action::Settle(settlement));
    }

    pub(in crate::session) fn settled(&mut self, now: Now, answer: Answer<Settled>) {
        let Some(mut settling) = self.settling.take() else { return };
        let failure = match answer {
            Answer::Done(settled) => return self.after_settling(now, settling.then, settled),
            Answer::Busy if now.awake.saturating_sub(settling.since) < SETTLING_LIMIT => {
                settling.is_due = true;
                self.settling = Some(settling);
                return;
            }
            Answer::Busy => "the shared state is busy".to_owned(),
            Answer::Failed(why) => {
                self.gate.iter_mut().for_each(|gate| gate.leave_alone(now));
                why
            }
        };
        self.bypass(failure);
        self.after_settling(now, settling.then, Settled::default());
    }

    /// Whether the settlement has to be sent again, now that signals were handled.
    pub(in crate::session) fn is_settling_due(&self) -> bool {
        self.settling.as_ref().is_some_and(|settling| settling.is_due)
    }

    /// Sends the settlement again.
    pub(in crate::session) fn settle_again(&mut self) {
        if let Some(settling) = self.settling.as_mut().filter(|settling| settling.is_due) {
            settling.is_due = false;
            self.out.push(Action::Settle(settling.settlement));
        }
    }

    /// Gives up a settlement that is held up by a busy state, since a signal tells us to stop. Leases end with us, or
    /// expire.
    pub(in crate::session) fn stop_settling(&mut self, now: Now, signal: i32) {
        if let Some(settling) = self.settling.take() {
            self.after_settling(now, settling.then, Settled::default());
            // The attempt was over before: the signal is for what follows.
            self.advance(now, Input::Signal(signal));
        }
    }

    fn after_settling(&mut self, now: Now, then: AfterSettling, settled: Settled) {
        match then {
            AfterSettling::Attempt(over) => self.go_on(now, &over, settled),
            AfterSettling::TooLate => self.go(now),
            AfterSettling::Unkillable => {
                self.conclude(now, Outcome::Error, Exit::Status(exit_code::FAILURE), String::new());
            }
        }
    }

    /// The settlement of an attempt that is over.
    pub(in crate::session) fn settlement(
        &mut self,
        attempt: &AttemptResult,
        verdict: &Classification,
    ) -> Settlement {
        /// The longest time for which a server can close a key.
        const LONGEST_WINDOW: Duration = Duration::from_secs(30 * 24 * 3600);
        let says_nothing = !self.signals.is_empty() || matches!(attempt.ending, Ending::NotStarted(_));
        let health = match verdict.class {
            _ if says_nothing => Health::Unknown,
            Class::Success => Health::Good,
            Class::Transient | Class::Throttled => Health::Bad,
            Class::Permanent => Health::Unknown,
        };
        let asked = verdict.retry_after.filter(|_| verdict.class.is_retryable());
        let retry_after = asked.map(|asked| asked.min(LONGEST_WINDOW));
        let rank = if retry_after.is_some() { self.random.random() } else { 0.0 };
        Settlement { health, retry_after, rank, ..Settlement::UNKNOWN }
    }
}
