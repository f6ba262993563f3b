//! Where output is passed on to: a descriptor that is not ours alone, written to without ever waiting for its reader.
//!
//! Its open file description may be shared with the whole shell, so that its flags must stay as they are. A pipe or
//! terminal is therefore opened once more, a socket is asked not to wait at each call. A file must not be opened
//! again, since its offset is shared on purpose; it makes nobody wait.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::os;

/// A pipe that is writable takes so much at once.
const PIPE_PORTION: usize = 4096;
/// Terminals promise no more.
const TERMINAL_PORTION: usize = 256;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
const A_LITTLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Where bytes go.
pub(super) enum Outlet {
    /// A non-blocking description of our own.
    Own(AsyncFd<OwnedFd>),
    Socket(AsyncFd<OwnedFd>),
    /// A description that others may use: asked before each write whether it takes `portion` bytes.
    Shared {
        fd: AsyncFd<OwnedFd>,
        portion: usize,
    },
    /// Never has to be waited for: a file, `/dev/null`.
    Direct(OwnedFd),
    /// The standard stream itself, where there is no descriptor left for another way. Its reader is waited for a little at each
    /// call, since nobody would wake us.
    Bare {
        fd: BorrowedFd<'static>,
        portion: usize,
    },
}

impl Outlet {
    /// The way to what `fd` leads to; without a descriptor of our own where none is to be had.
    pub(super) fn new(fd: BorrowedFd<'static>) -> io::Result<Self> {
        match Self::of_our_own(fd) {
            Err(why) if is_want(&why) => {
                let portion = if rustix::termios::isatty(fd) { TERMINAL_PORTION } else { PIPE_PORTION };
                Ok(Self::Bare { fd, portion })
            }
            found => found,
        }
    }

    fn of_our_own(fd: BorrowedFd<'_>) -> io::Result<Self> {
        // Above the standard streams, and gone with exec.
        let duplicate = || rustix::io::fcntl_dupfd_cloexec(fd, 3);
        let mode = rustix::fs::fstat(fd)?.st_mode;
        let kind = FileType::from_raw_mode(mode);
        let is_terminal = kind == FileType::CharacterDevice && rustix::termios::isatty(fd);
        if kind == FileType::RegularFile || kind == FileType::BlockDevice {
            return Ok(Self::Direct(duplicate()?));
        }
        if kind == FileType::Socket {
            return Ok(Self::Socket(register(duplicate()?)?));
        }
        if (is_terminal || kind == FileType::Fifo)
            && let Some(own) = os::reopen_for_writing(fd)
        {
            return Ok(Self::Own(register(own)?));
        }
        let portion = if is_terminal { TERMINAL_PORTION } else { PIPE_PORTION };
        match register(duplicate()?) {
            Ok(fd) => Ok(Self::Shared { fd, portion }),
            // What epoll refuses is always ready.
            Err(why) if why.raw_os_error() == Some(libc::EPERM) => Ok(Self::Direct(duplicate()?)),
            Err(why) => Err(why),
        }
    }

    /// Writes what is taken without waiting: `None` if nothing is.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Option<usize>, Errno> {
        loop {
            let written = match self {
                Self::Own(fd) => rustix::io::write(fd.get_ref(), bytes),
                Self::Direct(fd) => rustix::io::write(fd, bytes),
                Self::Socket(fd) => send(fd.get_ref(), bytes),
                Self::Shared { fd, .. } if !is_writable(fd.get_ref().as_fd(), &AT_ONCE) => return Ok(None),
                Self::Bare { fd, .. } if !is_writable(*fd, &A_LITTLE) => return Ok(None),
                Self::Bare { fd, portion } => rustix::io::write(fd, &bytes[..bytes.len().min(*portion)]),
                Self::Shared { fd, portion } => {
                    rustix::io::write(fd.get_ref(), &bytes[..bytes.len().min(*portion)])
                }
            };
            return match written {
                Ok(0) => Err(Errno::NOSPC),
                Ok(written) => Ok(Some(written)),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(None),
                Err(errno) => Err(errno),
            };
        }
    }

    /// Is a failed write about a reader that is gone, rather than about the place? EIO is a terminal's that was hung
    /// up.
    pub(super) fn is_readers_fault(&self, errno: Errno) -> bool {
        match errno {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => true,
            Errno::IO => !matches!(self, Self::Direct(_)),
            _ => false,
        }
    }

    /// Ready when it is worth trying again.
    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        let (Self::Own(fd) | Self::Socket(fd) | Self::Shared { fd, .. }) = self else {
            return Poll::Ready(());
        };
        // Used up by the try that follows.
        fd.poll_write_ready(context).map(|ready| {
            if let Ok(mut ready) = ready {
                ready.clear_ready();
            }
        })
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own(_) => "Own",
            Self::Socket(_) => "Socket",
            Self::Shared { .. } => "Shared",
            Self::Direct(_) => "Direct",
            Self::Bare { .. } => "Bare",
        })
    }
}

fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is open, owned by the AsyncFd, and never replaced while that lives.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::WRITABLE) }?)
}

fn is_writable(fd: BorrowedFd<'_>, limit: &Timespec) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    poll(&mut polled, Some(limit)).is_ok_and(|ready| ready > 0)
}

/// Is it descriptors, memory or room for what is waited for that is wanting?
fn is_want(why: &io::Error) -> bool {
    matches!(why.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOSPC))
}

/// SIGPIPE is ignored in here, but macOS knows no flag for it either.
fn send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the bytes are valid for their length during the call.
    let sent =
        unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT) };
    usize::try_from(sent).map_err(|_| Errno::from_raw_os_error(os::errno()))
}
