//! Values that are about what is around a run: its shell, its names, its log and its messages.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value, utf8};

/// The format of messages on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFormat {
    Text,
    Json,
}
words!(MessageFormat: "text" = MessageFormat::Text, "json" = MessageFormat::Json);

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

/// A name for people and for the log; never empty.
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
