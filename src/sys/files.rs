//! Files that verbs read or write on request.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Stat;

/// The most that is ever read of a captured stream, in bytes.
const TAIL: u64 = 64 * 1024;

/// The end of a file.
pub(crate) fn read_tail(path: &OsStr) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == "-" {
        io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > TAIL {
        // A pipe has no length and cannot be sought: it is read completely.
        file.seek(SeekFrom::Start(length - TAIL))?;
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// When a file was last changed, in nanoseconds since the Unix epoch.
#[allow(clippy::useless_conversion, reason = "the type differs from system to system")]
pub(crate) fn modified(status: &Stat) -> i64 {
    let nanos = i64::try_from(status.st_mtime_nsec).unwrap_or_default();
    status.st_mtime.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// A file to read line by line; `-` is stdin.
pub(crate) fn open_or_stdin(path: &OsStr) -> io::Result<Box<dyn BufRead>> {
    if path == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::with_capacity(256 * 1024, File::open(path)?)))
}

/// Replaces a file atomically: readers see either the old content or the new one. A symbolic link is kept.
pub(crate) fn replace(path: &OsStr, bytes: &[u8]) -> io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    // A device or a pipe cannot be replaced by a file.
    if std::fs::metadata(&path).is_ok_and(|old| !old.is_file() && !old.is_dir()) {
        return std::fs::write(&path, bytes);
    }
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut temporary = OsStr::new(".").to_owned();
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = std::fs::write(&temporary, bytes).and_then(|()| finish(&temporary, &path));
    written.inspect_err(|_| {
        let _gone = std::fs::remove_file(&temporary);
    })
}

/// Gives the new file the mode of the old one, and renames it over that.
fn finish(temporary: &Path, path: &Path) -> io::Result<()> {
    if let Ok(old) = std::fs::metadata(path) {
        std::fs::set_permissions(temporary, old.permissions())?;
    }
    std::fs::rename(temporary, path)
}

/// The text of a file; `None` if it does not exist.
pub(crate) fn read_text(path: &OsStr) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

/// The path without links and relative parts, as text.
pub(crate) fn full_path(path: &OsStr) -> io::Result<String> {
    Ok(std::fs::canonicalize(path)?.to_string_lossy().into_owned())
}

/// Whether these are the same file, or would be if one does not exist yet. Links are followed.
pub(crate) fn are_same(one: &OsStr, other: &OsStr) -> bool {
    let at = |path: &OsStr| -> io::Result<PathBuf> {
        let path = Path::new(path);
        if let Ok(whole) = path.canonicalize() {
            return Ok(whole);
        }
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let directory = path.parent().filter(|directory| *directory != "");
        Ok(directory.unwrap_or(Path::new(".")).canonicalize()?.join(name))
    };
    let id = |path: &OsStr| std::fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    match (id(one), id(other)) {
        (Some(one), Some(other)) => one == other,
        _ => at(one).is_ok_and(|one| at(other).is_ok_and(|other| one == other)),
    }
}

/// Locks a file against all others that lock it, by a file beside it; `None` where another process has it. The lock ends
/// with what is returned.
pub(crate) fn lock(path: &OsStr) -> io::Result<Option<File>> {
    let mut name = OsStr::new(".").to_owned();
    name.push(Path::new(path).file_name().ok_or(io::ErrorKind::IsADirectory)?);
    name.push(".lock");
    let file = File::options().create(true).append(true).open(Path::new(path).with_file_name(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(why)) => Err(why),
    }
}
