//! Layers: the values from one source, before sources are combined.

use std::borrow::Cow;
use std::ffi::OsString;

use super::settings::{Index, SETTINGS, SettingValue, find};
use super::value::{MaxAttempts, TomlForm, Value};
use crate::base::problem::{Problem, SourceSpan};
use crate::base::secrets::HIDDEN;
use crate::base::words::without_password;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// A built-in policy.
    Builtin(&'static str),
    /// A configuration file.
    File(SourceSpan),
    /// An environment variable.
    Env(&'static str),
    /// The command line.
    Flag,
    /// A replayed dead letter.
    Letter,
    /// The log of a run.
    Log,
    /// An enclosing `retry`.
    Outer,
}

impl Origin {
    /// True if a user gave the value; false for defaults and built-in policies.
    pub fn is_given(&self) -> bool {
        !matches!(self, Origin::Default | Origin::Builtin(_))
    }

    /// The place in a file; `None` for any other origin.
    pub fn place(&self) -> Option<SourceSpan> {
        match self {
            Origin::File(place) => Some(place.clone()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Builtin(policy) => write!(f, "builtin:{policy}"),
            Origin::File(place) => write!(f, "file:{}:{}", place.source.path, place.line_and_column().0),
            Origin::Env(variable) => write!(f, "env:{variable}"),
            Origin::Flag => f.write_str("flag"),
            Origin::Letter => f.write_str("letter"),
            Origin::Log => f.write_str("log"),
            Origin::Outer => f.write_str("env:RETRY_DEADLINE_AT_MS"),
        }
    }
}

/// The value of a setting from one source.
#[derive(Clone, Debug)]
pub struct Given {
    pub setting: Index,
    pub value: SettingValue,
    /// The value as text, for messages; `None` for tables of rules.
    pub texts: Vec<OsString>,
    pub origin: Origin,
    /// The value as it was written, for messages: `--retries 4`, `RETRY_OPT_MAX=0`, `max`.
    pub written: String,
}

/// The values from one source.
#[derive(Clone, Debug, Default)]
pub struct Layer(pub Vec<Given>);

impl Layer {
    /// Parses and adds a value. `key` may also be `retries`, which does not count the first attempt. Errors are an unknown
    /// key, a value that the setting refuses, and a setting that this source has already given.
    pub fn add(
        &mut self,
        key: &str,
        texts: Vec<OsString>,
        origin: Origin,
        written: String,
    ) -> Result<(), Problem> {
        let setting = setting_of(key, &origin)?;
        let written = match &texts[..] {
            texts if SETTINGS[setting].is_secret => without(written, texts),
            _ => without_password(written),
        };
        let refused = |why: String| refusal(setting, &texts, &written, &why).at(origin.place());
        if key == RETRIES {
            let max = attempts_for(&texts).map_err(refused)?;
            let texts = vec![max.to_string().into()];
            return self.insert(Given { setting, value: SettingValue::max(max), texts, origin, written });
        }
        let value = (SETTINGS[setting].parse)(&texts).map_err(refused)?;
        self.insert(Given { setting, value, texts, origin, written })
    }

    /// Adds a value that is not text.
    pub fn add_parsed(&mut self, key: &str, value: SettingValue, origin: Origin) -> Result<(), Problem> {
        let setting = setting_of(key, &origin)?;
        self.insert(Given { setting, value, texts: Vec::new(), origin, written: key.to_owned() })
    }

    fn insert(&mut self, given: Given) -> Result<(), Problem> {
        let Some(earlier) = self.get(given.setting) else {
            self.0.push(given);
            return Ok(());
        };
        let (sets, hint) = match SETTINGS[given.setting].key {
            "max" => {
                ("number of attempts", "use one of them; max counts the first attempt, retries does not")
            }
            key => (key, "use one of them"),
        };
        let both = format!("{} and {} conflict (both set the {sets})", earlier.written, given.written);
        Err(Problem::new(both).at(given.origin.place()).hint(hint))
    }

    /// The value of a setting, if this source gives one.
    pub fn get(&self, setting: Index) -> Option<&Given> {
        self.0.iter().find(|given| given.setting == setting)
    }
}

/// The option or key as written, without these texts.
fn without(written: String, texts: &[OsString]) -> String {
    let texts = texts.iter().map(|text| text.to_string_lossy()).filter(|text| !text.is_empty());
    texts.fold(written, |written, text| written.replace(&*text, HIDDEN))
}

fn setting_of(key: &str, origin: &Origin) -> Result<Index, Problem> {
    find(if key == RETRIES { "max" } else { key })
        .ok_or_else(|| Problem::new(format!("unknown setting '{key}'")).at(origin.place()))
}

/// The problem of a value that its setting refuses.
fn refusal(setting: Index, texts: &[OsString], written: &str, why: &str) -> Problem {
    let written = shortened(written);
    let setting = &SETTINGS[setting];
    if setting.form == TomlForm::Word {
        let name = written.split([' ', '=']).find(|name| !name.is_empty()).unwrap_or(&written);
        return Problem::new(format!("invalid {name} {why}"));
    }
    let problem = Problem::new(format!("{written}: {why}"));
    let text = texts.last().map(|text| text.to_string_lossy()).unwrap_or_default();
    match (setting.key, &*text) {
        ("delay", list) if list.contains(',') => {
            problem.hint(format!("for a list of delays use --backoff {list}"))
        }
        ("retry-on", "any" | "all" | "error" | "nonzero" | "failure" | "*") => {
            problem.hint("any failure is retried by default; drop it, or use !0")
        }
        ("retry-on" | "permanent-on" | "success-on", list) if list.split(',').any(is_http_status) => problem
            .hint("HTTP statuses are not exit codes: they are read from the output of tools such as curl, without an option"),
        _ => problem,
    }
}

/// Whether this word looks like the status of a failed request: `429`, `5xx`, `500-599`.
fn is_http_status(word: &str) -> bool {
    let low = word.trim().trim_start_matches('!').split('-').next().unwrap_or_default();
    let digits = low.replace(['x', 'X'], "0");
    low.starts_with(['4', '5']) && digits.parse::<u16>().is_ok_and(|status| (400..600).contains(&status))
}

/// A text shortened for a message.
fn shortened(text: &str) -> Cow<'_, str> {
    const MAX_MESSAGE_BYTES: usize = 200;
    if text.len() <= MAX_MESSAGE_BYTES {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]).into()
}

/// The key whose value is `max` without the first attempt.
pub const RETRIES: &str = "retries";

/// The number of attempts for a number of retries.
fn attempts_for(texts: &[OsString]) -> Result<MaxAttempts, String> {
    let text = texts.last().map(|text| text.to_string_lossy()).unwrap_or_default();
    match text.trim() {
        "0" => Ok(MaxAttempts::Times(1)),
        number => match MaxAttempts::parse(number) {
            Ok(MaxAttempts::Times(n)) => Ok(MaxAttempts::Times(n.saturating_add(1))),
            Ok(MaxAttempts::Unlimited) => Ok(MaxAttempts::Unlimited),
            Err(_) => Err(format!("invalid number of retries '{number}': use 0 or more, or inf")),
        },
    }
}

#[cfg(test)]
mod tests;
