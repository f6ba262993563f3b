//! The log: JSON lines, version 1. Many processes may share a file, because each line is one `write` to a descriptor opened
//! for appending. A log that cannot be written is reported once and never changes the result.

mod file;

use std::ffi::OsStr;
use std::io::{self, Write};

use self::file::File;
use super::Sink;
use crate::base::printable::{self, Charset};
use crate::base::words::of_system;
use crate::event::{Event, Level, Record};
use crate::sys::output::{self, Stderr};

pub(crate) struct Jsonl {
    to: Target,
    /// Its name in warnings.
    name: String,
    warned: bool,
}

enum Target {
    Stderr,
    File(File),
}

impl Jsonl {
    /// Opens the log, and creates it with mode 0600 if it is missing. Never blocks: a FIFO without a reader is refused.
    pub(super) fn open(path: &OsStr) -> Result<Self, String> {
        let name = path.to_string_lossy().into_owned();
        let to = if path == "-" {
            Target::Stderr
        } else {
            Target::File(File::open(path).map_err(|why| unusable(&name, &why))?)
        };
        Ok(Self { to, name, warned: false })
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        match &mut self.to {
            Target::Stderr => Stderr.write_all(output::printable_json(line).as_bytes()),
            Target::File(file) => file.write(printable::json(line, Charset::Utf8).as_bytes()),
        }
    }
}

impl Sink for Jsonl {
    fn least_level(&self) -> Level {
        Level::Debug
    }

    fn wants(&self, _: &Event) -> bool {
        true
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), String> {
        let Ok(mut line) = serde_json::to_string(record) else { return Ok(()) };
        line.push('\n');
        match self.write(&line) {
            Err(why) if !std::mem::replace(&mut self.warned, true) => Err(unusable(&self.name, &why)),
            _ => Ok(()),
        }
    }
}

fn unusable(name: &str, why: &io::Error) -> String {
    let why = match why.raw_os_error() {
        Some(libc::ENXIO) => "nobody reads it".to_owned(),
        _ => of_system(why),
    };
    format!("cannot write log {name}: {why}; continuing without it")
}
