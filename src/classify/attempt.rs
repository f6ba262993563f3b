//! The result of an attempt: facts only, no judgement.

use std::time::Duration;

use super::hint::Hint;
use super::output::Output;
use crate::base::words::of_system;

/// An attempt that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptResult {
    /// How the command ended.
    pub ending: Ending,
    /// `retry` stopped the command because its timeout or the run's deadline had passed.
    pub timed_out: bool,
    /// Time from the start of the command until it and everything that had to end with it had ended.
    pub duration: Duration,
    /// The hint that the command wrote into `$RETRY_HINT`.
    pub hint: Option<Hint>,
    /// The reader of our standard output has gone away.
    pub reader_gone: bool,
    /// The output, if some was captured. Boxed, since simulated attempts have none and are many.
    pub output: Option<Box<Output>>,
    /// When it ended, in seconds since the Unix epoch: dates in its output are relative to it.
    pub ended_at: i64,
}

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The command returned this status.
    Exited(u8),
    /// The command died of this signal.
    Signaled(i32),
    /// The command never ran.
    NotStarted(StartFailure),
}

/// Why a command could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartFailure {
    /// The call that failed.
    pub stage: Stage,
    /// The operating system's error number.
    pub errno: i32,
}

/// The call that failed to start the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No process could be created: `fork`, or the pipe that reports on it.
    Fork,
    /// No call: its input could not be provided, or only in part, and it was killed for that.
    Input,
    /// The process was created, but the program could not be executed: `execve`.
    Exec,
    /// `execve` again: the program exists, but the interpreter named by its `#!` line does not.
    Interpreter,
}

impl StartFailure {
    /// No such program, or its `#!` interpreter is missing.
    pub fn is_not_found(self) -> bool {
        !matches!(self.stage, Stage::Fork | Stage::Input) && self.errno == libc::ENOENT
    }

    /// True if a later start may work: a resource is exhausted, or the file is being written (`ETXTBSY`).
    pub fn is_transient(self) -> bool {
        matches!(self.stage, Stage::Fork | Stage::Input)
            || matches!(
                self.errno,
                libc::ETXTBSY | libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::EIO
            )
    }

    /// The operating system's words, without the number.
    pub fn text(self) -> String {
        of_system(&std::io::Error::from_raw_os_error(self.errno))
    }
}

impl AttemptResult {
    /// An attempt about which only its ending is known.
    pub fn ended(ending: Ending) -> Self {
        Self {
            ending,
            timed_out: false,
            duration: Duration::ZERO,
            hint: None,
            reader_gone: false,
            output: None,
            ended_at: 0,
        }
    }

    /// The output, as far as it was captured.
    pub fn output(&self) -> &Output {
        const NOTHING: &Output = &Output::NOTHING;
        self.output.as_deref().unwrap_or(NOTHING)
    }

    /// The status that a shell would report, or `timeout(1)` if we stopped the command.
    pub fn status(&self) -> u8 {
        if self.timed_out { crate::base::exit_code::TIMED_OUT } else { self.ending.status() }
    }
}

impl Ending {
    /// The status that a shell would report.
    pub fn status(self) -> u8 {
        match self {
            Ending::Exited(code) => code,
            Ending::Signaled(signal) => crate::base::exit_code::killed_by(signal),
            Ending::NotStarted(StartFailure { stage: Stage::Fork | Stage::Input, .. }) => {
                crate::base::exit_code::FAILURE
            }
            Ending::NotStarted(failure) if failure.is_not_found() => crate::base::exit_code::NOT_FOUND,
            Ending::NotStarted(_) => crate::base::exit_code::NOT_EXECUTABLE,
        }
    }
}
