//! The directory of dead letters. Letters are written so that there is a complete one or none, whatever kills us, and are
//! read back with care, since a letter is code.

mod directory;
mod reading;
mod writing;

pub(crate) use directory::{Letterbox, place_of};
pub(crate) use reading::{Letter, Opened, append, open, read, record};

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::base::words::of_system;

/// Describes a failure at a path.
fn at(path: &Path, why: &io::Error) -> String {
    format!("{}: {}", path.display(), of_system(why))
}

/// Takes a lock that ends with its last descriptor; `false` if another process holds it.
pub(super) fn try_lock(file: &OwnedFd) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
