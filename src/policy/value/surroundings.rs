//! Values of settings for a run's shell, name, labels, log and messages.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value, utf8};
use crate::dialect::Dialect;

/// The format of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFormat {
    /// The dialect of the CI system detected from the environment; text if there is none.
    Auto,
    Text,
    Json,
    /// Text, with the commands that a CI system reads.
    Ci(Dialect),
}
words!(
    MessageFormat:
    "auto" = MessageFormat::Auto,
    "text" = MessageFormat::Text,
    "json" = MessageFormat::Json,
    "github" = MessageFormat::Ci(Dialect::Github),
    "gitlab" = MessageFormat::Ci(Dialect::Gitlab),
    "buildkite" = MessageFormat::Ci(Dialect::Buildkite),
    "teamcity" = MessageFormat::Ci(Dialect::Teamcity),
    "azure" = MessageFormat::Ci(Dialect::Azure),
);

/// When each attempt gets its own group in a CI system's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiGroups {
    /// If the order of messages and output is certain because both go to one file.
    Auto,
    Always,
    Never,
}
words!(CiGroups: "auto" = CiGroups::Auto, "always" = CiGroups::Always, "never" = CiGroups::Never);

/// When a run adds a row to the summary of a GitHub step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// If it was rescued or failed.
    Auto,
    Always,
    Never,
}
words!(Summary: "auto" = Summary::Auto, "always" = Summary::Always, "never" = Summary::Never);

/// The destination of a run's outputs for later steps of a CI job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputsTo {
    /// The CI system: Azure's variables, or the file named by `$GITHUB_OUTPUT`, in its format.
    Github,
    /// A dotenv file.
    File(OsString),
}

impl Value for OutputsTo {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        match texts.last() {
            Some(text) if text == "github" => Ok(Self::Github),
            Some(text) if !text.is_empty() => Ok(Self::File(text.clone())),
            _ => Err("the file is missing; use github for $GITHUB_OUTPUT, or a file's name".to_owned()),
        }
    }

    fn show(&self) -> Json {
        match self {
            Self::Github => json!("github"),
            Self::File(path) => json!(path.to_string_lossy()),
        }
    }
}

/// The destination of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessagesTo {
    Stderr,
    Stdout,
    /// An inherited descriptor, 3 or more.
    Descriptor(i32),
    /// A file, appended to.
    File(OsString),
}

impl Value for MessagesTo {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        let Some(text) = texts.last().filter(|text| !text.is_empty()) else {
            return Err(
                "the destination is empty; use stderr, stdout, a descriptor's number or a file".to_owned()
            );
        };
        Ok(match text.to_str() {
            Some("stderr" | "2") => Self::Stderr,
            Some("stdout" | "1") => Self::Stdout,
            Some("0") => {
                return Err("0 is stdin; use stderr, stdout, another descriptor or a file".to_owned());
            }
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => match number.parse() {
                Ok(number) => Self::Descriptor(number),
                Err(_) => {
                    return Err(format!(
                        "invalid descriptor {number}; for a file of that name use ./{number}"
                    ));
                }
            },
            _ => Self::File(text.clone()),
        })
    }

    fn show(&self) -> Json {
        match self {
            Self::Stderr => json!("stderr"),
            Self::Stdout => json!("stdout"),
            Self::Descriptor(number) => json!(number.to_string()),
            Self::File(path) => json!(path.to_string_lossy()),
        }
    }
}

/// The use of colours in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Auto,
    Always,
    Never,
}
words!(Color: "auto" = Color::Auto, "always" = Color::Always, "never" = Color::Never);

/// A file's path, any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(pub OsString);

impl Value for FilePath {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(FilePath(text.into()))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        match texts.last() {
            Some(path) if !path.is_empty() => Ok(FilePath(path.clone())),
            _ => Err("the path is empty; use a file's name, or - for stderr".to_owned()),
        }
    }

    fn show(&self) -> Json {
        json!(self.0.to_string_lossy())
    }
}

/// A shell, by name or path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell(pub OsString);

impl Value for Shell {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Shell(text.into()))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        match texts.last() {
            Some(shell) if !shell.is_empty() => Ok(Shell(shell.clone())),
            _ => Err("the shell is missing; use --shell=bash, or -c for sh".to_owned()),
        }
    }

    fn show(&self) -> Json {
        json!(self.0.to_string_lossy())
    }
}

/// A name for messages and the log; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl Value for Name {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("the name is empty; use a word or drop the option".to_owned()),
            name => Ok(Name(name.to_owned())),
        }
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

/// Free labels, `key=value`, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub std::collections::BTreeMap<String, String>);

impl Value for Labels {
    const FORM: TomlForm = TomlForm::Table;

    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Labels([(key.trim().to_owned(), value.to_owned())].into()))
            }
            _ => Err(format!("invalid label '{text}': use KEY=VALUE")),
        }
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(Labels::default(), |mut all, text| {
            all.0.extend(Self::parse(utf8(text)?)?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}
