//! The child's birth, and how the parent learns whether it became the command.
//!
//! Not `posix_spawn`: a Ctrl-Z inside it stops the child while the parent waits for it, uninterruptible. A child that
//! shares our memory is cheaper than a copy of us, the more so the more memory we have; nobody waits for it either.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::os;
use super::program::Program;
use super::signals::Blocked;

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
    /// Nothing yet. Exec closes the pipe, or the child reports on it why it could not.
    Pending(OwnedFd),
    Succeeded,
    /// With its errno.
    Failed(i32),
    /// It was too late for it.
    Late,
}

impl Exec {
    /// The descriptor that becomes readable when the outcome is there.
    pub(super) fn pending(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pending(pipe) => Some(pipe.as_fd()),
            _ => None,
        }
    }

    /// Looks for the outcome; true if it has just turned out a success. Never blocks.
    pub(super) fn look(&mut self) -> bool {
        let Self::Pending(pipe) = self else { return false };
        let mut errno = [0; 4];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&*pipe, &mut errno));
        match read {
            Ok(4) if i32::from_ne_bytes(errno) == child::LATE => *self = Self::Late,
            Ok(4) => *self = Self::Failed(i32::from_ne_bytes(errno)),
            Err(rustix::io::Errno::AGAIN) => {}
            // Closed without a word: exec did it, or the child's death before it, which its status will tell.
            _ => *self = Self::Succeeded,
        }
        matches!(self, Self::Succeeded)
    }
}

/// Waits for the first of some descriptors, at most `limit`, without the runtime. Says which are readable.
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

/// Makes the child; the error is that of `pipe` or `fork`. All signals are blocked meanwhile: the handlers would swallow
/// one that comes before the child has put the dispositions back.
pub(super) fn spawn(mut launch: Box<Launch>) -> io::Result<(i32, Exec, Launched)> {
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
        return Ok((pid, Exec::Pending(reader), launched));
    }
    // SAFETY: no child has it yet; that of a fork has its own copy, and only runs `become_command`.
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
        pid => Ok((pid, Exec::Pending(reader), launched)),
    }
}

/// Executes a program in this very process. Comes back only with the errno of a failure.
pub(super) fn execute_program(program: &Program, environment: &[*const libc::c_char]) -> i32 {
    let mut shell_argv = child::shell_argv(program.argv().iter().map(|word| word.as_ptr()));
    let files = launch::files(program, &mut shell_argv);
    // SAFETY: all of it outlives the call, and the environment ends with a null pointer.
    unsafe { child::execute(&files, environment.as_ptr()) }
}
