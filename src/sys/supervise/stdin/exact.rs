//! Live input of which no more is consumed than the command reads: pipes by tee(2), stream sockets by `MSG_PEEK`.
//! The twin is `never_exact.rs`.
//!
//! Both leave the bytes where they are. They are consumed when the command has read them, never by a call that could block: the
//! descriptor is shared, so it may be blocking, and another process may read from it too. Bytes that the command was shown and
//! that the other process consumes reach both. This is noticed when they are to be consumed; from then on, bytes are consumed
//! before the command is shown them.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::pipe::{SpliceFlags, splice, tee};

use super::buffer::{InputLoss, ReplayBuffer};
use super::eager::has_input;
use super::feed::{CHUNK, write_some};
use super::source::Found;
use crate::sys::supervise::os;

pub(super) struct Exact {
    fd: BorrowedFd<'static>,
    is_socket: bool,
    /// A pipe of our own, empty between calls: passing bytes through it never blocks.
    reader: OwnedFd,
    writer: OwnedFd,
    buffer: Vec<u8>,
    /// Bytes that are in the command's pipe, or were read from it, and are not yet consumed here.
    shown: Vec<u8>,
    contended: bool,
}

impl Exact {
    /// `None` if the system refuses the calls that this needs.
    pub(super) fn new(fd: BorrowedFd<'static>, is_socket: bool) -> Option<Self> {
        let (reader, writer) = os::pipe().ok()?;
        // Not every kernel that calls itself Linux has them, and a sandbox may forbid them. Nothing is moved.
        let counts = rustix::io::ioctl_fionread(fd).is_ok() && rustix::io::ioctl_fionread(&reader).is_ok();
        let copies = || {
            tee(fd, &writer, 0, SpliceFlags::NONBLOCK).is_ok()
                && splice(fd, None, &writer, None, 0, SpliceFlags::NONBLOCK).is_ok()
        };
        let works = counts && (is_socket || copies());
        works.then(|| Self {
            fd,
            is_socket,
            reader,
            writer,
            buffer: vec![0; CHUNK],
            shown: Vec::new(),
            contended: false,
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        self.fd
    }

    /// Whether more can be added after what the command has not read yet. For a socket, the command's pipe keeps its single
    /// slot: it is full while anything is in it, so that we are notified when everything is read.
    pub(super) fn can_append(&self) -> bool {
        !self.is_socket
    }

    pub(super) fn has_more_than(&self, window: usize) -> bool {
        // If the number is unknown, reading shows whether there is more.
        self.available().is_none_or(|there| there > window)
    }

    fn available(&self) -> Option<usize> {
        rustix::io::ioctl_fionread(self.fd).ok().and_then(|there| usize::try_from(there).ok())
    }

    /// Whether another process was seen to read from it too. Then reading ahead is better: otherwise both get the same bytes.
    pub(super) fn is_contended(&self) -> bool {
        self.contended
    }

    /// The command's pipe contains nothing of it.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }

    /// Copies the bytes after the first `window` bytes into the command's pipe, which has room for `room` bytes.
    pub(super) fn extend(&mut self, window: usize, room: usize, pipe: BorrowedFd<'_>) -> Found {
        if self.contended {
            return if window == 0 { Found::Otherwise } else { Found::Nothing };
        }
        if window > 0 && !self.has_more_than(window) {
            // In this order, so that bytes written just before the last writer left are seen.
            let over = self.has_hung_up();
            if !self.has_more_than(window) {
                return if over { Found::End } else { Found::Nothing };
            }
        }
        match self.look(window + room) {
            Ok(0) if window == 0 => Found::End,
            Ok(seen) => {
                self.contended = !agree(&self.shown, &self.buffer[..seen]);
                if seen <= window || self.contended { Found::Nothing } else { self.show(window, seen, pipe) }
            }
            Err(Errno::AGAIN | Errno::INTR) => Found::Nothing,
            // The end of the connection, which is reported only once.
            Err(errno) if !is_refusal(errno) => Found::Broken(errno),
            // This can wait until the window has been read.
            Err(_) if window > 0 => Found::Nothing,
            Err(_) => Found::Otherwise,
        }
    }

    /// Writes that part of the buffer into the command's pipe.
    fn show(&mut self, from: usize, to: usize, pipe: BorrowedFd<'_>) -> Found {
        match write_some(pipe, &self.buffer[from..to]) {
            Ok(0) => Found::Full,
            Ok(written) => {
                self.shown.extend_from_slice(&self.buffer[from..from + written]);
                Found::Copied(written)
            }
            Err(errno) => Found::Broken(errno),
        }
    }

    /// Reads up to `count` bytes into the buffer without consuming them. None means the end.
    fn look(&mut self, count: usize) -> Result<usize, Errno> {
        let count = count.min(CHUNK);
        if self.is_socket {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            return recv(self.fd, &mut self.buffer[..count], flags).map(|(_, seen)| seen);
        }
        let seen = tee(self.fd, &self.writer, count, SpliceFlags::NONBLOCK)?;
        // Bytes left in our own pipe would be repeated.
        self.read_own(seen).map_err(|_| Errno::IO)?;
        Ok(seen)
    }

    /// Consumes what the command has read, the first `count` bytes that it was shown, except those that others have consumed,
    /// and keeps all of them. Fails if they cannot be consumed: then they must not be given again.
    pub(super) fn take(
        &mut self,
        count: usize,
        others: usize,
        spool: &mut ReplayBuffer,
    ) -> Result<(), InputLoss> {
        self.discard(count.saturating_sub(others)).map_err(InputLoss::Broken)?;
        spool.append(&self.shown[..count]);
        self.shown.drain(..count);
        Ok(())
    }

    /// How many of the bytes that the command was shown, and of which it has read `count`, others have consumed, as far as
    /// can be determined.
    pub(super) fn taken_by_others(&mut self, count: usize) -> usize {
        let others = self.missing(count);
        self.contended |= others > 0;
        others
    }

    fn missing(&mut self, count: usize) -> usize {
        let shown = self.shown.len();
        for count in [count, shown] {
            let seen = match self.look(count) {
                Ok(seen) => seen,
                Err(Errno::AGAIN) => return shown,
                Err(_) => return 0,
            };
            let least = shown.saturating_sub(self.available().unwrap_or(shown));
            let fits = |from: &usize| agree(&self.shown[*from..], &self.buffer[..seen]);
            if seen > 0 && least == 0 && fits(&0) {
                return 0;
            }
            if count == shown {
                return (least.max(1)..shown).find(fits).filter(|_| seen > 0).unwrap_or(shown);
            }
        }
        shown
    }

    /// Consumes this many bytes, which are no longer needed.
    fn discard(&mut self, mut count: usize) -> Result<(), Errno> {
        while count > 0 {
            match self.discard_some(count.min(CHUNK)) {
                Ok(taken) if taken > 0 => count -= taken,
                // Another process has just consumed them.
                Ok(_) | Err(Errno::AGAIN) => {
                    self.contended = true;
                    return Ok(());
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    fn discard_some(&mut self, count: usize) -> Result<usize, Errno> {
        let taken = if self.is_socket {
            recv(self.fd, &mut self.buffer[..count], RecvFlags::DONTWAIT).map(|(_, taken)| taken)
        } else {
            splice(self.fd, None, &self.writer, None, count, SpliceFlags::NONBLOCK)
        };
        match taken {
            Ok(moved) if !self.is_socket => self.read_own(moved).map(|()| moved),
            Err(errno) if is_refusal(errno) => {
                if !has_input(self.fd) {
                    return Err(Errno::AGAIN);
                }
                rustix::io::read(self.fd, &mut self.buffer[..count])
            }
            other => other,
        }
    }

    /// Empties the command's pipe. Returns the number of bytes that the command had not read.
    pub(super) fn drain(&mut self, pipe: BorrowedFd<'_>) -> usize {
        let mut drained = 0;
        loop {
            let moved = match splice(pipe, None, &self.writer, None, CHUNK, SpliceFlags::NONBLOCK) {
                Ok(moved) if self.read_own(moved).is_ok() => Ok(moved),
                Err(errno) if is_refusal(errno) && has_input(pipe) => {
                    rustix::io::read(pipe, &mut self.buffer[..])
                }
                other => other,
            };
            match moved {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => return drained,
                Ok(moved) => drained += moved,
            }
        }
    }

    /// Reads this many bytes from our own pipe into the buffer.
    fn read_own(&mut self, count: usize) -> Result<(), Errno> {
        let mut filled = 0;
        while filled < count {
            match rustix::io::read(&self.reader, &mut self.buffer[filled..count]) {
                Ok(read) if read > 0 => filled += read,
                Err(Errno::INTR) => {}
                Ok(_) => return Err(Errno::IO),
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Whether no writer is left.
    fn has_hung_up(&self) -> bool {
        let mut watched = [PollFd::from_borrowed_fd(self.fd, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|found| found > 0)
            && watched[0].revents().contains(PollFlags::HUP)
    }
}

/// Whether two views of a stream from the same position agree, as far as both go.
fn agree(one: &[u8], other: &[u8]) -> bool {
    let common = one.len().min(other.len());
    one[..common] == other[..common]
}

/// Whether the system refused the call itself: another call may still get the bytes.
fn is_refusal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM | Errno::NOSYS | Errno::INVAL | Errno::ACCESS | Errno::NOMEM | Errno::OPNOTSUPP
    )
}
