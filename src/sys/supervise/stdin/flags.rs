//! The status flags of descriptors that the command shares with us and with others: what an attempt leaves set
//! (`O_NONBLOCK` on a terminal or a pipe) would make the next one fail.

use std::os::fd::BorrowedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::inherited;

/// What the flags were at the start.
#[derive(Default)]
pub(super) struct Flags(Vec<(i32, OFlags)>);

impl Flags {
    /// The flags of the standard descriptors as they are now; more can be added.
    pub(super) fn of_standard_descriptors() -> Self {
        let mut flags = Self(Vec::with_capacity(3));
        for number in 0..3 {
            flags.look(number);
        }
        flags
    }

    /// Notes those of a descriptor that we were started with, and returns them.
    pub(super) fn look(&mut self, number: i32) -> Option<OFlags> {
        let flags = fcntl_getfl(inherited(number)).ok()?;
        self.0.push((number, flags));
        Some(flags)
    }

    /// What is known of a descriptor.
    pub(super) fn get(&self, number: i32) -> Option<OFlags> {
        self.0.iter().find(|(known, _)| *known == number).map(|(_, flags)| *flags)
    }

    /// Puts back what has changed since.
    pub(super) fn restore(&self) {
        for &(number, flags) in &self.0 {
            let fd: BorrowedFd<'_> = inherited(number);
            if fcntl_getfl(fd).is_ok_and(|now| now != flags) {
                let _refused = fcntl_setfl(fd, flags);
            }
        }
    }
}
