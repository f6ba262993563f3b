//! Work that may hang and cannot be interrupted (the C library resolving a name), done in a forked copy of this
//! process, which is killed when its time is up: nothing outlives the call.
//!
//! The copy may allocate: fork(3) leaves the allocator usable, whatever another thread of ours (`beside`) was doing. If
//! that thread holds a lock of the resolver, the copy hangs and is killed like any other. It is not a command: the
//! supervisor never sees it, and all signals are blocked in it, since the copied handlers would write to our own pipe.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::os;
use super::signals::{Blocked, set_of, stop_signals};

/// The longest answer in bytes, which a pipe accepts in one piece.
const MAX_ANSWER_BYTES: usize = 4096;
/// The longest single wait, since a signal that comes just before it does not interrupt it.
const SLICE: Duration = Duration::from_millis(50);

/// Runs `work` in a copy of this process. Returns its bytes (at most 4 KiB); `None` if they do not arrive within `limit`,
/// or a signal ends the run. Fails if no pipe or process can be created.
pub(crate) fn run_in_fork(limit: Duration, work: impl FnOnce() -> Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let until = Instant::now() + limit;
    let (reader, writer) = os::pipe()?;
    let blocked = Blocked::all();
    // SAFETY: the copy does the work and exits. Other threads, should there be any, hold no lock that it waits for
    // longer than we wait for it.
    let pid = match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => be_the_copy(limit, work, &writer),
        pid => pid,
    };
    drop((writer, blocked));
    let answer = read_until(&reader, until);
    // SAFETY: the copy is our child and not reaped yet, so the number is still its own.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        // Bounded, however many signals arrive.
        for _ in 0..100 {
            if libc::waitpid(pid, std::ptr::null_mut(), 0) >= 0 || os::errno() != libc::EINTR {
                break;
            }
        }
    }
    Ok(answer)
}

fn be_the_copy(limit: Duration, work: impl FnOnce() -> Vec<u8>, writer: &OwnedFd) -> ! {
    // We may end first, by a signal that cannot be caught.
    let seconds = u32::try_from(limit.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    let alarm = set_of(&[libc::SIGALRM]);
    // SAFETY: plain system calls; the set is initialised.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const alarm, std::ptr::null_mut());
        libc::alarm(seconds);
    }
    if let Ok(bytes) = catch_unwind(AssertUnwindSafe(work)) {
        // If it cannot be written, there is no reader.
        let _ = rustix::io::write(writer, &bytes[..bytes.len().min(MAX_ANSWER_BYTES)]);
    }
    // SAFETY: ends the copy at once, with nothing of ours flushed or dropped.
    unsafe { libc::_exit(0) }
}

/// Everything until the other end is closed.
fn read_until(reader: &OwnedFd, until: Instant) -> Option<Vec<u8>> {
    let mut bytes = vec![0; MAX_ANSWER_BYTES];
    let mut length = 0;
    let signals = stop_signals();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match rustix::io::read(reader, &mut bytes[length..]) {
            Ok(0) => {
                bytes.truncate(length);
                return Some(bytes);
            }
            Ok(more) => length += more,
            Err(Errno::AGAIN) if left.is_zero() || stop_signals() != signals => return None,
            Err(Errno::AGAIN) => {
                let limit = Timespec { tv_sec: 0, tv_nsec: left.min(SLICE).subsec_nanos().into() };
                let _ = poll(&mut [PollFd::from_borrowed_fd(reader.as_fd(), PollFlags::IN)], Some(&limit));
            }
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_comes_back_or_is_given_up() {
        let long = Duration::from_secs(60);
        assert_eq!(run_in_fork(long, || b"done".to_vec()).unwrap(), Some(b"done".to_vec()));
        assert_eq!(run_in_fork(long, Vec::new).unwrap(), Some(Vec::new()));
        let began = Instant::now();
        let hung = run_in_fork(Duration::from_millis(50), || {
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
        });
        assert_eq!(hung.unwrap(), None);
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}
