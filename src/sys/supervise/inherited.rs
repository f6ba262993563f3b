//! What we were started with and Rust's runtime changed before `main`: the disposition of SIGPIPE, and closed standard
//! descriptors (std opens /dev/null on them). The command must get both as we did.
//!
//! The probe runs before `main`, where nothing of std may be relied upon: system calls and atomics only.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use super::os;

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit n: descriptor n was closed.
static CLOSED_STDIO: AtomicI32 = AtomicI32::new(0);

// SAFETY: the loader calls every function of this section once, before main, on the only thread; extra arguments (glibc
// passes argc, argv, envp) are ignored by the C calling convention.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static PROBE: extern "C" fn() = probe;

extern "C" fn probe() {
    // SAFETY: a null new action only asks for the old one, written to `found`, for which all zeroes is a valid value.
    let ignored = unsafe {
        let mut found: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut found);
        found.sa_sigaction == libc::SIG_IGN
    };
    SIGPIPE_IGNORED.store(ignored, Relaxed);
    let [stdin, stdout, stderr] = os::closed_stdio().map(i32::from);
    CLOSED_STDIO.store(stdin | stdout << 1 | stderr << 2, Relaxed);
}

pub(super) fn sigpipe_ignored() -> bool {
    SIGPIPE_IGNORED.load(Relaxed)
}

/// The standard descriptors that were closed when we started.
pub(super) fn closed_stdio() -> impl Iterator<Item = i32> {
    let closed = CLOSED_STDIO.load(Relaxed);
    (0..3).filter(move |fd| closed & (1 << fd) != 0)
}
