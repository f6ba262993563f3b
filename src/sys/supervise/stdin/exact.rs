//! Live input that the command takes no more of than it reads: pipes by tee(2), stream sockets by `MSG_PEEK`. Linux only.
//!
//! Both leave the bytes where they are. They are taken when the command has read them, never by a call that could block:
//! the descriptor is not ours alone, so it may be blocking and another process may read from it too.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::pipe::{SpliceFlags, splice, tee};

use super::eager::has_input;
use super::feed::{CHUNK, PAGE, write_some};
use super::source::Found;
use super::spool::{Lost, Spool};
use crate::sys::supervise::os;

pub(super) struct Exact {
    fd: BorrowedFd<'static>,
    is_socket: bool,
    /// A pipe of our own, empty between calls: what goes through it never blocks us.
    reader: OwnedFd,
    writer: OwnedFd,
    buffer: Vec<u8>,
}

impl Exact {
    /// None where the system refuses what it takes.
    pub(super) fn new(fd: BorrowedFd<'static>, is_socket: bool) -> Option<Self> {
        let (reader, writer) = os::pipe().ok()?;
        // Not every kernel that calls itself Linux has them, and a sandbox may forbid them. Nothing is moved.
        let counts = rustix::io::ioctl_fionread(fd).is_ok() && rustix::io::ioctl_fionread(&reader).is_ok();
        let copies = || {
            tee(fd, &writer, 0, SpliceFlags::NONBLOCK).is_ok()
                && splice(fd, None, &writer, None, 0, SpliceFlags::NONBLOCK).is_ok()
        };
        let works = counts && (is_socket || copies());
        works.then(|| Self { fd, is_socket, reader, writer, buffer: vec![0; CHUNK] })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        self.fd
    }

    /// Whether more can be put behind what the command has not read yet. Beside a socket, the command's pipe keeps its one
    /// slot: it is full while anything is in it, so that we are told when all is read.
    pub(super) fn can_append(&self) -> bool {
        !self.is_socket
    }

    pub(super) fn has_more_than(&self, window: usize) -> bool {
        // Where that cannot be told, a look at it tells.
        rustix::io::ioctl_fionread(self.fd).map_or(true, |there| there > window as u64)
    }

    /// Copies what stands behind the first `window` bytes into the command's pipe, which has room.
    pub(super) fn extend(&mut self, window: usize, pipe: BorrowedFd<'_>) -> Found {
        let found = match (self.is_socket, window) {
            (true, _) => self.peek(pipe),
            (false, 0) => tee(self.fd, pipe, CHUNK, SpliceFlags::NONBLOCK).map(|count| match count {
                0 => Found::End,
                count => Found::Copied(count),
            }),
            (false, _) => return self.copy_behind(window, pipe).unwrap_or_else(Found::Broken),
        };
        match found {
            Ok(found) => found,
            Err(Errno::AGAIN | Errno::INTR) => Found::Nothing,
            // The connection's own end, which it tells but once.
            Err(errno) if self.is_socket && !is_refusal(errno) => Found::Broken(errno),
            Err(_) => Found::Otherwise,
        }
    }

    fn copy_behind(&mut self, window: usize, pipe: BorrowedFd<'_>) -> Result<Found, Errno> {
        if !self.has_more_than(window) {
            // In this order: what the last writer wrote before it left is seen.
            let over = self.has_hung_up();
            if !self.has_more_than(window) {
                return Ok(if over { Found::End } else { Found::Nothing });
            }
        }
        // Refused, there is time until the window has been read.
        let Ok(seen) = tee(self.fd, &self.writer, CHUNK, SpliceFlags::NONBLOCK) else {
            return Ok(Found::Nothing);
        };
        self.discard(window.min(seen))?;
        if seen <= window {
            return Ok(Found::Nothing);
        }
        let copied = self.pass_on(seen - window, pipe)?;
        Ok(if copied == 0 { Found::Full } else { Found::Copied(copied) })
    }

    /// Moves up to `count` bytes, which are in our own pipe, into the command's. The rest is dropped.
    fn pass_on(&mut self, count: usize, pipe: BorrowedFd<'_>) -> Result<usize, Errno> {
        match splice(&self.reader, None, pipe, None, count, SpliceFlags::NONBLOCK) {
            Ok(copied) => {
                self.discard(count - copied)?;
                Ok(copied)
            }
            Err(_) => {
                self.read_own(count)?;
                write_some(pipe, &self.buffer[..count])
            }
        }
    }

    /// The pipe has one slot and is empty, and so is the window.
    fn peek(&mut self, pipe: BorrowedFd<'_>) -> Result<Found, Errno> {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let (_, seen) = recv(self.fd, &mut self.buffer[..PAGE], flags)?;
        if seen == 0 {
            return Ok(Found::End);
        }
        Ok(match write_some(pipe, &self.buffer[..seen]) {
            Ok(0) => Found::Full,
            Ok(written) => Found::Copied(written),
            Err(errno) => Found::Broken(errno),
        })
    }

    /// Takes so many bytes, which are there, and keeps them. Fails if they cannot be taken: then they must not be given
    /// once more.
    pub(super) fn take(&mut self, mut count: usize, spool: &mut Spool) -> Result<(), Lost> {
        while count > 0 {
            match self.take_some(count.min(CHUNK)) {
                Ok(taken) if taken > 0 => {
                    spool.append(&self.buffer[..taken]);
                    count -= taken;
                }
                // The command has read what is not there any more.
                Ok(_) | Err(Errno::AGAIN) => {
                    spool.lose(Lost::Shared);
                    return Ok(());
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Lost::Broken(errno)),
            }
        }
        Ok(())
    }

    fn take_some(&mut self, count: usize) -> Result<usize, Errno> {
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

    /// Empties the command's pipe: how many bytes it had not read.
    pub(super) fn drain(&mut self, pipe: BorrowedFd<'_>) -> usize {
        let mut drained = 0;
        loop {
            let moved = match splice(pipe, None, &self.writer, None, CHUNK, SpliceFlags::NONBLOCK) {
                Ok(moved) if self.discard(moved).is_ok() => Ok(moved),
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

    fn discard(&mut self, mut count: usize) -> Result<(), Errno> {
        while count > 0 {
            let part = count.min(CHUNK);
            self.read_own(part)?;
            count -= part;
        }
        Ok(())
    }

    /// Reads so many bytes, which are in our own pipe, into the buffer.
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

    /// Whether nobody is left who could write.
    fn has_hung_up(&self) -> bool {
        let mut watched = [PollFd::from_borrowed_fd(self.fd, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|found| found > 0)
            && watched[0].revents().contains(PollFlags::HUP)
    }
}

/// Whether the system refused the call itself: the bytes may be had by another one.
fn is_refusal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM | Errno::NOSYS | Errno::INVAL | Errno::ACCESS | Errno::NOMEM | Errno::OPNOTSUPP
    )
}
