//! A file in a directory of our own, for systems without memfd. The directory is removed at the end; that of a run that was
//! killed is removed by the next one that makes a second attempt, which has time for it.

use std::cell::Cell;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, geteuid, test_kill_process};

/// Nobody else may look into it.
const MODE: u32 = 0o700;

#[derive(Debug)]
pub(super) struct Mailbox {
    directory: PathBuf,
    /// Locked as long as we live: in another pid namespace our process id says nothing.
    _lock: Option<File>,
    has_swept: Cell<bool>,
}

impl Mailbox {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let random = u64::from_ne_bytes(crate::sys::identity::entropy());
        let name = format!("retry-{}-{name}-{random:016x}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        DirBuilder::new().mode(MODE).create(&directory)?;
        let lock = File::open(&directory).ok().filter(|directory| directory.try_lock().is_ok());
        Ok(Self { directory, _lock: lock, has_swept: Cell::new(false) })
    }

    pub(super) fn path(&self) -> String {
        self.file().to_string_lossy().into_owned()
    }

    fn file(&self) -> PathBuf {
        self.directory.join("file")
    }

    pub(super) fn owner(path: &str) -> Option<i32> {
        maker(path.rsplit('/').nth(1)?)
    }

    /// When it was last touched, since the Unix epoch, and how long ago that is; `None` if it does not exist. No age if
    /// that is in the future.
    pub(super) fn touched(&self) -> Option<(Duration, Option<Duration>)> {
        let modified = fs::metadata(self.file()).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
        Some((since, modified.elapsed().ok()))
    }

    /// Removes, once, what runs that were killed have left.
    pub(super) fn sweep(&self) {
        if !self.has_swept.replace(true) {
            self.directory.parent().into_iter().for_each(remove_left);
        }
    }

    /// Takes the content, at most `longest` bytes, and removes the file. `None` if nothing was written.
    pub(super) fn take(&self, longest: usize) -> Option<Vec<u8>> {
        let mut content = fs::read(self.file()).ok()?;
        let _gone = fs::remove_file(self.file());
        content.truncate(longest);
        (!content.is_empty()).then_some(content)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

/// The process that made a directory of this name.
fn maker(name: &str) -> Option<i32> {
    let (pid, rest) = name.strip_prefix("retry-")?.split_once('-')?;
    let (kind, random) = rest.split_once('-')?;
    let is_random = random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    pid.parse().ok().filter(|_| is_random && ["hint", "progress"].contains(&kind))
}

/// Removes the directories of processes that are gone.
fn remove_left(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let is_left = entry.file_name().to_str().and_then(maker).is_some_and(is_gone);
        if is_left && is_ours(&entry) && is_unlocked(&entry.path()) {
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_gone(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// Is it a directory as we make them, no link to one?
fn is_ours(entry: &fs::DirEntry) -> bool {
    let is_made_so = |found: fs::Metadata| {
        found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o7777 == MODE
    };
    entry.metadata().is_ok_and(is_made_so)
}

fn is_unlocked(directory: &Path) -> bool {
    File::open(directory).is_ok_and(|directory| directory.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_of_a_directory_is_in_its_name() {
        for (name, expected) in [
            ("retry-12-hint-0123456789abcdef", Some(12)),
            ("retry-12-progress-0123456789abcdef", Some(12)),
            ("retry-12-hint-0123456789abcde", None),
            ("retry-12-hint-0123456789abcdeg", None),
            ("retry-12-other-0123456789abcdef", None),
            ("retry--hint-0123456789abcdef", None),
            ("try-12-hint-0123456789abcdef", None),
        ] {
            assert_eq!(maker(name), expected, "{name}");
        }
        assert_eq!(Mailbox::owner("/tmp/retry-12-hint-0123456789abcdef/file"), Some(12));
    }
}
