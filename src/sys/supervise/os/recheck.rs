//! Signals to processes by pid, checked again just before. The twin is `handles.rs`.

use super::super::tree::{self, Process};
use super::stat;

/// Sends `signals` to these processes, in their order, unless a pid has been reused since it was listed. Without
/// process descriptors the check cannot be airtight.
pub(in super::super) fn signal_all(processes: &[Process], signals: &[i32]) {
    // The processes that inherit those whose parent has died since.
    let heirs = [1, tree::own_pid()];
    let ours = |process: &&Process| {
        stat(process.pid).is_some_and(|now| now.parent == process.parent || heirs.contains(&now.parent))
    };
    let ours: Vec<_> = processes.iter().filter(ours).collect();
    for &signal in signals {
        for process in &ours {
            // SAFETY: a plain system call.
            unsafe { libc::kill(process.pid, signal) };
        }
    }
}
