//! Who sent it: what comes from the command's own tree is the command's own affair.

use rustix::process::Signal;

use super::process::{wait_for_pids, wait_until_taken};
use super::program::{End, Running, ended, retry, shell};
use crate::support::{Sandbox, is_alive, wait_for};

/// Runs a script to the end of its three attempts.
#[track_caller]
fn check(script: &str, end: End) {
    let sandbox = Sandbox::new();
    let script = format!("printf x >>runs; {script}");
    let args = ["--max", "3", "--delay", "10ms", "--", "sh", "-c", &script];
    assert_eq!(ended(&sandbox, &args), end, "{script}\n{}", sandbox.read("err"));
    assert_eq!(sandbox.count("runs"), 3, "{script}\n{}", sandbox.read("err"));
}

#[test]
fn a_kill_0_of_the_commands_is_no_order_to_stop() {
    check("trap 'kill 0' EXIT; exit 4", End::Code(143));
    check("trap 'trap \"\" TERM; kill 0' EXIT; exit 4", End::Code(4));
    check("trap '' HUP; kill -HUP 0; exit 4", End::Code(4));
    check("trap '' USR1; kill -USR1 0; exit 4", End::Code(4));
}

#[test]
fn nor_is_a_signal_to_retry_from_the_command() {
    check("kill -TERM $PPID; exit 4", End::Code(4));
    check("kill -HUP $PPID; kill -HUP $PPID; kill -HUP $PPID; exit 4", End::Code(4));
}

/// It lives on for a moment: of a sender that is gone and reaped by its own parent nothing can be known.
#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn nor_is_one_from_a_program_of_the_commands() {
    check("sh -c 'kill -TERM \"$0\"; exec sleep 0.2' $PPID; exit 4", End::Code(4));
    check("trap '' TERM; sh -c 'kill 0; exec sleep 0.2'; exit 4", End::Code(4));
    check("setsid -w sh -c 'kill -TERM \"$0\"; exec sleep 0.2' $PPID; exit 4", End::Code(4));
}

/// Ended and reparented, in a session of its own, while the command has gone on or is over.
#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn nor_is_one_from_an_orphan_of_the_commands() {
    check(
        "(setsid sh -c 'kill -TERM \"$0\"; touch sent' $PPID &); until [ -e sent ]; do sleep 0.01; done; exit 4",
        End::Code(4),
    );
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn a_daemon_that_an_attempt_left_cannot_stop_the_run_either() {
    let sandbox = Sandbox::new();
    // It ends by itself where `go` never comes.
    let daemon = "echo $$ >daemon; for i in $(seq 3000); do [ -e go ] && break; sleep 0.01; done; kill -TERM \"$0\"; touch sent";
    let script = format!(
        "case $RETRY_ATTEMPT in
        1) setsid sh -c '{daemon}' $PPID >/dev/null 2>&1 & exit 4 ;;
        2) touch go; until [ -e sent ]; do sleep 0.01; done; exit 5 ;;
        esac"
    );
    let args = ["--max", "2", "--delay", "10ms", "--", "sh", "-c", &script];
    assert_eq!(ended(&sandbox, &args), End::Code(5), "{}", sandbox.read("err"));
    let [daemon] = wait_for_pids(&sandbox, "daemon");
    wait_for("the end of the daemon", || !is_alive(daemon));
}

/// A sibling in the same group is nobody's descendant: what it says counts.
#[test]
fn a_signal_from_outside_counts_whatever_its_group() {
    let sandbox = Sandbox::new();
    let script = "\"$R\" --max 3 --delay 10ms -- sh -c 'echo $PPID >pid; exec \"$F\" sleep 60' &
        until [ -s pid ]; do sleep 0.01; done; sh -c 'kill -TERM \"$(cat pid)\"'; wait $!";
    let mut shell = Running::start(&mut shell(&sandbox, script));
    assert_eq!(shell.end(), End::Code(143));
}

#[test]
fn signals_from_below_do_not_count_towards_the_third() {
    let sandbox = Sandbox::new();
    let script = "trap 'printf x >>count' TERM; kill -TERM $PPID; kill -TERM $PPID; kill -TERM $PPID
        echo $$ >pid; until [ -e stop ]; do sleep 0.05; done; exit 6";
    let mut run =
        Running::start(&mut retry(&sandbox, &["--max", "3", "--delay", "10ms", "--", "sh", "-c", script]));
    let [_] = wait_for_pids(&sandbox, "pid");
    wait_until_taken(run.pid());
    run.send(Signal::TERM);
    wait_for("the forwarded signal", || sandbox.count("count") == 1);
    sandbox.write("stop", "");
    assert_eq!(run.end(), End::Code(6));
}
