//! The pseudo-terminal that stands in for a terminal whose stream is captured: to the command it is a terminal of the same
//! size and modes, but not the controlling terminal of any process.
//!
//! Output passes through it unaltered; the processing that the real terminal does happens there, once. The real one is
//! never changed. No input can be typed into it, so it is opened for writing only: a pager that reads keys from the terminal
//! on its stderr fails at once instead of waiting forever (except as root, for whom the open always succeeds).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;
use rustix::termios::{LocalModes, OptionalActions, OutputModes};

/// A pseudo-terminal with the properties of the terminal `like`: the end we read from, and the one the command writes to.
pub(super) fn open(like: BorrowedFd<'_>) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: the two descriptors are written to valid places; the null pointers leave name, modes and size unchanged.
    // It opens the slave with O_NOCTTY.
    let made = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    if made != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both are open and owned by us alone.
    let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    rustix::io::fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    rustix::io::fcntl_setfd(&theirs, FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&ours, OFlags::RDWR | OFlags::NONBLOCK)?;
    let mut modes = rustix::termios::tcgetattr(like)?;
    modes.output_modes -= OutputModes::OPOST;
    modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
    rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    resize(ours.as_fd(), like);
    let _unchanged = rustix::fs::fchmod(&theirs, Mode::WUSR | Mode::WGRP);
    let write_only = write_only(&theirs);
    Ok((ours, write_only.unwrap_or(theirs)))
}

/// Opens the terminal again, for writing only. `None` if that is impossible.
#[cfg(has_procfs)]
fn write_only(terminal: &OwnedFd) -> Option<OwnedFd> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    rustix::fs::open(path, OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).ok()
}

#[cfg(not(has_procfs))]
fn write_only(_: &OwnedFd) -> Option<OwnedFd> {
    None
}

/// Gives the pseudo-terminal the size of the terminal `like`. True if the size has changed.
pub(super) fn resize(ours: BorrowedFd<'_>, like: BorrowedFd<'_>) -> bool {
    let size = |fd| rustix::termios::tcgetwinsize(fd).ok();
    let Some(wanted) = size(like) else { return false };
    size(ours) != Some(wanted) && rustix::termios::tcsetwinsize(ours, wanted).is_ok()
}
