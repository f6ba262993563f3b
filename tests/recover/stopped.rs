//! Being told to stop at each stage: the order of things, the exit, and that no process is left.

use rustix::process::Signal;

use crate::supervision::process::{assert_gone, wait_for_pids};
use crate::supervision::program::{End, Running, retry, wait_for_the_wait};
use crate::support::Sandbox;

const DEAD: End = End::Killed(15);

/// A hook, or another command, that writes its pid and stays.
const STAYS: &str = "echo $$ >pid; exec \"$F\" sleep 60";
const TOLD: &str = "echo $RETRY_EVENT $RETRY_OUTCOME >>told";

#[test]
fn during_an_attempt_the_failure_hook_still_runs() {
    let sandbox = Sandbox::new();
    let args = ["--on-failure", TOLD, "--fallback", "touch fell", "--", "sh", "-c", STAYS];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "failure interrupted\n");
    assert!(!sandbox.path("fell").exists());
    assert_gone(&pids);
}

#[test]
fn during_a_wait_the_failure_hook_still_runs() {
    let sandbox = Sandbox::new();
    let args = ["--delay", "1h", "--log", "log", "--on-failure", TOLD, "--", "false"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for_the_wait(&sandbox);
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "failure interrupted\n");
}

#[test]
fn during_a_retry_hook_that_is_stopped_first() {
    let sandbox = Sandbox::new();
    let args = ["--delay", "1h", "--on-retry", STAYS, "--on-failure", TOLD, "--", "false"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "failure interrupted\n");
    assert_gone(&pids);
}

#[test]
fn during_the_fallback_which_gets_it() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--fallback", STAYS, "--on-failure", TOLD, "--", "false"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "failure exhausted\n");
    assert_gone(&pids);

    // One that catches it has its own way of ending.
    let sandbox = Sandbox::new();
    let catches = "trap 'exit 5' TERM; echo $$ >pid; while :; do sleep 0.05; done";
    let mut run = Running::start(&mut retry(&sandbox, &["--max", "1", "--fallback", catches, "--", "false"]));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(5));
    assert_gone(&pids);
}

#[test]
fn during_a_final_hook_the_rest_is_left_out() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--log", "log", "--on-failure", STAYS, "--on-failure", TOLD, "--", "false"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "");
    assert!(sandbox.read("log").contains("\"event\":\"run.stop\",\"outcome\":\"exhausted\""));
    assert_gone(&pids);
}

#[test]
fn a_second_signal_ends_all_that_is_left() {
    let sandbox = Sandbox::new();
    let deaf = "trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done";
    let args = ["--delay", "1h", "--log", "log", "--on-failure", deaf, "--on-failure", TOLD, "--", "false"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for_the_wait(&sandbox);
    run.send(Signal::TERM);
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::TERM);
    assert_eq!(run.end(), DEAD);
    assert_eq!(sandbox.read("told"), "");
    assert_gone(&pids);
}
