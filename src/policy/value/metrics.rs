//! Values of settings for metrics: the file, and additional labels.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value, utf8};
use crate::base::label_name;

/// The path of a file of metrics, any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsFile(pub OsString);

impl Value for MetricsFile {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(&[text.into()])
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        match texts.last() {
            Some(path) if path == "-" => {
                Err("metrics need a file: use a name such as retry.prom, or ./- for one of this name"
                    .to_owned())
            }
            Some(path) if !path.is_empty() => Ok(MetricsFile(path.clone())),
            _ => Err("the path is empty; use a name such as retry.prom".to_owned()),
        }
    }

    fn show(&self) -> Json {
        json!(self.0.to_string_lossy())
    }
}

/// The names of labels that metrics have in addition to their own, without duplicates, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsLabels(pub Vec<String>);

impl Value for MetricsLabels {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        let mut names: Vec<String> = Vec::new();
        for name in text.split(',').map(str::trim) {
            label_name::check(name)?;
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Ok(MetricsLabels(names))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        let texts = texts.iter().map(utf8).collect::<Result<Vec<_>, _>>()?;
        if texts.is_empty() { Ok(Self::default()) } else { Self::parse(&texts.join(",")) }
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}
