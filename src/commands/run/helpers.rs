//! Runs hooks and the fallback for the session: their command line, their variables and their input.

use std::os::fd::OwnedFd;
use std::time::Duration;

use super::wrapped::Wrapped;
use super::{Driver, remains};
use crate::base::words::of_system;
use crate::classify::{Ending, Stage, StartFailure};
use crate::event::Level;
use crate::policy::Policy;
use crate::session::{Helper, HelperKind, Input};
use crate::sys::spool;
use crate::sys::supervise::SupervisorEvent;

/// Bytes of the end of stderr that a hook reads.
const TAIL_BYTES: usize = 64 << 10;

/// How much of the end of an attempt's output is kept for helpers, in bytes.
pub(super) fn tail(policy: &Policy) -> usize {
    let hooks = [&policy.on_retry, &policy.on_success, &policy.on_failure];
    let is_wanted = policy.dead_letter.is_some() || hooks.iter().any(|hooks| !hooks.0.is_empty());
    if is_wanted { TAIL_BYTES } else { 0 }
}

/// Whether the input may be read once more after the last attempt.
pub(super) fn reads_again(policy: &Policy) -> bool {
    policy.fallback.is_some() || policy.dead_letter.is_some()
}

impl Driver<'_> {
    /// Starts a hook or the fallback. If it cannot be started, it counts as ended.
    pub(super) fn run_helper(&mut self, helper: &Helper) -> Option<Input> {
        self.sinks.clear();
        self.sinks.begin_helper(helper.kind == HelperKind::Fallback);
        let started = self.start_helper(helper);
        self.helper = started.is_ok().then_some(helper.kind);
        started.err().map(|failure| self.helper_ended(helper.kind, Ending::NotStarted(failure)))
    }

    fn helper_ended(&mut self, kind: HelperKind, ending: Ending) -> Input {
        // Output that was not observed may end in the middle of a line. A hook writes to stderr only.
        let is_unseen = !self.streams.keeps_all();
        self.sinks
            .end_helper(ending != Ending::Exited(0), [is_unseen && kind == HelperKind::Fallback, is_unseen]);
        self.keep_messages();
        Input::HelperEnded(ending)
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
        let mut variables = self.helper_variables(helper.kind, &helper.facts);
        variables.extend(self.telling.helper_variables());
        if helper.kind == HelperKind::Fallback {
            if !self.streams.keeps_all() {
                *self.supervisor.held() = spool::HeldOutput::default();
            }
            let capture = self.streams.capture_fallback();
            self.pid = self.supervisor.spawn(&command.program, &variables, capture, None)?;
        } else {
            let stdin = self.helper_input().map_err(|why| failed(&why))?;
            let capture = self.streams.capture_hook();
            self.supervisor.spawn_helper(&command.program, &variables, capture, stdin)?;
        }
        Ok(())
    }

    /// The end of the last attempt's stderr, or `/dev/null` if none was captured.
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

    /// Turns an event of a running helper into an input. `Err`: an event that concerns something else, if any.
    pub(super) fn of_helper(&mut self, event: SupervisorEvent) -> Result<Input, Option<SupervisorEvent>> {
        let Some(kind) = self.helper else { return Err(Some(event)) };
        let ending = match event {
            SupervisorEvent::Ended { ending, .. } => ending,
            SupervisorEvent::Unkillable(left) => {
                self.sinks.note(Level::Warn, &remains::unkillable(&left));
                Ending::Signaled(libc::SIGKILL)
            }
            SupervisorEvent::Lost(why) => {
                let text = format!("cannot determine how a hook or the fallback ended: {}", of_system(&why));
                self.sinks.note(Level::Warn, &text);
                Ending::Signaled(libc::SIGKILL)
            }
            SupervisorEvent::Started | SupervisorEvent::Exited => return Err(None),
            event => return Err(Some(event)),
        };
        self.helper = None;
        Ok(self.helper_ended(kind, ending))
    }
}
