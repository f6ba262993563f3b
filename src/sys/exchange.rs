//! The files in which the command may tell us something: `$RETRY_HINT` and `$RETRY_PROGRESS`.
//!
//! On Linux each is a memfd, named to the command as `/proc/<pid>/fd/<n>`: one system call to make, nothing on
//! any disk, nothing left behind however we end. Elsewhere each is a file in a private directory.

use std::io;
use std::time::Duration;

use crate::classify::Hint;

#[cfg(target_os = "linux")]
mod memfd;
#[cfg(target_os = "linux")]
use memfd::Mailbox;

#[cfg(not(target_os = "linux"))]
mod directory;
#[cfg(not(target_os = "linux"))]
use directory::Mailbox;

/// No hint is longer; what stands beyond is not read.
const LONGEST: usize = 16 * 1024;

/// Both files of a run.
#[derive(Debug)]
pub(crate) struct Exchange {
    hint: Mailbox,
    progress: Mailbox,
}

impl Exchange {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { hint: Mailbox::new("hint")?, progress: Mailbox::new("progress")? })
    }

    /// The path for `$RETRY_HINT`.
    pub(crate) fn hint_path(&self) -> String {
        self.hint.path()
    }

    /// The path for `$RETRY_PROGRESS`.
    pub(crate) fn progress_path(&self) -> String {
        self.progress.path()
    }

    /// How long ago the command last touched the file of progress; `None` if it never did.
    pub(crate) fn progress_age(&self) -> Option<Duration> {
        self.progress.age()
    }

    /// What the command wrote since the last time, taken out.
    pub(crate) fn take_hint(&self) -> Option<Hint> {
        Hint::parse(&self.hint.take(LONGEST)?)
    }
}

/// The process that a path of ours belongs to.
pub(crate) fn owner(path: &str) -> Option<i32> {
    Mailbox::owner(path)
}
