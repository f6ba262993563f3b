//! Pipes between the command and us.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A pipe, reading end first; both ends are non-blocking and closed by exec.
#[cfg(has_creation_flags)]
pub(in super::super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    use std::os::fd::FromRawFd as _;

    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors that pipe2 writes.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: pipe2 succeeded, so both are open and owned by us alone.
    unsafe { Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))) }
}

/// A pipe, reading end first; both ends are non-blocking and closed by exec.
#[cfg(not(has_creation_flags))]
pub(in super::super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    Ok((reader.into(), writer.into()))
}

/// The size in bytes of a pipe from the command, if the system permits: it saves switches between the command and us. All
/// pipes of a user may have 64 MiB together before the system makes new ones small, so this is not the permitted maximum.
#[cfg(has_tee)]
const PIPE_BYTES: i32 = 256 * 1024;

/// Enlarges a pipe. The system may refuse, and nothing depends on it.
#[cfg(has_tee)]
pub(in super::super) fn enlarge(pipe: BorrowedFd<'_>) {
    use std::os::fd::AsRawFd as _;

    // SAFETY: a plain system call with a number.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES) };
}

/// Pipes keep the size that the system gives them; on macOS they grow automatically.
#[cfg(not(has_tee))]
pub(in super::super) fn enlarge(_: BorrowedFd<'_>) {}

/// Gives a pipe room for `bytes`. Returns the size that the system chose; `None` if it refuses.
#[cfg(has_tee)]
pub(in super::super) fn resize(pipe: BorrowedFd<'_>, bytes: usize) -> Option<usize> {
    rustix::pipe::fcntl_setpipe_size(pipe, bytes).ok()
}

#[cfg(not(has_tee))]
pub(in super::super) fn resize(_: BorrowedFd<'_>, _bytes: usize) -> Option<usize> {
    None
}
