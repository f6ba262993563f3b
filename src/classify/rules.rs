//! The order of judgement: the first step that applies decides, and is named in the verdict.

mod verdicts;

use std::borrow::Cow;
use std::rc::Rc;

use super::attempt::{AttemptResult, Ending};
use super::channel::Channel;
use super::classification::{Class, Classification};
use super::evidence::Evidence;
use super::exit_spec::ExitSpecs;
use super::output::{Stream, Tap as _};
use super::profile::{Knowledge, Verdict};
use super::text::{PolicyRule, StreamPattern, Watch};
use verdicts::{
    builtin, by_itself, by_text, could_not_be_run, explicit, interrupted, interrupted_by_others,
    judged_by_profile, never_started, not_again, refined, said_by_the_command, speaks_of, unread,
};

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

/// The option whose patterns select what to retry.
pub const RETRY_MATCH: &str = "retry-match";

impl Rules {
    /// Every pattern that has to be matched, without duplicates.
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

    /// Whether any rule asks for the HTTP status in the output.
    pub fn need_http(&self) -> bool {
        self.texts.iter().any(|rule| rule.http.is_some())
    }

    /// Judges an attempt whose captured text is complete: the patterns are matched against that text.
    pub fn classify_text(&self, mut attempt: AttemptResult) -> Classification {
        let patterns = self.patterns();
        if !patterns.is_empty() {
            let mut watch = Watch::new(patterns);
            let text = &attempt.output().text;
            for (stream, bytes) in [(Stream::Stderr, &text.stderr), (Stream::Stdout, &text.stdout)] {
                if let Some(bytes) = bytes {
                    watch.take(stream, bytes);
                }
            }
            attempt.output.get_or_insert_default().seen = watch.finish();
        }
        self.classify(&attempt, None)
    }

    /// Judges one attempt. `stopped_by` is the signal that told us to stop, if one did.
    pub fn classify(&self, attempt: &AttemptResult, stopped_by: Option<i32>) -> Classification {
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
        if verdict.class.is_retryable() && verdict.retry_after.is_none() && evidence.ignores_a_wait() {
            let reason =
                format!("{}; ignored a Retry-After more than a day ahead of our clock", verdict.reason);
            return Classification { reason: Cow::Owned(reason), ..verdict };
        }
        verdict
    }

    /// The verdict of a profile's rule; with the line that it matched, if quotes are wanted.
    fn quoting(&self, known: &Verdict, verdict: Classification, evidence: &Evidence<'_>) -> Classification {
        let quote = self.quotes.then(|| self.knowledge.quote(known, evidence)).flatten();
        Classification { quote, ..verdict }
    }

    /// Whether the request that would be repeated may have taken effect.
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
                said_by_profile && self.knowledge.may_be_of_another_request(attempt, known)
            }
        }
    }

    /// A success, unless a profile knows better: some tools exit 0 although they failed.
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

    /// Whether the exit status is one of a success and all demanded text was seen, or a rule says so; unless a rule that
    /// names this exit status calls it a failure.
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
        self.success_match.iter().all(|pattern| attempt.output().seen.has(pattern))
    }

    /// Whether the exit status is one of a success. A timed-out attempt is never a success.
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

    /// The first matching rule of a class.
    fn text_rule(
        &self,
        class: Class,
        attempt: &AttemptResult,
        evidence: &Evidence<'_>,
    ) -> Option<&PolicyRule> {
        self.texts.iter().find(|rule| rule.class == class && rule.holds(attempt, evidence))
    }

    /// The failure of an attempt whose exit status is one of a success but which lacks demanded text.
    fn without_demanded_text(&self, attempt: &AttemptResult) -> Option<Classification> {
        if attempt.timed_out || !self.has_success_status(attempt) {
            return None;
        }
        let missed = self.success_match.iter().find(|pattern| !attempt.output().seen.has(pattern))?;
        let mut verdict = explicit(Class::Transient, "success-match", attempt);
        let looked_on = match missed.channel {
            Channel::Both => "stdout or stderr",
            channel => channel.name(),
        };
        let text = missed.regex.text();
        verdict.reason = Cow::Owned(format!("{}, but '{text}' not seen on {looked_on}", verdict.reason));
        Some(verdict)
    }

    /// Whether an option names what to retry. Tables of rules do not count.
    fn names_what_to_retry(&self) -> bool {
        !self.retry_on.is_empty() || self.names_texts_to_retry()
    }

    fn names_texts_to_retry(&self) -> bool {
        self.texts.iter().any(|rule| rule.id == RETRY_MATCH)
    }

    /// Why a failure that no option names is not retried.
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

#[cfg(test)]
mod tests;
