use serde_json::Value as Json;

use super::*;
use crate::event::{AttemptSuccess, RuleName};
use crate::gate;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn recorder(incoming: Option<TraceContext>) -> Recorder {
    let about = About {
        operation: "fetch".to_owned(),
        program: "curl".to_owned(),
        policy: "default".to_owned(),
        max: Some(3),
        ..About::default()
    };
    Recorder::new(about, incoming, [7; 24], Duration::from_secs(1))
}

fn failure(attempt: u64) -> Failure {
    Failure {
        attempt,
        max: Some(3),
        duration_ms: 10.0,
        exit_code: Some(7),
        signal: None,
        timed_out: false,
        class: "transient".to_owned(),
        category: "transient".to_owned(),
        kind: None,
        rule: RuleName { source: "profile".into(), profile: Some("curl".into()), id: "dns".into() },
        reason: "exit 7".to_owned(),
        error: String::new(),
        quote: None,
        http_status: None,
        retry_after_ms: None,
        bytes_out: None,
        bytes_err: None,
        stdout_tail: None,
        stderr_tail: None,
        verdict: String::new(),
        not_started: false,
    }
}

fn retry(attempt: u64) -> Event {
    let wait = Wait { backoff_ms: 20.0, delay_ms: 20.0, next_attempt: attempt + 1 };
    Event::AttemptRetry { failure: failure(attempt), wait }
}

fn stop(outcome: Outcome, failures: u64) -> Event {
    let tally = Tally { reason: "exit 7".to_owned(), count: failures };
    Event::RunStop(RunStop {
        outcome,
        attempts: failures + 1,
        elapsed_ms: 100.0,
        slept_ms: 20.4,
        exit_code: Some(if outcome == Outcome::Succeeded { 0 } else { 7 }),
        signal: None,
        failures: if failures == 0 { Vec::new() } else { vec![tally] },
        fallback: None,
        letter: None,
        why: String::new(),
        set_by: None,
        rescued: outcome == Outcome::Succeeded && failures > 0,
        program: "curl".to_owned(),
        started_at: String::new(),
    })
}

fn spans(recorder: &Recorder) -> Vec<Json> {
    let body = recorder.encode(&Vec::new(), "1", Encoding::Json);
    let all: Json = serde_json::from_slice(&body).unwrap();
    all["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

fn attribute(span: &Json, name: &str) -> Json {
    let all = span["attributes"].as_array().unwrap();
    let found = all.iter().find(|pair| pair["key"] == name);
    found.map_or(Json::Null, |pair| pair["value"].as_object().unwrap().values().next().unwrap().clone())
}

#[test]
fn a_rescued_run_has_no_error_and_its_failed_attempt_has_one() {
    let mut recorder = recorder(None);
    recorder.begin(1, 11, ms(1));
    recorder.started(42);
    recorder.take(&retry(1), ms(12));
    let context = recorder.begin(2, 12, ms(40));
    assert_eq!((context.span, context.flags), (12, 3));
    let success = AttemptSuccess { attempt: 2, max: Some(3), duration_ms: 30.0, exit_code: 0 };
    recorder.take(&Event::AttemptSuccess(success), ms(71));
    recorder.take(&stop(Outcome::Succeeded, 1), ms(72));
    let [run, first, second] = &spans(&recorder)[..] else { panic!("three spans") };
    assert_eq!((&run["status"], &second["status"]), (&Json::Null, &Json::Null));
    assert_eq!((&first["status"]["code"], &first["status"]["message"]), (&2.into(), &"exit 7".into()));
    assert_eq!(run["parentSpanId"], Json::Null);
    for attempt in [first, second] {
        assert_eq!(attempt["parentSpanId"], run["spanId"]);
    }
    assert_eq!(first["links"], Json::Null);
    assert_eq!(second["links"][0]["spanId"], first["spanId"]);
    let times = |span: &Json| [span["startTimeUnixNano"].clone(), span["endTimeUnixNano"].clone()];
    assert_eq!(times(run), ["1000000000", "1072000000"]);
    assert_eq!(times(first), ["1001000000", "1011000000"]);
    assert_eq!(times(second), ["1040000000", "1070000000"]);
    assert_eq!(["flags", "kind"].map(|name| run[name].as_u64().unwrap()), [0x103, 1]);
    assert_eq!(["flags", "kind"].map(|name| first[name].as_u64().unwrap()), [0x103, 3]);
    for (span, name, value) in [
        (run, "retry.rescued", Json::Bool(true)),
        (run, "retry.waited_ms", "20".into()),
        (run, "error.type", Json::Null),
        (first, "error.type", "exit_7".into()),
        (first, "retry.rule", "profile/curl/dns".into()),
        (first, "process.pid", "42".into()),
        (second, "retry.delay_ms", "20".into()),
        (second, "retry.delay_source", "policy".into()),
        (second, "retry.class", "success".into()),
    ] {
        assert_eq!(attribute(span, name), value, "{name}");
    }
}

#[test]
fn a_failed_run_says_what_was_seen_below_its_remote_parent() {
    let incoming = TraceContext { trace: 5, span: 6, flags: 1 };
    let mut recorder = recorder(Some(incoming));
    assert_eq!(recorder.parent_span_id().as_deref(), Some("0000000000000006"));
    recorder.begin(1, 0, ms(1));
    recorder.take(&Event::AttemptFailed(failure(1)), ms(2));
    recorder.take(&stop(Outcome::Exhausted, 2), ms(5));
    let [run, attempt] = &spans(&recorder)[..] else { panic!("two spans") };
    assert_eq!(run["traceId"], format!("{:032x}", 5));
    assert_eq!((&run["parentSpanId"], &run["flags"]), (&"0000000000000006".into(), &0x301.into()));
    assert_eq!((&run["status"]["code"], &run["status"]["message"]), (&2.into(), &"exit 7 ×2".into()));
    assert_eq!(attribute(run, "error.type"), "exhausted");
    assert_eq!(attempt["spanId"], "0000000000000001", "an id is never 0");
    // It lasted for longer than the run has by another clock.
    assert_eq!(attempt["endTimeUnixNano"], "1002000000");
}

#[test]
fn an_attempts_error_is_named_by_its_kind() {
    let of = |change: fn(&mut Failure)| {
        let mut failure = failure(1);
        change(&mut failure);
        error_type(&failure)
    };
    assert_eq!(of(|_| {}), "exit_7");
    assert_eq!(of(|failure| failure.kind = Some("dns".to_owned())), "dns");
    assert_eq!(of(|failure| failure.timed_out = true), "timeout");
    assert_eq!(
        of(|failure| (failure.exit_code, failure.signal) = (None, Some("SIGKILL".into()))),
        "signal_KILL"
    );
    assert_eq!(of(|failure| failure.exit_code = None), "_OTHER");
    assert_eq!(
        of(|failure| (failure.kind, failure.http_status) = (Some("http".to_owned()), Some(503))),
        "503"
    );
}

#[test]
fn of_many_attempts_the_first_and_the_last_are_kept() {
    let mut recorder = recorder(None);
    for attempt in 1..=503 {
        recorder.begin(attempt, attempt + 1000, ms(attempt));
        recorder.take(&retry(attempt), ms(attempt));
    }
    recorder.take(&stop(Outcome::Exhausted, 503), ms(504));
    let spans = spans(&recorder);
    assert_eq!(spans.len(), 501);
    assert_eq!(attribute(&spans[0], "retry.spans_dropped"), "3");
    let numbers: Vec<_> = spans[1..].iter().map(|span| attribute(span, "retry.attempt")).collect();
    assert_eq!((&numbers[99], &numbers[100], &numbers[499]), (&"100".into(), &"104".into(), &"503".into()));
    assert_eq!(spans[101]["links"][0]["spanId"], format!("{:016x}", 1103), "of the one that was dropped");
}

#[test]
fn the_time_that_a_limit_holds_an_attempt_is_its_own() {
    let hold = |limit| {
        Event::GateWait(GateHold {
            attempt: 1,
            limit,
            wait_ms: 1.0,
            waited_ms: 0.0,
            until: None,
            reason: String::new(),
            left: Duration::ZERO,
            verdict: String::new(),
            told: false,
        })
    };
    let mut recorder = recorder(None);
    recorder.take(&hold(gate::Limit::Rate), ms(10));
    recorder.take(&hold(gate::Limit::Concurrency), ms(20));
    recorder.begin(1, 1, ms(110));
    recorder.take(&stop(Outcome::Error, 0), ms(120));
    let [_, attempt] = &spans(&recorder)[..] else { panic!("two spans") };
    assert_eq!(attribute(attempt, "retry.held_ms"), "100");
    assert_eq!(attribute(attempt, "retry.held_by"), "concurrency");
    assert_eq!((&attempt["status"]["code"], attribute(attempt, "error.type")), (&2.into(), "_OTHER".into()));
}
