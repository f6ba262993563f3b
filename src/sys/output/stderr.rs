//! Stderr, shared with the command and whoever stands around us.

use std::io::{self, Write};
use std::sync::LazyLock;

use super::bounded::Bounded;

/// Stderr. Its errors are swallowed: there is nobody left to tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes as much as is taken in time.
pub(super) fn write(bytes: &[u8]) {
    static STDERR: LazyLock<Bounded<io::Stderr>> = LazyLock::new(|| Bounded::new(io::stderr()));
    STDERR.write(bytes);
}
