//! The captured output of one command: its pumps, and when they are done.

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll};
use std::time::Duration;

use super::capture::terminal_of;
use super::late_reader;
use super::pause;
use super::pty;
use super::pump::{Cut, Pump};
use crate::classify::{Observed, Stream, Tap};
use crate::sys::spool::HeldOutput;

/// How long other processes may keep the command's streams open after its exit before we leave.
const LINGER_LIMIT: Duration = Duration::from_millis(200);
/// How long we wait for a reader that accepts nothing after a signal that ends the run.
pub(super) const STALLED_READER_LIMIT: Duration = Duration::from_secs(1);

/// The pumps of a running command.
pub(super) struct Output {
    pumps: Vec<Pump>,
    /// The bytes that the tap must see.
    observed: Observed,
    /// When output last arrived.
    last: Duration,
    /// Set when the command ends: the time after which we wait only for bytes that are owed.
    late_at: Option<Duration>,
    /// The time after which we stop waiting for a reader that accepts nothing.
    given_up_at: Option<Duration>,
}

/// The facts of an attempt's captured output.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    /// `None`: not captured. Merged output counts as stdout's.
    pub(crate) bytes_out: Option<u64>,
    pub(crate) bytes_err: Option<u64>,
    /// True if our stdout no longer has a reader.
    pub(crate) reader_gone: bool,
    /// The stream that could not be written, and why.
    pub(crate) refused: Option<(Stream, io::Error)>,
}

impl Output {
    pub(super) fn new(pumps: Vec<Pump>, observed: Observed) -> Self {
        Self { pumps, observed, last: pause::now(), late_at: None, given_up_at: None }
    }

    /// Whether something can be done without waiting.
    pub(super) fn is_runnable(&self) -> bool {
        self.pumps.iter().any(Pump::is_runnable)
    }

    /// Ready when [`Output::run`] has something to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // All of them, so that each is polled.
        let ready =
            self.pumps.iter_mut().filter_map(|pump| pump.poll(context).is_ready().then_some(())).count();
        if ready > 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Passes on what can be passed on, up to a bound, and then gives it to the tap.
    pub(super) fn run(&mut self, held: &mut HeldOutput, tap: &mut dyn Tap) {
        let bytes = |pumps: &[Pump]| pumps.iter().map(|pump| pump.bytes).sum::<u64>();
        let passed_on = |pumps: &[Pump]| pumps.iter().map(Pump::passed_on).sum::<u64>();
        let before = (bytes(&self.pumps), passed_on(&self.pumps));
        let late = self.late_at.is_some_and(|at| at <= pause::now());
        for pump in &mut self.pumps {
            pump.run(self.observed, tap, held, late);
        }
        if bytes(&self.pumps) > before.0 {
            self.last = pause::now();
        }
        match self.given_up_at {
            Some(_) if passed_on(&self.pumps) > before.1 => {
                self.given_up_at = Some(pause::now() + STALLED_READER_LIMIT);
            }
            Some(at) if at <= pause::now() => self.abandon(),
            _ => {}
        }
    }

    /// When the command last wrote; the current time while it cannot write because our reader is slow.
    pub(super) fn last_written(&self) -> Duration {
        if self.pumps.iter().any(Pump::is_stuck) { pause::now() } else { self.last }
    }

    /// The command has ended. From now on, we wait only briefly for other processes that hold its streams.
    pub(super) fn begin_end(&mut self) {
        if self.late_at.is_none() {
            self.late_at = Some(pause::now() + LINGER_LIMIT);
            self.pumps.iter_mut().for_each(Pump::begin_end);
        }
    }

    /// A signal ends the run, and the command has ended: we wait for a reader only while it accepts something.
    pub(super) fn hurry(&mut self) {
        self.given_up_at.get_or_insert(pause::now() + STALLED_READER_LIMIT);
    }

    /// Whether the command has ended and only its output remains.
    pub(super) fn is_ending(&self) -> bool {
        self.late_at.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        self.pumps.iter().all(Pump::is_over)
    }

    /// When to check even without an event. After its time, we wait only for readers.
    pub(super) fn due(&self) -> Option<Duration> {
        let late = self.late_at.filter(|_| self.pumps.iter().any(|pump| !pump.is_over() && !pump.is_stuck()));
        let given_up = self.given_up_at.filter(|_| self.pumps.iter().any(Pump::is_stuck));
        [late, given_up].into_iter().flatten().min()
    }

    /// Gives up what is not yet passed on.
    pub(super) fn abandon(&mut self) {
        self.pumps.iter_mut().for_each(Pump::abandon);
    }

    /// Sets the size of the pseudo-terminals to that of their terminals. True if one has changed.
    pub(super) fn resize(&self) -> bool {
        let resized = |pump: &Pump| {
            pump.terminal().is_some_and(|terminal| pty::resize(terminal.as_fd(), terminal_of(pump.stream)))
        };
        // All of them, not only the first.
        self.pumps.iter().filter(|pump| resized(pump)).count() > 0
    }

    /// Leaves a reader to the processes that still write, if any do. True if there is one, which is a child of ours.
    pub(super) fn leave_reader(&mut self) -> bool {
        let late: Vec<_> = self.pumps.iter_mut().filter_map(Pump::take_late).collect();
        !late.is_empty() && late_reader::leave(late)
    }

    pub(super) fn into_captured(self) -> Captured {
        let mut captured = Captured::default();
        for pump in self.pumps {
            let bytes = match pump.stream {
                Stream::Stderr => &mut captured.bytes_err,
                Stream::Stdout | Stream::Merged => &mut captured.bytes_out,
            };
            *bytes = Some(pump.bytes);
            match pump.cut {
                Some(Cut::ReaderGone) => captured.reader_gone |= pump.stream != Stream::Stderr,
                Some(Cut::Refused(why)) => captured.refused = Some((pump.stream, why)),
                Some(Cut::Abandoned) | None => {}
            }
        }
        captured
    }
}
