//! `--format prometheus --checkpoint FILE`: reads only what was logged since the last report, and adds it to the counters
//! of that report. A log that was rotated meanwhile is read to its end under its new name.

use std::cell::Cell;
use std::ffi::OsStr;
use std::rc::Rc;

use super::progress::Progress;
use super::reading::{cannot_read, complain, stream_in, would_lose};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::commands::warn;
use crate::report::checkpoint::{Checkpoint, HEAD_BYTES, Place};
use crate::report::{Analysis, Options};
use crate::sys::logs::{self, Resumed};
use crate::sys::{files, supervise::Interrupt};

/// Options that would make counters decrease, or change what they count between reports.
const CONFLICTS: [(&str, &str); 14] = [
    ("since", "--since"),
    ("until", "--until"),
    ("name", "--name"),
    ("key", "--key"),
    ("label", "--label"),
    ("host", "--host"),
    ("outcome", "--outcome"),
    ("run", "--run"),
    ("max-rescued", "--max-rescued"),
    ("max-failed", "--max-failed"),
    ("max-unfinished", "--max-unfinished"),
    ("draft-rules", "--draft-rules"),
    ("rejudge", "--rejudge"),
    ("rotated", "--rotated"),
];

/// Updates the counters, saves the checkpoint, and writes the counters.
pub(super) fn report(invocation: &Invocation, file: &OsStr, format: &str) -> Result<Exit, Error> {
    if format != "prometheus" {
        return Err(Error::usage("--checkpoint needs --format prometheus"));
    }
    let given = |id: &str| invocation.value(id).is_some() || invocation.is_set(id);
    if let Some((_, option)) = CONFLICTS.iter().find(|(id, _)| given(id)) {
        return Err(Error::usage(format!("--checkpoint and {option} conflict"))
            .hint("the counters cover all runs in the log"));
    }
    let log = match invocation.operands() {
        [log] if log != "-" => log.clone(),
        _ => return Err(Error::usage("--checkpoint needs one LOG, a file")),
    };
    are_different(file, invocation.value("output").filter(|file| *file != "-").map(|file| &**file), &log)?;
    let name = file.to_string_lossy().into_owned();
    let lock = files::lock(file).map_err(|why| Error::system(&format!("cannot lock {name}"), &why))?;
    let Some(_lock) = lock else {
        return Err(Error::usage(format!("{name} is in use by another retry report")));
    };
    let current = Resumed::find(&log).map_err(|why| cannot_read(&log, &why))?;
    if current.is_compressed() {
        return Err(Error::usage(format!(
            "{} is compressed: --checkpoint needs a log that is still written to",
            log.display()
        )));
    }
    let full = files::full_path(&log).map_err(|why| cannot_read(&log, &why))?;
    let before = last(file, &name, &full)?;
    let mut analysis = Analysis::new(&Options::default());
    let beside = beside(&log, &current).map_err(|why| cannot_read(&log, &why))?;
    let begin = match before {
        Some(before) => {
            let begin = begin(&log, &current, &before, &beside).map_err(|why| cannot_read(&log, &why))?;
            analysis.resume(before.totals);
            begin
        }
        None => Begin::default(),
    };
    let Some(offset) = read(&log, &current, &begin, &mut analysis)? else {
        return Ok(Exit::Signal(libc::SIGINT));
    };
    let place = place_of(&current, offset).map_err(|why| cannot_read(&log, &why))?;
    // A file that is gone meanwhile needs no place.
    let ends = beside.iter().filter_map(|file| place_of(file, file.size()).ok()).collect();
    let cannot_write = |why: &std::io::Error| Error::system(&format!("cannot write {name}"), why);
    let text = Checkpoint::new(full, place, ends, analysis.totals()).render().map_err(Error::usage)?;
    // Saved first: a lost report can be made again, but what is counted twice stays so.
    files::replace(file, text.as_bytes()).map_err(|why| cannot_write(&why))?;
    super::deliver(invocation, &analysis.totals().metrics.render())
}

/// Refuses to write to the log, an older part of it included, or to write two things to one file.
fn are_different(checkpoint: &OsStr, output: Option<&OsStr>, log: &OsStr) -> Result<(), Error> {
    let mut logs = logs::rotated(log).map_err(|why| cannot_read(&log.to_owned(), &why))?;
    logs.push(log.to_owned());
    for written in [Some(checkpoint), output].into_iter().flatten() {
        if logs.iter().any(|log| files::are_same(written, log)) {
            return Err(would_lose(written));
        }
    }
    match output.filter(|output| files::are_same(checkpoint, output)) {
        Some(output) => Err(Error::usage(format!(
            "--checkpoint {} and --output {} are the same file",
            checkpoint.display(),
            output.display()
        ))),
        None => Ok(()),
    }
}

/// The checkpoint of the last report, if there is one.
fn last(file: &OsStr, name: &str, log: &str) -> Result<Option<Checkpoint>, Error> {
    let text = files::read_text(file).map_err(|why| Error::system(&format!("cannot read {name}"), &why))?;
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let delete = "delete it to start over";
    let checkpoint = Checkpoint::parse(&text).map_err(|why| {
        Error::usage(format!("{name} is not a checkpoint of retry report: {why}")).hint(delete)
    })?;
    if checkpoint.log != log {
        return Err(Error::usage(format!("{name} is the checkpoint of {}", checkpoint.log)).hint(delete));
    }
    Ok(Some(checkpoint))
}

/// Reads what is new, and returns the offset after the last complete line of the log; `None` after Ctrl-C.
fn read(
    log: &OsStr,
    current: &Resumed,
    begin: &Begin<'_>,
    analysis: &mut Analysis,
) -> Result<Option<u64>, Error> {
    let trouble = |why: std::io::Error| cannot_read(&log.to_owned(), &why);
    let counter = Rc::new(Cell::new(0));
    let mut progress = Progress::new(Rc::clone(&counter), None);
    let interrupt = Interrupt::watch();
    for (file, offset) in &begin.older {
        let name = file.path.to_string_lossy();
        analysis.begin(&name);
        let stream = file.from(*offset, &counter).map_err(|why| cannot_read(&file.path, &why))?;
        stream_in(stream, &name, analysis, &interrupt, &mut progress);
        analysis.end();
    }
    let name = log.to_string_lossy();
    analysis.begin(&name);
    let before = counter.get();
    let stream = current.from(begin.offset, &counter).map_err(trouble)?;
    stream_in(stream, &name, analysis, &interrupt, &mut progress);
    progress.clear();
    if interrupt.came() {
        crate::sys::output::to_stderr("retry: interrupted: nothing was written\n");
        return Ok(None);
    }
    complain(analysis.input())?;
    Ok(Some(begin.offset + counter.get() - before - analysis.pending()))
}

/// Where to begin.
#[derive(Default)]
struct Begin<'a> {
    /// The former files of the log that have unread lines, each with the offset of the first.
    older: Vec<(&'a Resumed, u64)>,
    /// In the log itself.
    offset: u64,
}

fn begin<'a>(
    log: &OsStr,
    current: &Resumed,
    before: &Checkpoint,
    beside: &'a [Resumed],
) -> std::io::Result<Begin<'a>> {
    if is_in(&before.place, current)? {
        return Ok(Begin { offset: before.place.offset, ..Begin::default() });
    }
    let older = rest(before, beside);
    if older.is_empty() && before.place.offset > 0 {
        let name = log.display();
        warn(&format!(
            "{name} has been replaced, and the rest of the old log is not next to it: some runs may not be counted"
        ));
    }
    Ok(Begin { older, offset: 0 })
}

/// The rotated files beside the log, oldest first by their names.
fn beside(log: &OsStr, current: &Resumed) -> std::io::Result<Vec<Resumed>> {
    // A file may be gone already, and the log itself may have been renamed just now.
    let found = logs::rotated(log)?.into_iter().filter_map(|path| Resumed::find(&path).ok());
    Ok(found.filter(|file| file.id != current.id).collect())
}

/// The file that the checkpoint is in, from there on, and then the files that have come since.
fn rest<'a>(before: &Checkpoint, beside: &'a [Resumed]) -> Vec<(&'a Resumed, u64)> {
    let place = &before.place;
    let holds = |place: &Place, file: &Resumed| is_copied(place, file).unwrap_or(false);
    let itself = beside.iter().position(|file| is_in(place, file).unwrap_or(false));
    let Some(at) = itself.or_else(|| beside.iter().position(|file| holds(place, file))) else {
        return Vec::new();
    };
    let (older, newer) = (&beside[..at], &beside[at + 1..]);
    let unread: Vec<_> = match &before.beside {
        // Without knowing which files there were, their names decide.
        None => newer.iter().collect(),
        Some(known) => {
            let was_there = |file: &&Resumed| known.iter().any(|place| holds(place, file));
            let is_new = |file: &&Resumed| !was_there(file) && !holds(place, file);
            // Where what was read before has a newer name, the numbers grow.
            if newer.iter().any(|file| was_there(&file)) {
                older.iter().chain(newer).rev().filter(is_new).collect()
            } else {
                older.iter().chain(newer).filter(is_new).collect()
            }
        }
    };
    let whole = unread.into_iter().map(|file| (file, 0));
    std::iter::once((&beside[at], place.offset)).chain(whole).collect()
}

fn place_of(file: &Resumed, offset: u64) -> std::io::Result<Place> {
    let (device, inode) = file.id;
    Ok(Place { device, inode, offset, head: file.head(offset.min(HEAD_BYTES))? })
}

/// Whether the place is in this file.
fn is_in(place: &Place, file: &Resumed) -> std::io::Result<bool> {
    Ok(file.may_reach(place.offset) && place_of(file, place.offset)? == *place)
}

/// Whether the place is in a file of which this one is a copy, possibly compressed.
fn is_copied(place: &Place, file: &Resumed) -> std::io::Result<bool> {
    Ok(place.offset > 0
        && file.may_reach(place.offset)
        && file.head(place.offset.min(HEAD_BYTES))? == place.head)
}
