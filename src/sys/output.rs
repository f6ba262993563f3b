//! Writing to descriptors that are not ours alone: never a panic, and a refusal is only reported, so that a full or closed
//! stderr cannot change a result. A run never waits for a reader without end ([`NonBlocking`], [`Stderr`]). Only the verbs
//! that run no command wait for the reader of their stdout ([`Stdout`]); a signal ends them, as it ends `cat`.
//!
//! What is written for people is made safe to show first (`base::printable`), in the characters that the locale has.

mod mark;
mod nonblocking;
mod stderr;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::environment;
use crate::base::printable::{self, Charset};

pub(crate) use mark::StdoutMark;
pub(crate) use nonblocking::NonBlocking;
pub(crate) use stderr::Stderr;

/// The characters that our messages may have.
pub(crate) fn charset() -> Charset {
    static CHARSET: OnceLock<Charset> = OnceLock::new();
    *CHARSET.get_or_init(|| {
        let [all, ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(environment::get);
        Charset::of_locale(all.as_deref(), ctype.as_deref(), lang.as_deref())
    })
}

/// Text as one line that no terminal obeys: what others wrote may hold anything.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    printable::line(text, charset())
}

/// JSON that no terminal obeys; it means the same.
pub(crate) fn printable_json(text: &str) -> Cow<'_, str> {
    printable::json(text, charset())
}

/// Stdout, for verbs that run no command: its reader is waited for, also where somebody has made it non-blocking. They have
/// no handlers, so that a signal ends the wait and the program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stdout = io::stdout();
        loop {
            match rustix::io::write(&stdout, bytes) {
                Ok(written) => return Ok(written),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _interrupted = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes text to stdout: what the verbs print that run no command. Its lines stay, and nothing else that a terminal would
/// obey.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    Stdout.write_all(printable::page(text, charset()).as_bytes())
}

/// Writes text to stdout as it is: for files that are made of it.
pub(crate) fn to_stdout_exactly(text: &str) -> io::Result<()> {
    Stdout.write_all(text.as_bytes())
}

/// Stdout for much output: what is written comes out in pieces, and after `flush`.
pub(crate) fn buffered_stdout() -> impl Write {
    io::BufWriter::with_capacity(64 * 1024, Stdout)
}

/// Writes text to stderr, as much as it takes. Its lines stay, and nothing else that a terminal would obey.
pub(crate) fn to_stderr(text: &str) {
    stderr::write(printable::page(text, charset()).as_bytes());
}

/// Has a panic told in one line of ours. The standard hook would panic again on a full stderr.
pub(crate) fn panics_to_stderr() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("unknown");
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        to_stderr(&format!("retry: this is a bug in retry: {}{place}\n", printable(what)));
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
        && environment::get("TERM").is_none_or(|term| term != "dumb")
        && super::supervise::is_foreground_of(&stderr)
}

/// The width of the terminal that stdout stands on, in columns; elsewhere what `COLUMNS` says.
pub(crate) fn stdout_columns() -> Option<usize> {
    let of_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let named = || environment::get("COLUMNS")?.to_str()?.parse().ok();
    of_terminal.filter(|columns| *columns > 0).or_else(named)
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
