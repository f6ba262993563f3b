//! `retry report`: summarises logs. This module handles files and output; the analysis is in `report/`.

mod checkpoint;
mod drafts;
mod options;
mod progress;
pub(super) mod reading;

use super::format;
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::printable;
use crate::cli::Invocation;
use crate::report::junit::Flaky;
use crate::report::rejudge::Judge;
use crate::report::text::{self, Style};
use crate::report::{
    Analysis, Choice, MAX_GROUPS, Options, Outcome, Picked, figures, html, junit, limits, markdown, rejudge,
    tell, trace,
};
use crate::sys::environment::Outer;
use crate::sys::{files, output};

/// How to show the results.
struct Shown {
    style: Style,
    flaky: Flaky,
    /// Other settings were asked about (`--what-if`).
    asks_what_if: bool,
    /// The output is made as a whole or not at all.
    is_whole: bool,
}

pub(super) fn report(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json", "markdown", "html", "junit", "prometheus", "trace"])?;
    let options = Options { judge: judge(invocation)?, ..options::options(invocation, format)? };
    let limits = options::limits(invocation)?;
    if let Some(file) = invocation.value("checkpoint") {
        return checkpoint::report(invocation, file, format);
    }
    let logs = reading::named(invocation)?;
    let shown = Shown {
        style: options::style(invocation, logs.len())?,
        flaky: options::flaky(invocation)?,
        asks_what_if: invocation.value("what-if").is_some(),
        is_whole: ["output", "draft-rules", "run"].iter().any(|id| invocation.value(id).is_some()),
    };
    let mut analysis = Analysis::new(&options);
    reading::read(logs, &mut analysis, "retry report")?;
    let outcome = analysis.finish();
    if outcome.input.interrupted {
        return cut(invocation, &outcome, format, &shown);
    }
    is_one(options.run.as_ref(), outcome.picked.as_ref())?;
    if outcome.report.groups_overflowed {
        let most = figures::grouped(MAX_GROUPS as u64);
        super::warn(&format!(
            "more than {most} different names, keys, hosts, labels or rules: the rest is counted as (other)"
        ));
    }
    if outcome.overflowed {
        return Err(Error::usage(format!("--format {format} shows {} runs at most", options::MAX_RUNS))
            .hint("select some with --since, --name, --outcome or --run"));
    }
    let exit = if let Some(target) = invocation.value("draft-rules") {
        drafts::draft_rules(invocation, target, &outcome)?
    } else {
        deliver(invocation, &render(&outcome, format, &shown)?)?
    };
    let exceeded = limits::exceeded(&outcome.report, &limits);
    for line in &exceeded {
        output::to_stderr(&format!("retry: {line}\n"));
    }
    Ok(if exceeded.is_empty() { exit } else { Exit::Status(1) })
}

/// After Ctrl-C, shows people what was read so far; files and output for programs are written completely or not at all.
/// Then we die of the signal.
fn cut(invocation: &Invocation, outcome: &Outcome, format: &str, shown: &Shown) -> Result<Exit, Error> {
    if ["text", "json", "markdown", "html"].contains(&format) && !shown.is_whole {
        deliver(invocation, &render(outcome, format, shown)?)?;
    }
    Ok(Exit::Signal(libc::SIGINT))
}

/// The report in a format.
fn render(outcome: &Outcome, format: &str, shown: &Shown) -> Result<String, Error> {
    let Outcome { report, stories, .. } = outcome;
    let Style { charset, top, .. } = shown.style;
    Ok(match format {
        "json" => {
            let json = serde_json::to_string_pretty(report);
            let json = json.map_err(|why| Error::usage(format!("cannot write the report: {why}")))?;
            output::printable_json(&format!("{json}\n")).into_owned()
        }
        "markdown" => markdown::render(report, top),
        "html" => html::render(report, stories, top),
        "junit" => junit::render(stories, shown.flaky),
        "prometheus" => outcome.metrics.render(),
        "trace" => output::printable_json(&trace::render(stories)).into_owned(),
        _ => {
            let told =
                report.rejudged.as_ref().map(rejudge::render).or_else(|| stories.first().map(tell::tell));
            match told {
                Some(text) => printable::page(&text, charset).into_owned(),
                None if shown.asks_what_if => text::render_what_if(report, &shown.style),
                None => text::render(report, &shown.style),
            }
        }
    })
}

/// The judge for `--rejudge`, if requested.
fn judge(invocation: &Invocation) -> Result<Option<Judge>, Error> {
    if !invocation.is_set("rejudge") {
        let is_given = |id: &&str| invocation.value(id).is_some() || invocation.is_set(id);
        let drafts = invocation.value("draft-rules").is_some();
        let unused: &[&str] = if drafts { &["policy"] } else { &["config", "no-config", "policy"] };
        let source = unused.iter().copied().find(is_given).map(|id| format!("--{id}"));
        let setting = || invocation.flags.0.first().map(|given| given.written.clone());
        return match source.or_else(setting) {
            Some(option) => Err(Error::usage(format!("{option} needs --rejudge"))),
            None => Ok(None),
        };
    }
    let asked = super::ask(invocation, &Outer::default())?;
    asked.warn();
    Ok(Some(Judge::new(asked.request, &asked.resolved)))
}

/// Refuses a selection that matches no run, or several.
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

/// Writes the report to its destination.
fn deliver(invocation: &Invocation, text: &str) -> Result<Exit, Error> {
    let Some(file) = invocation.value("output").filter(|file| *file != "-") else {
        // The runner of a CI system would obey commands in names or errors, whatever the format.
        return super::printed(output::to_stdout_exactly(&output::harmless(text)));
    };
    let written = files::replace(file, text.as_bytes());
    written.map_err(|why| Error::system(&format!("cannot write {}", file.display()), &why))?;
    Ok(Exit::Status(0))
}
