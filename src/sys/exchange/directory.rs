//! A file in a directory of our own, for systems without memfd. The directory is removed at the end.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Mailbox {
    directory: PathBuf,
}

impl Mailbox {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let random = u64::from_ne_bytes(crate::sys::identity::entropy());
        let name = format!("retry-{}-{name}-{random:016x}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&directory)?;
        Ok(Self { directory })
    }

    pub(super) fn path(&self) -> String {
        self.file().to_string_lossy().into_owned()
    }

    fn file(&self) -> PathBuf {
        self.directory.join("file")
    }

    pub(super) fn owner(path: &str) -> Option<i32> {
        path.rsplit('/').nth(1)?.strip_prefix("retry-")?.split_once('-')?.0.parse().ok()
    }

    /// When it was last touched, since the Unix epoch, and how long ago that is; `None` if it does not exist. No age if
    /// that is in the future.
    pub(super) fn touched(&self) -> Option<(Duration, Option<Duration>)> {
        let modified = fs::metadata(self.file()).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
        Some((since, modified.elapsed().ok()))
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
