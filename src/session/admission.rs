//! The session's part in limits that are shared: an attempt asks to be admitted before it starts, and its end is told
//! before the run goes on. What the limits say is decided in `gate/`; here is what a run makes of that.

use std::time::Duration;

use super::aftermath::failed_exit;
use super::{Action, Now, Session, State};
use crate::base::duration;
use crate::base::exit_code::{self, Exit};
use crate::classify::{AttemptResult, Class, Classification, Ending};
use crate::event::{Event, Held, Outcome, millis};
use crate::gate::{self, Ask, AttemptKind, Delay, Health, Limit, Refusal, Settlement};
use rand::RngExt;

/// What an attempt was told that asked to start.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Proceed,
    /// Not yet.
    Wait(Wait),
    Refuse(Refusal),
}

/// What holds an attempt back, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub limit: Limit,
    pub delay: Delay,
    /// When it may start at the earliest, RFC 3339; `None` where that hangs on others.
    pub until: Option<String>,
    pub why: String,
}

/// An attempt that asks to start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asking {
    /// On the elapsed clock.
    since: Duration,
    looks: u32,
    /// See [`Ask::rank`].
    rank: f64,
    /// What was said of its being held back.
    told: Option<Told>,
}

/// What is said again when it changes: by which limit, that it takes long, and until when. Others who start move a rate's
/// moment all the time.
#[derive(Clone, Debug, PartialEq)]
struct Told(Limit, bool, Option<String>);

impl Told {
    fn new(limit: Limit, long: bool, until: Option<&String>) -> Self {
        let is_shared = matches!(limit, Limit::Window | Limit::Breaker);
        Self(limit, long, until.filter(|_| is_shared).cloned())
    }
}

/// After this long it is said once more that somebody is held back by what hangs on others.
const LONG: Duration = Duration::from_secs(1);

impl Session {
    /// Every attempt has to be admitted.
    pub fn with_gate(mut self) -> Self {
        self.gated = true;
        self
    }

    /// Starts the next attempt, or asks whether it may.
    pub(super) fn go(&mut self, now: Now) -> Vec<Action> {
        // One that limits hold back asks once more: they say why it does not start.
        if self.asking.is_none() && self.limits.is_past_deadline(self.elapsed(now)) {
            return self.too_late(now);
        }
        if !self.gated {
            return self.spawn(now);
        }
        if self.asking.is_none() {
            let rank = self.random.random();
            self.asking = Some(Asking { since: now.elapsed, looks: 0, rank, told: None });
        }
        let (looks, rank) = self.asking.as_ref().map_or((0, 0.0), |asking| (asking.looks, asking.rank));
        let since = self.asked_since.or_else(|| self.asking.as_ref().map(|asking| asking.since));
        let waited = since.map(|since| now.elapsed.saturating_sub(since)).unwrap_or_default();
        let kind = match self.last {
            None => AttemptKind::First,
            Some((_, Class::Success)) => AttemptKind::Repeat,
            Some(_) => AttemptKind::Retry,
        };
        self.state = State::Admitting;
        let chance = self.random.random();
        vec![Action::Admit(Ask { kind, looks, chance, rank, waited, ..Ask::default() })]
    }

    pub(super) fn answered(&mut self, now: Now, answer: Answer) -> Vec<Action> {
        match answer {
            Answer::Proceed => {
                (self.asking, self.asked_since) = (None, None);
                if self.limits.is_past_deadline(self.elapsed(now)) {
                    let mut actions = vec![Action::Settle(Settlement::UNKNOWN)];
                    actions.extend(self.too_late(now));
                    return actions;
                }
                self.spawn(now)
            }
            Answer::Refuse(refusal) => self.refused(now, &refusal, Duration::ZERO, None, String::new()),
            Answer::Wait(wait) => self.held_back(now, wait),
        }
    }

    /// The deadline passed before this attempt could start: while the machine slept, while we were stopped, or while
    /// the limits were asked.
    fn too_late(&mut self, now: Now) -> Vec<Action> {
        let exit = self.last.map_or(Exit::Status(exit_code::TIMED_OUT), |(status, _)| failed_exit(status));
        let why = self.limits.deadline_words();
        self.finish_since(now, Outcome::Deadline, exit, why)
    }

    fn held_back(&mut self, now: Now, wait: Wait) -> Vec<Action> {
        let Some(asking) = &mut self.asking else { return Vec::new() };
        asking.looks = asking.looks.saturating_add(1);
        let held = now.elapsed.saturating_sub(asking.since);
        let Wait { limit, delay, until, why } = wait;
        let least = delay.least.unwrap_or_default();
        if let Some(verdict) = self.too_long(now, held, &delay) {
            return self.refused(now, &Refusal { limit, why }, least, until, verdict);
        }
        let patience = self.limits.gate_wait.map(|most| most.saturating_sub(held));
        let left = [patience, self.limits.deadline_left(self.elapsed(now))].into_iter().flatten().min();
        let wait = match left {
            // Its share of the spread does not make a wait too long.
            Some(left) if delay.wait > left => delay.least.unwrap_or(left),
            _ => delay.wait,
        };
        self.wait(now, wait.min(delay.look));
        let long = delay.least.is_some() || held >= LONG;
        // Others are at the state for a moment: nobody wants to know.
        if limit == Limit::State && !long {
            return Vec::new();
        }
        let told = Told::new(limit, long, until.as_ref());
        match &mut self.asking {
            Some(asking) if asking.told.as_ref() != Some(&told) => asking.told = Some(told),
            _ => return Vec::new(),
        }
        vec![Action::Emit(Event::GateWait(Held {
            attempt: self.attempts + 1,
            limit,
            wait_ms: millis(wait),
            waited_ms: millis(held),
            until,
            reason: why,
            left: least,
            verdict: String::new(),
            told: false,
        }))]
    }

    /// Why it is not waited for, or not any longer, if it is not. A wait of known length that is too long is not begun;
    /// others end when their time is over.
    fn too_long(&self, now: Now, held: Duration, delay: &Delay) -> Option<String> {
        let least = delay.least.unwrap_or_default();
        if let Some(most) = self.limits.gate_wait
            && delay.is_too_long(held, most)
        {
            let waited = self.asking.as_ref().is_some_and(|asking| asking.looks > 1);
            return Some(gate::not_waiting(&format!("--gate-wait {}", duration::exact(most)), waited));
        }
        self.would_pass_deadline(now, least).then(|| match delay.least {
            Some(least) => self.limits.past_deadline_words(least),
            None => self.limits.deadline_words(),
        })
    }

    fn refused(
        &mut self,
        now: Now,
        refusal: &Refusal,
        wait: Duration,
        until: Option<String>,
        verdict: String,
    ) -> Vec<Action> {
        let held =
            self.asking.as_ref().map(|asking| now.elapsed.saturating_sub(asking.since)).unwrap_or_default();
        let mut actions = vec![self.tell_refused(refusal, wait, held, until, verdict)];
        let exit = match self.last {
            Some((status, _)) => failed_exit(status),
            None => Exit::Status(exit_code::REFUSED),
        };
        actions.extend(self.finish(now, Outcome::Refused, exit));
        actions
    }

    pub(super) fn tell_refused(
        &self,
        refusal: &Refusal,
        wait: Duration,
        held: Duration,
        until: Option<String>,
        verdict: String,
    ) -> Action {
        Action::Emit(Event::GateRefused(Held {
            attempt: self.attempts + 1,
            limit: refusal.limit,
            wait_ms: millis(wait),
            waited_ms: millis(held),
            until,
            reason: refusal.why.clone(),
            left: wait,
            verdict,
            told: self.asking.is_none(),
        }))
    }

    /// What the limits are told of an attempt that is over.
    pub(super) fn settlement(&mut self, attempt: &AttemptResult, verdict: &Classification) -> Settlement {
        let says_nothing = !self.signals.is_empty() || matches!(attempt.ending, Ending::NotStarted(_));
        let health = match verdict.class {
            _ if says_nothing => Health::Unknown,
            Class::Success => Health::Good,
            Class::Transient | Class::Throttled => Health::Bad,
            Class::Permanent => Health::Unknown,
        };
        let retry_after = verdict.retry_after.filter(|_| verdict.class.is_retryable());
        let rank = if retry_after.is_some() { self.random.random() } else { 0.0 };
        Settlement { health, retry_after, rank, ..Settlement::UNKNOWN }
    }
}
