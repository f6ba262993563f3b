//! Where the live input comes from: looked at before it is taken, where the system lets us.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::eager::Eager;
#[cfg(target_os = "linux")]
use super::exact::Exact;
use super::spool::{Lost, Spool};

pub(super) enum Source {
    /// Bytes can be seen before they are taken.
    #[cfg(target_os = "linux")]
    Exact(Exact),
    Eager(Eager),
}

/// What could be had of the live input.
pub(super) enum Found {
    /// So many bytes are in the pipe now, and still stand in the source.
    #[cfg(target_os = "linux")]
    Copied(usize),
    /// So many bytes are in the pipe now, and in the spool.
    Moved(usize),
    /// The pipe is full.
    Full,
    /// Nothing new has come.
    Nothing,
    /// Nothing new will come.
    End,
    /// What comes next cannot be had, and that is no end.
    Broken(Errno),
    /// It cannot be read so; the source has become another.
    #[cfg(target_os = "linux")]
    Otherwise,
}

impl Source {
    /// The stream of bytes that `fd` is.
    pub(super) fn new(fd: BorrowedFd<'static>, is_socket: bool) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(exact) = Exact::new(fd, is_socket) {
            return Self::Exact(exact);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = is_socket;
        Self::Eager(Eager::new(fd))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => exact.fd(),
            Self::Eager(eager) => eager.fd(),
        }
    }

    /// From now on it is read ahead.
    #[cfg(target_os = "linux")]
    pub(super) fn become_eager(&mut self) {
        *self = Self::Eager(Eager::new(self.fd()));
    }

    pub(super) fn extend(&mut self, window: usize, pipe: BorrowedFd<'_>, spool: &mut Spool) -> Found {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => {
                let found = exact.extend(window, pipe);
                if matches!(found, Found::Otherwise) {
                    self.become_eager();
                }
                found
            }
            Self::Eager(eager) => eager.extend(pipe, spool),
        }
    }

    /// Takes what the command has read. Fails if it would be given once more.
    pub(super) fn take(&mut self, count: usize, spool: &mut Spool) -> Result<(), Lost> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => exact.take(count, spool),
            Self::Eager(_) => {
                debug_assert_eq!(count, 0, "what is moved is no part of the window");
                Ok(())
            }
        }
    }

    /// Empties the pipe. How many bytes were left in it, where that matters.
    pub(super) fn drain(&mut self, reader: BorrowedFd<'_>) -> usize {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => exact.drain(reader),
            Self::Eager(eager) => {
                eager.forget();
                0
            }
        }
    }
}
