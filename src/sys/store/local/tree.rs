//! Files and directories below that of the store. Each is opened relative to its parent and never through a symbolic link,
//! so nothing outside can be reached, even if others can write there.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Gid, Mode, OFlags, fchmod, fchown, mkdirat, openat};
use rustix::io::Errno;

/// The users who share a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// No other user.
    Private,
    /// A group. Files that we create belong to it as well, whatever our umask and our own group are.
    Group(Gid),
}

/// The number of tries to open a file that another process is just creating: it may vanish, or not be accessible yet.
const MAX_OPENS: u32 = 20;
const REOPEN_PAUSE: Duration = Duration::from_millis(1);

pub(super) const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

#[derive(Clone, Copy)]
enum FileKind {
    Directory,
    File,
}

impl Sharing {
    /// Opens a directory; `None` if it does not exist and is not to be created.
    pub(super) fn directory(self, within: impl AsFd, name: &str, make: bool) -> io::Result<Option<OwnedFd>> {
        self.open(&within, name, make, FileKind::Directory)
    }

    /// Opens a file for reading, writing and locking; `None` if it does not exist and is not to be created.
    pub(super) fn file(self, within: impl AsFd, name: &str, make: bool) -> io::Result<Option<OwnedFd>> {
        self.open(&within, name, make, FileKind::File)
    }

    fn open(self, within: &impl AsFd, name: &str, make: bool, kind: FileKind) -> io::Result<Option<OwnedFd>> {
        let flags = match kind {
            FileKind::Directory => DIRECTORY,
            FileKind::File => FILE,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            match openat(within, name, flags, Mode::empty()) {
                Ok(fd) => return Ok(Some(fd)),
                Err(Errno::NOENT) if !make => return Ok(None),
                Err(Errno::NOENT) if tries < MAX_OPENS => {
                    if let Some(fd) = self.make(within, name, kind)? {
                        return Ok(Some(fd));
                    }
                }
                // Its creator has not given it to the group yet.
                Err(Errno::ACCESS) if self != Sharing::Private && tries < MAX_OPENS => {
                    std::thread::sleep(REOPEN_PAUSE);
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Creates it; `None` if another process has created it first.
    fn make(self, within: &impl AsFd, name: &str, kind: FileKind) -> io::Result<Option<OwnedFd>> {
        let made = match kind {
            FileKind::Directory => mkdirat(within, name, Mode::RWXU)
                .and_then(|()| openat(within, name, DIRECTORY, Mode::empty())),
            FileKind::File => {
                openat(within, name, FILE | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)
            }
        };
        let made = match made {
            Ok(made) => made,
            Err(Errno::EXIST) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        if let Sharing::Group(group) = self {
            fchown(&made, None, Some(group))?;
            let mode = match kind {
                FileKind::Directory => Mode::RWXU | Mode::RWXG | Mode::SGID,
                FileKind::File => Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP,
            };
            fchmod(&made, mode)?;
        }
        Ok(Some(made))
    }
}
