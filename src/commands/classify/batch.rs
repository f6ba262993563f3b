//! `retry classify --batch`: JSON lines in, an answer for each line out.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, Write};
use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Asked, rules};
use crate::classify::profile::Selection;
use crate::classify::{AttemptResult, CapturedText, Ending, Output, Rules, signal};
use crate::error::Error;
use crate::exit_code::Exit;
use crate::policy::user_profiles;
use crate::sys::{clock, files, output};

/// A line of the batch. What it does not hold was not seen.
#[derive(Deserialize)]
struct Line {
    argv: Option<Vec<String>>,
    exit_code: Option<i64>,
    /// A name or a number.
    signal: Option<Json>,
    timed_out: Option<bool>,
    stdout: Option<String>,
    stderr: Option<String>,
    /// Unix seconds.
    now: Option<f64>,
}

/// Answers line for line. A line that cannot be read is answered with what is wrong with it.
pub(super) fn batch(asked: &Asked, file: &OsStr, command: Vec<OsString>) -> Result<Exit, Error> {
    let cannot_read =
        |why: &std::io::Error| Error::system(&format!("cannot read the batch {}", file.display()), why);
    let input = files::open_or_stdin(file).map_err(|why| cannot_read(&why))?;
    let mut judges =
        Judges { asked, command, users: user_profiles(&asked.request.files), known: HashMap::new() };
    let mut out = output::buffered_stdout();
    for line in input.split(b'\n') {
        let line = line.map_err(|why| cannot_read(&why))?;
        let answer = judges.answer(&line).unwrap_or_else(|why| json!({"error": why}));
        match writeln!(out, "{answer}") {
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
    asked: &'a Asked,
    /// What a line without argv is judged as.
    command: Vec<OsString>,
    users: Vec<Rc<crate::classify::profile::Profile>>,
    known: HashMap<Vec<String>, Rules>,
}

impl Judges<'_> {
    fn answer(&mut self, line: &[u8]) -> Result<Json, String> {
        let line: Line = serde_json::from_slice(line).map_err(|why| format!("not a result: {why}"))?;
        let (attempt, argv) = line.into_attempt()?;
        let argv =
            argv.map_or_else(|| self.command.clone(), |argv| argv.into_iter().map(OsString::from).collect());
        let selection = Selection::choose(&self.asked.resolved.policy.profile.0, &argv, &self.users);
        let asked = self.asked;
        let rules = self.known.entry(selection.names).or_insert_with(|| rules(asked, &argv));
        Ok(super::json(&super::judge(rules, attempt)))
    }
}

impl Line {
    fn into_attempt(self) -> Result<(AttemptResult, Option<Vec<String>>), String> {
        let timed_out = self.timed_out.unwrap_or(false);
        let ending = match (self.exit_code, self.signal) {
            (_, Some(Json::String(name))) => {
                Ending::Signaled(signal::parse(&name).ok_or_else(|| format!("'{name}' is no signal"))?)
            }
            (_, Some(Json::Number(number))) => {
                let signal = signal::parse(&number.to_string());
                Ending::Signaled(signal.ok_or_else(|| format!("{number} is no signal"))?)
            }
            (_, Some(other)) if !other.is_null() => return Err(format!("{other} is no signal")),
            (Some(code), _) => {
                Ending::Exited(u8::try_from(code).map_err(|_| format!("{code} is no exit status"))?)
            }
            (None, _) if timed_out => Ending::Signaled(libc::SIGTERM),
            (None, _) => return Err("neither exit_code nor signal is there".to_owned()),
        };
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and whole seconds are enough")]
        let ended_at = self.now.map_or_else(clock::unix_seconds, |now| now as i64);
        let bytes = |text: Option<String>| text.map(|text| Rc::from(text.into_bytes()));
        let text = CapturedText { stdout: bytes(self.stdout), stderr: bytes(self.stderr) };
        let output = Output { text, ..Output::default() };
        Ok((AttemptResult { timed_out, output, ended_at, ..AttemptResult::ended(ending) }, self.argv))
    }
}
