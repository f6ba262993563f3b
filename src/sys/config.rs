//! Finds and reads the configuration files.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::string::FromUtf8Error;

use super::environment;
use crate::base::error::Error;
use crate::base::problem::{Problem, Source, SourceSpan};
use crate::base::words::of_system;
use crate::policy::{file, inheritance_problems};

/// The parsed files of a run, in ascending precedence.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) files: Vec<file::File>,
    /// Warnings about files that were ignored.
    pub(crate) warnings: Vec<String>,
}

/// A longer file is not a configuration.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

impl Config {
    /// The system's and the user's file, then the one that was named. The first two may be missing, and are only read if
    /// nobody except root and us can write to them; the third one was named by whoever runs us.
    pub(crate) fn read(named: Option<&OsStr>) -> Result<Self, Error> {
        let mut config = Config::default();
        let mut problems = Vec::new();
        let found = [Some(PathBuf::from("/etc/retry/config.toml")), user_file()];
        for path in found.into_iter().flatten() {
            match read_trusted(&path) {
                Ok(Some(text)) => config.parse(&path, text, &mut problems),
                Ok(None) => {}
                Err(why) => {
                    config.warnings.push(format!("ignoring {}: {why}", path.display()));
                }
            }
        }
        if let Some(path) = named.map(Path::new) {
            let text = File::open(path).and_then(|file| read_bytes(&file)).map_err(|why| {
                let why = of_system(&why);
                Error::usage(format!("cannot read the configuration {}: {why}", path.display()))
                    .hint("name a TOML file with --config, or leave it out")
            })?;
            config.parse(path, text, &mut problems);
        }
        if problems.is_empty() {
            return Ok(config);
        }
        // Mistakes between policies are reported together with the others.
        problems.extend(inheritance_problems(&config.files));
        Err(Error::problems(problems))
    }

    fn parse(&mut self, path: &Path, bytes: Vec<u8>, problems: &mut Vec<Problem>) {
        let path = path.display().to_string();
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(why) => return problems.push(not_utf8(path, &why)),
        };
        let source = Rc::new(Source { path, text });
        let (file, wrong) = file::parse(&source);
        self.files.push(file);
        problems.extend(wrong);
    }
}

/// The place where a file ceases to be UTF-8. The text before it is intact.
fn not_utf8(path: String, why: &FromUtf8Error) -> Problem {
    let start = why.utf8_error().valid_up_to();
    let byte = why.as_bytes().get(start).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(why.as_bytes()).into_owned();
    let source = Rc::new(Source { path, text });
    let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
    Problem::new(format!("byte 0x{byte:02X} is not UTF-8"))
        .at(Some(SourceSpan { source, start, end }))
        .hint("save the file as UTF-8")
}

fn user_file() -> Option<PathBuf> {
    let base = environment::get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(environment::get("HOME")?).join(".config")))?;
    Some(base.join("retry/config.toml"))
}

/// The bytes of a file, if it exists. Its permissions are those of the open file, so that it cannot be exchanged in
/// between.
fn read_trusted(path: &Path) -> Result<Option<Vec<u8>>, String> {
    // Opening a FIFO would block until somebody writes to it.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(why) => return Err(of_system(&why)),
    };
    let metadata = file.metadata().map_err(|why| of_system(&why))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != 0 && metadata.uid() != us {
        return Err(format!("it belongs to user {}, not to root or to you", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!("it is writable by group/others (fix: chmod go-w {})", path.display()));
    }
    read_bytes(&file).map(Some).map_err(|why| of_system(&why))
}

fn read_bytes(file: &File) -> io::Result<Vec<u8>> {
    if file.metadata()?.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other("longer than 1 MiB"));
    }
    Ok(bytes)
}
