//! `retry until`: readiness checks, where every failure is worth another try.

use super::harness::{one, only};
use crate::support::{Sandbox, fixture};

const AT_ONCE: &[&str] = &["until", "--delay", "1ms", "--jitter", "none"];

#[test]
fn it_goes_on_until_the_command_works() {
    let sandbox = Sandbox::new();
    let line = [AT_ONCE, &["--", fixture(), "fail-until", "runs", "12", "7"]].concat();
    let ran = sandbox.run(line).exits(0);
    assert_eq!(sandbox.runs(), 12, "more than the usual three");
    assert!(ran.stderr.ends_with("ms\n") && ran.stderr.contains("retry: succeeded on attempt 12 after "));
}

#[test]
fn every_failure_is_tried_again() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "text");
    let slow = ["--timeout", "50ms", "--", fixture(), "sleep", "60"];
    for (command, status) in [
        (&["--", fixture(), "exit", "2"][..], 2),
        (&["--", fixture(), "kill-self", "INT"], 130),
        (&["--", fixture(), "kill-self", "SEGV"], 139),
        (&["--", "./plain"], 126),
        (&["--", "no-such-command-anywhere"], 127),
        (&slow, 124),
    ] {
        let line = [AT_ONCE, &["--max", "3", "-q", "--log", "log"], command].concat();
        sandbox.run(line).exits(status);
        let log = sandbox.log("log");
        assert_eq!(only(&log, "attempt.start").len(), 3, "{command:?}");
        assert_eq!(one(&log, "run.stop")["outcome"], "exhausted", "{command:?}");
        std::fs::remove_file(sandbox.path("log")).expect("the log");
    }
}

#[test]
fn other_failures_that_are_named_do_not_end_the_wait_for_a_command() {
    let sandbox = Sandbox::new();
    for (options, attempts) in [
        (&["--retry-on", "4"][..], 3),
        (&["--retry-on", "!4"], 3),
        (&["--retry-on", "4,!not-found"], 1),
        (&["--permanent-on", "not-found"], 1),
    ] {
        let line =
            [AT_ONCE, &["--max", "3", "-q", "--log", "log"], options, &["--", "no-such-command-anywhere"]];
        sandbox.run(line.concat()).exits(127);
        assert_eq!(only(&sandbox.log("log"), "attempt.start").len(), attempts, "{options:?}");
        std::fs::remove_file(sandbox.path("log")).expect("the log");
    }
}

#[test]
fn its_help_shows_what_it_begins_with() {
    let help = Sandbox::new().run(["until", "--help"]).exits(0).text();
    // Wrapped lines may break within a default.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |option: &str| {
        let entry = help.split(&format!("--{option} <")).nth(1).expect("the option");
        entry
            .split("[default: ")
            .nth(1)
            .and_then(|rest| rest.split(']').next())
            .expect("a default")
            .to_owned()
    };
    for (option, default) in [("max", "inf"), ("backoff", "fixed"), ("jitter", "10%"), ("profile", "none")] {
        assert_eq!(shown(option), default, "{option}");
    }
}

#[test]
fn a_command_that_turns_up_later_is_found() {
    let sandbox = Sandbox::new();
    let bin = sandbox.path("bin").display().to_string();
    // The failing lookups are told on stderr, where the test sees that they have begun.
    let mut waiting =
        sandbox.spawnable([AT_ONCE, &["--max-delay", "1ms", "--log", "log", "--", "late"]].concat());
    let path = format!("{bin}:/usr/bin:/bin");
    let mut waiting = waiting.env("PATH", path).stderr(std::process::Stdio::null()).spawn().expect("a start");
    crate::support::wait_for("two attempts", || sandbox.read("log").matches("attempt.retry").count() >= 2);
    let script = sandbox.script("bin/late.new", "#!/bin/sh\nexit 0\n");
    std::fs::rename(script, sandbox.path("bin/late")).expect("the command turns up");
    assert!(waiting.wait().expect("an end").success());
}

#[test]
fn the_time_for_the_whole_is_given_with_for_or_deadline() {
    for flag in ["--for", "--deadline"] {
        let sandbox = Sandbox::new();
        sandbox.run(["until", flag, "100ms", "--log", "log", "-q", "--", "false"]).exits(1);
        let log = sandbox.log("log");
        assert_eq!(log[0]["deadline_ms"], 100);
        assert_eq!(one(&log, "run.stop")["outcome"], "deadline");
    }
    let sandbox = Sandbox::new();
    sandbox.run(["until", "--for", "200ms", "-q", "--", fixture(), "sleep", "60"]).exits(124);
}

#[test]
fn without_options_there_are_five_minutes_and_any_number_of_attempts() {
    let sandbox = Sandbox::new();
    sandbox.run(["until", "--log", "log", "--", "true"]).exits(0).prints("").says(&[]);
    let start = &sandbox.log("log")[0];
    assert_eq!(
        (&start["max"], &start["deadline_ms"]),
        (&serde_json::Value::Null, &serde_json::json!(300_000))
    );
    let line = ["until", "--", fixture(), "env", "RETRY_ATTEMPT_LIMIT", "RETRY_LAST"];
    sandbox.run(line).exits(0).prints("RETRY_ATTEMPT_LIMIT=inf\nRETRY_LAST=0\n");
}

#[test]
fn the_first_wait_is_a_second_give_or_take_a_tenth() {
    let sandbox = Sandbox::new();
    let line = ["until", "--max", "2", "--log", "log", "-q", "--", "false"];
    sandbox.run(line).exits(1);
    let wait = super::harness::waits(&sandbox.log("log"))[0];
    assert!((900.0..=1100.0).contains(&wait), "{wait}");
}

#[test]
fn a_failure_ends_with_a_tally_of_what_was_seen() {
    let sandbox = Sandbox::new();
    let script = "case $RETRY_ATTEMPT in 1|4) exit 2;; 2) kill -KILL $$;; *) exit 3;; esac";
    let ran = sandbox.run([AT_ONCE, &["--max", "5", "-c", script]].concat()).exits(3);
    let last = super::harness::redacted(ran.stderr.lines().last().expect("a tally"));
    assert_eq!(
        last,
        "retry: gave up on sh after 5 attempts (TIME): exit 2 ×2, killed by SIGKILL, exit 3 ×2; exit 3"
    );
}

#[test]
fn any_option_may_be_given() {
    let sandbox = Sandbox::new();
    let line =
        [AT_ONCE, &["-q", "--permanent-on", "7", "--", fixture(), "fail-until", "runs", "9", "7"]].concat();
    sandbox.run(line).exits(7);
    assert_eq!(sandbox.runs(), 1);
}

#[test]
fn off_a_terminal_a_line_is_said_only_when_what_is_seen_changes() {
    let script = "case $RETRY_ATTEMPT in 1|2|3) exit 2;; 4|5) kill -KILL $$;; 6) exit 2;; *) exit 3;; esac";
    let line = |options| [AT_ONCE, options, &["--max", "8", "-c", script]].concat();
    let said = |options| {
        let ran = Sandbox::new().run(line(options)).exits(3);
        ran.stderr.lines().filter(|line| line.contains("attempt ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let seen = said(&[]);
    let expected = [
        "1/8 failed (exit 2)",
        "4/8 failed (killed by SIGKILL)",
        "6/8 failed (exit 2)",
        "7/8 failed (exit 3)",
        "8/8",
    ];
    assert_eq!(seen.len(), expected.len(), "{seen:?}");
    for (line, expected) in seen.iter().zip(expected) {
        assert!(line.contains(expected), "{seen:?}");
    }
    assert_eq!(said(&["--message-format", "json"]).len(), 5);
    assert!(said(&["-v"]).len() >= 8, "whoever asks for more is told all");
}
