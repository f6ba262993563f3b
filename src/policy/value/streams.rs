//! Values of settings for the command's streams.

use serde_json::{Value as Json, json};

use super::{TomlForm, Value};

/// The handling of the command's stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdoutMode {
    /// Passed through as it is written.
    Stream,
    /// Printed at the end, only the successful attempt's.
    Success,
    /// Discarded.
    Null,
}
words!(StdoutMode: "stream" = StdoutMode::Stream, "success" = StdoutMode::Success, "null" = StdoutMode::Null);

/// The handling of the command's stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StderrMode {
    /// Passed through as it is written.
    Stream,
    /// Printed at the end, only the last attempt's.
    Last,
    /// Discarded.
    Null,
}
words!(StderrMode: "stream" = StderrMode::Stream, "last" = StderrMode::Last, "null" = StderrMode::Null);

/// The command's standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdinMode {
    /// Depends on its kind: replayed if reading consumes it, else inherited.
    Auto,
    /// Inherited unchanged.
    Inherit,
    /// Every attempt reads the same bytes; if that is impossible, the run is refused.
    Replay,
    /// `/dev/null`.
    Null,
}
words!(StdinMode:
    "auto" = StdinMode::Auto, "inherit" = StdinMode::Inherit,
    "replay" = StdinMode::Replay, "null" = StdinMode::Null);
