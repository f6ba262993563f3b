//! Hooks and the fallback, as the session wants them run: their command line, what they are told, what they read.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::wrapped::Wrapped;
use super::{Driver, remains, whole_millis};
use crate::base::words::of_system;
use crate::classify::{Ending, Stage, StartFailure};
use crate::event::Level;
use crate::gate::Grant;
use crate::policy::Policy;
use crate::session::{Helper, HelperFacts, HelperKind, Input};
use crate::sys::supervise::{HANDED_DOWN, SupervisorEvent, Variable};
use crate::sys::{clock, environment, spool};

/// Bytes of the end of stderr that a hook reads.
const TAIL_BYTES: usize = 64 << 10;
/// The longest value that holds text of the command's, in bytes.
const LONGEST_TEXT: usize = 512;

/// How much of an attempt's output is kept for helpers.
pub(super) fn tail(policy: &Policy) -> usize {
    let hooks = [&policy.on_retry, &policy.on_success, &policy.on_failure];
    let is_wanted = policy.dead_letter.is_some() || hooks.iter().any(|hooks| !hooks.0.is_empty());
    if is_wanted { TAIL_BYTES } else { 0 }
}

/// May the input be read once more when no attempt is left?
pub(super) fn reads_again(policy: &Policy) -> bool {
    policy.fallback.is_some() || policy.dead_letter.is_some()
}

impl Driver<'_> {
    /// Starts a hook or the fallback. What cannot be started has ended.
    pub(super) fn run_helper(&mut self, helper: &Helper) -> Option<Input> {
        self.sinks.clear();
        let started = self.start_helper(helper);
        self.helper = started.is_ok().then_some(helper.kind);
        started.err().map(|failure| Input::HelperEnded(Ending::NotStarted(failure)))
    }

    fn start_helper(&mut self, helper: &Helper) -> Result<(), StartFailure> {
        let failed = |why: &std::io::Error| StartFailure {
            stage: Stage::Fork,
            errno: why.raw_os_error().unwrap_or(libc::EINVAL),
        };
        let lines = match helper.kind {
            HelperKind::OnRetry => self.policy.on_retry.0.get(helper.index),
            HelperKind::OnSuccess => self.policy.on_success.0.get(helper.index),
            HelperKind::OnFailure => self.policy.on_failure.0.get(helper.index),
            HelperKind::Fallback => self.policy.fallback.as_ref().map(|line| &line.0),
        };
        let line = lines.cloned().unwrap_or_default();
        let shell = self.policy.shell.as_ref().map_or_else(|| "sh".into(), |shell| shell.0.clone());
        let command = Wrapped::new(vec![line], Some(&shell))
            .map_err(|_| StartFailure { stage: Stage::Exec, errno: libc::EINVAL })?;
        let variables = self.helper_variables(helper.kind, &helper.facts);
        if helper.kind == HelperKind::Fallback {
            if !self.streams.keeps_all() {
                *self.supervisor.held() = spool::HeldOutput::default();
            }
            let capture = self.streams.capture_fallback();
            self.pid = self.supervisor.spawn(&command.program, &variables, capture)?;
        } else {
            let stdin = self.helper_input().map_err(|why| failed(&why))?;
            let capture = self.streams.capture_hook();
            self.supervisor.spawn_helper(&command.program, &variables, capture, stdin)?;
        }
        Ok(())
    }

    /// The end of the last attempt's stderr, or `/dev/null` where none was captured.
    fn helper_input(&mut self) -> std::io::Result<OwnedFd> {
        let end = self.streams.end();
        let text = if end.merged { &end.stdout } else { &end.stderr };
        if let Some(text) = text {
            return spool::file_of(text);
        }
        let text = "stderr was not captured: hooks read nothing (--hook-tail captures it)";
        self.sinks.note(Level::Debug, text);
        spool::null()
    }

    pub(super) fn stop_helper(&mut self, grace: Duration) {
        let signal = if grace.is_zero() { libc::SIGKILL } else { libc::SIGTERM };
        self.supervisor.stop(signal, grace);
    }

    /// What an event means while a helper runs. `Err`: an event for others, if any is left.
    pub(super) fn of_helper(&mut self, event: SupervisorEvent) -> Result<Input, Option<SupervisorEvent>> {
        if self.helper.is_none() {
            return Err(Some(event));
        }
        let ending = match event {
            SupervisorEvent::Ended { ending, .. } => ending,
            SupervisorEvent::Unkillable(left) => {
                self.sinks.note(Level::Warn, &remains::unkillable(&left));
                Ending::Signaled(libc::SIGKILL)
            }
            SupervisorEvent::Lost(why) => {
                let text = format!("cannot learn how a hook or the fallback ended: {}", of_system(&why));
                self.sinks.note(Level::Warn, &text);
                Ending::Signaled(libc::SIGKILL)
            }
            SupervisorEvent::Started | SupervisorEvent::Exited => return Err(None),
            event => return Err(Some(event)),
        };
        self.helper = None;
        self.keep_messages();
        Ok(Input::HelperEnded(ending))
    }

    /// Variables that describe the run to a helper. All that another run around us, or an attempt, would be told is replaced.
    fn helper_variables(&self, kind: HelperKind, facts: &HelperFacts) -> Vec<Variable> {
        let elapsed = clock::now().elapsed.saturating_sub(self.began);
        let number = |number: u64| Some(OsString::from(number.to_string()));
        let text = |text: &str| Some(OsString::from(text));
        let untrusted = |text: &str| Some(OsString::from(clean(text)));
        let flag = |on: bool| Some(OsString::from(if on { "1" } else { "0" }));
        let last = facts.last.as_ref();
        // The deadline of the run is not theirs that come after it.
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

/// The text of a command for a variable: on one line, and short.
fn clean(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
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
