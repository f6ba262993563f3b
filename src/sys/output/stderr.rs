//! Stderr, shared with the command and whoever stands around us. Its reader may be alive and not read: then it is waited for
//! a while, and afterwards what it does not take is dropped, so that neither a signal nor a timer waits for it.

use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::NonBlocking;

/// How long a message waits for a reader.
const READER_LIMIT: Duration = Duration::from_secs(1);
/// How long it still waits once a signal came meanwhile: the loop has to see that.
const READER_LIMIT_AFTER_SIGNAL: Duration = Duration::from_millis(50);

/// The last message was not taken in time: the next ones are not waited for until one is.
static STALLED: AtomicBool = AtomicBool::new(false);
/// A message was cut short: the next one begins a line.
static TORN: AtomicBool = AtomicBool::new(false);

/// Stderr. Its errors are swallowed: there is nobody left to tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes as much as is taken in time.
pub(super) fn write(bytes: &[u8]) {
    static STDERR: LazyLock<NonBlocking<io::Stderr>> = LazyLock::new(|| NonBlocking::new(io::stderr()));
    let limit = if STALLED.load(Relaxed) { Duration::ZERO } else { READER_LIMIT };
    let mut until = Instant::now() + limit;
    if TORN.load(Relaxed) {
        if !write_until(&STDERR, b"\n", &mut until) {
            return;
        }
        TORN.store(false, Relaxed);
    }
    let all = write_until(&STDERR, bytes, &mut until);
    STALLED.store(!all, Relaxed);
}

/// True if all was taken, or nothing ever will be.
fn write_until(stderr: &NonBlocking<io::Stderr>, mut bytes: &[u8], until: &mut Instant) -> bool {
    let whole = bytes.len();
    while !bytes.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        match stderr.try_write(bytes) {
            Ok(Some(written)) => bytes = &bytes[written..],
            Ok(None) => match stderr.is_writable(left) {
                Err(Errno::INTR) => *until = (*until).min(Instant::now() + READER_LIMIT_AFTER_SIGNAL),
                Ok(true) if !left.is_zero() => {}
                _ => {
                    if bytes.len() < whole {
                        TORN.store(true, Relaxed);
                    }
                    return false;
                }
            },
            Err(_) => return true,
        }
    }
    true
}
