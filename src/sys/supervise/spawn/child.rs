//! The child between its creation and its exec.
//!
//! The child may share our memory while we go on, so it uses only [`calls`] and what was prepared before: it never
//! allocates, locks, panics or calls the C library.

use std::ffi::c_void;

use libc::c_char;

use super::calls;
use super::launch::Launch;
use crate::sys::supervise::{inherited, os, signals};

/// Reported instead of an errno by a child that was too late to execute anything.
pub(super) const LATE: i32 = 0;

const SHELL: &std::ffi::CStr = c"/bin/sh";

/// Becomes the command, or reports why it cannot.
///
/// # Safety
///
/// Executes the command. `launch` is a [`Launch`] that does not change; this runs in a process of its own.
pub(super) unsafe extern "C" fn become_command(launch: *const c_void) -> ! {
    // SAFETY: `launch` is a `Launch`; plain system calls.
    unsafe {
        let launch = &*launch.cast::<Launch>();
        if launch.new_group {
            calls::lead_group();
        }
        if !os::die_with(launch.parent, launch.death_signal) {
            calls::exit(127);
        }
        let mut failed = 0;
        for (target, source) in (0..).zip(launch.descriptors) {
            if let Some(source) = source {
                failed = failed.max(put(source, target));
            }
        }
        for fd in inherited::closed_stdio() {
            calls::close(fd);
        }
        for &(source, target) in &launch.inputs {
            failed = failed.max(put(source, target));
        }
        for &(signal, disposition) in &launch.replaced {
            // Those that we catch have their default action already.
            let is_default = disposition == libc::SIG_DFL && !signals::IGNORED.contains(&signal);
            if !(launch.cleared && is_default) {
                calls::set_disposition(signal, disposition);
            }
        }
        // Signals stay blocked until we know that we are in time: one sent because we are late would end us without a report.
        let errno = if launch.latest.is_some_and(|latest| calls::clock(os::ELAPSED) >= latest) {
            LATE
        } else if failed != 0 {
            // With the wrong streams, the command would read and write data that is not its own.
            failed
        } else {
            calls::set_mask(&launch.mask);
            execute(&launch.files, launch.environment())
        };
        // The errno is four bytes; the pipe is empty, so they fit.
        calls::write(launch.report, (&raw const errno).cast(), size_of::<i32>());
        calls::exit(127)
    }
}

/// Makes `target` a duplicate of `source`. Returns the errno if that failed, else 0.
unsafe fn put(source: i32, target: i32) -> i32 {
    loop {
        // SAFETY: plain system calls.
        match unsafe { calls::dup2(source, target) } {
            libc::EINTR | libc::EBUSY => {}
            errno => return errno,
        }
    }
}

/// The program to execute: arrays of C strings, each terminated by a null pointer.
pub(super) struct Files {
    pub(super) candidates: Vec<*const c_char>,
    pub(super) argv: Vec<*const c_char>,
    /// The arguments that make the shell run a script without `#!`; its file's name goes into the second place.
    pub(super) shell_argv: *mut *const c_char,
}

/// execvp(3): the first candidate that can be executed. Returns the errno worth reporting.
pub(super) unsafe fn execute(files: &Files, environment: *const *const c_char) -> i32 {
    let mut denied = false;
    let mut missing = libc::ENOENT;
    let mut next = files.candidates.as_ptr();
    // SAFETY: the arrays hold C strings and end with a null pointer; nothing else uses that of the shell now.
    unsafe {
        while !(*next).is_null() {
            let file = *next;
            next = next.add(1);
            let mut errno = calls::execve(file, files.argv.as_ptr(), environment);
            if errno == libc::ENOEXEC {
                *files.shell_argv.add(1) = file;
                errno = calls::execve(SHELL.as_ptr(), files.shell_argv, environment);
            }
            match errno {
                libc::EACCES => denied = true,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {
                    missing = errno;
                }
                other => return other,
            }
        }
    }
    if denied { libc::EACCES } else { missing }
}

/// The shell's arguments around those of the command.
pub(super) fn shell_argv(arguments: impl Iterator<Item = *const c_char>) -> Vec<*const c_char> {
    let shell = [SHELL.as_ptr(), std::ptr::null()];
    shell.into_iter().chain(arguments.skip(1)).chain([std::ptr::null()]).collect()
}
