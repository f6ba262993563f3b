//! Output held back, with the streams that it came from, in the order in which it came.
//!
//! In the spool each run of bytes of one stream stands behind a head of nine bytes: the stream and the length. The
//! head is completed when another stream follows, so that a single stream costs one head however it was written.

use std::io;

use super::{PIECE, Spool};
use crate::classify::Stream;

const HEAD: usize = 9;

/// Held output. It never fails: what could not be kept is told in the end.
#[derive(Debug, Default)]
pub(crate) struct Held {
    spool: Spool,
    open: Option<Run>,
    lost: Option<io::Error>,
}

/// Bytes of one stream.
#[derive(Clone, Copy, Debug)]
struct Run {
    stream: Stream,
    /// Where its head stands.
    start: u64,
}

/// How far [`Held::read`] has come.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    offset: u64,
    run: Option<(Stream, u64)>,
}

impl Held {
    /// Keeps bytes. Once something is lost nothing more is kept: output with a hole is worse than its beginning.
    pub(crate) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        if self.lost.is_none()
            && !bytes.is_empty()
            && let Err(why) = self.try_append(stream, bytes)
        {
            self.lost = Some(why);
        }
    }

    fn try_append(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        if self.open.is_none_or(|open| open.stream != stream) {
            self.close()?;
            self.open = Some(Run { stream, start: self.spool.len() });
            self.spool.append(&head(stream, 0))?;
        }
        // Piece by piece: when no more can be kept, what came before is.
        bytes.chunks(PIECE).try_for_each(|piece| self.spool.append(piece))
    }

    /// Completes the last head.
    fn close(&mut self) -> io::Result<()> {
        let Some(Run { stream, start }) = self.open.take() else { return Ok(()) };
        // A head alone may have been cut short by a full disk.
        let Some(length) = self.spool.len().checked_sub(start + HEAD as u64) else { return Ok(()) };
        self.spool.write_at(&head(stream, length), start)
    }

    /// Why not everything was kept, if it was not.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }

    /// Ends the writing; [`Held::read`] can begin.
    pub(crate) fn finish(&mut self) {
        if let Err(why) = self.close() {
            self.lost.get_or_insert(why);
        }
    }

    /// The next bytes of one stream; `None` at the end.
    pub(crate) fn read(&self, cursor: &mut Cursor, bytes: &mut [u8]) -> io::Result<Option<(Stream, usize)>> {
        let (stream, left) = match cursor.run.take() {
            Some(run) => run,
            None => match self.read_head(cursor.offset)? {
                Some(run) => {
                    cursor.offset += HEAD as u64;
                    run
                }
                None => return Ok(None),
            },
        };
        let wanted = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.spool.read_at(&mut bytes[..wanted], cursor.offset)?;
        cursor.offset += read as u64;
        cursor.run = Some((stream, left - read as u64)).filter(|(_, left)| *left > 0);
        Ok(Some((stream, read)))
    }

    fn read_head(&self, offset: u64) -> io::Result<Option<(Stream, u64)>> {
        let mut bytes = [0; HEAD];
        if self.spool.read_at(&mut bytes, offset)? < bytes.len() {
            return Ok(None);
        }
        let stream = match bytes[0] {
            0 => Stream::Stdout,
            1 => Stream::Stderr,
            _ => Stream::Merged,
        };
        let length: [u8; 8] = std::array::from_fn(|i| bytes[1 + i]);
        Ok(Some((stream, u64::from_ne_bytes(length))))
    }
}

fn head(stream: Stream, length: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
        Stream::Merged => 2,
    };
    head[1..].copy_from_slice(&length.to_ne_bytes());
    head
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything, neighbours of one stream joined.
    fn contents(held: &Held, piece: usize) -> Vec<(Stream, Vec<u8>)> {
        let mut all: Vec<(Stream, Vec<u8>)> = Vec::new();
        let (mut cursor, mut buffer) = (Cursor::default(), vec![0; piece]);
        while let Some((stream, length)) = held.read(&mut cursor, &mut buffer).unwrap() {
            match all.last_mut() {
                Some((last, bytes)) if *last == stream => bytes.extend(&buffer[..length]),
                _ => all.push((stream, buffer[..length].to_vec())),
            }
        }
        all
    }

    proptest! {
        #[test]
        fn output_comes_back_as_it_was_and_in_its_order(
            pieces in prop::collection::vec((0..3_u8, prop::collection::vec(any::<u8>(), 0..30)), 0..30),
            buffer in 1_usize..50,
        ) {
            let mut held = Held::default();
            let mut expected: Vec<(Stream, Vec<u8>)> = Vec::new();
            for (stream, bytes) in &pieces {
                let stream = [Stream::Stdout, Stream::Stderr, Stream::Merged][usize::from(*stream)];
                held.append(stream, bytes);
                match expected.last_mut() {
                    _ if bytes.is_empty() => {}
                    Some((last, all)) if *last == stream => all.extend(bytes),
                    _ => expected.push((stream, bytes.clone())),
                }
            }
            held.finish();
            prop_assert_eq!(contents(&held, buffer), expected);
        }
    }

    #[test]
    fn more_can_be_kept_after_a_reading() {
        let mut held = Held::default();
        held.append(Stream::Stdout, b"a");
        held.finish();
        held.append(Stream::Stdout, b"b");
        held.finish();
        assert_eq!(contents(&held, 8), [(Stream::Stdout, b"ab".to_vec())]);
    }
}
