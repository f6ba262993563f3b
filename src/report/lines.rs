//! Splits blocks of bytes into lines. A line that spans blocks is put together; one that is too long is skipped without
//! being held in memory.

use memchr::{memchr, memrchr};

/// Longer lines are skipped, in bytes.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// A line of the input, without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Line(&'a [u8]),
    /// A line of more than [`MAX_LINE_BYTES`] bytes.
    TooLong,
    /// The last line of a file that does not end with a line feed.
    Rest(&'a [u8]),
}

/// The state between two blocks.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The start of a line whose end has not arrived yet.
    partial: Vec<u8>,
    /// The current line is too long: everything up to its end is dropped.
    dropping: bool,
    /// The number of bytes after the last line feed.
    pub pending: u64,
}

impl Lines {
    /// Takes the next block, and passes on each line that ends in it.
    pub(super) fn feed(&mut self, mut block: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let last = memrchr(b'\n', block);
        self.pending = last.map_or(self.pending + block.len() as u64, |at| (block.len() - at - 1) as u64);
        while let Some(end) = memchr(b'\n', block) {
            let head = &block[..end];
            block = &block[end + 1..];
            if self.dropping || self.partial.len() + head.len() > MAX_LINE_BYTES {
                each(Piece::TooLong);
            } else if self.partial.is_empty() {
                each(Piece::Line(head));
            } else {
                self.partial.extend_from_slice(head);
                each(Piece::Line(&self.partial));
            }
            self.dropping = false;
            self.partial.clear();
        }
        if self.dropping || self.partial.len() + block.len() > MAX_LINE_BYTES {
            self.dropping = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(block);
        }
    }

    /// Ends the file: passes on the text after its last line feed, so that nothing is carried over to the next file.
    pub(super) fn end(&mut self, mut each: impl FnMut(Piece<'_>)) {
        if self.dropping {
            each(Piece::TooLong);
        } else if !self.partial.is_empty() {
            each(Piece::Rest(&self.partial));
        }
        *self = Self::default();
    }
}
