//! What is told of output: the log's fields, and the note on a file that a failed attempt wrote to.

use std::fs::File;

use crate::support::Sandbox;

const WRITES: &str = "echo hello world; echo oops >&2; exit 1";

/// The events of a run that are attempts.
fn attempts(sandbox: &Sandbox, options: &[&str], script: &str) -> Vec<serde_json::Value> {
    let shared = ["--log", "log", "--delay", "0", "--max", "2"];
    let words = [&shared[..], options, &["--", "sh", "-c", script]].concat();
    sandbox.retry(words).assert().code(1);
    let log = sandbox.read("log");
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.filter(|event| event["event"] == "attempt.retry" || event["event"] == "attempt.failed").collect()
}

#[test]
fn the_log_counts_captured_bytes_and_shows_their_end() {
    let sandbox = Sandbox::new();
    let events = attempts(&sandbox, &["--idle-timeout", "50", "--log-tail", "6"], WRITES);
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(event["bytes_out"], 12);
        assert_eq!(event["bytes_err"], 5);
        assert_eq!(event["stdout_tail"], "world\n");
        assert_eq!(event["stderr_tail"], "oops\n");
    }
}

#[test]
fn the_log_itself_captures_nothing() {
    let sandbox = Sandbox::new();
    for event in attempts(&sandbox, &["--log-tail", "1k"], WRITES) {
        for field in ["bytes_out", "bytes_err", "stdout_tail", "stderr_tail"] {
            assert_eq!(event.get(field), None);
        }
    }
}

#[test]
fn one_stream_captured_is_one_stream_told_of() {
    let sandbox = Sandbox::new();
    for event in attempts(&sandbox, &["-O", "--log-tail", "1k"], WRITES) {
        assert_eq!(event["bytes_out"], 12);
        assert_eq!(event["stdout_tail"], "hello world\n");
        assert_eq!((event.get("bytes_err"), event.get("stderr_tail")), (None, None));
    }
}

#[test]
fn a_tail_of_any_bytes_is_text() {
    let sandbox = Sandbox::new();
    let script = r"printf 'a\377\000b'; exit 1";
    for event in attempts(&sandbox, &["-O", "--log-tail", "1k"], script) {
        assert_eq!(event["stdout_tail"], "a\u{fffd}\0b");
    }
}

#[track_caller]
fn notes(options: &[&str], script: &str, same_stderr: bool, expected: usize) {
    let sandbox = Sandbox::new();
    let file = File::create(sandbox.path("out")).unwrap();
    let words = [&["--delay", "0"], options, &["--", "sh", "-c", script]].concat();
    let mut command = sandbox.spawnable(words);
    if same_stderr {
        command.stderr(file.try_clone().unwrap());
    }
    let done = command.stdout(file).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stderr), sandbox.read("out"));
    assert_eq!(said.matches("already wrote to stdout (a file)").count(), expected, "{said}");
    assert_eq!(said.matches(". Use -O to write").count(), expected, "{said}");
}

#[test]
fn a_failed_attempt_that_wrote_to_a_file_is_told_of_once() {
    notes(&[], "echo x; exit 1", false, 1);
    notes(&["--idle-timeout", "50"], "echo x; exit 1", false, 1);
    notes(&[], "test $RETRY_ATTEMPT = 2 && echo x", false, 0);
    notes(&["--max", "1"], "echo x; exit 1", false, 0);
    notes(&["-O"], "echo x; exit 1", false, 0);
    notes(&[], "echo x; exit 1", true, 0);
}
