//! Inherited descriptors, by number.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// Duplicates the descriptor with this number, with close-on-exec. Fails if it is not open, or not for writing.
pub(crate) fn writable_copy(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: nothing closes it within this function; the kernel refuses a number that is not open.
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    if rustix::fs::fcntl_getfl(inherited)? & OFlags::RWMODE == OFlags::RDONLY {
        return Err(Errno::BADF.into());
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(inherited, 3)?)
}
