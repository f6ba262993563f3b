//! Signals that do not end a run: they are the command's, and its alone.

use rustix::process::Signal;

use super::process::{Survivors, wait_for_pids};
use super::program::{End, Running, retry};
use crate::support::{Sandbox, fixture, is_alive, wait_for};

const OTHERS: [Signal; 4] = [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::WINCH];

#[test]
fn they_are_passed_to_the_command_once() {
    for signal in OTHERS {
        let sandbox = Sandbox::new();
        let number = signal.as_raw().to_string();
        let args = ["--max", "1", "--", fixture(), "trap", &number, "5", "ready", "count"];
        let mut run = Running::start(&mut retry(&sandbox, &args));
        wait_for("the handler", || sandbox.path("ready").exists());
        run.send(signal);
        assert_eq!(run.end(), End::Code(5), "{signal:?}");
        assert_eq!(sandbox.count("count"), 1, "{signal:?}");
    }
}

#[test]
fn a_continuation_is_passed_too() {
    let sandbox = Sandbox::new();
    let script = "echo $$ >pid; kill -STOP $$; exit 5";
    let mut run = Running::start(&mut retry(&sandbox, &["--max", "1", "--", "sh", "-c", script]));
    let [command] = wait_for_pids(&sandbox, "pid");
    wait_for("the stop", || super::process::is_stopped(command));
    run.send(Signal::CONT);
    assert_eq!(run.end(), End::Code(5));
}

#[test]
fn they_do_not_reach_what_the_command_started() {
    let sandbox = Sandbox::new();
    let script = "\"$F\" trap USR1 5 lower-ready lower-count & echo $! >lower
        while [ ! -e lower-ready ]; do sleep 0.01; done; exec \"$F\" trap USR1 5 ready count";
    let mut run = Running::start(&mut retry(&sandbox, &["--max", "1", "--", "sh", "-c", script]));
    wait_for("both handlers", || sandbox.path("ready").exists());
    let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "lower");
    run.send(Signal::USR1);
    assert_eq!(run.end(), End::Code(5));
    assert_eq!((sandbox.count("count"), sandbox.count("lower-count")), (1, 0));
}

#[test]
fn they_do_not_end_the_run() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; [ $RETRY_ATTEMPT = 2 ] && exit 0; exec \"$F\" trap USR1 5 ready count";
    let args = ["--max", "5", "--delay", "10ms", "--", "sh", "-c", script];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for("the handler", || sandbox.path("ready").exists());
    run.send(Signal::USR1);
    assert_eq!(run.end(), End::Code(0));
    assert_eq!(sandbox.count("runs"), 2);
}

/// A signal whose default is death kills the command, not the program that guards it.
#[test]
fn a_command_that_dies_of_one_has_failed_and_is_tried_again() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 2 ] && exit 0; echo $$ >pid; exec \"$F\" sleep 60";
    let args = ["--max", "2", "--delay", "10ms", "--", "sh", "-c", script];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    let [command] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::USR2);
    assert_eq!(run.end(), End::Code(0));
    assert!(!is_alive(command));
}
