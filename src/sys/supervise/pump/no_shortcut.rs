//! The twin of `shortcut.rs` for kernels that cannot move pages: every call is refused.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::Shortcut;
use crate::classify::Observed;

pub(super) fn hand_over(
    _from: BorrowedFd<'_>,
    _to: BorrowedFd<'_>,
    _: Observed,
    _most: usize,
) -> Result<Shortcut, Errno> {
    Err(Errno::NOSYS)
}
