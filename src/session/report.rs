//! How a session words what it tells.

use std::borrow::Cow;
use std::time::Duration;

use super::Session;
use crate::classify::{AttemptResult, Classification, Ending, signal};
use crate::event::{AttemptSuccess, Event, Failure, RuleName, Tally, Wait, error_line, millis};
use crate::exit_code::Exit;
use crate::policy::duration;
use crate::session::Action;

/// How often each reason was seen. Bounded: endless runs must not grow.
#[derive(Debug, Default)]
pub(super) struct Tallies(Vec<(Cow<'static, str>, u64)>);

/// More reasons than this are counted together.
const MOST_REASONS: usize = 30;

impl Tallies {
    fn count(&mut self, reason: &Cow<'static, str>) {
        if let Some((_, count)) = self.0.iter_mut().find(|(known, _)| known == reason) {
            *count += 1;
        } else if self.0.len() < MOST_REASONS {
            self.0.push((reason.clone(), 1));
        } else if let Some((last, count)) = self.0.last_mut() {
            *last = Cow::Borrowed("other");
            *count += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> Vec<Tally> {
        self.0.iter().map(|(reason, count)| Tally { reason: reason.to_string(), count: *count }).collect()
    }
}

impl Session {
    pub(super) fn tell_success(&self, attempt: &AttemptResult) -> Action {
        Action::Emit(Event::AttemptSuccess(AttemptSuccess {
            attempt: self.attempts,
            max: self.limits.max,
            duration_ms: millis(attempt.duration),
            exit_code: attempt.status(),
        }))
    }

    pub(super) fn tell_retry(
        &mut self,
        attempt: &AttemptResult,
        verdict: &Classification,
        drawn: Duration,
        wait: Duration,
    ) -> Action {
        let failure = self.failure(attempt, verdict, "");
        let wait =
            Wait { backoff_ms: millis(drawn), delay_ms: millis(wait), next_attempt: self.attempts + 1 };
        Action::Emit(Event::AttemptRetry { failure, wait })
    }

    pub(super) fn tell_failed(
        &mut self,
        attempt: &AttemptResult,
        verdict: &Classification,
        why: &str,
    ) -> Action {
        Action::Emit(Event::AttemptFailed(self.failure(attempt, verdict, why)))
    }

    fn failure(&mut self, attempt: &AttemptResult, verdict: &Classification, why: &str) -> Failure {
        self.tallies.count(&verdict.reason);
        let (exit_code, signal) = match attempt.ending {
            Ending::Signaled(number) => (None, Some(signal::name(number))),
            ending => (Some(ending.status()), None),
        };
        Failure {
            attempt: self.attempts,
            max: self.limits.max,
            duration_ms: millis(attempt.duration),
            exit_code,
            signal,
            timed_out: attempt.timed_out,
            class: verdict.class.name().to_owned(),
            category: verdict.category().unwrap_or("transient").to_owned(),
            kind: verdict.kind.map(str::to_owned),
            rule: RuleName { source: verdict.rule.source.to_owned(), id: verdict.rule.id.to_owned() },
            reason: verdict.reason.to_string(),
            error: error_line(verdict.class.name(), &verdict.reason),
            retry_after_ms: verdict.retry_after.map(millis),
            verdict: why.to_owned(),
            not_started: matches!(attempt.ending, Ending::NotStarted(_)),
        }
    }
}

/// The rule that won, for a message.
pub(super) fn rule(verdict: &Classification) -> String {
    match verdict.rule.source {
        "policy" => format!("--{}", verdict.rule.id),
        "hint" => "the command said so".to_owned(),
        _ => verdict.rule.id.replace('-', " "),
    }
}

/// A time, for a message.
pub(super) fn time(duration: Duration) -> String {
    duration::approximate(duration)
}

/// How the run ends, as the log has it.
pub(super) fn exit_fields(exit: Exit) -> (Option<u8>, Option<String>) {
    match exit {
        Exit::Status(status) => (Some(status), None),
        Exit::Signal(number) => (None, Some(signal::name(number))),
    }
}
