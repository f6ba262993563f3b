//! The order of judgement: the first step that applies wins, and says which rule it was.

use std::borrow::Cow;
use std::rc::Rc;

use super::attempt::{AttemptResult, Ending, Stage};
use super::channel::Channel;
use super::classification::{Class, Classification, RuleId};
use super::evidence::Evidence;
use super::exit_spec::ExitSpecs;
use super::profile::{Knowledge, Verdict};
use super::signal;
use super::text::{PolicyRule, StreamPattern};
use crate::base::exit_code;

/// The policy's rules over results.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub success_on: ExitSpecs,
    pub permanent_on: ExitSpecs,
    pub retry_on: ExitSpecs,
    /// Rules over output, and over output and exit status together.
    pub texts: Vec<PolicyRule>,
    /// All of these must be seen for a success.
    pub success_match: Vec<StreamPattern>,
    /// The fate of failures that no explicit rule covers; `None`: the knowledge of the command decides.
    pub otherwise: Option<Otherwise>,
    /// Retry only failures in which the request cannot have taken effect.
    pub non_idempotent: bool,
    /// Knowledge of the command.
    pub knowledge: Rc<Knowledge>,
    /// Also quote the line by which a profile's rule was recognised, which takes another search.
    pub quotes: bool,
}

/// The fate of a failure that no explicit rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    Retry,
    Stop,
}

/// `sysexits.h`: "temporary failure; user is invited to retry". The one status that says so on purpose.
const EX_TEMPFAIL: u8 = 75;

/// The option whose patterns select what to retry.
pub const RETRY_MATCH: &str = "retry-match";

impl Rules {
    /// Every pattern that must be looked for, once.
    pub fn patterns(&self) -> Vec<StreamPattern> {
        let mut all: Vec<StreamPattern> = Vec::new();
        let of_rules = self.texts.iter().flat_map(|rule| &rule.patterns);
        for pattern in of_rules.chain(&self.success_match) {
            if !all.contains(pattern) {
                all.push(pattern.clone());
            }
        }
        all
    }

    /// Does a rule ask for the HTTP status that the output speaks of?
    pub fn need_http(&self) -> bool {
        self.texts.iter().any(|rule| rule.http.is_some())
    }

    /// Judges one attempt. `stopped_by` is the signal that told us to stop, if one did.
    pub fn classify(&self, attempt: &AttemptResult, stopped_by: Option<i32>) -> Classification {
        let verdict = self.judge(attempt, stopped_by);
        match &attempt.stdin_lost {
            Some(why) if verdict.class.is_retryable() => verdict.with_stdin_lost(why),
            _ => verdict,
        }
    }

    fn judge(&self, attempt: &AttemptResult, stopped_by: Option<i32>) -> Classification {
        if let Some(signal) = stopped_by {
            return interrupted(signal, attempt);
        }
        let evidence = self.knowledge.evidence(attempt);
        if self.is_success(attempt, &evidence) {
            return self.success(attempt, &evidence);
        }
        if attempt.reader_gone {
            return unread(attempt);
        }
        if let Some(verdict) = self.explicitly_permanent(attempt, &evidence) {
            return verdict;
        }
        let known = self.knowledge.judge(attempt, &evidence);
        let verdict = said_by_the_command(attempt)
            .or_else(|| self.explicitly_retryable(attempt, &evidence))
            .map(|verdict| refined(verdict, known.as_ref(), &evidence))
            .or_else(|| never_started(attempt))
            .or_else(|| Some(refined(self.otherwise(attempt)?, known.as_ref(), &evidence)))
            .or_else(|| interrupted_by_others(attempt))
            .or_else(|| {
                let known = known.as_ref().filter(|known| !attempt.timed_out && speaks_of(known, attempt));
                Some(self.quoting(known?, judged_by_profile(known?, attempt, &evidence), &evidence))
            })
            .or_else(|| could_not_be_run(attempt))
            .unwrap_or_else(|| refined(by_itself(attempt), known.as_ref(), &evidence));
        if self.non_idempotent && self.may_have_been_applied(&verdict, known.as_ref(), attempt, &evidence) {
            return not_again(verdict);
        }
        verdict
    }

    /// The verdict of a profile's rule, with the line that it was recognised by, where that is wanted.
    fn quoting(&self, known: &Verdict, verdict: Classification, evidence: &Evidence<'_>) -> Classification {
        let quote = self.quotes.then(|| self.knowledge.quote(known, evidence)).flatten();
        Classification { quote, ..verdict }
    }

    /// May what would be tried again have taken effect?
    fn may_have_been_applied(
        &self,
        verdict: &Classification,
        known: Option<&Verdict>,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> bool {
        let started = !matches!(attempt.ending, Ending::NotStarted(_));
        match verdict.class {
            Class::Success | Class::Permanent => false,
            Class::Transient => {
                let never = known.is_some_and(|known| self.knowledge.never_applied(attempt, evidence, known));
                started && !never
            }
            Class::Throttled => {
                let said_by_profile = verdict.rule.source == "profile";
                said_by_profile && self.knowledge.may_be_of_another_request(attempt)
            }
        }
    }

    /// A success, unless a profile knows better: some tools end with 0 when they failed.
    fn success(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Classification {
        if attempt.ending == Ending::Exited(0) && self.knowledge.judges_success() {
            let known = self.knowledge.judge_success(attempt, evidence);
            let judged =
                |known: &Verdict| self.quoting(known, judged_by_profile(known, attempt, evidence), evidence);
            if let Some(verdict) = known.as_ref().map(judged) {
                let again = self.non_idempotent && verdict.class == Class::Transient;
                return if again { not_again(verdict) } else { verdict };
            }
        }
        match self.text_rule(Class::Success, attempt, evidence) {
            Some(rule) => by_text(rule, attempt, evidence),
            None if !self.success_match.is_empty() => explicit(Class::Success, "success-match", attempt),
            None if self.success_on.is_empty() => builtin(Class::Success, "exit-0", None, attempt),
            None => explicit(Class::Success, "success-on", attempt),
        }
    }

    /// A status that counts as success with all the text that is demanded, or a rule that says so; unless a rule which
    /// names that very status, and text that was seen, says that it failed.
    fn is_success(&self, attempt: &AttemptResult, evidence: &Evidence<'_>) -> bool {
        if attempt.timed_out {
            return false;
        }
        let holds = |class_fits: fn(Class) -> bool| {
            self.texts
                .iter()
                .any(|rule| class_fits(rule.class) && rule.names_exit() && rule.holds(attempt, evidence))
        };
        let by_status = self.has_success_status(attempt) && self.has_all_demanded(attempt);
        if by_status && holds(|class| class != Class::Success) {
            return false;
        }
        by_status || self.text_rule(Class::Success, attempt, evidence).is_some()
    }

    fn has_all_demanded(&self, attempt: &AttemptResult) -> bool {
        self.success_match.iter().all(|pattern| attempt.output.seen.has(pattern))
    }

    /// Is the exit status one of a success? A timed-out attempt is never a success.
    fn has_success_status(&self, attempt: &AttemptResult) -> bool {
        match attempt.ending {
            Ending::Exited(code) if self.success_on.is_empty() => code == 0,
            Ending::Exited(_) => self.success_on.matches(attempt),
            Ending::Signaled(_) | Ending::NotStarted(_) => false,
        }
    }

    fn explicitly_permanent(
        &self,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> Option<Classification> {
        if self.permanent_on.matches(attempt) {
            return Some(explicit(Class::Permanent, "permanent-on", attempt));
        }
        self.by_texts(Class::Permanent, attempt, evidence)
    }

    fn explicitly_retryable(
        &self,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> Option<Classification> {
        if let Some(throttled) = self.by_texts(Class::Throttled, attempt, evidence) {
            return Some(throttled);
        }
        if self.retry_on.matches(attempt) {
            return Some(explicit(Class::Transient, "retry-on", attempt));
        }
        self.by_texts(Class::Transient, attempt, evidence).or_else(|| self.without_demanded_text(attempt))
    }

    fn by_texts(
        &self,
        class: Class,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> Option<Classification> {
        self.text_rule(class, attempt, evidence).map(|rule| by_text(rule, attempt, evidence))
    }

    /// The first rule of a class that holds.
    fn text_rule(
        &self,
        class: Class,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> Option<&PolicyRule> {
        self.texts.iter().find(|rule| rule.class == class && rule.holds(attempt, evidence))
    }

    /// The status of a success, but not the text that must go with it.
    fn without_demanded_text(&self, attempt: &AttemptResult) -> Option<Classification> {
        if attempt.timed_out || !self.has_success_status(attempt) {
            return None;
        }
        let missed = self.success_match.iter().find(|pattern| !attempt.output.seen.has(pattern))?;
        let mut verdict = explicit(Class::Transient, "success-match", attempt);
        let looked_on = match missed.channel {
            Channel::Both => "stdout or stderr",
            channel => channel.name(),
        };
        let text = missed.regex.text();
        verdict.reason = Cow::Owned(format!("{}, but '{text}' not seen on {looked_on}", verdict.reason));
        Some(verdict)
    }

    /// Has an option named what to retry? Tables of rules do not count.
    fn names_what_to_retry(&self) -> bool {
        !self.retry_on.is_empty() || self.names_texts_to_retry()
    }

    fn names_texts_to_retry(&self) -> bool {
        self.texts.iter().any(|rule| rule.id == RETRY_MATCH)
    }

    /// Why a failure that no option names is not tried again.
    pub fn why_not_named(&self, reason: &str) -> String {
        let seen = reason.strip_prefix("killed by ").unwrap_or(reason);
        match (self.retry_on.is_empty(), self.names_texts_to_retry()) {
            (true, _) => "--retry-match did not match".to_owned(),
            (false, false) => format!("{seen} is not in --retry-on"),
            (false, true) => format!("{seen} is not in --retry-on, and --retry-match did not match"),
        }
    }

    /// `--otherwise`, or its default: options that name what to retry exclude everything else.
    fn otherwise(&self, attempt: &AttemptResult) -> Option<Classification> {
        match self.otherwise {
            Some(Otherwise::Retry) => Some(explicit(Class::Transient, "otherwise", attempt)),
            _ if attempt.timed_out => None,
            Some(Otherwise::Stop) => Some(explicit(Class::Permanent, "otherwise", attempt)),
            None if !self.names_what_to_retry() => None,
            None => Some(builtin(Class::Permanent, "otherwise", None, attempt)),
        }
    }
}

/// A signal told `retry` to stop: the run ends, whatever the command returned.
fn interrupted(signal: i32, attempt: &AttemptResult) -> Classification {
    let verdict = builtin(Class::Permanent, "interrupted", Some("interrupted"), attempt);
    Classification { reason: Cow::Owned(format!("interrupted by {}", signal::name(signal))), ..verdict }
}

/// A failure, and nobody reads the output any more: the run ends.
fn unread(attempt: &AttemptResult) -> Classification {
    let verdict = builtin(Class::Permanent, "reader-gone", Some("reader-gone"), attempt);
    Classification {
        reason: Cow::Owned(format!("{}, and nobody reads the output", verdict.reason)),
        ..verdict
    }
}

/// The verdict of the file `$RETRY_HINT`.
fn said_by_the_command(attempt: &AttemptResult) -> Option<Classification> {
    let hint = attempt.hint.as_ref()?;
    let said = hint.reason.as_ref().map(|reason| Cow::Owned(reason.clone()));
    let reason = said.unwrap_or_else(|| reason(attempt));
    let verdict = Classification::new(hint.class(), RuleId::new("hint", "hint"), reason);
    Some(Classification { retry_after: hint.retry_after, ..verdict })
}

/// The profile's judgement.
fn judged_by_profile(known: &Verdict, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Classification {
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

/// A verdict to retry stays one; the profile may add that it was throttled, and the output how long to wait.
fn refined(verdict: Classification, known: Option<&Verdict>, evidence: &Evidence<'_>) -> Classification {
    let Some(known) = known.filter(|_| verdict.class.is_retryable()) else {
        // A throttled verdict adopts the Retry-After found in the output, even if the user's rule gave it.
        let said = evidence.retry_after().filter(|_| verdict.class == Class::Throttled);
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

/// `--non-idempotent`: what may have taken effect is not done again.
fn not_again(verdict: Classification) -> Classification {
    Classification { class: Class::Permanent, may_have_been_applied: true, retry_after: None, ..verdict }
}

/// A status that a shell and its like give what they could not run.
fn could_not_be_run(attempt: &AttemptResult) -> Option<Classification> {
    let (id, why) = match attempt.ending {
        Ending::Exited(exit_code::NOT_EXECUTABLE) => ("not-executable", "a command could not be executed"),
        Ending::Exited(exit_code::NOT_FOUND) => ("not-found", "a command was not found"),
        _ => return None,
    };
    let verdict = builtin(Class::Permanent, id, Some(id), attempt);
    (!attempt.timed_out)
        .then(|| Classification { reason: Cow::Owned(format!("{why} ({})", reason(attempt))), ..verdict })
}

/// Of what could not be run at all, does this rule tell more than the status? One that names the status does, and what is
/// busy or short will pass.
fn speaks_of(known: &Verdict, attempt: &AttemptResult) -> bool {
    let passes = matches!(known.kind.as_deref(), Some("lock" | "capacity"));
    could_not_be_run(attempt).is_none() || known.class == Class::Permanent || known.names_exit || passes
}

fn never_started(attempt: &AttemptResult) -> Option<Classification> {
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

/// Somebody interrupted the command itself, at its terminal or with `kill`: they meant it.
fn interrupted_by_others(attempt: &AttemptResult) -> Option<Classification> {
    let interrupted = matches!(attempt.ending, Ending::Signaled(libc::SIGINT | libc::SIGQUIT));
    (interrupted && !attempt.timed_out)
        .then(|| builtin(Class::Permanent, "command-interrupted", Some("interrupted"), attempt))
}

/// The verdict on a failure that no rule covers: another attempt.
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
    let verdict = Classification::new(class, RuleId::new("builtin", id), reason(attempt));
    Classification { kind: kind.map(Cow::Borrowed), ..verdict }
}

fn by_text(rule: &PolicyRule, attempt: &AttemptResult, evidence: &Evidence<'_>) -> Classification {
    let mut verdict = explicit(rule.class, rule.id, attempt);
    let line = rule.patterns.first().and_then(|pattern| attempt.output.seen.line(pattern));
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

fn explicit(class: Class, id: &'static str, attempt: &AttemptResult) -> Classification {
    let verdict = Classification::new(class, RuleId::new("policy", id), reason(attempt));
    Classification { kind: attempt.timed_out.then_some(Cow::Borrowed("timeout")), ..verdict }
}

/// The ending in a few words: `exit 7`, `killed by SIGKILL`.
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
        Ending::NotStarted(failure) if failure.stage == Stage::Input => {
            Cow::Owned(format!("cannot give it its input: {}", failure.text()))
        }
        Ending::NotStarted(failure) => Cow::Owned(format!("cannot execute: {}", failure.text())),
    }
}

#[cfg(test)]
mod tests;
