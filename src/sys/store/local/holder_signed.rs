//! Who holds a lock, where the system does not tell it: the holder leaves its process id in the file.

use std::os::fd::BorrowedFd;

use rustix::io::{pread, pwrite};

use super::record;
use crate::sys::supervise;

/// Behind the record.
const PLACE: u64 = record::FILE as u64;
const LENGTH: usize = 12;

/// Without it, nobody waits longer for us than for a stopped one.
pub(super) fn sign(file: BorrowedFd<'_>) {
    let note = format!("{:<1$}\n", std::process::id(), LENGTH - 1);
    let _full = pwrite(file, note.as_bytes(), PLACE);
}

/// Whether the process that holds the lock is there and not stopped.
pub(super) fn is_at_work(file: BorrowedFd<'_>) -> bool {
    let mut left = [0; LENGTH];
    let Ok(LENGTH) = pread(file, &mut left, PLACE) else { return false };
    let pid = std::str::from_utf8(&left).ok().and_then(|text| text.trim().parse().ok());
    pid.is_some_and(supervise::is_at_work)
}
