//! The place where a report stopped reading a growing log, and its counts, from which the next one continues.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::Metrics;

/// The version of the format.
const FORMAT: u32 = 1;
/// The most bytes by which one log is distinguished from another.
pub const HEAD_BYTES: u64 = 4_096;
/// The most unfinished runs that are remembered, the latest ones. Killed runs never end.
pub(super) const MAX_OPEN_RUNS: usize = 10_000;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The version of the format; its name tells a checkpoint from other JSON.
    #[serde(rename = "retry_checkpoint")]
    format: u32,
    /// The log's path.
    pub log: String,
    pub place: Place,
    /// The ends of the rotated files that were beside the log, which will not be read again. `None` in a checkpoint of an
    /// older version.
    #[serde(default)]
    pub beside: Option<Vec<Place>>,
    pub totals: Totals,
}

/// A place in a file that is recognised under another name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub device: u64,
    pub inode: u64,
    /// The number of bytes that have been read, all of which are complete lines.
    pub offset: u64,
    /// The hash of the file's first bytes, as many as were read but at most [`HEAD_BYTES`]: numbers of inodes are used again.
    pub head: u64,
}

/// The counts of a log up to a [`Place`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    pub metrics: Metrics,
    /// Runs that have not ended yet, by their id.
    pub open: BTreeMap<String, OpenRun>,
}

/// A run that has not ended, as it will be counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    pub name: String,
    pub policy: Option<String>,
    pub successes: u64,
    /// Failed attempts: transient, throttled, permanent.
    pub failures: [u64; 3],
    /// The moment of its last line, in microseconds since the Unix epoch.
    pub last: i64,
}

impl Checkpoint {
    pub fn new(log: String, place: Place, beside: Vec<Place>, totals: Totals) -> Self {
        Self { format: FORMAT, log, place, beside: Some(beside), totals }
    }

    /// Parses a file's text. The error says why it is not a checkpoint.
    pub fn parse(text: &str) -> Result<Self, String> {
        let checkpoint: Self = serde_json::from_str(text).map_err(|why| why.to_string())?;
        match checkpoint.format {
            FORMAT => Ok(checkpoint),
            newer => Err(format!("format {newer} is of a newer retry")),
        }
    }

    pub fn render(&self) -> Result<String, String> {
        serde_json::to_string(self).map(|text| text + "\n").map_err(|why| why.to_string())
    }
}
