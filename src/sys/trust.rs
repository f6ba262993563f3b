//! Guards against planted files in world-writable directories (`/tmp`): another user's file, or a link to one of ours. The
//! rules are those of the kernel's `fs.protected_*` settings, which are not enabled everywhere.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use rustix::fs::{FileType, Mode, Stat};

/// The directory of the path's last component, if it is world-writable. Fails if the path leads through a link in such a
/// directory that belongs neither to us nor to the directory's owner.
pub(crate) fn shared_directory(path: &OsStr) -> io::Result<Option<Stat>> {
    let path = Path::new(path);
    let mut above: Vec<_> = path.ancestors().skip(1).map(or_here).collect();
    above.dedup();
    // From the outermost inwards: whether a link can be trusted depends on its directory.
    for pair in above.windows(2).rev() {
        let (inner, outer) = (pair[0], pair[1]);
        let Some(directory) = open_to_all(outer) else { continue };
        let link = rustix::fs::lstat(inner)?;
        let is_link = FileType::from_raw_mode(link.st_mode) == FileType::Symlink;
        if is_link && !is_trusted(&link, &directory) {
            return Err(is_a_link());
        }
    }
    Ok(above.first().and_then(|directory| open_to_all(directory)))
}

fn or_here(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}

/// The directory's status, if it is world-writable and sticky.
fn open_to_all(directory: &Path) -> Option<Stat> {
    let status = rustix::fs::stat(directory).ok()?;
    let mode = Mode::from_raw_mode(status.st_mode);
    mode.contains(Mode::SVTX | Mode::WOTH).then_some(status)
}

fn is_trusted(file: &Stat, directory: &Stat) -> bool {
    file.st_uid == rustix::process::geteuid().as_raw() || file.st_uid == directory.st_uid
}

/// Fails unless the file belongs to us or to the directory's owner.
pub(crate) fn check_owner(file: &Stat, directory: &Stat) -> io::Result<()> {
    if is_trusted(file, directory) {
        return Ok(());
    }
    Err(io::Error::other("it belongs to another user, in a directory where anyone can create files"))
}

pub(crate) fn is_a_link() -> io::Error {
    io::Error::other("it is a symbolic link in a directory where anyone can create files")
}
