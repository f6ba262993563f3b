//! A file in memory that any process of the same user can open by our process id.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, SystemTime};

use crate::sys::clock;
use rustix::fs::{MemfdFlags, fstat, ftruncate, memfd_create};

#[derive(Debug)]
pub(super) struct Mailbox {
    file: OwnedFd,
}

impl Mailbox {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        Ok(Self { file: memfd_create(format!("retry-{name}"), MemfdFlags::CLOEXEC)? })
    }

    pub(super) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    pub(super) fn owner(path: &str) -> Option<i32> {
        path.strip_prefix("/proc/")?.split_once("/fd/")?.0.parse().ok()
    }

    /// When it was last touched, since the Unix epoch, and how long ago that is; its creation counts. No age if that is in
    /// the future.
    pub(super) fn touched(&self) -> Option<(Duration, Option<Duration>)> {
        let status = fstat(&self.file).ok()?;
        let seconds = u64::try_from(status.st_mtime).ok()?;
        let nanos = u32::try_from(status.st_mtime_nsec).ok()?;
        let modified = Duration::new(seconds, nanos);
        Some((modified, clock::wall().duration_since(SystemTime::UNIX_EPOCH + modified).ok()))
    }

    /// Takes the content, at most `longest` bytes, and empties the file. `None` if nothing was written.
    pub(super) fn take(&self, longest: usize) -> Option<Vec<u8>> {
        let size = usize::try_from(fstat(&self.file).ok()?.st_size).ok().filter(|size| *size > 0)?;
        let mut content = vec![0; size.min(longest)];
        let read = rustix::io::pread(&self.file, &mut content, 0).ok()?;
        content.truncate(read);
        ftruncate(&self.file, 0).ok()?;
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_path_is_taken_once() {
        let mailbox = Mailbox::new("test").unwrap();
        assert_eq!(mailbox.take(100), None);
        std::fs::write(mailbox.path(), "class=permanent\n").unwrap();
        assert_eq!(mailbox.take(5).as_deref(), Some(&b"class"[..]));
        assert_eq!(mailbox.take(100), None);
        assert_eq!(Mailbox::owner(&mailbox.path()), i32::try_from(std::process::id()).ok());
        assert_eq!(Mailbox::owner("/tmp/file"), None);
    }
}
