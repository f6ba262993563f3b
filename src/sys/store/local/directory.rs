//! The directory that contains a directory for each key, and files that belong to no key.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, unlinkat};

use super::files::Files;
use super::lock::{Lock, Standstill, Taken};
use super::state_dir::{self, StateDir};
use super::tree::Sharing;
use super::{Failure, Warnings, failure};
use crate::sys::clock;
use crate::sys::store::{MAX_BUSY_WAIT, new_secret};

/// The directory of this layout.
pub(super) const LAYOUT: &str = "v1";

/// The file of the random key for credentials, in [`LAYOUT`]. No key has a directory of this name.
const SECRET: &str = ".secret";

/// A state directory, opened (and created if missing) when it is first needed.
pub(super) struct Directory {
    location: StateDir,
    pub(super) path: PathBuf,
    /// `None` while it does not exist.
    root: Option<Root>,
}

pub(super) struct Root {
    directory: OwnedFd,
    pub(super) sharing: Sharing,
    /// [`LAYOUT`], once it is open.
    layout: Option<OwnedFd>,
}

impl Root {
    /// The directory that contains those of keys; `None` if it does not exist and is not to be created.
    pub(super) fn layout(&mut self, make: bool) -> io::Result<Option<&OwnedFd>> {
        if self.layout.is_none() {
            self.layout = self.sharing.directory(&self.directory, LAYOUT, make)?;
        }
        Ok(self.layout.as_ref())
    }
}

impl Directory {
    pub(super) fn new(location: &StateDir) -> Self {
        Self { location: location.clone(), path: location.path(), root: None }
    }

    /// The directory of the key with this name.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(LAYOUT).join(name)
    }

    pub(super) fn open(&mut self, make: bool, warnings: &mut Warnings) -> Result<(), Failure> {
        if self.root.is_some() {
            return Ok(());
        }
        let opened = self.location.open(&self.path, make)?;
        self.root = opened.map(|(directory, sharing)| Root { directory, sharing, layout: None });
        if self.root.as_ref().is_some_and(|root| state_dir::is_remote(&root.directory)) {
            let path = self.path.display();
            warnings.push(format!(
                "the state directory {path} is on NFS, where locks may apply to one host only; \
                 to share limits between hosts use --state redis://…"
            ));
        }
        Ok(())
    }

    /// Opens a key's files; `None` if they do not exist and are not to be created, or were removed in between.
    pub(super) fn files(
        &mut self,
        name: &str,
        make: bool,
        warnings: &mut Warnings,
    ) -> Result<Option<Files>, Failure> {
        self.open(make, warnings)?;
        let path = self.path_of(name);
        let Some(root) = &mut self.root else { return Ok(None) };
        match Files::open(&path, root, name, make) {
            Err((_, why)) if why.kind() == io::ErrorKind::NotFound => {
                // A user has removed everything, and the files that we have open are no longer in any directory.
                self.root = None;
                Ok(None)
            }
            files => files.map_err(|(path, why)| failure("cannot use", &path, &why)),
        }
    }

    /// The names of all directories that may belong to keys.
    pub(super) fn names(&mut self) -> io::Result<Vec<String>> {
        let Some(root) = &mut self.root else { return Ok(Vec::new()) };
        let Some(layout) = root.layout(false)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in Dir::read_from(layout)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes the directory of a key, unless it is used again.
    pub(super) fn remove(&self, name: &str) {
        if let Some(layout) = self.root.as_ref().and_then(|root| root.layout.as_ref()) {
            let _used_again = unlinkat(layout, name, AtFlags::REMOVEDIR);
        }
    }

    /// The random key for credentials; `None` if there is none and none is to be created.
    pub(super) fn secret(&mut self, make: bool) -> Result<Option<String>, Failure> {
        let Some(root) = &mut self.root else { return Ok(None) };
        secret(root, make).map_err(|why| failure("cannot use", &self.path.join(LAYOUT).join(SECRET), &why))
    }
}

/// Reads the file of the random key, or writes it if we are the first.
fn secret(root: &mut Root, make: bool) -> io::Result<Option<String>> {
    let sharing = root.sharing;
    let Some(layout) = root.layout(make)? else { return Ok(None) };
    let Some(file) = sharing.file(layout, SECRET, make)? else { return Ok(None) };
    let (began, mut standstill) = (clock::now().awake, Standstill::default());
    let _lock = loop {
        match Lock::take(file.as_fd(), &mut standstill)? {
            Taken::Locked(lock) => break lock,
            Taken::Busy if clock::now().awake.saturating_sub(began) < MAX_BUSY_WAIT => {}
            Taken::Busy | Taken::Stuck(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    };
    let mut bytes = [0; 32];
    if rustix::io::pread(&file, &mut bytes, 0)? < bytes.len() {
        if !make {
            return Ok(None);
        }
        bytes.copy_from_slice(new_secret().as_bytes());
        rustix::io::pwrite(&file, &bytes, 0)?;
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
