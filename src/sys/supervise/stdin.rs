//! The inputs of the command in every attempt: its standard input, and those that its arguments name as `/dev/fd/N`.
//!
//! A file is read again from its original offset. A stream that reading consumes is replayed: its bytes are kept as the command
//! reads them and given again to every attempt, followed by the live input. The descriptors are shared with the processes
//! around us: nothing more is taken from them than the command has read, and their flags are never changed.

mod buffer;
mod eager;
#[cfg(has_tee)]
mod exact;
#[cfg(not(has_tee))]
#[path = "stdin/never_exact.rs"]
mod exact;
mod feed;
mod flags;
mod named;
mod replay;
mod rewound;
mod source;
mod whole;

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::net::{SocketType, sockopt};

use crate::sys::spool::Spool;
use flags::Flags;
use replay::Replay;
use rewound::Rewound;

pub(crate) use buffer::InputLoss;
pub(super) use whole::Taken;
pub(crate) use whole::{Rest, WholeInput};

/// The requested handling of the commands' standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputMode {
    /// The descriptor that we were started with, untouched.
    Inherit,
    /// Gives every attempt the same bytes if possible, otherwise is [`InputMode::Inherit`].
    ReplayIfPossible,
    /// Gives every attempt the same bytes, or refuses the next attempt.
    Replay,
    /// `/dev/null`.
    Null,
}

/// The reason why the requested handling is impossible.
#[derive(Debug)]
pub(crate) enum InputRefusal {
    /// There is no `/dev/null`.
    NoNull(io::Error),
    /// Standard input cannot be replayed; the text describes what it is.
    NotReplayable(&'static str),
}

/// All inputs of attempts that are not merely inherited.
#[derive(Default)]
pub(crate) struct Inputs {
    list: Vec<Input>,
    /// Empty if there is only one attempt.
    flags: Flags,
    attempts: u32,
}

/// An input of the commands.
struct Input {
    /// The numbers under which the command has it; the first one is also ours.
    numbers: Vec<i32>,
    kind: Kind,
}

enum Kind {
    /// An open file that every attempt gets: `/dev/null`, or the input of a helper.
    Given(OwnedFd),
    /// A file: every attempt starts at the offset of the first one.
    Rewound(Rewound),
    /// Kept and replayed.
    Replayed(Box<Replay>),
    /// Inherited by the first attempt. There is no other one, since it might read only the rest, or nothing.
    Unknown(InputLoss),
}

impl Inputs {
    /// Inspects descriptor 0 and those that `argv` names, unless nothing depends on them. `repeats`: there may be a second
    /// attempt. `limit`: the most bytes of each that are kept for it.
    pub(crate) fn open(
        mode: InputMode,
        repeats: bool,
        limit: u64,
        argv: &[OsString],
    ) -> Result<Self, InputRefusal> {
        let mut inputs = Self::default();
        if repeats {
            inputs.flags = Flags::of_standard_descriptors();
        }
        let kind = match mode {
            InputMode::Inherit => None,
            InputMode::ReplayIfPossible if !repeats => None,
            InputMode::Null => Some(Kind::Given(null().map_err(InputRefusal::NoNull)?)),
            InputMode::ReplayIfPossible => Kind::find(0, inputs.flags.of_stdin(), limit),
            InputMode::Replay => {
                let kind = Kind::find(0, inputs.flags.of_stdin(), limit).filter(|_| repeats);
                if kind.is_none() && !(repeats && is_null()) {
                    may_be_inherited(repeats)?;
                }
                kind
            }
        };
        inputs.list.extend(kind.map(|kind| Input { numbers: vec![0], kind }));
        if repeats && mode != InputMode::Inherit {
            for number in named::descriptors(argv) {
                inputs.add(number, limit);
            }
        }
        Ok(inputs)
    }

    /// This file on descriptor 0, and nothing else.
    pub(crate) fn only(stdin: OwnedFd) -> Self {
        let input = Input { numbers: vec![0], kind: Kind::Given(stdin) };
        Self { list: vec![input], ..Self::default() }
    }

    /// These bytes on descriptor 0, given to every attempt through a pipe, and nothing after them.
    pub(crate) fn replayed(bytes: Spool) -> Self {
        let input =
            Input { numbers: vec![0], kind: Kind::Replayed(Box::new(Replay::of(inherited(0), bytes))) };
        Self { list: vec![input], ..Self::default() }
    }

    /// A descriptor that an argument names. A writable one is not an input.
    fn add(&mut self, number: i32, limit: u64) {
        // Those that we have opened since are not inherited.
        let inherits = rustix::io::fcntl_getfd(inherited(number))
            .is_ok_and(|flags| !flags.contains(rustix::io::FdFlags::CLOEXEC));
        if !inherits {
            return;
        }
        let flags = self.flags.look(number);
        if flags.is_some_and(|flags| flags & OFlags::RWMODE != OFlags::RDONLY) {
            return;
        }
        if let Some(same) = self.list.iter_mut().find(|input| input.is_same_stream(number)) {
            same.numbers.push(number);
        } else if let Some(kind) = Kind::find(number, flags, limit) {
            self.list.push(Input { numbers: vec![number], kind });
        }
    }

    /// Prepares what the next attempt reads, for [`Inputs::descriptors`]. Fails if that is not possible now.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        if self.attempts > 0 {
            self.flags.restore();
        }
        self.list.iter_mut().try_for_each(|input| match &mut input.kind {
            Kind::Given(_) | Kind::Unknown(_) => Ok(()),
            Kind::Rewound(file) => file.prepare(),
            Kind::Replayed(replay) => replay.prepare(),
        })
    }

    /// The sources of the attempt's descriptors, and their numbers; all others are inherited.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = (BorrowedFd<'_>, i32)> {
        self.list.iter().flat_map(|input| {
            let source = match &input.kind {
                Kind::Given(null) => Some(null.as_fd()),
                Kind::Unknown(_) => None,
                Kind::Rewound(file) => file.descriptor(),
                Kind::Replayed(replay) => replay.descriptor(),
            };
            source.into_iter().flat_map(|source| input.numbers.iter().map(move |&number| (source, number)))
        })
    }

    /// Feeds the running attempt as much as it accepts now. Never blocks. False if the attempt must not continue: from here on
    /// it would read other bytes than the first one, or a premature end.
    pub(super) fn step(&mut self) -> bool {
        self.replays().all(Replay::step)
    }

    /// Ready when [`Inputs::step`] has something to do.
    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut ready = Poll::Pending;
        for replay in self.replays() {
            if replay.poll_ready(context).is_ready() {
                ready = Poll::Ready(());
            }
        }
        ready
    }

    /// Whether the running attempt is fed, as opposed to reading by itself.
    pub(super) fn is_fed(&self) -> bool {
        self.list.iter().any(|input| matches!(&input.kind, Kind::Replayed(replay) if replay.is_fed()))
    }

    /// The time until [`Inputs::step`] must be called even if nothing is ready.
    pub(super) fn due(&self) -> Option<Duration> {
        let due = |input: &Input| match &input.kind {
            Kind::Replayed(replay) => replay.due(),
            _ => None,
        };
        self.list.iter().filter_map(due).min()
    }

    /// The attempt is over: what it has read is taken and kept, what it has not read stays where it was. `failed`: another
    /// attempt is likely to follow.
    pub(super) fn finish(&mut self, failed: bool) {
        self.attempts += 1;
        for input in &mut self.list {
            match &mut input.kind {
                Kind::Given(_) | Kind::Unknown(_) => {}
                Kind::Rewound(file) => file.finish(failed),
                Kind::Replayed(replay) => replay.finish(),
            }
        }
    }

    /// The next attempt is the last one: what it reads need not be kept.
    pub(super) fn is_last(&mut self) {
        for input in &mut self.list {
            match &mut input.kind {
                Kind::Given(_) | Kind::Unknown(_) => {}
                Kind::Rewound(file) => file.is_last(),
                Kind::Replayed(replay) => replay.is_last(),
            }
        }
    }

    /// No attempt follows the last one.
    pub(super) fn conclude(&mut self) {
        for input in &mut self.list {
            if let Kind::Rewound(file) = &mut input.kind {
                file.conclude();
            }
        }
    }

    /// The descriptor from which another attempt would not read the same bytes, and why, if there is one.
    pub(super) fn loss(&self) -> Option<(i32, &InputLoss)> {
        self.list.iter().find_map(|input| Some((*input.numbers.first()?, input.loss()?)))
    }

    fn replays(&mut self) -> impl Iterator<Item = &mut Replay> {
        self.list.iter_mut().filter_map(|input| match &mut input.kind {
            Kind::Replayed(replay) => Some(&mut **replay),
            _ => None,
        })
    }
}

impl Input {
    fn loss(&self) -> Option<&InputLoss> {
        match &self.kind {
            Kind::Given(_) => None,
            Kind::Rewound(file) => file.loss(),
            Kind::Replayed(replay) => replay.loss(),
            Kind::Unknown(why) => Some(why),
        }
    }

    /// Whether that descriptor reads from the same stream, which must not be given twice.
    fn is_same_stream(&self, number: i32) -> bool {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        let of = |number| rustix::fs::fstat(inherited(number)).map(identity);
        matches!(self.kind, Kind::Replayed(_))
            && self.numbers.iter().any(|&known| of(known).is_ok_and(|known| of(number) == Ok(known)))
    }
}

impl Kind {
    /// How an inherited descriptor can be given to several attempts, if it can. `flags`: its status flags, if known.
    fn find(number: i32, flags: Option<OFlags>, limit: u64) -> Option<Self> {
        match Self::of(inherited(number), flags, limit) {
            // It is closed.
            Err(Errno::BADF) => None,
            Err(why) => Some(Self::Unknown(InputLoss::Unknown(why))),
            Ok(kind) => kind,
        }
    }

    /// Fails if its type cannot be determined.
    fn of(fd: BorrowedFd<'static>, flags: Option<OFlags>, limit: u64) -> Result<Option<Self>, Errno> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode);
        let is_stream = match kind {
            FileType::RegularFile | FileType::BlockDevice => {
                return Ok(Rewound::find(fd, flags)?.map(Self::Rewound));
            }
            FileType::Fifo => !flags.is_some_and(|flags| flags & OFlags::RWMODE == OFlags::WRONLY),
            FileType::Socket => sockopt::socket_type(fd)? == SocketType::STREAM && !is_listening(fd)?,
            _ => false,
        };
        Ok(is_stream.then(|| Self::Replayed(Box::new(Replay::new(fd, kind == FileType::Socket, limit)))))
    }
}

/// Whether a stream socket waits for connections.
#[cfg(has_acceptconn)]
fn is_listening(socket: BorrowedFd<'_>) -> Result<bool, Errno> {
    sockopt::socket_acceptconn(socket)
}

/// Reading from a socket that is not connected is just as impossible.
#[cfg(not(has_acceptconn))]
fn is_listening(socket: BorrowedFd<'_>) -> Result<bool, Errno> {
    match rustix::net::getpeername(socket) {
        Err(Errno::NOTCONN | Errno::INVAL) => Ok(true),
        other => other.map(|_| false),
    }
}

/// Whether input that cannot be replayed may be inherited although replay was requested: a single attempt may have anything
/// except a terminal.
fn may_be_inherited(repeats: bool) -> Result<(), InputRefusal> {
    let kind = rustix::fs::fstat(inherited(0)).map(|stat| FileType::from_raw_mode(stat.st_mode));
    let what = match kind {
        _ if rustix::termios::isatty(inherited(0)) => "a terminal",
        _ if !repeats => return Ok(()),
        Ok(FileType::CharacterDevice) => "a device",
        Ok(FileType::Directory) => "a directory",
        _ => "neither a file, nor a pipe, nor a connected socket",
    };
    Err(InputRefusal::NotReplayable(what))
}

fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

fn is_null() -> bool {
    let device = |stat: Stat| (FileType::from_raw_mode(stat.st_mode), stat.st_rdev);
    let null = rustix::fs::stat("/dev/null").map(device);
    null.is_ok() && null == rustix::fs::fstat(inherited(0)).map(device)
}

/// A descriptor that we were started with. The numbers are 0 to 2, and those that an argument names.
fn inherited(number: i32) -> BorrowedFd<'static> {
    // SAFETY: 0 to 2 are always open: those that were closed are filled before anything else runs. One that an argument names
    // is only used if it is open and not close-on-exec, as everything is that we open; and nothing closes what we were started
    // with. The kernel refuses a number that is not open.
    unsafe { BorrowedFd::borrow_raw(number) }
}
