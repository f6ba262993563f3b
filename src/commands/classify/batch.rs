//! `retry classify --batch`: reads JSON lines and prints an answer for each.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::rc::Rc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use super::{Setup, rules};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::classify::profile::{Claims, Selection};
use crate::classify::{AttemptResult, CapturedText, Ending, Output, Rules, signal};
use crate::policy::user_profiles;
use crate::sys::{clock, files, output};

/// A line of the batch. Missing fields were not observed.
#[derive(Deserialize)]
struct Line {
    argv: Option<Vec<Bytes>>,
    /// A status; negative for a signal, as in Python: -9 is SIGKILL.
    exit_code: Option<f64>,
    /// A name or a number.
    signal: Option<Json>,
    timed_out: Option<bool>,
    stdout: Option<Bytes>,
    stderr: Option<Bytes>,
    /// Unix seconds.
    now: Option<f64>,
}

/// Output of a tool. May contain lone surrogates, by which Python's JSON represents bytes that are not UTF-8.
#[derive(Clone, Deserialize)]
struct Bytes(#[serde(deserialize_with = "bytes")] Vec<u8>);

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("text")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_str<E>(self, text: &str) -> Result<Vec<u8>, E> {
            Ok(text.as_bytes().to_vec())
        }
    }
    deserializer.deserialize_bytes(Text)
}

/// The number of command lines whose judges are kept.
const MOST_KNOWN: usize = 1000;

/// Answers line by line. The answer to a line that cannot be read is its mistake.
pub(super) fn batch(
    asked: &Setup,
    file: &OsStr,
    command: Vec<OsString>,
    now: Option<i64>,
) -> Result<Exit, Error> {
    let cannot_read =
        |why: &std::io::Error| Error::system(&format!("cannot read the batch {}", file.display()), why);
    let input = files::open_or_stdin(file).map_err(|why| cannot_read(&why))?;
    let mut judges =
        Judges { asked, command, now, users: user_profiles(&asked.request.files), known: HashMap::new() };
    // A program that writes line by line may wait for each answer.
    let at_once = file == "-";
    let mut out = output::buffered_stdout();
    for line in input.split(b'\n') {
        let line = line.map_err(|why| cannot_read(&why))?;
        let answer = judges.answer(&line).unwrap_or_else(|why| json!({"error": why}));
        let told = writeln!(out, "{}", output::printable_json(&answer.to_string()))
            .and_then(|()| if at_once { out.flush() } else { Ok(()) });
        match told {
            Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Status(0)),
            written => written.map_err(|why| Error::system("cannot write to stdout", &why))?,
        }
    }
    match out.flush() {
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::system("cannot write to stdout", &why))
        }
        _ => Ok(Exit::Status(0)),
    }
}

/// The judges of the commands seen so far: patterns are compiled once for all lines.
struct Judges<'a> {
    asked: &'a Setup,
    /// The command for lines without `argv`.
    command: Vec<OsString>,
    /// The time of lines that do not state one.
    now: Option<i64>,
    users: Vec<Rc<crate::classify::profile::Profile>>,
    known: HashMap<(Vec<String>, Claims, Vec<OsString>), Rules>,
}

impl Judges<'_> {
    fn answer(&mut self, line: &[u8]) -> Result<Json, String> {
        if !line.trim_ascii_start().starts_with(b"{") {
            return Err("not a result: use a JSON object such as {\"exit_code\": 1}".to_owned());
        }
        let line: Line = serde_json::from_slice(line).map_err(|why| format!("not a result: {why}"))?;
        let (attempt, argv) = line.into_attempt(self.now)?;
        let words = |argv: Vec<Bytes>| argv.into_iter().map(|word| OsString::from_vec(word.0)).collect();
        let argv = argv.map_or_else(|| self.command.clone(), words);
        let selection = Selection::choose(&self.asked.resolved.policy.profile.0, &argv, &self.users);
        let asked = self.asked;
        let known = (selection.names, selection.claims, selection.arguments);
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let rules = self.known.entry(known).or_insert_with(|| rules(asked, &argv));
        let used = super::Used::of(rules, &attempt);
        Ok(super::json(&rules.classify_text(attempt), &used))
    }
}

/// An exit status, or the negative number of a signal.
fn exit(code: f64) -> Option<Ending> {
    if code.fract() != 0.0 || !(-64.0..256.0).contains(&code) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "small and whole")]
    let code = code as i32;
    match u8::try_from(code) {
        Ok(status) => Some(Ending::Exited(status)),
        Err(_) => signal::parse(&(-code).to_string()).map(Ending::Signaled),
    }
}

impl Line {
    fn into_attempt(self, now: Option<i64>) -> Result<(AttemptResult, Option<Vec<Bytes>>), String> {
        let timed_out = self.timed_out.unwrap_or(false);
        let signal = self.signal.filter(|signal| signal != "");
        let ending = match (self.exit_code, signal) {
            (_, Some(Json::String(name))) => {
                Ending::Signaled(signal::parse(&name).ok_or_else(|| format!("invalid signal '{name}'"))?)
            }
            (_, Some(Json::Number(number))) => {
                let signal = signal::parse(&number.to_string());
                Ending::Signaled(signal.ok_or_else(|| format!("invalid signal {number}"))?)
            }
            (_, Some(other)) if !other.is_null() => return Err(format!("invalid signal {other}")),
            (Some(code), _) => exit(code).ok_or_else(|| format!("invalid exit status {code}"))?,
            (None, _) if timed_out => Ending::Signaled(libc::SIGTERM),
            (None, _) => return Err("exit_code or signal is missing".to_owned()),
        };
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and whole seconds are enough")]
        let ended_at = self.now.map(|now| now as i64).or(now).unwrap_or_else(clock::unix_seconds);
        let bytes = |text: Option<Bytes>| text.map(|text| Rc::from(text.0));
        let text = CapturedText { stdout: bytes(self.stdout), stderr: bytes(self.stderr), merged: false };
        let output = Some(Box::new(Output { text, ..Output::default() }));
        Ok((AttemptResult { timed_out, output, ended_at, ..AttemptResult::ended(ending) }, self.argv))
    }
}
