//! Writing to descriptors that are not ours alone: never a panic, and a refusal is only reported, so that a full or closed
//! stderr cannot change a result. A run never waits for a reader without end ([`NonBlocking`], [`Stderr`]). Only the verbs
//! that run no command wait for the reader of their stdout ([`Stdout`]); a signal ends them, as it ends `cat`.
//!
//! Text for people is made safe to show first (`base::printable`), in the characters that the locale has.

mod bounded;
mod mark;
mod messages;
mod nonblocking;
mod stderr;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::environment;
use crate::base::printable::{self, Charset};
use crate::dialect;
use crate::policy::value::{Color, MessageFormat, Value as _};

pub(crate) use mark::StdoutMark;
pub(crate) use messages::Messages;
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

/// Text as one line that neither a terminal nor the CI system around us obeys: what others wrote may hold anything.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    within_ci(printable::line(text, charset()), dialect::harmless)
}

/// Text of several lines, as safe as [`printable`].
fn page(text: &str) -> Cow<'_, str> {
    within_ci(printable::page(text, charset()), dialect::harmless)
}

/// JSON that neither a terminal nor the CI system around us obeys; it means the same.
pub(crate) fn printable_json(text: &str) -> Cow<'_, str> {
    within_ci(printable::json(text, charset()), dialect::harmless_json)
}

/// Commands for a CI system are to be written: it reads all that we write, though no variable may name it, as in a container.
pub(crate) fn expect_ci() {
    EXPECTS_CI.store(true, Ordering::Relaxed);
}

static EXPECTS_CI: AtomicBool = AtomicBool::new(false);

/// Text that is safe for a terminal, made so for the CI system around us.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    within_ci(Cow::Borrowed(text), dialect::harmless)
}

/// Makes the text harmless where a runner may read it.
fn within_ci(text: Cow<'_, str>, harmless: fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    static IN_CI: OnceLock<bool> = OnceLock::new();
    let is_set = |name: &str| environment::get(name).is_some();
    let is_named = || *IN_CI.get_or_init(|| dialect::is_ci(is_set) || asks_for_ci());
    if !EXPECTS_CI.load(Ordering::Relaxed) && !is_named() {
        return text;
    }
    match harmless(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

/// May a word of the command line, or the variable for the option, ask for commands for a CI system? What is wrong with the
/// command line is reported before it is understood.
fn asks_for_ci() -> bool {
    let words = std::env::args_os().take_while(|word| word != "--");
    let values = words.chain(environment::get("RETRY_OPT_MESSAGE_FORMAT"));
    values.filter_map(|word| word.into_string().ok()).any(|word| {
        let value = word.rsplit('=').next().unwrap_or_default();
        matches!(MessageFormat::parse(value), Ok(MessageFormat::Ci(_)))
    })
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
    Stdout.write_all(page(text).as_bytes())
}

/// Writes text to stdout as it is: for files that are made of it.
pub(crate) fn to_stdout_exactly(text: &str) -> io::Result<()> {
    Stdout.write_all(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes_to_stdout(bytes: &[u8]) -> io::Result<()> {
    Stdout.write_all(bytes)
}

/// Stdout for much output: what is written comes out in pieces, and after `flush`.
pub(crate) fn buffered_stdout() -> impl Write {
    io::BufWriter::with_capacity(64 * 1024, Stdout)
}

/// Writes text to stderr, as much as it takes. Its lines stay, and nothing else that a terminal would obey.
pub(crate) fn to_stderr(text: &str) {
    stderr::write(page(text).as_bytes());
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

/// Back to the line's begin, and erase to its end.
pub(crate) const ERASE: &str = "\r\x1b[K";

/// Are colours wanted on a stream? Where it is not said, <https://no-color.org> and CLICOLOR_FORCE of
/// <https://bixense.com/clicolors> count, and then whether it is a terminal.
pub(crate) fn wants_color(asked: Color, is_terminal: impl FnOnce() -> bool) -> bool {
    let set = |name| environment::get(name).is_some_and(|value| value != "0");
    match asked {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if environment::get("NO_COLOR").is_some() => false,
        Color::Auto => {
            set("CLICOLOR_FORCE")
                || is_terminal() && environment::get("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// Does stdout stand on a terminal?
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The width of the terminal that stdout stands on, in columns; elsewhere what `COLUMNS` says.
pub(crate) fn stdout_columns() -> Option<usize> {
    let of_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let named = || environment::get("COLUMNS")?.to_str()?.parse().ok();
    of_terminal.filter(|columns| *columns > 0).or_else(named)
}

/// Do stdout and stderr lead to one file, so that what is written to both stays in its order?
pub(crate) fn streams_are_one() -> bool {
    let [Ok(out), Ok(err)] = [rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr())] else {
        return false;
    };
    (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino)
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
