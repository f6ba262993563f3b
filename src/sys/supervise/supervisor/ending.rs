//! The end of an attempt: reaps children, restores the terminal, and reports the processes that are left.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{WaitOptions, WaitStatus};

use super::super::attempt::Attempt;
use super::super::output::Output;
use super::super::pause;
use super::super::remains::Remains;
use super::super::spawn::Exec;
use super::beginning::cannot_feed;
use super::{Supervisor, SupervisorEvent};
use crate::classify::{Ending, Stage, StartFailure, Tap};

/// How long a destructor may take to kill remaining processes.
const DROP_LIMIT: Duration = Duration::from_secs(2);
/// How often wait(2) may be interrupted, which it should never be, before the next check.
const INTERRUPTIONS: u32 = 16;

impl Supervisor {
    /// Reaps every child that has died: a zombie would look alive to processes that wait for it.
    pub(super) fn reap(&mut self) {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut interruptions = 0;
        loop {
            match rustix::process::wait(options) {
                Ok(Some((pid, status))) => self.note(pid.as_raw_pid(), status),
                Err(Errno::INTR) if interruptions < INTERRUPTIONS => interruptions += 1,
                other => {
                    // Any other failure proves nothing.
                    let failure = other.err();
                    self.childless = failure == Some(Errno::CHILD);
                    self.unwaitable = failure.filter(|_| !self.childless).map(io::Error::from);
                    return;
                }
            }
        }
    }

    fn note(&mut self, pid: i32, status: WaitStatus) {
        let dead = status.exited() || status.signaled();
        if dead {
            self.reaped.push(pid);
        }
        if dead && let Some(witness) = self.witness.take_if(|witness| witness.pid == pid) {
            witness.forget();
        }
        let Some(attempt) = &mut self.attempt else { return };
        if attempt.pid == pid {
            attempt.changed(status);
        } else if dead {
            attempt.spared.reaped(pid);
        }
        if let Some(signal) = status.terminating_signal() {
            attempt.note_death(signal);
        }
        if attempt.pid == pid && dead {
            // While it lives, we always have a child.
            self.dismiss_witness();
        }
    }

    /// Reports the end of the attempt, if it has ended.
    pub(super) fn settle(&mut self, tap: &mut dyn Tap) {
        let (childless, delivering, grace) = (self.childless, self.is_delivering(), self.options.grace);
        let over = |attempt: &mut Attempt| {
            if delivering || attempt.status.is_none() {
                return delivering;
            }
            attempt.begin_rest(grace);
            (!attempt.must_vanish() || attempt.is_gone(childless)) && !attempt.waits_for_rest(childless)
        };
        if !self.attempt.as_mut().is_some_and(over) || !self.is_passed_on(tap) {
            return;
        }
        self.look_at_exec();
        let Some(mut attempt) = self.attempt.take() else { return };
        let starved = std::mem::take(&mut self.starved);
        self.inputs.finish(attempt.status.is_none_or(|status| status.exit_status() != Some(0)));
        self.take_inputs_back();
        let Some(status) = attempt.status else { return };
        let must_vanish = attempt.must_vanish();
        let left = attempt.survivors();
        if !left.is_empty() {
            self.reports.push_back(SupervisorEvent::Left(left.into_iter().map(Remains::of).collect()));
        }
        let pid = attempt.pid;
        attempt.launched.release();
        let is_late = matches!(attempt.exec, Exec::Late);
        let ending = match attempt.exec {
            Exec::Failed(errno) => Ending::NotStarted(StartFailure { stage: Stage::Exec, errno }),
            _ if starved && status.terminating_signal() == Some(libc::SIGKILL) => {
                Ending::NotStarted(cannot_feed(&io::Error::from_raw_os_error(libc::EIO)))
            }
            _ => ending(status),
        };
        if self.terminal.take_back(pid) || must_vanish || status.signaled() {
            self.terminal.restore();
        }
        if self.output.as_mut().is_some_and(Output::leave_reader) {
            self.childless = false;
        }
        let captured = self.output.take().map(Output::into_captured).unwrap_or_default();
        let ended = SupervisorEvent::Ended { ending, captured };
        self.reports.push_back(if is_late { SupervisorEvent::Late } else { ended });
    }

    pub(super) fn give_up(&mut self) {
        let left = self.attempt.as_mut().map(Attempt::remains).unwrap_or_default();
        self.abandon();
        self.reports.push_back(SupervisorEvent::Unkillable(left.into_iter().map(Remains::of).collect()));
    }

    /// Abandons an attempt that cannot be ended.
    pub(super) fn abandon(&mut self) {
        self.dismiss_witness();
        let Some(attempt) = self.attempt.take() else { return };
        self.output = None;
        self.starved = false;
        self.inputs.finish(true);
        self.take_inputs_back();
        pause::set_follower(0);
        self.terminal.take_back(attempt.pid);
        self.terminal.restore();
    }
}

impl Drop for Supervisor {
    /// A panic or an early return while a command runs: kills its descendants and reaps them.
    fn drop(&mut self) {
        let Some(attempt) = self.attempt.as_mut() else { return };
        let pid = attempt.pid;
        attempt.start_killing();
        let limit = pause::now() + DROP_LIMIT;
        loop {
            self.reap();
            let childless = self.childless;
            let Some(attempt) = &mut self.attempt else { return };
            if attempt.is_gone(childless) || pause::now() >= limit {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            attempt.keep_time();
        }
        self.terminal.take_back(pid);
        self.terminal.restore();
    }
}

fn ending(status: WaitStatus) -> Ending {
    match status.terminating_signal() {
        Some(signal) => Ending::Signaled(signal),
        None => {
            Ending::Exited(status.exit_status().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
        }
    }
}
