//! A log that is a file: opened, followed when it is renamed, and written line by line.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::sys::trust;

pub(super) struct File {
    path: OsString,
    open: OwnedFd,
    /// Device and inode of a regular file, which may be replaced by another one; `None` for other files.
    place: Option<(u64, u64)>,
    /// Lines are written under a lock.
    locked: bool,
    /// The last line was cut short: the next one begins with a line break.
    torn: bool,
    /// The file ended in half a line when it was opened; another process may have begun a new line since.
    found_torn: bool,
}

impl File {
    /// Opens a file for appending, and creates it with mode 0600 if it is missing. Never blocks: a FIFO without a reader is
    /// refused. So are files that others may have put into a world-writable directory.
    pub(super) fn open(path: &OsStr) -> io::Result<Self> {
        let directory = trust::shared_directory(path)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
        let never_block = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let follow = if directory.is_some() { OFlags::NOFOLLOW } else { OFlags::empty() };
        let opened = rustix::fs::open(path, flags | never_block | follow, Mode::RUSR | Mode::WUSR);
        let file = match opened {
            Err(Errno::LOOP) if directory.is_some() => return Err(trust::is_a_link()),
            opened => opened?,
        };
        let status = rustix::fs::fstat(&file)?;
        if let Some(directory) = directory {
            trust::check_owner(&status, &directory)?;
        }
        let found_torn = is_torn(path, file.as_fd());
        Ok(Self {
            path: path.to_owned(),
            locked: appends_are_not_atomic(file.as_fd()),
            place: place(&status),
            open: file,
            torn: false,
            found_torn,
        })
    }

    /// Writes a line to the file that currently has the name.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.follow()?;
        let begins_anew = self.torn || self.found_torn;
        let found_torn = std::mem::take(&mut self.found_torn);
        let _lock = (self.locked || found_torn).then(|| Lock::take(self.open.as_fd()));
        let mended = found_torn && !self.torn && !is_torn(&self.path, self.open.as_fd());
        let mended_line;
        let line = if begins_anew && !mended {
            mended_line = [b"\n", line].concat();
            &mended_line
        } else {
            line
        };
        match rustix::io::write(&self.open, line)? {
            written if written == line.len() => self.torn = false,
            written => {
                self.torn = written > 0;
                // The next write will report what interrupted this one.
                rustix::io::write(&self.open, &line[written..])?;
                self.torn = false;
            }
        }
        Ok(())
    }

    /// The log may have been renamed (logrotate): switches to the file that has its name now, or to a new one. If that
    /// fails, the open one is used on, as long as it still has a name.
    fn follow(&mut self) -> io::Result<()> {
        let Some(ours) = self.place else { return Ok(()) };
        if rustix::fs::stat(&self.path).is_ok_and(|status| place(&status) == Some(ours)) {
            return Ok(());
        }
        match Self::open(&self.path) {
            Ok(file) => *self = file,
            Err(why) => {
                let has_a_name = rustix::fs::fstat(&self.open).is_ok_and(|status| status.st_nlink > 0);
                if !has_a_name {
                    return Err(why);
                }
            }
        }
        Ok(())
    }
}

/// Device and inode of a regular file; `None` for other files.
#[allow(clippy::useless_conversion, reason = "the types differ from system to system")]
fn place(status: &Stat) -> Option<(u64, u64)> {
    let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
    regular.then(|| Some((u64::try_from(status.st_dev).ok()?, u64::try_from(status.st_ino).ok()?))).flatten()
}

/// Whether a full disk has left half a line at the end of the file. A line that is being written may briefly look the same.
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

/// Whether the last byte of a regular file is not a line break.
fn ends_in_half_a_line(path: &OsStr, file: BorrowedFd<'_>) -> bool {
    let Ok(status) = rustix::fs::fstat(file) else { return false };
    let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
    let Some(last) = u64::try_from(status.st_size).ok().and_then(|size| size.checked_sub(1)) else {
        return false;
    };
    // Opened again, since the log itself may be open for appending only.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut byte = [b'\n'];
    let read = regular.then(|| rustix::fs::open(path, flags, Mode::empty()));
    read.is_some_and(|read| read.and_then(|file| rustix::io::pread(&file, &mut byte, last)).is_ok())
        && byte != [b'\n']
}

/// Network file systems append in two steps, so a lock is needed to keep lines whole.
#[cfg(has_file_system_types)]
fn appends_are_not_atomic(file: BorrowedFd<'_>) -> bool {
    /// NFS, SMB, CIFS, SMB2 and FUSE (`statfs(2)`).
    const REMOTE: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546];
    let kind = rustix::fs::fstatfs(file).ok().and_then(|status| u64::try_from(status.f_type).ok());
    kind.is_some_and(|kind| REMOTE.contains(&(kind & 0xffff_ffff)))
}

#[cfg(not(has_file_system_types))]
fn appends_are_not_atomic(_: BorrowedFd<'_>) -> bool {
    false
}

/// Locks the file while a line is written, if that succeeds in time: a stopped holder must not hang us.
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
