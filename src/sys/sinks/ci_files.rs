//! The sink that reports a finished run to a CI system in files: a row in the step's summary, and outputs for later steps.
//! A failure to write a file is a warning.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use super::Sink;
use crate::base::duration::approximate;
use crate::base::words::of_system;
use crate::classify::signal;
use crate::dialect::{Dialect, Facts, SUMMARY_HEAD, continues_table, dotenv, github_outputs, summary_row};
use crate::event::{Event, Level, Outcome, Record, RunIdentity, RunStop, Tally, micros};
use crate::policy::Policy;
use crate::policy::value::{MessageFormat, MessagesTo, OutputsTo, Summary};
use crate::sys::{environment, identity};

pub(super) struct CiFiles {
    /// The file to which a row is added, and whether also for a success on the first attempt.
    summary: Option<(OsString, bool)>,
    outputs: Option<Outputs>,
    max: Option<u64>,
}

enum Outputs {
    Github(OsString),
    Dotenv(OsString),
}

/// The largest summary that is extended: GitHub drops one of more than 1,024 KiB completely.
const MAX_SUMMARY_BYTES: u64 = 900 * 1024;
/// Bytes at the end of a summary that are inspected.
const END_BYTES: u64 = 4096;

impl CiFiles {
    /// Opens the requested files; `None` if there are none. The second value is a warning.
    pub(super) fn new(policy: &Policy, identity: &RunIdentity) -> (Option<Self>, Option<&'static str>) {
        let (outputs, warning) = match &policy.outputs {
            None => (None, None),
            Some(OutputsTo::File(path)) => (Some(Outputs::Dotenv(path.clone())), None),
            // The console writes them.
            Some(OutputsTo::Github) if dialect(policy) == Some(Dialect::Azure) => (
                None,
                (policy.messages_to != MessagesTo::Stdout).then_some(
                    "no outputs: Azure reads them on stdout; use --messages-to stdout, or --outputs=FILE",
                ),
            ),
            Some(OutputsTo::Github) => match environment::get("GITHUB_OUTPUT") {
                Some(path) => (Some(Outputs::Github(path)), None),
                None => (None, Some("no outputs: GITHUB_OUTPUT is not set; use --outputs=FILE")),
            },
        };
        let summary = summary(policy, identity);
        let is_wanted = summary.is_some() || outputs.is_some();
        (is_wanted.then(|| Self { summary, outputs, max: policy.attempts().times() }), warning)
    }

    fn stop(&self, run: &RunIdentity, stop: &RunStop) -> Result<(), String> {
        let facts = facts(run, stop, self.max);
        let told = match &self.outputs {
            None => Ok(()),
            Some(Outputs::Dotenv(path)) => write(path, &dotenv(&facts), true),
            Some(Outputs::Github(path)) => {
                let delimiter = format!("retry-{:032x}", u128::from_ne_bytes(identity::entropy()));
                write(path, &github_outputs(&facts, &delimiter), false)
            }
        };
        let row = match &self.summary {
            Some((path, always)) if *always || !facts.succeeded || facts.rescued => add_row(path, &facts),
            _ => Ok(()),
        };
        told.and(row)
    }
}

/// A finished run, as reported to later steps of a job.
pub(super) fn facts<'a>(run: &'a RunIdentity, stop: &'a RunStop, max: Option<u64>) -> Facts<'a> {
    let seen: Vec<_> = stop.failures.iter().map(Tally::to_string).collect();
    Facts {
        name: &run.name,
        outcome: stop.outcome.name(),
        succeeded: stop.outcome == Outcome::Succeeded,
        rescued: stop.rescued,
        attempts: stop.attempts,
        max,
        status: stop.exit_code.or_else(|| signal::status(stop.signal.as_ref()?)).unwrap_or(0),
        elapsed_ms: micros(stop.elapsed_ms) / 1000,
        waited_ms: micros(stop.slept_ms) / 1000,
        waited: approximate(Duration::from_micros(micros(stop.slept_ms))),
        seen: seen.join(", "),
        last_reason: stop.failures.last().map_or("", |tally| &tally.reason),
    }
}

/// The CI system of the message format.
pub(super) fn dialect(policy: &Policy) -> Option<Dialect> {
    match policy.message_format {
        MessageFormat::Ci(dialect) => Some(dialect),
        MessageFormat::Auto => Dialect::detect(|name| environment::get(name).is_some()),
        MessageFormat::Text | MessageFormat::Json => None,
    }
}

impl Sink for CiFiles {
    fn least_level(&self) -> Level {
        Level::Info
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event, Event::RunStop(_))
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), String> {
        match record.event {
            Event::RunStop(stop) => self.stop(record.run, stop),
            _ => Ok(()),
        }
    }
}

/// The summary that gets a row: only in the dialect of GitHub and for the outermost run. Systems that imitate GitHub have
/// the file but do not show it.
fn summary(policy: &Policy, identity: &RunIdentity) -> Option<(OsString, bool)> {
    let is_set = |name: &str| environment::get(name).is_some();
    let imitated = ["GITEA_ACTIONS", "FORGEJO_ACTIONS", "ACT"].into_iter().any(is_set);
    let is_wanted = dialect(policy) == Some(Dialect::Github) && policy.summary != Summary::Never;
    let path = (is_wanted && !imitated && identity.parent.is_none())
        .then(|| environment::get("GITHUB_STEP_SUMMARY"));
    Some((path.flatten()?, policy.summary == Summary::Always))
}

/// Writes the text in one piece, appending to the file or replacing it.
fn write(path: &OsStr, text: &str, instead: bool) -> Result<(), String> {
    let mut options = options();
    let options = if instead { options.write(true).truncate(true) } else { options.append(true) };
    let written = options.create(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|why| format!("cannot write outputs to {}: {}", path.display(), of_system(&why)))
}

/// Opens without waiting for a FIFO's reader.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).mode(0o644);
    options
}

fn add_row(path: &OsStr, facts: &Facts<'_>) -> Result<(), String> {
    let added = || -> io::Result<()> {
        let mut file = options().read(true).append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        if length > MAX_SUMMARY_BYTES {
            return Ok(());
        }
        let end = end(&mut file, length)?;
        let head = match end.as_str() {
            end if continues_table(end) => "",
            "" => SUMMARY_HEAD,
            // A table begins after an empty line.
            _ => &format!("\n\n{SUMMARY_HEAD}"),
        };
        file.write_all(format!("{head}{}", summary_row(facts)).as_bytes())
    };
    added().map_err(|why| format!("cannot add to the summary {}: {}", path.display(), of_system(&why)))
}

fn end(file: &mut File, length: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    let mut end = Vec::new();
    file.take(END_BYTES).read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}
