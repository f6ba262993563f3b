//! The events of a session and their wording. Built only if somebody listens.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use super::{Session, State};
use crate::base::duration;
use crate::base::exit_code::{Exit, NOT_EXECUTABLE, NOT_FOUND};
use crate::base::secrets::without_secrets;
use crate::classify::{AttemptResult, Classification, Ending, Rules, signal};
use crate::event::{
    AttemptStart, AttemptSuccess, Event, Failure, Level, Outcome, RuleName, Tally, Wait, error_line, millis,
};
use crate::session::Action;

/// How often each reason was seen. Bounded: endless runs must not grow.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    all: Vec<(Cow<'static, str>, u64)>,
    /// There were failures, but their reasons are not counted because nobody listens.
    untold: bool,
}

/// The most distinct reasons; further ones are counted together.
const MAX_REASONS: usize = 30;

impl Tallies {
    #[expect(clippy::ptr_arg, reason = "a borrowed reason is kept without a copy")]
    fn count(&mut self, reason: &Cow<'static, str>) {
        if let Some((_, count)) = self.all.iter_mut().find(|(known, _)| known == reason) {
            *count += 1;
        } else if self.all.len() < MAX_REASONS {
            self.all.push((reason.clone(), 1));
        } else if let Some((last, count)) = self.all.last_mut() {
            *last = Cow::Borrowed("other");
            *count += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && !self.untold
    }

    pub(super) fn all(&self) -> Vec<Tally> {
        self.all.iter().map(|(reason, count)| Tally { reason: reason.to_string(), count: *count }).collect()
    }
}

impl Session {
    /// Counts the reason of a failure. If nobody listens, only notes that there was one.
    #[expect(clippy::ptr_arg, reason = "a borrowed reason is kept without a copy")]
    fn count(&mut self, reason: &Cow<'static, str>) {
        match self.listeners {
            Some(_) => self.tallies.count(reason),
            None => self.tallies.untold = true,
        }
    }

    /// Builds an event if somebody listens at its level.
    pub(super) fn emit(&mut self, level: Level, event: impl FnOnce(&Self) -> Event) {
        if self.listeners.is_some_and(|least| level >= least) {
            let event = event(self);
            debug_assert_eq!(event.level(), level, "{event:?}");
            self.out.push(Action::Emit(Box::new(event)));
        }
    }

    /// Reports once that the attempt has begun.
    pub(super) fn announce(&mut self, child_pid: Option<i32>) {
        let State::Running { announced, .. } = &mut self.state else { return };
        if !std::mem::replace(announced, true) {
            if self.attempts == 1 && child_pid.is_some() && self.owed.ping.is_some() {
                self.out.push(Action::PingStart);
            }
            self.emit(Level::Debug, |session| {
                let (attempt, max) = (session.attempts, session.bounds.max);
                Event::AttemptStart(AttemptStart { attempt, max, child_pid })
            });
        }
    }

    pub(super) fn tell_success(&mut self, attempt: &AttemptResult) {
        self.emit(Level::Info, |session| {
            Event::AttemptSuccess(AttemptSuccess {
                attempt: session.attempts,
                max: session.bounds.max,
                duration_ms: millis(attempt.duration),
                exit_code: attempt.status(),
            })
        });
    }

    pub(super) fn tell_retry(
        &mut self,
        attempt: &AttemptResult,
        verdict: &Classification,
        drawn: Duration,
        wait: Duration,
    ) {
        self.count(&verdict.reason);
        self.emit(Level::Warn, |session| {
            let failure = session.failure(attempt, verdict, &"");
            let next_attempt = session.attempts + 1;
            let wait = Wait { backoff_ms: millis(drawn), delay_ms: millis(wait), next_attempt };
            Event::AttemptRetry { failure, wait }
        });
    }

    pub(super) fn tell_failed(
        &mut self,
        attempt: &AttemptResult,
        verdict: &Classification,
        why: &dyn Display,
    ) {
        self.count(&verdict.reason);
        self.emit(Level::Error, |session| Event::AttemptFailed(session.failure(attempt, verdict, why)));
    }

    /// The option that set the exit status of a run with this end, if any.
    pub(super) fn status_set_by(&self, outcome: Outcome, exit: Exit) -> Option<&'static str> {
        let Exit::Status(status) = exit else { return None };
        match outcome {
            Outcome::Succeeded if self.tallies.is_empty() => None,
            Outcome::Succeeded => {
                self.bounds.flaky_status.filter(|set| *set == status).map(|_| "--fail-if-flaky")
            }
            Outcome::Exhausted => {
                self.bounds.exhausted_status.filter(|set| *set == status).map(|_| "--exhausted-code")
            }
            _ => None,
        }
    }

    fn failure(&self, attempt: &AttemptResult, verdict: &Classification, why: &dyn Display) -> Failure {
        let (exit_code, signal) = match attempt.ending {
            Ending::Signaled(number) => (None, Some(signal::name(number))),
            ending => (Some(ending.status()), None),
        };
        let quote = verdict.quote.as_deref().map(without_secrets);
        let quoted_in_error = quote.as_deref().filter(|_| verdict.rule.source == "policy");
        Failure {
            attempt: self.attempts,
            max: self.bounds.max,
            duration_ms: millis(attempt.duration),
            exit_code,
            signal,
            timed_out: attempt.timed_out,
            class: verdict.class.name().to_owned(),
            category: verdict.category().unwrap_or("transient").to_owned(),
            kind: verdict.kind.as_deref().map(str::to_owned),
            rule: RuleName {
                source: verdict.rule.source.to_owned(),
                profile: verdict.rule.profile.as_deref().map(str::to_owned),
                id: verdict.rule.id.to_string(),
            },
            reason: verdict.reason.to_string(),
            error: error_line(verdict.class.name(), verdict.http_status, &verdict.reason, quoted_in_error),
            quote,
            http_status: verdict.http_status,
            retry_after_ms: verdict.retry_after.map(millis),
            bytes_out: attempt.output().bytes_out,
            bytes_err: attempt.output().bytes_err,
            stdout_tail: attempt.output().stdout_tail.clone(),
            stderr_tail: attempt.output().stderr_tail.clone(),
            verdict: why.to_string(),
            not_started: matches!(attempt.ending, Ending::NotStarted(_)),
        }
    }
}

/// Why a failure is not tried again, as far as its reason does not say so already.
pub(super) fn not_retried(attempt: &AttemptResult, verdict: &Classification, rules: &Rules) -> String {
    if verdict.may_have_been_applied {
        return "not retried: the request may have taken effect (--non-idempotent)".to_owned();
    }
    let why = match (verdict.rule.source, &*verdict.rule.id) {
        (_, "not-found" | "not-executable") => return "not retried".to_owned(),
        // Without its profile, a command that could not be run is permanent as well.
        ("profile", _) if matches!(attempt.status(), NOT_EXECUTABLE | NOT_FOUND) => "permanent".to_owned(),
        ("profile", _) => "permanent (--profile none retries any failure)".to_owned(),
        ("builtin", "otherwise") => rules.why_not_named(&verdict.reason),
        ("policy", "rule") => "a rule of the policy says permanent".to_owned(),
        ("policy", id) => format!("--{id}"),
        ("hint", _) => "the command said so".to_owned(),
        (_, id) => id.replace('-', " "),
    };
    format!("not retried: {why}")
}

/// A duration, for a message.
pub(super) fn time(duration: Duration) -> String {
    duration::approximate(duration)
}

/// The exit as fields of the log: a status, or the name of a signal.
pub(super) fn exit_fields(exit: Exit) -> (Option<u8>, Option<String>) {
    match exit {
        Exit::Status(status) => (Some(status), None),
        Exit::Signal(number) => (None, Some(signal::name(number))),
    }
}
