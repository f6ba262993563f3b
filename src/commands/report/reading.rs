//! Reads the named logs, one after the other, and shows the progress on a terminal. Ctrl-C ends the reading, and what was
//! read so far is reported.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::rc::Rc;

use super::progress::Progress;
use crate::base::error::Error;
use crate::base::words::of_system;
use crate::cli::Invocation;
use crate::commands::warn;
use crate::report::{Analysis, Input};
use crate::sys::logs::{self, BLOCK, Content, Log};
use crate::sys::output::{self, printable};
use crate::sys::{environment, supervise::Interrupt};

/// The named logs, all of which are inspected before any is read.
pub(super) fn named(invocation: &Invocation) -> Result<Vec<Log>, Error> {
    let mut paths = invocation.operands().to_vec();
    if paths.is_empty() {
        if environment::stdin_is_terminal() {
            return Err(
                Error::usage("no log given").hint("usage: retry report LOG; a log is what --log FILE writes")
            );
        }
        paths.push("-".into());
    }
    let mut found = Vec::new();
    for path in paths {
        found.extend(if invocation.is_set("rotated") { with_rotated(path)? } else { vec![find(&path)?] });
    }
    let found = logs::in_order(found);
    match invocation.value("output") {
        Some(output) if found.iter().any(|log| log.is(output)) => Err(would_lose(output)),
        _ => Ok(found),
    }
}

/// A file to write is a log to read.
pub(super) fn would_lose(log: &OsStr) -> Error {
    Error::usage(format!("{} is one of the logs to read: writing to it would destroy it", log.display()))
}

fn find(path: &OsString) -> Result<Log, Error> {
    Log::find(path).map_err(|why| cannot_read(path, &why))
}

/// A log preceded by its older parts.
fn with_rotated(path: OsString) -> Result<Vec<Log>, Error> {
    let mut paths = Vec::new();
    if path != "-" {
        paths = logs::rotated(&path).map_err(|why| cannot_read(&path, &why))?;
    }
    paths.push(path);
    let mut parts = paths.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    logs::keep_order(&mut parts);
    Ok(parts)
}

pub(in crate::commands) fn cannot_read(path: &OsString, why: &std::io::Error) -> Error {
    Error::system(&format!("cannot read {}", path.display()), why)
}

/// Reads the logs to the end or until Ctrl-C. `verb`: the command that reads a log from its stdin.
pub(in crate::commands) fn read(logs: Vec<Log>, analysis: &mut Analysis, verb: &str) -> Result<(), Error> {
    let counter = Rc::new(Cell::new(0));
    let size = logs.iter().map(Log::size).sum();
    let mut progress = Progress::new(Rc::clone(&counter), size);
    let interrupt = Interrupt::watch();
    for log in logs {
        let path = log.path.clone();
        let name = if path == "-" { "stdin".to_owned() } else { path.to_string_lossy().into_owned() };
        let stream = match log.open(&counter).map_err(|why| cannot_read(&path, &why))? {
            Content::Lines(stream) => stream,
            Content::Zstd => {
                let file = if path == "-" { "FILE".to_owned() } else { name.clone() };
                return Err(Error::usage(format!("{name}: zstd is not supported"))
                    .hint(format!("use zstdcat {file} | {verb}")));
            }
        };
        analysis.begin(&name);
        stream_in(stream, &name, analysis, &interrupt, &mut progress);
        if interrupt.came() {
            analysis.interrupt();
            break;
        }
        analysis.end();
    }
    progress.clear();
    complain(analysis.input())
}

/// Reads a stream to its end, or until Ctrl-C.
pub(super) fn stream_in(
    mut stream: Box<dyn Read>,
    name: &str,
    analysis: &mut Analysis,
    interrupt: &Interrupt,
    progress: &mut Progress,
) {
    let mut block = vec![0; BLOCK];
    while !interrupt.came() {
        match stream.read(&mut block) {
            Ok(0) => break,
            Ok(length) => analysis.feed(&block[..length]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => {
                progress.clear();
                warn(&format!("{name} was read only in part: {}", of_system(&why)));
                analysis.cut_short();
                break;
            }
        }
        progress.show();
    }
}

/// Reports what was not read. Input without any line of a log is an error.
pub(super) fn complain(input: &Input) -> Result<(), Error> {
    let first = input.first_skipped.as_ref().map(|(file, line, why)| format!("{file}:{line}: {why}"));
    if input.interrupted {
        output::to_stderr("retry: interrupted: only part of the logs was read\n");
    }
    let unread = input.skipped + input.too_long + input.cut_off;
    if input.ours == 0 && unread > 0 {
        let error = Error::usage("not a log of retry: no line is an event of a run");
        return Err(match first {
            Some(first) => error.hint(format!("first skipped line: {first}")),
            None => error,
        });
    }
    let note = |text: &str| output::to_stderr(&format!("retry: {}\n", printable(text)));
    if let Some(first) = first {
        note(&format!("{} of {} lines skipped (first: {first})", input.skipped, input.lines));
    }
    if input.too_long > 0 {
        note(&format!("{} of {} lines skipped: too long (over 1 MiB)", input.too_long, input.lines));
    }
    if input.cut_off > input.cut_short {
        note("the last line is incomplete: its writer was killed or is still writing");
    }
    if input.newer > 0 {
        note(&format!(
            "{} of {} lines were written by a newer retry: only the known fields were read",
            input.newer, input.lines
        ));
    }
    Ok(())
}
