//! Detects whether another process has written to stdout.

use std::io;

use rustix::fs::{FileType, Stat, fstat, tell};
use rustix::io::ioctl_fionread;

use crate::sys::files::modified;

/// The state of stdout at a point in time, if it is a file or a pipe, and not the same one as stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StdoutMark {
    /// The offset in the file.
    File(u64),
    Pipe {
        /// Bytes that have not been read yet.
        unread: u64,
        /// When it was last written to, if the system records it: newer versions of Linux only do for named pipes.
        written: i64,
    },
}

impl StdoutMark {
    pub(crate) fn take() -> Option<Self> {
        let stdout = io::stdout();
        let [out, err] = [fstat(&stdout).ok()?, fstat(io::stderr()).ok()?];
        if same_file(&out, &err) {
            return None;
        }
        match FileType::from_raw_mode(out.st_mode) {
            FileType::RegularFile => tell(&stdout).ok().map(Self::File),
            FileType::Fifo => {
                let unread = ioctl_fionread(&stdout).unwrap_or_default();
                Some(Self::Pipe { unread, written: modified(&out) })
            }
            _ => None,
        }
    }

    /// Whether something has certainly been written since `before`. Bytes that a pipe's reader takes at once may leave no
    /// trace.
    pub(crate) fn shows_writes_since(self, before: Self) -> bool {
        match (before, self) {
            (Self::File(before), Self::File(now)) => before != now,
            (Self::Pipe { unread: before, written: at }, Self::Pipe { unread, written }) => {
                unread > before || written != at
            }
            _ => false,
        }
    }
}

fn same_file(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}
