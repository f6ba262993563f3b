//! Writes a letter: under another name, locked, synced, and then renamed. If we are killed before the rename, only a
//! `.tmp-` file is left, which the next writer removes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::{Letterbox, at, try_lock};
use crate::letter::TEMPORARY;
use crate::sys::spool::Spool;

/// The bytes per copy.
const CHUNK_BYTES: usize = 64 * 1024;
/// About the size of a letter with little input.
const PROBE_BYTES: usize = 4096;
/// The number of names that are tried.
const MAX_NAMES_TRIED: u32 = 10_000;

impl Letterbox {
    /// Checks that a letter of this run could be written. The error is text.
    pub(crate) fn probe(&self, run: &str) -> Result<(), String> {
        let name = format!("{TEMPORARY}{run}");
        let made = self.begin(&name).and_then(|file| {
            // A full disk accepts a file's name, but not its bytes.
            let written = write_all(&file, &[b'\n'; PROBE_BYTES]).and_then(|()| Ok(sync(&file)?));
            written.and(Ok(unlinkat(&self.directory, &*name, AtFlags::empty())?))
        });
        made.map_err(|why| at(&self.path, &why))
    }

    /// Writes a letter: the line and the body. `name` is called again while a name is taken. The error is text.
    pub(crate) fn write(
        &self,
        run: &str,
        name: impl Fn(u32) -> String,
        line: &[u8],
        body: Option<&Spool>,
    ) -> Result<PathBuf, String> {
        let temporary = format!("{TEMPORARY}{run}");
        let file = self.begin(&temporary).map_err(|why| at(&self.path, &why))?;
        let written = self.try_write(&file, &temporary, name, line, body);
        written.map(|name| self.path.join(name)).map_err(|why| {
            let _gone = unlinkat(&self.directory, &*temporary, AtFlags::empty());
            at(&self.path, &why)
        })
    }

    fn try_write(
        &self,
        file: &OwnedFd,
        temporary: &str,
        name: impl Fn(u32) -> String,
        line: &[u8],
        body: Option<&Spool>,
    ) -> io::Result<String> {
        write_all(file, line)?;
        if let Some(body) = body {
            let mut piece = vec![0; CHUNK_BYTES];
            let mut at = 0;
            while at < body.len() {
                let read = body.read_at(&mut piece, at)?;
                write_all(file, &piece[..read])?;
                at += read as u64;
            }
        }
        sync(file)?;
        for number in 1..MAX_NAMES_TRIED {
            let name = name(number);
            match self.rename(temporary, &name) {
                Ok(()) => {
                    // Not all file systems can sync a directory.
                    let _unsure = rustix::fs::fsync(&self.directory);
                    return Ok(name);
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn begin(&self, name: &str) -> io::Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        // We have just created it, so we may remove it.
        if let Err(why) = try_lock(&file) {
            let _gone = unlinkat(&self.directory, name, AtFlags::empty());
            return Err(why);
        }
        Ok(file)
    }

    /// Gives the finished letter its name, unless that is taken.
    fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        #[cfg(has_rename_noreplace)]
        {
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(&self.directory, from, &self.directory, to, flags) {
                // Not supported by every file system.
                Err(Errno::INVAL | Errno::NOSYS) => {}
                renamed => return renamed,
            }
        }
        rustix::fs::linkat(&self.directory, from, &self.directory, to, AtFlags::empty())?;
        unlinkat(&self.directory, from, AtFlags::empty())
    }
}

/// Makes the bytes of a file durable.
fn sync(file: &OwnedFd) -> Result<(), Errno> {
    #[cfg(has_fdatasync)]
    return rustix::fs::fdatasync(file);
    #[cfg(not(has_fdatasync))]
    return rustix::fs::fsync(file);
}

fn write_all(file: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let parent = tempfile::tempdir().unwrap();
        let letterbox = Letterbox::make(&parent.path().join("dlq")).unwrap();
        let name = |number| format!("same-{number}.letter");
        let mut body = Spool::default();
        body.append(b"input").unwrap();
        let paths: Vec<_> =
            (0..64).map(|_| letterbox.write("run", name, b"{}\n", Some(&body)).unwrap()).collect();
        assert_eq!(paths[63], parent.path().join("dlq/same-64.letter"));
        assert_eq!(letterbox.letters().unwrap().len(), 64);
        for path in paths {
            assert_eq!(std::fs::read(path).unwrap(), b"{}\ninput");
        }
    }

    #[test]
    fn what_is_being_written_is_nobody_elses() {
        let parent = tempfile::tempdir().unwrap();
        let letterbox = Letterbox::make(parent.path()).unwrap();
        letterbox.probe("run").unwrap();
        std::fs::write(parent.path().join(".tmp-run"), "another's").unwrap();
        assert!(letterbox.probe("run").is_err());
        assert_eq!(std::fs::read(parent.path().join(".tmp-run")).unwrap(), b"another's");
    }
}
