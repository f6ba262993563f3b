//! Bytes put aside: in memory while they are few, then in an unlinked temporary file. Not on the heap, whose size
//! each fork pays for; nothing stays behind however we end.

mod held;

pub(crate) use held::{Cursor, Held};

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, pread, pwrite};

use super::{environment, identity};

/// More is kept in a file.
pub(crate) const MOST_IN_MEMORY: u64 = 1024 * 1024;
/// Copied at once.
const PIECE: usize = 64 * 1024;

/// A sequence of bytes that only grows.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    /// None while there is nothing in it.
    file: Option<OwnedFd>,
    length: u64,
    in_memory: bool,
}

impl Spool {
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Adds bytes at the end. After an error they may be there in part; `len` does not count them.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = self.length + bytes.len() as u64;
        if self.file.is_none() {
            let memory = memory().ok();
            self.in_memory = memory.is_some();
            self.file = memory;
        }
        if self.file.is_none() || self.in_memory && length > MOST_IN_MEMORY {
            self.move_to_disk()?;
        }
        self.write_at(bytes, self.length)?;
        self.length = length;
        Ok(())
    }

    /// Writes over bytes that are there.
    pub(crate) fn write_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        while !bytes.is_empty() {
            match pwrite(file, bytes, offset) {
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

    /// Reads from `offset` on, less than asked for only at the end.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(file) = &self.file else { return Ok(0) };
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = bytes.len().min(left);
        let mut read = 0;
        while read < wanted {
            match pread(file, &mut bytes[read..wanted], offset + read as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(more) => read += more,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(read)
    }

    fn move_to_disk(&mut self) -> io::Result<()> {
        let disk = Self { file: Some(temporary_file()?), length: self.length, in_memory: false };
        let mut piece = vec![0; PIECE];
        let mut offset = 0;
        while offset < self.length {
            let read = self.read_at(&mut piece, offset)?;
            disk.write_at(&piece[..read], offset)?;
            offset += read as u64;
        }
        *self = disk;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn memory() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("retry-spool", rustix::fs::MemfdFlags::CLOEXEC)?)
}

#[cfg(not(target_os = "linux"))]
fn memory() -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A file without a name, in `$TMPDIR`.
fn temporary_file() -> io::Result<OwnedFd> {
    let directory = environment::get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    if let Ok(file) = rustix::fs::open(&directory, flags | OFlags::TMPFILE | OFlags::EXCL, PRIVATE) {
        return Ok(file);
    }
    // The file system knows no nameless files; or there is no such directory, which the second try says better.
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
        assert!(spool.file.is_none());
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
            assert_eq!(spool.in_memory, cfg!(target_os = "linux") && spool.len() <= MOST_IN_MEMORY);
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
