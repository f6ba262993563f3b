//! Dead letters: files that finally failed runs leave behind, so that `retry replay` can run them again.
//!
//! A letter is one file: a line of JSON, the [`Header`], followed by the exact bytes of the command's input. It is complete
//! if the header parses and the file has the length that the header states; it appears by a single rename.

mod base64;
mod course;
mod name;
mod reading;
mod script;
mod settings;

pub use course::{Course, CourseResult};
pub use name::{SUFFIX, TEMPORARY, file_name, reduced, stamp};
pub use reading::{Length, MAX_HEADER_BYTES, Mistake, parse, verify};
pub use script::{command_line, script};
pub use settings::{layer, stored};

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The version of the format that is written, and the newest that is read.
pub const VERSION: u64 = 1;

/// The first line of a letter. Missing fields have defaults, since the line may be edited by hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`].
    pub retry_letter: u64,
    /// The run that failed.
    #[serde(default)]
    pub run: String,
    /// RFC 3339, UTC, microseconds.
    #[serde(default)]
    pub created: String,
    /// The operation's name.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub host: String,
    #[serde(default)]
    pub uid: u32,
    /// The working directory; only for people if it is not UTF-8.
    #[serde(default)]
    pub cwd: String,
    /// Base64; overrides `cwd`.
    #[serde(default)]
    pub cwd_bytes: Option<String>,
    /// Octal.
    #[serde(default)]
    pub umask: String,
    /// The words of the command as typed; only for people if one is not UTF-8.
    pub argv: Vec<String>,
    /// Base64, one string per word; overrides `argv`.
    #[serde(default)]
    pub argv_bytes: Option<Vec<String>>,
    #[serde(default)]
    pub stdin: Stdin,
    /// Paths of descriptors, such as `/dev/fd/63`, that the command also read. Their content is lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_inputs: Vec<String>,
    /// The variables whose values are stored on request.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Base64; overrides `env`.
    #[serde(default)]
    pub env_bytes: BTreeMap<String, String>,
    /// The names of all environment variables.
    #[serde(default)]
    pub env_names: Vec<String>,
    /// The shell that runs the command string, if any.
    #[serde(default)]
    pub shell: Option<String>,
    /// The name of the selected policy.
    #[serde(default)]
    pub policy: Option<String>,
    /// The settings that were given, as texts for a command line.
    #[serde(default)]
    pub settings: serde_json::Map<String, Json>,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub outcome: String,
    #[serde(default)]
    pub attempts: u64,
    #[serde(default)]
    pub exit_code: Option<u8>,
    #[serde(default)]
    pub signal: Option<String>,
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub rule: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub stdout_tail: Option<String>,
    #[serde(default)]
    pub stderr_tail: Option<String>,
    /// The first run's id: the same for every attempt and every replay.
    #[serde(default)]
    pub idempotency_key: String,
    #[serde(default)]
    pub retry_version: String,
}

/// The command's input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Stdin {
    /// None: a terminal, or `/dev/null`.
    #[default]
    None,
    /// The bytes follow the header.
    Bytes {
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crc32: Option<u32>,
    },
    /// A file that was too large to copy, read from `offset` on.
    File {
        path: String,
        /// Base64; overrides `path`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path_bytes: Option<String>,
        offset: u64,
        size: u64,
        /// Nanoseconds since the Unix epoch.
        mtime: i64,
        inode: u64,
    },
    /// Only part of the input was kept: this many bytes follow the header.
    Partial { bytes: u64, why: String },
}

impl Stdin {
    /// The number of bytes that follow the header.
    pub fn stored(&self) -> u64 {
        match self {
            Stdin::Bytes { bytes, .. } | Stdin::Partial { bytes, .. } => *bytes,
            Stdin::None | Stdin::File { .. } => 0,
        }
    }

    /// The number of bytes that the command reads.
    pub fn length(&self) -> u64 {
        match self {
            Stdin::File { size, offset, .. } => size.saturating_sub(*offset),
            other => other.stored(),
        }
    }

    /// A file of this path.
    pub fn file(path: &OsStr, offset: u64, size: u64, mtime: i64, inode: u64) -> Self {
        let (path, path_bytes) = text_and_bytes(path);
        Stdin::File { path, path_bytes, offset, size, mtime, inode }
    }
}

impl Header {
    /// Sets the command: `argv`, and `argv_bytes` if a word is not UTF-8.
    pub fn set_argv(&mut self, argv: &[OsString]) {
        self.argv = argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let is_text = argv.iter().all(|word| word.to_str().is_some());
        self.argv_bytes =
            (!is_text).then(|| argv.iter().map(|word| base64::encode(word.as_bytes())).collect());
    }

    /// The words of the command, any bytes.
    pub fn command(&self) -> Result<Vec<OsString>, Mistake> {
        let words: Vec<OsString> = match &self.argv_bytes {
            Some(words) => words.iter().map(|word| bytes("argv_bytes", word)).collect::<Result<_, _>>()?,
            None => self.argv.iter().map(OsString::from).collect(),
        };
        if words.first().is_none_or(|word| word.is_empty()) {
            return Err(Mistake("argv is empty".to_owned()));
        }
        Ok(words)
    }

    pub fn set_cwd(&mut self, cwd: &OsStr) {
        (self.cwd, self.cwd_bytes) = text_and_bytes(cwd);
    }

    pub fn directory(&self) -> Result<OsString, Mistake> {
        text_or_bytes("cwd_bytes", &self.cwd, self.cwd_bytes.as_ref())
    }

    /// Stores the value of a variable.
    pub fn set_variable(&mut self, name: &str, value: &OsStr) {
        let (text, bytes) = text_and_bytes(value);
        self.env.insert(name.to_owned(), text);
        self.env_bytes.extend(bytes.map(|bytes| (name.to_owned(), bytes)));
    }

    /// The variables whose values are stored.
    pub fn variables(&self) -> Result<Vec<(String, OsString)>, Mistake> {
        let value = |(name, text): (&String, &String)| {
            let value = text_or_bytes("env_bytes", text, self.env_bytes.get(name))?;
            Ok((name.clone(), value))
        };
        self.env.iter().map(value).collect()
    }

    /// Describes the input that the letter does not contain; `None` if it is complete.
    pub fn missing(&self) -> Option<String> {
        let stdin = match &self.stdin {
            Stdin::Partial { why, .. } => Some(why.clone()),
            _ => None,
        };
        let others = (!self.lost_inputs.is_empty())
            .then(|| format!("only stdin is kept, not what was read from {}", self.lost_inputs.join(", ")));
        let all: Vec<_> = [stdin, others].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The umask, if the letter has a valid one.
    pub fn mask(&self) -> Option<u32> {
        u32::from_str_radix(&self.umask, 8).ok().filter(|mask| *mask <= 0o777)
    }

    /// The header as the first line of a file.
    pub fn line(&self) -> Result<Vec<u8>, Mistake> {
        let mut line = serde_json::to_vec(self).map_err(|why| Mistake(why.to_string()))?;
        line.push(b'\n');
        if line.len() as u64 > MAX_HEADER_BYTES {
            return Err(Mistake("its header would be longer than 16 MiB".to_owned()));
        }
        Ok(line)
    }
}

impl Stdin {
    /// The path of a file that is read in place.
    pub fn path(&self) -> Result<Option<OsString>, Mistake> {
        match self {
            Stdin::File { path, path_bytes, .. } => {
                text_or_bytes("path_bytes", path, path_bytes.as_ref()).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn text_and_bytes(text: &OsStr) -> (String, Option<String>) {
    let bytes = text.to_str().is_none().then(|| base64::encode(text.as_bytes()));
    (text.to_string_lossy().into_owned(), bytes)
}

fn text_or_bytes(name: &str, text: &str, encoded: Option<&String>) -> Result<OsString, Mistake> {
    encoded.map_or_else(|| Ok(text.into()), |encoded| bytes(name, encoded))
}

fn bytes(name: &str, encoded: &str) -> Result<OsString, Mistake> {
    let decoded = base64::decode(encoded).ok_or_else(|| Mistake(format!("{name} is not base64")));
    decoded.map(OsString::from_vec)
}

#[cfg(test)]
mod tests;
