//! Moves a captured stream: reads it from the command, passes it on, then shows it to the tap. At high volume the kernel
//! passes it on before it is read.
//!
//! A pump reads again only when everything read so far has been written, so that a slow reader slows the command down as it
//! would without us. The pump itself never blocks.

#[cfg(has_tee)]
mod shortcut;
#[cfg(not(has_tee))]
#[path = "pump/no_shortcut.rs"]
mod shortcut;

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::late_reader::LateStream;
use super::outlet::Outlet;
use crate::classify::{Observed, Stream, Tap};
use crate::sys::spool::HeldOutput;

/// The most bytes per read: as many as stay in a processor's own cache until they are passed on and inspected.
const BUFFER_BYTES: usize = 64 * 1024;
/// A read of fewer bytes is not high volume: lines, as most commands write them.
const MAY_FLOOD_BYTES: usize = 4096;
/// The most bytes that are passed on before signals and timers are handled.
const TURN_BYTES: usize = 512 * 1024;
/// The most reads before they are handled.
const TURN_READS: usize = 64;
/// The most bytes that a pseudo-terminal may still hold, which it does not report.
const TERMINAL_BYTES: u64 = 128 * 1024;

/// The destination of the bytes.
pub(super) enum Sink {
    Outlet(Outlet),
    /// Held back.
    Held,
    Nowhere,
}

/// The reason why a stream was not passed on completely.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It no longer has a reader.
    ReaderGone,
    /// The destination rejects it, for example because the disk is full.
    Refused(io::Error),
    /// We stopped waiting for its reader.
    Abandoned,
}

/// The side of a pump that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The command, which has not written anything more.
    Command,
    /// The reader, which accepted nothing.
    Reader,
}

/// The result of moving pages. All counts are bytes.
#[cfg_attr(not(has_tee), expect(dead_code, reason = "pages are never handed over"))]
enum Shortcut {
    /// Moved, and removed from the source.
    Moved(usize),
    /// Moved, and still to be read from the source for the tap.
    Copied(usize),
    /// The reader's pipe is full.
    Full,
    /// There is too little in the pipe, or too little that the tap need not see.
    Trickle,
}

/// A stream that is being moved.
pub(super) struct Pump {
    pub(super) stream: Stream,
    /// `None` at the end of the stream, or once nothing needs it any more.
    source: Option<AsyncFd<OwnedFd>>,
    /// The source if other processes may still write to it, although we no longer wait for them.
    left: Option<OwnedFd>,
    is_terminal: bool,
    sink: Sink,
    buffer: Box<[u8]>,
    /// The part of the buffer that is to be written.
    pending: Range<usize>,
    waits_for: Option<Side>,
    /// The kernel has not refused to move pages.
    takes_shortcuts: bool,
    /// The last read returned so much that the volume may be high.
    may_flood: bool,
    /// Bytes that the kernel has passed on and that are still to be read for the tap.
    ahead: usize,
    /// Bytes that were still in the pipe when the command exited; they are passed on in any case.
    owed: u64,
    pub(super) bytes: u64,
    pub(super) cut: Option<Cut>,
}

impl Pump {
    pub(super) fn new(stream: Stream, source: OwnedFd, is_terminal: bool, sink: Sink) -> io::Result<Self> {
        // SAFETY: the descriptor is open, owned by the `AsyncFd`, and not replaced during its lifetime.
        let source = unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) }?;
        Ok(Self {
            stream,
            source: Some(source),
            left: None,
            is_terminal,
            sink,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            pending: 0..0,
            waits_for: None,
            takes_shortcuts: !is_terminal,
            may_flood: false,
            ahead: 0,
            owed: 0,
            bytes: 0,
            cut: None,
        })
    }

    /// The pseudo-terminal, if it is one and still open.
    pub(super) fn terminal(&self) -> Option<&OwnedFd> {
        self.source.as_ref().filter(|_| self.is_terminal).map(AsyncFd::get_ref)
    }

    /// Whether something can be done at once.
    pub(super) fn is_runnable(&self) -> bool {
        self.waits_for.is_none() && !self.is_over()
    }

    /// Whether the reader is being waited for.
    pub(super) fn is_stuck(&self) -> bool {
        self.waits_for == Some(Side::Reader) && !self.is_over()
    }

    /// Bytes that were read and are not waiting for their reader.
    pub(super) fn passed_on(&self) -> u64 {
        self.bytes.saturating_sub(self.pending.len() as u64)
    }

    pub(super) fn is_over(&self) -> bool {
        self.source.is_none() && self.pending.is_empty()
    }

    /// Ready when [`Pump::run`] has something to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_over() {
            return Poll::Pending;
        }
        let ready = match (self.waits_for, &mut self.sink, &self.source) {
            (Some(Side::Reader), Sink::Outlet(outlet), _) => outlet.poll_writable(context),
            (Some(Side::Command), _, Some(source)) => source.poll_read_ready(context).map(|ready| {
                // Consumed by the read that follows.
                if let Ok(mut ready) = ready {
                    ready.clear_ready();
                }
            }),
            // There is nothing to wait for.
            _ => Poll::Ready(()),
        };
        if ready.is_ready() {
            self.waits_for = None;
        }
        ready
    }

    /// Passes on what it can, up to a bound, and shows the tap what it must see. `late`: waits only for bytes that are owed.
    pub(super) fn run(&mut self, observed: Observed, tap: &mut dyn Tap, held: &mut HeldOutput, late: bool) {
        let before = self.bytes;
        for _ in 0..TURN_READS {
            self.flush();
            if late && self.owed == 0 && self.pending.is_empty() && self.ahead == 0 {
                self.leave_source();
            }
            if self.waits_for.is_some() || self.source.is_none() || self.bytes - before >= TURN_BYTES as u64 {
                break;
            }
            if self.hand_over(observed) {
                tap.skip(self.stream);
                continue;
            }
            if self.waits_for.is_some() {
                break;
            }
            let length = self.read(held);
            if length > 0 && observed != Observed::Nothing {
                tap.take(self.stream, &self.buffer[..length]);
            }
        }
        if late && self.waits_for == Some(Side::Command) {
            self.leave_source();
        }
    }

    /// Does not wait for its end any more.
    fn leave_source(&mut self) {
        if let Some(source) = self.source.take() {
            self.left = Some(source.into_inner());
        }
    }

    /// The stream, if it was not at its end when we stopped waiting for it.
    pub(super) fn take_late(&mut self) -> Option<LateStream> {
        let from = self.left.take()?;
        let to = if let Sink::Outlet(outlet) = &self.sink { outlet.as_file() } else { None };
        Some(LateStream { from: Some(from), to })
    }

    /// Lets the kernel pass on the available bytes, if both sides are pipes and there are many. True if it passed on bytes that
    /// the tap need not see; those that it must see are read next.
    fn hand_over(&mut self, observed: Observed) -> bool {
        let (Sink::Outlet(outlet), Some(source)) = (&self.sink, &self.source) else { return false };
        if !self.takes_shortcuts || !self.may_flood || self.ahead > 0 {
            return false;
        }
        let Some(outlet) = outlet.as_pipe() else { return false };
        match shortcut::hand_over(source.get_ref().as_fd(), outlet, observed, self.buffer.len()) {
            Ok(Shortcut::Moved(length)) => {
                self.count(length);
                return true;
            }
            Ok(Shortcut::Copied(length)) => self.ahead = length,
            Ok(Shortcut::Full) => self.waits_for = Some(Side::Reader),
            Ok(Shortcut::Trickle) => {}
            // If the reader is the problem, a write will report it.
            Err(_) => self.takes_shortcuts = false,
        }
        false
    }

    /// Reads into the buffer, and passes its bytes on unless the kernel has. Returns the number of bytes in it.
    fn read(&mut self, held: &mut HeldOutput) -> usize {
        let Some(source) = &self.source else { return 0 };
        let limit = if self.ahead > 0 { self.ahead } else { self.buffer.len() };
        match rustix::io::read(source.get_ref(), &mut self.buffer[..limit]) {
            Ok(length @ 1..) => {
                self.count(length);
                self.may_flood = self.ahead > 0 || length >= MAY_FLOOD_BYTES;
                if self.ahead > 0 {
                    self.ahead -= length;
                    return length;
                }
                match self.sink {
                    Sink::Outlet(_) => {
                        self.pending = 0..length;
                        self.flush();
                    }
                    Sink::Held => held.append(self.stream, &self.buffer[..length]),
                    Sink::Nowhere => {}
                }
                return length;
            }
            Err(Errno::AGAIN) => self.waits_for = Some(Side::Command),
            Err(Errno::INTR) => {}
            // The end of the stream, which is EIO for a pseudo-terminal.
            Ok(0) | Err(_) => self.source = None,
        }
        0
    }

    fn count(&mut self, length: usize) {
        self.bytes += length as u64;
        self.owed = self.owed.saturating_sub(length as u64);
    }

    /// Writes what is pending, as far as the reader accepts it.
    fn flush(&mut self) {
        let Sink::Outlet(outlet) = &self.sink else { return };
        while !self.pending.is_empty() && self.waits_for.is_none() {
            match outlet.write(&self.buffer[self.pending.clone()]) {
                Ok(Some(written)) => self.pending.start += written,
                Ok(None) => self.waits_for = Some(Side::Reader),
                Err(errno) => {
                    let gone = outlet.is_readers_fault(errno);
                    return self.fail(errno, gone);
                }
            }
        }
    }

    /// Handles a failed write. The command must notice it as it would without us: by its own next write. Only stderr is dropped
    /// instead if its destination rejects it, since hardly any command ends because of that.
    fn fail(&mut self, errno: Errno, gone: bool) {
        self.pending = 0..0;
        self.cut = Some(if gone { Cut::ReaderGone } else { Cut::Refused(errno.into()) });
        if gone || self.stream != Stream::Stderr {
            self.source = None;
        } else {
            self.sink = Sink::Nowhere;
        }
    }

    /// The command has ended: the bytes it left in the pipe are owed.
    pub(super) fn begin_end(&mut self) {
        let Some(source) = &self.source else { return };
        let left = rustix::io::ioctl_fionread(source.get_ref()).unwrap_or(0);
        self.owed = if self.is_terminal { left.max(TERMINAL_BYTES) } else { left };
        // Bytes that arrived since the last check may not have been noticed.
        self.waits_for = self.waits_for.filter(|side| *side != Side::Command);
    }

    /// Drops what is not yet passed on.
    pub(super) fn abandon(&mut self) {
        if !self.is_over() {
            self.cut.get_or_insert(Cut::Abandoned);
        }
        self.pending = 0..0;
        self.source = None;
    }
}
