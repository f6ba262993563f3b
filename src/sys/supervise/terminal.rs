//! The controlling terminal. Its modes are saved at the start and restored after a command that may have died while changing
//! them; its foreground is taken back from a command that took it and did not return it.
//!
//! The terminal is never read, and we use an open file description of our own, so that no flag on descriptors 0 to 2 ever
//! changes.

use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::signals;
use super::tree::{self, is_foreground_of};

/// The terminal on which we started, or whose foreground we have been in since.
#[derive(Default)]
pub(super) struct Terminal {
    device: Option<OwnedFd>,
    /// The modes that it had when we started in its foreground.
    modes: Option<Termios>,
    /// Our process group was its foreground when the attempt began, and has not been sent to the background since.
    is_ours: bool,
}

impl Terminal {
    /// Without a controlling terminal, or in its background, where the modes belong to another process, there is
    /// nothing to save.
    pub(super) fn save() -> Self {
        let device = open_foreground();
        let modes = device.as_ref().and_then(|device| tcgetattr(device).ok());
        Self { is_ours: device.is_some(), device, modes }
    }

    /// An attempt is about to begin, not the first one; or we were stopped and continued while none ran.
    pub(super) fn look(&mut self) {
        if self.device.is_none() {
            self.device = open_foreground();
        }
        self.is_ours = self.device.as_ref().is_some_and(is_foreground_of);
    }

    /// We were stopped and continued: perhaps in the background. `command` is the running command's pid.
    pub(super) fn look_again(&mut self, command: i32) {
        self.is_ours &= self.is_foreground() || self.taken_by(command);
    }

    /// The attempt of this command is over. If one of its process groups has the foreground that was ours, takes it back and
    /// returns true.
    pub(super) fn take_back(&self, command: i32) -> bool {
        if !self.is_ours || self.is_foreground() || !self.taken_by(command) {
            return false;
        }
        let (Some(device), Some(own)) = (&self.device, tree::group_of(0)) else { return false };
        let _blocked = signals::Blocked::only(libc::SIGTTOU);
        // SAFETY: a plain system call on a descriptor that is open. It changes nothing if our group is not in that session.
        unsafe { libc::tcsetpgrp(device.as_raw_fd(), own) == 0 }
    }

    /// Restores the modes, if we are still in the foreground.
    pub(super) fn restore(&self) {
        let (Some(device), Some(modes)) = (&self.device, &self.modes) else { return };
        if self.is_foreground() {
            // In the background, we would be stopped for this. Immediately, not after draining the output: a terminal held by
            // ^S never drains.
            let _blocked = signals::Blocked::only(libc::SIGTTOU);
            let _ = tcsetattr(device, OptionalActions::Now, modes);
        }
    }

    fn is_foreground(&self) -> bool {
        self.device.as_ref().is_some_and(is_foreground_of)
    }

    /// Whether a process group of the command, or of a process that it started, is in the foreground.
    fn taken_by(&self, command: i32) -> bool {
        // SAFETY: a plain system call on a descriptor that is open.
        let group = self.device.as_ref().map_or(0, |device| unsafe { libc::tcgetpgrp(device.as_raw_fd()) });
        group > 0 && tree::group_of(0).is_some_and(|own| own > 0 && own != group) && {
            group == command || tree::is_group_of_ours(group)
        }
    }
}

/// /dev/tty rather than descriptors 0 to 2: a password prompt turns echo off there, wherever those point.
fn open_foreground() -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
    is_foreground_of(&terminal).then_some(terminal)
}
