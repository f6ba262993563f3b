//! What the log says of the policy, of the line behind a verdict, and of a run as a whole.

use serde_json::{Value as Json, json};

use super::harness::{one, only};
use crate::support::{Sandbox, fixture};

fn log_of(line: &[&str]) -> Vec<Json> {
    let sandbox = Sandbox::new();
    sandbox.run([&["-q", "--delay", "1ms", "--log", "log"], line].concat());
    sandbox.log("log")
}

#[test]
fn a_start_tells_the_settings_that_are_not_the_default_ones() {
    let given = ["--max", "2", "--timeout", "1m", "--retry-on", "1,7", "--label", "team=data", "--", "true"];
    let log = log_of(&given);
    let expected = json!({
        "max": "2", "timeout": "1m", "delay": "1ms", "retry-on": ["1", "7"], "label": ["team=data"],
        "log": "log", "quiet": "true",
    });
    assert_eq!(log[0]["settings"], expected);
    assert_eq!(log[0]["timeout_ms"], 60_000);
    let plain = log_of(&["--", "true"]);
    assert_eq!(plain[0]["timeout_ms"], Json::Null);
    let digest = |log: &[Json]| log[0]["policy_digest"].as_str().expect("a digest").to_owned();
    assert!(digest(&log).len() == 16 && digest(&log).bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(digest(&log), digest(&plain));
    assert_eq!(digest(&plain), digest(&log_of(&["--name", "other", "--label", "a=b", "--", "false"])));
}

#[test]
fn a_start_tells_no_password() {
    let place = "redis://me:s3cret@127.0.0.1:1/0";
    let log = log_of(&["--key", "k", "--state", place, "--", "true"]);
    assert_eq!(log[0]["settings"]["state"], "redis://***@127.0.0.1:1/0");
}

#[test]
fn a_failure_quotes_the_line_that_its_rule_matched_without_secrets() {
    let said = "echo begin; echo 'E: GET https://me:s3cret@host/?token=abc failed' >&2; echo end >&2; exit 9";
    let log = log_of(&["--max", "2", "--retry-match", "GET .* failed", "-c", said]);
    for event in ["attempt.retry", "attempt.failed"] {
        let line = one(&log, event);
        assert_eq!(line["quote"], "E: GET https://***@host/?token=*** failed");
        let error = line["error"].as_str().expect("text");
        assert!(error.ends_with("E: GET https://***@host/?token=*** failed"), "{error}");
    }
    let known = "echo begin >&2; echo 'curl: (6) Could not resolve host: nowhere' >&2; exit 6";
    let log = log_of(&["--max", "1", "--profile", "curl", "-c", known]);
    let line = one(&log, "attempt.failed");
    assert_eq!(line["rule"]["source"], "profile");
    assert_eq!(line["quote"], "curl: (6) Could not resolve host: nowhere");
    let long = format!(
        "printf '%0900d fatal: boom\\n' 0 >&2; echo 'curl: (6) Could not resolve host: {:0600}' >&2; exit 6",
        1
    );
    let log = log_of(&["--max", "1", "--profile", "curl", "-c", &long]);
    let quote = one(&log, "attempt.failed")["quote"].as_str().expect("text");
    assert!(quote.len() <= 512 && quote.starts_with("curl: (6)"), "{quote}");
    let status = "echo '< HTTP/1.1 503 Service Unavailable' >&2; echo 'wget: 1503 bytes' >&2; exit 8";
    let log = log_of(&["--max", "1", "--profile", "wget", "-c", status]);
    let line = one(&log, "attempt.failed");
    assert_eq!((&line["http_status"], &line["rule"]["source"]), (&json!(503), &json!("profile")), "{line:#}");
    let quote = line["quote"].as_str().expect("the line of the status");
    assert!(quote.ends_with("HTTP/1.1 503 Service Unavailable"), "{quote}");
    let silent = log_of(&["--max", "1", "--", "false"]);
    assert!(one(&silent, "attempt.failed").get("quote").is_none(), "nothing was captured");
}

#[test]
fn the_line_of_a_stop_tells_the_run_alone() {
    let sandbox = Sandbox::new();
    sandbox.fails_until(2, &["--delay", "1ms", "-q", "--log", "log"]).exits(0);
    let log = sandbox.log("log");
    let stop = one(&log, "run.stop");
    assert_eq!((&stop["rescued"], &stop["program"]), (&json!(true), &json!(fixture())));
    assert_eq!(stop["started_at"], log[0]["ts"]);
    for (line, rescued) in [(&["--", "true"][..], false), (&["--max", "2", "--", "false"], false)] {
        assert_eq!(one(&log_of(line), "run.stop")["rescued"], rescued);
    }
}

#[test]
fn json_messages_say_when_and_of_which_run() {
    let sandbox = Sandbox::new();
    let options = ["--delay", "1ms", "--message-format", "json", "--log", "log", "--label", "a=b"];
    let ran = sandbox.fails_until(2, &options).exits(0);
    let log = sandbox.log("log");
    let lines: Vec<Json> = ran.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    for (line, logged) in lines.iter().zip([one(&log, "attempt.retry"), one(&log, "run.stop")]) {
        for field in ["ts", "run", "name"] {
            assert_eq!(line[field], logged[field], "{field}");
        }
    }
    assert_eq!(lines[1]["started_at"], only(&log, "run.start")[0]["ts"]);
    let options = ["--message-format", "json", "--log", "/dev/full", "--", "true"];
    let note = Sandbox::new().run(options).exits(0);
    let note: Json = serde_json::from_str(note.stderr.trim()).expect("a note is an object, too");
    assert!(note["ts"].is_string() && note["run"].is_string() && note["name"] == "true", "{note}");
    let alone = Sandbox::new().fails_until(2, &["--delay", "1ms", "--message-format", "json"]).exits(0);
    let stop: Json = serde_json::from_str(alone.stderr.lines().last().expect("a stop")).expect("JSON");
    let (started, ended) =
        (stop["started_at"].as_str().expect("a time"), stop["ts"].as_str().expect("a time"));
    assert!(started < ended && started.len() == ended.len(), "{started} to {ended}");
}
