//! Writing to descriptors that are not ours alone: never a panic, never without end, and a refusal is only
//! reported, so that a full or closed stderr cannot change a result.

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// How long a full, non-blocking stderr is waited for before a message is dropped.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Stderr. Its errors are swallowed: there is nobody left to tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_all(io::stderr().as_fd(), bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes as much as the descriptor takes. Somebody may have made it non-blocking: then it is waited for, a
/// bounded time.
fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let ready = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], Some(&PATIENCE));
                if !matches!(ready, Ok(1..)) {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// Writes text to stdout: what the verbs print that run no command.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// What others wrote may hold anything; a terminal must not obey it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Stdout for much output: what is written comes out in pieces, and after `flush`.
pub(crate) fn buffered_stdout() -> impl Write {
    io::BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Writes text to stderr, as much as it takes.
pub(crate) fn to_stderr(text: &str) {
    write_all(io::stderr().as_fd(), text.as_bytes());
}

/// Has a panic told in one line of ours. The standard hook would panic again on a full stderr.
pub(crate) fn panics_to_stderr() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("unknown");
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        to_stderr(&format!("retry: this is a bug in retry: {what}{place}\n"));
    }));
}

/// Does stderr stand on a terminal?
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Is stderr a terminal that we may draw on: one that can erase, and whose foreground is ours?
pub(crate) fn can_draw_on_stderr() -> bool {
    let stderr = io::stderr();
    stderr.is_terminal()
        && super::environment::get("TERM").is_none_or(|term| term != "dumb")
        && super::supervise::is_foreground_of(&stderr)
}

/// Where stdout stands in its file; `None` for a pipe. A terminal stands nowhere, but says 0.
pub(crate) fn stdout_offset() -> Option<u64> {
    rustix::fs::tell(io::stdout()).ok()
}

/// Is stdout a regular file, and not the same as stderr?
pub(crate) fn stdout_is_a_file_of_its_own() -> bool {
    let [Ok(out), Ok(err)] = [rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr())] else {
        return false;
    };
    let regular = rustix::fs::FileType::from_raw_mode(out.st_mode) == rustix::fs::FileType::RegularFile;
    regular && (out.st_dev, out.st_ino) != (err.st_dev, err.st_ino)
}

/// Has the reader of our stdout gone away? True for a pipe or socket without reader and for a dead terminal;
/// never for a file.
pub(crate) fn stdout_reader_is_gone() -> bool {
    let stdout = io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
        && watched[0].revents().intersects(gone)
}
