//! The kinds of values of settings: how each is parsed, its TOML, and how it is shown.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::pattern;
use crate::base::{duration, size};

/// The TOML types of a setting; also defines its part of the configuration's JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomlForm {
    /// A whole number of 1 or more, or "inf".
    MaxAttempts,
    /// A whole number of 0 or more.
    Whole,
    /// Any number.
    Number,
    /// A duration in text, or a number of seconds.
    Duration,
    /// A number of bytes, or text with a unit.
    Size,
    /// Text.
    Text,
    /// Text that is one of a few words.
    Word,
    /// A share: a number up to 1, or text with a per cent sign.
    Share,
    /// Text, or a list of texts and numbers, which is equivalent to a comma-separated list.
    List,
    /// A regular expression, or a list of them. They may contain commas, so each is a separate text.
    Patterns,
    /// Text, or a list of arbitrary texts.
    Texts,
    /// Tables of rules.
    Rules,
    /// `true` or `false`.
    Switch,
    /// A table of texts.
    Table,
}

impl TomlForm {
    /// The TOML to use, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            TomlForm::MaxAttempts => "a whole number, or \"inf\"",
            TomlForm::Whole => "a whole number",
            TomlForm::Number => "a number",
            TomlForm::Duration => "a duration such as \"500ms\", or a number of seconds",
            TomlForm::Size => "a size such as \"64MiB\", or a number of bytes",
            TomlForm::Text | TomlForm::Word => "a string",
            TomlForm::Share => "a share such as \"20%\", or a number up to 1",
            TomlForm::List => "a string, a number, or a list of them",
            TomlForm::Patterns => "a string that is a regular expression, or a list of them",
            TomlForm::Texts => "a string, or a list of them",
            TomlForm::Rules => "a list of tables: use [[policy.NAME.rule]]",
            TomlForm::Switch => "true or false",
            TomlForm::Table => "a table such as { team = \"data\" }",
        }
    }

    /// JSON Schema, draft-07.
    pub fn schema(self) -> Json {
        match self {
            TomlForm::MaxAttempts => {
                json!({"anyOf": [{"type": "integer", "minimum": 1, "maximum": u64::MAX}, {"const": "inf"}]})
            }
            TomlForm::Whole => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
            TomlForm::Number => json!({"type": "number"}),
            TomlForm::Duration => pattern::duration(),
            TomlForm::Size => pattern::size(&size::UNITS),
            TomlForm::Text | TomlForm::Word => json!({"type": "string"}),
            TomlForm::Share => pattern::share(),
            TomlForm::List => json!({"anyOf": [
                {"type": ["string", "number"]},
                {"type": "array", "items": {"type": ["string", "number"]}},
            ]}),
            TomlForm::Patterns | TomlForm::Texts => json!({"anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
            ]}),
            TomlForm::Rules => super::rule::schema(),
            TomlForm::Switch => json!({"type": "boolean"}),
            TomlForm::Table => {
                json!({"type": "object", "additionalProperties": {"type": ["string", "number"]}})
            }
        }
    }
}

/// A value that can be a setting.
pub trait Value: Sized {
    const FORM: TomlForm;
    /// Whether its texts are secret and never shown.
    const IS_SECRET: bool = false;

    /// Parses one text.
    fn parse(text: &str) -> Result<Self, String>;

    /// Parses all texts of one layer. The last one wins, unless the kind of value accumulates.
    fn read(texts: &[OsString]) -> Result<Self, String> {
        Self::parse(utf8(texts.last().ok_or("a value is missing")?)?)
    }

    /// The value as it would be written in TOML; null if there is none.
    fn show(&self) -> Json;

    /// The JSON Schema (draft-07) of its TOML.
    fn schema() -> Json {
        Self::FORM.schema()
    }

    /// The words that are values; other texts may be values as well.
    fn words() -> Vec<&'static str> {
        Vec::new()
    }
}

fn utf8(text: &OsString) -> Result<&str, String> {
    text.to_str().ok_or_else(|| format!("'{}' is not UTF-8", text.display()))
}

/// A value that is one of a few words. In messages, the reason of a refusal follows `invalid NAME`.
macro_rules! words {
    ($type:ty: $($word:literal = $value:expr),+ $(,)?) => {
        impl Value for $type {
            const FORM: TomlForm = TomlForm::Word;

            fn parse(text: &str) -> Result<Self, String> {
                let known: &[(&str, $type)] = &[$(($word, $value)),+];
                let found = known.iter().find(|(word, _)| *word == text.trim());
                found.map(|(_, value)| *value).ok_or_else(|| {
                    let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
                    let near = crate::base::problem::did_you_mean(text, &words);
                    format!("'{text}' ({}){near}", words.join(", "))
                })
            }

            fn show(&self) -> Json {
                let known: &[(&str, $type)] = &[$(($word, $value)),+];
                json!(known.iter().find(|(_, value)| value == self).map_or("", |(word, _)| *word))
            }

            fn schema() -> Json {
                json!({"enum": <Self as Value>::words()})
            }

            fn words() -> Vec<&'static str> {
                vec![$($word),+]
            }
        }
    };
}

/// The number of attempts: 1 or more, or no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAttempts {
    Times(u64),
    Unlimited,
}

impl MaxAttempts {
    /// The number, if there is one.
    pub fn times(self) -> Option<u64> {
        match self {
            MaxAttempts::Times(n) => Some(n),
            MaxAttempts::Unlimited => None,
        }
    }
}

impl std::fmt::Display for MaxAttempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MaxAttempts::Times(n) => write!(f, "{n}"),
            MaxAttempts::Unlimited => f.write_str("inf"),
        }
    }
}

impl Value for MaxAttempts {
    const FORM: TomlForm = TomlForm::MaxAttempts;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "inf" => Ok(MaxAttempts::Unlimited),
            "0" => Err("0 attempts would never run the command; use 1 or more, or inf".to_owned()),
            number => number
                .parse()
                .map(MaxAttempts::Times)
                .map_err(|_| format!("invalid number of attempts '{number}': use 1 or more, or inf")),
        }
    }

    fn show(&self) -> Json {
        match self {
            MaxAttempts::Times(n) => json!(n),
            MaxAttempts::Unlimited => json!("inf"),
        }
    }
}

impl Value for u64 {
    const FORM: TomlForm = TomlForm::Whole;

    fn parse(text: &str) -> Result<Self, String> {
        text.trim().parse().map_err(|_| format!("invalid number '{text}': use a whole number, 0 or more"))
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

/// A count of 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u64);

impl Value for Count {
    const FORM: TomlForm = TomlForm::Whole;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(0) | Err(_) => Err(format!("invalid number '{text}': use a whole number, 1 or more")),
            Ok(n) => Ok(Count(n)),
        }
    }

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 1, "maximum": u64::MAX})
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

/// An exit status chosen by the user for results other than a plain success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus(pub u8);

impl Value for ExitStatus {
    const FORM: TomlForm = TomlForm::Whole;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(0) => Err("0 would mean success; use 1 to 255".to_owned()),
            Ok(status) => Ok(ExitStatus(status)),
            Err(_) => Err(format!("invalid exit status '{text}': use 1 to 255")),
        }
    }

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 1, "maximum": 255})
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

impl<T: Value> Value for Option<T> {
    const FORM: TomlForm = T::FORM;
    const IS_SECRET: bool = T::IS_SECRET;

    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        T::read(texts).map(Some)
    }

    fn show(&self) -> Json {
        self.as_ref().map_or(Json::Null, Value::show)
    }

    fn schema() -> Json {
        T::schema()
    }

    fn words() -> Vec<&'static str> {
        T::words()
    }
}

impl Value for Duration {
    const FORM: TomlForm = TomlForm::Duration;

    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text)
    }

    fn show(&self) -> Json {
        json!(duration::exact(*self))
    }
}

/// A limit of time; 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit(pub Option<Duration>);

impl Value for TimeLimit {
    const FORM: TomlForm = TomlForm::Duration;

    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text).map(|bound| TimeLimit(Some(bound).filter(|bound| !bound.is_zero())))
    }

    fn show(&self) -> Json {
        self.0.map_or(Json::Null, |bound| json!(duration::exact(bound)))
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    const FORM: TomlForm = TomlForm::Size;

    fn parse(text: &str) -> Result<Self, String> {
        size::parse(text).map(Size)
    }

    fn show(&self) -> Json {
        let exact = size::exact(self.0);
        exact.parse::<u64>().map_or_else(|_| json!(exact), |bytes| json!(bytes))
    }
}

impl Value for bool {
    const FORM: TomlForm = TomlForm::Switch;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("invalid value '{text}': use true or false")),
        }
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

mod judging;
mod metrics;
mod recovery;
mod schedule;
mod shared;
mod streams;
mod surroundings;
mod telling;

pub(super) use judging::pattern as regex;
pub use judging::{DemandedPatterns, ExitCodes, Patterns, ProfileNames, Signal};
pub use metrics::{MetricsFile, MetricsLabels};
pub use recovery::{CommandLine, CommandLines, EnvNames, LetterOutcomes};
pub use schedule::Factor;
pub use shared::{GateWait, Key, OnStateError, Permits, Share, StatePlace};
pub use streams::{StderrMode, StdinMode, StdoutMode};
pub use surroundings::{
    CiGroups, Color, FilePath, Labels, MessageFormat, MessagesTo, Name, OutputsTo, Shell, Summary,
};
pub use telling::{PingKind, PingUrl, Traces};

#[cfg(test)]
mod tests;
