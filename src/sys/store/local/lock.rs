//! Locks on whole files (`flock(2)`). They end with the last descriptor of their open file, so they are released when their
//! holder ends, in whatever way.
//!
//! A lock that is held is tried repeatedly for a slice of time; between slices the caller may do something else. The
//! caller may wait as long as it likes for a working holder, even one that waits for a processor: contention is not a failure.
//! We only give up on a holder that makes no progress.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::fs::{FlockOperation, Stat, flock, fstat};
use rustix::io::Errno;

use super::holder;
use crate::sys::{clock, identity};

/// The length of a slice.
const LOCK_SLICE: Duration = Duration::from_millis(100);
/// The time after which we give up on a holder that makes no progress: a transaction takes microseconds.
const MAX_STANDSTILL: Duration = Duration::from_secs(2);
/// The time after which we give up on a holder that cannot be seen, for example in another pid namespace: it may be working.
const MAX_UNSEEN_STANDSTILL: Duration = Duration::from_secs(10);
/// The number of slices in which it must have been seen without progress: on a machine so busy that we hardly run, time alone
/// proves little.
const MIN_STANDSTILL_SLICES: u32 = 10;
const MIN_PAUSE: Duration = Duration::from_micros(50);
const MAX_PAUSE: Duration = Duration::from_millis(25);

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

/// The result of waiting for a slice.
pub(super) enum Taken<'a> {
    Locked(Lock<'a>),
    /// Held by other processes for the whole slice.
    Busy,
    /// Held by a process that makes no progress, described in words.
    Stuck(String),
}

/// What the holder of a lock is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// It runs, or waits for a processor or a disk.
    AtWork,
    /// It is stopped, or waits for something unrelated to the lock.
    Still { pid: i32, name: String },
    /// It cannot be seen, for example from another pid namespace.
    Unseen,
}

impl Holder {
    pub(super) fn words(&self) -> String {
        match self {
            Holder::Still { pid, name } => format!("process {pid} ({name}), which is not running"),
            Holder::AtWork | Holder::Unseen => "a process that cannot be seen from here".to_owned(),
        }
    }
}

/// Observations of a lock's holder over several slices.
#[derive(Debug, Default)]
pub(super) struct Standstill {
    /// The holder and the file's version; since when they have been the same, on the awake clock, and for how many slices.
    seen: Option<(Option<i32>, Version, Duration, u32)>,
}

/// Changes when the file is written.
type Version = (i64, i64, i64);

impl<'a> Lock<'a> {
    /// Takes the lock as soon as it is free, within a slice of time.
    pub(super) fn take(file: BorrowedFd<'a>, standstill: &mut Standstill) -> io::Result<Taken<'a>> {
        if try_lock(file)? {
            return Ok(Taken::Locked(Self(file)));
        }
        let began = clock::now().awake;
        let mut pause = MIN_PAUSE;
        while clock::now().awake.saturating_sub(began) < LOCK_SLICE {
            std::thread::sleep(jittered(pause));
            if try_lock(file)? {
                return Ok(Taken::Locked(Self(file)));
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
        let holder = holder::of(file);
        let stuck = standstill.is_lasting(&holder, version(file)?, clock::now().awake);
        // If it is free by now, we do not give up.
        if try_lock(file)? {
            return Ok(Taken::Locked(Self(file)));
        }
        Ok(if stuck { Taken::Stuck(holder.words()) } else { Taken::Busy })
    }

    /// Records the holder, on systems that do not reveal it.
    pub(super) fn sign(&self, status: &Stat) {
        holder::sign(self.0, status);
    }
}

impl Standstill {
    /// Whether the same holder has made no progress for too long, including this observation.
    fn is_lasting(&mut self, holder: &Holder, version: Version, now: Duration) -> bool {
        let (who, longest) = match holder {
            Holder::AtWork => {
                self.seen = None;
                return false;
            }
            Holder::Still { pid, .. } => (Some(*pid), MAX_STANDSTILL),
            Holder::Unseen => (None, MAX_UNSEEN_STANDSTILL),
        };
        let (since, slices) = match self.seen {
            Some((was, before, since, slices)) if (was, before) == (who, version) => (since, slices + 1),
            _ => (now, 0),
        };
        self.seen = Some((who, version, since, slices));
        now.saturating_sub(since) >= longest && slices >= MIN_STANDSTILL_SLICES
    }
}

#[allow(clippy::useless_conversion, reason = "the types differ between systems")]
fn version(file: BorrowedFd<'_>) -> io::Result<Version> {
    let status = fstat(file)?;
    let nanos = i64::try_from(status.st_mtime_nsec).unwrap_or_default();
    Ok((status.st_mtime.into(), nanos, status.st_size))
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        let _unlocked = flock(self.0, FlockOperation::Unlock);
    }
}

/// A random time between half of this one and all of it.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    half + half.mul_f64(f64::from(u32::from_ne_bytes(identity::entropy())) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_stands_still_is_given_up() {
        let still = |pid| Holder::Still { pid, name: "retry".to_owned() };
        let given_up_after = |steps: &dyn Fn(u32) -> (Holder, i64)| {
            let mut standstill = Standstill::default();
            (0..1000).find(|step| {
                let (holder, version) = steps(*step);
                standstill.is_lasting(&holder, (version, 0, 0), LOCK_SLICE * *step)
            })
        };
        assert_eq!(given_up_after(&|_| (still(7), 0)), Some(20));
        assert_eq!(given_up_after(&|_| (Holder::Unseen, 0)), Some(100));
        assert_eq!(given_up_after(&|_| (Holder::AtWork, 0)), None);
        assert_eq!(given_up_after(&|step| (still(step.cast_signed()), 0)), None, "another one each time");
        assert_eq!(given_up_after(&|step| (still(7), step.into())), None, "the file is written");
        assert_eq!(given_up_after(&|step| (if step % 15 == 9 { Holder::AtWork } else { still(7) }, 0)), None);
        // If we hardly run ourselves, we check at least ten times.
        let mut standstill = Standstill::default();
        let looks = (0..100).find(|look| standstill.is_lasting(&still(7), (0, 0, 0), MAX_STANDSTILL * *look));
        assert_eq!(looks, Some(MIN_STANDSTILL_SLICES));
    }
}
