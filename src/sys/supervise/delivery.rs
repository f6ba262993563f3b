//! Held output on its way to where it would have gone at once: written like passed-on output, without ever waiting.

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

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// Pieces that are written before signals get their turn.
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
    /// Stdout's and stderr's, opened when something is to be written.
    outlets: [Way; 2],
    buffer: Box<[u8]>,
    pending: Range<usize>,
    to: usize,
    stuck: bool,
    refused: Option<(Stream, io::Error)>,
    over: bool,
    /// The time at which a reader that takes nothing is given up; `None` where it is waited for without end.
    give_up_at: Option<Duration>,
}

enum Way {
    Unknown,
    Open(Outlet),
    /// Nobody is there, or it is refused.
    Blocked,
}

impl Delivery {
    /// A delivery of these streams. `hurried`: a reader is waited for only while it takes something.
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

    /// Something can be done without waiting.
    pub(super) fn is_runnable(&self) -> bool {
        !self.stuck
    }

    /// The time at which [`Delivery::is_given_up`] may have become true.
    pub(super) fn due(&self) -> Option<Duration> {
        self.give_up_at.filter(|_| self.stuck)
    }

    /// Whether the reader has taken nothing for too long.
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

    /// Writes what is taken, up to a bound. True when there is no more.
    pub(super) fn run(&mut self) -> bool {
        for _ in 0..TURN_PIECES {
            self.flush();
            if self.stuck || self.over {
                break;
            }
            match self.held.read(&mut self.cursor, &mut self.buffer) {
                Ok(Some(read)) => self.begin(read),
                Ok(None) => self.over = true,
                // Our own lines are still there.
                Err(why) => {
                    self.refused.get_or_insert((Stream::Merged, why));
                }
            }
        }
        self.over
    }

    /// The stream that was refused, and why, if one was.
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
                // Who closed the pipe has read enough.
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
