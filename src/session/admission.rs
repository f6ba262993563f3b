//! The session's part in shared limits: an attempt asks to be admitted before it starts, and its end is reported before the
//! run continues. `gate/` decides about admission; this module decides what a run does about that, and about a store that
//! does not answer.

mod hold;
mod settling;

pub(super) use hold::Hold;
pub(super) use settling::{AfterSettling, Settling};

use std::time::Duration;

use rand::RngExt;

use super::aftermath::failed_exit;
use super::{Action, Answer, Now, Pace, Session, State};
use crate::base::duration;
use crate::base::exit_code::{self, Exit};
use crate::classify::Class;
use crate::event::{Bypassed, Event, Level, Outcome};
use crate::gate::{
    self, Admission, Ask, AttemptKind, Delay, Grant, Limit, Limits, Pause, Reason, Settlement, StoreTime,
};
use crate::policy::Policy;
use crate::policy::value::OnStateError;

/// Time before leases that are being renewed are checked again.
const RENEWAL_PAUSE: Duration = Duration::from_millis(20);

/// The state of a run's shared limits.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Limits,
    on_error: OnStateError,
    /// The leases of an enclosing attempt, under the same key.
    covered: Grant,
    /// The leases of the running attempt.
    granted: Grant,
    /// When the running attempt was admitted, on the store's clock, if it was asked.
    began: Option<StoreTime>,
    pending: Option<PendingAdmission>,
    /// When the run began to wait because a server asked it to, on the elapsed clock.
    pub(super) asked_since: Option<Duration>,
    renewal: Option<Duration>,
    /// When leases have to be renewed next, on the elapsed clock.
    renew_at: Option<Duration>,
    /// The time before which a store that failed is not asked again, on the elapsed clock.
    left_alone_until: Option<Duration>,
    /// The user has been told that the run continues without limits.
    warned: bool,
}

/// An attempt that asks to start.
#[derive(Clone, Debug, PartialEq)]
struct PendingAdmission {
    /// On the elapsed clock.
    since: Duration,
    looks: u32,
    /// See [`Ask::rank`].
    rank: f64,
    /// See [`Ask::turn`].
    turn: Option<StoreTime>,
    /// The question as it was last asked.
    ask: Ask,
    last_notice: Option<LastNotice>,
}

/// The last notice that an attempt is held back: by which limit, whether for long, and until which second. It is repeated
/// when one of them changes. Seconds, since a rate's time moves whenever another attempt starts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LastNotice(Limit, bool, Option<u64>);

impl LastNotice {
    fn new(hold: &Hold, long: bool) -> Self {
        let is_shared = matches!(hold.limit, Limit::Window | Limit::Breaker);
        Self(hold.limit, long, hold.until.filter(|_| is_shared).map(StoreTime::second))
    }
}

/// The notice is repeated once an attempt has been held back for this long by a limit that depends on others.
const LONG_HOLD_AFTER: Duration = Duration::from_secs(1);
/// A store that failed is not asked again for this long, since each request may take until its timeout.
const STORE_BACKOFF: Duration = Duration::from_secs(5);

impl Gate {
    fn is_left_alone(&self, now: Now) -> bool {
        self.left_alone_until.is_some_and(|until| now.elapsed < until)
    }

    fn leave_alone(&mut self, now: Now) {
        self.left_alone_until = Some(now.elapsed.saturating_add(STORE_BACKOFF));
    }

    /// How long the pending attempt has been held back.
    fn held_for(&self, now: Now) -> Duration {
        self.pending.as_ref().map(|pending| now.elapsed.saturating_sub(pending.since)).unwrap_or_default()
    }
}

impl Session {
    /// Has every attempt admitted by the limits of this policy first. `covered`: the leases of an enclosing attempt, under
    /// the same key.
    pub fn with_gate(mut self, policy: &Policy, covered: Grant) -> Self {
        self.gate = Some(Box::new(Gate {
            limits: policy.limits(),
            on_error: policy.on_state_error,
            covered,
            granted: Grant::default(),
            began: None,
            pending: None,
            asked_since: None,
            renewal: None,
            renew_at: None,
            left_alone_until: None,
            warned: false,
        }));
        self
    }

    /// Starts the next attempt, or asks whether it may.
    pub(super) fn go(&mut self, now: Now) {
        let is_pending = self.gate.as_ref().is_some_and(|gate| gate.pending.is_some());
        // An attempt that was held back asks once more, to learn why it does not start.
        if !is_pending && self.bounds.is_past_deadline(self.elapsed(now)) {
            return self.too_late(now);
        }
        let deadline_left = self.bounds.deadline_left(self.elapsed(now));
        let Some(gate) = &mut self.gate else { return self.spawn(now, Grant::default()) };
        let kind = match self.last {
            None => AttemptKind::First,
            Some((_, Class::Success)) => AttemptKind::Repeat,
            Some(_) => AttemptKind::Retry,
        };
        let pending = gate.pending.get_or_insert_with(|| PendingAdmission {
            since: now.elapsed,
            looks: 0,
            rank: self.random.random(),
            turn: None,
            ask: Ask::default(),
            last_notice: None,
        });
        let since = gate.asked_since.unwrap_or(pending.since);
        let held = now.elapsed.saturating_sub(pending.since);
        pending.ask = Ask {
            kind,
            looks: pending.looks,
            chance: self.random.random(),
            rank: pending.rank,
            waited: now.elapsed.saturating_sub(since),
            turn: pending.turn,
            patience: self.bounds.patience(held, deadline_left),
            covered: gate.covered.permit,
            covered_by_probe: gate.covered.probe,
        };
        let ask = pending.ask;
        self.state = State::Admitting;
        if gate.is_left_alone(now) {
            return self.ask_failed(now, "the shared state could not be reached a moment ago".to_owned());
        }
        self.out.push(Action::Admit(ask));
    }

    pub(super) fn answered(&mut self, now: Now, answer: Answer<(Admission, StoreTime)>, pace: &Pace) {
        let Some(gate) = &mut self.gate else { return };
        match answer {
            Answer::Done((Admission::Proceed(grant), at)) => {
                (gate.granted, gate.began, gate.renewal) = (grant, Some(at), pace.renewal);
                let leased = grant != Grant::default();
                gate.renew_at =
                    pace.renewal.filter(|_| leased).map(|every| now.elapsed.saturating_add(every));
                self.admitted(now);
            }
            Answer::Done((Admission::Wait(pause), at)) => self.held_back(now, pause, at, pace),
            Answer::Done((Admission::Refuse(refusal), _)) => {
                self.refused(now, Hold::new(refusal.limit, refusal.why));
            }
            // A busy state is no reason to start without the limits.
            Answer::Busy => {
                let why = Reason::Said("the shared state is busy".to_owned());
                self.held_back(now, Pause::for_others(Limit::State, why), StoreTime::default(), pace);
            }
            Answer::Failed(why) => {
                gate.leave_alone(now);
                self.ask_failed(now, why);
            }
        }
    }

    /// The limits could not be asked: the attempt starts without them, or is refused.
    fn ask_failed(&mut self, now: Now, why: String) {
        if self.gate.as_ref().is_some_and(|gate| gate.on_error == OnStateError::Fail) {
            return self.refused(now, Hold::new(Limit::State, Reason::Said(why)));
        }
        self.bypass(why);
        self.admitted(now);
    }

    /// Reports that something was done without the limits; if the policy refuses runs in that case, the refusal reports it
    /// instead.
    pub(super) fn bypass(&mut self, reason: String) {
        let Some(gate) = self.gate.as_mut().filter(|gate| gate.on_error == OnStateError::Proceed) else {
            return;
        };
        let told = std::mem::replace(&mut gate.warned, true);
        self.emit(Level::Warn, |_| Event::GateBypassed(Bypassed { reason, told }));
    }

    fn admitted(&mut self, now: Now) {
        let Some(gate) = &mut self.gate else { return };
        (gate.pending, gate.asked_since) = (None, None);
        let granted = gate.granted;
        if self.bounds.is_past_deadline(self.elapsed(now)) {
            return self.settle(now, Settlement::UNKNOWN, AfterSettling::TooLate);
        }
        self.spawn(now, granted);
    }

    /// An attempt was not started after all, since the deadline had passed: its process was stopped together with us.
    pub(super) fn not_begun(&mut self, now: Now) {
        self.attempts -= 1;
        if let Some(&signal) = self.signals.last() {
            return self.conclude(now, Outcome::Interrupted, Exit::Signal(signal), String::new());
        }
        if self.gate.is_some() {
            return self.settle(now, Settlement::UNKNOWN, AfterSettling::TooLate);
        }
        self.go(now);
    }

    /// The deadline passed before this attempt could start: while the machine slept, while we were stopped, or while
    /// the limits were asked.
    fn too_late(&mut self, now: Now) {
        let exit = self.last.map_or(Exit::Status(exit_code::TIMED_OUT), |(status, _)| failed_exit(status));
        self.conclude(now, Outcome::Deadline, exit, self.bounds.deadline_words());
    }

    fn held_back(&mut self, now: Now, pause: Pause, at: StoreTime, pace: &Pace) {
        let Some(gate) = &mut self.gate else { return };
        let held = gate.held_for(now);
        let Some(pending) = &mut gate.pending else { return };
        pending.looks = pending.looks.saturating_add(1);
        pending.turn = pause.turn.or(pending.turn);
        let delay = pause.delay(at, &pending.ask, &pace.pauses);
        let least = delay.least.unwrap_or_default();
        let until = pause.until;
        let hold = Hold { wait: least, until, left: least, ..Hold::new(pause.limit, pause.why) };
        if let Some(verdict) = self.too_long(now, held, &delay) {
            return self.refused(now, Hold { verdict, ..hold });
        }
        let wait = match self.bounds.patience(held, self.bounds.deadline_left(self.elapsed(now))) {
            // The spread never makes a wait too long: the attempt asks once more when its time is up, or at its turn if
            // that comes earlier.
            Some(left) if delay.wait > left => delay.turn.map_or(left, |turn| turn.min(left)),
            _ => delay.wait,
        };
        let starts = delay.least.map(|_| now.elapsed.saturating_add(delay.wait));
        self.wait_until(now, now.elapsed.saturating_add(wait.min(delay.look)), starts);
        let long = delay.least.is_some() || held >= LONG_HOLD_AFTER;
        self.notice(now, Hold { wait, ..hold }, long);
    }

    /// Reports that an attempt is held back, unless that was reported before.
    fn notice(&mut self, now: Now, hold: Hold, long: bool) {
        // The state is only busy for a moment, which is not worth a message.
        if hold.limit == Limit::State && !long {
            return;
        }
        let notice = LastNotice::new(&hold, long);
        let pending = self.gate.as_mut().and_then(|gate| gate.pending.as_mut());
        match pending {
            Some(pending) if pending.last_notice.as_ref() != Some(&notice) => {
                pending.last_notice = Some(notice);
                self.emit(Level::Info, |session| Event::GateWait(hold.told(session, now)));
            }
            _ => {}
        }
    }

    /// Why the run does not wait for the limit, or not any longer, if so.
    fn too_long(&self, now: Now, held: Duration, delay: &Delay) -> Option<String> {
        if let Some(most) = self.bounds.gate_wait
            && delay.is_too_long(held, most)
        {
            let pending = self.gate.as_ref().and_then(|gate| gate.pending.as_ref());
            let has_waited = pending.is_some_and(|pending| pending.looks > 1);
            return Some(gate::not_waiting(&format!("--gate-wait {}", duration::exact(most)), has_waited));
        }
        let least = delay.least.unwrap_or_default();
        self.would_pass_deadline(now, least).then(|| match delay.least {
            Some(least) => self.bounds.past_deadline_words(least),
            None => self.bounds.deadline_words(),
        })
    }

    fn refused(&mut self, now: Now, hold: Hold) {
        self.emit(Level::Warn, |session| Event::GateRefused(hold.told(session, now)));
        let exit = match self.last {
            Some((status, _)) => failed_exit(status),
            None => Exit::Status(exit_code::REFUSED),
        };
        self.conclude(now, Outcome::Refused, exit, String::new());
    }

    /// The state is busy: the leases are renewed a moment later.
    pub(super) fn renew_soon(&mut self, now: Now) {
        if let Some(gate) = &mut self.gate
            && gate.renew_at.is_some()
        {
            gate.renew_at = Some(now.elapsed.saturating_add(RENEWAL_PAUSE));
        }
    }

    /// Time until leases have to be renewed.
    pub(super) fn until_renewal(&self, now: Now) -> Option<Duration> {
        let at = self.gate.as_ref().and_then(|gate| gate.renew_at)?;
        Some(at.saturating_sub(now.elapsed))
    }

    /// Renews the leases if they are due.
    pub(super) fn renew(&mut self, now: Now) {
        if let Some(gate) = &mut self.gate
            && gate.renew_at.is_some_and(|at| now.elapsed >= at)
        {
            gate.renew_at = gate.renewal.map(|every| now.elapsed.saturating_add(every));
            self.out.push(Action::Renew);
        }
    }
}
