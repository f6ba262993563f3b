//! The pseudo-terminal that stands in for a terminal whose stream is captured: to the command it is one, of the same
//! size and modes, but nobody's controlling terminal.
//!
//! Output passes through it unaltered; the processing that the real terminal does happens there, once. The real one is
//! never touched. A command that reads its keys from a captured stream (old pagers from stderr) gets none.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::FdFlags;
use rustix::termios::{LocalModes, OptionalActions, OutputModes};

/// A pseudo-terminal like the terminal `like`: what we read from, and what the command writes to.
pub(super) fn open(like: BorrowedFd<'_>) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: the two descriptors are written to valid places; the null pointers leave name, modes and size alone. It
    // opens the slave with O_NOCTTY.
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
    // SAFETY: both are open and nobody else's.
    let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    rustix::io::fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    rustix::io::fcntl_setfd(&theirs, FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&ours, OFlags::RDWR | OFlags::NONBLOCK)?;
    let mut modes = rustix::termios::tcgetattr(like)?;
    modes.output_modes -= OutputModes::OPOST;
    modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
    rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    resize(ours.as_fd(), like);
    Ok((ours, theirs))
}

/// Gives the pseudo-terminal the size of the terminal `like`. True if that is another than before.
pub(super) fn resize(ours: BorrowedFd<'_>, like: BorrowedFd<'_>) -> bool {
    let size = |fd| rustix::termios::tcgetwinsize(fd).ok();
    let Some(wanted) = size(like) else { return false };
    size(ours) != Some(wanted) && rustix::termios::tcsetwinsize(ours, wanted).is_ok()
}
