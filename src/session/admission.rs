//! The session's part in limits that are shared: an attempt asks to be admitted before it starts, and its end is told
//! before the run goes on. What the limits say is decided in `gate/`; here is what a run makes of that.

use std::time::Duration;

use super::aftermath::failed_exit;
use super::report::time;
use super::{Action, Now, Session, State};
use crate::classify::{AttemptResult, Class, Classification, Ending};
use crate::event::{Event, Held, Outcome, millis};
use crate::exit_code::{self, Exit};
use crate::gate::{self, Ask, Kind, Limit, Refusal, Report};
use rand::RngExt;

/// What an attempt was told that asked to start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Proceed,
    /// Not yet: look again after `wait`.
    Wait {
        limit: Limit,
        wait: Duration,
        /// When it may start at the earliest, RFC 3339; `None` where that hangs on others.
        until: Option<String>,
        why: String,
    },
    Refuse(Refusal),
}

/// An attempt that asks to start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asking {
    /// On the elapsed clock.
    since: Duration,
    looks: u32,
    /// What was told of its being held back: by which limit, and that it takes long.
    told: Option<(Limit, bool)>,
}

/// After this long it is said once more that somebody is held back by what hangs on others.
const LONG: Duration = Duration::from_secs(1);

impl Session {
    /// Every attempt has to be admitted.
    pub(crate) fn with_gate(mut self) -> Self {
        self.gated = true;
        self
    }

    /// Starts the next attempt, or asks whether it may.
    pub(super) fn go(&mut self, now: Now) -> Vec<Action> {
        if !self.gated {
            return self.spawn(now);
        }
        let asking = self.asking.get_or_insert(Asking { since: now.elapsed, looks: 0, told: None });
        let kind = match self.last {
            None => Kind::First,
            Some((_, Class::Success)) => Kind::Repeat,
            Some(_) => Kind::Retry,
        };
        let looks = asking.looks;
        self.state = State::Admitting;
        vec![Action::Admit(Ask { kind, looks, chance: self.random.random(), ..Ask::default() })]
    }

    pub(super) fn answered(&mut self, now: Now, answer: Answer) -> Vec<Action> {
        match answer {
            Answer::Proceed => {
                self.asking = None;
                self.spawn(now)
            }
            Answer::Refuse(refusal) => self.refused(now, &refusal, Duration::ZERO, None, String::new()),
            Answer::Wait { limit, wait, until, why } => self.held_back(now, limit, wait, until, why),
        }
    }

    fn held_back(
        &mut self,
        now: Now,
        limit: Limit,
        wait: Duration,
        until: Option<String>,
        why: String,
    ) -> Vec<Action> {
        let Some(asking) = &mut self.asking else { return Vec::new() };
        let held = now.elapsed.saturating_sub(asking.since);
        asking.looks = asking.looks.saturating_add(1);
        let told = asking.told;
        let refusal = |why: String| Refusal { limit, why };
        // A wait of known length that is too long is not begun; others end when their time is over.
        let least = if until.is_some() { wait } else { Duration::ZERO };
        if let Some(most) = self.limits.gate_wait
            && (held.saturating_add(least) > most || held >= most)
        {
            let verdict = format!("not waited for (--gate-wait {})", time(most));
            return self.refused(now, &refusal(why), least, until, verdict);
        }
        if self.would_pass_deadline(now, least) {
            let verdict = self.limits.deadline_words("would pass before");
            return self.refused(now, &refusal(why), least, until, verdict);
        }
        let patience = self.limits.gate_wait.map(|most| most.saturating_sub(held));
        let wait = [patience, self.limits.deadline_left(self.elapsed(now))]
            .into_iter()
            .flatten()
            .fold(wait, Duration::min);
        self.wait(now, wait);
        let long = held >= LONG;
        if told == Some((limit, true)) || told == Some((limit, long || until.is_some())) {
            return Vec::new();
        }
        if let Some(asking) = &mut self.asking {
            asking.told = Some((limit, long || until.is_some()));
        }
        vec![Action::Emit(Event::GateWait(Held {
            attempt: self.attempts + 1,
            limit,
            wait_ms: millis(wait),
            waited_ms: millis(held),
            until,
            reason: why,
            verdict: String::new(),
            told: false,
        }))]
    }

    fn refused(
        &mut self,
        now: Now,
        refusal: &Refusal,
        wait: Duration,
        until: Option<String>,
        verdict: String,
    ) -> Vec<Action> {
        let held = self.asking.map(|asking| now.elapsed.saturating_sub(asking.since)).unwrap_or_default();
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
            verdict,
            told: self.asking.is_none(),
        }))
    }

    /// What the limits are told of an attempt that is over.
    pub(super) fn report(&self, attempt: &AttemptResult, verdict: &Classification) -> Report {
        let says_nothing = !self.signals.is_empty() || matches!(attempt.ending, Ending::NotStarted(_));
        let result = match verdict.class {
            _ if says_nothing => gate::Result::Neutral,
            Class::Success => gate::Result::Success,
            Class::Transient | Class::Throttled => gate::Result::Failure,
            Class::Permanent => gate::Result::Neutral,
        };
        let retry_after = verdict.retry_after.filter(|_| verdict.class.is_retryable());
        Report { result, retry_after, probe: false }
    }
}
