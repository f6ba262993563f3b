//! Reads a letter back, and checks that it is one, that this version can read it, and that it is complete.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value as Json;

use super::{Header, VERSION};

/// The longest first line, in bytes. The words of a command alone may take 2 MiB.
pub const MAX_HEADER_BYTES: u64 = 16 << 20;

/// Why a letter cannot be used, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake(pub String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lengths of a file and of its first line including the line break, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub header: u64,
    pub file: u64,
}

/// Parses the first line, without its line break.
pub fn parse(line: &[u8]) -> Result<Header, Mistake> {
    let json: Json = serde_json::from_slice(line)
        .map_err(|why| Mistake(format!("not a letter: the first line is not JSON ({why})")))?;
    match json.get("retry_letter").map(Json::as_u64) {
        Some(Some(VERSION)) => {}
        Some(Some(version)) if version > VERSION => {
            return Err(Mistake(format!("written by a newer retry (format {version})")));
        }
        Some(_) => return Err(Mistake("retry_letter has an unknown version".to_owned())),
        None => return Err(Mistake("not a letter: the first line has no retry_letter".to_owned())),
    }
    serde_json::from_value(json).map_err(|why| Mistake(format!("its header cannot be read: {why}")))
}

/// Compares the length of a file with the one that its header states.
pub fn verify(header: &Header, length: Length) -> Result<(), Mistake> {
    let stored = header.stdin.stored();
    let whole = length.header.saturating_add(stored);
    match length.file.cmp(&whole) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(Mistake(format!("{} short: it was cut", bytes(whole - length.file)))),
        Ordering::Greater => {
            Err(Mistake(format!("{} too long: something was added", bytes(length.file - whole))))
        }
    }
}

fn bytes(count: u64) -> String {
    crate::base::words::plural(count, "byte")
}
