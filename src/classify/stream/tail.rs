//! The end of a stream, kept in bounded memory, and how long the stream was.

use std::collections::VecDeque;

/// The last bytes of what it was fed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    limit: usize,
    kept: VecDeque<u8>,
    total: u64,
}

impl Tail {
    /// Keeps at most `limit` bytes and takes at most twice that; with 0 it only counts.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, kept: VecDeque::new(), total: 0 }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let bytes = &bytes[bytes.len().saturating_sub(self.limit)..];
        let surplus = (self.kept.len() + bytes.len()).saturating_sub(self.limit);
        self.kept.drain(..surplus);
        self.kept.extend(bytes);
    }

    /// The end of the stream, in one piece.
    pub(crate) fn bytes(&mut self) -> &[u8] {
        self.kept.make_contiguous()
    }

    /// How many bytes the whole stream had.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Whether the stream had more than is kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.total > self.kept.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Tail;

    #[test]
    fn without_a_limit_above_0_it_only_counts() {
        let mut tail = Tail::new(0);
        tail.feed(b"some");
        tail.feed(&vec![0; 100_000]);
        assert_eq!((tail.total(), tail.is_cut()), (100_004, true));
        assert_eq!(tail.bytes(), b"");
        assert_eq!(tail.kept.capacity(), 0);
    }

    #[test]
    fn an_empty_stream_is_whole() {
        let mut tail = Tail::new(10);
        assert_eq!((tail.is_cut(), tail.total()), (false, 0));
        assert_eq!(tail.bytes(), b"");
    }

    #[test]
    fn memory_stays_within_twice_the_limit() {
        let mut tail = Tail::new(1000);
        for size in [1, 999, 1, 64 * 1024, 7].repeat(50) {
            tail.feed(&vec![b'x'; size]);
            assert!(tail.kept.capacity() <= 2000, "{}", tail.kept.capacity());
        }
    }

    proptest! {
        #[test]
        fn it_keeps_the_end_however_the_stream_comes(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..12),
            limit in 0_usize..40,
        ) {
            let mut tail = Tail::new(limit);
            for chunk in &chunks {
                tail.feed(chunk);
            }
            let all = chunks.concat();
            let end = &all[all.len().saturating_sub(limit)..];
            prop_assert_eq!(tail.total(), all.len() as u64);
            prop_assert_eq!(tail.is_cut(), all.len() > limit);
            prop_assert_eq!(tail.bytes(), end);
        }
    }
}
