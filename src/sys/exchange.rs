//! The files through which the command can send us hints and progress: `$RETRY_HINT` and `$RETRY_PROGRESS`.
//!
//! If the system supports it, each is a memfd with the path `/proc/<pid>/fd/<n>`: a single system call creates it, nothing
//! is written to disk, and nothing is left behind however we end. Otherwise each is a file in a private directory.

use std::cell::Cell;
use std::io;
use std::time::Duration;

#[cfg(all(has_memfd, has_procfs))]
mod memfd;
#[cfg(all(has_memfd, has_procfs))]
use memfd::Mailbox;

#[cfg(not(all(has_memfd, has_procfs)))]
mod directory;
#[cfg(not(all(has_memfd, has_procfs)))]
use directory::Mailbox;

/// The longest hint, in bytes; the rest is not read.
const MAX_HINT_BYTES: usize = 16 * 1024;

/// Both files of a run.
#[derive(Debug)]
pub(crate) struct Exchange {
    hint: Mailbox,
    progress: Mailbox,
    seen: Cell<Option<Touch>>,
}

/// An observation of the progress file.
#[derive(Clone, Copy, Debug)]
struct Touch {
    /// The file's own time, on the wall clock.
    modified: Duration,
    /// When that was, on the elapsed clock.
    at: Duration,
    /// When it was seen.
    looked: Duration,
}

/// How much older than the run the file may be without a clock having been set: it is created shortly before the run begins.
const MAX_HEAD_START: Duration = Duration::from_secs(1);

impl Touch {
    /// The wall clock may have been set meanwhile: an age that exceeds the time since the last observation is invalid.
    fn next(
        seen: Option<Self>,
        modified: Duration,
        age: Option<Duration>,
        since: Duration,
        now: Duration,
    ) -> Self {
        let looked = seen.map_or(since, |seen| seen.looked);
        let at = match seen {
            Some(seen) if seen.modified == modified => seen.at,
            _ => {
                let most = now.saturating_sub(looked);
                age.filter(|age| *age <= most + MAX_HEAD_START).map_or(now, |age| now - age.min(most))
            }
        };
        Self { modified, at, looked: now }
    }
}

impl Exchange {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { hint: Mailbox::new("hint")?, progress: Mailbox::new("progress")?, seen: Cell::new(None) })
    }

    /// The path for `$RETRY_HINT`.
    pub(crate) fn hint_path(&self) -> String {
        self.hint.path()
    }

    /// The path for `$RETRY_PROGRESS`.
    pub(crate) fn progress_path(&self) -> String {
        self.progress.path()
    }

    /// When the progress file was last touched, on the elapsed clock: by the command, or by us if it is a memfd that was
    /// just created. `None` if there is no file: without memfd, the command creates it. `began`: the beginning of the run.
    pub(crate) fn last_progress(&self, began: Duration, now: Duration) -> Option<Duration> {
        let (modified, age) = self.progress.touched()?;
        let touch = Touch::next(self.seen.get(), modified, age, began, now);
        self.seen.set(Some(touch));
        Some(touch.at)
    }

    /// Another attempt is about to begin: what processes of earlier ones have written late is not for it.
    pub(crate) fn begin_anew(&self) {
        let _late = self.take_hint();
        #[cfg(not(all(has_memfd, has_procfs)))]
        self.hint.sweep();
    }

    /// Takes what the command has written into the hint's file since the last call.
    pub(crate) fn take_hint(&self) -> Option<Vec<u8>> {
        self.hint.take(MAX_HINT_BYTES)
    }
}

/// The process that a path of ours belongs to.
pub(crate) fn owner(path: &str) -> Option<i32> {
    Mailbox::owner(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn progress_is_when_it_was_whatever_the_wall_clock_does() {
        let hour = s(3600);
        let first = Touch::next(None, s(1000), Some(s(4)), s(10), s(20));
        assert_eq!(first.at, s(16));
        // Nothing new, and the clock was set in either direction.
        for age in [Some(s(14) + hour), None] {
            assert_eq!(Touch::next(Some(first), s(1000), age, s(10), s(30)).at, s(16));
        }
        // Something new: as old as it says, or as new as can be.
        for (age, at) in [(Some(s(3)), 27), (Some(s(3) + hour), 30), (None, 30)] {
            assert_eq!(Touch::next(Some(first), s(1007), age, s(10), s(30)).at, s(at), "{age:?}");
        }
        assert_eq!(Touch::next(None, s(1000), Some(hour), s(10), s(20)).at, s(20));
        // The file was made before the run began.
        let made = Touch::next(None, s(1000), Some(s(10) + Duration::from_millis(3)), s(10), s(20));
        assert_eq!(made.at, s(10));
    }
}
