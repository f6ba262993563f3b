//! What becomes of the command's output, attempt by attempt and at the end: what the policy asked for, as what the
//! supervisor can do.

use super::onlookers::{Interests, Onlookers};
use crate::base::words::of_system;
use crate::classify::{Observed, Output, Stream, Tails, Tap};
use crate::policy::Policy;
use crate::policy::value::{StderrMode, StdoutMode};
use crate::sys::output::StdoutMark;
use crate::sys::supervise::{Capture, Captured, Mode};

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
    /// Where stdout stood before the running attempt; `None` where nobody will ask.
    before: Option<StdoutMark>,
    /// A failed attempt that wrote to stdout is told of, once.
    notes_writes: bool,
    /// The last byte that passed by on stdout and on stderr is no line break.
    torn: [bool; 2],
    /// The end of what the last attempt wrote to stderr, where it is wanted.
    last_stderr: String,
}

/// Output of a failed attempt on stdout, ahead of that of the next one.
pub(super) enum Leftover {
    InFile,
    InPipe,
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
            before: None,
            notes_writes: !held,
            torn: [false; 2],
            last_stderr: String::new(),
        }
    }

    /// Is what earlier attempts wrote still wanted?
    pub(super) fn keeps_all(&self) -> bool {
        self.chronic
    }

    /// Is what was last seen of stdout, and of stderr, no whole line?
    pub(super) fn torn(&self) -> [bool; 2] {
        self.torn
    }

    /// When a line of progress last passed by, on the elapsed clock.
    pub(super) fn last_progress(&self) -> Option<std::time::Duration> {
        self.interests.last_progress()
    }

    /// Is it watched when the command last wrote?
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// The capture of the next attempt. `last`: there will be no other.
    pub(super) fn capture(&mut self, last: bool) -> Capture {
        self.before = (self.notes_writes && !last).then(StdoutMark::take).flatten();
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
        let captures = stdout != Mode::Inherit || stderr != Mode::Inherit;
        self.onlookers = if captures { self.interests.onlookers() } else { None };
        let observed = self.onlookers.as_ref().map_or(Observed::Nothing, Onlookers::observe);
        Capture { stdout, stderr, together: self.chronic, observed }
    }

    /// Why some of an attempt's output was lost, if it was. `kept`: why not all could be put aside.
    pub(super) fn lost(captured: &Captured, kept: Option<&std::io::Error>) -> Option<String> {
        match (&captured.refused, kept) {
            (Some((stream, why)), _) if *stream != Stream::Stderr => {
                Some(refused_by(*stream, &of_system(why)))
            }
            (_, Some(why)) => Some(format!("it could not be kept: {}", of_system(why))),
            _ => None,
        }
    }

    /// The end of what the last attempt wrote to stderr; empty where nobody asked for it.
    pub(super) fn last_stderr(&mut self) -> String {
        std::mem::take(&mut self.last_stderr)
    }

    /// The facts of an attempt's output.
    pub(super) fn facts(&mut self, captured: &Captured) -> Output {
        let (out, err) = (captured.bytes_out.is_some(), captured.bytes_err.is_some());
        let mut onlookers = self.onlookers.take();
        let told = onlookers.as_mut().and_then(|all| all.told.take()?.into_text(false, true).stderr);
        self.last_stderr = told.map(|end| String::from_utf8_lossy(&end).into_owned()).unwrap_or_default();
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

    /// The output on stdout of a failed attempt that another one follows, if that can be told; once.
    pub(super) fn leftover(&mut self) -> Option<Leftover> {
        let before = self.before.take()?;
        if !StdoutMark::take()?.shows_writes_since(before) {
            return None;
        }
        self.notes_writes = false;
        Some(match before {
            StdoutMark::File(_) => Leftover::InFile,
            StdoutMark::Pipe { .. } => Leftover::InPipe,
        })
    }
}

impl Tap for Streams {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(onlookers) = &mut self.onlookers {
            onlookers.take(stream, bytes);
        }
        let torn = bytes.last().is_some_and(|last| *last != b'\n');
        match stream {
            Stream::Stdout => self.torn[0] = torn,
            Stream::Stderr => self.torn[1] = torn,
            Stream::Merged => self.torn = [torn; 2],
        }
    }

    fn skip(&mut self, stream: Stream) {
        if let Some(onlookers) = &mut self.onlookers {
            onlookers.skip(stream);
        }
    }
}

/// The words for a stream that did not take its output.
pub(super) fn refused_by(stream: Stream, why: &str) -> String {
    let name = if stream == Stream::Stderr { "stderr" } else { "stdout" };
    format!("{name} refused it: {why}")
}
