//! What the command has read, kept for further attempts: in memory up to 1 MiB (a memfd: our heap stays small, so that
//! forks stay cheap), beyond that in a temporary file without a name; where there can be none, in memory too.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::base::size;
use crate::base::words::of_system;

/// So much is kept in memory.
#[cfg(target_os = "linux")]
const IN_MEMORY: u64 = 1 << 20;

pub(super) struct Spool {
    limit: u64,
    length: u64,
    place: Place,
    lost: Option<Lost>,
    closed: bool,
}

enum Place {
    Nowhere,
    #[cfg(target_os = "linux")]
    Memory(OwnedFd),
    File(OwnedFd),
}

/// Why the input cannot be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The command read more than so many bytes.
    TooLong(u64),
    /// What it read could not be kept in this directory, or in memory.
    NotKept(String, Errno),
    /// What was kept cannot be read.
    NotRead(Errno),
    /// The input itself broke off.
    Broken(Errno),
    /// There is no pipe for it: the command has the input itself.
    NotFed(Errno),
    /// A file that cannot be opened once more.
    NotReopened(Errno),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(limit) => write!(f, "more than --stdin-max {} was read", size::exact(*limit)),
            Self::NotKept(directory, why) => {
                write!(f, "it cannot be kept in {directory}: {}", of_system(&(*why).into()))
            }
            Self::NotRead(why) => write!(f, "what was kept cannot be read: {}", of_system(&(*why).into())),
            Self::Broken(why) => write!(f, "it broke off: {}", of_system(&(*why).into())),
            Self::NotFed(why) => write!(f, "there is no pipe for it: {}", of_system(&(*why).into())),
            Self::NotReopened(why) => {
                write!(f, "the file cannot be opened again: {}", of_system(&(*why).into()))
            }
        }
    }
}

impl Spool {
    /// An empty one, which takes no more than `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, length: 0, place: Place::Nowhere, lost: None, closed: false }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn lost(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// Nothing more need be kept; what is, can still be read.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// It is of no more use; its space is given back at once.
    pub(super) fn lose(&mut self, why: Lost) {
        self.lost.get_or_insert(why);
        self.place = Place::Nowhere;
        self.length = 0;
    }

    /// Keeps what comes next. If that cannot be, all is lost.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.closed || self.lost.is_some() || bytes.is_empty() {
            return;
        }
        let length = self.length.saturating_add(bytes.len() as u64);
        if length > self.limit {
            self.lose(Lost::TooLong(self.limit));
        } else if let Err(errno) = self.make_room(length).and_then(|()| self.write(bytes)) {
            let place = match &self.place {
                #[cfg(target_os = "linux")]
                Place::Memory(_) => "memory".to_owned(),
                _ => std::env::temp_dir().display().to_string(),
            };
            self.lose(Lost::NotKept(place, errno));
        } else {
            self.length = length;
        }
    }

    /// Sees to it that there is a place for so many bytes.
    fn make_room(&mut self, length: u64) -> Result<(), Errno> {
        match &self.place {
            Place::File(_) => return Ok(()),
            #[cfg(target_os = "linux")]
            Place::Memory(memory) => {
                if length > IN_MEMORY
                    && self.length <= IN_MEMORY
                    && let Ok(file) = unnamed_file(&std::env::temp_dir())
                {
                    copy(memory, &file, self.length)?;
                    self.place = Place::File(file);
                }
                return Ok(());
            }
            Place::Nowhere => {}
        }
        #[cfg(target_os = "linux")]
        if length <= IN_MEMORY
            && let Ok(memory) = memory()
        {
            self.place = Place::Memory(memory);
            return Ok(());
        }
        self.place = match unnamed_file(&std::env::temp_dir()) {
            Ok(file) => Place::File(file),
            #[cfg(target_os = "linux")]
            Err(why) => Place::Memory(memory().map_err(|_| why)?),
            #[cfg(not(target_os = "linux"))]
            Err(why) => return Err(why),
        };
        Ok(())
    }

    fn file(&self) -> Option<&OwnedFd> {
        match &self.place {
            Place::Nowhere => None,
            #[cfg(target_os = "linux")]
            Place::Memory(file) => Some(file),
            Place::File(file) => Some(file),
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Errno> {
        write_at(self.file().ok_or(Errno::BADF)?, bytes, self.length)
    }

    /// Reads what stands at `at`. Never nothing: what was kept and is not there is an error.
    pub(super) fn read(&self, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
        let file = self.file().ok_or(Errno::BADF)?;
        loop {
            match rustix::io::pread(file, &mut *buffer, at) {
                Err(Errno::INTR) => {}
                Ok(0) => return Err(Errno::IO),
                other => return other,
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn memory() -> Result<OwnedFd, Errno> {
    rustix::fs::memfd_create("retry-stdin", rustix::fs::MemfdFlags::CLOEXEC)
}

fn write_at(file: &OwnedFd, mut bytes: &[u8], mut at: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file, bytes, at) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(written) => {
                bytes = &bytes[written..];
                at += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn copy(from: &OwnedFd, to: &OwnedFd, length: u64) -> Result<(), Errno> {
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0;
    while at < length {
        let read = rustix::io::pread(from, &mut buffer, at)?;
        if read == 0 {
            return Err(Errno::IO);
        }
        write_at(to, &buffer[..read], at)?;
        at += read as u64;
    }
    Ok(())
}

/// A file that nobody else can open by a name, and that is gone when we are.
fn unnamed_file(directory: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    #[cfg(target_os = "linux")]
    match rustix::fs::open(directory, flags | OFlags::TMPFILE, mode) {
        // Not every file system has them; an old kernel takes the directory for what is to be opened.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {}
        other => return other,
    }
    for _ in 0..100 {
        let random = u64::from_ne_bytes(crate::sys::identity::entropy());
        let path = directory.join(format!(".retry-stdin-{}-{random:016x}", std::process::id()));
        match rustix::fs::open(&path, flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW, mode) {
            Ok(file) => {
                rustix::fs::unlink(&path)?;
                return Ok(file);
            }
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EXIST)
}
