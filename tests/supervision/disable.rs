//! `RETRY_DISABLE=1`: the command is exec'ed, as if `retry` were not there.

use std::process::Command;

use super::program::{End, Running, command, ended, retry, run, through};
use crate::support::{Sandbox, fixture};

fn disabled(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = retry(sandbox, args);
    command.env("RETRY_DISABLE", "1");
    command
}

#[test]
fn the_command_takes_our_place() {
    let sandbox = Sandbox::new();
    let mut running =
        Running::start(&mut disabled(&sandbox, &["--max", "5", "--", "sh", "-c", "echo $$; exit 7"]));
    assert_eq!(running.end(), End::Code(7));
    assert_eq!(sandbox.read("out"), format!("{}\n", running.pid()));
    assert_eq!(sandbox.read("err"), "");
}

#[test]
fn nothing_is_retried_timed_logged_or_told() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; sleep 0.3; env | grep -e ^RETRY_ -e ^TRACEPARENT= >variables; exit 7";
    let args = [
        "-vv",
        "--log",
        "log",
        "--max",
        "3",
        "--delay",
        "1ms",
        "--timeout",
        "50ms",
        "--",
        "sh",
        "-c",
        script,
    ];
    assert_eq!(run(&mut disabled(&sandbox, &args)), End::Code(7));
    assert_eq!((sandbox.count("runs"), sandbox.read("variables")), (1, "RETRY_DISABLE=1\n".to_owned()));
    assert_eq!((sandbox.read("err"), sandbox.path("log").exists()), (String::new(), false));
}

#[test]
fn no_configuration_is_read() {
    let sandbox = Sandbox::new();
    sandbox.write(".config/retry/config.toml", "this is no configuration");
    assert_eq!(ended(&sandbox, &["--", "true"]), End::Code(125), "without the switch");
    assert_eq!(run(&mut disabled(&sandbox, &["--", "true"])), End::Code(0));
    assert_eq!(run(disabled(&sandbox, &["--", "true"]).env("RETRY_OPT_MAX", "nonsense")), End::Code(0));
}

#[test]
fn until_is_disabled_too() {
    let sandbox = Sandbox::new();
    assert_eq!(run(&mut disabled(&sandbox, &["until", "--", fixture(), "exit", "7"])), End::Code(7));
}

#[test]
fn a_shell_command_is_still_one() {
    let sandbox = Sandbox::new();
    assert_eq!(run(&mut disabled(&sandbox, &["-c", "echo \"$1\"; exit 7", "a b"])), End::Code(7));
    assert_eq!(sandbox.read("out"), "a b\n");
}

#[test]
fn what_cannot_be_executed_has_the_usual_status() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "exit 0\n");
    for (command, code) in [("no-such-command", 127), ("./plain", 126), ("/", 126)] {
        assert_eq!(run(&mut disabled(&sandbox, &["--", command])), End::Code(code), "{command}");
    }
}

#[test]
fn only_a_word_for_yes_disables() {
    let sandbox = Sandbox::new();
    for (value, limit) in
        [("1", "unset\n"), ("true", "unset\n"), ("on", "unset\n"), ("", "3\n"), ("0", "3\n"), ("off", "3\n")]
    {
        let script = "echo ${RETRY_ATTEMPT_LIMIT-unset}";
        assert_eq!(
            run(disabled(&sandbox, &["--", "sh", "-c", script]).env("RETRY_DISABLE", value)),
            End::Code(0)
        );
        assert_eq!(sandbox.read("out"), limit, "{value:?}");
    }
}

/// What the command sees of signals and descriptors, with us in between and without.
#[test]
fn signals_and_descriptors_are_as_we_found_them() {
    for change in [
        "--default-signal",
        "--ignore-signal=PIPE",
        "--ignore-signal=CHLD,HUP",
        "--block-signal=TERM,USR1",
        "--ignore-signal",
    ] {
        for mode in ["signals", "fds"] {
            let sandbox = Sandbox::new();
            let wrapper = ["env", change, "sh", "-c", "exec 7</dev/null; exec \"$@\"", "sh"];
            let alone = [&wrapper[..], &[fixture(), mode]].concat();
            assert_eq!(run(&mut command(&sandbox, &alone)), End::Code(0));
            let expected = sandbox.read("out");
            let mut tested = through(&sandbox, &wrapper, &["--", fixture(), mode]);
            assert_eq!(run(tested.env("RETRY_DISABLE", "1")), End::Code(0));
            assert_eq!(sandbox.read("out"), expected, "{change} {mode}");
        }
    }
}

#[test]
fn closed_standard_streams_stay_closed() {
    let sandbox = Sandbox::new();
    let wrapper = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];
    let script = "for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && exit 1; done; exit 0";
    let mut tested = through(&sandbox, &wrapper, &["--", "sh", "-c", script]);
    assert_eq!(run(tested.env("RETRY_DISABLE", "1")), End::Code(0));
}

/// The shell would have said so, had it not been for us.
#[test]
fn a_command_that_cannot_be_executed_is_named() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("plain"), "text").expect("a file");
    for (command, status, said) in [
        ("no-such-command-anywhere", 127, "retry: no-such-command-anywhere: command not found\n"),
        ("./plain", 126, "retry: ./plain: cannot execute: Permission denied\n"),
    ] {
        assert_eq!(run(&mut disabled(&sandbox, &["--", command])), End::Code(status));
        assert_eq!(sandbox.read("err"), said);
    }
}

#[test]
fn another_word_is_a_warning() {
    let sandbox = Sandbox::new();
    assert_eq!(run(disabled(&sandbox, &["--", "true"]).env("RETRY_DISABLE", "please")), End::Code(0));
    assert_eq!(sandbox.read("err"), "retry: RETRY_DISABLE ignored: use 1 or 0\n");
}
