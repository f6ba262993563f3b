//! Writes to a shared descriptor without ever waiting for its reader.
//!
//! The open file description may be shared with the whole shell, so its flags must not be changed. Pipes and terminals are
//! therefore reopened, and sockets are written to with a flag for each call. If neither is possible, a single write is made
//! with a flag that the kernel may support; otherwise poll(2) says how much is accepted at once. Files must not be
//! reopened, since their offset is shared on purpose; they never block.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::SendFlags;

/// Bytes that a writable pipe accepts at once (`PIPE_BUF`).
const PIPE_PORTION_BYTES: usize = 4096;
/// Bytes that a writable terminal accepts at once.
const TERMINAL_PORTION_BYTES: usize = 256;

/// A shared descriptor, and the way to write to it.
#[derive(Debug)]
pub(crate) struct NonBlocking<F> {
    fd: F,
    way: Way,
    is_pipe: bool,
}

#[derive(Debug)]
enum Way {
    /// Our own non-blocking open file description.
    Own(OwnedFd),
    /// A socket, which takes a non-blocking flag for each call.
    Socket,
    /// A description that others use: polled before each write of at most this many bytes.
    Shared(usize),
    /// A file, or a device that never blocks.
    Direct,
}

impl<F: AsFd> NonBlocking<F> {
    /// Finds a way to write to `fd`. Opens a descriptor of its own if possible, and works without one otherwise.
    pub(crate) fn new(fd: F) -> Self {
        let status = rustix::fs::fstat(&fd);
        let kind = status.as_ref().map(|status| FileType::from_raw_mode(status.st_mode));
        let is_terminal = kind == Ok(FileType::CharacterDevice) && rustix::termios::isatty(&fd);
        let reopened = |portion| reopen(fd.as_fd()).map_or(Way::Shared(portion), Way::Own);
        let way = match kind {
            Ok(FileType::RegularFile | FileType::BlockDevice) => Way::Direct,
            Ok(FileType::Socket) => Way::Socket,
            Ok(FileType::Fifo) => reopened(PIPE_PORTION_BYTES),
            _ if is_terminal => reopened(TERMINAL_PORTION_BYTES),
            _ if status.is_ok_and(|status| is_memory(status.st_rdev)) => Way::Direct,
            _ => Way::Shared(PIPE_PORTION_BYTES),
        };
        let is_pipe = kind == Ok(FileType::Fifo);
        Self { fd, way, is_pipe }
    }

    /// The descriptor to poll and to write to.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Own(own) => own.as_fd(),
            Way::Socket | Way::Shared(_) | Way::Direct => self.fd.as_fd(),
        }
    }

    /// The shared descriptor itself.
    pub(crate) fn target(&self) -> F
    where
        F: Copy,
    {
        self.fd
    }

    /// Whether it is a pipe or a FIFO.
    pub(crate) fn is_pipe(&self) -> bool {
        self.is_pipe
    }

    /// Whether it is a file or device that never blocks.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self.way, Way::Direct)
    }

    /// Writes what is accepted at once; `None` if nothing is.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, Errno> {
        loop {
            let written = match &self.way {
                Way::Own(own) => rustix::io::write(own, bytes),
                Way::Socket => rustix::net::send(&self.fd, bytes, SendFlags::DONTWAIT),
                Way::Shared(portion) => self.write_shared(bytes, *portion),
                Way::Direct => rustix::io::write(&self.fd, bytes),
            };
            return match written {
                Ok(0) if !bytes.is_empty() => Err(Errno::NOSPC),
                Ok(written) => Ok(Some(written)),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(None),
                Err(errno) => Err(errno),
            };
        }
    }

    fn write_shared(&self, bytes: &[u8], portion: usize) -> Result<usize, Errno> {
        match write_without_waiting(self.fd.as_fd(), bytes) {
            // The kernel does not support it for this kind of file.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE | Errno::PERM) => {}
            written => return written,
        }
        if self.is_writable(Duration::ZERO)? {
            rustix::io::write(&self.fd, &bytes[..bytes.len().min(portion)])
        } else {
            Err(Errno::AGAIN)
        }
    }

    /// Whether something will be accepted within this time. Fails with `EINTR` on a signal.
    pub(crate) fn is_writable(&self, limit: Duration) -> Result<bool, Errno> {
        let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
        let fd = self.as_fd();
        poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&limit)).map(|ready| ready > 0)
    }
}

/// Writes once without blocking, although the description is blocking. Pipes support it since Linux 6.5.
#[cfg(has_nowait_write)]
fn write_without_waiting(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    /// At the current offset.
    const NO_OFFSET: u64 = u64::MAX;
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    rustix::io::pwritev2(fd, &[std::io::IoSlice::new(bytes)], NO_OFFSET, flags)
}

#[cfg(not(has_nowait_write))]
fn write_without_waiting(_: BorrowedFd<'_>, _: &[u8]) -> Result<usize, Errno> {
    Err(Errno::OPNOTSUPP)
}

/// Reopens a pipe or a terminal to get an open file description whose flags are ours alone. `None` if that is refused
/// (another user's) or would open something else.
#[cfg(has_procfs)]
fn reopen(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{Mode, OFlags};

    /// `/dev/ptmx`: each open creates another terminal.
    const PTMX: (u32, u32) = (5, 2);
    let device =
        |status: &rustix::fs::Stat| (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev));
    let before = rustix::fs::fstat(fd).ok().filter(|status| device(status) != PTMX)?;
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let inherited = rustix::fs::fcntl_getfl(fd).ok()?;
    if inherited & OFlags::RWMODE == OFlags::RDONLY {
        return None;
    }
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let own = rustix::fs::open(path, flags | inherited & OFlags::APPEND, Mode::empty()).ok()?;
    let after = rustix::fs::fstat(&own).ok()?;
    ((before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)).then_some(own)
}

/// Another open file description cannot be had: `/dev/fd` only duplicates.
#[cfg(not(has_procfs))]
fn reopen(_: BorrowedFd<'_>) -> Option<OwnedFd> {
    None
}

/// Whether a device is like `/dev/null`, which never blocks.
#[cfg(target_os = "linux")]
fn is_memory(device: u64) -> bool {
    rustix::fs::major(device) == 1
}

#[cfg(not(target_os = "linux"))]
fn is_memory<D>(_: D) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use rustix::fs::{OFlags, fcntl_getfl};

    use super::*;

    /// A pipe, its reading end first, and its writing end as something to write to in this way.
    fn shared(way: Way) -> (std::io::PipeReader, NonBlocking<std::io::PipeWriter>) {
        let (reader, writer) = pipe().unwrap();
        (reader, NonBlocking { fd: writer, way, is_pipe: true })
    }

    fn fill(writer: &NonBlocking<impl AsFd>) -> usize {
        let mut filled = 0;
        while let Some(written) = writer.try_write(&[b'x'; 1000]).unwrap() {
            filled += written;
        }
        filled
    }

    #[test]
    fn a_full_pipe_is_not_waited_for_and_keeps_its_flags() {
        for way in [None, Some(Way::Shared(PIPE_PORTION_BYTES))] {
            let (mut reader, mut writer) = shared(Way::Direct);
            writer.way = way.unwrap_or_else(|| NonBlocking::new(&writer.fd).way);
            let filled = fill(&writer);
            assert!(filled >= 4096 && !writer.is_writable(Duration::ZERO).unwrap(), "{writer:?}");
            assert!(!fcntl_getfl(&writer.fd).unwrap().contains(OFlags::NONBLOCK));
            let mut read = vec![0; filled];
            reader.read_exact(&mut read).unwrap();
            assert_eq!(writer.try_write(b"more"), Ok(Some(4)));
        }
    }

    #[test]
    fn a_full_socket_is_not_waited_for() {
        let (_reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
        let writer = NonBlocking::new(writer);
        assert!(fill(&writer) > 1000);
    }

    #[test]
    #[cfg(has_procfs)]
    fn the_maker_of_terminals_is_not_opened_again() {
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let Ok(master) = rustix::fs::open("/dev/ptmx", flags, rustix::fs::Mode::empty()) else { return };
        assert!(!matches!(NonBlocking::new(master).way, Way::Own(_)));
    }

    #[test]
    fn who_is_gone_is_an_error() {
        let (reader, writer) = shared(Way::Shared(PIPE_PORTION_BYTES));
        drop(reader);
        assert_eq!(writer.try_write(b"x"), Err(Errno::PIPE));
    }
}
