//! Waiting for a descriptor through the runtime, from the first wait on.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A registration with the runtime. It must be dropped before its descriptor is closed.
#[derive(Default)]
pub(super) struct Watch {
    registered: Option<AsyncFd<Number>>,
    /// The runtime refused the registration.
    pub(super) blind: bool,
}

struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl Watch {
    /// Ready when something has happened since the last time, or when the runtime will not report anything more. The caller
    /// checks what has happened.
    pub(super) fn poll_ready(
        &mut self,
        fd: BorrowedFd<'_>,
        interest: Interest,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if self.registered.is_none() {
            // SAFETY: the descriptor is open, and the owner drops this before closing or replacing it.
            self.registered =
                unsafe { AsyncFd::register_with_interest(Number(fd.as_raw_fd()), interest) }.ok();
        }
        let Some(registered) = &self.registered else {
            // The caller saw no reason to check when it began to wait.
            let news = !std::mem::replace(&mut self.blind, true);
            return if news { Poll::Ready(()) } else { Poll::Pending };
        };
        self.blind = false;
        let guard = if interest.is_writable() {
            registered.poll_write_ready(context)
        } else {
            registered.poll_read_ready(context)
        };
        let closed = match ready!(guard) {
            Ok(mut guard) => {
                // Before the caller checks: anything that happens from now on makes it ready again.
                guard.clear_ready();
                guard.ready().is_read_closed()
            }
            Err(_) => true,
        };
        // The runtime considers this final, but a FIFO may get another writer.
        if closed {
            self.registered = None;
        }
        Poll::Ready(())
    }
}
