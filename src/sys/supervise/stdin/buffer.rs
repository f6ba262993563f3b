//! The input that attempts have read, kept for later ones.

use rustix::io::Errno;

use crate::base::words::of_system;
use crate::sys::spool::Spool;

/// The input that was read so far, up to a limit.
pub(super) struct ReplayBuffer {
    /// The limit, in bytes.
    limit: u64,
    spool: Spool,
    loss: Option<InputLoss>,
    closed: bool,
    /// Bytes already kept stay when no more can be kept.
    keeps_part: bool,
}

/// The reason why input cannot be replayed.
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
    /// Reading the input itself failed.
    Broken(Errno),
    /// No pipe could be created for it: the command has the input itself.
    NotFed(Errno),
    /// Its type cannot be determined, so the attempts have the input itself.
    Unknown(Errno),
    /// The file cannot be opened again.
    NotReopened(Errno),
}

impl ReplayBuffer {
    /// An empty buffer, which accepts at most `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        let mut spool = Spool::default();
        spool.limit_memory(limit);
        Self { limit, spool, loss: None, closed: false, keeps_part: false }
    }

    /// A full buffer, which accepts nothing more.
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

    /// Stops keeping bytes; those already kept can still be read.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Discards everything and frees its space at once.
    pub(super) fn lose(&mut self, why: InputLoss) {
        self.loss.get_or_insert(why);
        if !self.keeps_part {
            self.spool = Spool::default();
        }
    }

    /// Retains the kept bytes when no more can be kept.
    pub(super) fn keep_part(&mut self) {
        self.keeps_part = true;
    }

    pub(super) fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Keeps the next bytes. If that is impossible, all of them are lost.
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

    /// Reads the bytes at `at`. Never returns none: missing bytes that were kept are an error.
    pub(super) fn read(&self, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
        match self.spool.read_at(buffer, at) {
            Ok(0) => Err(Errno::IO),
            read => read.map_err(|why| Errno::from_io_error(&why).unwrap_or(Errno::IO)),
        }
    }
}
