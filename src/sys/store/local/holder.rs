//! Who holds a lock, as the system tells it: asked only by those who have waited for long.

use std::os::fd::BorrowedFd;

use rustix::fs::fstat;

use crate::sys::supervise;

/// Nothing is to be left: the system knows.
pub(super) fn sign(_: BorrowedFd<'_>) {}

/// Whether the process that holds the lock is one of us, and not stopped. One in another pid namespace cannot be seen,
/// and another program is not waited for: nobody knows what it means to do with the lock.
pub(super) fn is_at_work(file: BorrowedFd<'_>) -> bool {
    let Ok(status) = fstat(file) else { return false };
    let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return false };
    let mut holders = locks.lines().filter_map(|line| holder(line, status.st_ino)).peekable();
    holders.peek().is_some() && holders.all(|holder| supervise::is_at_work(holder) && is_one_of_us(holder))
}

/// Of the same name.
fn is_one_of_us(pid: i32) -> bool {
    let name = |whose: &str| std::fs::read(format!("/proc/{whose}/comm")).ok();
    name("self").is_some_and(|own| name(&pid.to_string()) == Some(own))
}

/// Who holds a lock of a whole file of this number. The device is not compared: on some file systems it is said
/// otherwise than by fstat(2). Should two files share the number, both holders count.
fn holder(line: &str, inode: u64) -> Option<i32> {
    // `1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF`; who only waits stands behind an arrow.
    let mut fields = line.split_ascii_whitespace();
    let (_number, kind, _mode, _access) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (pid, place) = (fields.next()?, fields.next()?);
    let found: u64 = place.rsplit(':').next()?.parse().ok()?;
    if kind == "FLOCK" && found == inode { pid.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::store::local::lock::Lock;
    use std::os::fd::AsFd;

    #[test]
    fn a_line_names_the_holder_of_a_file() {
        for (line, inode, expected) in [
            ("1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, Some(4711)),
            ("1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 234, None),
            ("2: POSIX  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, None),
            ("3: OFDLCK ADVISORY  READ  -1 00:06:1234 0 0", 1234, None),
            ("1: -> FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF", 1234, None),
            ("1: FLOCK  ADVISORY", 1234, None),
            ("", 0, None),
        ] {
            assert_eq!(holder(line, inode), expected, "{line}");
        }
    }

    #[test]
    fn a_lock_of_ours_is_held_by_one_at_work_and_a_free_one_by_nobody() {
        let file = tempfile::tempfile().unwrap();
        assert!(!is_at_work(file.as_fd()));
        let lock = Lock::take(file.as_fd()).unwrap();
        assert!(lock.is_some() && is_at_work(file.as_fd()));
    }
}
