//! The destination of passed-on output: a standard stream that is written to without ever blocking, and watched by the
//! runtime until it accepts more.

use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::io::Interest;

use super::watch::Watch;
use crate::sys::output::NonBlocking;

/// How long each call waits for a reader if the runtime cannot watch it, for lack of descriptors or memory.
const BLIND_WAIT: Duration = Duration::from_millis(20);

/// A standard stream as a destination.
pub(super) struct Outlet {
    // The registration ends before the descriptor is closed.
    watch: Watch,
    writer: NonBlocking<BorrowedFd<'static>>,
}

impl Outlet {
    /// An outlet to the destination of `fd`.
    pub(super) fn new(fd: BorrowedFd<'static>) -> Self {
        Self { watch: Watch::default(), writer: NonBlocking::new(fd) }
    }

    /// Writes what is accepted without blocking; `None` if nothing is.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Option<usize>, Errno> {
        match self.writer.try_write(bytes) {
            Ok(None) if self.watch.blind && self.writer.is_writable(BLIND_WAIT) == Ok(true) => {
                self.writer.try_write(bytes)
            }
            written => written,
        }
    }

    /// The descriptor, if it is a pipe.
    pub(super) fn as_pipe(&self) -> Option<BorrowedFd<'_>> {
        self.writer.is_pipe().then(|| self.writer.as_fd())
    }

    /// The destination, if it is a file, a terminal or another character device.
    pub(super) fn as_file(&self) -> Option<BorrowedFd<'static>> {
        let target = self.writer.target();
        let kind = rustix::fs::fstat(target).map(|status| FileType::from_raw_mode(status.st_mode));
        matches!(kind, Ok(FileType::RegularFile | FileType::CharacterDevice)).then_some(target)
    }

    /// Whether a failed write means that the reader is gone, rather than a problem with the destination. EIO comes from a
    /// terminal that was hung up.
    pub(super) fn is_readers_fault(&self, errno: Errno) -> bool {
        match errno {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => true,
            Errno::IO => !self.writer.is_direct(),
            _ => false,
        }
    }

    /// Ready when it is worth trying again.
    pub(super) fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let ready = self.watch.poll_ready(self.writer.as_fd(), Interest::WRITABLE, context);
        if self.watch.blind { Poll::Ready(()) } else { ready }
    }
}
