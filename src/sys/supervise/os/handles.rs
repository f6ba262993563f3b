//! Signals to processes by descriptors, which cannot come to mean another process. The twin is `recheck.rs`.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::super::tree::Process;
use super::{errno, stat};

/// Handles that are held at once.
const TOGETHER: usize = 16;

/// Sends `signals` to these processes, each in turn to all of them before the next, in their order: nothing is looked up in
/// between, so that nobody has time to react to another's end. A pid that has come to mean another process since it was
/// listed is passed over.
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

/// A process by its pid, and by a descriptor if the pid may come to mean another one.
struct Handle {
    pid: i32,
    fd: Option<OwnedFd>,
}

/// Too many descriptors are open.
struct NoRoom;

impl Handle {
    /// None if the process has gone. Without `strictly` it makes do with the pid where there is no descriptor to be had.
    fn open(process: Process, strictly: bool) -> Result<Option<Self>, NoRoom> {
        let (pid, own) = (process.pid, std::process::id().cast_signed());
        if process.parent == own {
            // Our own child keeps its pid until we reap it, and we do not between listing and signalling.
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
            // Gone, or there is no descriptor left to look with.
            if strictly {
                return Err(NoRoom);
            }
            handle.fd = None;
            now = stat(pid);
        }
        // Checked after the open: from here on the descriptor, unlike the number, cannot change its meaning. A parent that
        // died meanwhile left it to us.
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
        // SAFETY: the kernel has just handed us this descriptor.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(errno()),
    }
}
