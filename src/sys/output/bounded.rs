//! Writing to a reader who may be alive and not read: it is waited for a while, and afterwards what it does not take is
//! dropped, so that neither a signal nor a timer waits for it.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::NonBlocking;

/// How long a message waits for a reader.
const READER_LIMIT: Duration = Duration::from_secs(1);
/// How long it still waits once a signal came meanwhile: the loop has to see that.
const READER_LIMIT_AFTER_SIGNAL: Duration = Duration::from_millis(50);

/// A descriptor that others share, written to in messages. Its errors are swallowed: there is nobody left to tell.
#[derive(Debug)]
pub(crate) struct Bounded<F> {
    to: NonBlocking<F>,
    /// The last message was not taken in time: the next ones are not waited for until one is.
    stalled: AtomicBool,
    /// A message was cut short: the next one begins a line.
    torn: AtomicBool,
}

impl<F: AsFd> Bounded<F> {
    pub(super) fn new(fd: F) -> Self {
        Self { to: NonBlocking::new(fd), stalled: AtomicBool::new(false), torn: AtomicBool::new(false) }
    }

    /// Writes as much as is taken in time.
    pub(super) fn write(&self, bytes: &[u8]) {
        let limit = if self.stalled.load(Relaxed) { Duration::ZERO } else { READER_LIMIT };
        let mut until = Instant::now() + limit;
        if self.torn.load(Relaxed) {
            if !self.write_until(b"\n", &mut until) {
                return;
            }
            self.torn.store(false, Relaxed);
        }
        let all = self.write_until(bytes, &mut until);
        self.stalled.store(!all, Relaxed);
    }

    /// True if all was taken, or nothing ever will be.
    fn write_until(&self, mut bytes: &[u8], until: &mut Instant) -> bool {
        let whole = bytes.len();
        while !bytes.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.to.try_write(bytes) {
                Ok(Some(written)) => bytes = &bytes[written..],
                Ok(None) => match self.to.is_writable(left) {
                    Err(Errno::INTR) => *until = (*until).min(Instant::now() + READER_LIMIT_AFTER_SIGNAL),
                    Ok(true) if !left.is_zero() => {}
                    _ => {
                        if bytes.len() < whole {
                            self.torn.store(true, Relaxed);
                        }
                        return false;
                    }
                },
                Err(_) => return true,
            }
        }
        true
    }
}
