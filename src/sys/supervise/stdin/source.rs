//! The source of the live input: inspected before it is consumed, if the system permits.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::buffer::{InputLoss, ReplayBuffer};
use super::eager::Eager;
use super::exact::Exact;
use super::feed::CHUNK;
use super::feed::PAGE;

pub(super) enum Source {
    /// Bytes can be seen before they are consumed.
    Exact(Exact),
    Eager(Eager),
}

/// The outcome of asking for more live input.
#[cfg_attr(not(has_tee), expect(dead_code, reason = "some come from `exact.rs` alone"))]
pub(super) enum Found {
    /// Bytes that are in the pipe now, and still in the source.
    Copied(usize),
    /// Bytes that are in the pipe now, and in the buffer.
    Moved(usize),
    /// The pipe is full.
    Full,
    /// Nothing new has arrived.
    Nothing,
    /// Nothing more will arrive.
    End,
    /// Reading the input failed, which is not an end.
    Broken(Errno),
    /// The source cannot be read in this way, and has been replaced by another.
    Otherwise,
}

impl Source {
    /// The stream of bytes that `fd` is.
    pub(super) fn new(fd: BorrowedFd<'static>, is_socket: bool) -> Self {
        if let Some(exact) = Exact::new(fd, is_socket) {
            return Self::Exact(exact);
        }
        Self::Eager(Eager::new(fd, CHUNK))
    }

    /// A source that is read ahead.
    pub(super) fn ahead(fd: BorrowedFd<'static>) -> Self {
        Self::Eager(Eager::new(fd, CHUNK))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        match self {
            Self::Exact(exact) => exact.fd(),
            Self::Eager(eager) => eager.fd(),
        }
    }

    /// From now on it is read ahead; only by a little if other processes read from it too.
    pub(super) fn become_eager(&mut self) {
        let contended = matches!(self, Self::Exact(exact) if exact.is_contended());
        *self = Self::Eager(Eager::new(self.fd(), if contended { PAGE } else { CHUNK }));
    }

    /// The command's pipe contains nothing of it.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Exact(exact) => exact.forget(),
            Self::Eager(eager) => eager.forget(),
        }
    }

    /// Puts more into the command's pipe, which has room for `room` bytes and holds the first `window` bytes.
    pub(super) fn extend(
        &mut self,
        window: usize,
        room: usize,
        pipe: BorrowedFd<'_>,
        buffer: &mut ReplayBuffer,
    ) -> Found {
        match self {
            Self::Exact(exact) => {
                let found = exact.extend(window, room, pipe);
                if matches!(found, Found::Otherwise) {
                    self.become_eager();
                }
                found
            }
            Self::Eager(eager) => eager.extend(pipe, buffer),
        }
    }

    /// Whether other processes were seen to read from it while its bytes are in the command's pipe.
    pub(super) fn is_contended(&self) -> bool {
        match self {
            Self::Exact(exact) => exact.is_contended(),
            Self::Eager(_) => false,
        }
    }

    /// How many bytes of the window, of which the command has read `count`, others have consumed.
    pub(super) fn taken_by_others(&mut self, count: usize) -> usize {
        match self {
            Self::Exact(exact) => exact.taken_by_others(count),
            Self::Eager(_) => 0,
        }
    }

    /// Consumes what the command has read, except what others have consumed. Fails if it would be given again.
    pub(super) fn take(
        &mut self,
        count: usize,
        others: usize,
        buffer: &mut ReplayBuffer,
    ) -> Result<(), InputLoss> {
        match self {
            Self::Exact(exact) => exact.take(count, others, buffer),
            Self::Eager(_) => {
                debug_assert_eq!(count, 0, "what is moved is no part of the window");
                Ok(())
            }
        }
    }

    /// Empties the pipe. Returns how many bytes were left in it, if that matters.
    pub(super) fn drain(&mut self, reader: BorrowedFd<'_>) -> usize {
        match self {
            Self::Exact(exact) => exact.drain(reader),
            Self::Eager(eager) => {
                eager.forget();
                0
            }
        }
    }
}
