//! The entry point of the program, and the state that it inherited: the disposition of SIGPIPE, and closed standard
//! descriptors. We have to change both, but the command must inherit them as we did.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering::Relaxed};

#[cfg(not(test))]
use super::os;

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit n: descriptor n was closed.
static CLOSED_STDIO: AtomicI32 = AtomicI32::new(0);

/// The arguments as the kernel shows them to other processes, terminated by a null pointer.
static ARGUMENTS: AtomicPtr<*mut libc::c_char> = AtomicPtr::new(std::ptr::null_mut());

/// Records the inherited state, and then changes it: writing to a closed pipe must be an error rather than deadly, and no
/// file that we open may become a standard stream.
#[cfg(not(test))]
fn arrange() {
    // SAFETY: a null new action only asks for the old one, written to `found`, for which all zeroes is a valid value.
    let ignored = unsafe {
        let mut found: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut found);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        found.sa_sigaction == libc::SIG_IGN
    };
    SIGPIPE_IGNORED.store(ignored, Relaxed);
    let [stdin, stdout, stderr] = os::closed_stdio().map(i32::from);
    let closed = stdin | stdout << 1 | stderr << 2;
    CLOSED_STDIO.store(closed, Relaxed);
    for _ in 0..closed.count_ones() {
        // SAFETY: a C string. The lowest free descriptor is taken, so the closed ones are filled from below.
        unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
    }
}

/// The entry point. Rust's own would change both before we could record them, and reads `/proc/self/maps` for a guard page
/// that the kernel provides anyway, which is a third of the instructions of a plain run.
#[cfg(not(test))]
#[unsafe(no_mangle)]
extern "C" fn main(_argc: libc::c_int, arguments: *mut *mut libc::c_char) -> libc::c_int {
    ARGUMENTS.store(arguments, Relaxed);
    arrange();
    crate::start()
}

pub(super) fn sigpipe_ignored() -> bool {
    SIGPIPE_IGNORED.load(Relaxed)
}

/// The standard descriptors that were closed at the start.
pub(super) fn closed_stdio() -> impl Iterator<Item = i32> {
    let closed = CLOSED_STDIO.load(Relaxed);
    (0..3).filter(move |fd| closed & (1 << fd) != 0)
}

/// Replaces the arguments that other processes see with `title`. A longer title continues in the space of the environment,
/// which the kernel shows as well. False if there is no room; then only the beginning of the arguments is left.
///
/// # Safety
///
/// Nothing may read the arguments and the environment any more: for a copy of us, which has them to itself.
/// Async-signal-safe.
pub(super) unsafe fn overwrite_arguments(title: &[u8]) -> bool {
    let first = ARGUMENTS.load(Relaxed);
    if first.is_null() {
        return false;
    }
    // SAFETY: C strings that can be written to, one behind the other, and a null pointer behind the last one; then the
    // same of the environment.
    unsafe {
        let (arguments, behind) = strings(first, *first);
        let (all, _) = strings(behind, (*first).add(arguments));
        let area = *first;
        let room = if title.len() < arguments { arguments } else { arguments + all };
        let fits = title.len() < room;
        for at in 0..room {
            let letter = if fits { title.get(at).copied() } else { None };
            // Signed on some processors only.
            *area.add(at) = libc::c_char::from_ne_bytes([letter.unwrap_or(0)]);
        }
        fits
    }
}

/// The number of bytes that this array's strings occupy contiguously from `from`, and the pointer after the array's end.
unsafe fn strings(
    mut array: *mut *mut libc::c_char,
    from: *mut libc::c_char,
) -> (usize, *mut *mut libc::c_char) {
    let mut length = 0;
    // SAFETY: the caller's.
    unsafe {
        while !(*array).is_null() {
            if *array == from.add(length) {
                length += libc::strlen(*array) + 1;
            }
            array = array.add(1);
        }
        (length, array.add(1))
    }
}
