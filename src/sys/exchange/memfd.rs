//! A file in memory that any process of the same user can open by our process id.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{MemfdFlags, fstat, ftruncate, memfd_create};

#[derive(Debug)]
pub(super) struct Mailbox(OwnedFd);

impl Mailbox {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        Ok(Self(memfd_create(format!("retry-{name}"), MemfdFlags::CLOEXEC)?))
    }

    pub(super) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }

    pub(super) fn owner(path: &str) -> Option<i32> {
        path.strip_prefix("/proc/")?.split_once("/fd/")?.0.parse().ok()
    }

    /// The content, at most `longest` bytes, and an empty file behind it. `None` when nothing was written.
    pub(super) fn take(&self, longest: usize) -> Option<Vec<u8>> {
        let size = usize::try_from(fstat(&self.0).ok()?.st_size).ok().filter(|size| *size > 0)?;
        let mut content = vec![0; size.min(longest)];
        let read = rustix::io::pread(&self.0, &mut content, 0).ok()?;
        content.truncate(read);
        ftruncate(&self.0, 0).ok()?;
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
