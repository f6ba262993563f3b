//! Layers: what one place gives, before it is known which place is stronger.

use std::borrow::Cow;
use std::ffi::OsString;

use super::settings::{Index, Policy, SETTINGS, find};
use super::value::{MaxAttempts, Value};
use crate::base::problem::{Place, Problem};
use crate::base::words::without_password;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// A policy that is compiled in.
    Builtin(&'static str),
    /// A configuration file.
    File(Place),
    /// An environment variable.
    Env(&'static str),
    /// The command line.
    Flag,
    /// A `retry` around this one.
    Outer,
}

impl Origin {
    /// Did somebody write it, rather than we?
    pub fn is_given(&self) -> bool {
        !matches!(self, Origin::Default | Origin::Builtin(_))
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
            Origin::Outer => f.write_str("env:RETRY_DEADLINE_AT_MS"),
        }
    }
}

/// What one place gives for one setting.
#[derive(Clone, Debug)]
pub struct Given {
    pub setting: Index,
    pub texts: Vec<OsString>,
    pub origin: Origin,
    /// As it was written there, for messages: `--retries 4`, `RETRY_OPT_MAX=0`, `max`.
    pub written: String,
}

/// The values of one place.
#[derive(Clone, Debug, Default)]
pub struct Layer(pub Vec<Given>);

impl Layer {
    /// Adds a value, or says what is wrong with it. `key` may also be `retries`, which counts without the first
    /// attempt.
    pub fn add(
        &mut self,
        key: &str,
        mut texts: Vec<OsString>,
        origin: Origin,
        written: String,
    ) -> Result<(), Problem> {
        let written = without_password(written);
        let refuse = |why: String| {
            let place = if let Origin::File(place) = &origin { Some(place.clone()) } else { None };
            Problem::new(format!("{}: {why}", shortened(&written))).at(place)
        };
        if key == RETRIES {
            texts = vec![attempts_for(&texts).map_err(refuse)?];
        }
        let known = if key == RETRIES { find("max") } else { find(key) };
        let setting = known.ok_or_else(|| refuse("no such setting".to_owned()))?;
        (SETTINGS[setting].set)(&mut Policy::default(), &texts).map_err(|why| {
            let text = texts.last().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
            match (SETTINGS[setting].key, &*text) {
                ("delay", list) if list.contains(',') => {
                    refuse(why).hint(format!("for a list of delays use --backoff {list}"))
                }
                ("retry-on", "any" | "all" | "error" | "nonzero" | "failure" | "*") => {
                    refuse(why).hint("any failure is retried by default; drop it, or use !0")
                }
                _ => refuse(why),
            }
        })?;
        if let Some(earlier) = self.0.iter().find(|given| given.setting == setting) {
            let sets =
                if SETTINGS[setting].key == "max" { "number of attempts" } else { SETTINGS[setting].key };
            let both = format!("{} and {written} conflict (both set the {sets})", earlier.written);
            let place = if let Origin::File(place) = &origin { Some(place.clone()) } else { None };
            let hint = match SETTINGS[setting].key {
                "max" => "use one of them; max counts the first attempt, retries does not",
                _ => "use one of them",
            };
            return Err(Problem::new(both).at(place).hint(hint));
        }
        self.0.push(Given { setting, texts, origin, written });
        Ok(())
    }

    /// The value of a setting, if this place gives one.
    pub fn get(&self, setting: Index) -> Option<&Given> {
        self.0.iter().find(|given| given.setting == setting)
    }
}

/// A text as far as it is of use in a message.
fn shortened(text: &str) -> Cow<'_, str> {
    const MAX_MESSAGE_BYTES: usize = 200;
    if text.len() <= MAX_MESSAGE_BYTES {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]).into()
}

/// The key that is `max` counted otherwise.
pub const RETRIES: &str = "retries";

/// The number of attempts that a number of retries makes.
fn attempts_for(texts: &[OsString]) -> Result<OsString, String> {
    let text = texts.last().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    match text.trim() {
        "0" => Ok("1".into()),
        number => match MaxAttempts::parse(number) {
            Ok(MaxAttempts::Times(n)) => Ok(n.saturating_add(1).to_string().into()),
            Ok(MaxAttempts::Unlimited) => Ok("inf".into()),
            Err(_) => Err(format!("invalid number of retries '{number}': use 0 or more, or inf")),
        },
    }
}
