//! Values that are about the command's streams.

use serde_json::{Value as Json, json};

use super::{TomlForm, Value};

/// What becomes of the command's stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdoutMode {
    /// It goes where it would go.
    Stream,
    /// Only that of the successful attempt does, at the end.
    Success,
    /// It goes nowhere.
    Null,
}
words!(StdoutMode: "stream" = StdoutMode::Stream, "success" = StdoutMode::Success, "null" = StdoutMode::Null);

/// What becomes of the command's stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StderrMode {
    /// It goes where it would go.
    Stream,
    /// Only that of the last attempt does.
    Last,
    /// It goes nowhere.
    Null,
}
words!(StderrMode: "stream" = StderrMode::Stream, "last" = StderrMode::Last, "null" = StderrMode::Null);

/// What the command's standard input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdinMode {
    /// As its kind asks for: replayed if it would be used up, else inherited.
    Auto,
    /// Ours, untouched.
    Inherit,
    /// The same bytes for every attempt, or a refusal.
    Replay,
    /// `/dev/null`.
    Null,
}
words!(StdinMode:
    "auto" = StdinMode::Auto, "inherit" = StdinMode::Inherit,
    "replay" = StdinMode::Replay, "null" = StdinMode::Null);
