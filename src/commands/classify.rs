//! `retry classify`: what a given result would be judged as, and by which rule.

use std::time::Duration;

use serde_json::json;

use super::{ask, format, print};
use crate::classify::{AttemptResult, Classification, Ending, Output, signal};
use crate::cli::Invocation;
use crate::error::Error;
use crate::exit_code::Exit;
use crate::sys::environment::Outer;

pub(super) fn classify(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json"])?;
    let attempt = given_result(invocation)?;
    let asked = ask(invocation, &Outer::default())?;
    let verdict = asked.resolved.policy.rules().classify(&attempt, None);
    print(&match format {
        "json" => format!("{}\n", json(&verdict)),
        _ => text(&verdict),
    })
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
            return Err(Error::usage("there is no result to classify")
                .hint("write --exit CODE, --killed-by SIGNAL or --timed-out"));
        }
    };
    Ok(AttemptResult {
        ending,
        timed_out,
        duration: Duration::ZERO,
        hint: None,
        reader_gone: false,
        output: Output::default(),
        stdin_lost: None,
    })
}

fn json(verdict: &Classification) -> serde_json::Value {
    json!({
        "class": verdict.class.name(),
        "category": verdict.category(),
        "kind": verdict.kind,
        "rule": {"source": verdict.rule.source, "profile": null, "id": verdict.rule.id},
        "reason": verdict.reason,
        "http_status": null,
        "retry_after_ms": verdict.retry_after.map(crate::event::millis),
        "would_retry": verdict.class.is_retryable(),
    })
}

fn text(verdict: &Classification) -> String {
    let next = match verdict.class {
        class if class.is_retryable() => "would be tried again",
        crate::classify::Class::Success => "done",
        _ => "would end the run",
    };
    format!(
        "{}: {} ({}/{}), {next}\n",
        verdict.class.name(),
        verdict.reason,
        verdict.rule.source,
        verdict.rule.id
    )
}
