//! The installed memory, and the heap. If memory runs out, reports that and exits 125: the standard library would abort, and a
//! caller would take the signal for the command's.

use std::alloc::{GlobalAlloc, Layout, System};

use crate::base::exit_code::FAILURE;

struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: everything is the system allocator's; what it refuses never comes back to the caller.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        granted(unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        granted(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        granted(unsafe { System.realloc(memory, layout, size) })
    }
}

#[inline]
fn granted(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        give_up();
    }
    memory
}

/// The machine's memory, in bytes; `None` if the C library does not report it.
pub(crate) fn installed_memory() -> Option<u64> {
    // SAFETY: takes a number and touches no memory of ours.
    let known = |name| u64::try_from(unsafe { libc::sysconf(name) }).ok();
    known(libc::_SC_PHYS_PAGES)?.checked_mul(known(libc::_SC_PAGESIZE)?)
}

/// Ends the program. Nothing that allocates can run any more, and no destructors either: the kernel stops a running command
/// (PDEATHSIG).
#[cold]
fn give_up() -> ! {
    const WORDS: &[u8] = b"retry: out of memory\n";
    // SAFETY: plain system calls; the words and the poll structure outlive them. It does not wait for a stderr that is full.
    unsafe {
        let mut stderr = libc::pollfd { fd: libc::STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
        if libc::poll(&raw mut stderr, 1, 0) > 0 {
            libc::write(libc::STDERR_FILENO, WORDS.as_ptr().cast(), WORDS.len());
        }
        libc::_exit(FAILURE.into())
    }
}
