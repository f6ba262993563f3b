//! Our identity: the run's id, the host's name, the working directory, and fresh randomness.

use std::ffi::OsString;
use std::os::fd::AsFd;

use rustix::io::Errno;

use super::clock;

/// Random bytes from the operating system. If it provides none (an old kernel, a sandbox), they are derived from the clock:
/// they are only used for names and draws, not for secrets.
pub(crate) fn entropy<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if !fill(&mut bytes) {
        let now = clock::now().awake.as_nanos() ^ u128::from(std::process::id()) << 64;
        for (byte, seed) in bytes.iter_mut().zip(now.to_ne_bytes().into_iter().cycle()) {
            *byte = seed;
        }
    }
    bytes
}

/// Fills `bytes` with randomness in one system call. In a statically linked program, the `rand` crate would open two files.
#[cfg(has_getrandom)]
fn fill(bytes: &mut [u8]) -> bool {
    use rustix::rand::{GetRandomFlags, getrandom};
    getrandom(&mut *bytes, GetRandomFlags::NONBLOCK).is_ok_and(|filled| filled == bytes.len())
}

#[cfg(not(has_getrandom))]
fn fill(bytes: &mut [u8]) -> bool {
    use rand::TryRng;
    rand::rngs::SysRng.try_fill_bytes(bytes).is_ok()
}

/// A new run's id: UUID version 7 (RFC 9562), so that ids sort by time.
pub(crate) fn run_id(random: &[u8; 10]) -> String {
    let id = uuid::Builder::from_unix_timestamp_millis(clock::unix_millis(), random).into_uuid();
    id.to_string()
}

/// The host's name, as in `uname -n`.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The umask. Reading it changes it for a moment, which is safe because we have only one thread.
pub(crate) fn umask() -> rustix::fs::RawMode {
    let mask = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    rustix::process::umask(mask);
    mask.as_raw_mode()
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "some systems have a smaller type, large enough for a mask"
)]
pub(crate) fn set_umask(mask: u32) {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask as rustix::fs::RawMode));
}

pub(crate) fn change_directory(path: &std::ffi::OsStr) -> std::io::Result<()> {
    std::env::set_current_dir(path)
}

/// The path of an open file.
#[cfg(all(has_fd_path, target_os = "linux"))]
pub(crate) fn path_of(file: impl AsFd) -> Result<OsString, Errno> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::ffi::OsStringExt as _;
    let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    Ok(OsString::from_vec(rustix::fs::readlink(link, Vec::new())?.into_bytes()))
}

#[cfg(all(has_fd_path, target_os = "macos"))]
pub(crate) fn path_of(file: impl AsFd) -> Result<OsString, Errno> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(rustix::fs::getpath(file)?.into_bytes()))
}

/// The system does not tell.
#[cfg(not(has_fd_path))]
pub(crate) fn path_of(_: impl AsFd) -> Result<OsString, Errno> {
    Err(Errno::NOTSUP)
}

/// The working directory, any bytes; empty if it was removed.
pub(crate) fn directory() -> std::ffi::OsString {
    std::env::current_dir().map(Into::into).unwrap_or_default()
}

/// The working directory; empty if it was removed.
pub(crate) fn working_directory() -> String {
    std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}
