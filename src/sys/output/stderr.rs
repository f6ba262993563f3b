//! Stderr, which we share with the command and other processes.

use std::io::{self, Write};
use std::sync::LazyLock;

use super::bounded::Bounded;

/// Stderr. Errors are ignored: there is nobody left to report them to.
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

/// Writes as much as is accepted in time.
pub(super) fn write(bytes: &[u8]) {
    static STDERR: LazyLock<Bounded<io::Stderr>> = LazyLock::new(|| Bounded::new(io::stderr()));
    STDERR.write(bytes);
}
