//! One captured stream on its way: read from the command, passed on, then shown to who looks on.
//!
//! It reads again only when all that it read is written, so that a slow reader slows the command down as it would
//! without us, and never waits for anybody itself.

use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::outlet::Outlet;
use crate::classify::{Stream, Tap};
use crate::sys::spool::HeldOutput;

/// Read at once.
const BUFFER: usize = 256 * 1024;
/// Passed on before signals and timers get their turn.
const BUDGET: usize = 2 * BUFFER;
/// Reads before they do.
const READS: usize = 64;
/// What a pseudo-terminal may still hold, which it does not tell.
const TERMINAL_HOLDS: u64 = 128 * 1024;

/// What becomes of the bytes.
#[derive(Debug)]
pub(super) enum Sink {
    Outlet(Outlet),
    /// They are put aside.
    Held,
    Nowhere,
}

/// Why a stream was not passed on to its end.
#[derive(Debug)]
pub(crate) enum Cut {
    /// Nobody reads it any more.
    ReaderGone,
    /// The place it goes to refuses it: a full disk.
    Refused(io::Error),
    /// We did not wait for its reader any longer.
    Abandoned,
}

/// A stream on its way.
pub(super) struct Pump {
    pub(super) stream: Stream,
    /// None at the end, or once nobody wants more.
    source: Option<AsyncFd<OwnedFd>>,
    is_terminal: bool,
    sink: Sink,
    buffer: Box<[u8]>,
    /// The part of the buffer that is to be written.
    pending: Range<usize>,
    /// The command had nothing to read.
    starved: bool,
    /// The reader took nothing.
    stuck: bool,
    /// What the command still had in the pipe when it exited; it is passed on whatever happens.
    owed: u64,
    pub(super) bytes: u64,
    pub(super) cut: Option<Cut>,
}

impl Pump {
    pub(super) fn new(stream: Stream, source: OwnedFd, is_terminal: bool, sink: Sink) -> io::Result<Self> {
        // SAFETY: the descriptor is open, owned by the AsyncFd, and never replaced while that lives.
        let source = unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) }?;
        Ok(Self {
            stream,
            source: Some(source),
            is_terminal,
            sink,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            pending: 0..0,
            starved: false,
            stuck: false,
            owed: 0,
            bytes: 0,
            cut: None,
        })
    }

    /// The pseudo-terminal, if it is one and still open.
    pub(super) fn terminal(&self) -> Option<&OwnedFd> {
        self.source.as_ref().filter(|_| self.is_terminal).map(AsyncFd::get_ref)
    }

    /// Something can be done at once.
    pub(super) fn is_runnable(&self) -> bool {
        if self.pending.is_empty() { self.source.is_some() && !self.starved } else { !self.stuck }
    }

    /// The reader is being waited for.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck && !self.pending.is_empty()
    }

    /// So many bytes were read and are not waiting for their reader.
    pub(super) fn passed_on(&self) -> u64 {
        self.bytes.saturating_sub(self.pending.len() as u64)
    }

    pub(super) fn is_over(&self) -> bool {
        self.source.is_none() && self.pending.is_empty()
    }

    /// Ready when [`Pump::run`] has something to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_runnable() {
            return Poll::Ready(());
        }
        if !self.pending.is_empty() {
            let Sink::Outlet(outlet) = &self.sink else { return Poll::Ready(()) };
            let ready = outlet.poll_writable(context);
            self.stuck = ready.is_pending();
            return ready;
        }
        let Some(source) = &self.source else { return Poll::Pending };
        source.poll_read_ready(context).map(|ready| {
            // Used up by the reading that follows.
            if let Ok(mut ready) = ready {
                ready.clear_ready();
            }
            self.starved = false;
        })
    }

    /// Passes on what can be, up to a bound. `late`: only what is owed is still waited for.
    pub(super) fn run(&mut self, tap: &mut Option<Box<dyn Tap>>, held: &mut HeldOutput, late: bool) {
        let before = self.bytes;
        for _ in 0..READS {
            self.flush();
            if !self.pending.is_empty() || self.starved || self.bytes - before >= BUDGET as u64 {
                break;
            }
            if late && self.owed == 0 {
                self.source = None;
            }
            let Some(source) = &self.source else { break };
            match rustix::io::read(source.get_ref(), &mut *self.buffer) {
                Ok(length @ 1..) => self.take(length, tap, held),
                Err(Errno::AGAIN) => self.starved = true,
                Err(Errno::INTR) => {}
                // The end: of a pseudo-terminal it is EIO.
                Ok(0) | Err(_) => self.source = None,
            }
        }
        if late && self.starved && self.pending.is_empty() {
            self.source = None;
        }
    }

    fn take(&mut self, length: usize, tap: &mut Option<Box<dyn Tap>>, held: &mut HeldOutput) {
        self.bytes += length as u64;
        self.owed = self.owed.saturating_sub(length as u64);
        match self.sink {
            Sink::Outlet(_) => {
                self.pending = 0..length;
                self.flush();
            }
            Sink::Held => held.append(self.stream, &self.buffer[..length]),
            Sink::Nowhere => {}
        }
        if let Some(tap) = tap {
            tap.take(self.stream, &self.buffer[..length]);
        }
    }

    /// Writes what is pending, as far as it is taken.
    fn flush(&mut self) {
        let Sink::Outlet(outlet) = &self.sink else { return };
        while !self.pending.is_empty() && !self.stuck {
            match outlet.write(&self.buffer[self.pending.clone()]) {
                Ok(Some(written)) => self.pending.start += written,
                Ok(None) => self.stuck = true,
                Err(errno) => {
                    let gone = outlet.is_readers_fault(errno);
                    return self.fail(errno, gone);
                }
            }
        }
    }

    /// The command is to learn of it as it would without us: by its own next write. Only of its messages the rest
    /// is dropped where they can't be written, since hardly a command ends for that.
    fn fail(&mut self, errno: Errno, gone: bool) {
        self.pending = 0..0;
        self.cut = Some(if gone { Cut::ReaderGone } else { Cut::Refused(errno.into()) });
        if gone || self.stream != Stream::Stderr {
            self.source = None;
        } else {
            self.sink = Sink::Nowhere;
        }
    }

    /// The command has ended: what it left in the pipe is owed.
    pub(super) fn begin_end(&mut self) {
        let Some(source) = &self.source else { return };
        let left = rustix::io::ioctl_fionread(source.get_ref()).unwrap_or(0);
        self.owed = if self.is_terminal { left.max(TERMINAL_HOLDS) } else { left };
        // What came since it was last looked at has perhaps not been noticed.
        self.starved = false;
    }

    /// Gives up what is not yet passed on.
    pub(super) fn abandon(&mut self) {
        if !self.is_over() {
            self.cut.get_or_insert(Cut::Abandoned);
        }
        self.pending = 0..0;
        self.source = None;
    }
}
