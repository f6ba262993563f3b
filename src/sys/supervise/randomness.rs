//! The kernel's randomness, for sandboxes in which requesting it fails with an unusual error: the libraries we use would panic.

use std::ffi::c_void;

/// Replaces the C library's function. Failures are reported as if the system call did not exist, so that callers fall back to
/// `/dev/urandom`, as on old kernels. An interruption and an unknown flag are reported as they are.
///
/// # Safety
///
/// As getrandom(2): there is room for `length` bytes at `buffer`.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: libc::c_uint) -> isize {
    // SAFETY: the arguments are passed on unchanged.
    let filled = unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) };
    let told = match super::os::errno() {
        _ if filled >= 0 => None,
        libc::EINTR | libc::EPERM => None,
        libc::EINVAL if flags & libc::GRND_INSECURE != 0 => None,
        _ => Some(libc::ENOSYS),
    };
    if let Some(errno) = told {
        super::os::set_errno(errno);
    }
    isize::try_from(filled).unwrap_or(-1)
}
