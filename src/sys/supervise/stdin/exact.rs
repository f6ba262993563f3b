//! Live input that the command takes no more of than it reads: pipes by tee(2), stream sockets by `MSG_PEEK`. Linux only.
//!
//! Both leave the bytes where they are. They are taken when the command has read them, never by a call that could block:
//! descriptor 0 is not ours alone, so it may be blocking and another process may read from it too.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketType, sockopt};
use rustix::pipe::{SpliceFlags, splice, tee};

use super::feed::{CHUNK, Found, PAGE, write_some};
use super::ours;
use super::spool::{Lost, Spool};
use crate::sys::supervise::os;

pub(super) struct Exact {
    is_socket: bool,
    /// A pipe of our own, empty between calls: what goes through it never blocks us.
    reader: OwnedFd,
    writer: OwnedFd,
    buffer: Vec<u8>,
}

impl Exact {
    /// None for what is not a stream of bytes to read.
    pub(super) fn find(stat: &Stat) -> Option<Self> {
        let is_socket = FileType::from_raw_mode(stat.st_mode) == FileType::Socket;
        let is_stream = if is_socket {
            sockopt::socket_type(ours()) == Ok(SocketType::STREAM)
                && sockopt::socket_acceptconn(ours()) == Ok(false)
        } else {
            !(rustix::fs::fcntl_getfl(ours()).ok()? & OFlags::ACCMODE).contains(OFlags::WRONLY)
        };
        let (reader, writer) = os::pipe().ok().filter(|_| is_stream)?;
        Some(Self { is_socket, reader, writer, buffer: vec![0; CHUNK] })
    }

    /// Whether more can be put behind what the command has not read yet. Beside a socket, the command's pipe keeps its one
    /// slot: it is full while anything is in it, so that we are told when all is read.
    pub(super) fn can_append(&self) -> bool {
        !self.is_socket
    }

    pub(super) fn has_more_than(window: usize) -> bool {
        rustix::io::ioctl_fionread(ours()).is_ok_and(|there| there > window as u64)
    }

    /// Copies what stands behind the first `window` bytes into the command's pipe, which has room.
    pub(super) fn extend(&mut self, window: usize, pipe: BorrowedFd<'_>, spool: &mut Spool) -> Found {
        let found = if self.is_socket { self.peek(pipe) } else { self.tee(window, pipe) };
        match found {
            Ok(found) => found,
            Err(Errno::AGAIN | Errno::INTR) => Found::Nothing,
            // Not every kernel that calls itself Linux has it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) if window == 0 && !self.is_socket => {
                Found::Otherwise
            }
            Err(errno) => {
                spool.lose(Lost::Broken(errno));
                Found::End
            }
        }
    }

    fn tee(&mut self, window: usize, pipe: BorrowedFd<'_>) -> Result<Found, Errno> {
        if window == 0 {
            return Ok(match tee(ours(), pipe, CHUNK, SpliceFlags::NONBLOCK)? {
                0 => Found::End,
                count => Found::Copied(count),
            });
        }
        if !Self::has_more_than(window) {
            // In this order: what the last writer wrote before it left is seen.
            let over = has_hung_up();
            if !Self::has_more_than(window) {
                return Ok(if over { Found::End } else { Found::Nothing });
            }
        }
        let seen = tee(ours(), &self.writer, CHUNK, SpliceFlags::NONBLOCK)?;
        self.discard(window.min(seen));
        if seen <= window {
            return Ok(Found::Nothing);
        }
        let copied = splice(&self.reader, None, pipe, None, seen - window, SpliceFlags::NONBLOCK);
        let copied = copied.unwrap_or(0);
        self.discard(seen - window - copied);
        Ok(if copied == 0 { Found::Full } else { Found::Copied(copied) })
    }

    /// The pipe has one slot and is empty, and so is the window.
    fn peek(&mut self, pipe: BorrowedFd<'_>) -> Result<Found, Errno> {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let (_, seen) = rustix::net::recv(ours(), &mut self.buffer[..PAGE], flags)?;
        if seen == 0 {
            return Ok(Found::End);
        }
        Ok(Found::Copied(write_some(pipe, &self.buffer[..seen])))
    }

    /// Takes so many bytes, which are there, and keeps them.
    pub(super) fn take(&mut self, mut count: usize, spool: &mut Spool) {
        while count > 0 {
            match self.take_some(count.min(CHUNK)) {
                Ok(taken) if taken > 0 => {
                    spool.append(&self.buffer[..taken]);
                    count -= taken;
                }
                Err(Errno::INTR) => {}
                // The command has read what is not there any more.
                _ => {
                    spool.lose(Lost::Shared);
                    return;
                }
            }
        }
    }

    fn take_some(&mut self, count: usize) -> Result<usize, Errno> {
        if self.is_socket {
            let (_, taken) = rustix::net::recv(ours(), &mut self.buffer[..count], RecvFlags::DONTWAIT)?;
            return Ok(taken);
        }
        let moved = splice(ours(), None, &self.writer, None, count, SpliceFlags::NONBLOCK)?;
        Ok(self.read_own(moved))
    }

    /// Empties the command's pipe: how many bytes it had not read.
    pub(super) fn drain(&mut self, pipe: BorrowedFd<'_>) -> usize {
        let mut drained = 0;
        loop {
            match splice(pipe, None, &self.writer, None, CHUNK, SpliceFlags::NONBLOCK) {
                Ok(0) => return drained,
                Ok(moved) => {
                    self.discard(moved);
                    drained += moved;
                }
                Err(Errno::INTR) => {}
                Err(_) => return drained,
            }
        }
    }

    fn discard(&mut self, mut count: usize) {
        while count > 0 {
            match self.read_own(count.min(CHUNK)) {
                0 => return,
                read => count -= read,
            }
        }
    }

    /// Reads from our own pipe into the buffer.
    fn read_own(&mut self, count: usize) -> usize {
        let mut filled = 0;
        while filled < count {
            match rustix::io::read(&self.reader, &mut self.buffer[filled..count]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        filled
    }
}

/// Whether nobody is left who could write.
fn has_hung_up() -> bool {
    let stdin = ours();
    let mut watched = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|found| found > 0)
        && watched[0].revents().contains(PollFlags::HUP)
}
