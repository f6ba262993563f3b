//! Values that are about the command's streams.

use serde_json::{Value as Json, json};

use super::{Form, Value};

/// What becomes of the command's stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StdoutMode {
    /// It goes where it would go.
    Stream,
    /// Only that of the successful attempt does, at the end.
    Success,
    /// It goes nowhere.
    Null,
}
words!(StdoutMode, "way for stdout": "stream" = StdoutMode::Stream, "success" = StdoutMode::Success, "null" = StdoutMode::Null);

/// What becomes of the command's stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StderrMode {
    /// It goes where it would go.
    Stream,
    /// Only that of the last attempt does.
    Last,
    /// It goes nowhere.
    Null,
}
words!(StderrMode, "way for stderr": "stream" = StderrMode::Stream, "last" = StderrMode::Last, "null" = StderrMode::Null);

/// An amount of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// As `head -c` and `dd` have them.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("kB", 1000),
    ("KB", 1000),
    ("k", 1 << 10),
    ("K", 1 << 10),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("M", 1 << 20),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("G", 1 << 30),
    ("GiB", 1 << 30),
];

impl Value for Size {
    const FORM: Form = Form::Size;

    fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at(digits);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, bytes)| *bytes);
        let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        bytes
            .map(Size)
            .ok_or_else(|| format!("'{text}' is no size: write a number of bytes, or 64KiB, 1MiB, 1GiB"))
    }

    fn show(&self) -> Json {
        json!(self.0)
    }
}
