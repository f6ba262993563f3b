//! What is left alone: daemons after an end that was not ours, and processes that were there before.

use super::process::{Survivors, wait_for_pids};
use super::program::{End, Running, ended, retry, run, shell, wait_for_the_wait};
use crate::support::{Sandbox, wait_for};

/// A daemon as `sh` starts one, its pid in the file `daemon`.
const DAEMON: &str = "setsid \"$F\" sleep 60 >/dev/null 2>&1 & echo $! >>daemon";

#[test]
fn a_daemon_survives_the_success_of_the_command_that_started_it() {
    let sandbox = Sandbox::new();
    let script = format!("{DAEMON}; exit 0");
    assert_eq!(ended(&sandbox, &["--timeout", "50s", "--", "sh", "-c", &script]), End::Code(0));
    Survivors::expect::<1>(&sandbox, "daemon");
}

#[test]
fn a_daemon_survives_failures_too() {
    let sandbox = Sandbox::new();
    let script = format!("{DAEMON}; exit 3");
    assert_eq!(ended(&sandbox, &["--max", "2", "--delay", "10ms", "--", "sh", "-c", &script]), End::Code(3));
    Survivors::expect::<2>(&sandbox, "daemon");
}

#[test]
fn a_daemon_of_one_attempt_survives_the_timeout_of_the_next() {
    let sandbox = Sandbox::new();
    let script = format!("[ $RETRY_ATTEMPT = 2 ] && exec \"$F\" sleep 60; {DAEMON}; exit 3");
    let args = ["--max", "2", "--delay", "10ms", "--timeout", "1500ms", "--", "sh", "-c", &script];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    Survivors::expect::<1>(&sandbox, "daemon");
}

/// A script that starts a helper and then execs `retry` makes that helper a child of ours.
#[test]
fn a_child_from_before_the_start_survives_a_timeout() {
    let sandbox = Sandbox::new();
    let script = "sh -c '\"$F\" sleep 60 & echo $! >>before; wait' & echo $! >>before; until [ $(wc -l <before) = 2 ]; do sleep 0.01; done
        exec \"$R\" --max 2 --delay 10ms --timeout 500ms -- \"$F\" sleep 60";
    let end = run(&mut shell(&sandbox, script));
    assert_eq!(end, End::Code(124));
    Survivors::expect::<2>(&sandbox, "before");
}

#[test]
fn what_a_child_from_before_starts_during_the_attempt_is_its_own() {
    let sandbox = Sandbox::new();
    let script = "sh -c 'until [ -e go ]; do sleep 0.01; done; \"$F\" sleep 60 & echo $! >late; touch went; wait' &
        exec \"$R\" --max 1 --timeout 3s -- sh -c 'touch go; until [ -e went ]; do sleep 0.01; done; exec \"$F\" sleep 60'";
    let end = run(&mut shell(&sandbox, script));
    assert_eq!(end, End::Code(124));
    Survivors::expect::<1>(&sandbox, "late");
}

#[test]
fn the_status_of_a_child_from_before_is_not_the_commands() {
    let sandbox = Sandbox::new();
    // The command waits until that child is gone, which takes our reaping.
    let script = "sh -c 'sleep 0.1; exit 42' & child=$!
        exec \"$R\" --max 1 -- sh -c 'while kill -0 \"$0\" 2>/dev/null; do sleep 0.01; done; exit 3' $child";
    assert_eq!(run(&mut shell(&sandbox, script)), End::Code(3));
}

#[test]
fn an_orphan_is_reaped_promptly() {
    let sandbox = Sandbox::new();
    let script = "(sh -c 'echo $$ >pid' &); until [ -s pid ]; do sleep 0.01; done
        while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done; exit 0";
    assert_eq!(ended(&sandbox, &["--max", "1", "--timeout", "20s", "--", "sh", "-c", script]), End::Code(0));
}

#[test]
fn an_orphan_is_reaped_while_we_wait_for_the_next_attempt() {
    let sandbox = Sandbox::new();
    let script =
        "[ $RETRY_ATTEMPT = 2 ] && exit 0; (sh -c 'echo $$ >pid; until [ -e go ]; do sleep 0.01; done' &)
        until [ -s pid ]; do sleep 0.01; done; exit 3";
    let args = ["--delay", "1h", "--log", "log", "--", "sh", "-c", script];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for_the_wait(&sandbox);
    let [orphan] = wait_for_pids(&sandbox, "pid");
    sandbox.write("go", "");
    let gone = || !std::path::Path::new(&format!("/proc/{orphan}")).exists();
    wait_for("the reaping of the orphan", gone);
    run.send(rustix::process::Signal::TERM);
    run.end();
}

/// Inherited streams have no end to wait for.
#[test]
fn a_background_process_that_holds_the_streams_does_not_delay_the_end() {
    let sandbox = Sandbox::new();
    let script = "\"$F\" sleep 60 & echo $! >daemon; exit 3";
    assert_eq!(ended(&sandbox, &["--max", "1", "--", "sh", "-c", script]), End::Code(3));
    Survivors::expect::<1>(&sandbox, "daemon");
}
