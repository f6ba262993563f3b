//! `retry replay FILE|DIR…`: runs dead letters again, oldest first. Each letter is run by a copy of this program
//! (`run/replayed.rs`), which shares the letter's lock with us: whichever process is killed, no other replay takes a letter
//! that is still running.

mod find;
mod list;
mod options;
mod pass;
mod show;
mod words;

use self::options::{ReplayOptions, Task};
use self::pass::Pass;
use super::run::replayed;
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::sys::output;
use crate::sys::supervise::handed_down;

pub(super) fn replay(invocation: &Invocation) -> Result<Exit, Error> {
    let handed = handed_down().map_err(|why| Error::system("cannot replay a letter", &why))?;
    if let Some([letter, report]) = handed {
        return replayed::run(invocation, letter, report);
    }
    let asked = ReplayOptions::read(invocation)?;
    let operands = invocation.operands();
    if operands.is_empty() {
        return Err(Error::usage("no letter given")
            .hint("usage: retry replay [OPTIONS] FILE|DIR..., for example retry replay /var/spool/retry"));
    }
    let found = find::find(operands)?;
    if found.is_empty() {
        let places: Vec<_> = operands.iter().map(|place| place.to_string_lossy()).collect();
        say(&asked, &format!("no letters in {}", places.join(", ")));
    }
    match asked.task {
        Task::List => list::list(&found, &asked, super::format(invocation, &["text", "json"])?),
        Task::Show { script } => show::show(&found, script),
        Task::DryRun => show::dry_run(&found, &asked),
        Task::Run => Ok(Pass::new(&found, &asked)?.run()),
    }
}

/// Prints a message on stderr, unless the replay is quiet.
fn say(asked: &ReplayOptions, text: &str) {
    if !asked.quiet {
        output::to_stderr(&format!("retry: {}\n", output::printable(text)));
    }
}
