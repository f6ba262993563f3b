//! What becomes of the command's output, attempt by attempt and at the end: what the policy asked for, as what the
//! supervisor can do.

use super::onlookers::{Interests, Onlookers};
use crate::base::words::of_system;
use crate::classify::{Observed, Output, Stream, Tails, Tap};
use crate::policy::Policy;
use crate::policy::value::{StderrMode, StdoutMode};
use crate::sys::output;
use crate::sys::supervise::{Capture, Captured, Mode, Wanted};

/// The policy's wishes, and what is remembered from attempt to attempt.
pub(super) struct Streams {
    stdout: StdoutMode,
    stderr: StderrMode,
    chronic: bool,
    /// Somebody has to see both streams.
    watched: bool,
    interests: Interests,
    /// The observers of the running attempt, or of the last one.
    onlookers: Option<Onlookers>,
    /// A failed attempt that wrote to a file is told of, once.
    offset: Offset,
    /// The running attempt's stderr is held, or the last one's was.
    stderr_held: bool,
    /// Why output of the last attempt was lost, if it was.
    lost: Option<String>,
}

enum Offset {
    /// Nobody will ask.
    Ignored,
    /// Before the running attempt.
    At(Option<u64>),
}

impl Streams {
    pub(super) fn new(policy: &Policy, interests: Interests) -> Self {
        let held = policy.chronic || policy.stdout != StdoutMode::Stream;
        Self {
            stdout: policy.stdout,
            stderr: policy.stderr,
            chronic: policy.chronic,
            watched: policy.idle_timeout.0.is_some(),
            interests,
            onlookers: None,
            offset: if held { Offset::Ignored } else { Offset::At(None) },
            stderr_held: false,
            lost: None,
        }
    }

    /// Is what earlier attempts wrote still wanted?
    pub(super) fn keeps_all(&self) -> bool {
        self.chronic
    }

    /// When a line of progress last passed by, on the elapsed clock.
    pub(super) fn last_progress(&self) -> Option<std::time::Duration> {
        self.interests.last_progress()
    }

    /// Is it watched when the command last wrote?
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// What is to be captured of an attempt. `last`: there will be no other.
    pub(super) fn capture(&mut self, last: bool) -> Capture {
        self.lost = None;
        if let Offset::At(offset) = &mut self.offset {
            *offset = if last { None } else { output::stdout_offset() };
        }
        let seen = |stream, passed_on| match (passed_on, self.watched || self.interests.look_at(stream)) {
            (true, true) => Mode::PassThrough,
            (true, false) => Mode::Inherit,
            (false, true) => Mode::Discard,
            (false, false) => Mode::Null,
        };
        let stdout = match self.stdout {
            StdoutMode::Null => seen(Stream::Stdout, false),
            StdoutMode::Success => Mode::Hold,
            StdoutMode::Stream if self.chronic => Mode::Hold,
            StdoutMode::Stream => seen(Stream::Stdout, true),
        };
        let stderr = match self.stderr {
            StderrMode::Null => seen(Stream::Stderr, false),
            // That of an attempt which is surely the last need not wait.
            StderrMode::Last if !last => Mode::Hold,
            StderrMode::Stream if self.chronic => Mode::Hold,
            StderrMode::Last | StderrMode::Stream => seen(Stream::Stderr, true),
        };
        self.stderr_held = stderr == Mode::Hold;
        let captures = stdout != Mode::Inherit || stderr != Mode::Inherit;
        self.onlookers = if captures { self.interests.onlookers() } else { None };
        let observed = self.onlookers.as_ref().map_or(Observed::Nothing, Onlookers::observe);
        Capture { stdout, stderr, together: self.chronic, observed }
    }

    /// The facts of an attempt's output. `kept`: why not all could be put aside.
    pub(super) fn facts(&mut self, captured: &Captured, kept: Option<&std::io::Error>) -> Output {
        let refused = captured.refused.as_ref().map(|(stream, why)| (*stream, why));
        if let Some((stream, why)) = refused.filter(|(stream, _)| *stream != Stream::Stderr) {
            self.lost = Some(format!("{} refused it: {}", name(stream), of_system(why)));
        } else if let Some(why) = kept {
            self.lost = Some(format!("it could not be kept: {}", of_system(why)));
        }
        let (out, err) = (captured.bytes_out.is_some(), captured.bytes_err.is_some());
        let onlookers = self.onlookers.take();
        let (seen, tails, text) = onlookers
            .map_or_else(Default::default, |mut all| (all.seen(), all.tails.take(), all.text(out, err)));
        let tail = |bytes: Option<u64>, end: fn(&Tails) -> String| bytes.and(tails.as_ref()).map(end);
        Output {
            bytes_out: captured.bytes_out,
            bytes_err: captured.bytes_err,
            stdout_tail: tail(captured.bytes_out, Tails::stdout),
            stderr_tail: tail(captured.bytes_err, Tails::stderr),
            seen,
            text,
        }
    }

    /// Why output of the last attempt was lost, if it was.
    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Something that was held was lost on its way out.
    pub(super) fn refuse(&mut self, stream: Stream, why: &std::io::Error) {
        if stream != Stream::Stderr {
            self.lost = Some(format!("{} refused it: {}", name(stream), of_system(why)));
        }
    }

    /// What is to be delivered of what is held, before the end is told.
    pub(super) fn wanted(&self, succeeded: bool) -> Option<Wanted> {
        // A part of what a success wrote would pass for the whole.
        let stdout = self.stdout == StdoutMode::Success && succeeded && self.lost.is_none();
        let wanted = Wanted { stdout, stderr: self.stderr_held };
        (!self.chronic && (wanted.stdout || wanted.stderr)).then_some(wanted)
    }

    /// A failed attempt that another one follows: what is to be said of what it wrote, once.
    pub(super) fn note_of_offset(&mut self) -> Option<&'static str> {
        let Offset::At(Some(before)) = self.offset else { return None };
        if output::stdout_offset().is_none_or(|now| now == before) || !output::stdout_is_a_file_of_its_own() {
            return None;
        }
        self.offset = Offset::Ignored;
        Some(
            "note: this failed attempt already wrote to stdout (a file); later output is appended. \
             Use -O to write only the successful attempt's output",
        )
    }
}

impl Tap for Streams {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(onlookers) = &mut self.onlookers {
            onlookers.take(stream, bytes);
        }
    }

    fn skip(&mut self, stream: Stream) {
        if let Some(onlookers) = &mut self.onlookers {
            onlookers.skip(stream);
        }
    }
}

fn name(stream: Stream) -> &'static str {
    if stream == Stream::Stderr { "stderr" } else { "stdout" }
}
