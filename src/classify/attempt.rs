//! What the machine reports of one attempt: facts only, no judgement.

use std::time::Duration;

use crate::classify::hint::Hint;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned this status.
    Exited(u8),
    /// It died of this signal.
    Signaled(i32),
    /// It never ran.
    NotStarted(StartFailure),
}

/// Why a command could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartFailure {
    /// Which call refused.
    pub stage: Stage,
    /// The operating system's error number.
    pub errno: i32,
}

/// The call that refused to start the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No process could be made for it: `fork`, or the pipe that reports on it.
    Fork,
    /// The process was there, but the program could not be executed: `execve`.
    Exec,
}
