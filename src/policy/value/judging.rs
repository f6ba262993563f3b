//! Values of settings that classify results.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value, utf8};
use crate::base::problem::nearest;
use crate::classify::{Channel, ExitSpecs, Otherwise, StreamPattern, signal, stream};
use crate::policy::pattern as patterns;

impl Value for ExitSpecs {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        ExitSpecs::parse(text)
    }

    fn schema() -> Json {
        patterns::exits()
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(ExitSpecs::default(), |mut all, text| {
            all.extend(ExitSpecs::parse(utf8(text)?)?);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        json!(self.items().collect::<Vec<_>>())
    }
}

/// Exit conditions that are codes only: a signal or a timeout cannot be a success.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExitCodes(pub ExitSpecs);

impl Value for ExitCodes {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        let specs = ExitSpecs::parse(text)?;
        match specs.other_than_codes() {
            Some(other) => Err(format!("'{other}' can't be a success; use exit codes such as 0,3 or 0-9")),
            None => Ok(ExitCodes(specs)),
        }
    }

    fn schema() -> Json {
        patterns::codes()
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(ExitCodes::default(), |mut all, text| {
            all.0.extend(Self::parse(utf8(text)?)?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        if self.0.is_empty() { json!(["0"]) } else { self.0.show() }
    }
}

/// Regular expressions over output, each with its stream: `RE` is for stderr, `stdout:RE` and `both:RE` for other streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patterns(pub Vec<StreamPattern>);

impl Patterns {
    /// Parses one pattern, for the stream `otherwise` if it names none.
    fn parse_one(text: &str, otherwise: Channel) -> Result<StreamPattern, String> {
        let named = text.split_once(':').and_then(|(name, regex)| {
            let (_, channel) = Channel::NAMES.iter().find(|(known, _)| *known == name)?;
            Some((*channel, regex))
        });
        let (channel, regex) = named.unwrap_or((otherwise, text));
        pattern(channel, regex)
    }
}

/// A pattern that is known to compile. The error says why it does not.
pub(in crate::policy) fn pattern(channel: Channel, regex: &str) -> Result<StreamPattern, String> {
    if regex.is_empty() {
        return Err("the pattern is empty and would match any line".to_owned());
    }
    let regex = stream::LineRegex::check(regex).map_err(|wrong| {
        let mut lines = wrong.lines();
        lines.pop();
        lines.insert(0, format!("the pattern does not compile: {}", wrong.reason()));
        lines.join(
            "
",
        )
    })?;
    Ok(StreamPattern { channel, regex })
}

impl Value for Patterns {
    const FORM: TomlForm = TomlForm::Patterns;

    fn parse(text: &str) -> Result<Self, String> {
        Self::parse_one(text, Channel::Stderr).map(|pattern| Patterns(vec![pattern]))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        let read = |text| Self::parse_one(utf8(text)?, Channel::Stderr);
        texts.iter().map(read).collect::<Result<_, _>>().map(Patterns)
    }

    fn show(&self) -> Json {
        json!(self.0.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

/// Regular expressions that must match for a success, on either stream unless they name one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DemandedPatterns(pub Vec<StreamPattern>);

impl Value for DemandedPatterns {
    const FORM: TomlForm = TomlForm::Patterns;

    fn parse(text: &str) -> Result<Self, String> {
        Patterns::parse_one(text, Channel::Both).map(|pattern| DemandedPatterns(vec![pattern]))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        let read = |text| Patterns::parse_one(utf8(text)?, Channel::Both);
        texts.iter().map(read).collect::<Result<_, _>>().map(DemandedPatterns)
    }

    fn show(&self) -> Json {
        let text = |pattern: &StreamPattern| match pattern.channel {
            Channel::Both => pattern.regex.text().to_owned(),
            channel => format!("{}:{}", channel.name(), pattern.regex.text()),
        };
        json!(self.0.iter().map(text).collect::<Vec<_>>())
    }
}

/// The profiles to use, in the order in which they are consulted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileNames(pub Vec<String>);

impl Default for ProfileNames {
    fn default() -> Self {
        Self(vec![crate::classify::profile::AUTO.to_owned()])
    }
}

impl Value for ProfileNames {
    const FORM: TomlForm = TomlForm::List;

    fn parse(text: &str) -> Result<Self, String> {
        let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err("the profile's name is empty; use auto, none, generic, or a tool's name".to_owned());
        }
        Ok(ProfileNames(names))
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().try_fold(ProfileNames(Vec::new()), |mut all, text| {
            all.0.extend(Self::parse(utf8(text)?)?.0);
            Ok(all)
        })
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}

/// A signal to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(pub i32);

impl Value for Signal {
    const FORM: TomlForm = TomlForm::Text;

    fn parse(text: &str) -> Result<Self, String> {
        signal::parse(text.trim_ascii()).map(Signal).ok_or_else(|| {
            let name = text.trim_ascii().to_ascii_uppercase();
            match nearest(name.strip_prefix("SIG").unwrap_or(&name), signal::names()) {
                Some(near) => format!("invalid signal '{text}'; did you mean {near}?"),
                None => format!("invalid signal '{text}': use a name such as TERM or INT, or a number"),
            }
        })
    }

    fn schema() -> Json {
        patterns::signal()
    }

    fn show(&self) -> Json {
        json!(signal::name(self.0).trim_start_matches("SIG"))
    }
}

words!(Otherwise: "retry" = Otherwise::Retry, "stop" = Otherwise::Stop);
