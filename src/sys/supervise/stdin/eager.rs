//! Live input whose bytes cannot be seen without being consumed (macOS; a Linux without tee(2), or one that refuses it):
//! read ahead of the command by up to 64 KiB plus the size of a pipe. That much may be missing for processes that read the
//! descriptor after us.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::buffer::ReplayBuffer;
use super::feed::PAGE;
use super::feed::write_some;
use super::source::Found;

pub(super) struct Eager {
    fd: BorrowedFd<'static>,
    /// The number of bytes per read.
    chunk: usize,
    /// Bytes that were read and kept in the buffer, and are not yet in the command's pipe.
    ahead: Vec<u8>,
}

impl Eager {
    /// Reads up to `chunk` bytes at a time.
    pub(super) fn new(fd: BorrowedFd<'static>, chunk: usize) -> Self {
        Self { fd, chunk, ahead: Vec::new() }
    }

    /// Whether more is read at once than the smallest pipe holds.
    pub(super) fn is_hasty(&self) -> bool {
        self.chunk > PAGE
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        self.fd
    }

    /// Moves the available bytes into the command's pipe.
    pub(super) fn extend(&mut self, pipe: BorrowedFd<'_>, buffer: &mut ReplayBuffer) -> Found {
        if self.ahead.is_empty() {
            if !has_input(self.fd) {
                return Found::Nothing;
            }
            self.ahead.resize(self.chunk, 0);
            let read = rustix::io::read(self.fd, &mut self.ahead[..]);
            self.ahead.truncate(*read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Found::End,
                Ok(_) => buffer.append(&self.ahead),
                Err(Errno::AGAIN | Errno::INTR) => return Found::Nothing,
                Err(errno) => return Found::Broken(errno),
            }
        }
        match write_some(pipe, &self.ahead) {
            Ok(0) => Found::Full,
            Ok(written) => {
                self.ahead.drain(..written);
                Found::Moved(written)
            }
            Err(errno) => Found::Broken(errno),
        }
    }

    /// The attempt is over: what it has not read is in the buffer.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
    }
}

/// Whether a read would not block.
pub(super) fn has_input(fd: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|found| found > 0)
}
