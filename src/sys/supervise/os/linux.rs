//! Names and numbers of Linux. The twin is `macos.rs`.

/// The clock that stands still while the machine is suspended.
pub(in super::super) const AWAKE: libc::clockid_t = libc::CLOCK_MONOTONIC;
/// The clock that also counts suspension.
pub(in super::super) const ELAPSED: libc::clockid_t = libc::CLOCK_BOOTTIME;

pub(in super::super) fn errno() -> i32 {
    // SAFETY: glibc and musl always return a valid pointer to the calling thread's errno.
    unsafe { *libc::__errno_location() }
}

pub(in super::super) fn set_errno(errno: i32) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__errno_location() = errno }
}

/// The process's environment block, ended by a null pointer; may itself be null.
pub(in super::super) fn environ() -> *const *const libc::c_char {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    // SAFETY: libc defines it and sets it before main; nothing in this program changes the environment.
    unsafe { environ }
}

/// Which of descriptors 0, 1 and 2 are closed. Runs before main: system calls only.
#[cfg_attr(test, expect(dead_code, reason = "the tests have a beginning of their own"))]
pub(in super::super) fn closed_stdio() -> [bool; 3] {
    let mut stdio = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: `stdio` is an array of three valid pollfd.
    let polled = unsafe { libc::poll(stdio.as_mut_ptr(), 3, 0) };
    stdio.map(|fd| polled > 0 && fd.revents & libc::POLLNVAL != 0)
}

/// `si_code` of kill(2).
pub(in super::super) const SI_USER: i32 = libc::SI_USER;

/// Whether the kernel itself sent a signal with this `si_code` (terminal, timer), as opposed to a process.
pub(in super::super) fn sent_by_kernel(code: i32) -> bool {
    code > 0
}
