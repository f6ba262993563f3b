//! The twin of `shortcut.rs` where the kernel hands no pages over.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::classify::Observed;

/// The outcome of a try: there is none.
#[expect(dead_code, reason = "the pump knows what comes of it elsewhere")]
pub(super) enum Shortcut {
    Moved(usize),
    Copied(usize),
    Full,
    Trickle,
}

pub(super) fn hand_over(
    _from: BorrowedFd<'_>,
    _to: BorrowedFd<'_>,
    _: Observed,
    _most: usize,
) -> Result<Shortcut, Errno> {
    Err(Errno::NOSYS)
}
