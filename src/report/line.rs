//! A parsed line of the log: flat, and borrowed from the input unless escapes prevent it. A test compares it with the
//! events that are written (`crate::event`).

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use memchr::memchr;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::time;
use crate::event::{Outcome, VERSION};

/// Text that borrows from the input. `Option<Cow<str>>` would always own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}

/// A line in the object of a collector: text, or an array of its bytes, as journald writes what is not printable throughout.
#[derive(Debug)]
pub(super) struct Wrapped<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Wrapped<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrBytes;
        impl<'de> Visitor<'de> for TextOrBytes {
            type Value = Wrapped<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or bytes")
            }

            fn visit_unit<E: Error>(self) -> Result<Wrapped<'de>, E> {
                Err(E::custom(
                    "journalctl leaves out a message of more than 4096 bytes unless it is given --all",
                ))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Wrapped<'de>, E> {
                Ok(Wrapped(Cow::Borrowed(text.as_bytes())))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Wrapped<'de>, E> {
                Ok(Wrapped(Cow::Owned(text.as_bytes().to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Wrapped<'de>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = sequence.next_element()? {
                    bytes.push(byte);
                }
                Ok(Wrapped(Cow::Owned(bytes)))
            }
        }
        deserializer.deserialize_any(TextOrBytes)
    }
}

/// Every field of every event that a report needs. A field that a line lacks is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line<'a> {
    pub v: Option<u32>,
    #[serde(borrow)]
    pub ts: Text<'a>,
    #[serde(borrow)]
    pub event: Text<'a>,
    #[serde(borrow)]
    pub message: Text<'a>,
    #[serde(borrow)]
    pub run: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub host: Text<'a>,
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
    #[serde(borrow)]
    pub labels: Labels<'a>,
    #[serde(borrow)]
    pub policy: Option<Text<'a>>,
    #[serde(borrow)]
    pub program: Option<Text<'a>>,
    #[serde(borrow)]
    pub argv: Option<Vec<Text<'a>>>,
    /// Parsed on demand.
    #[serde(borrow)]
    pub settings: Option<&'a RawValue>,
    pub max: Option<u64>,
    pub attempt: u64,
    pub child_pid: Option<i32>,
    pub duration_ms: f64,
    pub exit_code: Option<u8>,
    #[serde(borrow)]
    pub signal: Option<Text<'a>>,
    pub timed_out: bool,
    #[serde(borrow)]
    pub class: Text<'a>,
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub rule: Rule<'a>,
    #[serde(borrow)]
    pub reason: Text<'a>,
    #[serde(borrow)]
    pub error: Text<'a>,
    #[serde(borrow)]
    pub quote: Option<Text<'a>>,
    pub http_status: Option<u16>,
    pub retry_after_ms: Option<f64>,
    #[serde(borrow)]
    pub stdout_tail: Option<Text<'a>>,
    #[serde(borrow)]
    pub stderr_tail: Option<Text<'a>>,
    pub backoff_ms: f64,
    pub delay_ms: f64,
    #[serde(borrow)]
    pub limit: Text<'a>,
    pub wait_ms: f64,
    #[serde(borrow)]
    pub outcome: Text<'a>,
    pub attempts: u64,
    pub elapsed_ms: f64,
    pub slept_ms: f64,
    #[serde(borrow)]
    pub started_at: Option<Text<'a>>,
    #[serde(borrow)]
    pub failures: Vec<Tally<'a>>,
    #[serde(borrow)]
    pub letter: Option<Text<'a>>,
    /// The line as journald wraps it.
    #[serde(borrow, rename = "MESSAGE", deserialize_with = "exported")]
    pub journal: Option<Wrapped<'a>>,
    /// The line as Docker's `json-file` wraps it.
    #[serde(borrow, rename = "log")]
    pub docker: Option<Wrapped<'a>>,
}

/// A field of journald that is there, be it as null.
fn exported<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Wrapped<'de>>, D::Error> {
    Wrapped::deserialize(deserializer).map(Some)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule<'a> {
    #[serde(borrow)]
    pub source: Text<'a>,
    #[serde(borrow)]
    pub profile: Option<Text<'a>>,
    #[serde(borrow)]
    pub id: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tally<'a> {
    #[serde(borrow)]
    pub reason: Text<'a>,
    pub count: u64,
}

/// The labels, in the order of the line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Labels<'a>(pub Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Labels<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Labels(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Line<'_> {
    /// The moment of the event, in microseconds since the Unix epoch.
    pub(super) fn at(&self) -> Option<i64> {
        time::micros(&self.ts)
    }

    /// When the run began, in microseconds since the Unix epoch, according to its end.
    pub(super) fn started_at(&self) -> Option<i64> {
        time::micros(self.started_at.as_ref()?)
    }

    /// Whether a newer `retry` wrote the line, which may mean more than is read here.
    pub(super) fn is_newer(&self) -> bool {
        self.v.is_some_and(|version| version > VERSION)
    }

    /// How the run ended. An end that a newer version has added is an error here.
    pub(super) fn ended(&self) -> Outcome {
        let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(&self.outcome);
        Outcome::deserialize(text).unwrap_or(Outcome::Error)
    }
}

/// Parses a line and passes it on. The object may follow a prefix (a time, a container's name), or be text in an object of
/// journald or Docker. The error says why it is not a line of a log.
pub(super) fn read<T>(bytes: &[u8], then: impl FnOnce(&Line<'_>, i64) -> T) -> Result<T, String> {
    let line = parse(bytes)?;
    let wrapped = line.journal.as_ref().or(line.docker.as_ref()).filter(|_| line.v.is_none());
    match wrapped {
        Some(Wrapped(inner)) => ours(&parse(inner)?, then),
        None => ours(&line, then),
    }
}

fn parse(bytes: &[u8]) -> Result<Line<'_>, String> {
    let begin = memchr(b'{', bytes).ok_or("no JSON object")?;
    serde_json::from_slice(&bytes[begin..]).map_err(|why| {
        let text = why.to_string();
        text.split(" at line ").next().unwrap_or_default().to_owned()
    })
}

fn ours<T>(line: &Line<'_>, then: impl FnOnce(&Line<'_>, i64) -> T) -> Result<T, String> {
    let missing = match line {
        Line { v: None | Some(0), .. } => "v",
        _ if line.event.is_empty() => "event",
        _ if line.run.is_empty() => "run",
        _ => match line.at() {
            Some(at) => return Ok(then(line, at)),
            None => "ts",
        },
    };
    Err(format!("no field `{missing}` of a log"))
}
