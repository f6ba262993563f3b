//! Finds the holder of a lock through the system. Only used after a long wait.

use std::os::fd::BorrowedFd;

use rustix::fs::{Stat, fstat};

use super::lock::Holder;

/// A no-op: the system knows the holder.
pub(super) fn sign(_: BorrowedFd<'_>, _: &Stat) {}

/// The holder of a file's lock.
pub(super) fn of(file: BorrowedFd<'_>) -> Holder {
    let (Ok(status), Ok(locks)) = (fstat(file), std::fs::read_to_string("/proc/locks")) else {
        return Holder::Unseen;
    };
    let holders = locks.lines().filter_map(|line| holder(line, status.st_ino));
    let mut found = Holder::Unseen;
    for pid in holders {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        match doing(&stat) {
            Some((name, false)) => found = Holder::Still { pid, name },
            // It is working, or has ended since.
            Some((_, true)) | None => return Holder::AtWork,
        }
    }
    found
}

/// The name of a process, and whether it is at work, from its `stat` (`proc_pid_stat(5)`).
fn doing(stat: &str) -> Option<(String, bool)> {
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1.chars().filter(|c| !c.is_control()).collect();
    Some((name, matches!(after.trim_start().chars().next()?, 'R' | 'D')))
}

/// The holder of a lock on the whole file with this inode. The device is not compared, since on some file systems it
/// differs from that of fstat(2). If two files share the number, both holders count.
fn holder(line: &str, inode: u64) -> Option<i32> {
    // `1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF`; a process that only waits is marked by an arrow.
    let mut fields = line.split_ascii_whitespace();
    let (_number, kind, _mode, _access) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (pid, place) = (fields.next()?, fields.next()?);
    let found: u64 = place.rsplit(':').next()?.parse().ok()?;
    if kind == "FLOCK" && found == inode { pid.parse().ok().filter(|pid| *pid > 0) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::store::local::lock::{Lock, Standstill, Taken};
    use std::os::fd::AsFd;

    #[test]
    fn a_line_names_the_holder_of_a_file() {
        for (line, inode, expected) in [
            ("1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, Some(4711)),
            ("1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 234, None),
            ("2: POSIX  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, None),
            ("3: OFDLCK ADVISORY  READ  -1 00:06:1234 0 0", 1234, None),
            ("1: FLOCK  ADVISORY  WRITE 0 08:02:1234 0 EOF", 1234, None),
            ("1: -> FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, None),
            ("1: FLOCK  ADVISORY", 1234, None),
            ("", 0, None),
        ] {
            assert_eq!(holder(line, inode), expected, "{line}");
        }
    }

    #[test]
    fn who_runs_or_waits_for_a_disk_is_at_work() {
        for (stat, expected) in [
            ("7 (retry) R 1 7 7 0", Some(("retry", true))),
            ("7 (retry) D 1 7 7 0", Some(("retry", true))),
            ("7 (retry) T 1 7 7 0", Some(("retry", false))),
            ("7 (retry) t 1 7 7 0", Some(("retry", false))),
            ("7 (a) R (b) S 1 7 7 0", Some(("a) R (b", false))),
            ("", None),
            ("7 (retry)", None),
        ] {
            let expected = expected.map(|(name, at_work)| (name.to_owned(), at_work));
            assert_eq!(doing(stat), expected, "{stat}");
        }
    }

    #[test]
    fn a_free_lock_is_held_by_nobody_and_ours_by_one_at_work() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(of(file.as_fd()), Holder::Unseen);
        let lock = Lock::take(file.as_fd(), &mut Standstill::default()).unwrap();
        assert!(matches!(lock, Taken::Locked(_)));
        // The thread that asks runs; the process's state is that of its first thread.
        assert_ne!(of(file.as_fd()), Holder::Unseen);
    }
}
