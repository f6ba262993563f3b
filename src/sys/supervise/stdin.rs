//! What the command reads as its standard input, attempt after attempt.
//!
//! A file is rewound. What would be used up is replayed: kept in a [`Spool`] as the command takes it, and given anew to
//! every attempt by a [`Feed`], behind which the live input goes on. Descriptor 0 is shared with whoever stands around
//! us: nothing more is taken from it than the command has read, and no flag of it is ever changed.

mod eager;
#[cfg(target_os = "linux")]
mod exact;
mod feed;
mod spool;
mod watch;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, SeekFrom, Stat};

use crate::error::Error;
use crate::policy::value::StdinMode;
use feed::{Feed, Source};
use spool::Spool;

/// The standard input of all attempts.
pub(crate) struct Stdin(Kind);

enum Kind {
    /// Ours, as it is.
    Inherited,
    /// Ours, and a file: every attempt begins where the first one did.
    Rewound { start: u64, begun: bool },
    /// `/dev/null`.
    Null(OwnedFd),
    /// Kept and given again.
    Replayed(Box<Replay>),
}

impl Default for Stdin {
    fn default() -> Self {
        Self(Kind::Inherited)
    }
}

impl Stdin {
    /// Looks at descriptor 0, unless nothing depends on it. `repeats`: there may be a second attempt. `limit`: so many bytes
    /// are kept for it at most.
    pub(crate) fn open(mode: StdinMode, repeats: bool, limit: u64) -> Result<Self, Error> {
        let kind = match mode {
            StdinMode::Inherit => Kind::Inherited,
            StdinMode::Auto if !repeats => Kind::Inherited,
            StdinMode::Null => {
                Kind::Null(null().map_err(|why| Error::system("cannot open /dev/null", &why))?)
            }
            StdinMode::Auto => Kind::find(limit).unwrap_or(Kind::Inherited),
            StdinMode::Replay => {
                let found = Kind::find(limit).or_else(|| is_null().then_some(Kind::Inherited));
                found.filter(|_| repeats).map_or_else(|| replayable_once(repeats), Ok)?
            }
        };
        Ok(Self(kind))
    }

    /// Makes ready what the next attempt reads; [`Stdin::descriptor`] has it then.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Inherited | Kind::Null(_) => {}
            Kind::Rewound { start, begun } => {
                if std::mem::replace(begun, true) {
                    rustix::fs::seek(ours(), SeekFrom::Start(*start))?;
                }
            }
            Kind::Replayed(replay) => replay.prepare()?,
        }
        Ok(())
    }

    /// What becomes the attempt's descriptor 0; None: it stays ours.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.0 {
            Kind::Inherited | Kind::Rewound { .. } => None,
            Kind::Null(null) => Some(null.as_fd()),
            Kind::Replayed(replay) => match &replay.given {
                Given::Ours => None,
                Given::Kept(file) => Some(file.as_fd()),
                Given::Fed(feed) => Some(feed.reader()),
            },
        }
    }

    /// Feeds the running attempt as much as it takes now. Never blocks. False if the attempt must not go on: what it would
    /// get from here on is not what the first one got.
    pub(super) fn step(&mut self) -> bool {
        let Kind::Replayed(replay) = &mut self.0 else { return true };
        let Given::Fed(feed) = &mut replay.given else { return true };
        feed.step(&mut replay.source, &mut replay.spool)
    }

    /// Ready when there is something to do for [`Stdin::step`].
    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Replayed(replay) => match &mut replay.given {
                Given::Fed(feed) => feed.poll_ready(context),
                _ => Poll::Pending,
            },
            _ => Poll::Pending,
        }
    }

    /// Whether the running attempt is fed, as opposed to reading by itself.
    pub(super) fn is_fed(&self) -> bool {
        matches!(&self.0, Kind::Replayed(replay) if matches!(replay.given, Given::Fed(_)))
    }

    /// How long until [`Stdin::step`] is to be called even if nothing is ready.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.0 {
            Kind::Replayed(replay) => match &replay.given {
                Given::Fed(feed) => feed.due(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The attempt is over: what it has read is taken and kept, what it has not read stays where it was.
    pub(super) fn finish(&mut self) {
        if let Kind::Replayed(replay) = &mut self.0
            && let Given::Fed(mut feed) = std::mem::replace(&mut replay.given, Given::Ours)
        {
            replay.exhausted |= feed.finish(&mut replay.source, &mut replay.spool);
        }
    }

    /// No attempt follows the next one: what it reads need not be kept.
    pub(super) fn is_last(&mut self) {
        if let Kind::Replayed(replay) = &mut self.0 {
            replay.last = true;
        }
    }

    /// Why another attempt would not get the same input, if it would not.
    pub(super) fn lost(&self) -> Option<String> {
        match &self.0 {
            Kind::Replayed(replay) => replay.spool.lost().map(ToString::to_string),
            _ => None,
        }
    }
}

/// Input that is used up by reading.
struct Replay {
    source: Source,
    spool: Spool,
    given: Given,
    /// All that there was is in the spool.
    exhausted: bool,
    last: bool,
}

/// What the running attempt has.
enum Given {
    Ours,
    /// The whole input, in a file.
    Kept(OwnedFd),
    Fed(Box<Feed>),
}

impl Replay {
    fn prepare(&mut self) -> io::Result<()> {
        self.given = if self.spool.is_empty() && self.last && !self.exhausted {
            Given::Ours
        } else if self.exhausted
            && !self.spool.is_empty()
            && let Some(file) = self.spool.reopen()
        {
            Given::Kept(file)
        } else {
            let live = !self.exhausted;
            Given::Fed(Box::new(Feed::new(&self.source, &self.spool, live)?))
        };
        if self.last {
            self.spool.close();
        }
        Ok(())
    }
}

impl Kind {
    /// How descriptor 0 can be given to several attempts, if it can.
    fn find(limit: u64) -> Option<Self> {
        let stat = rustix::fs::fstat(ours()).ok()?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::BlockDevice => {
                let offset = rustix::fs::seek(ours(), SeekFrom::Current(0)).ok()?;
                Some(Self::Rewound { start: offset, begun: false })
            }
            FileType::Fifo | FileType::Socket => Some(Self::Replayed(Box::new(Replay {
                source: Source::find(&stat)?,
                spool: Spool::new(limit),
                given: Given::Ours,
                exhausted: false,
                last: false,
            }))),
            _ => None,
        }
    }
}

/// For `--stdin replay`: the only attempt may have anything but a terminal.
fn replayable_once(repeats: bool) -> Result<Kind, Error> {
    let what = match rustix::fs::fstat(ours()).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        _ if rustix::termios::isatty(ours()) => "a terminal",
        _ if !repeats => return Ok(Kind::Inherited),
        Ok(FileType::CharacterDevice) => "a device",
        Ok(FileType::Directory) => "a directory",
        _ => "neither a file, nor a pipe, nor a connected socket",
    };
    Err(Error::usage(format!("--stdin replay cannot replay stdin: it is {what}"))
        .hint("write --stdin inherit, or feed it from a file or a pipe"))
}

fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

fn is_null() -> bool {
    let device = |stat: Stat| (FileType::from_raw_mode(stat.st_mode), stat.st_rdev);
    let null = rustix::fs::stat("/dev/null").map(device);
    null.is_ok() && null == rustix::fs::fstat(ours()).map(device)
}

/// Descriptor 0.
fn ours() -> BorrowedFd<'static> {
    // SAFETY: it is open as long as we live: one that was closed is filled before anything else runs, and nothing here
    // closes it.
    unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) }
}
