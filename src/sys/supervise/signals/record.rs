//! A signal with its provenance, as it goes through the pipe from the handler to the event loop.

use libc::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGWINCH};

use crate::sys::supervise::os;

/// Signals that the kernel sends to a whole process group, for its terminal.
const OF_TERMINALS: [i32; 5] = [SIGINT, SIGQUIT, SIGHUP, SIGWINCH, SIGCONT];

/// A signal as the handler saw it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Record {
    pub(in super::super) signal: i32,
    pub(super) code: i32,
    /// The process that sent it, 0 if none or unknown.
    pub(in super::super) sender: i32,
    /// The parent that the sender had just then, 0 if unknown: the sender may be gone before anybody else can ask
    /// (`kill 0` as a program of its own).
    pub(in super::super) sender_parent: i32,
    /// The number of the attempt that was surely running just then.
    pub(super) attempt: u32,
}

/// The bytes of a record; less than `PIPE_BUF`, so that none is ever torn.
pub(super) const RECORD_BYTES: usize = size_of::<Record>();
/// The code of the record that tells of our own stop: no kernel uses it.
pub(super) const RESUMED: i32 = i32::MIN;

impl Record {
    /// Whether we were stopped and have been continued: not a signal at all.
    pub(in super::super) fn is_resumption(self) -> bool {
        self.code == RESUMED
    }

    /// Whether the kernel sent it to our whole process group while attempt number `attempt` was in it. Others than a
    /// terminal's are ours alone (`perl -e 'alarm 5; exec …'`).
    pub(in super::super) fn reached_group(self, attempt: u32) -> bool {
        self.is_from_kernel() && self.attempt == attempt && OF_TERMINALS.contains(&self.signal)
    }

    /// Sent by the kernel (the terminal, a timer), not by a process.
    pub(in super::super) fn is_from_kernel(self) -> bool {
        os::sent_by_kernel(self.code)
    }
}

/// The record of these bytes, [`RECORD_BYTES`] of them.
pub(super) fn decode(bytes: &[u8]) -> Record {
    let word = |n: usize| i32::from_ne_bytes(std::array::from_fn(|i| bytes[4 * n + i]));
    Record {
        signal: word(0),
        code: word(1),
        sender: word(2),
        sender_parent: word(3),
        attempt: word(4).cast_unsigned(),
    }
}

#[cfg(test)]
mod tests {
    use libc::{SIGALRM, SIGTERM, SIGUSR1};

    use super::*;

    #[test]
    fn records_survive_the_pipe() {
        let record = Record { signal: SIGTERM, code: -6, sender: 4711, sender_parent: 42, attempt: u32::MAX };
        // SAFETY: a record is plain data without padding.
        let bytes: [u8; RECORD_BYTES] = unsafe { std::mem::transmute(record) };
        assert_eq!(decode(&bytes), record);
    }

    #[test]
    fn the_keyboard_reaches_only_the_attempt_that_ran() {
        let keyboard = Record { signal: SIGINT, code: 128, sender: 0, sender_parent: 0, attempt: 3 };
        assert!(keyboard.reached_group(3));
        assert!(!keyboard.reached_group(4));
        assert!(!Record { code: os::SI_USER, ..keyboard }.reached_group(3));
        for signal in [SIGALRM, libc::SIGXCPU, SIGUSR1] {
            assert!(!Record { signal, ..keyboard }.reached_group(3));
        }
    }
}
