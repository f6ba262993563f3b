//! Shows the progress of reading: a line on stderr, if that is a terminal.

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;
use std::time::Duration;

use crate::sys::output::{self, ERASE, Stderr};
use crate::sys::{clock, environment};

/// No progress is shown before this time.
const FIRST: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    /// Bytes read of all logs.
    counter: Rc<Cell<u64>>,
    /// The total number of bytes, if known.
    size: Option<u64>,
    /// When to draw next, on the machine's clock; `None` if stderr is not a terminal.
    next: Option<Duration>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(counter: Rc<Cell<u64>>, size: Option<u64>) -> Self {
        let is_seen = environment::get("CI").is_none() && output::can_draw_on_stderr();
        Self { counter, size, next: is_seen.then(|| clock::now().elapsed + FIRST), is_shown: false }
    }

    /// Draws the line, if it is due.
    pub(super) fn show(&mut self) {
        let Some(next) = self.next else { return };
        let now = clock::now().elapsed;
        if now < next {
            return;
        }
        let _full = write!(Stderr, "{ERASE}retry: {}", told(self.counter.get(), self.size));
        self.is_shown = true;
        self.next = Some(now + EVERY);
    }

    /// Erases the line.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _full = Stderr.write_all(ERASE.as_bytes());
        }
    }
}

/// `read 123 of 374 MB (32 %)`. A log may grow meanwhile.
fn told(read: u64, size: Option<u64>) -> String {
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    match size.filter(|size| *size > 0) {
        Some(size) => {
            let size = size.max(read);
            format!("read {} of {} MB ({} %)", megabytes(read), megabytes(size), read * 100 / size)
        }
        None => format!("read {} MB", megabytes(read)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_megabytes_and_never_passes_the_whole() {
        for (read, size, expected) in [
            (0, None, "read 0 MB"),
            (1, None, "read 1 MB"),
            (0, Some(0), "read 0 MB"),
            (123_000_000, Some(374_000_000), "read 123 of 374 MB (32 %)"),
            (5_000_000, Some(4_000_000), "read 5 of 5 MB (100 %)"),
        ] {
            assert_eq!(told(read, size), expected);
        }
    }
}
