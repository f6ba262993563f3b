//! Our own lines within held output. They are kept on the heap: a few for each attempt.

use std::collections::VecDeque;

/// The most bytes that are kept; in an endless run, those of the last attempts.
const MAX_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The lines, each with its offset in the spool.
    all: VecDeque<(u64, Vec<u8>)>,
    bytes: usize,
}

impl Notes {
    /// Adds lines at the offset `place`, which does not precede that of earlier ones.
    pub(super) fn add(&mut self, place: u64, lines: Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        self.bytes += lines.len();
        self.all.push_back((place, lines));
        while self.bytes > MAX_BYTES
            && self.all.len() > 1
            && let Some((_, oldest)) = self.all.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }

    /// The `n`-th lines, and their offset.
    pub(super) fn get(&self, n: usize) -> Option<(u64, &[u8])> {
        self.all.get(n).map(|(place, lines)| (*place, &**lines))
    }
}
