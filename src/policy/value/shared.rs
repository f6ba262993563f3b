//! Values of settings for limits shared between processes.

use crate::base::words::without_password;
use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::schedule::decimal;
use super::{TomlForm, Value};
use crate::base::duration;
use crate::classify::whole;
use crate::gate::{Breaker, Rate, Tripping};
use crate::policy::pattern;

/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 255;

/// The name that shared limits are kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The host that the command's arguments name.
    Auto,
    Named(String),
}

impl Key {
    /// The name, once it is known.
    pub fn name(&self) -> Option<&str> {
        match self {
            Key::Auto => None,
            Key::Named(name) => Some(name),
        }
    }

    /// Checks a literal key. The word `auto` has no special meaning here.
    pub fn named(text: &str) -> Result<String, String> {
        if text.trim().is_empty() {
            return Err("the key is empty; name what is shared, for example api.example.com".to_owned());
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(format!("the key has {} bytes; at most {MAX_KEY_BYTES} are allowed", text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(
                "the key contains a control character, such as a line break; use a plain name".to_owned()
            );
        }
        Ok(text.to_owned())
    }
}

impl Value for Key {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" { Ok(Key::Auto) } else { Key::named(text).map(Key::Named) }
    }

    fn show(&self) -> Json {
        match self {
            Key::Auto => json!("auto"),
            Key::Named(name) => json!(name),
        }
    }
}

/// A number of permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permits(pub u32);

impl Permits {
    /// Each is a lock that is tried in turn.
    const MAX_PERMITS: u32 = 10_000;
}

impl Value for Permits {
    const FORM: TomlForm = TomlForm::Whole;

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(0) => {
                Err("0 attempts at a time would never run the command; use 1 or more, or drop the option"
                    .to_owned())
            }
            Ok(number @ 1..=Self::MAX_PERMITS) => Ok(Permits(number)),
            _ => Err(format!("invalid number '{text}': use 1 to {} attempts at a time", Self::MAX_PERMITS)),
        }
    }

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 1, "maximum": Self::MAX_PERMITS})
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

/// The two sides of `N/D`.
fn over_time<'a>(text: &'a str, what: &str, example: &str) -> Result<(&'a str, Duration), String> {
    let (number, time) =
        text.split_once('/').ok_or_else(|| format!("invalid {what} '{text}': use {example}"))?;
    // A unit alone means one of it: `10/s`, as in nginx and iptables.
    let unit = time.trim_ascii();
    let one = duration::units().any(|known| known == unit).then(|| format!("1{unit}"));
    let time =
        duration::parse(one.as_deref().unwrap_or(time)).map_err(|why| format!("in '{text}', {why}"))?;
    if time.is_zero() {
        return Err(format!("the time in '{text}' is 0; use {example}"));
    }
    Ok((number.trim_ascii(), time))
}

fn count(number: &str, text: &str, example: &str) -> Result<u32, String> {
    match whole(number) {
        Some(0) => Err(format!("the number in '{text}' is 0; use 1 or more, or drop the option")),
        Some(number) => Ok(number),
        None => Err(format!("invalid number '{number}' in '{text}': use {example}")),
    }
}

impl Value for Rate {
    const FORM: TomlForm = TomlForm::Text;

    fn schema() -> Json {
        pattern::rate()
    }

    fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "attempts per time, such as 100/1m";
        let (number, per) = over_time(text, "rate", EXAMPLE)?;
        let rate = Rate { count: count(number, text, EXAMPLE)?, per };
        if (rate.per / rate.count).as_micros() == 0 {
            return Err(format!("'{text}' is more than a million a second; drop the option"));
        }
        Ok(rate)
    }

    fn show(&self) -> Json {
        json!(format!("{}/{}", self.count, duration::exact(self.per)))
    }
}

impl Value for Breaker {
    const FORM: TomlForm = TomlForm::Text;

    fn schema() -> Json {
        pattern::breaker()
    }

    fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str =
            "failures in a row and how long it opens, such as 5/30s, or a share such as 50%/30s";
        let (number, open_for) = over_time(text, "circuit breaker", EXAMPLE)?;
        let trips = match number.strip_suffix('%') {
            Some(percent) => Tripping::Share(share(percent, 100.0, text, EXAMPLE)?),
            None => Tripping::InARow(count(number, text, EXAMPLE)?),
        };
        Ok(Breaker { trips, open_for })
    }

    fn show(&self) -> Json {
        let trips = match self.trips {
            Tripping::InARow(number) => number.to_string(),
            Tripping::Share(share) => percent(share),
        };
        json!(format!("{trips}/{}", duration::exact(self.open_for)))
    }
}

/// Retries per first attempt, more than 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl Value for Share {
    const FORM: TomlForm = TomlForm::Share;

    fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "a share of the first attempts, such as 20% or 0.2";
        let text = text.trim_ascii();
        match text.strip_suffix('%') {
            Some(percent) => share(percent, 100.0, text, EXAMPLE),
            None => share(text, 1.0, text, EXAMPLE),
        }
        .map(Share)
    }

    fn show(&self) -> Json {
        json!(percent(self.0))
    }
}

fn share(number: &str, whole: f64, text: &str, example: &str) -> Result<f64, String> {
    match decimal(number).map(|number| number / whole) {
        Some(0.0) => Err(format!("the share in '{text}' is 0; use more, or drop the option")),
        Some(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(format!("invalid share '{text}': use {example}")),
    }
}

/// `20%`, without the digits that binary fractions add.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e8).round() / 1e6)
}

impl Value for GateWait {
    const FORM: TomlForm = TomlForm::Duration;

    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text).map(|wait| GateWait(Some(wait)))
    }

    fn show(&self) -> Json {
        self.0.map_or(Json::Null, |wait| json!(duration::exact(wait)))
    }
}

/// The longest wait for admission. Zero means none, `None` as long as the deadline allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateWait(pub Option<Duration>);

/// What a run does if shared state cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStateError {
    /// Run without limits.
    Proceed,
    /// Refuse the run, with exit 75.
    Fail,
}
words!(OnStateError: "proceed" = OnStateError::Proceed, "fail" = OnStateError::Fail);

/// The place of shared state: a directory, or the URL of a server.
#[derive(Clone, PartialEq, Eq)]
pub enum StatePlace {
    Directory(OsString),
    /// May hold a password: shown without it.
    Server(String),
}

impl StatePlace {
    /// The place without its password, for display.
    pub fn public(&self) -> String {
        match self {
            StatePlace::Directory(path) => path.to_string_lossy().into_owned(),
            StatePlace::Server(url) => without_password(url.clone()),
        }
    }
}

impl std::fmt::Debug for StatePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StatePlace").field(&self.public()).finish()
    }
}

impl Value for StatePlace {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(_) => {
                crate::store::Location::parse(text)?;
                Ok(StatePlace::Server(text.to_owned()))
            }
            None if text.starts_with("redis:") || text.starts_with("rediss:") => {
                Err("neither a directory nor a URL; use redis://HOST, or put ./ before a directory's name"
                    .to_owned())
            }
            None => Ok(StatePlace::Directory(text.into())),
        }
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        match texts.last() {
            Some(text) if text.is_empty() => {
                Err("the place is empty; use a directory or a redis:// URL".to_owned())
            }
            Some(text) => match text.to_str() {
                Some(text) => Self::parse(text),
                None => Ok(StatePlace::Directory(text.clone())),
            },
            None => Err("a value is missing".to_owned()),
        }
    }

    fn show(&self) -> Json {
        json!(self.public())
    }
}
