//! Holds back terminating signals during a computation, so that partial results can be shown before we die of one.

use super::signals;

/// Holds back SIGINT, SIGTERM and SIGHUP in this thread and those that it starts, unless they were ignored.
pub(crate) struct HeldSignals {
    signals: Vec<i32>,
    _held: signals::Blocked,
}

impl HeldSignals {
    pub(crate) fn hold() -> Self {
        let wanted = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];
        let signals: Vec<_> = wanted.into_iter().filter(|signal| !is_ignored(*signal)).collect();
        Self { _held: signals::Blocked::these(&signals), signals }
    }

    /// Takes a pending one, if any.
    pub(crate) fn take(&self) -> Option<i32> {
        let mut pending = signals::set_of(&[]);
        // SAFETY: the set is initialised and outlives the call.
        unsafe { libc::sigpending(&raw mut pending) };
        // SAFETY: the set is initialised.
        let is_pending = |signal: &&i32| unsafe { libc::sigismember(&raw const pending, **signal) } == 1;
        let signal = *self.signals.iter().find(is_pending)?;
        let (only, mut taken) = (signals::set_of(&[signal]), 0);
        // SAFETY: both are initialised and outlive the call, which does not wait: the signal is pending and blocked.
        unsafe { libc::sigwait(&raw const only, &raw mut taken) };
        Some(signal)
    }
}

fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the action is written by the call, and valid if it failed, since all of it is zero.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
