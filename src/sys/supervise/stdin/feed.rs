//! The pipe to one attempt: first what earlier attempts have read, then the live input.
//!
//! The pipe has one slot until the command has read something: a command that reads nothing costs one page. Each byte of the
//! live input in it is still in its source as well (the window); those that the command has read are consumed there, and the
//! rest is left. We keep the pipe's reading end, to count and to empty it: a process that the attempt left behind gets no byte
//! that another attempt gets too.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::io::Interest;

use super::buffer::{InputLoss, ReplayBuffer};
use super::eager::has_input;
use super::source::{Found, Source};
use crate::sys::supervise::os;
use crate::sys::supervise::watch::Watch;

/// The most bytes per move.
pub(super) const CHUNK: usize = 64 << 10;
/// Bytes in one slot of a pipe, or fewer.
pub(super) const PAGE: usize = 4096;
/// The first and the longest wait for an event that may not be reported.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const MAX_WAIT: Duration = Duration::from_millis(128);
/// How often the pipe is filled before signals and timers are handled.
const TURN_FILLS: usize = 16;
/// The time between checks if the runtime cannot watch the descriptor.
const BLIND_INTERVAL: Duration = Duration::from_millis(10);

pub(super) struct Feed {
    // The registrations end before the descriptors are closed.
    room: Watch,
    input: Watch,
    /// `None`: the command has seen the end.
    writer: Option<OwnedFd>,
    reader: OwnedFd,
    /// The number of bytes put into the pipe.
    written: u64,
    /// How much of the spool is to be replayed, and how much has been.
    replay: u64,
    replayed: u64,
    /// Whether anything can follow the spool.
    live: bool,
    /// The bytes at the end of the pipe that are still in the source.
    window: usize,
    /// How many bytes the pipe holds.
    capacity: usize,
    /// Whether the command has read anything.
    reads: bool,
    needs: Needs,
    /// The time to wait for an event that may not be reported.
    wait: Duration,
    /// Other work has had its turn since [`Needs::Turn`].
    yielded: bool,
}

/// The event that the next step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Live input: the source is empty.
    Input,
    /// Live input, or a read by the command. Neither is always reported: there is no event if a writer adds to a source's pipe
    /// that was not empty, or if the command reads from our pipe when it was not full.
    Either,
    /// Room in the pipe, which is full.
    Room,
    /// A turn for other work.
    Turn,
    /// Nothing more: the end has been signalled, and everything before it is in the pipe.
    End,
}

impl Feed {
    /// A pipe for the bytes of the spool, followed, if `live`, by those of the source.
    pub(super) fn new(source: &mut Source, spool: &ReplayBuffer, live: bool) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
        // Each end has flags of its own: the command's end blocks.
        rustix::io::ioctl_fionbio(&writer, true)?;
        source.forget();
        Ok(Self {
            capacity: first_capacity(source, &writer),
            room: Watch::default(),
            input: Watch::default(),
            writer: Some(writer),
            reader,
            written: 0,
            replay: spool.length(),
            replayed: 0,
            live,
            window: 0,
            reads: false,
            needs: Needs::Nothing,
            wait: FIRST_WAIT,
            yielded: false,
        })
    }

    /// The command's end.
    pub(super) fn reader(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    // Never inlined: the stack for the buffer below would be touched on each iteration of every run.
    /// Consumes what was read and puts more into the pipe. False if the kept bytes cannot be read: then the command must not
    /// see a premature end.
    #[inline(never)]
    pub(super) fn step(&mut self, source: &mut Source, spool: &mut ReplayBuffer) -> bool {
        if self.writer.is_none() {
            return true;
        }
        let filled = self.settle(source, spool).and_then(|()| self.fill(source, spool));
        self.needs = *filled.as_ref().unwrap_or(&Needs::Nothing);
        if self.needs == Needs::End {
            self.room = Watch::default();
            self.writer = None;
        }
        filled.map_err(|lost| spool.lose(lost)).is_ok()
    }

    /// Consumes in the source what the command has read since the last time.
    fn settle(&mut self, source: &mut Source, spool: &mut ReplayBuffer) -> Result<(), InputLoss> {
        let uncounted = |_| if has_input(self.reader.as_fd()) { self.written } else { 0 };
        let unread = rustix::io::ioctl_fionread(&self.reader).unwrap_or_else(uncounted);
        self.reads |= unread < self.written;
        let mut read = self.window - self.window.min(usize::try_from(unread).unwrap_or(usize::MAX));
        if read > 0 || self.window > 0 && source.is_contended() {
            let others = source.taken_by_others(read);
            if source.is_contended() {
                read = self.withdraw(source);
            }
            source.take(read, others, spool)?;
            self.window -= read;
            if source.is_contended() {
                self.window = 0;
            }
            self.wait = FIRST_WAIT;
        }
        Ok(())
    }

    /// Takes back what the command has not read. Returns how much of the window it has read.
    fn withdraw(&mut self, source: &mut Source) -> usize {
        let unread = source.drain(self.reader.as_fd());
        self.written -= unread as u64;
        // Bytes that are not in the source were read by earlier attempts.
        let left = unread.min(self.window);
        self.replayed -= (unread - left) as u64;
        self.window - left
    }

    /// Enlarges the full pipe, if the command reads and there is more for it. False if it stays full.
    fn grow(&mut self, source: &Source) -> bool {
        let more = || match source {
            Source::Exact(exact) => {
                exact.can_append() && (self.replayed < self.replay || exact.has_more_than(self.window))
            }
            Source::Eager(eager) => eager.is_hasty(),
        };
        let wanted = self.reads && self.capacity < CHUNK && more();
        let Some(writer) = self.writer.as_ref().filter(|_| wanted) else { return false };
        // Refused, if the user has too many pipes: then it stays as it is.
        os::resize(writer.as_fd(), CHUNK).is_some_and(|size| {
            self.capacity = size;
            true
        })
    }

    /// Shrinks the pipe to its contents: when it is full, a read by the command is reported. Sizes are powers of two, so this
    /// is not always possible.
    fn fit(&mut self) {
        let Some(writer) = &self.writer else { return };
        let mut size = self.window.next_multiple_of(PAGE).next_power_of_two();
        while size < self.capacity {
            // Refused while more slots are in use.
            if let Some(size) = os::resize(writer.as_fd(), size) {
                self.capacity = size;
                return;
            }
            size *= 2;
        }
    }

    /// Nothing new has arrived, and the pipe has room: returns the event to wait for; `None` if something was read just now.
    fn idle(&mut self, source: &mut Source, spool: &mut ReplayBuffer) -> Result<Option<Needs>, InputLoss> {
        let window = self.window;
        self.settle(source, spool)?;
        if self.window != window {
            return Ok(None);
        }
        if window == 0 {
            return Ok(Some(Needs::Input));
        }
        self.fit();
        if self.writer.as_ref().is_some_and(is_full) {
            return Ok(Some(Needs::Room));
        }
        self.wait = (self.wait * 2).min(MAX_WAIT);
        Ok(Some(Needs::Either))
    }

    /// Writes what earlier attempts have read. False if nothing of it is left.
    fn replay(&mut self, spool: &ReplayBuffer) -> Result<bool, InputLoss> {
        let Some(writer) = self.writer.as_ref().filter(|_| self.replayed < self.replay) else {
            return Ok(false);
        };
        let mut bytes = [0; PAGE * 4];
        let read = spool.read(&mut bytes, self.replayed).map_err(InputLoss::NotRead)?;
        let left = usize::try_from(self.replay - self.replayed).unwrap_or(usize::MAX);
        let written = write_some(writer, &bytes[..read.min(left)]).map_err(InputLoss::Broken)? as u64;
        self.replayed += written;
        self.written += written;
        Ok(true)
    }

    fn fill(&mut self, source: &mut Source, spool: &mut ReplayBuffer) -> Result<Needs, InputLoss> {
        for _ in 0..TURN_FILLS {
            let Some(writer) = &self.writer else { return Ok(Needs::Nothing) };
            if is_full(writer) {
                if self.grow(source) {
                    continue;
                }
                return Ok(Needs::Room);
            }
            if self.replay(spool)? {
                continue;
            }
            if !self.live {
                return Ok(Needs::End);
            }
            // The pipe was emptied since we settled.
            if self.window > 0 && matches!(source, Source::Exact(exact) if !exact.can_append()) {
                self.settle(source, spool)?;
            }
            let Some(writer) = &self.writer else { return Ok(Needs::Nothing) };
            let room = self.capacity.saturating_sub(self.window);
            let found = source.extend(self.window, room, writer.as_fd(), spool);
            match found {
                Found::Copied(count) => {
                    self.window += count;
                    self.written += count as u64;
                }
                Found::Moved(count) => self.written += count as u64,
                Found::Full => return Ok(Needs::Room),
                Found::Nothing => {
                    if let Some(needs) = self.idle(source, spool)? {
                        return Ok(needs);
                    }
                }
                Found::End => return Ok(Needs::End),
                Found::Broken(errno) => return Err(InputLoss::Broken(errno)),
                Found::Otherwise => {}
            }
        }
        Ok(Needs::Turn)
    }

    pub(super) fn poll_ready(&mut self, source: &Source, context: &mut Context<'_>) -> Poll<()> {
        match (self.needs, &self.writer) {
            (Needs::Input | Needs::Either, _) => {
                self.input.poll_ready(source.fd(), Interest::READABLE, context)
            }
            (Needs::Room, Some(writer)) => self.room.poll_ready(writer.as_fd(), Interest::WRITABLE, context),
            (Needs::Turn, _) => {
                self.yielded = !self.yielded;
                if self.yielded {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }

    pub(super) fn due(&self) -> Option<Duration> {
        match self.needs {
            Needs::Either => Some(self.wait),
            Needs::Input => self.input.blind.then_some(BLIND_INTERVAL),
            Needs::Room => self.room.blind.then_some(BLIND_INTERVAL),
            Needs::Nothing | Needs::Turn | Needs::End => None,
        }
    }

    /// The attempt is over. True if the spool has everything that is left of the live input.
    pub(super) fn finish(&mut self, source: &mut Source, spool: &mut ReplayBuffer) -> bool {
        let left = self.window.min(source.drain(self.reader.as_fd()));
        let read = self.window - left;
        if read > 0 {
            let others = source.taken_by_others(read);
            if let Err(lost) = source.take(read, others, spool) {
                spool.lose(lost);
            }
        }
        self.needs == Needs::End && left == 0
    }
}

/// Makes the pipe as small as possible, for a source that may be left unread.
fn first_capacity(source: &mut Source, writer: &OwnedFd) -> usize {
    let exact = match source {
        Source::Eager(eager) if eager.is_hasty() => return CHUNK,
        Source::Eager(_) => return os::resize(writer.as_fd(), PAGE).unwrap_or(CHUNK),
        Source::Exact(exact) => exact,
    };
    if let Some(capacity) = os::resize(writer.as_fd(), PAGE) {
        return capacity;
    }
    if !exact.can_append() {
        source.become_eager();
    }
    CHUNK
}

fn is_full(writer: &OwnedFd) -> bool {
    let mut watched = [PollFd::new(writer, PollFlags::OUT)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) == Ok(0)
}

/// Writes what the pipe accepts without blocking. Fails if it accepts nothing.
pub(super) fn write_some(pipe: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    match rustix::io::write(pipe, bytes) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        other => other,
    }
}
