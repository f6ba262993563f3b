//! What reads a captured stream once the attempt is over and other processes still write to it: a daemon that the command
//! has left would die of SIGPIPE if nobody did. It is a copy of us that outlives us, for as long as one of them has the
//! stream open.
//!
//! The copy has nothing but these streams and the files and terminals that they lead to. A pipe is not kept: its reader
//! waits for the end, which is ours. What is written to a stream that does not lead to a file or terminal is lost.

use std::ffi::CStr;
use std::os::fd::{AsFd as _, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::signals::Blocked;
use super::{inherited, os, spawn};

/// The name of the process in lists, instead of ours.
const NAME: &CStr = c"output-reader";
/// The most streams of one attempt.
const MOST: usize = 2;
/// The most bytes per read.
const BUFFER_BYTES: usize = 16 * 1024;
/// How long we wait until the copy has closed what it does not need: locks, and pipes whose readers wait for our end.
const READY_LIMIT: Duration = Duration::from_millis(100);
/// The time between reads where poll(2) reports what is not there, as some systems do for terminals.
const PAUSE: Duration = Duration::from_millis(50);

/// A stream that other processes may still write to.
pub(super) struct LateStream {
    /// Non-blocking; `None` at its end.
    pub(super) from: Option<OwnedFd>,
    /// A file or device; `None`: what is read is lost.
    pub(super) to: Option<BorrowedFd<'static>>,
}

/// Leaves a process behind that reads these streams to their end. True if there is one, which is then our child; otherwise
/// whoever writes to them gets SIGPIPE.
pub(super) fn leave(streams: Vec<LateStream>) -> bool {
    let Ok((reader, writer)) = os::pipe() else { return false };
    let blocked = Blocked::all();
    // SAFETY: the child uses nothing but system calls, and does not return.
    let made = match unsafe { libc::fork() } {
        0 => be_reader(streams, &writer),
        pid => pid > 0,
    };
    drop(writer);
    if made {
        spawn::wait_for([reader.as_fd()], READY_LIMIT);
    }
    drop(blocked);
    made
}

/// Async-signal-safe. `ready` is closed once the copy has nothing else that is not its own.
fn be_reader(mut streams: Vec<LateStream>, ready: &OwnedFd) -> ! {
    close_all_but(&streams, ready.as_raw_fd());
    // SAFETY: this is a copy of our own making, with nothing that runs beside it: nobody else reads the arguments, and
    // `ready` is not used again.
    unsafe {
        libc::chdir(c"/".as_ptr());
        os::rename_process(NAME);
        inherited::overwrite_arguments(NAME.to_bytes());
        libc::close(ready.as_raw_fd());
    }
    let mut buffer = [0; BUFFER_BYTES];
    while read_some(&mut streams, &mut buffer) {}
    // SAFETY: ends the copy at once, with nothing of ours flushed or dropped.
    unsafe { libc::_exit(0) }
}

fn close_all_but(streams: &[LateStream], ready: i32) {
    let mut kept = [ready; 1 + 2 * MOST];
    let sources = streams.iter().filter_map(|stream| stream.from.as_ref().map(AsRawFd::as_raw_fd));
    let targets = streams.iter().filter_map(|stream| stream.to.map(|to| to.as_raw_fd()));
    for (place, fd) in kept.iter_mut().skip(1).zip(sources.chain(targets)) {
        *place = fd;
    }
    kept.sort_unstable();
    os::close_all_but(&kept);
}

/// Waits for something to read, and passes it on. False once all streams are at their end.
fn read_some(streams: &mut [LateStream], buffer: &mut [u8]) -> bool {
    let mut polled = [libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; MOST];
    for (polled, stream) in polled.iter_mut().zip(&*streams) {
        polled.fd = stream.from.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    }
    if polled.iter().all(|polled| polled.fd < 0) {
        return false;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a small number")]
    // SAFETY: an array of that many valid pollfd; negative descriptors are skipped.
    let found = unsafe { libc::poll(polled.as_mut_ptr(), MOST as libc::nfds_t, -1) };
    if found < 0 && os::errno() != libc::EINTR {
        return false;
    }
    let mut any = false;
    for (stream, polled) in streams.iter_mut().zip(polled) {
        any |= polled.revents != 0 && stream.pass_on(buffer);
    }
    if !any {
        std::thread::sleep(PAUSE);
    }
    true
}

impl LateStream {
    /// Passes on what is there. False if nothing is.
    fn pass_on(&mut self, buffer: &mut [u8]) -> bool {
        let Some(from) = &self.from else { return false };
        match rustix::io::read(from, &mut *buffer) {
            Ok(length @ 1..) => self.write(&buffer[..length]),
            Err(Errno::AGAIN | Errno::INTR) => return false,
            // The end, which is EIO for a pseudo-terminal.
            Ok(0) | Err(_) => {
                self.from = None;
                self.forget_target();
            }
        }
        true
    }

    /// Writes all of it, unless the target refuses: from then on everything is lost.
    fn write(&mut self, mut bytes: &[u8]) {
        while let Some(to) = self.to.filter(|_| !bytes.is_empty()) {
            match rustix::io::write(to, bytes) {
                Ok(written @ 1..) => bytes = &bytes[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let waited = poll(&mut [PollFd::new(&to, PollFlags::OUT)], None);
                    if waited.is_err_and(|errno| errno != Errno::INTR) {
                        self.forget_target();
                    }
                }
                Ok(0) | Err(_) => self.forget_target(),
            }
        }
    }

    fn forget_target(&mut self) {
        if let Some(to) = self.to.take() {
            // SAFETY: in the copy each stream has a target of its own, which nothing else uses.
            unsafe { libc::close(to.as_raw_fd()) };
        }
    }
}
