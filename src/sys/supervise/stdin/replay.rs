//! Input that is consumed by reading: each attempt gets what earlier ones have read, followed by the live input.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;

use super::Taken;
use super::buffer::{InputLoss, ReplayBuffer};
use super::eager::has_input;
use super::feed::{CHUNK, Feed};
use super::source::Source;
use crate::sys::spool::Spool;

pub(super) struct Replay {
    source: Source,
    buffer: ReplayBuffer,
    /// The input of the running attempt, always a pipe: a file would start from the beginning whenever /dev/stdin is opened.
    given: Option<Box<Feed>>,
    /// Why the running attempt has the input itself, of which nothing can then be kept.
    unfed: Option<Errno>,
    /// The complete input is in the buffer.
    exhausted: bool,
    last: bool,
}

impl Replay {
    /// Replays a stream of bytes. `limit`: the most bytes that are kept.
    pub(super) fn new(fd: BorrowedFd<'static>, is_socket: bool, limit: u64) -> Self {
        Self {
            source: Source::new(fd, is_socket),
            buffer: ReplayBuffer::new(limit),
            given: None,
            unfed: None,
            exhausted: false,
            last: false,
        }
    }

    /// Replays existing bytes. Nothing is read from `fd`.
    pub(super) fn of(fd: BorrowedFd<'static>, bytes: Spool) -> Self {
        Self {
            source: Source::ahead(fd),
            buffer: ReplayBuffer::of(bytes),
            given: None,
            unfed: None,
            exhausted: true,
            last: false,
        }
    }

    /// Fails if the next attempt cannot have it now. The kept bytes stay.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        let untouched = self.buffer.is_empty() && !self.exhausted;
        (self.given, self.unfed) = (None, None);
        if !(untouched && self.last) {
            match Feed::new(&mut self.source, &self.buffer, !self.exhausted) {
                Ok(feed) => self.given = Some(Box::new(feed)),
                Err(why) if untouched => {
                    self.unfed = Some(Errno::from_io_error(&why).unwrap_or(Errno::IO));
                }
                Err(why) => return Err(why),
            }
        }
        if self.last {
            self.buffer.close();
        }
        Ok(())
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.given.as_ref().map(|feed| feed.reader())
    }

    pub(super) fn step(&mut self) -> bool {
        self.given.as_mut().is_none_or(|feed| feed.step(&mut self.source, &mut self.buffer))
    }

    pub(super) fn is_fed(&self) -> bool {
        self.given.is_some()
    }

    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.given {
            Some(feed) => feed.poll_ready(&self.source, context),
            None => Poll::Pending,
        }
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.given.as_ref().and_then(|feed| feed.due())
    }

    pub(super) fn finish(&mut self) {
        if let Some(why) = self.unfed.take() {
            self.buffer.lose(InputLoss::NotFed(why));
        }
        if let Some(mut feed) = self.given.take() {
            self.exhausted |= feed.finish(&mut self.source, &mut self.buffer);
        }
    }

    pub(super) fn is_last(&mut self) {
        self.last = true;
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        self.source.fd()
    }

    /// Keeps what was read even if not all of it can be kept.
    pub(super) fn keep_part(&mut self) {
        self.buffer.keep_part();
    }

    /// The bytes read so far.
    pub(super) fn kept(&self) -> &Spool {
        self.buffer.spool()
    }

    /// Continues to read from the source, between attempts.
    pub(super) fn take_rest(&mut self) -> Taken {
        if self.exhausted || self.buffer.loss().is_some() {
            return Taken::End;
        }
        if !has_input(self.fd()) {
            return Taken::Nothing;
        }
        let mut bytes = vec![0; CHUNK];
        match rustix::io::read(self.fd(), &mut bytes[..]) {
            Ok(0) => {
                self.exhausted = true;
                Taken::End
            }
            Ok(count) => {
                self.buffer.append(&bytes[..count]);
                Taken::Some
            }
            Err(Errno::AGAIN | Errno::INTR) => Taken::Nothing,
            Err(errno) => {
                self.buffer.lose(InputLoss::Broken(errno));
                Taken::End
            }
        }
    }

    pub(super) fn loss(&self) -> Option<&InputLoss> {
        self.buffer.loss()
    }
}
