//! The capture of the command's standard streams, decided and opened before the fork.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{Mode as Permissions, OFlags};
use rustix::io::FdFlags;

use super::outlet::Outlet;
use super::output::Output;
use super::pump::{Pump, Sink};
use super::{inherited, os, pty};
use crate::classify::{Observed, Stream};

/// The treatment of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The command inherits our descriptor.
    #[default]
    Inherit,
    /// Observed, and passed on as it arrives.
    PassThrough,
    /// Observed, and held for [`super::Supervisor::deliver`].
    Hold,
    /// Observed, and discarded.
    Discard,
    /// `/dev/null`.
    Null,
}

/// The treatment of both streams. If they lead to the same open file and are passed on, they share one pipe or
/// pseudo-terminal and are observed as [`Stream::Merged`], so that their order is kept.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    pub(crate) stdout: Mode,
    pub(crate) stderr: Mode,
    /// The order is also kept if both are held.
    pub(crate) together: bool,
    /// Stdout goes to the destination of stderr, whatever its own treatment is.
    pub(crate) stdout_to_stderr: bool,
    /// The bytes that the tap of [`super::Supervisor::next`] must see.
    pub(crate) observed: Observed,
}

/// The command's standard descriptors that are not ours.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    /// The source of each, by number.
    pub(super) sources: [Option<i32>; 3],
    /// Open until the fork.
    keep: Vec<OwnedFd>,
}

impl Descriptors {
    fn set(&mut self, targets: &[i32], source: OwnedFd) {
        for &target in targets {
            if let Ok(target) = usize::try_from(target) {
                self.sources[target] = Some(source.as_raw_fd());
            }
        }
        self.keep.push(source);
    }
}

const STDOUT: i32 = 1;
const STDERR: i32 = 2;

impl Capture {
    /// Opens what is needed; nothing if both are inherited.
    pub(super) fn open(self) -> io::Result<(Option<Output>, Descriptors)> {
        let mut descriptors = Descriptors::default();
        let closed = |fd| inherited::closed_stdio().any(|closed| closed == fd);
        if self.stdout_to_stderr {
            if self.stderr == Mode::Inherit || closed(STDERR) {
                // If stderr is closed, our own is `/dev/null`.
                descriptors.sources[1] = Some(STDERR);
                return Ok((None, descriptors));
            }
            let pump = connect(Stream::Stderr, self.stderr, &[STDOUT, STDERR], &mut descriptors)?;
            return Ok((pump.map(|pump| Output::new(vec![pump], self.observed)), descriptors));
        }
        if self.stdout == Mode::Inherit && self.stderr == Mode::Inherit {
            return Ok((None, descriptors));
        }
        // A closed stream stays closed.
        let actual = |mode, fd| if closed(fd) { Mode::Inherit } else { mode };
        let (stdout, stderr) = (actual(self.stdout, STDOUT), actual(self.stderr, STDERR));
        let mut pumps = Vec::with_capacity(2);
        let any_closed = closed(STDOUT) || closed(STDERR);
        if !any_closed && self.would_merge() && same_open_file()? {
            let mode = if stdout == Mode::Inherit { stderr } else { stdout };
            pumps.extend(connect(Stream::Merged, mode, &[STDOUT, STDERR], &mut descriptors)?);
        } else {
            pumps.extend(connect(Stream::Stdout, stdout, &[STDOUT], &mut descriptors)?);
            pumps.extend(connect(Stream::Stderr, stderr, &[STDERR], &mut descriptors)?);
        }
        Ok(((!pumps.is_empty()).then(|| Output::new(pumps, self.observed)), descriptors))
    }

    /// The order of a held stream and one that is not held is lost.
    fn would_merge(&self) -> bool {
        match (self.stdout, self.stderr) {
            (Mode::PassThrough, Mode::PassThrough | Mode::Inherit) | (Mode::Inherit, Mode::PassThrough) => {
                true
            }
            (Mode::Hold, Mode::Hold) => self.together,
            _ => false,
        }
    }
}

/// Whether stdout and stderr are the same open file.
fn same_open_file() -> io::Result<bool> {
    let [out, err] = [STDOUT, STDERR].map(|fd| rustix::fs::fstat(standard(fd)));
    let (out, err) = (out?, err?);
    Ok((out.st_dev, out.st_ino) == (err.st_dev, err.st_ino))
}

/// Standard descriptors are always open here: closed ones were filled at the start.
fn standard(fd: i32) -> BorrowedFd<'static> {
    // SAFETY: descriptors 0 to 2 are opened at the start if necessary, and nothing here closes them.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Connects descriptors of the command to a pump, if one is needed.
fn connect(
    stream: Stream,
    mode: Mode,
    targets: &[i32],
    descriptors: &mut Descriptors,
) -> io::Result<Option<Pump>> {
    let like = standard(targets[0]);
    let sink = match mode {
        Mode::Inherit => return Ok(None),
        Mode::Null => {
            let null = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Permissions::empty())?;
            descriptors.set(targets, null);
            return Ok(None);
        }
        Mode::PassThrough => Sink::Outlet(Outlet::new(like)),
        Mode::Hold => Sink::Held,
        Mode::Discard => Sink::Nowhere,
    };
    // If no pseudo-terminal is available (no /dev/ptmx), a pipe has to do.
    let terminal = if rustix::termios::isatty(like) { pty::open(like).ok() } else { None };
    let is_terminal = terminal.is_some();
    let (ours, theirs) = terminal.map_or_else(pipe, Ok)?;
    descriptors.set(targets, theirs);
    Pump::new(stream, ours, is_terminal, sink).map(Some)
}

/// A pipe of which only the reading end is non-blocking.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors that pipe writes.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: pipe succeeded, so both are open and owned by us alone.
    let [ours, theirs] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    rustix::io::fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    rustix::io::fcntl_setfd(&theirs, FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&ours, OFlags::NONBLOCK)?;
    os::enlarge(ours.as_fd());
    Ok((ours, theirs))
}

/// The terminal that a stream of the command stands for.
pub(super) fn terminal_of(stream: Stream) -> BorrowedFd<'static> {
    standard(if stream == Stream::Stderr { STDERR } else { STDOUT })
}
