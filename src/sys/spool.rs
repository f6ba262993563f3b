//! A spool of bytes (held output, and input kept for another attempt): in memory while they are few, then in an unlinked
//! temporary file. Not on the heap, whose size makes each fork more expensive. Nothing is left behind however we end.
//!
//! Without a writable directory, more is kept in memory; without a descriptor for that, a little on the heap. Where files may
//! not grow that far (RLIMIT_FSIZE, which memory in a descriptor obeys, too), the heap takes as much as memory would. A spool
//! that cannot grow any further may continue as a ring, overwriting its oldest bytes.

mod held;

pub(crate) use held::{Cursor, HeldOutput, Read};

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, pread, pwrite};

use super::{environment, identity};

/// The bytes kept in memory; a longer spool moves to a file.
const MAX_MEMORY_BYTES: u64 = 1 << 20;
/// The bytes kept in memory if there can be no file, unless [`Spool::limit_memory`] says otherwise.
const MAX_MEMORY_BYTES_WITHOUT_FILE: u64 = 1 << 30;
/// The bytes kept on the heap if there can be no descriptor at all.
const MAX_HEAP_BYTES: u64 = 1 << 20;
/// Why no more can be kept in that case.
const NO_FILE: &str = "there is no directory for temporary files (TMPDIR)";
/// The bytes per copy.
const CHUNK_BYTES: usize = 64 * 1024;

/// A sequence of bytes that only grows, and may forget its oldest ones.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    backing: Backing,
    length: u64,
    /// The most bytes of memory if there can be no file, if not [`MAX_MEMORY_BYTES_WITHOUT_FILE`].
    memory_limit: Option<u64>,
    /// The offset of the first byte in the file.
    base: u64,
    /// The size of the ring in bytes: byte `n` is at `n % room`. `None` until the spool becomes a ring.
    room: Option<u64>,
}

#[derive(Debug, Default)]
enum Backing {
    /// Nothing has been added yet.
    #[default]
    Nothing,
    Heap {
        bytes: Vec<u8>,
        /// The most bytes that it takes.
        limit: u64,
    },
    Memory {
        file: OwnedFd,
        /// The most bytes that it takes; `None` while a file on disk may still be created.
        limit: Option<u64>,
    },
    Disk(OwnedFd),
}

impl Spool {
    /// Wraps this many bytes of a file from `base` on, for reading only.
    pub(crate) fn of_file(file: OwnedFd, base: u64, length: u64) -> Self {
        Self { backing: Backing::Disk(file), base, length, ..Self::default() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The place where the bytes are kept, in words: "memory", or the directory of the file.
    pub(crate) fn backing_name(&self) -> String {
        match &self.backing {
            Backing::Heap { .. } | Backing::Memory { .. } => "memory".to_owned(),
            Backing::Nothing | Backing::Disk(_) => temporary_directory().display().to_string(),
        }
    }

    /// Appends bytes. After an error some of them may have been written; `len` does not count them.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = self.length + bytes.len() as u64;
        if self.room.is_none() {
            self.make_room(length)?;
        }
        match self.write_at(bytes, self.length) {
            Err(why) if self.is_cut_short(&why) && self.move_to_heap(self.memory_limit()) => {
                self.make_room(length)?;
                self.write_at(bytes, self.length)?;
            }
            written => written?,
        }
        self.length = length;
        Ok(())
    }

    /// Limits the memory to `bytes` if there can be no file.
    pub(crate) fn limit_memory(&mut self, bytes: u64) {
        self.memory_limit = Some(bytes);
    }

    /// Turns the full spool into a ring, in which further bytes replace the oldest ones. False if its size is below `least`
    /// bytes, which would be too small.
    fn go_round(&mut self, least: u64) -> bool {
        if self.length < least && !self.move_to_heap(MAX_HEAP_BYTES) {
            return false;
        }
        // The heap can still grow.
        self.room = match &self.backing {
            Backing::Heap { limit, .. } => Some(*limit),
            _ => Some(self.length),
        };
        true
    }

    /// Makes room for this many bytes.
    fn make_room(&mut self, length: u64) -> io::Result<()> {
        if matches!(self.backing, Backing::Nothing) {
            self.backing = match memory() {
                Ok(file) => Backing::Memory { file, limit: None },
                Err(_) => temporary_file().map_or_else(|_| heap(MAX_HEAP_BYTES), Backing::Disk),
            };
        }
        let memory_limit = self.memory_limit();
        match &mut self.backing {
            Backing::Memory { limit: None, .. } if length > MAX_MEMORY_BYTES => {
                if self.move_to_disk().is_err()
                    && let Backing::Memory { limit, .. } = &mut self.backing
                {
                    *limit = Some(memory_limit);
                }
                Ok(())
            }
            Backing::Memory { limit: Some(limit), .. } if length > *limit => Err(io::Error::other(NO_FILE)),
            Backing::Heap { limit, .. } if length > *limit => Err(match *limit {
                MAX_HEAP_BYTES => io::Error::other(NO_FILE),
                _ => Errno::FBIG.into(),
            }),
            _ => Ok(()),
        }
    }

    /// Overwrites existing bytes.
    pub(crate) fn write_at(&mut self, mut bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut offset = offset;
        while !bytes.is_empty() {
            let (at, length) = self.stretch(offset, bytes.len());
            let written = match &mut self.backing {
                Backing::Nothing => return Err(io::ErrorKind::NotFound.into()),
                Backing::Heap { bytes: heap, .. } => {
                    let at = usize::try_from(at).map_err(|_| Errno::FBIG)?;
                    let end = heap.len().max(at + length);
                    heap.try_reserve(end - heap.len()).map_err(|_| Errno::NOMEM)?;
                    heap.resize(end, 0);
                    heap[at..at + length].copy_from_slice(&bytes[..length]);
                    Ok(length)
                }
                Backing::Memory { file, .. } | Backing::Disk(file) => pwrite(file, &bytes[..length], at),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// Reads from `offset` on. Returns fewer bytes than requested only at the end.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = bytes.len().min(left);
        let mut read = 0;
        while read < wanted {
            let (at, length) = self.stretch(offset + read as u64, wanted - read);
            let to = &mut bytes[read..read + length];
            let more = match &self.backing {
                Backing::Nothing => Ok(0),
                Backing::Heap { bytes, .. } => Ok(read_heap(bytes, at, to)),
                Backing::Memory { file, .. } | Backing::Disk(file) => pread(file, to, at),
            };
            match more {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(more) => read += more,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(read)
    }

    /// The position of the byte at `offset`, and how many of the `wanted` bytes are contiguous from there on.
    fn stretch(&self, offset: u64, wanted: usize) -> (u64, usize) {
        let Some(room) = self.room else { return (offset + self.base, wanted) };
        let at = offset % room;
        (at, wanted.min(usize::try_from(room - at).unwrap_or(usize::MAX)))
    }

    fn move_to_disk(&mut self) -> io::Result<()> {
        let backing = Backing::Disk(temporary_file()?);
        let mut disk = Self { backing, memory_limit: self.memory_limit, ..Self::default() };
        self.copy_to(&mut disk)?;
        *self = disk;
        Ok(())
    }

    /// The most bytes of memory if there can be no file.
    fn memory_limit(&self) -> u64 {
        self.memory_limit.unwrap_or(MAX_MEMORY_BYTES_WITHOUT_FILE)
    }

    /// Whether this error of a write means that no file may become that large, and the heap may.
    fn is_cut_short(&self, why: &io::Error) -> bool {
        let is_file = matches!(self.backing, Backing::Memory { .. } | Backing::Disk(_));
        is_file && self.room.is_none() && why.raw_os_error() == Some(libc::EFBIG)
    }

    /// Copies everything to the heap, where there may be `limit` bytes. Returns whether it is there now.
    fn move_to_heap(&mut self, limit: u64) -> bool {
        let mut heap = Self { backing: heap(limit), memory_limit: self.memory_limit, ..Self::default() };
        let copied = self.copy_to(&mut heap).is_ok();
        if copied {
            *self = heap;
        }
        copied
    }

    /// The CRC-32 of all bytes, as in gzip.
    pub(crate) fn crc32(&self) -> io::Result<u32> {
        let mut crc = flate2::Crc::new();
        let mut piece = vec![0; CHUNK_BYTES];
        let mut at = 0;
        while at < self.length {
            let read = self.read_at(&mut piece, at)?;
            crc.update(&piece[..read]);
            at += read as u64;
        }
        Ok(crc.sum())
    }

    fn copy_to(&self, other: &mut Self) -> io::Result<()> {
        let mut piece = vec![0; CHUNK_BYTES];
        while other.length < self.length {
            let read = self.read_at(&mut piece, other.length)?;
            other.append(&piece[..read])?;
        }
        Ok(())
    }
}

/// An unnamed file with these bytes, positioned at its start.
pub(crate) fn file_of(bytes: &[u8]) -> io::Result<OwnedFd> {
    let file = memory().or_else(|_| temporary_file())?;
    let mut written = 0;
    while written < bytes.len() {
        match pwrite(&file, &bytes[written..], written as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(file)
}

/// `/dev/null`, for reading.
pub(crate) fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

fn heap(limit: u64) -> Backing {
    Backing::Heap { bytes: Vec::new(), limit }
}

fn read_heap(heap: &[u8], at: u64, to: &mut [u8]) -> usize {
    let there = usize::try_from(at).ok().and_then(|at| heap.get(at..)).unwrap_or_default();
    let length = there.len().min(to.len());
    to[..length].copy_from_slice(&there[..length]);
    length
}

#[cfg(has_memfd)]
fn memory() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("retry-spool", rustix::fs::MemfdFlags::CLOEXEC)?)
}

#[cfg(not(has_memfd))]
fn memory() -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

fn temporary_directory() -> PathBuf {
    environment::get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

/// An unnamed file in `$TMPDIR`.
fn temporary_file() -> io::Result<OwnedFd> {
    let directory = temporary_directory();
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    #[cfg(has_tmpfile)]
    if let Ok(file) = rustix::fs::open(&directory, flags | OFlags::TMPFILE | OFlags::EXCL, PRIVATE) {
        return Ok(file);
    }
    // The file system does not support unnamed files, or the directory does not exist, for which the second try gives the
    // better error.
    let name = format!("retry-{:016x}", u64::from_ne_bytes(identity::entropy()));
    let path = directory.join(name);
    let file = rustix::fs::open(&path, flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW, PRIVATE)?;
    rustix::fs::unlink(&path)?;
    Ok(file)
}

const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(spool: &Spool) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(spool.len()).unwrap() + 10];
        let read = spool.read_at(&mut bytes, 0).unwrap();
        bytes.truncate(read);
        bytes
    }

    #[test]
    fn nothing_is_open_before_there_is_something_to_keep() {
        let spool = Spool::default();
        assert!(matches!(spool.backing, Backing::Nothing));
        assert_eq!(contents(&spool), b"");
    }

    #[test]
    fn what_outgrows_memory_goes_to_a_file_and_stays_the_same() {
        let mut spool = Spool::default();
        let mut all = Vec::new();
        for n in 0..40_u8 {
            let piece = vec![n; 50_000 + usize::from(n)];
            spool.append(&piece).unwrap();
            all.extend(piece);
            let in_memory = matches!(spool.backing, Backing::Memory { .. });
            assert_eq!(in_memory, cfg!(has_memfd) && spool.len() <= MAX_MEMORY_BYTES);
        }
        assert!(contents(&spool) == all);
        let mut some = [0; 3];
        assert_eq!(spool.read_at(&mut some, 49_999).unwrap(), 3);
        assert_eq!(some, [0, 1, 1]);
        assert_eq!(spool.read_at(&mut some, spool.len()).unwrap(), 0);
    }

    #[test]
    fn bytes_can_be_written_over() {
        let mut spool = Spool::default();
        spool.append(b"abcdef").unwrap();
        spool.write_at(b"XY", 2).unwrap();
        assert_eq!(contents(&spool), b"abXYef");
    }
}
