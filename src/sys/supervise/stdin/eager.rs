//! Live input where bytes cannot be seen without being taken (macOS; a Linux without tee(2)): read ahead of the command
//! by up to 64 KiB and what a pipe holds. That much may be missing for whoever reads descriptor 0 after us.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::feed::{CHUNK, Found, write_some};
use super::ours;
use super::spool::{Lost, Spool};

#[derive(Default)]
pub(super) struct Eager {
    /// What was read, kept in the spool, and not yet put into the command's pipe.
    ahead: Vec<u8>,
}

impl Eager {
    /// None for what is not a stream of bytes to read.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn find(stat: &rustix::fs::Stat) -> Option<Self> {
        use rustix::fs::{FileType, OFlags};
        use rustix::net::{SocketType, sockopt};

        let is_stream = if FileType::from_raw_mode(stat.st_mode) == FileType::Socket {
            sockopt::socket_type(ours()) == Ok(SocketType::STREAM)
        } else {
            !(rustix::fs::fcntl_getfl(ours()).ok()? & OFlags::ACCMODE).contains(OFlags::WRONLY)
        };
        is_stream.then(Self::default)
    }

    /// Moves what there is into the command's pipe.
    pub(super) fn extend(&mut self, pipe: BorrowedFd<'_>, spool: &mut Spool) -> Found {
        if self.ahead.is_empty() {
            if !has_input() {
                return Found::Nothing;
            }
            self.ahead.resize(CHUNK, 0);
            let read = rustix::io::read(ours(), &mut self.ahead[..]);
            self.ahead.truncate(*read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Found::End,
                Ok(_) => spool.append(&self.ahead),
                Err(Errno::AGAIN | Errno::INTR) => return Found::Nothing,
                Err(errno) => {
                    spool.lose(Lost::Broken(errno));
                    return Found::End;
                }
            }
        }
        let written = write_some(pipe, &self.ahead);
        self.ahead.drain(..written);
        if written == 0 { Found::Full } else { Found::Moved(written) }
    }

    /// The attempt is over: the spool has what it has not read.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
    }
}

/// Whether a read would not wait.
fn has_input() -> bool {
    let stdin = ours();
    let mut watched = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|found| found > 0)
}
