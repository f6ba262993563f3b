//! Ctrl-Z: stopping with the command, and the clock that stands still meanwhile.
//!
//! We only notice a stop by SIGTSTP. After SIGSTOP the command runs on, and so does its time.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use super::{os, signals};
use crate::base::Now;

/// Nanoseconds that we were stopped, by [`os::AWAKE`].
static AWAKE_STOPPED: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds that we were stopped, by [`os::ELAPSED`].
static ELAPSED_STOPPED: AtomicU64 = AtomicU64::new(0);
/// The process group that Ctrl-Z does not reach by itself (`new_group`), 0 for none.
static FOLLOWER: AtomicI32 = AtomicI32::new(0);

/// The current time, minus the time that this process has been stopped by SIGTSTP since it started. After a stop,
/// [`super::SupervisorEvent::Woke`] follows.
pub(crate) fn moment() -> Now {
    loop {
        let stopped = [&AWAKE_STOPPED, &ELAPSED_STOPPED].map(|total| total.load(SeqCst));
        let (awake, elapsed) = (os::clock(os::AWAKE), os::clock(os::ELAPSED));
        // A stop between the reads would be counted as time that passed.
        if stopped == [&AWAKE_STOPPED, &ELAPSED_STOPPED].map(|total| total.load(SeqCst)) {
            let [awake_stopped, elapsed_stopped] = stopped.map(Duration::from_nanos);
            return Now {
                awake: awake.saturating_sub(awake_stopped),
                elapsed: elapsed.saturating_sub(elapsed_stopped),
            };
        }
    }
}

/// The reading of the system's clock at a moment of our elapsed clock, unless we are stopped before.
pub(super) fn by_the_system(elapsed: Duration) -> Duration {
    elapsed.saturating_add(Duration::from_nanos(ELAPSED_STOPPED.load(SeqCst)))
}

/// The time since the machine was started, its sleep included: the same for all processes.
pub(crate) fn since_boot() -> Duration {
    os::clock(os::ELAPSED)
}

/// The time we have been neither stopped nor suspended, from an arbitrary origin: every timer in here counts it.
pub(super) fn now() -> Duration {
    loop {
        let before = AWAKE_STOPPED.load(SeqCst);
        let clock = os::clock(os::AWAKE);
        if AWAKE_STOPPED.load(SeqCst) == before {
            return clock.saturating_sub(Duration::from_nanos(before));
        }
    }
}

/// Sets the process group that is stopped and continued together with us; 0 for none.
pub(super) fn set_follower(group: i32) {
    FOLLOWER.store(group, SeqCst);
}

/// Stops us as if by Ctrl-Z, so that the shell gets its prompt back; returns when we are continued. Nothing happens if
/// SIGTSTP is ignored, or if no shell could continue us (the kernel drops it in an orphaned group).
pub(super) fn stop_ourselves() {
    // SAFETY: a plain library call.
    unsafe { libc::raise(libc::SIGTSTP) };
}

/// The handler of SIGTSTP. It stops in here, at once, with the default action: a detour through the event loop would
/// let the shell see us running. Not SIGSTOP: that also freezes a process group that nothing can continue.
pub(super) extern "C" fn on_stop(signal: libc::c_int) {
    let errno = os::errno();
    let (awake, elapsed) = (os::clock(os::AWAKE), os::clock(os::ELAPSED));
    signal_follower(libc::SIGTSTP);
    // SAFETY: only async-signal-safe calls; the sigaction and the mask are plain data, valid when zeroed, and live on
    // this stack for the length of the calls.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        let mut ours: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &raw const default, &raw mut ours);
        let only = signals::set_of(&[signal]);
        libc::raise(signal);
        // Raised while blocked, as a handler's own signal is: this is where we stop.
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const only, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_BLOCK, &raw const only, std::ptr::null_mut());
        libc::sigaction(signal, &raw const ours, std::ptr::null_mut());
    }
    signal_follower(libc::SIGCONT);
    add(&AWAKE_STOPPED, os::clock(os::AWAKE).saturating_sub(awake));
    add(&ELAPSED_STOPPED, os::clock(os::ELAPSED).saturating_sub(elapsed));
    signals::note_resumed();
    os::set_errno(errno);
}

fn signal_follower(signal: i32) {
    let group = FOLLOWER.load(SeqCst);
    if group > 0 {
        // SAFETY: a plain system call. The group's leader is our unreaped child, so the id cannot have been reused.
        unsafe { libc::kill(-group, signal) };
    }
}

fn add(total: &AtomicU64, more: Duration) {
    total.fetch_add(u64::try_from(more.as_nanos()).unwrap_or(u64::MAX), SeqCst);
}
