//! Files that a verb was told to read.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// No more of a captured stream is ever looked at.
const TAIL: u64 = 64 * 1024;

/// The end of a file.
pub(crate) fn read_tail(path: &OsStr) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > TAIL {
        // A pipe has no length and no end to seek to: it is read as a whole.
        file.seek(SeekFrom::Start(length - TAIL))?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file to read line by line; `-` is stdin.
pub(crate) fn open_or_stdin(path: &OsStr) -> io::Result<Box<dyn BufRead>> {
    if path == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::with_capacity(256 * 1024, File::open(path)?)))
}
