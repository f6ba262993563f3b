//! Stderr, shared with the command and whoever stands around us. Its reader may be alive and not read: then it is waited for
//! a while, and afterwards what it does not take is dropped, so that neither a signal nor a timer waits for it.
//!
//! Its flags are the business of all who share its open file description. A pipe or a terminal is therefore opened once
//! more, a socket is asked not to wait at each call, and where neither can be, poll(2) says how much is taken at once.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::SendFlags;

/// How long a message waits for a reader.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same once a signal came meanwhile: the loop has to see it.
const HASTE: Duration = Duration::from_millis(50);
/// A pipe that is writable takes so much without waiting (`PIPE_BUF`).
const PIPE_PORTION: usize = 4096;
/// Terminals promise less.
const TERMINAL_PORTION: usize = 256;

/// The last message was not taken in time: the next ones are not waited for until one is.
static STALLED: AtomicBool = AtomicBool::new(false);
/// A message was cut short: the next one begins a line.
static TORN: AtomicBool = AtomicBool::new(false);

/// Stderr. Its errors are swallowed: there is nobody left to tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How stderr is written to.
enum Way {
    /// A non-blocking description of our own.
    Own(OwnedFd),
    Socket,
    /// Asked before each write, which has so many bytes.
    Shared(usize),
    /// A file or a device: it makes nobody wait.
    Direct,
}

impl Way {
    fn find() -> Self {
        let stderr = io::stderr();
        let kind = rustix::fs::fstat(&stderr).map(|status| FileType::from_raw_mode(status.st_mode));
        let is_terminal = kind == Ok(FileType::CharacterDevice) && rustix::termios::isatty(&stderr);
        match kind {
            Ok(FileType::Socket) => Self::Socket,
            Ok(FileType::Fifo) => reopen().map_or(Self::Shared(PIPE_PORTION), Self::Own),
            _ if is_terminal => reopen().map_or(Self::Shared(TERMINAL_PORTION), Self::Own),
            Ok(FileType::RegularFile | FileType::CharacterDevice | FileType::BlockDevice) => Self::Direct,
            _ => Self::Shared(PIPE_PORTION),
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let stderr = io::stderr();
        match self {
            Self::Own(fd) => rustix::io::write(fd, bytes),
            Self::Socket => rustix::net::send(&stderr, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            Self::Shared(portion) => {
                if wait(Duration::ZERO)? {
                    rustix::io::write(&stderr, &bytes[..bytes.len().min(*portion)])
                } else {
                    Err(Errno::AGAIN)
                }
            }
            Self::Direct => rustix::io::write(&stderr, bytes),
        }
    }
}

/// Stderr once more, without waiting; where another user's pipe forbids that, or there is no `/proc`, nothing.
#[cfg(target_os = "linux")]
fn reopen() -> Option<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open("/proc/self/fd/2", flags, Mode::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn reopen() -> Option<OwnedFd> {
    None
}

/// Whether stderr takes something within this time.
fn wait(limit: Duration) -> Result<bool, Errno> {
    let stderr = io::stderr();
    let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
    let stderr = stderr.as_fd();
    poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&limit)).map(|ready| ready > 0)
}

/// Writes as much as is taken in time.
pub(super) fn write(bytes: &[u8]) {
    static WAY: OnceLock<Way> = OnceLock::new();
    let way = WAY.get_or_init(Way::find);
    let patience = if STALLED.load(Relaxed) { Duration::ZERO } else { PATIENCE };
    let mut until = Instant::now() + patience;
    if TORN.load(Relaxed) {
        if !write_until(way, b"\n", &mut until) {
            return;
        }
        TORN.store(false, Relaxed);
    }
    let all = write_until(way, bytes, &mut until);
    STALLED.store(!all, Relaxed);
}

/// True if all was taken, or nothing ever will be.
fn write_until(way: &Way, mut bytes: &[u8], until: &mut Instant) -> bool {
    let whole = bytes.len();
    while !bytes.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        match way.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => *until = (*until).min(Instant::now() + HASTE),
            Err(Errno::AGAIN) => match wait(left) {
                Err(Errno::INTR) => *until = (*until).min(Instant::now() + HASTE),
                Ok(true) if !left.is_zero() => {}
                _ => {
                    if bytes.len() < whole {
                        TORN.store(true, Relaxed);
                    }
                    return false;
                }
            },
            Err(_) => return true,
        }
    }
    true
}
