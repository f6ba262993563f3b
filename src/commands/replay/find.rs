//! Finds the named letters, oldest first, each once.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::error::Error;
use crate::letter::Header;
use crate::sys::letterbox::{self, Letterbox};

/// A letter that was found, but not yet claimed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// The header, or why it cannot be read.
    pub(super) header: Result<Header, String>,
}

impl Entry {
    /// The operation's name, or that of the file.
    pub(super) fn name(&self) -> String {
        match &self.header {
            Ok(header) if !header.name.is_empty() => header.name.clone(),
            _ => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    fn created(&self) -> &str {
        self.header.as_ref().map_or("", |header| &header.created)
    }
}

/// Finds all letters. A missing path is an error; a letter that cannot be trusted is an entry that says so.
pub(super) fn find(operands: &[OsString]) -> Result<Vec<Entry>, Error> {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for operand in operands {
        let path = Path::new(operand);
        let (paths, distrust) = if path.is_dir() {
            let letterbox = Letterbox::open(path).map_err(|why| unreadable(path, &why))?;
            (letterbox.letters().map_err(|why| unreadable(path, &why))?, letterbox.is_unsafe())
        } else {
            if path.symlink_metadata().is_err() {
                return Err(Error::usage(format!("no such file or directory: {}", path.display())));
            }
            let place = letterbox::place_of(path);
            let letterbox = Letterbox::open(&place).map_err(|why| unreadable(&place, &why))?;
            (vec![path.to_owned()], letterbox.is_unsafe())
        };
        for path in paths {
            if seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                entries.extend(entry(path, distrust.as_ref()));
            }
        }
    }
    entries.sort_by(|one, other| one.created().cmp(other.created()).then_with(|| one.path.cmp(&other.path)));
    Ok(entries)
}

/// `None`: it has disappeared meanwhile.
fn entry(path: PathBuf, distrust: Option<&String>) -> Option<Entry> {
    let header = match (distrust, letterbox::open(&path)) {
        (_, Err(None)) => return None,
        (Some(why), _) => Err(why.clone()),
        (None, Err(Some(why))) => Err(why),
        (None, Ok(letter)) => Ok(letter.header),
    };
    Some(Entry { path, header })
}

fn unreadable(path: &Path, why: &std::io::Error) -> Error {
    Error::system(&format!("cannot read {}", path.display()), why)
}
