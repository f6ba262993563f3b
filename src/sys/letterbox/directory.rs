//! The directory itself: created if it is missing, and trusted only if it is ours and nobody else may write to it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, mkdir, openat, statat, unlinkat};
use rustix::io::Errno;

use super::{at, try_lock};
use crate::letter::{SUFFIX, TEMPORARY};
use crate::sys::clock;

/// The age after which an unfinished letter that nobody has locked is considered abandoned.
const ABANDONED: Duration = Duration::from_secs(60);

/// A directory of dead letters.
#[derive(Debug)]
pub(crate) struct Letterbox {
    pub(super) path: PathBuf,
    pub(super) directory: OwnedFd,
}

impl Letterbox {
    /// Opens a directory for writing, and creates it if it is missing; its parent must exist. The error is text.
    pub(crate) fn make(path: &Path) -> Result<Self, String> {
        match mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(at(path, &errno.into())),
        }
        let letterbox = Self::open(path).map_err(|why| at(path, &why))?;
        let stat = rustix::fs::fstat(&letterbox.directory).map_err(|errno| at(path, &errno.into()))?;
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(format!("{} belongs to another user", path.display()));
        }
        if stat.st_mode & 0o022 != 0 {
            return Err(format!("{} can be written by others (fix: chmod go-w {0})", path.display()));
        }
        Ok(letterbox)
    }

    /// Opens an existing directory.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { path: path.to_owned(), directory })
    }

    /// Why its letters cannot be trusted, if so: others could have put them there.
    pub(crate) fn is_unsafe(&self) -> Option<String> {
        let stat = rustix::fs::fstat(&self.directory).ok()?;
        let us = rustix::process::geteuid().as_raw();
        let sticky = stat.st_mode & 0o1000 != 0;
        if stat.st_uid != us && !sticky {
            return Some("its directory belongs to another user".to_owned());
        }
        (stat.st_mode & 0o022 != 0 && !sticky).then(|| "its directory can be written by others".to_owned())
    }

    /// Whether this letter is on the same file system, so that it can be moved here.
    pub(crate) fn can_take(&self, letter: &Path) -> bool {
        let own = rustix::fs::fstat(&self.directory).map(|stat| stat.st_dev);
        own.is_ok() && own == rustix::fs::lstat(letter).map(|stat| stat.st_dev)
    }

    /// The names of all letters. Removes abandoned unfinished ones.
    pub(crate) fn letters(&self) -> io::Result<Vec<PathBuf>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name.starts_with(TEMPORARY.as_bytes()) {
                self.sweep(name);
            } else if name.ends_with(SUFFIX.as_bytes()) && !name.starts_with(b".") {
                names.push(self.path.join(std::ffi::OsStr::from_bytes(name)));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes an unfinished letter that nobody is writing any more.
    fn sweep(&self, name: &[u8]) {
        let Ok(stat) = statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        let age = clock::unix_seconds().saturating_sub(stat.st_mtime);
        if age < i64::try_from(ABANDONED.as_secs()).unwrap_or(i64::MAX) {
            return;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&self.directory, name, flags, Mode::empty()) else { return };
        if try_lock(&file).unwrap_or(false) {
            let _gone = unlinkat(&self.directory, name, AtFlags::empty());
        }
    }
}

/// The directory that a file is in.
pub(crate) fn place_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
