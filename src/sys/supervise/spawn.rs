//! The fork, what the child does before it is the command, and how the parent learns whether it became it.
//!
//! Not `posix_spawn`: a Ctrl-Z inside it stops the child while the parent waits for it, uninterruptible. Between fork and
//! exec the child makes async-signal-safe calls on memory prepared before; it never allocates, locks or panics.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::program::Program;
use super::signals::{Blocked, Signals};
use super::{inherited, os};

const SHELL: &CStr = c"/bin/sh";

/// Everything that the child needs, ready made.
pub(super) struct Plan<'a> {
    pub(super) program: &'a Program,
    /// Ended by a null pointer.
    pub(super) environment: &'a [*const libc::c_char],
    pub(super) signals: &'a Signals,
    /// What becomes descriptor 0; None: it stays ours.
    pub(super) stdin: Option<BorrowedFd<'a>>,
    pub(super) new_group: bool,
    /// The standard descriptors that are not ours: by number, what each is made from.
    pub(super) descriptors: [Option<i32>; 3],
}

/// What is known of the exec.
pub(super) enum Exec {
    /// Nothing yet. Exec closes the pipe, or the child reports on it why it could not.
    Pending(OwnedFd),
    Succeeded,
    /// With its errno.
    Failed(i32),
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
        match rustix::io::read(pipe, &mut errno) {
            Ok(4) => *self = Self::Failed(i32::from_ne_bytes(errno)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            // Closed without a word: exec did it, or the child's death before it, which its status will tell.
            _ => *self = Self::Succeeded,
        }
        matches!(self, Self::Succeeded)
    }
}

/// Waits for the first of two descriptors, at most `limit`, without the runtime. Says which are readable.
pub(super) fn wait_for(fds: [BorrowedFd<'_>; 2], limit: Duration) -> [bool; 2] {
    let mut polled = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    let limit = rustix::event::Timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // Interrupted by a signal: both may be.
    let found = rustix::event::poll(&mut polled, Some(&limit));
    polled.map(|fd| found.is_err() || !fd.revents().is_empty())
}

/// Makes the child; the error is that of `pipe` or `fork`. All signals are blocked around the fork: the copied handlers
/// would swallow one that comes before the child has put the dispositions back.
pub(super) fn spawn(plan: &Plan<'_>) -> io::Result<(i32, Exec)> {
    let (reader, writer) = os::pipe()?;
    let mut argv = pointers(plan.program.argv());
    let mut shell_argv = shell_argv(plan.program.argv());
    let parent = std::process::id().cast_signed();
    let _blocked = Blocked::all();
    // SAFETY: the child only runs `become_command`, which is async-signal-safe and does not return.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => become_command(plan, parent, &mut argv, &mut shell_argv, writer.as_raw_fd()),
        pid => Ok((pid, Exec::Pending(reader))),
    }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

/// The arguments that make the shell run a script without `#!`; its file name goes into the second place.
fn shell_argv(argv: &[CString]) -> Vec<*const libc::c_char> {
    let mut shell = vec![SHELL.as_ptr(), std::ptr::null()];
    shell.extend(argv.iter().skip(1).map(|argument| argument.as_ptr()));
    shell.push(std::ptr::null());
    shell
}

/// Executes a program in this very process. Comes back only with the errno of a failure.
pub(super) fn execute_program(program: &Program, environment: &Pointers) -> i32 {
    let mut argv = pointers(program.argv());
    let mut shell_argv = shell_argv(program.argv());
    execute(program.candidates(), &mut argv, &mut shell_argv, environment)
}

type Pointers = [*const libc::c_char];

fn become_command(
    plan: &Plan<'_>,
    parent: i32,
    argv: &mut Pointers,
    shell_argv: &mut Pointers,
    report: i32,
) -> ! {
    // SAFETY: plain system calls.
    unsafe {
        if plan.new_group {
            libc::setpgid(0, 0);
        }
        if !os::die_with(parent) {
            libc::_exit(127);
        }
        for (target, source) in (0..).zip(plan.descriptors) {
            if let Some(source) = source {
                libc::dup2(source, target);
            }
        }
        for fd in inherited::closed_stdio() {
            libc::close(fd);
        }
        if let Some(stdin) = plan.stdin {
            libc::dup2(stdin.as_raw_fd(), libc::STDIN_FILENO);
        }
    }
    plan.signals.undo();
    let errno = execute(plan.program.candidates(), argv, shell_argv, plan.environment);
    // SAFETY: the errno is four bytes that outlive the call; the pipe is empty, so they fit.
    unsafe {
        libc::write(report, (&raw const errno).cast(), size_of::<i32>());
        libc::_exit(127)
    }
}

/// execvp(3): the first candidate that can be executed. Returns the errno worth reporting.
fn execute(
    candidates: &[CString],
    argv: &mut Pointers,
    shell_argv: &mut Pointers,
    environment: &Pointers,
) -> i32 {
    let mut denied = false;
    let mut missing = libc::ENOENT;
    for file in candidates {
        // SAFETY: the file is a C string; the arrays hold C strings and end with a null pointer; all were made before
        // the fork and live in this copy of memory.
        unsafe {
            libc::execve(file.as_ptr(), argv.as_ptr(), environment.as_ptr());
            if os::errno() == libc::ENOEXEC {
                shell_argv[1] = file.as_ptr();
                libc::execve(SHELL.as_ptr(), shell_argv.as_ptr(), environment.as_ptr());
            }
        }
        match os::errno() {
            libc::EACCES => denied = true,
            errno @ (libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT) => {
                missing = errno;
            }
            other => return other,
        }
    }
    if denied { libc::EACCES } else { missing }
}
