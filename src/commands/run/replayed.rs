//! Runs a dead letter again: in its directory, with its umask and input, under its settings and those of the command line.
//! Reports the result to the replay that started us.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Driver, wrapped::Wrapped};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::commands::{about_words, gather, has_several, setup};
use crate::event::OUTCOMES;
use crate::letter::{self, Mistake, Stdin};
use crate::policy::layer::Origin;
use crate::policy::value::{FilePath, LetterOutcomes, StatePlace};
use crate::policy::{Policy, policy_names};
use crate::session::LetterFacts;
use crate::sys::environment::Outer;
use crate::sys::letterbox::{self, Letter};
use crate::sys::spool::Spool;
use crate::sys::supervise::Inputs;
use crate::sys::{identity, output};

/// The result of a letter's run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::commands) struct LetterReport {
    pub(in crate::commands) run: String,
    pub(in crate::commands) outcome: String,
    pub(in crate::commands) class: Option<String>,
    pub(in crate::commands) reason: Option<String>,
}

/// The inputs and the idempotency key of a letter's run, and the file for its report.
pub(super) struct Replayed {
    pub(super) inputs: Inputs,
    pub(super) key: String,
    pub(super) report: OwnedFd,
}

/// Runs the letter that the replay passed to us.
pub(in crate::commands) fn run(
    invocation: &Invocation,
    letter: OwnedFd,
    report: OwnedFd,
) -> Result<Exit, Error> {
    let refused = |mistake: Mistake| Error::usage(format!("cannot replay: {mistake}"));
    let letter = letterbox::read(Path::new(""), letter).map_err(|why| refused(Mistake(why)))?;
    let outer = Outer::find();
    let (mut request, mut warnings) = gather(invocation, &outer)?;
    if !invocation.is_set("ignore-settings") {
        request.letter = letter::layer(&letter.header.settings).map_err(refused)?;
        match &letter.header.policy {
            Some(name) if request.named.is_none() && policy_names(&request.files).contains(&&**name) => {
                request.named = Some((name.clone(), Origin::Letter));
            }
            Some(name) if request.named.is_none() => {
                warnings.push(format!(
                    "the letter's policy '{name}' no longer exists; using the settings stored in the letter"
                ));
            }
            _ => {}
        }
    }
    let words = letter.header.command().map_err(refused)?;
    let shell = letter.header.shell.as_ref().map(OsString::from);
    let about = |_: &Policy| about_words(&words, shell.is_some());
    let mut asked = setup(request, warnings, about, true, words.first())?;
    asked.several = shell.is_some() && words.first().is_some_and(|line| has_several(line));
    let here = identity::directory();
    let named_state = *asked.resolved.origin("state") == Origin::Flag;
    let policy = &mut asked.resolved.policy;
    policy.shell = shell.clone().map(crate::policy::value::Shell);
    // Paths on the command line are relative to where it was typed.
    if let Some(FilePath(path)) = &mut policy.log
        && path != "-"
    {
        *path = absolute(&here, path);
    }
    if let Some(StatePlace::Directory(place)) = &mut policy.state
        && named_state
    {
        *place = absolute(&here, place);
    }
    // The session asks for a letter at every end: that request triggers the report.
    policy.dead_letter = Some(FilePath("-".into()));
    policy.dead_letter_on = LetterOutcomes(OUTCOMES.map(|(_, word)| word).to_vec());
    go_there(&letter)?;
    let mut command = Wrapped::new(words, shell.as_ref())?;
    if !letter.header.name.is_empty() {
        command.name.clone_from(&letter.header.name);
    }
    let key = match &*letter.header.idempotency_key {
        "" => letter.header.run.clone(),
        key => key.to_owned(),
    };
    let inputs = inputs(letter, invocation.is_set("force"))?;
    super::drive(&asked, command, outer, Some(Replayed { inputs, key, report }))
}

fn absolute(here: &OsStr, path: &OsStr) -> OsString {
    PathBuf::from(here).join(path).into()
}

/// Changes to the letter's directory and umask.
fn go_there(letter: &Letter) -> Result<(), Error> {
    let directory = letter.header.directory().map_err(|mistake| Error::usage(mistake.to_string()))?;
    if !directory.is_empty() {
        identity::change_directory(&directory).map_err(|why| {
            Error::system(
                &format!("cannot change to {}", output::printable(&directory.to_string_lossy())),
                &why,
            )
        })?;
    }
    if let Some(mask) = letter.header.mask() {
        identity::set_umask(mask);
    }
    Ok(())
}

/// The command's input: always a pipe, since from a file the header could be read.
fn inputs(letter: Letter, force: bool) -> Result<Inputs, Error> {
    let trouble = |why: &std::io::Error| Error::system("cannot read the letter's input", why);
    match &letter.header.stdin {
        Stdin::None => Ok(Inputs::only(crate::sys::spool::null().map_err(|why| trouble(&why))?)),
        Stdin::Bytes { bytes, .. } | Stdin::Partial { bytes, .. } => {
            let bytes = *bytes;
            Ok(Inputs::replayed(Spool::of_file(letter.file, letter.length.header, bytes)))
        }
        Stdin::File { offset, .. } => {
            let file = letter.open_input(force).map_err(Error::usage)?;
            let size =
                rustix::fs::fstat(&file).map_err(|errno| trouble(&errno.into()))?.st_size.unsigned_abs();
            Ok(Inputs::replayed(Spool::of_file(file, *offset, size.saturating_sub(*offset))))
        }
    }
}

impl Driver<'_> {
    /// Reports the letter's result to the replay that started us.
    pub(super) fn report(&self, report: &OwnedFd, facts: &LetterFacts) {
        let told = LetterReport {
            run: self.run.clone(),
            outcome: facts.outcome.name().to_owned(),
            class: facts.last.as_ref().map(|last| last.class.to_owned()),
            reason: facts.last.as_ref().map(|last| last.reason.clone()),
        };
        if let Ok(line) = serde_json::to_vec(&told) {
            // If that fails, the exit status has to suffice.
            let _lost = rustix::io::pwrite(report, &line, 0);
        }
    }
}
