//! Calls that tie processes to each other, and calls by which a process changes itself.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the kernel has agreed to make orphans our children.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Makes orphans of the command our children, so that we can prove that all of them are gone. If the kernel refuses, orphans
/// go to init, and some may be missed when the process tree is killed.
#[cfg(has_subreaper)]
pub(in super::super) fn adopt_orphans() {
    // SAFETY: takes a number and touches no memory.
    let agreed = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) } == 0;
    ADOPTS.store(agreed, Ordering::Relaxed);
}

/// Not available on this system.
#[cfg(not(has_subreaper))]
pub(in super::super) fn adopt_orphans() {}

/// Whether orphaned descendants become our children. Otherwise they become children of process 1: having no children proves
/// nothing.
pub(in super::super) fn adopts_orphans() -> bool {
    ADOPTS.load(Ordering::Relaxed)
}

/// In the child: dies of `signal` when `parent` dies. False if it already has. Async-signal-safe.
#[cfg(has_death_signal)]
pub(in super::super) fn die_with(parent: i32, signal: i32) -> bool {
    use super::super::spawn::calls;

    // SAFETY: both are plain system calls without pointers.
    let now = unsafe {
        calls::prctl(libc::PR_SET_PDEATHSIG, signal);
        calls::getppid()
    };
    // 0: the parent is outside of our pid namespace (`unshare --pid` without `--fork`).
    now == parent || now == 0
}

/// In the child: false if `parent` has died already; its later death cannot be detected. Async-signal-safe.
#[cfg(not(has_death_signal))]
pub(in super::super) fn die_with(parent: i32, _: i32) -> bool {
    // SAFETY: a plain system call.
    let now = unsafe { libc::getppid() };
    // 0: as above.
    now == parent || now == 0
}

/// Closes every descriptor. False if the kernel does not support this. Async-signal-safe.
pub(in super::super) fn close_everything() -> bool {
    close_range(0, i32::MAX)
}

/// Closes every descriptor except these, which are sorted. Async-signal-safe.
pub(in super::super) fn close_all_but(kept: &[i32]) {
    let mut first = 0;
    for &fd in kept {
        close_between(first, fd - 1);
        first = fd + 1;
    }
    close_between(first, i32::MAX);
}

/// Closes the descriptors from `first` to `last`: one by one if the kernel cannot do it at once, and then only as far as
/// any may be.
fn close_between(first: i32, last: i32) {
    /// No descriptor that is in use has a higher number.
    const HIGHEST: i32 = 65_535;
    if first <= last && !close_range(first, last) {
        for fd in first..=last.min(HIGHEST) {
            // SAFETY: takes a number; only for a child that does not use the descriptor.
            unsafe { libc::close(fd) };
        }
    }
}

/// Closes the descriptors from `first` to `last`. False if the kernel does not support this.
#[cfg(has_close_range)]
fn close_range(first: i32, last: i32) -> bool {
    // SAFETY: takes numbers; only for a child that does not use the descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) == 0 }
}

/// Not available on this system.
#[cfg(not(has_close_range))]
fn close_range(_first: i32, _last: i32) -> bool {
    false
}

/// Sets the name shown in process lists. Async-signal-safe.
#[cfg(has_prctl)]
pub(in super::super) fn rename_process(name: &CStr) {
    // SAFETY: the kernel copies the C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Not available on this system.
#[cfg(not(has_prctl))]
pub(in super::super) fn rename_process(_: &CStr) {}

/// Disables core files, which are of no use when the wrapper re-raises the command's signal.
#[cfg(has_prctl)]
pub(in super::super) fn forbid_core_dump() {
    // SAFETY: takes numbers and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
}

/// Not available: only the core size limit applies.
#[cfg(not(has_prctl))]
pub(in super::super) fn forbid_core_dump() {}
