//! Writes held output to its original destination, like output that is passed on: without ever blocking.

use std::io;
use std::ops::Range;
use std::task::{Context, Poll};
use std::time::Duration;

use super::capture::terminal_of;
use super::outlet::Outlet;
use super::output::STALLED_READER_LIMIT;
use super::pause;
use crate::classify::Stream;
use crate::sys::spool::{Cursor, HeldOutput, Read};

/// The bytes per write.
const BUFFER_BYTES: usize = 64 * 1024;
/// The number of writes before signals are handled.
const TURN_PIECES: usize = 8;

/// The streams that are to be delivered; the others are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

pub(super) struct Delivery {
    held: HeldOutput,
    cursor: Cursor,
    wanted: Wanted,
    /// Those of stdout and stderr, opened on first use.
    outlets: [Way; 2],
    buffer: Box<[u8]>,
    pending: Range<usize>,
    to: usize,
    stuck: bool,
    refused: Option<(Stream, io::Error)>,
    over: bool,
    /// When we give up on a reader that accepts nothing; `None`: never.
    give_up_at: Option<Duration>,
}

enum Way {
    Unknown,
    Open(Outlet),
    /// There is no reader, or writes fail.
    Blocked,
}

impl Delivery {
    /// A delivery of these streams. `hurried`: only waits for a reader as long as it accepts something.
    pub(super) fn new(mut held: HeldOutput, wanted: Wanted, hurried: bool) -> Self {
        held.finish();
        let cursor = held.beginning();
        Self {
            held,
            cursor,
            wanted,
            outlets: [Way::Unknown, Way::Unknown],
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            pending: 0..0,
            to: 0,
            stuck: false,
            refused: None,
            over: false,
            give_up_at: hurried.then(|| pause::now() + STALLED_READER_LIMIT),
        }
    }

    /// Whether something can be done without waiting.
    pub(super) fn is_runnable(&self) -> bool {
        !self.stuck
    }

    /// The time at which [`Delivery::is_given_up`] may have become true.
    pub(super) fn due(&self) -> Option<Duration> {
        self.give_up_at.filter(|_| self.stuck)
    }

    /// Whether the reader has accepted nothing for too long.
    pub(super) fn is_given_up(&self) -> bool {
        self.due().is_some_and(|at| at <= pause::now())
    }

    /// Ready when [`Delivery::run`] has something to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.stuck {
            return Poll::Ready(());
        }
        let Way::Open(outlet) = &mut self.outlets[self.to] else { return Poll::Ready(()) };
        let ready = outlet.poll_writable(context);
        self.stuck = ready.is_pending();
        ready
    }

    /// Writes what is accepted, up to a bound. True if everything was written.
    pub(super) fn run(&mut self) -> bool {
        for _ in 0..TURN_PIECES {
            self.flush();
            if self.stuck || self.over {
                break;
            }
            match self.held.read(&mut self.cursor, &mut self.buffer) {
                Ok(Some(read)) => self.begin(read),
                Ok(None) => self.over = true,
                // Our own lines can still be written.
                Err(why) => {
                    self.refused.get_or_insert((Stream::Merged, why));
                }
            }
        }
        self.over
    }

    /// The stream that could not be written, and why, if any.
    pub(super) fn into_refused(self) -> Option<(Stream, io::Error)> {
        self.refused
    }

    fn begin(&mut self, Read { stream, length }: Read) {
        let (to, wanted) = match stream {
            Stream::Stderr => (1, self.wanted.stderr),
            Stream::Stdout | Stream::Merged => (0, self.wanted.stdout),
        };
        if !wanted {
            return;
        }
        self.to = to;
        if matches!(self.outlets[to], Way::Unknown) {
            self.outlets[to] = Way::Open(Outlet::new(terminal_of(stream)));
        }
        self.pending = 0..length;
    }

    fn flush(&mut self) {
        while !self.pending.is_empty() && !self.stuck {
            let Way::Open(outlet) = &self.outlets[self.to] else {
                self.pending = 0..0;
                return;
            };
            match outlet.write(&self.buffer[self.pending.clone()]) {
                Ok(Some(written)) => {
                    self.pending.start += written;
                    self.give_up_at = self.give_up_at.map(|_| pause::now() + STALLED_READER_LIMIT);
                }
                Ok(None) => self.stuck = true,
                // A reader that closed the pipe has read enough.
                Err(errno) if outlet.is_readers_fault(errno) => self.outlets[self.to] = Way::Blocked,
                Err(errno) => {
                    let stream = if self.to == 1 { Stream::Stderr } else { Stream::Stdout };
                    self.outlets[self.to] = self.block(stream, errno.into());
                }
            }
        }
    }

    fn block(&mut self, stream: Stream, why: io::Error) -> Way {
        self.refused.get_or_insert((stream, why));
        Way::Blocked
    }
}
