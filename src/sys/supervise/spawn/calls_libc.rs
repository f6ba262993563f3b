//! The twin of `calls_raw.rs` for other machines: the same calls, through the C library. There, a child has
//! its own memory, and its own `errno`.

use std::ffi::c_void;

use libc::{c_char, c_int};

use super::super::os;

/// The memory that a child that shares ours would begin with.
pub(in super::super) type Entry = unsafe extern "C" fn(*const c_void) -> !;

/// The stack that it would run on.
pub(super) struct Stack;

impl Stack {
    pub(super) fn new() -> Self {
        Self
    }
}

/// Not available on this system.
pub(super) unsafe fn share(_: *mut Stack, _: Entry, _: *const c_void) -> Option<i32> {
    None
}

pub(super) unsafe fn execve(
    file: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { libc::execve(file, argv, envp) };
    os::errno()
}

pub(super) unsafe fn exit(status: c_int) -> ! {
    // SAFETY: takes a number, and ends the process.
    unsafe { libc::_exit(status) }
}

pub(super) unsafe fn write(fd: c_int, bytes: *const c_void, length: usize) {
    // SAFETY: the caller's.
    unsafe { libc::write(fd, bytes, length) };
}

/// Returns the errno if it failed, else 0.
pub(super) unsafe fn dup2(from: c_int, to: c_int) -> c_int {
    // SAFETY: takes numbers.
    if unsafe { libc::dup2(from, to) } < 0 { os::errno() } else { 0 }
}

pub(super) unsafe fn close(fd: c_int) {
    // SAFETY: takes a number.
    unsafe { libc::close(fd) };
}

pub(super) unsafe fn lead_group() {
    // SAFETY: takes numbers.
    unsafe { libc::setpgid(0, 0) };
}

/// The signal is ignored, or has its default action.
pub(super) unsafe fn set_disposition(signal: c_int, disposition: libc::sighandler_t) {
    // SAFETY: takes numbers; the disposition is not a function.
    unsafe { libc::signal(signal, disposition) };
}

pub(super) unsafe fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: the set is initialised.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

/// A clock's seconds and nanoseconds; zero if there is no such clock.
pub(super) unsafe fn clock(clock: libc::clockid_t) -> (i64, i64) {
    let time = os::clock(clock);
    (time.as_secs().cast_signed(), time.subsec_nanos().into())
}

#[cfg(has_death_signal)]
pub(in super::super) unsafe fn prctl(option: c_int, argument: c_int) {
    // SAFETY: the caller's.
    unsafe { libc::prctl(option, argument) };
}

#[cfg(has_death_signal)]
pub(in super::super) unsafe fn getppid() -> c_int {
    // SAFETY: has no arguments.
    unsafe { libc::getppid() }
}
