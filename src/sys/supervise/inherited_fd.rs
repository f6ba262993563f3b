//! Descriptors that we were started with, by their numbers.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// A descriptor of our own for what this number stands for, closed at an exec. Fails where the number is not open, or not for
/// writing.
pub(crate) fn writable_copy(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: nobody closes it within this function; the kernel answers for a number that is not open.
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    if rustix::fs::fcntl_getfl(inherited)? & OFlags::RWMODE == OFlags::RDONLY {
        return Err(Errno::BADF.into());
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(inherited, 3)?)
}
