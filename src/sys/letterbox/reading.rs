//! Reads a letter back. It is code that will run as us, so it must be ours, and nobody else may be able to change it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, statat};
use rustix::io::Errno;

use super::{at, place_of, try_lock};
use crate::base::words::of_system;
use crate::letter::{self, Header, Length, MAX_HEADER_BYTES, Stdin};
use crate::sys::files::modified;

/// An open letter with its header.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) path: PathBuf,
    pub(crate) file: OwnedFd,
    pub(crate) header: Header,
    pub(crate) length: Length,
}

/// The result of claiming a letter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Ours,
    /// Another replay has it.
    Busy,
    /// The letter was removed or replaced.
    Gone,
}

/// Opens and reads a letter. The error says why it is refused; `None`: it does not exist.
pub(crate) fn open(path: &Path) -> Result<Letter, Option<String>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Err(None),
        Err(Errno::LOOP) => return Err(Some("it is a symbolic link".to_owned())),
        Err(errno) => return Err(Some(of_system(&errno.into()))),
    };
    let stat = fstat(&file).map_err(|errno| Some(of_system(&errno.into())))?;
    if let Some(why) = refusal(&stat) {
        return Err(Some(why));
    }
    read(path, file).map_err(Some)
}

/// Reads a letter that is already open.
pub(crate) fn read(path: &Path, file: OwnedFd) -> Result<Letter, String> {
    let size = fstat(&file).map_err(|errno| of_system(&errno.into()))?.st_size;
    let again = rustix::io::fcntl_dupfd_cloexec(&file, 3).map_err(|errno| of_system(&errno.into()))?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).map_err(|errno| of_system(&errno.into()))?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(File::from(again)).take(MAX_HEADER_BYTES);
    reader.read_until(b'\n', &mut line).map_err(|why| at(path, &why))?;
    if line.pop_if(|byte| *byte == b'\n').is_none() {
        let long = line.len() as u64 == MAX_HEADER_BYTES;
        return Err(if long {
            "not a letter: its first line is too long"
        } else {
            "not a letter: its first line does not end"
        }
        .to_owned());
    }
    let header = letter::parse(&line).map_err(|mistake| mistake.0)?;
    let length = Length { header: line.len() as u64 + 1, file: size.unsigned_abs() };
    Ok(Letter { path: path.to_owned(), file, header, length })
}

/// The text of a record next to the letters.
pub(crate) fn record(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Appends a line to a record next to the letters, which nobody else can read. The error is text.
pub(crate) fn append(path: &Path, line: &str) -> Result<(), String> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
    let written = file.and_then(|file| rustix::io::write(file, line.as_bytes()));
    written.map(drop).map_err(|errno| at(path, &errno.into()))
}

fn refusal(stat: &Stat) -> Option<String> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Some("it is not a regular file".to_owned());
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Some("it belongs to another user".to_owned());
    }
    (stat.st_mode & 0o022 != 0).then(|| "it can be written by others (fix: chmod go-w)".to_owned())
}

impl Letter {
    /// Locks the letter, if its path still refers to it.
    pub(crate) fn claim(&self) -> io::Result<Opened> {
        if !try_lock(&self.file)? {
            return Ok(Opened::Busy);
        }
        Ok(if self.is_in_place()? { Opened::Ours } else { Opened::Gone })
    }

    /// Whether its path still refers to this file.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        let own = fstat(&self.file)?;
        match statat(rustix::fs::CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok(own.st_nlink > 0 && (own.st_dev, own.st_ino) == (named.st_dev, named.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Removes the letter, if its path still refers to it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if self.is_in_place()? {
            std::fs::remove_file(&self.path)?;
            self.sync_directory();
        }
        Ok(())
    }

    /// Moves the letter into another directory. If its name is taken there, a number is added.
    pub(crate) fn move_to(&self, directory: &Path) -> io::Result<()> {
        if !self.is_in_place()? {
            return Ok(());
        }
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        let mut target = directory.join(name);
        for number in 2.. {
            if !target.exists() {
                break;
            }
            let mut other = name.to_owned();
            other.push(format!("-{number}"));
            target = directory.join(other);
        }
        std::fs::rename(&self.path, target)?;
        self.sync_directory();
        Ok(())
    }

    /// Opens the file that the letter names as its input, if it is unchanged. The error is text.
    pub(crate) fn open_input(&self, force: bool) -> Result<OwnedFd, String> {
        let path = self.header.stdin.path().map_err(|mistake| mistake.0)?.unwrap_or_default();
        let path = Path::new(&path);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| at(path, &errno.into()))?;
        let stat = fstat(&file).map_err(|errno| at(path, &errno.into()))?;
        if let Stdin::File { size, mtime, .. } = &self.header.stdin
            && (stat.st_size.unsigned_abs() != *size || modified(&stat) != *mtime)
            && !force
        {
            return Err(format!("its input {} has changed since; --force uses it anyway", path.display()));
        }
        Ok(file)
    }

    fn sync_directory(&self) {
        if let Ok(directory) = File::open(place_of(&self.path)) {
            // Not supported by some file systems.
            let _unsure = directory.sync_all();
        }
    }

    /// Compares the body with the checksum in the header, if there is one. The error is text.
    pub(crate) fn check_body(&self) -> Result<(), String> {
        let Stdin::Bytes { crc32: Some(expected), bytes } = self.header.stdin else { return Ok(()) };
        let mut crc = flate2::Crc::new();
        let mut piece = vec![0; 64 * 1024];
        let mut left = bytes;
        let mut at = self.length.header;
        while left > 0 {
            let wanted = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = rustix::io::pread(self.file.as_fd(), &mut piece[..wanted], at)
                .map_err(|errno| of_system(&errno.into()))?;
            if read == 0 {
                break;
            }
            crc.update(&piece[..read]);
            left -= read as u64;
            at += read as u64;
        }
        if left == 0 && crc.sum() == expected {
            Ok(())
        } else {
            Err("its input does not match its checksum".to_owned())
        }
    }
}
