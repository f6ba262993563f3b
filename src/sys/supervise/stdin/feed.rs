//! The pipe to one attempt: first what earlier attempts have read, then the live input.
//!
//! The pipe has one slot until the command has proved a reader: a command that reads nothing costs one page. Each byte of
//! the live input in it still stands in descriptor 0 as well (the window); those that the command has read are taken from
//! there, and the rest is left behind. We keep the pipe's reading end, to count and to empty it: a process that the attempt
//! left behind gets no byte that another attempt gets too.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Stat;
use rustix::io::Errno;
use tokio::io::Interest;

use super::eager::Eager;
#[cfg(target_os = "linux")]
use super::exact::Exact;
use super::spool::{Lost, Spool};
use super::watch::Watch;

/// How much is moved at once.
pub(super) const CHUNK: usize = 64 << 10;
/// One slot of a pipe, or less.
pub(super) const PAGE: usize = 4096;
/// The first wait for what may not be told, and the longest.
const PATIENCE: Duration = Duration::from_millis(1);
const LONGEST_PATIENCE: Duration = Duration::from_millis(128);
/// So often the pipe is filled before signals and timers get their turn.
const ROUNDS: usize = 16;
/// How often we look when the runtime would not watch for us.
const BLIND: Duration = Duration::from_millis(10);

/// Where the live input comes from.
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
    /// It cannot be read so; the source has become another.
    #[cfg(target_os = "linux")]
    Otherwise,
}

impl Source {
    /// None: it cannot be replayed.
    #[cfg(target_os = "linux")]
    pub(super) fn find(stat: &Stat) -> Option<Self> {
        Exact::find(stat).map(Self::Exact)
    }

    /// None: it cannot be replayed.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn find(stat: &Stat) -> Option<Self> {
        Eager::find(stat).map(Self::Eager)
    }

    fn extend(&mut self, window: usize, pipe: BorrowedFd<'_>, spool: &mut Spool) -> Found {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => {
                let found = exact.extend(window, pipe, spool);
                if matches!(found, Found::Otherwise) {
                    *self = Self::Eager(Eager::default());
                }
                found
            }
            Self::Eager(eager) => eager.extend(pipe, spool),
        }
    }

    /// Takes what the command has read.
    fn take(&mut self, count: usize, spool: &mut Spool) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Exact(exact) => exact.take(count, spool),
            Self::Eager(_) => debug_assert_eq!(count, 0, "what is moved is no part of the window"),
        }
    }

    /// Empties the pipe. How many bytes were left in it, where that matters.
    fn drain(&mut self, reader: BorrowedFd<'_>) -> usize {
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

pub(super) struct Feed {
    // The registrations end before the descriptors are closed.
    room: Watch,
    input: Watch,
    /// None: the command has been told the end.
    writer: Option<OwnedFd>,
    reader: OwnedFd,
    /// How many bytes were put into the pipe.
    written: u64,
    /// How much of the spool is to be replayed, and was.
    replay: u64,
    replayed: u64,
    /// Whether anything can follow the spool.
    live: bool,
    /// The bytes in the pipe, all at its end, that still stand in the source.
    window: usize,
    /// How many bytes the pipe holds.
    #[cfg(target_os = "linux")]
    capacity: usize,
    /// Whether the command has read anything.
    #[cfg(target_os = "linux")]
    reads: bool,
    needs: Needs,
    /// How long to wait for what may not be told.
    patience: Duration,
    /// Since [`Needs::Turn`], somebody else had one.
    yielded: bool,
}

/// What the next step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Live input: the source is empty.
    Input,
    /// Live input, or that the command has read. Neither is always told: a writer that fills the source's pipe with one
    /// large write says nothing if that was not empty, and our own pipe says nothing if it was not full.
    Either,
    /// Room in the pipe, which is full.
    Room,
    /// That everything else had its turn.
    Turn,
    /// Nothing any more: the command has been told the end, and all that comes before it is in the pipe.
    End,
}

impl Feed {
    pub(super) fn new(source: &Source, spool: &Spool, live: bool) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
        // Each end has flags of its own: the command's end blocks.
        rustix::io::ioctl_fionbio(&writer, true)?;
        #[cfg(not(target_os = "linux"))]
        let _ = source;
        Ok(Self {
            #[cfg(target_os = "linux")]
            capacity: match source {
                Source::Exact(_) => rustix::pipe::fcntl_setpipe_size(&writer, PAGE)?,
                Source::Eager(_) => CHUNK,
            },
            room: Watch::default(),
            input: Watch::default(),
            writer: Some(writer),
            reader,
            written: 0,
            replay: spool.length(),
            replayed: 0,
            live,
            window: 0,
            #[cfg(target_os = "linux")]
            reads: false,
            needs: Needs::Nothing,
            patience: PATIENCE,
            yielded: false,
        })
    }

    /// The command's end.
    pub(super) fn reader(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    // Never part of its caller: the stack for the buffer below would be touched on each turn of every run.
    /// Takes what was read and puts more into the pipe. False if what was kept cannot be had: then the command must not
    /// be told an end that is none.
    #[inline(never)]
    pub(super) fn step(&mut self, source: &mut Source, spool: &mut Spool) -> bool {
        if self.writer.is_none() {
            return true;
        }
        self.settle(source, spool);
        let filled = self.fill(source, spool);
        self.needs = *filled.as_ref().unwrap_or(&Needs::Nothing);
        if self.needs == Needs::End {
            self.room = Watch::default();
            self.writer = None;
        }
        if let Err(errno) = filled {
            spool.lose(Lost::NotRead(errno));
        }
        filled.is_ok()
    }

    /// Takes from the source what the command has read since the last time.
    fn settle(&mut self, source: &mut Source, spool: &mut Spool) {
        let unread = rustix::io::ioctl_fionread(&self.reader).unwrap_or(self.written);
        let unread_window = self.window.min(usize::try_from(unread).unwrap_or(usize::MAX));
        if unread_window < self.window {
            source.take(self.window - unread_window, spool);
            self.window = unread_window;
            self.patience = PATIENCE;
        }
        #[cfg(target_os = "linux")]
        {
            self.reads |= unread < self.written;
        }
    }

    /// Makes the full pipe larger, if the command reads and there is more for it. False if it stays full.
    #[cfg(target_os = "linux")]
    fn grow(&mut self, source: &Source) -> bool {
        let Source::Exact(exact) = source else { return false };
        let wanted = self.reads
            && self.capacity < CHUNK
            && exact.can_append()
            && (self.replayed < self.replay || Exact::has_more_than(self.window));
        let Some(writer) = self.writer.as_ref().filter(|_| wanted) else { return false };
        // Refused, if the user has too many pipes: then it stays as it is.
        rustix::pipe::fcntl_setpipe_size(writer, CHUNK).is_ok_and(|size| {
            self.capacity = size;
            true
        })
    }

    /// Makes the pipe as small as what is in it: full, it tells us when the command reads. Sizes are powers of two, so that
    /// cannot always be.
    #[cfg(target_os = "linux")]
    fn fit(&mut self) {
        let Some(writer) = &self.writer else { return };
        let mut size = self.window.next_multiple_of(PAGE).next_power_of_two();
        while size < self.capacity {
            // Refused while more slots are in use.
            if let Ok(size) = rustix::pipe::fcntl_setpipe_size(writer, size) {
                self.capacity = size;
                return;
            }
            size *= 2;
        }
    }

    /// Nothing new has come, and the pipe has room: what is to be waited for. None: something was read just now.
    fn idle(&mut self, source: &mut Source, spool: &mut Spool) -> Option<Needs> {
        let window = self.window;
        self.settle(source, spool);
        if self.window != window {
            return None;
        }
        if window == 0 {
            return Some(Needs::Input);
        }
        #[cfg(target_os = "linux")]
        self.fit();
        if self.writer.as_ref().is_some_and(is_full) {
            return Some(Needs::Room);
        }
        self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
        Some(Needs::Either)
    }

    fn fill(&mut self, source: &mut Source, spool: &mut Spool) -> Result<Needs, Errno> {
        for _ in 0..ROUNDS {
            let Some(writer) = &self.writer else { return Ok(Needs::Nothing) };
            if is_full(writer) {
                #[cfg(target_os = "linux")]
                if self.grow(source) {
                    continue;
                }
                return Ok(Needs::Room);
            }
            if self.replayed < self.replay {
                let mut bytes = [0; PAGE * 4];
                let read = spool.read(&mut bytes, self.replayed)?;
                let left = usize::try_from(self.replay - self.replayed).unwrap_or(usize::MAX);
                let written = write_some(writer, &bytes[..read.min(left)]);
                self.replayed += written as u64;
                self.written += written as u64;
                continue;
            }
            if !self.live {
                return Ok(Needs::End);
            }
            // The pipe was emptied since we settled.
            #[cfg(target_os = "linux")]
            if self.window > 0 && matches!(source, Source::Exact(exact) if !exact.can_append()) {
                self.settle(source, spool);
            }
            let Some(writer) = &self.writer else { return Ok(Needs::Nothing) };
            let found = source.extend(self.window, writer.as_fd(), spool);
            match found {
                #[cfg(target_os = "linux")]
                Found::Copied(count) => {
                    self.window += count;
                    self.written += count as u64;
                }
                Found::Moved(count) => self.written += count as u64,
                Found::Full => return Ok(Needs::Room),
                Found::Nothing => {
                    if let Some(needs) = self.idle(source, spool) {
                        return Ok(needs);
                    }
                }
                Found::End => return Ok(Needs::End),
                #[cfg(target_os = "linux")]
                Found::Otherwise => {}
            }
        }
        Ok(Needs::Turn)
    }

    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match (self.needs, &self.writer) {
            (Needs::Input | Needs::Either, _) => {
                self.input.poll_ready(super::ours(), Interest::READABLE, context)
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
            Needs::Either => Some(self.patience),
            Needs::Input => self.input.blind.then_some(BLIND),
            Needs::Room => self.room.blind.then_some(BLIND),
            Needs::Nothing | Needs::Turn | Needs::End => None,
        }
    }

    /// The attempt is over. True if nothing is left of the live input but what the spool has.
    pub(super) fn finish(&mut self, source: &mut Source, spool: &mut Spool) -> bool {
        let left = self.window.min(source.drain(self.reader.as_fd()));
        if left < self.window {
            source.take(self.window - left, spool);
            self.window = left;
        }
        self.needs == Needs::End && left == 0
    }
}

fn is_full(writer: &OwnedFd) -> bool {
    let mut watched = [PollFd::new(writer, PollFlags::OUT)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) == Ok(0)
}

/// Writes what the pipe takes at once.
pub(super) fn write_some(pipe: impl AsFd, bytes: &[u8]) -> usize {
    rustix::io::write(pipe, bytes).unwrap_or(0)
}
