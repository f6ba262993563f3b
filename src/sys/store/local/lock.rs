//! Locks of whole files (`flock(2)`): they end with the last descriptor of their open file, so the death of a holder
//! frees them, however it dies.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, fstat};
use rustix::io::Errno;

use super::holder;
use crate::sys::{clock, identity};

/// If nothing moves for so long, the holder may be stopped: a transaction takes microseconds.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// Others write the file, or the holder is only waiting for its turn on a processor, but we never find it unlocked.
const LONGEST: Duration = Duration::from_secs(2);
/// So often it is looked at least. On a machine so busy that we hardly run, a holder hardly runs either.
const LOOKS: u32 = 20;
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Takes a lock if it is free. It is held as long as the file is open.
pub(super) fn try_lock(file: impl AsFd) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// A lock that is held for a transaction.
pub(super) struct Lock<'a>(BorrowedFd<'a>);

impl<'a> Lock<'a> {
    /// Waits for the lock, but not for ever: `None` when it could not be had in time.
    pub(super) fn take(file: BorrowedFd<'a>) -> io::Result<Option<Self>> {
        if try_lock(file)? {
            return Ok(Some(Self(file)));
        }
        let began = clock::now().awake;
        let (mut moved, mut version) = (began, version(file)?);
        let mut longest = SHORTEST_PAUSE;
        for looks in 1.. {
            let now = clock::now().awake;
            let found = self::version(file)?;
            if found != version && now.saturating_sub(began) < LONGEST {
                (moved, version) = (now, found);
            }
            let left = PATIENCE.saturating_sub(now.saturating_sub(moved));
            if left.is_zero() && looks > LOOKS {
                if now.saturating_sub(began) >= LONGEST || !holder::is_at_work(file) {
                    break;
                }
                moved = now;
            }
            let pause = jittered(longest);
            std::thread::sleep(if left.is_zero() { pause } else { pause.min(left) });
            if try_lock(file)? {
                return Ok(Some(Self(file)));
            }
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
        Ok(None)
    }

    /// Leaves word of who holds it, where the system cannot tell.
    pub(super) fn sign(&self) {
        holder::sign(self.0);
    }
}

/// Changes when the file is written.
fn version(file: BorrowedFd<'_>) -> io::Result<impl PartialEq> {
    let status = fstat(file)?;
    Ok((status.st_mtime, status.st_mtime_nsec, status.st_size))
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        let _unlocked = flock(self.0, FlockOperation::Unlock);
    }
}

/// Between half of it and all.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    half + half.mul_f64(f64::from(u32::from_ne_bytes(identity::entropy())) / f64::from(u32::MAX))
}
