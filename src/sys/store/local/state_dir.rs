//! The store's directory: its path, and whether it can be trusted.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, fstat};
use rustix::process::{getegid, geteuid, getgroups};

use super::tree::{DIRECTORY, Sharing};
use super::{Failure, failure};
use crate::sys::environment;

/// Which directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StateDir {
    /// The user's own.
    Default,
    /// A directory that was named, and that a group may share.
    Named(PathBuf),
}

impl StateDir {
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            StateDir::Default => default_path(),
            // Without a trailing slash, which would follow a symbolic link.
            StateDir::Named(path) => path.components().collect(),
        }
    }

    /// A name that is the same for every spelling of a directory, and differs if the same spelling refers to another one.
    pub(crate) fn identity(&self) -> String {
        let path = self.path();
        match rustix::fs::stat(&path) {
            Ok(status) => format!("{}:{}", status.st_dev, status.st_ino),
            Err(_) => std::path::absolute(&path).unwrap_or(path).display().to_string(),
        }
    }

    /// Opens the directory; `None` if it does not exist and is not to be created. Missing parents are created as well.
    pub(super) fn open(&self, path: &Path, make: bool) -> Result<Option<(OwnedFd, Sharing)>, Failure> {
        let opened = match try_open(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                if !make {
                    return Ok(None);
                }
                // Parents may belong to any user, and get their mode from the umask.
                let parents = path.parent().map_or(Ok(()), std::fs::create_dir_all);
                let made = parents.and_then(|()| DirBuilder::new().mode(0o700).create(path));
                // The second attempt to open it reports what is wrong.
                made.or_else(|why| if why.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(why) })
                    .and_then(|()| try_open(path))
            }
            opened => opened,
        };
        let directory = opened.map_err(|why| unusable(path, &why))?;
        let sharing = self.trusted(path, &directory)?;
        Ok(Some((directory, sharing)))
    }

    fn trusted(&self, path: &Path, directory: &OwnedFd) -> Result<Sharing, Failure> {
        let status = fstat(directory).map_err(|errno| unusable(path, &errno.into()))?;
        let found = Found {
            owner: status.st_uid,
            group: status.st_gid,
            mode: Mode::from_raw_mode(status.st_mode),
            is_our_group: || {
                let group = Gid::from_raw(status.st_gid);
                group == getegid() || getgroups().is_ok_and(|groups| groups.contains(&group))
            },
        };
        found
            .judge(geteuid().as_raw(), *self != StateDir::Default)
            .map_err(|why| Failure(format!("not using the state directory {}: {why}", path.display())))
    }
}

/// The directory itself, so that naming the default directory is the same as the default.
impl std::fmt::Display for StateDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path().display().fmt(f)
    }
}

/// The default path, the same in a login shell and in cron, which sets few variables. No files are created in a home
/// directory that is not ours (`sudo` with a kept `HOME`, a daemon's `/nonexistent`).
fn default_path() -> PathBuf {
    let absolute = |name| environment::get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(states) = absolute("XDG_STATE_HOME") {
        return states.join("retry");
    }
    let us = geteuid().as_raw();
    let is_ours =
        |home: &PathBuf| std::fs::metadata(home).is_ok_and(|home| home.is_dir() && home.uid() == us);
    match absolute("HOME").filter(is_ours) {
        Some(home) => home.join(".local/state/retry"),
        None => PathBuf::from(format!("/var/tmp/retry-{us}")),
    }
}

fn try_open(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, DIRECTORY, Mode::empty())?)
}

fn unusable(path: &Path, why: &io::Error) -> Failure {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        let path = path.display();
        let why = "symbolic link; use --state with the directory that it points to";
        return Failure(format!("not using the state directory {path}: {why}"));
    }
    failure("cannot use the state directory", path, why)
}

/// The owner and the mode of a directory.
struct Found<G> {
    owner: u32,
    group: u32,
    mode: Mode,
    is_our_group: G,
}

impl<G: Fn() -> bool> Found<G> {
    /// Returns who shares a usable directory, or what is wrong with it and what to do about it.
    fn judge(&self, us: u32, may_be_shared: bool) -> Result<Sharing, String> {
        let group_writes = self.mode.contains(Mode::WGRP);
        if self.mode.contains(Mode::WOTH) {
            return Err("writable by everyone (fix: chmod o-w)".to_owned());
        }
        if group_writes && !may_be_shared {
            return Err("writable by its group (fix: chmod g-w; to share it use --state)".to_owned());
        }
        let is_trusted = match self.owner {
            owner if owner == us => true,
            0 => may_be_shared,
            _ => may_be_shared && group_writes && (self.is_our_group)(),
        };
        if !is_trusted {
            let owner = self.owner;
            return Err(format!("it belongs to user {owner}, not to you (use another one with --state)"));
        }
        Ok(if group_writes { Sharing::Group(Gid::from_raw(self.group)) } else { Sharing::Private })
    }
}

/// Whether a directory is on a network file system, whose locks may only be effective on this host.
#[cfg(has_file_system_types)]
pub(super) fn is_remote(directory: impl AsFd) -> bool {
    /// `statfs(2)`.
    const NFS: u64 = 0x6969;
    let status = rustix::fs::fstatfs(directory);
    status.is_ok_and(|status| u64::try_from(status.f_type).is_ok_and(|kind| kind == NFS))
}

#[cfg(not(has_file_system_types))]
pub(super) fn is_remote(_: impl AsFd) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: u32 = 0;
    const US: u32 = 1000;
    const OTHER: u32 = 2000;
    const GROUP: u32 = 50;

    fn judged(owner: u32, mode: u32, is_our_group: bool, may_be_shared: bool) -> Result<Sharing, String> {
        #[cfg_attr(target_os = "linux", allow(clippy::useless_conversion))]
        let mode = Mode::from_raw_mode(mode.try_into().unwrap());
        let found = Found { owner, group: GROUP, mode, is_our_group: || is_our_group };
        found.judge(US, may_be_shared)
    }

    #[test]
    fn the_default_directory_is_ours_alone() {
        for mode in [0o700, 0o755, 0o1700] {
            assert_eq!(judged(US, mode, true, false), Ok(Sharing::Private), "{mode:o}");
        }
        for (owner, mode, why) in [
            (US, 0o770, "writable by its group"),
            (US, 0o702, "writable by everyone"),
            (US, 0o1777, "writable by everyone"),
            (ROOT, 0o755, "belongs to user 0"),
            (OTHER, 0o700, "belongs to user 2000"),
        ] {
            let judged = judged(owner, mode, true, false).unwrap_err();
            assert!(judged.contains(why), "{owner} {mode:o}: {judged}");
        }
    }

    #[test]
    fn a_named_directory_may_be_shared_by_a_group() {
        let group = Sharing::Group(Gid::from_raw(GROUP));
        assert_eq!(judged(US, 0o700, false, true), Ok(Sharing::Private));
        assert_eq!(judged(US, 0o2770, false, true), Ok(group));
        assert_eq!(judged(ROOT, 0o2770, true, true), Ok(group));
        assert_eq!(judged(ROOT, 0o755, true, true), Ok(Sharing::Private));
        assert_eq!(judged(OTHER, 0o770, true, true), Ok(group));
        for (owner, mode, is_our_group) in
            [(OTHER, 0o770, false), (OTHER, 0o750, true), (OTHER, 0o777, true), (US, 0o1777, true)]
        {
            assert!(judged(owner, mode, is_our_group, true).is_err(), "{owner} {mode:o} {is_our_group}");
        }
    }

    #[test]
    fn a_slash_at_the_end_does_not_lead_through_a_link() {
        for path in ["a/b/", "a/b/.", "a//b", "a/b"] {
            assert_eq!(StateDir::Named(path.into()).path().as_os_str(), "a/b");
        }
        assert_eq!(StateDir::Named("../x/".into()).path().as_os_str(), "../x");
    }
}
