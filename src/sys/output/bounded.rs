//! Writes to a reader that may be alive but not reading: waits for it for a while, and then drops what it does not accept,
//! so that signals and timers are not held up.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::NonBlocking;

/// How long a message waits for a reader.
const READER_LIMIT: Duration = Duration::from_secs(1);
/// How long it still waits after a signal, which the loop has to handle.
const READER_LIMIT_AFTER_SIGNAL: Duration = Duration::from_millis(50);

/// A shared descriptor that receives messages. Errors are ignored: there is nobody left to report them to.
#[derive(Debug)]
pub(crate) struct Bounded<F> {
    to: NonBlocking<F>,
    /// The last message was not accepted in time: further ones do not wait until one is.
    stalled: AtomicBool,
    /// A message was cut short: the next one begins a line.
    torn: AtomicBool,
}

impl<F: AsFd> Bounded<F> {
    pub(super) fn new(fd: F) -> Self {
        Self { to: NonBlocking::new(fd), stalled: AtomicBool::new(false), torn: AtomicBool::new(false) }
    }

    /// Writes as much as is accepted in time.
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

    /// True if everything was accepted, or nothing ever will be.
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
