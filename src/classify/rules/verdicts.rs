//! The individual verdicts that the order of judgement chooses from.

use std::borrow::Cow;
use std::rc::Rc;

use crate::base::exit_code;
use crate::classify::attempt::{AttemptResult, Ending, Stage};
use crate::classify::classification::{Class, Classification, RuleId};
use crate::classify::evidence::Evidence;
use crate::classify::profile::Verdict;
use crate::classify::signal;
use crate::classify::text::PolicyRule;

/// `sysexits.h`: "temporary failure; user is invited to retry".
const EX_TEMPFAIL: u8 = 75;

/// A signal told `retry` to stop: the run ends, whatever the exit status of the command.
pub(super) fn interrupted(signal: i32, attempt: &AttemptResult) -> Classification {
    let verdict = builtin(Class::Permanent, "interrupted", Some("interrupted"), attempt);
    Classification { reason: Cow::Owned(format!("interrupted by {}", signal::name(signal))), ..verdict }
}

/// A failure whose output nobody reads any more: the run ends.
pub(super) fn unread(attempt: &AttemptResult) -> Classification {
    let verdict = builtin(Class::Permanent, "reader-gone", Some("reader-gone"), attempt);
    Classification {
        reason: Cow::Owned(format!("{}, and nobody reads the output", verdict.reason)),
        ..verdict
    }
}

/// The verdict that the command wrote into `$RETRY_HINT`.
pub(super) fn said_by_the_command(attempt: &AttemptResult) -> Option<Classification> {
    let hint = attempt.hint.as_ref()?;
    let said = hint.reason.as_ref().map(|reason| Cow::Owned(reason.clone()));
    let reason = said.unwrap_or_else(|| reason(attempt));
    let verdict = Classification::new(hint.class(), RuleId::new("hint", "hint"), reason);
    Some(Classification { retry_after: hint.retry_after, ..verdict })
}

/// The profile's judgement.
pub(super) fn judged_by_profile(
    known: &Verdict,
    attempt: &AttemptResult,
    evidence: &Evidence<'_>,
) -> Classification {
    let id = Cow::Owned(known.id.to_string());
    let rule = RuleId { source: "profile", profile: Some(Rc::clone(&known.profile)), id };
    let verdict = Classification::new(known.class, rule, known.reason_or(reason(attempt)));
    Classification {
        kind: known.kind.as_ref().map(|kind| Cow::Owned(kind.to_string())),
        retry_after: evidence.retry_after().filter(|_| known.class.is_retryable()),
        http_status: evidence.http_status(),
        ..verdict
    }
}

/// Refines a verdict to retry: the profile may turn it into throttled, and the output may add a wait.
pub(super) fn refined(
    verdict: Classification,
    known: Option<&Verdict>,
    evidence: &Evidence<'_>,
) -> Classification {
    let Some(known) = known.filter(|_| verdict.class.is_retryable()) else {
        // A throttled verdict adopts the Retry-After found in the output, even if the user's rule gave it.
        let said = (verdict.class == Class::Throttled).then(|| evidence.retry_after()).flatten();
        return Classification { retry_after: verdict.retry_after.or(said), ..verdict };
    };
    let throttled = known.class == Class::Throttled;
    Classification {
        class: if throttled { Class::Throttled } else { verdict.class },
        kind: verdict.kind.or_else(|| known.kind.as_ref().map(|kind| Cow::Owned(kind.to_string()))),
        retry_after: verdict.retry_after.or(evidence.retry_after()),
        http_status: evidence.http_status(),
        ..verdict
    }
}

/// `--non-idempotent`: a request that may have taken effect is not repeated.
pub(super) fn not_again(verdict: Classification) -> Classification {
    Classification { class: Class::Permanent, may_have_been_applied: true, retry_after: None, ..verdict }
}

/// The statuses by which shells and similar programs report a command that they could not run.
pub(super) fn could_not_be_run(attempt: &AttemptResult) -> Option<Classification> {
    let (id, why) = match attempt.ending {
        Ending::Exited(exit_code::NOT_EXECUTABLE) => ("not-executable", "a command could not be executed"),
        Ending::Exited(exit_code::NOT_FOUND) => ("not-found", "a command was not found"),
        _ => return None,
    };
    let verdict = builtin(Class::Permanent, id, Some(id), attempt);
    (!attempt.timed_out)
        .then(|| Classification { reason: Cow::Owned(format!("{why} ({})", reason(attempt))), ..verdict })
}

/// Whether this rule knows more than the exit status about a command that could not be run. A rule that names the status
/// does, and locks and shortages will pass.
pub(super) fn speaks_of(known: &Verdict, attempt: &AttemptResult) -> bool {
    let passes = matches!(known.kind.as_deref(), Some("lock" | "capacity"));
    could_not_be_run(attempt).is_none() || known.class == Class::Permanent || known.names_exit || passes
}

pub(super) fn never_started(attempt: &AttemptResult) -> Option<Classification> {
    let Ending::NotStarted(failure) = attempt.ending else { return None };
    Some(if failure.stage == Stage::Fork {
        builtin(Class::Transient, "fork", Some("fork"), attempt)
    } else if failure.stage == Stage::Input {
        builtin(Class::Transient, "input", Some("input"), attempt)
    } else if failure.is_transient() {
        builtin(Class::Transient, "start", Some("resource"), attempt)
    } else if failure.is_not_found() {
        builtin(Class::Permanent, "not-found", Some("not-found"), attempt)
    } else {
        builtin(Class::Permanent, "not-executable", Some("not-executable"), attempt)
    })
}

/// The command itself was interrupted, from its terminal or with `kill`: that was on purpose.
pub(super) fn interrupted_by_others(attempt: &AttemptResult) -> Option<Classification> {
    let interrupted = matches!(attempt.ending, Ending::Signaled(libc::SIGINT | libc::SIGQUIT));
    (interrupted && !attempt.timed_out)
        .then(|| builtin(Class::Permanent, "command-interrupted", Some("interrupted"), attempt))
}

/// The verdict on a failure that no rule covers: another attempt.
pub(super) fn by_itself(attempt: &AttemptResult) -> Classification {
    if attempt.timed_out {
        builtin(Class::Transient, "timeout", Some("timeout"), attempt)
    } else if attempt.ending == Ending::Exited(EX_TEMPFAIL) {
        builtin(Class::Transient, "tempfail", Some("tempfail"), attempt)
    } else {
        builtin(Class::Transient, "unmatched", None, attempt)
    }
}

pub(super) fn builtin(
    class: Class,
    id: &'static str,
    kind: Option<&'static str>,
    attempt: &AttemptResult,
) -> Classification {
    let verdict = Classification::new(class, RuleId::new("builtin", id), reason(attempt));
    Classification { kind: kind.map(Cow::Borrowed), ..verdict }
}

pub(super) fn by_text(rule: &PolicyRule, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Classification {
    let mut verdict = explicit(rule.class, rule.id, attempt);
    let line = rule.patterns.first().and_then(|pattern| attempt.output().seen.line(pattern));
    verdict.quote = line.filter(|line| !line.is_empty()).map(str::to_owned);
    match (&rule.reason, rule.patterns.first()) {
        (Some(reason), _) => verdict.reason = Cow::Owned(reason.clone()),
        (None, Some(pattern)) => verdict.reason = Cow::Owned(format!("{}, '{pattern}'", verdict.reason)),
        (None, None) => {}
    }
    if rule.http.is_some() {
        verdict.http_status = evidence.any_http_status();
        if let (None, Some(status)) = (&rule.reason, verdict.http_status) {
            verdict.reason = Cow::Owned(format!("{}, HTTP {status}", verdict.reason));
        }
    }
    verdict
}

pub(super) fn explicit(class: Class, id: &'static str, attempt: &AttemptResult) -> Classification {
    let verdict = Classification::new(class, RuleId::new("policy", id), reason(attempt));
    Classification { kind: attempt.timed_out.then_some(Cow::Borrowed("timeout")), ..verdict }
}

/// `exit 7`, without an allocation: simulated clients need it millions of times.
fn exit_words(code: u8) -> &'static str {
    let at = |code: usize| match code {
        0..10 => code * 6,
        10..100 => 60 + (code - 10) * 7,
        _ => 690 + (code - 100) * 8,
    };
    let code = usize::from(code);
    EXITS.get(at(code)..at(code + 1)).unwrap_or("exit")
}

/// The words for all statuses, concatenated.
static EXITS: &str = match str::from_utf8(&EXIT_BYTES) {
    Ok(words) => words,
    Err(_) => "",
};

const EXIT_BYTES: [u8; 690 + 156 * 8] = {
    let (mut words, mut at, mut code) = ([0; 690 + 156 * 8], 0, 0_usize);
    while code < 256 {
        let text = *b"exit ";
        let mut place = 0;
        while place < text.len() {
            words[at] = text[place];
            (at, place) = (at + 1, place + 1);
        }
        let mut unit = if code < 10 {
            1
        } else if code < 100 {
            10
        } else {
            100
        };
        while unit > 0 {
            words[at] = b"0123456789"[code / unit % 10];
            (at, unit) = (at + 1, unit / 10);
        }
        code += 1;
    }
    words
};

/// The ending in a few words: `exit 7`, `killed by SIGKILL`.
pub(super) fn reason(attempt: &AttemptResult) -> Cow<'static, str> {
    if attempt.timed_out {
        return Cow::Borrowed("timeout");
    }
    match attempt.ending {
        Ending::Exited(code) => Cow::Borrowed(exit_words(code)),
        Ending::Signaled(number) => Cow::Owned(format!("killed by {}", signal::name(number))),
        Ending::NotStarted(failure) if failure.stage == Stage::Interpreter => {
            Cow::Borrowed("the interpreter in its first line was not found")
        }
        Ending::NotStarted(failure) if failure.is_not_found() => Cow::Borrowed("command not found"),
        Ending::NotStarted(failure) if failure.stage == Stage::Fork => {
            Cow::Owned(format!("cannot start a process: {}", failure.text()))
        }
        Ending::NotStarted(failure) if failure.stage == Stage::Input => {
            Cow::Owned(format!("cannot supply its input: {}", failure.text()))
        }
        Ending::NotStarted(failure) => Cow::Owned(format!("cannot execute: {}", failure.text())),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_status_has_its_words() {
        for code in 0..=u8::MAX {
            assert_eq!(super::exit_words(code), format!("exit {code}"));
        }
    }
}
