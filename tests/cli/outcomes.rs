//! How runs end, and the statuses they end with.

use super::harness::one;
use crate::support::{Sandbox, example, fixture, wait_for};

const AT_ONCE: &[&str] = &["--delay", "1ms", "--jitter", "none", "--backoff", "fixed", "-q"];

/// Runs a shell script whose `$RETRY_ATTEMPT` says which attempt it is; returns the outcome and the attempts.
#[track_caller]
fn outcome(options: &[&str], script: &str, status: i32) -> (String, u64) {
    let sandbox = Sandbox::new();
    let line = [AT_ONCE, options, &["--log", "log", "--", "sh", "-c", script]].concat();
    sandbox.run(line).exits(status);
    let log = sandbox.log("log");
    let stop = one(&log, "run.stop");
    let text = stop["outcome"].as_str().expect("an outcome").to_owned();
    (text, stop["attempts"].as_u64().expect("a number"))
}

#[track_caller]
fn ends(options: &[&str], script: &str, status: i32, expected: (&str, u64)) {
    let (text, attempts) = outcome(options, script, status);
    assert_eq!((text.as_str(), attempts), expected, "{options:?} {script}");
}

/// Fails with 7 at these attempts, else succeeds.
fn failing_at(attempts: &str) -> String {
    format!("case $RETRY_ATTEMPT in {attempts}) exit 7;; esac")
}

#[test]
fn a_run_ends_with_the_status_of_its_last_attempt() {
    ends(&[], "exit 0", 0, ("succeeded", 1));
    ends(&[], &failing_at("1|2"), 0, ("succeeded", 3));
    ends(&[], "exit $((RETRY_ATTEMPT + 10))", 13, ("exhausted", 3));
    ends(&["--permanent-on", "12"], "exit $((RETRY_ATTEMPT + 10))", 12, ("permanent", 2));
    ends(&[], "kill -SEGV $$", 139, ("exhausted", 3));
    ends(&[], "kill -INT $$", 130, ("permanent", 1));
    ends(&["--max-retry-after", "1s"], "echo retry-after=2s >$RETRY_HINT; exit 9", 9, ("throttled", 1));
    ends(&["--deadline", "10s", "--delay", "20s"], "exit 9", 9, ("deadline", 1));
    ends(&["--deadline", "300ms"], "sleep 60", 124, ("deadline", 1));
    ends(&["--timeout", "100ms", "--max", "2"], "sleep 60", 124, ("exhausted", 2));
    ends(&["--timeout", "100ms", "--permanent-on", "timeout"], "sleep 60", 124, ("permanent", 1));
}

#[test]
fn as_many_successes_in_a_row_as_asked_for_are_needed() {
    ends(&["--successes", "3"], "exit 0", 0, ("succeeded", 3));
    ends(&["--successes", "2", "--max", "9"], &failing_at("1|3"), 0, ("succeeded", 5));
    ends(&["--successes", "2", "--max", "4"], &failing_at("1|3"), 1, ("exhausted", 4));
    ends(&["--successes", "2", "--max", "3"], &failing_at("3"), 0, ("succeeded", 2));
    ends(&["--successes", "2", "--max", "3"], &failing_at("2"), 1, ("exhausted", 3));
}

#[test]
fn between_successes_the_wait_is_the_delay() {
    let sandbox = Sandbox::new();
    let line = ["--successes", "2", "--delay", "300ms", "--log", "log", "-q", "--", "true"];
    sandbox.run(line).exits(0);
    let slept = one(&sandbox.log("log"), "run.stop")["slept_ms"].as_f64().expect("milliseconds");
    assert!(slept >= 299.0, "{slept}");
}

#[test]
fn a_flaky_success_has_the_status_that_was_asked_for() {
    let flaky = &["--fail-if-flaky", "42"][..];
    ends(flaky, "exit 0", 0, ("succeeded", 1));
    ends(flaky, &failing_at("1"), 42, ("succeeded", 2));
    ends(flaky, "exit 7", 7, ("exhausted", 3));
    ends(&["--fail-if-flaky", "42", "--successes", "2"], "exit 0", 0, ("succeeded", 2));
}

#[test]
fn exhausted_attempts_have_the_status_that_was_asked_for() {
    let code = &["--exhausted-code", "75"][..];
    ends(code, "exit 7", 75, ("exhausted", 3));
    ends(code, "kill -KILL $$", 75, ("exhausted", 3));
    ends(code, &failing_at("1"), 0, ("succeeded", 2));
    ends(&["--exhausted-code", "75", "--permanent-on", "7"], "exit 7", 7, ("permanent", 1));
    ends(&["--exhausted-code", "75", "--deadline", "1s", "--delay", "9s"], "exit 7", 7, ("deadline", 1));
}

#[test]
fn a_status_that_counts_as_success_is_passed_on() {
    ends(&["--success-on", "0,3"], "exit 3", 3, ("succeeded", 1));
    ends(&["--success-on", "0", "--success-on", "5-9"], "exit 7", 7, ("succeeded", 1));
    ends(&["--success-on", "!7"], "exit 3", 3, ("succeeded", 1));
    ends(&["--success-on", "!7"], "exit 7", 7, ("exhausted", 3));
}

#[test]
fn a_failed_run_never_exits_0() {
    ends(&["--success-on", "3"], "exit 0", 1, ("exhausted", 3));
    ends(&["--success-on", "3", "--permanent-on", "0"], "exit 0", 1, ("permanent", 1));
    ends(&["--success-on", "3", "--deadline", "1s", "--delay", "9s"], "exit 0", 1, ("deadline", 1));
}

#[test]
fn what_no_rule_speaks_of_goes_as_it_is_asked() {
    ends(&[], "exit 7", 7, ("exhausted", 3));
    ends(&["--otherwise", "stop"], "exit 7", 7, ("permanent", 1));
    ends(&["--retry-on", "8"], "exit 7", 7, ("permanent", 1));
    ends(&["--retry-on", "8"], "exit 8", 8, ("exhausted", 3));
    ends(&["--retry-on", "8", "--otherwise", "retry"], "exit 7", 7, ("exhausted", 3));
    ends(&["--permanent-on", "8"], "exit 7", 7, ("exhausted", 3));
    ends(&["--otherwise", "retry"], "kill -INT $$", 130, ("exhausted", 3));
    ends(&["--otherwise", "stop", "--timeout", "100ms", "--max", "2"], "sleep 60", 124, ("exhausted", 2));
}

/// A server on loopback that fails so often, then answers. It is ended with this value.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn server(sandbox: &Sandbox, options: &[&str]) -> (Server, String) {
    let mut command = std::process::Command::new(example("flaky-server"));
    let command = command.args(options).arg("--port-file").arg(sandbox.path("port"));
    let quiet = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let server = Server(quiet.spawn().expect("the server starts"));
    wait_for("the server's port", || sandbox.path("port").exists());
    let url = format!("http://127.0.0.1:{}/", sandbox.read("port").trim());
    (server, url)
}

#[test]
fn curl_gets_through_to_a_server_that_fails_twice() {
    let sandbox = Sandbox::new();
    let (_server, url) = server(&sandbox, &["--fail", "2"]);
    let shows_the_wait = "%{stderr}retry-after: %header{retry-after}\\n";
    let curl = ["--", "curl", "--noproxy", "*", "-fsS", "-w", shows_the_wait, &url];
    let ran = sandbox.run([&["--max", "5", "--delay", "5ms", "--log", "log"], &curl[..]].concat());
    let ran = ran.exits(0).prints("request 3: 200 OK\n");
    let said: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("retry: ")).collect();
    assert_eq!(said.len(), 3, "two failures and a success:\n{}", ran.stderr);
    ran.mentions(&[
        "attempt 1/5 failed (curl: HTTP 503)",
        "attempt 2/5 failed (curl: HTTP 503)",
        "succeeded on attempt 3",
    ]);
    let stop = one(&sandbox.log("log"), "run.stop").clone();
    assert_eq!((&stop["outcome"], &stop["attempts"]), (&"succeeded".into(), &3.into()));
}

#[test]
fn curl_finds_nobody_at_a_port_that_is_closed_and_every_attempt_is_made() {
    let sandbox = Sandbox::new();
    let (server, url) = server(&sandbox, &["--requests", "1"]);
    drop(server);
    let curl = ["--", "curl", "--noproxy", "*", "-fsS", &url];
    let ran = sandbox.run([&["--max", "2", "--delay", "5ms"], &curl[..]].concat()).exits(7);
    ran.mentions(&[
        "attempt 1/2 failed (curl: connection refused)",
        "gave up on curl after 2 attempts (",
        "connection refused ×2",
    ]);
}

#[test]
fn a_success_ends_the_run_even_when_a_hint_was_written() {
    ends(&[], "echo class=permanent >$RETRY_HINT; exit 0", 0, ("succeeded", 1));
    let ran = Sandbox::new().run(["--", fixture(), "exit", "0"]).exits(0);
    ran.prints("").says(&[]);
}
