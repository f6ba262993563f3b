//! Creates the child, and lets the parent find out whether it became the command.
//!
//! Not `posix_spawn`: a Ctrl-Z inside it stops the child while the parent waits for it, uninterruptible. A child that
//! shares our memory is cheaper than a copy of us, the more so the more memory we use, and nothing has to wait for it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::program::Program;
use super::signals::{self, Blocked};
use super::{os, witness};

mod child;
mod launch;

#[cfg(has_clone3)]
#[path = "spawn/calls_raw.rs"]
pub(super) mod calls;
#[cfg(not(has_clone3))]
#[path = "spawn/calls_libc.rs"]
pub(super) mod calls;

pub(super) use launch::{Launch, Launched};

/// The state of the exec, as far as it is known.
pub(super) enum Exec {
    /// Not known yet. Exec closes the pipe, or the child writes to it why it could not.
    Pending(OwnedFd),
    Succeeded,
    /// It failed with this errno.
    Failed(i32),
    /// It came too late.
    Late,
}

impl Exec {
    /// The descriptor that becomes readable when the outcome is known.
    pub(super) fn pending(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pending(pipe) => Some(pipe.as_fd()),
            _ => None,
        }
    }

    /// Checks for the outcome; true if the exec has just been found to have succeeded. Never blocks.
    pub(super) fn look(&mut self) -> bool {
        let Self::Pending(pipe) = self else { return false };
        let mut errno = [0; 4];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&*pipe, &mut errno));
        match read {
            Ok(4) if i32::from_ne_bytes(errno) == child::LATE => *self = Self::Late,
            Ok(4) => *self = Self::Failed(i32::from_ne_bytes(errno)),
            Err(rustix::io::Errno::AGAIN) => {}
            // Closed without a report: by exec, or because the child died before it, which its status will show.
            _ => *self = Self::Succeeded,
        }
        matches!(self, Self::Succeeded)
    }
}

/// Waits for the first of some descriptors, at most `limit`, without the runtime. Returns which are readable.
pub(super) fn wait_for<const N: usize>(fds: [BorrowedFd<'_>; N], limit: Duration) -> [bool; N] {
    let mut polled = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    let limit = rustix::event::Timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // Interrupted by a signal: both may be.
    let found = rustix::event::poll(&mut polled, Some(&limit));
    polled.map(|fd| found.is_err() || !fd.revents().is_empty())
}

/// Creates the child of attempt number `attempt`; the error is that of `pipe` or `fork`. All signals are blocked meanwhile:
/// the handlers would swallow one that arrives before the child has restored the dispositions.
pub(super) fn spawn(mut launch: Box<Launch>, attempt: u32) -> io::Result<(i32, Exec, Launched)> {
    let (reader, writer) = os::pipe()?;
    launch.report = writer.as_raw_fd();
    launch.cleared = true;
    let launched = Launched::new(launch);
    let launch = launched.as_ptr();
    let _blocked = Blocked::all();
    // SAFETY: the launch stays where and as it is until it is released. The child only runs `become_command`, which uses
    // nothing but system calls and does not return.
    let shared = unsafe { calls::share(&raw mut (*launch).stack, child::become_command, launch.cast()) };
    if let Some(pid) = shared {
        note_birth(pid, attempt);
        return Ok((pid, Exec::Pending(reader), launched));
    }
    // SAFETY: no child uses it yet; a forked child has its own copy, and only runs `become_command`.
    let pid = unsafe {
        (*launch).cleared = false;
        libc::fork()
    };
    match pid {
        -1 => {
            let why = io::Error::last_os_error();
            launched.release();
            Err(why)
        }
        // SAFETY: this is the child.
        0 => unsafe { child::become_command(launch.cast_const().cast()) },
        pid => {
            note_birth(pid, attempt);
            Ok((pid, Exec::Pending(reader), launched))
        }
    }
}

/// The child may long be at work before we get our turn, and what the terminal has sent to both of us since is still blocked
/// here: it counts as sent while the attempt was running, unless the child has not got it because it was born later.
fn note_birth(pid: i32, attempt: u32) {
    if signals::waiting_from_terminal().all(|signal| witness::has_got_since_birth(pid, signal)) {
        signals::set_attempt(attempt);
    }
}

/// Executes a program in this process. Returns only on failure, with the errno.
pub(super) fn execute_program(program: &Program, environment: &[*const libc::c_char]) -> i32 {
    let mut shell_argv = child::shell_argv(program.argv().iter().map(|word| word.as_ptr()));
    let files = launch::files(program, &mut shell_argv);
    // SAFETY: all of it outlives the call, and the environment ends with a null pointer.
    unsafe { child::execute(&files, environment.as_ptr()) }
}
