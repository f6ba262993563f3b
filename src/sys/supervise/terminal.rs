//! The terminal's modes: saved at the start, put back after a command that may have died in the middle of changing them.
//!
//! It never reads the terminal, and uses a description of its own, so that no flag on descriptors 0 to 2 ever changes.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::signals;
use super::tree::is_foreground_of;

/// The modes that the controlling terminal had when we started in its foreground.
pub(super) struct Terminal(Termios);

impl Terminal {
    /// None without a controlling terminal, or in its background, where the modes are another's business.
    pub(super) fn save() -> Option<Self> {
        tcgetattr(open_foreground()?).ok().map(Self)
    }

    /// Puts the modes back, if we are still in the foreground.
    pub(super) fn restore(&self) {
        let Some(terminal) = open_foreground() else { return };
        // Sent to the background meanwhile, we would be stopped for this. At once and not after draining the output: a
        // terminal held by ^S never drains.
        let _blocked = signals::Blocked::only(libc::SIGTTOU);
        let _ = tcsetattr(terminal, OptionalActions::Now, &self.0);
    }
}

/// /dev/tty rather than descriptors 0 to 2: a password prompt turns echo off there, wherever those lead.
fn open_foreground() -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
    is_foreground_of(&terminal).then_some(terminal)
}
