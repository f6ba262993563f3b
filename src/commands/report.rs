//! `retry report`: what logs say. Here are the files and the output; what is made of them is in `report/`.

mod asked;

use std::ffi::OsString;
use std::io::Read;

use super::{format, warn};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::policy::user_profiles;
use crate::report::junit::Flaky;
use crate::report::rejudge::Judge;
use crate::report::text::{self, Style};
use crate::report::{
    Analysis, Choice, Input, Options, Outcome, Picked, draft, html, junit, limits, markdown, rejudge, tell,
    trace,
};
use crate::sys::environment::Outer;
use crate::sys::logs::{self, BLOCK, Content, Log};
use crate::sys::output::{self, printable};
use crate::sys::{environment, files};

/// The width where nobody says one, in columns.
const WIDTH: usize = 80;

pub(super) fn report(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json", "markdown", "html", "junit", "prometheus", "trace"])?;
    let options = Options { judge: judge(invocation)?, ..asked::options(invocation, format)? };
    let limits = asked::limits(invocation)?;
    let logs = named(invocation)?;
    let count = logs.len();
    let outcome = read(logs, Analysis::new(&options))?;
    is_one(options.run.as_ref(), outcome.picked.as_ref())?;
    if outcome.overflowed {
        return Err(Error::usage(format!("--format {format} shows {} runs at most", asked::MOST_RUNS))
            .hint("choose some with --since, --name, --outcome or --run"));
    }
    let text = if invocation.is_set("draft-rules") {
        drafts(&outcome)
    } else {
        render(&outcome, format, asked::top(invocation)?, asked::flaky(invocation)?, count)?
    };
    let exit = deliver(invocation, &text)?;
    let exceeded = limits::exceeded(&outcome.report, &limits);
    for line in &exceeded {
        output::to_stderr(&format!("retry: {line}\n"));
    }
    Ok(if exceeded.is_empty() { exit } else { Exit::Status(1) })
}

/// The report in a format.
fn render(outcome: &Outcome, format: &str, top: usize, flaky: Flaky, files: usize) -> Result<String, Error> {
    let Outcome { report, stories, .. } = outcome;
    Ok(match format {
        "json" => {
            let json = serde_json::to_string_pretty(report);
            let json = json.map_err(|why| Error::usage(format!("cannot write the report: {why}")))?;
            output::printable_json(&format!("{json}\n")).into_owned()
        }
        "markdown" => markdown::render(report, top),
        "html" => html::render(report, stories, top),
        "junit" => junit::render(stories, flaky),
        "prometheus" => outcome.metrics.render(),
        "trace" => output::printable_json(&trace::render(stories)).into_owned(),
        _ => {
            let width = output::stdout_columns().unwrap_or(WIDTH);
            let style = Style { width, charset: output::charset(), top, files };
            let told =
                report.rejudged.as_ref().map(rejudge::render).or_else(|| stories.first().map(tell::tell));
            let text = told.unwrap_or_else(|| text::render(report, &style));
            crate::base::printable::page(&text, style.charset).into_owned()
        }
    })
}

/// Rules for what no rule knows. Without any it says why on stderr.
fn drafts(outcome: &Outcome) -> String {
    let toml = draft::drafts(&outcome.templates);
    if toml.is_empty() {
        let why = match outcome.report.unmatched_without_output {
            0 => "nothing that no rule knows was seen in three runs or more".to_owned(),
            count => format!(
                "the log has no output of the {count} failed attempts that no rule knows; --log-tail 2k logs what is captured, and --profile generic captures stderr"
            ),
        };
        output::to_stderr(&format!("retry: no rules drafted: {why}\n"));
    }
    crate::base::printable::page(&toml, output::charset()).into_owned()
}

/// What judges anew, if that was asked for.
fn judge(invocation: &Invocation) -> Result<Option<Judge>, Error> {
    if !invocation.is_set("rejudge") {
        let is_given = |id: &&str| invocation.value(id).is_some() || invocation.is_set(id);
        let source = ["config", "no-config", "policy"].into_iter().find(is_given).map(|id| format!("--{id}"));
        let setting = || invocation.flags.0.first().map(|given| given.written.clone());
        return match source.or_else(setting) {
            Some(option) => Err(Error::usage(format!("{option} needs --rejudge"))),
            None => Ok(None),
        };
    }
    let asked = super::ask(invocation, &Outer::default())?;
    asked.warn();
    let policy = &asked.resolved.policy;
    Ok(Some(Judge::new(policy.rules(), policy.profile.0.clone(), user_profiles(&asked.request.files))))
}

/// Refuses a choice that fits no run, or several.
fn is_one(choice: Option<&Choice>, picked: Option<&Picked>) -> Result<(), Error> {
    let asked = match choice {
        Some(Choice::Prefix(prefix)) => format!("begins with '{prefix}'"),
        _ => "is in the log".to_owned(),
    };
    match picked {
        Some(Picked::None) => Err(Error::usage(format!("no run {asked}"))),
        Some(Picked::Several(runs)) => Err(Error::usage(format!("more than one run {asked}"))
            .hint(format!("use one of {}", runs.join(", ")))),
        _ => Ok(()),
    }
}

/// Writes the report where it was asked for.
fn deliver(invocation: &Invocation, text: &str) -> Result<Exit, Error> {
    let Some(file) = invocation.value("output").filter(|file| *file != "-") else {
        return super::printed(output::to_stdout_exactly(text));
    };
    let written = files::replace(file, text.as_bytes());
    written.map_err(|why| Error::system(&format!("cannot write {}", file.display()), &why))?;
    Ok(Exit::Status(0))
}

/// The logs that were named, each looked at before any is read.
fn named(invocation: &Invocation) -> Result<Vec<Log>, Error> {
    let mut paths = invocation.operands().to_vec();
    if paths.is_empty() {
        if environment::stdin_is_terminal() {
            return Err(
                Error::usage("no log given").hint("usage: retry report LOG; a log is what --log FILE writes")
            );
        }
        paths.push("-".into());
    }
    if invocation.is_set("rotated") {
        paths = with_rotated(paths)?;
    }
    let mut found = Vec::new();
    for path in paths {
        found.push(Log::find(&path).map_err(|why| cannot_read(&path, &why))?);
    }
    Ok(logs::in_order(found))
}

fn with_rotated(paths: Vec<OsString>) -> Result<Vec<OsString>, Error> {
    let mut all = Vec::new();
    for path in paths {
        if path != "-" {
            all.extend(logs::rotated(&path).map_err(|why| cannot_read(&path, &why))?);
        }
        all.push(path);
    }
    Ok(all)
}

fn cannot_read(path: &OsString, why: &std::io::Error) -> Error {
    Error::system(&format!("cannot read {}", path.display()), why)
}

/// Reads the logs one after the other.
fn read(logs: Vec<Log>, mut analysis: Analysis) -> Result<Outcome, Error> {
    let mut block = vec![0; BLOCK];
    for log in logs {
        let path = log.path.clone();
        let name = if path == "-" { "stdin".to_owned() } else { path.to_string_lossy().into_owned() };
        let mut stream = match log.open().map_err(|why| cannot_read(&path, &why))? {
            Content::Lines(stream) => stream,
            Content::Zstd => {
                let file = if path == "-" { "FILE".to_owned() } else { name.clone() };
                return Err(Error::usage(format!("{name}: zstd is not read"))
                    .hint(format!("use zstdcat {file} | retry report")));
            }
        };
        analysis.begin(&name);
        loop {
            match stream.read(&mut block) {
                Ok(0) => break,
                Ok(length) => analysis.feed(&block[..length]),
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                Err(why) => {
                    let what = crate::base::words::of_system(&why);
                    warn(&format!("{name} was read only in part: {what}"));
                    break;
                }
            }
        }
        analysis.end();
    }
    complain(analysis.input())?;
    Ok(analysis.finish())
}

/// Says what was not read. Input without a single line of a log is an error.
fn complain(input: &Input) -> Result<(), Error> {
    let first = input.first_skipped.as_ref().map(|(file, line, why)| format!("{file}:{line}: {why}"));
    let unread = input.skipped + input.too_long + input.cut_off;
    if input.ours == 0 && unread > 0 {
        let error = Error::usage("no retry log: no line is an event of a run");
        return Err(match first {
            Some(first) => error.hint(format!("the first line that was skipped: {first}")),
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
    if input.cut_off > 0 {
        note("the last line is cut off: its writer was killed, or is writing now");
    }
    if input.newer > 0 {
        note(&format!(
            "{} of {} lines were written by a newer retry: read as far as known",
            input.newer, input.lines
        ));
    }
    Ok(())
}
