//! `retry classify`: judges a given result, or many from a file, and names the rule.

mod batch;

use std::rc::Rc;

use serde_json::json;

use super::{Setup, about, ask, format, print, print_json};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::classify::profile::{Captures, ToolMatch};
use crate::classify::{
    AttemptResult, CapturedText, Class, Classification, Ending, Output, Rules, Stream, date, signal,
};
use crate::cli::Invocation;
use crate::sys::environment::Outer;
use crate::sys::output::printable;
use crate::sys::{clock, files};

pub(super) fn classify(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json"])?;
    if let Some(file) = invocation.value("batch") {
        let one = ["exit", "killed-by", "timed-out", "stderr-file", "stdout-file"];
        let is_given = |id: &&str| invocation.value(id).is_some() || invocation.is_set(id);
        if let Some(other) = one.into_iter().find(is_given) {
            return Err(Error::usage(format!("--batch and --{other} conflict"))
                .hint("the lines of the batch hold the results"));
        }
        let asked = ask(invocation, &Outer::default())?;
        asked.warn();
        return batch::batch(&asked, file, about(invocation, &asked.resolved.policy), now(invocation)?);
    }
    let attempt = given_result(invocation)?;
    let asked = ask(invocation, &Outer::default())?;
    asked.warn();
    let argv = about(invocation, &asked.resolved.policy);
    let rules = rules(&asked, &argv);
    let used = Used::of(&rules, &attempt);
    let verdict = rules.classify_text(attempt);
    match format {
        "json" => print_json(&json(&verdict, &used), false),
        _ => print(&text(&verdict, &used.note(&rules, &argv))),
    }
}

/// How results of this command are judged.
fn rules(asked: &Setup, argv: &[std::ffi::OsString]) -> Rules {
    Rules { knowledge: Rc::new(asked.knowledge(argv)), ..asked.resolved.policy.rules() }
}

/// Which texts were given, and which of them a run would read.
struct Used {
    given: Captures,
    used: Captures,
}

impl Used {
    fn of(rules: &Rules, attempt: &AttemptResult) -> Self {
        let text = &attempt.output().text;
        let is_there = |bytes: &Option<Rc<[u8]>>| bytes.as_ref().is_some_and(|bytes| !bytes.is_empty());
        let given = Captures { stdout: is_there(&text.stdout), stderr: is_there(&text.stderr) };
        let (reads, http) = (rules.knowledge.reads(), rules.need_http());
        let sees = |stream| http || rules.patterns().iter().any(|pattern| pattern.channel.sees(stream));
        let used = Captures {
            stdout: given.stdout && (reads.stdout || sees(Stream::Stdout)),
            stderr: given.stderr && (reads.stderr || sees(Stream::Stderr)),
        };
        Self { given, used }
    }

    /// Whether any text was judged.
    fn any(&self) -> bool {
        self.used.stdout || self.used.stderr
    }

    /// A note on output that was not read: the reason, and the option that changes it.
    fn note(&self, rules: &Rules, argv: &[std::ffi::OsString]) -> String {
        let unused = (self.given.stdout && !self.used.stdout, self.given.stderr && !self.used.stderr);
        let what = match unused {
            (false, false) => return String::new(),
            (true, false) if self.given.stderr => "stdout was not used",
            (false, true) if self.given.stdout => "stderr was not used",
            _ => "the text was not used",
        };
        let program = argv
            .first()
            .map_or_else(|| "the command".to_owned(), |word| printable(&word.to_string_lossy()).into_owned());
        let why = match rules.knowledge.selection().tool_match {
            ToolMatch::Unknown if argv.is_empty() => "no command was given".to_owned(),
            ToolMatch::Unknown => format!("only the exit status of {program} is used"),
            ToolMatch::Runner => format!("{program} runs other programs, so only its exit status is used"),
            ToolMatch::Known if rules.knowledge.selection().is_empty() => "--profile none".to_owned(),
            ToolMatch::Known => format!("a run does not capture it for {program}"),
        };
        let option = match rules.knowledge.selection().names.first() {
            None => "--profile generic",
            Some(_) => "--profile auto --profile generic",
        };
        format!("; {what} ({why}; {option} reads it)")
    }
}

/// The result described by the options.
fn given_result(invocation: &Invocation) -> Result<AttemptResult, Error> {
    let given = |id| invocation.value(id).map(|value| value.to_string_lossy().into_owned());
    let timed_out = invocation.is_set("timed-out");
    let ending = match (given("exit"), given("killed-by")) {
        (Some(_), Some(_)) => {
            return Err(Error::usage("--exit and --killed-by conflict").hint("use one of them"));
        }
        (Some(code), None) => Ending::Exited(code.parse().map_err(|_| {
            Error::usage(format!("invalid --exit '{code}'")).hint("use a number from 0 to 255")
        })?),
        (None, Some(name)) => Ending::Signaled(signal::parse(&name).ok_or_else(|| {
            Error::usage(format!("invalid --killed-by '{name}'")).hint("use a name such as KILL, or a number")
        })?),
        (None, None) if timed_out => Ending::Signaled(libc::SIGTERM),
        (None, None) => {
            return Err(Error::usage("nothing to classify")
                .hint("use --exit CODE, --killed-by SIGNAL, --timed-out or --batch FILE"));
        }
    };
    let both = ["stdout-file", "stderr-file"]
        .into_iter()
        .all(|id| invocation.value(id).is_some_and(|path| path == "-"));
    if both {
        return Err(
            Error::usage("--stdout-file - and --stderr-file - conflict").hint("stdin can only be read once")
        );
    }
    let stream = |id| {
        let path = invocation.value(id);
        path.map(|path| {
            let read = files::read_tail(path);
            read.map(Rc::from)
                .map_err(|why| Error::system(&format!("cannot read --{id} {}", path.display()), &why))
        })
        .transpose()
    };
    let text = CapturedText { stdout: stream("stdout-file")?, stderr: stream("stderr-file")?, merged: false };
    let ended_at = now(invocation)?.unwrap_or_else(clock::unix_seconds);
    let output = Some(Box::new(Output { text, ..Output::default() }));
    Ok(AttemptResult { timed_out, output, ended_at, ..AttemptResult::ended(ending) })
}

/// When the result was seen, in seconds since the Unix epoch, if that was given.
fn now(invocation: &Invocation) -> Result<Option<i64>, Error> {
    let Some(text) = invocation.value("now").map(|text| text.to_string_lossy()) else { return Ok(None) };
    let moment = date::rfc3339(&text).ok_or_else(|| {
        Error::usage(format!("invalid --now '{text}'"))
            .hint("use a time such as 2026-11-21T21:33:09Z, or with +02:00 in place of the Z")
    })?;
    Ok(Some(moment))
}

fn json(verdict: &Classification, used: &Used) -> serde_json::Value {
    json!({
        "class": verdict.class.name(),
        "category": verdict.category(),
        "kind": verdict.kind,
        "rule": {
            "source": verdict.rule.source,
            "profile": verdict.rule.profile.as_deref(),
            "id": verdict.rule.id,
        },
        "reason": verdict.reason,
        "http_status": verdict.http_status,
        "retry_after_ms": verdict.retry_after.map(crate::event::millis),
        "would_retry": verdict.class.is_retryable(),
        "text_used": used.any(),
    })
}

fn text(verdict: &Classification, note: &str) -> String {
    let next = match verdict.class {
        class if class.is_retryable() => "would be retried",
        Class::Success => "done",
        _ => "would end the run",
    };
    let asked = verdict
        .retry_after
        .map(|asked| format!(" after {} at the earliest", crate::base::duration::approximate(asked)));
    let profile = verdict.rule.profile.as_ref().map(|profile| format!("/{profile}")).unwrap_or_default();
    let applied = if verdict.may_have_been_applied { "; the request may have taken effect" } else { "" };
    format!(
        "{}: {}{applied} ({}{profile}/{}), {next}{}{note}\n",
        verdict.class.name(),
        printable(&verdict.reason),
        verdict.rule.source,
        verdict.rule.id,
        asked.unwrap_or_default()
    )
}
