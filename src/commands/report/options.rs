//! Reads the options of `retry report`.

use crate::base::error::Error;
use crate::base::problem::nearest;
use crate::cli::Invocation;
use crate::event::Outcome;
use crate::policy::value::{Color, Value as _};
use crate::report::filter::Filter;
use crate::report::html;
use crate::report::junit::Flaky;
use crate::report::limits::{Limits, Most};
use crate::report::text::Style;
use crate::report::what_if::Setting;
use crate::report::{Choice, OUTCOMES, Options, Stories, time};
use crate::sys::{clock, output};

/// The most runs that a format shows individually; more are refused.
pub(super) const MAX_RUNS: usize = 100_000;

/// The default width, in columns.
const WIDTH: usize = 80;

/// The default number of rows of a table.
const TOP: usize = 10;

pub(super) fn options(invocation: &Invocation, format: &str) -> Result<Options, Error> {
    let what_if = match invocation.value("what-if") {
        Some(text) => Setting::parse_all(&text.to_string_lossy()).map_err(Error::usage)?,
        None => Vec::new(),
    };
    let run = invocation.value("run").map(|text| match &*text.to_string_lossy() {
        "last" => Choice::Last,
        prefix => Choice::Prefix(prefix.to_owned()),
    });
    let stories = match (format, &run) {
        ("text", Some(_)) => Stories::All(1),
        ("junit" | "trace", _) => Stories::All(MAX_RUNS),
        ("html", _) => Stories::Troubled(html::MAX_RUNS),
        _ => Stories::None,
    };
    let filter = filter(invocation)?;
    if format == "prometheus" && (filter.since.is_some() || filter.until.is_some()) {
        return Err(Error::usage("--since and --until conflict with --format prometheus")
            .hint("counters must never decrease, even as the window moves"));
    }
    Ok(Options { filter, stories, what_if, run, ..Options::default() })
}

/// Parses how JUnit XML shows a rescued run.
pub(super) fn flaky(invocation: &Invocation) -> Result<Flaky, Error> {
    match invocation.value("junit-flaky").map(|text| text.to_string_lossy()).as_deref() {
        None | Some("success") => Ok(Flaky::Success),
        Some("failure") => Ok(Flaky::Failure),
        Some(other) => Err(Error::usage(format!("invalid --junit-flaky '{other}': use success or failure"))),
    }
}

pub(super) fn limits(invocation: &Invocation) -> Result<Limits, Error> {
    let most = |id: &str| {
        let Some(text) = invocation.value(id).map(|text| text.to_string_lossy().into_owned()) else {
            return Ok(None);
        };
        let most = Most::parse(&text).ok_or_else(|| {
            Error::usage(format!(
                "invalid --{id} '{text}': use a number of runs such as 2, or a share such as 5%"
            ))
        })?;
        Ok(Some((most, text)))
    };
    Ok(Limits {
        rescued: most("max-rescued")?,
        failed: most("max-failed")?,
        unfinished: most("max-unfinished")?,
    })
}

/// How the text is shown; `files` were named.
pub(super) fn style(invocation: &Invocation, files: usize) -> Result<Style, Error> {
    let asked = match invocation.value("color") {
        Some(text) => Color::parse(&text.to_string_lossy()).map_err(Error::usage)?,
        None => Color::Auto,
    };
    let on_terminal = || invocation.value("output").is_none() && output::stdout_is_terminal();
    Ok(Style {
        width: output::stdout_columns().unwrap_or(WIDTH),
        charset: output::charset(),
        color: output::wants_color(asked, on_terminal),
        top: top(invocation)?,
        files,
    })
}

fn top(invocation: &Invocation) -> Result<usize, Error> {
    let Some(text) = invocation.value("top").map(|text| text.to_string_lossy()) else { return Ok(TOP) };
    text.parse().map_err(|_| Error::usage(format!("invalid --top '{text}': use a number of rows")))
}

fn filter(invocation: &Invocation) -> Result<Filter, Error> {
    let texts = |id: &str| -> Vec<String> {
        invocation.values(id).iter().map(|value| value.to_string_lossy().into_owned()).collect()
    };
    let now = clock::unix_millis().cast_signed().saturating_mul(1_000);
    let moment = |id: &str| {
        let text = invocation.value(id).map(|text| text.to_string_lossy());
        text.map(|text| time::bound(&text, now).map_err(|why| Error::usage(format!("--{id}: {why}"))))
            .transpose()
    };
    let label = |text: String| {
        let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Error::usage(format!("invalid --label '{text}': use NAME=VALUE")))
    };
    Ok(Filter {
        since: moment("since")?,
        until: moment("until")?,
        names: texts("name"),
        keys: texts("key"),
        hosts: texts("host"),
        labels: texts("label").into_iter().map(label).collect::<Result<_, _>>()?,
        outcomes: texts("outcome").iter().map(|text| outcome(text)).collect::<Result<_, _>>()?,
    })
}

/// Parses an outcome; `None` stands for a run whose end was not logged.
fn outcome(text: &str) -> Result<Option<Outcome>, Error> {
    const UNFINISHED: &str = "unfinished";
    if text == UNFINISHED {
        return Ok(None);
    }
    let known = OUTCOMES.iter().find(|(_, word)| *word == text).map(|(outcome, _)| Some(*outcome));
    known.ok_or_else(|| {
        let words = || OUTCOMES.iter().map(|(_, word)| *word).chain([UNFINISHED]);
        let hint = nearest(text, words()).map_or_else(
            || format!("use one of {}", words().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean {near}?"),
        );
        Error::usage(format!("unknown outcome '{text}'")).hint(hint)
    })
}
