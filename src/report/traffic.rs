//! The traffic recorded in logs, for playback: when runs began, and how their attempts went.

use super::line::Line;
use super::runs::{Run, Stop, micros};

/// The most runs, and attempts, that are kept: the latest ones.
const MOST: usize = 10_000_000;
/// Kinds of failures that sent nothing to a server, or were intended.
const NO_REQUEST: [&str; 7] =
    ["fork", "input", "resource", "not-found", "not-executable", "interrupted", "reader-gone"];

/// The recorded requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// When runs began, in microseconds since the Unix epoch, in no particular order.
    pub starts: Vec<i64>,
    /// The attempts that called a server, in no particular order.
    pub attempts: Vec<Tried>,
}

/// An attempt that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// When it ended, in microseconds since the Unix epoch.
    pub ended: i64,
    /// How long it took, in microseconds.
    pub duration: u64,
    pub ending: Ending,
}

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Success,
    Transient,
    /// With the wait that was asked for, in microseconds.
    Throttled(Option<u64>),
    Permanent,
}

impl Traffic {
    /// Takes a line about an attempt.
    pub(super) fn take(&mut self, line: &Line<'_>, at: i64) {
        let ending = match (&*line.event, &*line.class) {
            ("attempt.success", _) => Ending::Success,
            ("attempt.retry" | "attempt.failed", class) => match class {
                "throttled" => Ending::Throttled(line.retry_after_ms.map(micros)),
                "permanent" => Ending::Permanent,
                _ => Ending::Transient,
            },
            _ => return,
        };
        if line.kind.as_deref().is_some_and(|kind| NO_REQUEST.contains(&kind)) {
            return;
        }
        keep(&mut self.attempts, Tried { ended: at, duration: micros(line.duration_ms), ending });
    }

    /// Counts a run that is over.
    pub(super) fn add(&mut self, run: &Run, stop: &Stop) {
        let elapsed = i64::try_from(stop.elapsed).unwrap_or_default();
        self.began(run.started.unwrap_or(stop.at.saturating_sub(elapsed)));
    }

    /// Counts a run that began at this time.
    pub(super) fn began(&mut self, at: i64) {
        keep(&mut self.starts, at);
    }
}

/// Adds a value. If there is no room, the first half is dropped.
fn keep<T>(values: &mut Vec<T>, value: T) {
    if values.len() == MOST {
        values.drain(..MOST / 2);
    }
    values.push(value);
}
