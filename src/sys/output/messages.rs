//! The destination of a run's messages: stderr, or that of `--messages-to`.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;

use super::bounded::Bounded;
use super::stderr;
use crate::policy::value::MessagesTo;
use crate::sys::supervise;

/// An open destination of messages.
#[derive(Debug)]
pub(crate) enum Messages {
    Stderr,
    /// Our own descriptors, which the command does not inherit.
    Stdout(Bounded<OwnedFd>),
    Other(Bounded<OwnedFd>),
}

impl Messages {
    /// Opens the destination. A missing file is created with mode 0644; a FIFO must have a reader. Fails if it cannot be
    /// opened, or the descriptor is not open for writing.
    pub(crate) fn open(to: &MessagesTo) -> io::Result<Self> {
        let number = match to {
            MessagesTo::Stderr => return Ok(Self::Stderr),
            MessagesTo::Stdout => return Ok(Self::Stdout(Bounded::new(supervise::writable_copy(1)?))),
            MessagesTo::Descriptor(number) => *number,
            MessagesTo::File(path) => {
                let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
                let mut options = OpenOptions::new();
                options.append(true).create(true).mode(0o644).custom_flags(flags.bits().cast_signed());
                return Ok(Self::Other(Bounded::new(options.open(path)?.into())));
            }
        };
        Ok(Self::Other(Bounded::new(supervise::writable_copy(number)?)))
    }

    /// Writes as much as is accepted in time.
    pub(crate) fn write(&self, bytes: &[u8]) {
        match self {
            Self::Stderr => stderr::write(bytes),
            Self::Stdout(to) | Self::Other(to) => to.write(bytes),
        }
    }
}
