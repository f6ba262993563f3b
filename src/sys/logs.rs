//! Finds and opens logs: plain or gzip, distinguished by their first bytes, each file once.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use crate::base::fnv::hash64;

/// The size of a read, in bytes.
pub(crate) const BLOCK: usize = 256 * 1024;

/// A log that can be read.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) path: OsString,
    /// Device and inode; `None` if unknown.
    id: Option<(u64, u64)>,
    modified: (i64, i64),
    /// In bytes; only for a regular file.
    size: Option<u64>,
    /// Already open: a pipe must not be closed between its inspection and its reading.
    file: Option<File>,
}

impl Log {
    /// Checks that a file can be read; `-` is stdin.
    pub(crate) fn find(path: &OsStr) -> io::Result<Self> {
        let file = if path == "-" {
            match io::stdin().as_fd().try_clone_to_owned() {
                Ok(stdin) => stdin.into(),
                // It is closed, which reads as nothing.
                Err(why) if why.raw_os_error() == Some(libc::EBADF) => File::open("/dev/null")?,
                Err(why) => return Err(why),
            }
        } else {
            File::open(path)?
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let modified = if metadata.is_file() { when(&metadata) } else { (i64::MAX, 0) };
        let id = Some((metadata.dev(), metadata.ino()));
        let size = metadata.is_file().then_some(metadata.len());
        let stays_open = path == "-" || size.is_none();
        Ok(Self { path: path.to_owned(), id, modified, size, file: stays_open.then_some(file) })
    }

    /// The size in bytes, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Opens it and inspects its first bytes. The bytes read from the file, compressed or not, are added to `counter`.
    pub(crate) fn open(self, counter: &Rc<Cell<u64>>) -> io::Result<Content> {
        let file = match self.file {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        content(Box::new(Counted { stream: Box::new(file), counter: Rc::clone(counter) }))
    }

    /// Whether this is the file at that path.
    pub(crate) fn is(&self, path: &OsStr) -> bool {
        let named = std::fs::metadata(path).ok().filter(|_| self.size.is_some());
        named.is_some_and(|file| Some((file.dev(), file.ino())) == self.id)
    }
}

/// A stream whose bytes are counted.
struct Counted {
    stream: Box<dyn Read>,
    counter: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(bytes)?;
        self.counter.set(self.counter.get() + length as u64);
        Ok(length)
    }
}

/// A log that is read from an offset on, under whatever name it has now.
pub(crate) struct Resumed {
    pub(crate) path: OsString,
    /// Device and inode.
    pub(crate) id: (u64, u64),
    size: u64,
    is_compressed: bool,
}

impl Resumed {
    pub(crate) fn find(path: &OsStr) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut magic = Vec::new();
        file.take(2).read_to_end(&mut magic)?;
        Ok(Self {
            path: path.to_owned(),
            id: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            is_compressed: magic == [0x1f, 0x8b],
        })
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.is_compressed
    }

    /// In bytes, compressed or not.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether it may be that long, as far as is known without reading it.
    pub(crate) fn may_reach(&self, offset: u64) -> bool {
        self.is_compressed || self.size >= offset
    }

    /// The hash of its first bytes.
    pub(crate) fn head(&self, length: u64) -> io::Result<u64> {
        let mut bytes = Vec::new();
        self.from(0, &Rc::default())?.take(length).read_to_end(&mut bytes)?;
        Ok(hash64(bytes))
    }

    /// The content from an offset on. The bytes read are added to `counter`.
    pub(crate) fn from(&self, offset: u64, counter: &Rc<Cell<u64>>) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(&self.path)?;
        let counted = |stream| Box::new(Counted { stream, counter: Rc::clone(counter) });
        if self.is_compressed {
            let mut stream = MultiGzDecoder::new(BufReader::with_capacity(BLOCK, file));
            io::copy(&mut stream.by_ref().take(offset), &mut io::sink())?;
            return Ok(counted(Box::new(stream)));
        }
        file.seek(io::SeekFrom::Start(offset))?;
        Ok(counted(Box::new(file)))
    }
}

fn when(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}

/// Adjusts the times of the parts of one log, given oldest first, so that sorting keeps their order: their names are more
/// reliable than their times, which a copy changes.
pub(crate) fn keep_order(parts: &mut [Log]) {
    let mut latest = None;
    for part in parts {
        part.modified = latest.map_or(part.modified, |latest| part.modified.max(latest));
        latest = Some(part.modified);
    }
}

/// The logs by their modification time, oldest first, so that a run that spans two of them is read in order. A log that was
/// named twice, even by a link, is listed once.
pub(crate) fn in_order(mut logs: Vec<Log>) -> Vec<Log> {
    logs.sort_by_key(|log| log.modified);
    let mut seen = Vec::new();
    logs.retain(|log| {
        let is_new = !seen.contains(&log.id);
        seen.push(log.id);
        is_new
    });
    logs
}

/// The rotated files next to a log, oldest first: `LOG-20261101`, `LOG.2.gz`, `LOG.1`.
pub(crate) fn rotated(log: &OsStr) -> io::Result<Vec<OsString>> {
    let path = Path::new(log);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(directory.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        if let Some(age) = other.strip_prefix(&name).and_then(age) {
            found.push((age, directory.map_or_else(|| entry.file_name().into(), |_| entry.path())));
        }
    }
    found.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    Ok(found.into_iter().map(|(_, path)| path.into_os_string()).collect())
}

/// The rank of a rotated file by the suffix of its name: the larger, the older.
fn age(suffix: &str) -> Option<u64> {
    let suffix = suffix.strip_suffix(".gz").unwrap_or(suffix);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = suffix.strip_prefix('.') {
        let number = number.parse().ok().filter(|_| is_number(number))?;
        // Nobody keeps this many rotated files: it is a date.
        return Some(if number >= 19_700_101 { u64::MAX - number } else { number });
    }
    let date = suffix.strip_prefix('-')?.get(..8).filter(|date| is_number(date))?;
    date.parse::<u64>().ok().map(|date| u64::MAX - date)
}

/// The content of a log.
pub(crate) enum Content {
    Lines(Box<dyn Read>),
    /// Compressed in an unsupported format.
    Zstd,
}

fn content(mut stream: Box<dyn Read>) -> io::Result<Content> {
    let mut magic = Vec::new();
    stream.by_ref().take(4).read_to_end(&mut magic)?;
    Ok(match magic[..] {
        [0x1f, 0x8b, ..] => {
            let whole = BufReader::with_capacity(BLOCK, Cursor::new(magic).chain(stream));
            Content::Lines(Box::new(MultiGzDecoder::new(whole)))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => Content::Zstd,
        _ => Content::Lines(Box::new(Cursor::new(magic).chain(stream))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_file_is_told_by_its_name() {
        for (suffix, is_rotated) in [
            (".1", true),
            (".22.gz", true),
            ("-20261101", true),
            ("-20261101.gz", true),
            ("-20261101-1234567890", true),
            ("", false),
            (".gz", false),
            (".old", false),
            ("-notadate", false),
            (".1.bak", false),
        ] {
            assert_eq!(age(suffix).is_some(), is_rotated, "{suffix}");
        }
        assert!(age(".20261101.gz") > age(".20261102"), "a date may stand behind a dot");
        assert!(age("-20261101") > age("-20261102") && age(".2.gz") > age(".1"), "the larger is the older");
    }
}
