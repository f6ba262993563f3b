//! Input that is used up by reading: each attempt gets what earlier ones have read, and then what comes.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;

use super::buffer::{InputLoss, ReplayBuffer};
use super::feed::Feed;
use super::source::Source;

pub(super) struct Replay {
    source: Source,
    buffer: ReplayBuffer,
    /// The running attempt has this, always a pipe: a file would begin anew for each who opens /dev/stdin.
    given: Option<Box<Feed>>,
    /// Why the running attempt has the input itself: nothing of that can be kept.
    unfed: Option<Errno>,
    /// All that there was is in the buffer.
    exhausted: bool,
    last: bool,
}

impl Replay {
    /// Replays a stream of bytes. `limit`: so many of them are kept at most.
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

    /// Fails if the next attempt cannot have it now. What was kept stays.
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

    pub(super) fn loss(&self) -> Option<&InputLoss> {
        self.buffer.loss()
    }
}
