//! The end of an attempt: processes that its command left behind, and terminating signals.

use std::time::Duration;

use rustix::process::WaitStatus;

use super::super::tree::{self, Process, Spared};
use super::super::{os, pause, signals};
use super::Attempt;

impl Attempt {
    /// Whether all of its processes are gone. `childless`: the kernel reports that we have no children.
    pub(in super::super) fn is_gone(&mut self, childless: bool) -> bool {
        if self.status.is_none() {
            return false;
        }
        if os::adopts_orphans() && (childless || self.spared.is_empty()) {
            return childless;
        }
        // A list may miss a process while another one exits; two lists in a row do not.
        let empty = |spared: &mut Spared| tree::descendants(spared).is_some_and(|tree| tree.is_empty());
        self.spared.is_unknown() || empty(&mut self.spared) && empty(&mut self.spared)
    }

    /// The pids of its remaining processes.
    pub(in super::super) fn remains(&mut self) -> Vec<i32> {
        let listed = tree::descendants(&mut self.spared).unwrap_or_default();
        let mut pids: Vec<i32> = listed.iter().map(|process| process.pid).collect();
        if self.status.is_none() && !pids.contains(&self.pid) {
            pids.push(self.pid);
        }
        pids
    }

    /// A process of its tree has died of this signal. Processes that it started meanwhile have not received the signal.
    pub(in super::super) fn note_death(&mut self, signal: i32) {
        if self.telling == Some(signal) && self.sweeps.is_none() {
            self.tell_rest(signal);
        }
    }

    /// The command has ended. If it died of a signal from us, it could not end the processes that it had started: they
    /// receive the signal, and we wait for them during the grace period. If it handled the signal, the processes that it left
    /// are left alone.
    pub(in super::super) fn begin_rest(&mut self, grace: Duration) {
        let Some(signal) = self.status.and_then(WaitStatus::terminating_signal) else { return };
        let from_us = self.forwarded & signals::bit(signal) != 0;
        if from_us && self.rest_until.is_none() && !self.must_vanish() {
            self.rest_until = Some(pause::now().saturating_add(grace));
            self.tell_rest(signal);
        }
    }

    /// Stops waiting for the processes that the command left, and does not kill them: a user who presses a key wants the
    /// prompt back, and a message names those that still run.
    pub(in super::super) fn hurry(&mut self) {
        if let Some(until) = &mut self.rest_until {
            *until = Duration::ZERO;
            self.kill_at = None;
        }
    }

    /// Whether we still wait for the processes that the command left. `childless`: as for [`Attempt::is_gone`].
    pub(in super::super) fn waits_for_rest(&mut self, childless: bool) -> bool {
        let waits = self.rest_until.is_some_and(|until| self.kill_at.is_some() || pause::now() < until);
        waits && !self.is_gone(childless)
    }

    /// The pids of processes that outlive the command although they were signalled.
    pub(in super::super) fn survivors(&mut self) -> Vec<i32> {
        if self.rest_until.is_some() { self.remains() } else { Vec::new() }
    }

    /// Signals the processes that have not been signalled and whose parent has ended. Processes that a living one starts to
    /// clean up are left to it.
    pub(super) fn tell_rest(&mut self, signal: i32) {
        self.telling = Some(signal);
        let listed = tree::descendants(&mut self.spared).unwrap_or_default();
        let orphans = unsignalled(&listed, tree::own_pid(), &self.signalled);
        self.signalled.extend(orphans.iter().map(|process| process.pid));
        os::signal_all(&orphans, &[signal, libc::SIGCONT]);
    }
}

/// From processes listed parents first, those that are not among `signalled` and have no living ancestor among them.
fn unsignalled(listed: &[Process], us: i32, signalled: &[i32]) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    for process in listed {
        let is_orphan = process.parent == us || found.iter().any(|other| other.pid == process.parent);
        if is_orphan && !signalled.contains(&process.pid) {
            found.push(*process);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(listed: &[(i32, i32)], signalled: &[i32], expected: &[i32]) {
        let listed: Vec<_> = listed.iter().map(|&(pid, parent)| Process { pid, parent }).collect();
        let found: Vec<_> = unsignalled(&listed, 1, signalled).iter().map(|process| process.pid).collect();
        assert_eq!(found, expected, "{listed:?} {signalled:?}");
    }

    #[test]
    fn a_process_is_signalled_once_it_has_no_living_ancestor() {
        check(&[(2, 1), (3, 2), (4, 3)], &[], &[2, 3, 4]);
        check(&[(2, 1), (3, 2)], &[2, 3], &[]);
        // What 2 starts while it cleans up.
        check(&[(2, 1), (5, 2), (6, 5)], &[2], &[]);
        // What was started by one that had no time to do so.
        check(&[(2, 1), (5, 1), (6, 5), (7, 2)], &[2], &[5, 6]);
        check(&[(5, 1), (3, 5), (6, 3)], &[3], &[5]);
    }
}
