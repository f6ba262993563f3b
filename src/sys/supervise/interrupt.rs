//! Ctrl-C in verbs that read for long: the first one is recorded, so that partial results can be shown. A second one kills.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use libc::SIGINT;

use super::signals::{plain, replace};

static CAME: AtomicBool = AtomicBool::new(false);

/// While it lives, SIGINT is recorded, unless it was ignored at the start. Blocking reads end with `EINTR`.
pub(crate) struct Interrupt {
    before: libc::sigaction,
}

impl Interrupt {
    pub(crate) fn watch() -> Self {
        let handler: extern "C" fn(libc::c_int) = on_interrupt;
        let action = libc::sigaction { sa_flags: libc::SA_RESETHAND, ..plain(handler as libc::sighandler_t) };
        let before = replace(SIGINT, &action);
        if before.sa_sigaction == libc::SIG_IGN {
            replace(SIGINT, &before);
        }
        Self { before }
    }

    /// Whether SIGINT was received.
    #[expect(clippy::unused_self, reason = "without it there is nothing that would take note")]
    pub(crate) fn came(&self) -> bool {
        CAME.load(SeqCst)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        replace(SIGINT, &self.before);
    }
}

extern "C" fn on_interrupt(_: libc::c_int) {
    CAME.store(true, SeqCst);
}
