//! Differences between systems. Names and numbers are in a file for each system; features that only some systems have are
//! capabilities (`src/base/capability.rs`), each of which has a twin here that works without it.
//!
//! Which processes to signal is decided in `tree.rs`, not here.

use std::mem::MaybeUninit;
use std::time::Duration;

#[cfg(target_os = "linux")]
#[path = "os/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "os/macos.rs"]
mod system;

#[cfg(all(has_process_list, target_os = "linux"))]
#[path = "os/proc.rs"]
mod processes;
#[cfg(all(has_process_list, target_os = "macos"))]
#[path = "os/libproc.rs"]
mod processes;
#[cfg(not(has_process_list))]
#[path = "os/unlisted.rs"]
mod processes;

#[cfg(all(has_procfs, has_process_list))]
mod procfs;
#[cfg(not(all(has_procfs, has_process_list)))]
#[path = "os/no_procfs.rs"]
mod procfs;

#[cfg(has_pidfd)]
mod handles;
#[cfg(not(has_pidfd))]
#[path = "os/recheck.rs"]
mod handles;

mod pipes;
mod ties;

pub(super) use handles::signal_all;
pub(super) use pipes::{enlarge, pipe, resize};
pub(super) use processes::{Listing, everybody, stat};
pub(super) use procfs::{has_own_proc, name_and_user, time_run};
pub(super) use system::*;
pub(super) use ties::*;

/// Reads a clock, [`AWAKE`] or [`ELAPSED`]. Async-signal-safe.
pub(super) fn clock(id: libc::clockid_t) -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: clock_gettime fills the timespec. Every system that we run on has both clocks; without one, the time would be
    // zero, which is a valid value.
    let time = unsafe {
        libc::clock_gettime(id, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The state of a process, as far as the system reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) dead: bool,
    /// By a signal, or by a debugger.
    pub(super) stopped: bool,
    /// Whether it runs, or only waits for a processor. Not determined on macOS.
    pub(super) runnable: bool,
    pub(super) parent: i32,
    /// The start time, in a unit of the system. Together with the pid, it identifies a process uniquely.
    pub(super) start: u64,
}
