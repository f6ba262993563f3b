//! What ties processes to each other, and what a process does to itself.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the system has agreed that orphans become ours.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Has orphans of the command become our children: that they are all gone can then be proved.
#[cfg(has_subreaper)]
pub(in super::super) fn adopt_orphans() {
    // SAFETY: takes a number and touches no memory.
    let agreed = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) } == 0;
    ADOPTS.store(agreed, Ordering::Relaxed);
}

/// There is no such thing here.
#[cfg(not(has_subreaper))]
pub(in super::super) fn adopt_orphans() {}

/// Whether orphaned descendants become our children. Otherwise they become process 1's: having no children proves nothing.
pub(in super::super) fn adopts_orphans() -> bool {
    ADOPTS.load(Ordering::Relaxed)
}

/// In the child: die by `signal` when `parent` does. False if it already has. Async-signal-safe.
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

/// In the child: false if `parent` has died already; nothing can tie us to it for later. Async-signal-safe.
#[cfg(not(has_death_signal))]
pub(in super::super) fn die_with(parent: i32, _: i32) -> bool {
    // SAFETY: a plain system call.
    let now = unsafe { libc::getppid() };
    // 0: as above.
    now == parent || now == 0
}

/// Closes every descriptor. False where the kernel does not know how. Async-signal-safe.
#[cfg(has_close_range)]
pub(in super::super) fn close_everything() -> bool {
    // SAFETY: takes numbers; for a child that uses none.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) == 0 }
}

/// There is no such call.
#[cfg(not(has_close_range))]
pub(in super::super) fn close_everything() -> bool {
    false
}

/// Sets the name that lists of processes show. Async-signal-safe.
#[cfg(has_prctl)]
pub(in super::super) fn rename_process(name: &CStr) {
    // SAFETY: the kernel copies the C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// There is no such call.
#[cfg(not(has_prctl))]
pub(in super::super) fn rename_process(_: &CStr) {}

/// Nobody wants a core file of the wrapper when it re-raises the command's signal.
#[cfg(has_prctl)]
pub(in super::super) fn forbid_core_dump() {
    // SAFETY: takes numbers and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
}

/// The core size limit is all there is.
#[cfg(not(has_prctl))]
pub(in super::super) fn forbid_core_dump() {}
