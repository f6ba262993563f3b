//! Held output, in order and with the streams that it came from.
//!
//! In the spool, each run of bytes of one stream follows a head of nine bytes: the stream and the length. The head is
//! completed when another stream follows, or when the run has become long. Our own lines are few, and kept separately: they
//! are printed whatever happens to the output.

mod notes;

use std::io;

use self::notes::Notes;
use super::{CHUNK_BYTES, Spool};
use crate::classify::Stream;

/// Bytes of a head.
const HEAD_BYTES: usize = 9;
/// The bytes after which a run is completed.
const MAX_RUN_BYTES: u64 = CHUNK_BYTES as u64;
/// The least size of a ring, in bytes: several runs, so that the one being written is never overwritten.
const MIN_ROOM_BYTES: u64 = 4 * MAX_RUN_BYTES;
/// The bytes of memory for the end of the output if there can be no file.
const MAX_END_BYTES: u64 = 64 << 20;

/// Held output. Nothing here fails: what could not be kept is reported at the end.
#[derive(Debug, Default)]
pub(crate) struct HeldOutput {
    spool: Spool,
    notes: Notes,
    open: Option<Run>,
    /// Runs whose heads could not be completed in place, and their lengths. Without them, the bytes after such a head would
    /// be taken for heads.
    unwritten: Vec<(Run, u64)>,
    /// If there is no room for everything, the beginning is given up, not the end.
    keeps_end: bool,
    /// The oldest bytes that are still there, once some were given up.
    oldest: Cursor,
    lost: Option<io::Error>,
    /// Why the beginning was given up, and how many bytes of output it had.
    given_up: Option<(io::Error, u64)>,
}

/// Bytes of one stream.
#[derive(Clone, Copy, Debug)]
struct Run {
    stream: Stream,
    /// The offset of its head.
    start: u64,
}

/// A place in held output: how far [`HeldOutput::read`] has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    offset: u64,
    run: Option<(Stream, u64)>,
    /// The number of our own notes that were read, and of bytes of the next one.
    notes: usize,
    of_note: usize,
}

impl HeldOutput {
    /// Keeps the end of the output if there is no room for all of it.
    pub(crate) fn keep_end(&mut self) {
        self.keeps_end = true;
        self.spool.limit_memory(MAX_END_BYTES);
    }

    /// Keeps bytes. Once something is lost nothing more is kept, unless the end is what counts: output with a gap is worse
    /// than its beginning.
    pub(crate) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        if self.lost.is_none()
            && !bytes.is_empty()
            && let Err(why) = self.try_append(stream, bytes)
        {
            self.lost = Some(why);
        }
    }

    /// Keeps lines of ours for stderr at this place in the output.
    pub(crate) fn say(&mut self, lines: Vec<u8>) {
        self.notes.add(self.spool.len(), lines);
    }

    fn try_append(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        // Piece by piece, so that everything before a failure is kept.
        for piece in bytes.chunks(CHUNK_BYTES) {
            let is_open = |open: Run| open.stream == stream && self.spool.len() - open.start < MAX_RUN_BYTES;
            if !self.open.is_some_and(is_open) {
                self.close();
                let run = Run { stream, start: self.spool.len() };
                self.put(&head(stream, 0))?;
                self.open = Some(run);
            }
            self.put(piece)?;
        }
        Ok(())
    }

    /// Appends to the spool. If it is full and the end is kept, replaces the oldest bytes.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.spool.room.is_none() {
            match self.spool.append(bytes) {
                Err(why) if self.keeps_end && self.spool.go_round(MIN_ROOM_BYTES) => {
                    self.given_up = Some((why, 0));
                }
                done => return done,
            }
        }
        let room = self.spool.room.unwrap_or(u64::MAX);
        self.give_up_until((self.spool.len() + bytes.len() as u64).saturating_sub(room));
        self.spool.append(bytes)
    }

    /// Gives up everything before this offset.
    fn give_up_until(&mut self, place: u64) {
        while self.oldest.offset < place {
            let mut cursor = self.oldest;
            let Ok(Some((stream, left))) = self.run_at(&mut cursor) else {
                // It cannot be read, so all of it is given up.
                self.oldest.offset = self.open.map_or(self.spool.len(), |open| open.start);
                self.oldest.run = None;
                return;
            };
            let gone = left.min(place.saturating_sub(cursor.offset));
            cursor.offset += gone;
            cursor.run = Some((stream, left - gone)).filter(|(_, left)| *left > 0);
            if let Some((_, bytes)) = &mut self.given_up {
                *bytes += gone;
            }
            self.oldest = cursor;
        }
    }

    /// Completes the last head.
    fn close(&mut self) {
        let Some(run @ Run { stream, start }) = self.open.take() else { return };
        // A full disk may have cut the head short.
        let Some(length) = self.spool.len().checked_sub(start + HEAD_BYTES as u64) else { return };
        if self.spool.write_at(&head(stream, length), start).is_err() {
            self.unwritten.push((run, length));
        }
    }

    /// Why not everything was kept, if everything was wanted.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref().filter(|_| !self.keeps_end)
    }

    /// Why not everything was kept, if the end was wanted, and how many bytes of the beginning are missing; no number if
    /// the end is missing nevertheless.
    pub(crate) fn given_up(&self) -> Option<(&io::Error, Option<u64>)> {
        let lost = self.lost.as_ref().map(|why| (why, None));
        lost.or_else(|| self.given_up.as_ref().map(|(why, bytes)| (why, Some(*bytes))))
            .filter(|_| self.keeps_end)
    }

    /// Ends the writing, so that [`HeldOutput::read`] can begin.
    pub(crate) fn finish(&mut self) {
        self.close();
    }

    /// The beginning of the kept output.
    pub(crate) fn beginning(&self) -> Cursor {
        self.oldest
    }

    /// The next bytes of one stream; `None` at the end. After an error only our own lines follow.
    pub(crate) fn read(&self, cursor: &mut Cursor, bytes: &mut [u8]) -> io::Result<Option<Read>> {
        let note = self.notes.get(cursor.notes);
        if let Some((_, lines)) = note.filter(|(place, _)| *place <= cursor.offset) {
            let rest = &lines[cursor.of_note..];
            let length = rest.len().min(bytes.len());
            bytes[..length].copy_from_slice(&rest[..length]);
            cursor.of_note += length;
            if length == rest.len() {
                (cursor.notes, cursor.of_note) = (cursor.notes + 1, 0);
            }
            return Ok(Some(Read { stream: Stream::Stderr, length }));
        }
        let read = self.read_output(cursor, bytes, note.map(|(place, _)| place));
        if !matches!(read, Ok(Some(_))) {
            (cursor.offset, cursor.run) = (u64::MAX, None);
        }
        match read {
            Ok(None) if note.is_some() => self.read(cursor, bytes),
            read => read,
        }
    }

    /// `until`: the offset of our next lines.
    fn read_output(
        &self,
        cursor: &mut Cursor,
        bytes: &mut [u8],
        until: Option<u64>,
    ) -> io::Result<Option<Read>> {
        let Some((stream, left)) = self.run_at(cursor)? else { return Ok(None) };
        let most = until.map_or(left, |until| left.min(until.saturating_sub(cursor.offset)));
        let wanted = bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        let length = self.spool.read_at(&mut bytes[..wanted], cursor.offset)?;
        // It would be read forever.
        if length == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        cursor.offset += length as u64;
        cursor.run = Some((stream, left - length as u64)).filter(|(_, left)| *left > 0);
        Ok(Some(Read { stream, length }))
    }

    /// The run that contains the cursor, or begins at it.
    fn run_at(&self, cursor: &mut Cursor) -> io::Result<Option<(Stream, u64)>> {
        if cursor.run.is_none() {
            cursor.run = self.read_head(cursor.offset)?;
            cursor.offset += if cursor.run.is_some() { HEAD_BYTES as u64 } else { 0 };
        }
        Ok(cursor.run)
    }

    fn read_head(&self, offset: u64) -> io::Result<Option<(Stream, u64)>> {
        if let Some((run, length)) = self.unwritten.iter().find(|(run, _)| run.start == offset) {
            return Ok(Some((run.stream, *length)));
        }
        let mut bytes = [0; HEAD_BYTES];
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

/// The bytes that [`HeldOutput::read`] has put into the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) stream: Stream,
    pub(crate) length: usize,
}

fn head(stream: Stream, length: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[0] = match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
        Stream::Merged => 2,
    };
    head[1..].copy_from_slice(&length.to_ne_bytes());
    head
}

#[cfg(test)]
mod tests;
