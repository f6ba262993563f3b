//! The log: JSON lines, version 1. Many processes may share a file, because each line is one `write` to a
//! descriptor opened for appending. A log that can't be written is one warning and never another result.

mod file;

use std::ffi::OsStr;
use std::io::{self, Write};

use self::file::File;
use super::Sink;
use crate::base::printable::{self, Charset};
use crate::base::words::of_system;
use crate::event::{Event, Record};
use crate::sys::output::{self, Stderr};

pub(crate) struct Jsonl {
    to: Target,
    /// As it is named in warnings.
    name: String,
    warned: bool,
    warning: Option<String>,
}

enum Target {
    Stderr,
    File(File),
}

impl Jsonl {
    /// Opens the log, made with mode 0600 if it is not there. Never blocks: a FIFO that nobody reads is refused.
    pub(super) fn open(path: &OsStr) -> Result<Self, String> {
        let name = path.to_string_lossy().into_owned();
        let to = if path == "-" {
            Target::Stderr
        } else {
            Target::File(File::open(path).map_err(|why| unusable(&name, &why))?)
        };
        Ok(Self { to, name, warned: false, warning: None })
    }

    /// The one warning, once.
    pub(super) fn warning(&mut self) -> Option<String> {
        self.warning.take()
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        match &mut self.to {
            Target::Stderr => Stderr.write_all(printable::json(line, output::charset()).as_bytes()),
            Target::File(file) => file.write(printable::json(line, Charset::Utf8).as_bytes()),
        }
    }
}

impl Sink for Jsonl {
    fn wants(&self, _: &Event) -> bool {
        true
    }

    fn take(&mut self, record: &Record<'_>) {
        let Ok(mut line) = serde_json::to_string(record) else { return };
        line.push('\n');
        if let Err(why) = self.write(&line)
            && !std::mem::replace(&mut self.warned, true)
        {
            self.warning = Some(unusable(&self.name, &why));
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
