//! The files of one key: its record, and a lock file for each permit and for the probe.

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, fstat, ftruncate, unlinkat};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};

use super::directory::Root;
use super::lock::{Lock, Standstill, Taken, try_lock};
use super::record;
use super::tree::Sharing;
use super::{Failure, failure};
use crate::sys::clock;

const STATE: &str = "state";
pub(super) const PROBE: &str = "probe";

/// The result of locking a record.
pub(super) enum Locking<'a> {
    Locked(Lock<'a>),
    /// Held by other processes for the whole slice.
    Busy,
    /// Removed meanwhile.
    Gone,
}

/// Open files.
pub(super) struct Files {
    /// The directory's, for messages.
    path: PathBuf,
    sharing: Sharing,
    directory: OwnedFd,
    state: OwnedFd,
}

impl Files {
    /// `None` if there is no record and none is to be created. Errors name the file.
    pub(super) fn open(
        path: &Path,
        root: &mut Root,
        name: &str,
        make: bool,
    ) -> Result<Option<Self>, (PathBuf, io::Error)> {
        let sharing = root.sharing;
        let layout = root.layout(make).map_err(|why| (path.parent().unwrap_or(path).to_owned(), why))?;
        let Some(layout) = layout else { return Ok(None) };
        let directory = sharing.directory(layout, name, make).map_err(|why| (path.to_owned(), why))?;
        let Some(directory) = directory else { return Ok(None) };
        let state = sharing.file(&directory, STATE, make).map_err(|why| (path.join(STATE), why))?;
        Ok(state.map(|state| Self { path: path.to_owned(), sharing, directory, state }))
    }

    /// Path of the record.
    pub(super) fn state_path(&self) -> PathBuf {
        self.path.join(STATE)
    }

    /// Locks the record, within a slice of time.
    pub(super) fn lock(&self, standstill: &mut Standstill) -> Result<Locking<'_>, Failure> {
        let path = || self.state_path();
        let taken = Lock::take(self.state.as_fd(), standstill);
        let lock = match taken.map_err(|why| failure("cannot lock", &path(), &why))? {
            Taken::Locked(lock) => lock,
            Taken::Busy => return Ok(Locking::Busy),
            Taken::Stuck(holder) => {
                return Err(Failure(format!("{} is locked by {holder}", path().display())));
            }
        };
        let status = fstat(&self.state).map_err(|errno| failure("cannot inspect", &path(), &errno.into()))?;
        if status.st_nlink == 0 {
            return Ok(Locking::Gone);
        }
        // A second link may be outside the directory.
        if status.st_nlink > 1 || !FileType::from_raw_mode(status.st_mode).is_file() {
            let path = path();
            let path = path.display();
            return Err(Failure(format!(
                "not using {path}: not a regular file, or it has more than one hard link; remove it"
            )));
        }
        // A new file stays empty until a record is written.
        if status.st_size > 0 {
            lock.sign(&status);
        }
        Ok(Locking::Locked(lock))
    }

    /// The record's bytes, at the start of `buffer`.
    pub(super) fn read<'b>(&self, buffer: &'b mut [u8; record::FILE]) -> Result<&'b [u8], Failure> {
        let read = retry_on_intr(|| pread(&self.state, &mut buffer[..], 0));
        let read = read.map_err(|errno| failure("cannot read", &self.state_path(), &errno.into()))?;
        Ok(&buffer[..read])
    }

    /// Writes a slot. If the first write to a file fails, the file is left as new.
    pub(super) fn write(&self, slot: &[u8], offset: u64, is_first: bool) -> Result<(), Failure> {
        let why = match retry_on_intr(|| pwrite(&self.state, slot, offset)) {
            Ok(written) if written == slot.len() => return Ok(()),
            // A short write means a full disk, which the next write would report.
            Ok(_) => Errno::NOSPC,
            Err(errno) => errno,
        };
        if is_first {
            let _as_new = ftruncate(&self.state, 0);
        }
        Err(failure("cannot write", &self.state_path(), &why.into()))
    }

    pub(super) fn clear(&self) -> Result<(), Failure> {
        ftruncate(&self.state, 0).map_err(|errno| failure("cannot write", &self.state_path(), &errno.into()))
    }

    /// Locks one of this many permits, if one is free. Permits held under an earlier, higher limit count as well.
    pub(super) fn try_permit(&self, permits: u32) -> Result<Option<OwnedFd>, Failure> {
        let held =
            |numbers| self.held_permits(numbers).map_err(|why| failure("cannot inspect", &self.path, &why));
        let above = held(permits..u32::MAX)?;
        if above > 0 && above.saturating_add(held(0..permits)?) >= permits {
            return Ok(None);
        }
        // A free one is found sooner from a random start. Process ids are too regular, so they are spread by a
        // multiplication.
        let first = (std::process::id().wrapping_mul(0x9E37_79B9) >> 8) % permits.max(1);
        for slot in (first..permits).chain(0..first) {
            if let Some(permit) = self.try_lease(&slot.to_string())? {
                return Ok(Some(permit));
            }
        }
        Ok(None)
    }

    /// Locks a file, creating it if necessary; `None` if another process holds it.
    pub(super) fn try_lease(&self, name: &str) -> Result<Option<OwnedFd>, Failure> {
        let lease = || -> io::Result<Option<OwnedFd>> {
            let file = self.sharing.file(&self.directory, name, true)?;
            Ok(match file {
                Some(file) if try_lock(&file)? => Some(file),
                _ => None,
            })
        };
        lease().map_err(|why| failure("cannot lock", &self.path.join(name), &why))
    }

    /// Time since the record was written; `None` if that is in the future.
    pub(super) fn age(&self) -> Option<Duration> {
        let written = u64::try_from(fstat(&self.state).ok()?.st_mtime).ok()?;
        let now = Duration::from_millis(clock::unix_millis());
        now.checked_sub(Duration::from_secs(written))
    }

    /// Removes all files of the key, the record first: a process that waits for its lock then creates a new one. Only to be
    /// called while the record is locked and nothing is held.
    pub(super) fn remove(&self) {
        let _gone = unlinkat(&self.directory, STATE, AtFlags::empty());
        let Ok(entries) = Dir::read_from(&self.directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_str().unwrap_or_default();
            if name == PROBE || name.parse::<u32>().is_ok() {
                let _gone = unlinkat(&self.directory, name, AtFlags::empty());
            }
        }
    }

    /// How many permits are held, and whether the probe is. Only to be called while the record is locked; otherwise this
    /// check could cause another process to be refused.
    pub(super) fn held(&self) -> Result<(u32, bool), Failure> {
        let look = || Ok((self.held_permits(0..u32::MAX)?, self.is_held(PROBE)?));
        look().map_err(|why| failure("cannot inspect", &self.path, &why))
    }

    /// How many permits of these numbers are held.
    fn held_permits(&self, numbers: Range<u32>) -> io::Result<u32> {
        let mut held = 0;
        for entry in Dir::read_from(&self.directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name.parse().is_ok_and(|number: u32| numbers.contains(&number)) && self.is_held(name)? {
                held += 1;
            }
        }
        Ok(held)
    }

    fn is_held(&self, name: &str) -> io::Result<bool> {
        let file = self.sharing.file(&self.directory, name, false)?;
        file.map_or(Ok(false), |file| try_lock(&file).map(|free| !free))
    }
}
