//! The log: JSON lines, version 1. Many processes may share a file, because each line is one `write` to a
//! descriptor opened for appending. A log that can't be written is one warning and never another result.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::Sink;
use crate::event::{Event, Record};
use crate::sys::config::describe;
use crate::sys::output::Stderr;

pub(crate) struct Jsonl {
    to: Target,
    /// As it is named in warnings.
    name: String,
    /// The last line was cut short: the next one begins a new line first.
    torn: bool,
    /// It was so when the log was opened: somebody else may have begun a new line since.
    found_torn: Option<OsString>,
    warned: bool,
    warning: Option<String>,
}

enum Target {
    Stderr,
    File { file: OwnedFd, locked: bool },
}

impl Jsonl {
    /// Opens the log, made with mode 0600 if it is not there. Never blocks: a FIFO that nobody reads is refused.
    pub(super) fn open(path: &OsStr) -> Result<Self, String> {
        let name = path.to_string_lossy().into_owned();
        if path == "-" {
            let to = Target::Stderr;
            return Ok(Self { to, name, torn: false, found_torn: None, warned: false, warning: None });
        }
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
        let never_block = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags | never_block, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| unusable(&name, &errno.into()))?;
        let (locked, torn) = (appends_are_not_atomic(file.as_fd()), is_torn(path, file.as_fd()));
        let found_torn = torn.then(|| path.to_owned());
        Ok(Self { to: Target::File { file, locked }, name, torn, found_torn, warned: false, warning: None })
    }

    /// The one warning, once.
    pub(super) fn warning(&mut self) -> Option<String> {
        self.warning.take()
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.to {
            Target::Stderr => Stderr.write_all(line),
            Target::File { file, locked } => {
                let found_torn = self.found_torn.take();
                let _lock = (*locked || found_torn.is_some()).then(|| Lock::take(file.as_fd()));
                let mended = found_torn.is_some_and(|path| !ends_in_half_a_line(&path, file.as_fd()));
                let line = if mended { line.strip_prefix(b"\n").unwrap_or(line) } else { line };
                match rustix::io::write(&*file, line)? {
                    written if written == line.len() => Ok(()),
                    written => {
                        self.torn = written > 0;
                        // What stopped a write half-way is told by the next one.
                        rustix::io::write(&*file, &line[written..])?;
                        self.torn = false;
                        Ok(())
                    }
                }
            }
        }
    }
}

impl Sink for Jsonl {
    fn wants(&self, _: &Event) -> bool {
        true
    }

    fn take(&mut self, record: &Record<'_>) {
        let mut line = Vec::with_capacity(1024);
        if self.torn {
            line.push(b'\n');
        }
        if serde_json::to_writer(&mut line, record).is_err() {
            return;
        }
        line.push(b'\n');
        self.torn = false;
        if let Err(why) = self.write(&line)
            && !std::mem::replace(&mut self.warned, true)
        {
            self.warning = Some(unusable(&self.name, &why));
        }
    }
}

/// Did a full disk leave half a line at the end of what is there? A line that somebody is writing may look like that for
/// a moment.
fn is_torn(path: &OsStr, file: BorrowedFd<'_>) -> bool {
    const LOOKS: u32 = 4;
    const PAUSE: Duration = Duration::from_millis(2);
    (0..LOOKS).all(|look| {
        if look > 0 {
            std::thread::sleep(PAUSE);
        }
        ends_in_half_a_line(path, file)
    })
}

/// Is the last byte of a regular file anything but the end of a line?
fn ends_in_half_a_line(path: &OsStr, file: BorrowedFd<'_>) -> bool {
    let Ok(status) = rustix::fs::fstat(file) else { return false };
    let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
    let Some(last) = u64::try_from(status.st_size).ok().and_then(|size| size.checked_sub(1)) else {
        return false;
    };
    // Opened once more: the log itself may be one that can only be appended to.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut byte = [b'\n'];
    let read = regular.then(|| rustix::fs::open(path, flags, Mode::empty()));
    read.is_some_and(|read| read.and_then(|file| rustix::io::pread(&file, &mut byte, last)).is_ok())
        && byte != [b'\n']
}

fn unusable(name: &str, why: &io::Error) -> String {
    let why = match why.raw_os_error() {
        Some(libc::ENXIO) => "nobody reads it".to_owned(),
        _ => describe(why),
    };
    format!("cannot write log {name}: {why}; continuing without it")
}

/// Network file systems append in two steps; there a lock has to do what one `write` does elsewhere.
#[cfg(target_os = "linux")]
fn appends_are_not_atomic(file: BorrowedFd<'_>) -> bool {
    /// NFS, SMB, CIFS, SMB2 and FUSE (`statfs(2)`).
    const REMOTE: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546];
    let kind = rustix::fs::fstatfs(file).ok().and_then(|status| u64::try_from(status.f_type).ok());
    kind.is_some_and(|kind| REMOTE.contains(&(kind & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn appends_are_not_atomic(_: BorrowedFd<'_>) -> bool {
    false
}

/// A lock on the file while a line is written, if it could be had in time: a stopped holder must not hang us.
struct Lock<'a>(Option<BorrowedFd<'a>>);

impl<'a> Lock<'a> {
    const TRIES: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(5);

    fn take(file: BorrowedFd<'a>) -> Self {
        for _ in 0..Self::TRIES {
            match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Self(Some(file)),
                Err(Errno::WOULDBLOCK) => std::thread::sleep(Self::PAUSE),
                Err(_) => break,
            }
        }
        Self(None)
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.0 {
            let _unlocked = rustix::fs::flock(file, FlockOperation::Unlock);
        }
    }
}
