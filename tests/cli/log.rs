//! The log: its events and fields, each line as `retry generate log-schema` describes it.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value as Json, json};

use super::harness::{one, only};
use crate::support::{Sandbox, fixture};

/// What every line has.
const COMMON: &[&str] = &["v", "ts", "event", "level", "message", "run", "name", "host", "pid"];

/// Runs a command that needs three attempts, and returns the log.
fn three_attempts(options: &[&str]) -> Vec<Json> {
    let sandbox = Sandbox::new();
    sandbox.fails_until(3, &[&["--delay", "1ms", "-q", "--log", "log"], options].concat()).exits(0);
    sandbox.log("log")
}

/// Runs a line with a log of its own.
fn log_of(line: &[&str]) -> Vec<Json> {
    let sandbox = Sandbox::new();
    sandbox.run([&["-q", "--delay", "1ms", "--log", "log"], line].concat());
    sandbox.log("log")
}

fn events(log: &[Json]) -> Vec<&str> {
    log.iter().map(|line| line["event"].as_str().expect("an event")).collect()
}

#[track_caller]
fn has(line: &Json, fields: &[&str]) {
    for field in fields {
        assert!(line.get(field).is_some(), "{field} is missing in {line:#}");
    }
}

#[test]
fn a_run_is_told_from_its_start_to_its_stop() {
    let log = three_attempts(&[]);
    let start = "attempt.start";
    let expected =
        ["run.start", start, "attempt.retry", start, "attempt.retry", start, "attempt.success", "run.stop"];
    assert_eq!(events(&log), expected);
    let failed = log_of(&["--max", "2", "--", "false"]);
    assert_eq!(events(&failed), ["run.start", start, "attempt.retry", start, "attempt.failed", "run.stop"]);
    let levels: Vec<_> = failed.iter().map(|line| line["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["debug", "debug", "warn", "debug", "error", "error"]);
    assert_eq!(log[6]["level"], "info");
    assert_eq!(log[7]["level"], "info");
}

#[test]
fn every_line_says_which_run_it_is_of() {
    let log = three_attempts(&[]);
    for line in &log {
        has(line, COMMON);
        assert_eq!(line["v"], 1);
        for field in ["run", "name", "host", "pid"] {
            assert_eq!(line[field], log[0][field], "{field} is the run's");
        }
    }
    assert_eq!(log[0]["name"], "fixture");
    let run = log[0]["run"].as_str().expect("an id");
    assert!(run.len() == 36 && &run[14..15] == "7" && run.matches('-').count() == 4, "UUIDv7: {run}");
    assert_ne!(three_attempts(&[])[0]["run"], log[0]["run"]);
}

#[test]
fn times_are_utc_with_microseconds_and_never_go_back() {
    let log = three_attempts(&[]);
    let times: Vec<_> = log.iter().map(|line| line["ts"].as_str().expect("a time")).collect();
    for time in &times {
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    }
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_start_says_what_is_run_and_within_which_bounds() {
    let log = log_of(&["--deadline", "1h", "--log-argv", "--", "echo", "a b"]);
    has(&log[0], &["program", "argc", "argv", "cwd", "max", "deadline_ms", "version"]);
    assert_eq!((&log[0]["program"], &log[0]["argc"]), (&json!("echo"), &json!(2)));
    assert_eq!(log[0]["argv"], json!(["echo", "a b"]));
    assert_eq!((&log[0]["max"], &log[0]["deadline_ms"]), (&Json::Null, &json!(3_600_000)));
    assert_eq!(log[0]["version"], env!("CARGO_PKG_VERSION"));
    let plain = log_of(&["--max", "2", "--", "true"]);
    assert_eq!((&plain[0]["max"], &plain[0]["deadline_ms"]), (&json!(2), &Json::Null));
    assert!(plain[0].get("argv").is_none(), "arguments are only there when asked for");
}

#[test]
fn an_attempt_that_is_retried_says_why_and_how_long_is_waited() {
    let log = three_attempts(&[]);
    let retries = only(&log, "attempt.retry");
    let fields = ["attempt", "max", "duration_ms", "exit_code", "timed_out", "class", "category", "rule"];
    has(retries[0], &fields);
    has(retries[0], &["reason", "error", "backoff_ms", "delay_ms", "next_attempt"]);
    for (number, line) in (1..).zip(&retries) {
        assert_eq!((&line["attempt"], &line["next_attempt"]), (&json!(number), &json!(number + 1)));
        assert_eq!(
            (&line["max"], &line["exit_code"], &line["timed_out"]),
            (&json!(3), &json!(7), &json!(false))
        );
        assert_eq!((&line["class"], &line["category"]), (&json!("transient"), &json!("transient")));
        assert_eq!(line["rule"], json!({"source": "builtin", "id": "unmatched"}));
        assert_eq!((&line["reason"], &line["error"]), (&json!("exit 7"), &json!("[transient] exit 7")));
        assert_eq!(line["backoff_ms"], line["delay_ms"], "nobody asked for more");
        assert!(line.get("signal").is_none());
    }
    let starts = only(&log, "attempt.start");
    assert!(starts.iter().all(|line| line["child_pid"].as_i64().is_some_and(|pid| pid > 1)));
    let success = one(&log, "attempt.success");
    assert_eq!((&success["attempt"], &success["exit_code"]), (&json!(3), &json!(0)));
    assert!(success["duration_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
}

#[test]
fn the_last_failure_says_how_the_command_ended() {
    let sleep = ["--timeout", "100ms", "--max", "1", "--", fixture(), "sleep", "60"];
    let timed_out = log_of(&sleep);
    let line = one(&timed_out, "attempt.failed");
    assert_eq!((&line["timed_out"], &line["reason"]), (&json!(true), &json!("timeout")));
    assert_eq!((&line["kind"], &line["signal"]), (&json!("timeout"), &json!("SIGTERM")));
    assert!(line["duration_ms"].as_f64().is_some_and(|ms| ms >= 100.0));

    let killed = log_of(&["--max", "1", "--", fixture(), "kill-self", "SEGV"]);
    let line = one(&killed, "attempt.failed");
    assert_eq!((&line["signal"], line.get("exit_code")), (&json!("SIGSEGV"), None));

    let permanent = log_of(&["--permanent-on", "1", "--", "false"]);
    let line = one(&permanent, "attempt.failed");
    assert_eq!((&line["class"], &line["category"]), (&json!("permanent"), &json!("user")));
    assert_eq!(line["rule"], json!({"source": "policy", "id": "permanent-on"}));
    assert!(line.get("backoff_ms").is_none() && line.get("next_attempt").is_none());
}

#[test]
fn an_attempt_that_could_not_be_started_has_a_status_and_no_process() {
    for (command, status) in [("no-such-command", 127), ("/", 126)] {
        let log = log_of(&["--", command]);
        assert_eq!(events(&log), ["run.start", "attempt.start", "attempt.failed", "run.stop"]);
        assert!(log[1].get("child_pid").is_none());
        assert_eq!(log[2]["exit_code"], status);
        assert_eq!((&log[3]["outcome"], &log[3]["exit_code"]), (&json!("permanent"), &json!(status)));
    }
}

#[test]
fn a_stop_says_what_came_of_it() {
    let script = "case $RETRY_ATTEMPT in 2) exit 8;; *) exit 7;; esac";
    let log = log_of(&["--delay", "20ms", "--max", "3", "-c", script]);
    let stop = one(&log, "run.stop");
    has(stop, &["outcome", "attempts", "elapsed_ms", "slept_ms", "exit_code", "failures"]);
    assert_eq!(
        (&stop["outcome"], &stop["attempts"], &stop["exit_code"]),
        (&json!("exhausted"), &json!(3), &json!(7))
    );
    assert_eq!(stop["failures"], json!([{"reason": "exit 7", "count": 2}, {"reason": "exit 8", "count": 1}]));
    let ms = |field: &str| stop[field].as_f64().expect("milliseconds");
    assert!(0.0 < ms("slept_ms") && ms("slept_ms") <= ms("elapsed_ms"), "{stop:#}");
    assert_eq!(one(&log_of(&["--", "true"]), "run.stop")["failures"], json!([]));
}

#[test]
fn what_was_asked_for_by_the_command_is_told() {
    let hint = ["--max", "2", "--", fixture(), "hint", "retry-after=30ms", "reason=full"];
    let log = log_of(&hint);
    let line = one(&log, "attempt.retry");
    assert_eq!((&line["class"], &line["retry_after_ms"]), (&json!("throttled"), &json!(30.0)));
    assert_eq!((&line["reason"], &line["error"]), (&json!("full"), &json!("[throttled] full")));
    assert_eq!(line["rule"]["source"], "hint");
}

#[test]
fn an_error_is_at_most_512_bytes() {
    let reason = format!("reason={}", "é".repeat(600));
    let log = log_of(&["--no-retry", "--", fixture(), "hint", &reason]);
    let error = one(&log, "attempt.failed")["error"].as_str().expect("text").len();
    assert!(error <= 512, "{error}");
}

#[test]
fn name_labels_and_policy_are_there_when_they_are_given() {
    let log =
        log_of(&["--name", "nightly", "--label", "b=2", "--label", "a=1=1", "--policy", "sdk", "--", "true"]);
    for line in &log {
        assert_eq!((&line["name"], &line["policy"]), (&json!("nightly"), &json!("sdk")));
        assert_eq!(line["labels"], json!({"a": "1=1", "b": "2"}));
    }
    for line in log_of(&["--", "true"]) {
        for field in ["labels", "policy", "parent", "key"] {
            assert!(line.get(field).is_none(), "{field} was not given");
        }
    }
    assert_eq!(log_of(&["-c", "/bin/echo x | cat"])[0]["name"], "echo");
}

#[test]
fn every_line_of_every_kind_of_run_is_as_the_schema_describes_it() {
    let schema = Sandbox::new().run(["generate", "log-schema"]).exits(0).json();
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let slow = [fixture(), "sleep", "60"];
    for line in [
        &["--", "true"][..],
        &["--max", "2", "--", "false"],
        &["--max", "inf", "--deadline", "100ms", "--", "false"],
        &["--deadline", "2h", "--log-argv", "--label", "a=b", "--name", "x", "--policy", "sdk", "--", "true"],
        &["--permanent-on", "1", "--", "false"],
        &["--", "no-such-command"],
        &["--", fixture(), "kill-self", "SEGV"],
        &["--max", "2", "--", fixture(), "hint", "retry-after=10ms", "reason=x"],
        &["--max-retry-after", "1s", "--", fixture(), "hint", "retry-after=1h"],
        &["--successes", "2", "--", "true"],
        &[&["--timeout", "50ms", "--max", "1", "--"], &slow[..]].concat(),
    ] {
        let log = log_of(line);
        assert!(log.len() >= 4, "{line:?}");
        for line in log {
            let wrong: Vec<_> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{wrong:#?}\nin {line:#}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_line_of_the_log() {
    let schema = Sandbox::new().run(["generate", "log-schema"]).exits(0).json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let good = log_of(&["--label", "a=b", "--", "true"]);
    for line in &good {
        assert!(schema.is_valid(line));
        let mut more = line.clone();
        more["a_later_field"] = json!(1);
        assert!(schema.is_valid(&more), "fields are only ever added, so readers expect more of them");
        for field in ["v", "ts", "event", "level", "message", "run", "name", "host", "pid"] {
            let mut less = line.clone();
            less.as_object_mut().expect("an object").remove(field);
            assert!(!schema.is_valid(&less), "{field} is missing");
        }
    }
    let mut unknown = good[0].clone();
    unknown["event"] = json!("run.walk");
    assert!(!schema.is_valid(&unknown));
    let mut wrong = good[1].clone();
    wrong["attempt"] = json!("one");
    assert!(!schema.is_valid(&wrong));
}

#[test]
fn a_new_log_is_for_its_owner_alone_and_an_old_one_is_appended_to() {
    let sandbox = Sandbox::new();
    let mode = || std::fs::metadata(sandbox.path("log")).expect("the log").permissions().mode() & 0o7777;
    let script = format!("umask 0; exec {} --log log -- true", crate::support::RETRY);
    let run = || {
        let mut shell = assert_cmd::Command::new("sh");
        super::harness::Ran::of(shell.args(["-c", &script]).current_dir(sandbox.path(".")))
            .exits(0)
            .says(&[]);
    };
    run();
    assert_eq!(mode(), 0o600);
    assert_eq!(sandbox.log("log").len(), 4);
    std::fs::set_permissions(sandbox.path("log"), std::fs::Permissions::from_mode(0o640)).expect("a mode");
    run();
    assert_eq!((mode(), sandbox.log("log").len()), (0o640, 8));
}

#[test]
fn a_dash_is_stderr() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--log", "-", "--", "echo", "x"]).exits(0).prints("x\n");
    let events: Vec<_> =
        ran.stderr.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON")).collect();
    assert_eq!(self::events(&events), ["run.start", "attempt.start", "attempt.success", "run.stop"]);
    assert_eq!(sandbox.files(), [""; 0]);
}

#[test]
fn many_processes_may_share_a_log() {
    let sandbox = Sandbox::new();
    // Long lines and no waits, so that writes meet.
    let label = format!("pad={}", "x".repeat(20_000));
    let options =
        ["-q", "--max", "60", "--delay", "0", "--log", "log", "--label", &label, "--", "no-such-command"];
    let options = [&["until"], &options[..]].concat();
    let start = |_| sandbox.spawnable(&options).spawn().expect("a start");
    let mut processes: Vec<_> = (0..8).map(start).collect();
    for process in &mut processes {
        assert_eq!(process.wait().expect("an end").code(), Some(127));
    }
    let log = sandbox.log("log");
    assert_eq!(log.len(), 8 * 122, "a start, 60 attempts of two lines, and a stop each");
    for stop in only(&log, "run.stop") {
        let own: Vec<_> = log.iter().filter(|line| line["run"] == stop["run"]).cloned().collect();
        assert_eq!((own.len(), only(&own, "attempt.retry").len()), (122, 59));
    }
}
