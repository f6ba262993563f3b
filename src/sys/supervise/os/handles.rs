//! Signals to processes by descriptors, which never refer to another process. The twin is `recheck.rs`.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::super::tree::Process;
use super::{errno, stat};

/// The most handles that are open at once.
const TOGETHER: usize = 16;

/// Sends `signals` to these processes, each in turn to all of them before the next, in their order. Nothing is looked up in
/// between, so that no process has time to react to the end of another. A pid that has been reused since it was listed is
/// skipped.
pub(in super::super) fn signal_all(processes: &[Process], signals: &[i32]) {
    let mut rest = processes.iter().copied().peekable();
    while rest.peek().is_some() {
        let mut held = Vec::new();
        while held.len() < TOGETHER
            && let Some(&process) = rest.peek()
        {
            match Handle::open(process, !held.is_empty()) {
                Ok(handle) => held.extend(handle),
                Err(NoRoom) => break,
            }
            rest.next();
        }
        for &signal in signals {
            for handle in &held {
                handle.send(signal);
            }
        }
    }
}

/// A process by its pid, and by a descriptor if the pid may be reused.
struct Handle {
    pid: i32,
    fd: Option<OwnedFd>,
}

/// Too many descriptors are open.
struct NoRoom;

impl Handle {
    /// `None` if the process is gone. Without `strictly`, falls back to the pid if no descriptor can be opened.
    fn open(process: Process, strictly: bool) -> Result<Option<Self>, NoRoom> {
        let (pid, own) = (process.pid, std::process::id().cast_signed());
        if process.parent == own {
            // Our own child keeps its pid until we reap it, which does not happen between listing and signalling.
            return Ok(Some(Self { pid, fd: None }));
        }
        let fd = match open_pidfd(pid) {
            Err(libc::EMFILE | libc::ENFILE) if strictly => return Err(NoRoom),
            Err(libc::ESRCH) => return Ok(None),
            other => other.ok(),
        };
        let mut handle = Self { pid, fd };
        let mut now = stat(pid);
        if now.is_none() && handle.fd.is_some() {
            // Gone, or no descriptor is free for the check.
            if strictly {
                return Err(NoRoom);
            }
            handle.fd = None;
            now = stat(pid);
        }
        // Checked after the open: from here on the descriptor, unlike the number, refers to the same process. If its parent has
        // died meanwhile, it is now our child.
        let ours = now.is_some_and(|now| now.parent == process.parent || now.parent == own);
        Ok(ours.then_some(handle))
    }

    fn send(&self, signal: i32) {
        match &self.fd {
            // SAFETY: takes numbers and a null siginfo, which means "as kill would".
            Some(fd) => unsafe {
                let info = std::ptr::null::<libc::siginfo_t>();
                libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), signal, info, 0);
            },
            // SAFETY: a plain system call.
            None => unsafe {
                libc::kill(self.pid, signal);
            },
        }
    }
}

/// Opens a pidfd. The error is the errno of a kernel or a limit that refuses one.
fn open_pidfd(pid: i32) -> Result<OwnedFd, i32> {
    // SAFETY: pidfd_open takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: the kernel has just given us this descriptor.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(errno()),
    }
}
