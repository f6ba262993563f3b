//! The exit status: the command's own wherever there is one.

use super::program::{End, count_events, ended, events, retry, run};
use crate::support::{Sandbox, fixture};

#[test]
fn the_commands_own_status_is_passed_on() {
    for code in [0, 1, 2, 75, 124, 125, 126, 127, 128, 129, 200, 255] {
        let sandbox = Sandbox::new();
        let end = ended(&sandbox, &["--max", "1", "--", fixture(), "exit", &code.to_string()]);
        assert_eq!(end, End::Code(code));
    }
}

#[test]
fn exhausted_attempts_end_with_the_last_ones_status() {
    let sandbox = Sandbox::new();
    let script = "echo x >>runs; exit $((RETRY_ATTEMPT + 10))";
    assert_eq!(ended(&sandbox, &["--max", "3", "--delay", "10ms", "--", "sh", "-c", script]), End::Code(13));
    assert_eq!(sandbox.read("runs"), "x\nx\nx\n");
}

#[test]
fn a_success_ends_the_run() {
    let sandbox = Sandbox::new();
    let args = ["--max", "9", "--delay", "10ms", "--", fixture(), "fail-until", "runs", "3", "7"];
    assert_eq!(ended(&sandbox, &args), End::Code(0));
    assert_eq!(sandbox.count("runs"), 3);
}

/// An exit, not a death by that signal: that the command was killed and that we were are two things.
#[test]
fn a_command_that_dies_of_signal_n_is_128_plus_n() {
    for (signal, code) in [
        ("HUP", 129),
        ("INT", 130),
        ("QUIT", 131),
        ("ABRT", 134),
        ("KILL", 137),
        ("USR1", 138),
        ("SEGV", 139),
        ("PIPE", 141),
        ("ALRM", 142),
        ("TERM", 143),
        ("34", 162),
        ("64", 192),
    ] {
        let sandbox = Sandbox::new();
        let end = ended(&sandbox, &["--max", "1", "--", fixture(), "kill-self", signal]);
        assert_eq!(end, End::Code(code), "{signal}");
    }
}

#[test]
fn deaths_by_signals_are_retried_but_for_an_interrupt() {
    for (signal, runs) in [("TERM", 2), ("HUP", 2), ("KILL", 2), ("SEGV", 2), ("INT", 1), ("QUIT", 1)] {
        let sandbox = Sandbox::new();
        let script = format!("printf x >>runs; exec \"$F\" kill-self {signal}");
        let end = ended(&sandbox, &["--max", "2", "--delay", "10ms", "--", "sh", "-c", &script]);
        assert!(matches!(end, End::Code(129..)), "{signal}: {end:?}");
        assert_eq!(sandbox.count("runs"), runs, "{signal}");
    }
}

#[test]
fn a_failed_run_never_exits_0() {
    let sandbox = Sandbox::new();
    assert_eq!(ended(&sandbox, &["--max", "1", "--success-on", "3", "--", "true"]), End::Code(1));
    assert_eq!(
        ended(&sandbox, &["--max", "1", "--success-on", "3", "--", fixture(), "exit", "3"]),
        End::Code(3)
    );
}

#[test]
fn mistakes_in_the_use_of_retry_are_125() {
    let sandbox = Sandbox::new();
    let wrong: [&[&str]; 4] =
        [&[], &["--no-such-option", "true"], &["--max", "0", "true"], &["--config", "none", "true"]];
    for args in wrong {
        assert_eq!(ended(&sandbox, args), End::Code(125), "{args:?}");
        assert!(sandbox.read("err").starts_with("retry: "), "{args:?}: {}", sandbox.read("err"));
    }
}

#[test]
fn only_the_named_failures_are_retried_when_some_are_named() {
    let sandbox = Sandbox::new();
    let args = ["--retry-on", "7", "--delay", "10ms", "--", "sh", "-c", "printf x >>runs; exit 8"];
    assert_eq!(ended(&sandbox, &args), End::Code(8));
    assert_eq!(sandbox.count("runs"), 1);
}

/// The machine-readable counterpart of the status.
#[test]
fn the_log_tells_an_exit_from_a_death_by_signal() {
    for (mode, operand, field, value) in [
        ("exit", "143", "exit_code", serde_json::json!(143)),
        ("kill-self", "TERM", "signal", "SIGTERM".into()),
    ] {
        let sandbox = Sandbox::new();
        let args = ["--max", "1", "--log", "log", "--", fixture(), mode, operand];
        assert_eq!(run(&mut retry(&sandbox, &args)), End::Code(143));
        let failed = events(&sandbox).into_iter().find(|event| event["event"] == "attempt.failed");
        assert_eq!(failed.expect("the attempt failed")[field], value);
        assert_eq!(count_events(&sandbox, "run.stop"), 1);
    }
}
