//! The input that attempts have read, kept for further ones.

use rustix::io::Errno;

use crate::base::words::of_system;
use crate::sys::spool::Spool;

/// The input that was read so far, up to a limit.
pub(super) struct ReplayBuffer {
    /// In bytes.
    limit: u64,
    spool: Spool,
    loss: Option<InputLoss>,
    closed: bool,
    /// Bytes that were kept stay when no more can be.
    keeps_part: bool,
}

/// The reason why input cannot be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputLoss {
    /// The command read more than this limit, in bytes.
    TooLong(u64),
    /// The bytes could not be kept.
    NotKept {
        /// A directory, or "memory".
        place: String,
        why: String,
    },
    /// The bytes were kept and cannot be read.
    NotRead(Errno),
    /// The input itself broke off.
    Broken(Errno),
    /// There is no pipe for it: the command has the input itself.
    NotFed(Errno),
    /// What it is cannot be told, so the attempts have the input itself.
    Unknown(Errno),
    /// The file cannot be opened once more.
    NotReopened(Errno),
}

impl ReplayBuffer {
    /// An empty one, which takes no more than `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        let mut spool = Spool::default();
        spool.limit_memory(limit);
        Self { limit, spool, loss: None, closed: false, keeps_part: false }
    }

    /// A full one, which takes nothing more.
    pub(super) fn of(spool: Spool) -> Self {
        Self { limit: spool.len(), spool, loss: None, closed: true, keeps_part: true }
    }

    pub(super) fn length(&self) -> u64 {
        self.spool.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spool.is_empty()
    }

    pub(super) fn loss(&self) -> Option<&InputLoss> {
        self.loss.as_ref()
    }

    /// Keeps nothing more; what is kept can still be read.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Gives everything up: it is of no more use, and its space is given back at once.
    pub(super) fn lose(&mut self, why: InputLoss) {
        self.loss.get_or_insert(why);
        if !self.keeps_part {
            self.spool = Spool::default();
        }
    }

    /// Has the kept bytes stay when no more can be kept.
    pub(super) fn keep_part(&mut self) {
        self.keeps_part = true;
    }

    pub(super) fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Keeps what comes next. If that cannot be, all is lost.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.closed || self.loss.is_some() || bytes.is_empty() {
            return;
        }
        if self.spool.len().saturating_add(bytes.len() as u64) > self.limit {
            self.lose(InputLoss::TooLong(self.limit));
        } else if let Err(why) = self.spool.append(bytes) {
            self.lose(InputLoss::NotKept { place: self.spool.backing_name(), why: of_system(&why) });
        }
    }

    /// Reads what stands at `at`. Never nothing: what was kept and is not there is an error.
    pub(super) fn read(&self, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
        match self.spool.read_at(buffer, at) {
            Ok(0) => Err(Errno::IO),
            read => read.map_err(|why| Errno::from_io_error(&why).unwrap_or(Errno::IO)),
        }
    }
}
