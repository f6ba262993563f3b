//! The environment variables for the command, hooks and the fallback. Those of an enclosing `retry` describe another run,
//! and are replaced.

use std::ffi::OsString;

use super::{Driver, whole_millis};
use crate::gate::Grant;
use crate::session::{Attempt, HelperFacts, HelperKind};
use crate::sys::supervise::{HANDED_DOWN, Variable};
use crate::sys::{clock, environment};

/// The longest value that contains text from the command, in bytes.
const MAX_TEXT_BYTES: usize = 512;

impl Driver<'_> {
    /// Variables that describe the run to its command. Those of an enclosing `retry` describe another run, and are replaced.
    pub(super) fn variables(&self, attempt: &Attempt) -> Vec<Variable> {
        let elapsed = clock::now().elapsed.saturating_sub(self.began);
        let number = |number: u64| Some(number.to_string().into());
        let text = |text: String| Some(text.into());
        let exchange = self.exchange.as_ref();
        vec![
            ("RETRY_ATTEMPT", number(attempt.number)),
            ("RETRY_ATTEMPT_LIMIT", text(self.policy.attempts().to_string())),
            ("RETRY_LAST", number(attempt.last.into())),
            ("RETRY_RUN_ID", text(self.run.clone())),
            ("RETRY_IDEMPOTENCY_KEY", text(self.idempotency_key.clone())),
            ("RETRY_ELAPSED_MS", number(whole_millis(elapsed))),
            ("RETRY_DEPTH", number(u64::from(self.outer.depth) + 1)),
            ("RETRY_HINT", exchange.map(|exchange| exchange.hint_path().into())),
            ("RETRY_PROGRESS", exchange.map(|exchange| exchange.progress_path().into())),
            ("RETRY_PREVIOUS_EXIT", attempt.previous.and_then(|(status, _)| number(status.into()))),
            ("RETRY_PREVIOUS_CLASS", attempt.previous.map(|(_, class)| class.name().into())),
            ("RETRY_DEADLINE_AT_MS", self.deadline_at.and_then(number)),
            (environment::DEADLINE_CLOCK, self.deadline_on_our_clock().map(Into::into)),
            (HANDED_DOWN, None),
            (environment::PERMITS, self.permits(attempt.granted).map(Into::into)),
        ]
    }

    /// The deadline on another clock, for a nested run, since the wall clock may be set meanwhile.
    fn deadline_on_our_clock(&self) -> Option<String> {
        let deadline = self.began.saturating_add(self.policy.deadline.0?);
        Some(format!("{}:{}", self.deadline_at?, whole_millis(deadline)))
    }

    /// Variables that describe the run to a helper. Those of an enclosing run or of an attempt are replaced.
    pub(super) fn helper_variables(&self, kind: HelperKind, facts: &HelperFacts) -> Vec<Variable> {
        let elapsed = clock::now().elapsed.saturating_sub(self.began);
        let number = |number: u64| Some(OsString::from(number.to_string()));
        let text = |text: &str| Some(OsString::from(text));
        let untrusted = |text: &str| Some(OsString::from(clean(text)));
        let flag = |on: bool| Some(OsString::from(if on { "1" } else { "0" }));
        let last = facts.last.as_ref();
        // The deadline does not apply to helpers that run after the end of the run.
        let deadline = self.deadline_at.filter(|_| kind == HelperKind::OnRetry);
        let status = last.map_or(facts.status, |last| Some(last.status));
        vec![
            ("RETRY_EVENT", text(kind.event())),
            ("RETRY_NAME", untrusted(&self.name)),
            ("RETRY_ATTEMPT", number(facts.attempts)),
            ("RETRY_ATTEMPTS", number(facts.attempts)),
            ("RETRY_ATTEMPT_LIMIT", text(&self.policy.attempts().to_string())),
            ("RETRY_LAST", flag(kind != HelperKind::OnRetry)),
            ("RETRY_RUN_ID", text(&self.run)),
            ("RETRY_IDEMPOTENCY_KEY", text(&self.idempotency_key)),
            ("RETRY_ELAPSED_MS", number(whole_millis(elapsed))),
            ("RETRY_DEPTH", number(u64::from(self.outer.depth) + 1)),
            ("RETRY_HINT", None),
            ("RETRY_PROGRESS", None),
            ("RETRY_PREVIOUS_EXIT", None),
            ("RETRY_PREVIOUS_CLASS", None),
            ("RETRY_EXIT", status.and_then(|status| number(status.into()))),
            ("RETRY_SIGNAL", last.and_then(|last| text(last.signal.as_deref()?))),
            ("RETRY_CLASS", last.and_then(|last| text(last.class))),
            ("RETRY_KIND", last.and_then(|last| text(last.kind.as_deref()?))),
            ("RETRY_RULE", last.and_then(|last| untrusted(&last.rule))),
            ("RETRY_REASON", last.and_then(|last| untrusted(&last.reason))),
            ("RETRY_HTTP_STATUS", last.and_then(|last| number(last.http_status?.into()))),
            ("RETRY_DELAY_MS", facts.delay.and_then(|delay| number(whole_millis(delay)))),
            ("RETRY_OUTCOME", facts.outcome.and_then(|outcome| text(outcome.name()))),
            ("RETRY_RESCUED", flag(facts.rescued)),
            ("RETRY_FALLBACK", facts.fell_back.then(|| OsString::from("1"))),
            ("RETRY_LOG", self.policy.log.as_ref().map(|log| log.0.clone())),
            ("RETRY_DEAD_LETTER", facts.letter.clone()),
            ("RETRY_DEADLINE_AT_MS", deadline.and_then(number)),
            (
                environment::DEADLINE_CLOCK,
                deadline.and_then(|_| self.deadline_on_our_clock()).map(Into::into),
            ),
            (HANDED_DOWN, None),
            (environment::PERMITS, self.permits(Grant::default()).map(Into::into)),
        ]
    }
}

/// Text from the command for a variable: shortened, and on one line.
fn clean(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_command_has_no_control_characters_and_is_short() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\0d\u{9b}e"), "a[2Jbcde");
        assert_eq!(clean(&"ä".repeat(600)).len(), 512);
    }
}
