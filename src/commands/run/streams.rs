//! The handling of the command's output, in each attempt and at the end: translates the policy into instructions for the
//! supervisor.

use super::onlookers::{Interests, Onlookers};
use crate::base::words::of_system;
use crate::classify::{CapturedText, Observed, Output, Stream, Tails, Tap};
use crate::policy::Policy;
use crate::policy::value::{StderrMode, StdoutMode};
use crate::sys::output::StdoutMark;
use crate::sys::supervise::{Capture, Captured, Mode};

/// The policy for output, and what is remembered between attempts.
pub(super) struct Streams {
    stdout: StdoutMode,
    stderr: StderrMode,
    chronic: bool,
    /// Both streams have to be observed.
    watched: bool,
    interests: Interests,
    /// The observers of the running attempt, or of the last one.
    onlookers: Option<Onlookers>,
    /// The position of stdout before the running attempt; `None` if it is not needed.
    before: Option<StdoutMark>,
    /// The end of the last attempt's output, for helpers.
    end: CapturedText,
    /// Whether it was reported that a failed attempt wrote to stdout, which is done once.
    notes_writes: bool,
    /// Whether the last byte seen on stdout and on stderr was not a line break.
    torn: [Option<bool>; 2],
    /// What becomes of the attempt's stdout and stderr.
    modes: [Mode; 2],
    /// The end of the last attempt's stderr, if it is wanted.
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
            end: CapturedText::default(),
            notes_writes: !held,
            torn: [None; 2],
            modes: [Mode::Inherit; 2],
            last_stderr: String::new(),
        }
    }

    /// Whether the output of earlier attempts is still needed.
    pub(super) fn keeps_all(&self) -> bool {
        self.chronic
    }

    /// Whether the attempt's output on stdout and on stderr, as far as it has been passed on, ends in the middle of a line;
    /// `None` where nothing has. Output and messages that are kept together (`--chronic`) have their order already.
    pub(super) fn torn(&self) -> [Option<bool>; 2] {
        let passed_on = |mode| mode == Mode::PassThrough || mode == Mode::Hold && self.chronic;
        [0, 1].map(|at| self.torn[at].filter(|_| passed_on(self.modes[at])))
    }

    /// The same of the output that has now been delivered.
    pub(super) fn torn_when_held(&self) -> [Option<bool>; 2] {
        [0, 1].map(|at| self.torn[at].filter(|_| self.modes[at] == Mode::Hold))
    }

    /// When a line of progress last passed by, on the elapsed clock.
    pub(super) fn last_progress(&self) -> Option<std::time::Duration> {
        self.interests.last_progress()
    }

    /// Whether the time of the command's last output is tracked.
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
            // The output of an attempt that is certainly the last need not be held.
            StderrMode::Last if !last => Mode::Hold,
            StderrMode::Stream if self.chronic => Mode::Hold,
            StderrMode::Last | StderrMode::Stream => seen(Stream::Stderr, true),
        };
        (self.modes, self.torn) = ([stdout, stderr], [None; 2]);
        let captures = stdout != Mode::Inherit || stderr != Mode::Inherit;
        self.onlookers = if captures { self.interests.onlookers() } else { None };
        let observed = self.onlookers.as_ref().map_or(Observed::Nothing, Onlookers::observe);
        Capture { stdout, stderr, together: self.chronic, observed, ..Capture::default() }
    }

    /// The capture of a hook: under `--chronic` its output is held like our own messages.
    pub(super) fn capture_hook(&self) -> Capture {
        let stderr = if self.chronic { Mode::Hold } else { Mode::Inherit };
        Capture { stderr, stdout_to_stderr: true, ..Capture::default() }
    }

    /// The capture of the fallback: its output is not observed, and goes where that of a successful attempt would.
    pub(super) fn capture_fallback(&self) -> Capture {
        let held = if self.chronic { Mode::Hold } else { Mode::Inherit };
        let stdout = match self.stdout {
            StdoutMode::Null => Mode::Null,
            StdoutMode::Success => Mode::Hold,
            StdoutMode::Stream => held,
        };
        let stderr = if self.stderr == StderrMode::Null { Mode::Null } else { held };
        Capture { stdout, stderr, together: self.chronic, ..Capture::default() }
    }

    /// The end of the last attempt's output, as far as it was captured.
    pub(super) fn end(&self) -> &CapturedText {
        &self.end
    }

    /// Why some of an attempt's output was lost, if so. `kept`: why not all of it could be held.
    pub(super) fn lost(captured: &Captured, kept: Option<&std::io::Error>) -> Option<String> {
        match (&captured.refused, kept) {
            (Some((stream, why)), _) if *stream != Stream::Stderr => {
                Some(refused_by(*stream, &of_system(why)))
            }
            (_, Some(why)) => Some(format!("it could not be kept: {}", of_system(why))),
            _ => None,
        }
    }

    /// The end of the last attempt's stderr; empty if it was not requested.
    pub(super) fn last_stderr(&mut self) -> String {
        std::mem::take(&mut self.last_stderr)
    }

    /// The facts of an attempt's output.
    pub(super) fn facts(&mut self, captured: &Captured) -> Output {
        let (out, err) = (captured.bytes_out.is_some(), captured.bytes_err.is_some());
        let mut onlookers = self.onlookers.take();
        let told = onlookers.as_mut().and_then(|all| all.told.take()?.into_text(false, true).stderr);
        self.last_stderr = told.map(|end| String::from_utf8_lossy(&end).into_owned()).unwrap_or_default();
        let (seen, tails, text) = onlookers.map_or_else(Default::default, |mut all| {
            self.end = all.end(out, err);
            (all.seen(), all.tails.take(), all.text(out, err))
        });
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

    /// The stdout of a failed attempt that is followed by another one, if it can be told; once.
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
        let torn = Some(bytes.last().is_some_and(|last| *last != b'\n'));
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

/// Describes a failed write to a stream.
pub(super) fn refused_by(stream: Stream, why: &str) -> String {
    let name = if stream == Stream::Stderr { "stderr" } else { "stdout" };
    format!("cannot write to {name}: {why}")
}
