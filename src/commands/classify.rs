//! `retry classify`: what a given result would be judged as, and by which rule; one, or many from a file.

mod batch;

use std::rc::Rc;

use serde_json::json;

use super::{Asked, about, ask, format, print};
use crate::classify::{
    AttemptResult, CapturedText, Class, Classification, Ending, Output, Rules, Stream, Tap, Watch, date,
    signal,
};
use crate::cli::Invocation;
use crate::error::Error;
use crate::exit_code::Exit;
use crate::sys::environment::Outer;
use crate::sys::{clock, files};

pub(super) fn classify(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json"])?;
    if let Some(file) = invocation.value("batch") {
        let one = ["exit", "killed-by", "timed-out", "stderr-file", "stdout-file"];
        let is_given = |id: &&str| invocation.value(id).is_some() || invocation.is_set(id);
        if let Some(other) = one.into_iter().find(is_given) {
            return Err(Error::usage(format!("--batch and --{other} contradict each other"))
                .hint("the lines of the batch hold the results"));
        }
        let asked = ask(invocation, &Outer::default())?;
        asked.warn();
        return batch::batch(&asked, file, about(invocation, &asked.resolved.policy), now(invocation)?);
    }
    let attempt = given_result(invocation)?;
    let asked = ask(invocation, &Outer::default())?;
    asked.warn();
    let verdict = judge(&rules(&asked, &about(invocation, &asked.resolved.policy)), attempt);
    print(&match format {
        "json" => format!("{}\n", json(&verdict)),
        _ => text(&verdict),
    })
}

/// How results of this command are judged.
fn rules(asked: &Asked, argv: &[std::ffi::OsString]) -> Rules {
    Rules { knowledge: Rc::new(asked.knowledge(argv).with_text_given()), ..asked.resolved.policy.rules() }
}

/// Judges a result of which the output is there as a whole.
fn judge(rules: &Rules, mut attempt: AttemptResult) -> Classification {
    let patterns = rules.patterns();
    if !patterns.is_empty() {
        let mut watch = Watch::new(patterns);
        let text = &attempt.output.text;
        for (stream, bytes) in [(Stream::Stderr, &text.stderr), (Stream::Stdout, &text.stdout)] {
            if let Some(bytes) = bytes {
                watch.take(stream, bytes);
            }
        }
        attempt.output.seen = watch.finish();
    }
    rules.classify(&attempt, None)
}

/// The result that the options describe.
fn given_result(invocation: &Invocation) -> Result<AttemptResult, Error> {
    let given = |id| invocation.value(id).map(|value| value.to_string_lossy().into_owned());
    let timed_out = invocation.is_set("timed-out");
    let ending = match (given("exit"), given("killed-by")) {
        (Some(_), Some(_)) => {
            return Err(
                Error::usage("--exit and --killed-by contradict each other").hint("write one of them")
            );
        }
        (Some(code), None) => Ending::Exited(code.parse().map_err(|_| {
            Error::usage(format!("--exit {code} is no exit status")).hint("write a number from 0 to 255")
        })?),
        (None, Some(name)) => Ending::Signaled(signal::parse(&name).ok_or_else(|| {
            Error::usage(format!("--killed-by {name} is no signal"))
                .hint("write a name such as KILL, or a number")
        })?),
        (None, None) if timed_out => Ending::Signaled(libc::SIGTERM),
        (None, None) => {
            return Err(Error::usage("nothing to classify")
                .hint("write --exit CODE, --killed-by SIGNAL, --timed-out or --batch FILE"));
        }
    };
    let stream = |id| {
        let path = invocation.value(id);
        path.map(|path| {
            let read = files::read_tail(path);
            read.map(Rc::from)
                .map_err(|why| Error::system(&format!("cannot read --{id} {}", path.display()), &why))
        })
        .transpose()
    };
    let text = CapturedText { stdout: stream("stdout-file")?, stderr: stream("stderr-file")? };
    let ended_at = now(invocation)?.unwrap_or_else(clock::unix_seconds);
    let output = Output { text, ..Output::default() };
    Ok(AttemptResult { timed_out, output, ended_at, ..AttemptResult::ended(ending) })
}

/// When the result was seen, in seconds since the Unix epoch, if that was given.
fn now(invocation: &Invocation) -> Result<Option<i64>, Error> {
    let Some(text) = invocation.value("now").map(|text| text.to_string_lossy()) else { return Ok(None) };
    let moment = date::rfc3339(&text).ok_or_else(|| {
        Error::usage(format!("--now {text} is no time"))
            .hint("write it as 2026-11-21T21:33:09Z, or with +02:00 instead of the Z")
    })?;
    Ok(Some(moment))
}

fn json(verdict: &Classification) -> serde_json::Value {
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
    })
}

fn text(verdict: &Classification) -> String {
    let next = match verdict.class {
        class if class.is_retryable() => "would be tried again",
        Class::Success => "done",
        _ => "would end the run",
    };
    let asked = verdict
        .retry_after
        .map(|asked| format!(" after {} at the earliest", crate::policy::duration::approximate(asked)));
    let profile = verdict.rule.profile.as_ref().map(|profile| format!("/{profile}")).unwrap_or_default();
    let applied = if verdict.may_have_been_applied { "; it may have been applied" } else { "" };
    format!(
        "{}: {}{applied} ({}{profile}/{}), {next}{}\n",
        verdict.class.name(),
        verdict.reason,
        verdict.rule.source,
        verdict.rule.id,
        asked.unwrap_or_default()
    )
}
