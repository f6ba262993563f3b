//! A regular file, which every attempt reads from the offset at which the first one began.
//!
//! The offset is shared with other processes that have the same descriptor. The first attempt moves it as it would without us,
//! later ones have an open file description of their own, and at the end the offset is where the last of them stopped.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, SeekFrom, fcntl_getfl, seek};
use rustix::io::Errno;

use super::buffer::InputLoss;

pub(super) struct Rewound {
    fd: BorrowedFd<'static>,
    start: u64,
    /// Its status flags.
    flags: OFlags,
    /// The offset at which the first attempt left it.
    left: Option<u64>,
    /// The offset at which a later one stopped.
    stopped: Option<u64>,
    /// The description of the running attempt, or of the next one.
    own: Option<OwnedFd>,
    loss: Option<InputLoss>,
    last: bool,
}

impl Rewound {
    /// `None` for a write-only descriptor. `flags`: its status flags, if known. Fails if they or the offset cannot be
    /// determined.
    pub(super) fn find(fd: BorrowedFd<'static>, flags: Option<OFlags>) -> Result<Option<Self>, Errno> {
        let flags = flags.map_or_else(|| fcntl_getfl(fd), Ok)?;
        if flags & OFlags::RWMODE == OFlags::WRONLY {
            return Ok(None);
        }
        let start = seek(fd, SeekFrom::Current(0))?;
        Ok(Some(Self { fd, start, flags, left: None, stopped: None, own: None, loss: None, last: false }))
    }

    /// Fails if the next attempt cannot have it.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        if self.left.is_some() && self.own.is_none() {
            self.own = Some(self.reopen()?);
        }
        Ok(())
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.own.as_ref().map(AsFd::as_fd)
    }

    /// The attempt is over. `failed`: another one is likely to follow.
    pub(super) fn finish(&mut self, failed: bool) {
        match self.own.take() {
            Some(own) => self.stopped = seek(own, SeekFrom::Current(0)).ok(),
            None => self.left = seek(self.fd, SeekFrom::Current(0)).ok(),
        }
        if failed && !self.last {
            match self.reopen() {
                Ok(own) => self.own = Some(own),
                Err(errno) => self.loss = Some(InputLoss::NotReopened(errno)),
            }
        }
    }

    /// No attempt follows: sets the offset to where the last one stopped, unless another process has moved it since.
    pub(super) fn conclude(&mut self) {
        let Some(stopped) = self.stopped.take() else { return };
        if self.left == seek(self.fd, SeekFrom::Current(0)).ok() {
            let _refused = seek(self.fd, SeekFrom::Start(stopped));
        }
    }

    pub(super) fn is_last(&mut self) {
        self.last = true;
    }

    pub(super) fn loss(&self) -> Option<&InputLoss> {
        self.loss.as_ref()
    }

    /// The file, opened again at the offset where the first attempt began, and that offset.
    pub(super) fn anew(&self) -> Result<(OwnedFd, u64), Errno> {
        Ok((self.reopen()?, self.start))
    }

    /// Another open file description of the same file, at the offset where the first attempt began.
    fn reopen(&self) -> Result<OwnedFd, Errno> {
        let kept = OFlags::RWMODE | OFlags::APPEND | OFlags::NONBLOCK;
        let own = reopen(self.fd, self.flags & kept | OFlags::CLOEXEC | OFlags::NOCTTY)?;
        let [before, after] = [rustix::fs::fstat(self.fd)?, rustix::fs::fstat(&own)?];
        if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino) {
            return Err(Errno::STALE);
        }
        seek(&own, SeekFrom::Start(self.start))?;
        Ok(own)
    }
}

#[cfg(has_procfs)]
fn reopen(fd: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    use std::os::fd::AsRawFd;
    rustix::fs::open(format!("/proc/self/fd/{}", fd.as_raw_fd()), flags, rustix::fs::Mode::empty())
}

/// By its name: a file opened through /dev/fd shares the offset.
#[cfg(all(not(has_procfs), has_fd_path))]
fn reopen(fd: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = crate::sys::identity::path_of(fd)?;
    rustix::fs::open(path, flags, rustix::fs::Mode::empty())
}

/// Impossible without moving the offset for other processes, too.
#[cfg(not(any(has_procfs, has_fd_path)))]
fn reopen(_: BorrowedFd<'_>, _: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOTSUP)
}
