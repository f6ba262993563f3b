//! The file of metrics on disk: read, changed and replaced under a lock, by one process at a time.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::base::words::of_system;
use crate::metrics::Metrics;
use crate::sys::supervise::stop_signals;
use crate::sys::{identity, trust};

/// The longest wait for a lock while the file does not change.
const LOCK_LIMIT: Duration = Duration::from_secs(1);
/// The number of such waits while the file does change, so that a crowd of processes that take turns loses none of its runs.
const TURNS: u32 = 10;
/// The shortest and the longest pause between attempts to lock.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(25));
/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The mode of a new file, regardless of the umask: the collector of metrics runs as another user.
const MODE: u32 = 0o644;
/// The age after which a temporary file of a dead process is removed.
const STALE_AFTER: Duration = Duration::from_secs(3600);
/// The number of directory entries that are checked for such files.
const MAX_ENTRIES_READ: usize = 1000;

/// Changes the metrics in a file. An error describes the problem, in text that follows the file's name, and leaves the file
/// unchanged.
pub(crate) fn update<T>(path: &OsStr, change: impl FnOnce(&mut Metrics) -> T) -> Result<T, String> {
    let failed = |why: io::Error| format!("cannot be written: {}", of_system(&why));
    let place = Place::find(Path::new(path)).map_err(failed)?;
    let old = place.look().map_err(failed)?;
    let _lock = place.lock(old.as_ref()).map_err(failed)?.ok_or("is busy")?;
    // The file may have been replaced meanwhile.
    let old = place.look().map_err(failed)?;
    let mut metrics = match &old {
        Some(_) => Metrics::read(&place.read().map_err(failed)?).map_err(|why| why.to_string())?,
        None => Metrics::default(),
    };
    let answer = change(&mut metrics);
    place.sweep();
    place.replace(metrics.render().as_bytes(), old.as_ref()).map_err(failed)?;
    Ok(answer)
}

/// The path of the file, and the names of the files next to it.
struct Place {
    path: PathBuf,
    directory: PathBuf,
    name: OsString,
}

impl Place {
    /// A link is followed: configuration management links such files.
    fn find(path: &Path) -> io::Result<Self> {
        let shared = trust::shared_directory(path.as_os_str())?;
        let link = fs::symlink_metadata(path).ok().filter(Metadata::is_symlink);
        if link.is_some() && shared.is_some() {
            return Err(trust::is_a_link());
        }
        let path = match link {
            Some(_) => fs::canonicalize(path).or_else(|_| {
                let target = fs::read_link(path)?;
                Ok::<_, io::Error>(path.with_file_name("").join(target))
            })?,
            None => path.to_owned(),
        };
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path, directory, name })
    }

    /// A hidden file next to it, with a suffix that no collector of metrics reads.
    fn beside(&self, end: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(end);
        self.directory.join(name)
    }

    /// The file's status; `None` if there is no file yet.
    fn look(&self) -> io::Result<Option<Metadata>> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(metadata))
    }

    /// Takes the lock, which is released with the returned file; `None` if others held it for too long, or a signal told us
    /// to stop.
    fn lock(&self, old: Option<&Metadata>) -> io::Result<Option<File>> {
        let path = self.beside(".lock");
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        let open = |write: bool| {
            let mut options = OpenOptions::new();
            options.read(true).write(write).create(write).mode(0o600).custom_flags(flags).open(&path)
        };
        // For another user's file, read access is enough.
        let file = open(true).or_else(|why| open(false).map_err(|_| why))?;
        let (first, told) = (Instant::now(), stop_signals());
        let (mut begun, mut seen) = (first, self.written());
        let random: [u8; 64] = identity::entropy();
        for share in random.iter().cycle() {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(why)) => return Err(why),
                Err(fs::TryLockError::WouldBlock) if stop_signals() != told => return Ok(None),
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() >= LOCK_LIMIT => {
                    let now = self.written();
                    if now == seen || first.elapsed() >= LOCK_LIMIT * TURNS {
                        return Ok(None);
                    }
                    (begun, seen) = (Instant::now(), now);
                }
                Err(fs::TryLockError::WouldBlock) => {}
            }
            // Half of the pause, plus a random part of the other half.
            let jitter = 0.5 + f64::from(*share) / 510.0;
            let left = LOCK_LIMIT.saturating_sub(begun.elapsed());
            std::thread::sleep(pause(left).mul_f64(jitter).min(left));
        }
        let mode = permissions(old);
        if file.metadata().is_ok_and(|now| now.permissions().mode() & 0o777 != mode.mode() & 0o777) {
            // Only its owner may.
            let _not_ours = file.set_permissions(mode);
        }
        Ok(Some(file))
    }

    /// Identifies a version of the file: each writer creates a new file.
    fn written(&self) -> Option<(u64, i64, i64)> {
        let file = fs::symlink_metadata(&self.path).ok()?;
        Some((file.ino(), file.mtime(), file.mtime_nsec()))
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&self.path)?;
        let mut bytes = Vec::with_capacity(64 * 1024);
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Readers see either the old file or the new one.
    fn replace(&self, bytes: &[u8], old: Option<&Metadata>) -> io::Result<()> {
        let temporary = self.beside(&format!(".{}.tmp", std::process::id()));
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let written = create()
            .or_else(|why| {
                // Under the lock, a file with our process id must be left over from an earlier process with that id.
                if why.kind() == io::ErrorKind::AlreadyExists {
                    fs::remove_file(&temporary)?;
                    return create();
                }
                Err(why)
            })
            .and_then(|file| finish(file, bytes, old))
            .and_then(|()| fs::rename(&temporary, &self.path));
        written.inspect_err(|_| {
            let _gone = fs::remove_file(&temporary);
        })
    }

    /// Removes temporary files of killed processes.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.take(MAX_ENTRIES_READ).flatten() {
            let name = entry.file_name();
            let Some(pid) = temporary_of(&name, &self.name) else { continue };
            let age = entry.metadata().and_then(|metadata| metadata.modified());
            let is_old = age.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > STALE_AFTER));
            if is_old && is_dead(pid) {
                let _gone = fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes the new file, and gives it the mode and the group of the old one.
fn finish(mut file: File, bytes: &[u8], old: Option<&Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some(old) = old
        && file.metadata()?.gid() != old.gid()
    {
        // Fails for users who are not in that group.
        let _ours = std::os::unix::fs::fchown(&file, None, Some(old.gid()));
    }
    file.set_permissions(permissions(old))
}

/// The pause before the next attempt, given how much patience is left. It becomes shorter, so that among many processes the
/// one that has waited longest is most likely to be next.
fn pause(left: Duration) -> Duration {
    PAUSES.0 + (PAUSES.1 - PAUSES.0).mul_f64(left.as_secs_f64() / LOCK_LIMIT.as_secs_f64())
}

fn permissions(old: Option<&Metadata>) -> Permissions {
    Permissions::from_mode(old.map_or(MODE, |old| old.permissions().mode() & 0o777))
}

/// The process to which a temporary file of this name belonged.
fn temporary_of(name: &OsStr, of: &OsStr) -> Option<i32> {
    let rest = name.as_encoded_bytes().strip_prefix(b".")?.strip_prefix(of.as_encoded_bytes())?;
    let pid = rest.strip_prefix(b".")?.strip_suffix(b".tmp")?;
    std::str::from_utf8(pid).ok()?.parse().ok()
}

fn is_dead(pid: i32) -> bool {
    let found = rustix::process::Pid::from_raw(pid).map(rustix::process::test_kill_process);
    found.is_none_or(|found| found == Err(rustix::io::Errno::SRCH))
}
