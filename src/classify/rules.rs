//! The order of judgement: the first step that applies wins, and says which rule it was.

use std::borrow::Cow;

use super::attempt::{AttemptResult, Ending, Stage};
use super::classification::{Class, Classification, Rule};
use super::exit_spec::ExitSpecs;
use super::signal;

/// What the policy says of results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) success_on: ExitSpecs,
    pub(crate) permanent_on: ExitSpecs,
    pub(crate) retry_on: ExitSpecs,
    /// What no explicit rule speaks of; `None`: judged by what is known of it.
    pub(crate) otherwise: Option<Otherwise>,
}

/// The fate of a failure that no explicit rule speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    Retry,
    Stop,
}

/// `sysexits.h`: "temporary failure; user is invited to retry". The one status that says so on purpose.
const EX_TEMPFAIL: u8 = 75;

impl Rules {
    /// Judges one attempt. `stopped_by` is the signal that told us to stop, if one did.
    pub(crate) fn classify(&self, attempt: &AttemptResult, stopped_by: Option<i32>) -> Classification {
        let verdict = self.judge(attempt, stopped_by);
        match &attempt.stdin_lost {
            Some(why) if verdict.class.is_retryable() => verdict.with_stdin_lost(why),
            _ => verdict,
        }
    }

    fn judge(&self, attempt: &AttemptResult, stopped_by: Option<i32>) -> Classification {
        self.ended_by_our_surroundings(attempt, stopped_by)
            .or_else(|| self.success(attempt))
            .or_else(|| self.explicitly_permanent(attempt))
            .or_else(|| said_by_the_command(attempt))
            .or_else(|| self.explicitly_retryable(attempt))
            .or_else(|| never_started(attempt))
            .or_else(|| self.otherwise(attempt))
            .or_else(|| interrupted_by_others(attempt))
            .unwrap_or_else(|| by_itself(attempt))
    }

    /// A signal told us to stop, or nobody reads our output: the run ends, whatever the command returned.
    fn ended_by_our_surroundings(
        &self,
        attempt: &AttemptResult,
        stopped_by: Option<i32>,
    ) -> Option<Classification> {
        if let Some(signal) = stopped_by {
            let mut verdict = builtin(Class::Permanent, "interrupted", Some("interrupted"), attempt);
            verdict.reason = Cow::Owned(format!("interrupted by {}", signal::name(signal)));
            return Some(verdict);
        }
        let failed = attempt.timed_out || !self.is_success(attempt);
        (attempt.reader_gone && failed).then(|| {
            let mut verdict = builtin(Class::Permanent, "reader-gone", Some("reader-gone"), attempt);
            verdict.reason = Cow::Owned(format!("{}, and nobody reads the output", verdict.reason));
            verdict
        })
    }

    fn success(&self, attempt: &AttemptResult) -> Option<Classification> {
        self.is_success(attempt).then(|| {
            if self.success_on.is_empty() {
                builtin(Class::Success, "exit-0", None, attempt)
            } else {
                explicit(Class::Success, "success-on", attempt)
            }
        })
    }

    /// What we stopped for time is never a success.
    fn is_success(&self, attempt: &AttemptResult) -> bool {
        if attempt.timed_out {
            return false;
        }
        match attempt.ending {
            Ending::Exited(code) if self.success_on.is_empty() => code == 0,
            Ending::Exited(_) => self.success_on.matches(attempt),
            Ending::Signaled(_) | Ending::NotStarted(_) => false,
        }
    }

    fn explicitly_permanent(&self, attempt: &AttemptResult) -> Option<Classification> {
        self.permanent_on.matches(attempt).then(|| explicit(Class::Permanent, "permanent-on", attempt))
    }

    fn explicitly_retryable(&self, attempt: &AttemptResult) -> Option<Classification> {
        self.retry_on.matches(attempt).then(|| explicit(Class::Transient, "retry-on", attempt))
    }

    /// `--otherwise`, or what it is by default: who names what to retry means nothing else.
    fn otherwise(&self, attempt: &AttemptResult) -> Option<Classification> {
        let implied = (!self.retry_on.is_empty()).then_some(Otherwise::Stop);
        match self.otherwise.or(implied)? {
            Otherwise::Retry => Some(explicit(Class::Transient, "otherwise", attempt)),
            Otherwise::Stop if attempt.timed_out => None,
            Otherwise::Stop => Some(explicit(Class::Permanent, "otherwise", attempt)),
        }
    }
}

/// The file `$RETRY_HINT`.
fn said_by_the_command(attempt: &AttemptResult) -> Option<Classification> {
    let hint = attempt.hint.as_ref()?;
    let rule = Rule { source: "hint", id: "hint" };
    let said = hint.reason.as_ref().map(|reason| Cow::Owned(reason.clone()));
    Some(Classification {
        class: hint.class(),
        rule,
        kind: None,
        reason: said.unwrap_or_else(|| reason(attempt)),
        retry_after: hint.retry_after,
    })
}

fn never_started(attempt: &AttemptResult) -> Option<Classification> {
    let Ending::NotStarted(failure) = attempt.ending else { return None };
    Some(if failure.stage == Stage::Fork {
        builtin(Class::Transient, "fork", Some("fork"), attempt)
    } else if failure.is_transient() {
        builtin(Class::Transient, "start", Some("resource"), attempt)
    } else if failure.is_not_found() {
        builtin(Class::Permanent, "not-found", Some("not-found"), attempt)
    } else {
        builtin(Class::Permanent, "not-executable", Some("not-executable"), attempt)
    })
}

/// Somebody interrupted the command itself, at its terminal or with `kill`: they meant it.
fn interrupted_by_others(attempt: &AttemptResult) -> Option<Classification> {
    let interrupted = matches!(attempt.ending, Ending::Signaled(libc::SIGINT | libc::SIGQUIT));
    (interrupted && !attempt.timed_out)
        .then(|| builtin(Class::Permanent, "command-interrupted", Some("interrupted"), attempt))
}

/// Nothing else speaks of it: worth another try.
fn by_itself(attempt: &AttemptResult) -> Classification {
    if attempt.timed_out {
        builtin(Class::Transient, "timeout", Some("timeout"), attempt)
    } else if attempt.ending == Ending::Exited(EX_TEMPFAIL) {
        builtin(Class::Transient, "tempfail", Some("tempfail"), attempt)
    } else {
        builtin(Class::Transient, "unmatched", None, attempt)
    }
}

fn builtin(
    class: Class,
    id: &'static str,
    kind: Option<&'static str>,
    attempt: &AttemptResult,
) -> Classification {
    let rule = Rule { source: "builtin", id };
    Classification { class, rule, kind, reason: reason(attempt), retry_after: None }
}

fn explicit(class: Class, id: &'static str, attempt: &AttemptResult) -> Classification {
    Classification {
        class,
        rule: Rule { source: "policy", id },
        kind: attempt.timed_out.then_some("timeout"),
        reason: reason(attempt),
        retry_after: None,
    }
}

/// What happened, in a few words.
fn reason(attempt: &AttemptResult) -> Cow<'static, str> {
    if attempt.timed_out {
        return Cow::Borrowed("timeout");
    }
    match attempt.ending {
        Ending::Exited(code) => Cow::Owned(format!("exit {code}")),
        Ending::Signaled(number) => Cow::Owned(format!("killed by {}", signal::name(number))),
        Ending::NotStarted(failure) if failure.stage == Stage::Interpreter => {
            Cow::Borrowed("the interpreter in its first line was not found")
        }
        Ending::NotStarted(failure) if failure.is_not_found() => Cow::Borrowed("command not found"),
        Ending::NotStarted(failure) if failure.stage == Stage::Fork => {
            Cow::Owned(format!("cannot start a process: {}", failure.text()))
        }
        Ending::NotStarted(failure) => Cow::Owned(format!("cannot execute: {}", failure.text())),
    }
}

#[cfg(test)]
mod tests;
