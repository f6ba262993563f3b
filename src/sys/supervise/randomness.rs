//! The kernel's randomness, where asking for it fails in a way that nobody expects (a sandbox): libraries of ours panic then.

use std::ffi::c_void;

/// Takes the C library's place. What fails is told as if the system call were not there: so all who ask look into
/// `/dev/urandom` next, as on old kernels. An interruption, and a flag that is not known, are told as they are.
///
/// # Safety
///
/// As getrandom(2): there is room for `length` bytes at `buffer`.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: libc::c_uint) -> isize {
    // SAFETY: the arguments are passed on as they came.
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
