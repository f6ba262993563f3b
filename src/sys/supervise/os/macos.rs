//! Names and numbers of macOS. The twin is `linux.rs`.

/// The clock that stands still while the machine sleeps.
pub(in super::super) const AWAKE: libc::clockid_t = libc::CLOCK_UPTIME_RAW;
/// The clock that also counts sleep.
pub(in super::super) const ELAPSED: libc::clockid_t = libc::CLOCK_MONOTONIC;

/// `si_code` of kill(2) and of sigqueue; the libc crate has the first with another name on each system.
pub(in super::super) const SI_USER: i32 = 0x1_0001;
const SI_QUEUE: i32 = 0x1_0002;

pub(in super::super) fn errno() -> i32 {
    // SAFETY: always a valid pointer to the calling thread's errno.
    unsafe { *libc::__error() }
}

pub(in super::super) fn set_errno(errno: i32) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__error() = errno }
}

/// The process's environment block, ended by a null pointer; may itself be null.
pub(in super::super) fn environ() -> *const *const libc::c_char {
    // SAFETY: always a valid pointer to the variable; nothing in this program changes the environment.
    unsafe { (*libc::_NSGetEnviron()).cast_const().cast() }
}

/// Which of descriptors 0, 1 and 2 are closed. Runs before main: system calls only. Not poll, which fails on devices.
#[cfg_attr(test, expect(dead_code, reason = "the tests have a beginning of their own"))]
pub(in super::super) fn closed_stdio() -> [bool; 3] {
    // SAFETY: asks for a flag, touches no memory.
    [0, 1, 2].map(|fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0)
}

/// Whether the kernel itself sent a signal with this `si_code` (terminal, timer), as opposed to a process.
pub(in super::super) fn sent_by_kernel(code: i32) -> bool {
    code != SI_USER && code != SI_QUEUE
}
