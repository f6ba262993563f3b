//! Values that are about what happens beside the attempts, and after them.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value};

/// Command lines for a shell, in the order in which they are run; any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLines(pub Vec<OsString>);

impl Value for CommandLines {
    const FORM: TomlForm = TomlForm::Texts;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().map(checked).collect::<Result<_, _>>().map(CommandLines)
    }

    fn show(&self) -> Json {
        json!(self.0.iter().map(|line| line.to_string_lossy()).collect::<Vec<_>>())
    }
}

/// A command line for a shell, any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(pub OsString);

impl Value for CommandLine {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        checked(texts.last().ok_or("a value is missing")?).map(CommandLine)
    }

    fn show(&self) -> Json {
        json!(self.0.to_string_lossy())
    }
}

fn checked(line: &OsString) -> Result<OsString, String> {
    if line.is_empty() {
        Err("the command is empty; use a line for sh -c".to_owned())
    } else {
        Ok(line.clone())
    }
}
