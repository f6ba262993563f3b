//! Writes to descriptors that we share with others. Failed writes never panic and are only reported, so that a full or
//! closed stderr cannot change a result. A run never waits indefinitely for a reader ([`NonBlocking`], [`Stderr`]). Only
//! verbs that run no command wait for the reader of their stdout ([`Stdout`]); a signal ends them, as it ends `cat`.
//!
//! Text for people is first made safe to show (`base::printable`), in the charset of the locale.

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

/// The charset of our messages.
pub(crate) fn charset() -> Charset {
    static CHARSET: OnceLock<Charset> = OnceLock::new();
    *CHARSET.get_or_init(|| {
        let [all, ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(environment::get);
        Charset::of_locale(all.as_deref(), ctype.as_deref(), lang.as_deref())
    })
}

/// Text as one line without commands for a terminal or the surrounding CI system: foreign text may contain anything.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    within_ci(printable::line(text, charset()), dialect::harmless)
}

/// Text of several lines, as safe as [`printable`].
fn page(text: &str) -> Cow<'_, str> {
    within_ci(printable::page(text, charset()), dialect::harmless)
}

/// JSON without commands for a terminal or the surrounding CI system, and with the same meaning.
pub(crate) fn printable_json(text: &str) -> Cow<'_, str> {
    within_ci(printable::json(text, charset()), dialect::harmless_json)
}

/// Declares that commands for a CI system will be written: it reads all our output, even if no variable names it, as in a
/// container.
pub(crate) fn expect_ci() {
    EXPECTS_CI.store(true, Ordering::Relaxed);
}

static EXPECTS_CI: AtomicBool = AtomicBool::new(false);

/// Makes text that is safe for a terminal safe for the surrounding CI system as well.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    within_ci(Cow::Borrowed(text), dialect::harmless)
}

/// Makes the text harmless if a runner may read it.
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

/// Whether a word of the command line, or the variable for the option, may request commands for a CI system. Needed because
/// mistakes in the command line are reported before it is parsed.
fn asks_for_ci() -> bool {
    let words = std::env::args_os().take_while(|word| word != "--");
    let values = words.chain(environment::get("RETRY_OPT_MESSAGE_FORMAT"));
    values.filter_map(|word| word.into_string().ok()).any(|word| {
        let value = word.rsplit('=').next().unwrap_or_default();
        matches!(MessageFormat::parse(value), Ok(MessageFormat::Ci(_)))
    })
}

/// Stdout for verbs that run no command: waits for its reader, even if it is non-blocking. These verbs have no signal
/// handlers, so a signal ends the wait and the program.
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

/// Writes text of verbs that run no command to stdout. Line breaks are kept; everything else that a terminal would
/// interpret is removed.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    Stdout.write_all(page(text).as_bytes())
}

/// Writes text to stdout unchanged, for generated files.
pub(crate) fn to_stdout_exactly(text: &str) -> io::Result<()> {
    Stdout.write_all(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes_to_stdout(bytes: &[u8]) -> io::Result<()> {
    Stdout.write_all(bytes)
}

/// Buffered stdout for large outputs.
pub(crate) fn buffered_stdout() -> impl Write {
    io::BufWriter::with_capacity(64 * 1024, Stdout)
}

/// Writes text to stderr, as much as it accepts. Line breaks are kept; everything else that a terminal would interpret is
/// removed.
pub(crate) fn to_stderr(text: &str) {
    stderr::write(page(text).as_bytes());
}

/// Reports panics in a single line. The standard hook would panic again on a full stderr.
pub(crate) fn panics_to_stderr() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("unknown");
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        to_stderr(&format!("retry: this is a bug in retry: {}{place}\n", printable(what)));
    }));
}

/// Whether stderr is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether we may draw on stderr: it is a terminal that can erase, and we are in its foreground.
pub(crate) fn can_draw_on_stderr() -> bool {
    let stderr = io::stderr();
    stderr.is_terminal()
        && environment::get("TERM").is_none_or(|term| term != "dumb")
        && super::supervise::is_foreground_of(&stderr)
}

/// Moves to the start of the line and erases to its end.
pub(crate) const ERASE: &str = "\r\x1b[K";

/// Whether colours are wanted on a stream. Unless the option decides, <https://no-color.org> and CLICOLOR_FORCE of
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

/// Whether stdout is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The width of stdout's terminal in columns; if it is not a terminal, the value of `COLUMNS`.
pub(crate) fn stdout_columns() -> Option<usize> {
    let of_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let named = || environment::get("COLUMNS")?.to_str()?.parse().ok();
    of_terminal.filter(|columns| *columns > 0).or_else(named)
}

/// Whether stdout and stderr lead to the same file, so that output to both stays in order.
pub(crate) fn streams_are_one() -> bool {
    let [Ok(out), Ok(err)] = [rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr())] else {
        return false;
    };
    (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino)
}

/// Whether the reader of our stdout has gone away: true for a pipe or socket without a reader and for a dead terminal,
/// never for a file.
pub(crate) fn stdout_reader_is_gone() -> bool {
    let stdout = io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
        && watched[0].revents().intersects(gone)
}
