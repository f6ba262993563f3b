//! Values of settings for pings and traces.

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::{TomlForm, Value};
use crate::base::secrets::HIDDEN;
use crate::ping::{Kind, Target};

/// The URL of a check that is pinged; a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingUrl(pub Target);

impl Value for PingUrl {
    const FORM: TomlForm = TomlForm::Text;
    const IS_SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Target::parse(text).map(PingUrl)
    }

    fn read(texts: &[OsString]) -> Result<Self, String> {
        let text = texts.last().and_then(|text| text.to_str());
        Self::parse(text.ok_or("the URL is missing or not UTF-8")?)
    }

    fn show(&self) -> Json {
        json!(HIDDEN)
    }
}

/// The dialect of pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingKind {
    /// The kind that the URL's host implies.
    Auto,
    Fixed(Kind),
}
words!(
    PingKind:
    "auto" = PingKind::Auto,
    "healthchecks" = PingKind::Fixed(Kind::Healthchecks),
    "sentry" = PingKind::Fixed(Kind::Sentry),
    "cronitor" = PingKind::Fixed(Kind::Cronitor),
);

/// Whether spans are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// If OpenTelemetry's variables name an endpoint.
    Auto,
    Off,
}
words!(Traces: "auto" = Traces::Auto, "off" = Traces::Off);
