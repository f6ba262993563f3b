//! Finds the holder of a lock on systems that do not reveal it: the holder leaves its process id in the file.

use std::os::fd::BorrowedFd;

use rustix::fs::{Stat, Timespec, Timestamps, UTIME_OMIT, futimens};
use rustix::io::{pread, pwrite};

use super::lock::Holder;
use super::record;
use crate::sys::supervise;

/// After the record.
const PLACE: u64 = record::FILE as u64;
const LENGTH: usize = 12;

/// Records our process id, so that other processes can check whether we are stopped. The modification time is kept, since
/// unused records are removed by age.
pub(super) fn sign(file: BorrowedFd<'_>, status: &Stat) {
    let note = format!("{:<1$}\n", std::process::id(), LENGTH - 1);
    let _full = pwrite(file, note.as_bytes(), PLACE);
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    #[allow(clippy::useless_conversion, reason = "the types differ between systems")]
    let tv_nsec = i64::try_from(status.st_mtime_nsec).unwrap_or_default();
    let written = Timespec { tv_sec: status.st_mtime, tv_nsec };
    // Not permitted for another user's file.
    let _newer = futimens(file, &Timestamps { last_access: omitted, last_modification: written });
}

/// The holder of a file's lock.
pub(super) fn of(file: BorrowedFd<'_>) -> Holder {
    let mut left = [0; LENGTH];
    let Ok(LENGTH) = pread(file, &mut left, PLACE) else { return Holder::Unseen };
    let pid = std::str::from_utf8(&left).ok().and_then(|text| text.trim().parse().ok());
    match pid {
        Some(pid) => match supervise::is_at_work(pid) {
            Some(true) => Holder::AtWork,
            Some(false) => Holder::Still { pid, name: "retry".to_owned() },
            None => Holder::Unseen,
        },
        None => Holder::Unseen,
    }
}
