//! The status flags of descriptors that the command shares with us and with others: what an attempt leaves set
//! (`O_NONBLOCK` on a terminal or a pipe) would make the next one fail.

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::inherited;

/// The flags as they were at the start.
#[derive(Default)]
pub(super) struct Flags {
    /// Those of 0, 1 and 2; `None` if nothing depends on them.
    standard: [Option<OFlags>; 3],
    /// Those of descriptors that arguments name.
    named: Vec<(i32, OFlags)>,
}

impl Flags {
    /// The flags of the standard descriptors as they are now: three system calls, before any process could change them.
    pub(super) fn of_standard_descriptors() -> Self {
        Self { standard: [0, 1, 2].map(|number| fcntl_getfl(inherited(number)).ok()), named: Vec::new() }
    }

    /// Records those of another inherited descriptor, and returns them.
    pub(super) fn look(&mut self, number: i32) -> Option<OFlags> {
        let flags = fcntl_getfl(inherited(number)).ok()?;
        self.named.push((number, flags));
        Some(flags)
    }

    /// The flags of stdin, if they are known.
    pub(super) fn of_stdin(&self) -> Option<OFlags> {
        self.standard[0]
    }

    /// Restores the flags that have changed since.
    pub(super) fn restore(&self) {
        let standard = (0..).zip(self.standard).filter_map(|(number, flags)| Some((number, flags?)));
        for (number, flags) in standard.chain(self.named.iter().copied()) {
            let fd = inherited(number);
            if fcntl_getfl(fd).is_ok_and(|now| now != flags) {
                let _refused = fcntl_setfl(fd, flags);
            }
        }
    }
}
