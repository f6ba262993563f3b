//! `--deadline`: the time for the whole run, attempts and waits.

use std::time::{Duration, Instant};

use super::process::{assert_gone, pids};
use super::program::{End, count_events, ended, events, retry, run};
use crate::support::{Sandbox, fixture, wait_for};

#[track_caller]
fn assert_outcome(sandbox: &Sandbox, outcome: &str) {
    let stop = events(sandbox).pop().expect("an event");
    assert_eq!((&stop["event"], &stop["outcome"]), (&"run.stop".into(), &outcome.into()), "{stop}");
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn an_attempt_is_cut_at_the_deadline() {
    let sandbox = Sandbox::new();
    let args =
        ["--deadline", "2s", "--timeout", "50s", "--log", "log", "--", fixture(), "tree", "ready", "pids"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert_outcome(&sandbox, "deadline");
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 3);
    assert_gone(&tree);
}

#[test]
fn a_later_attempt_is_cut_too() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 1 ] && exit 7; exec \"$F\" sleep 60";
    let args = ["--deadline", "2s", "--delay", "10ms", "--log", "log", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert_outcome(&sandbox, "deadline");
    assert_eq!(count_events(&sandbox, "attempt.start"), 2);
}

#[test]
fn a_command_that_ignores_the_cut_is_killed() {
    let sandbox = Sandbox::new();
    let args = ["--deadline", "1500ms", "--kill-after", "200ms", "--", fixture(), "ignore-term", "ready"];
    let began = Instant::now();
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert!(sandbox.path("ready").exists());
    assert!(began.elapsed() < Duration::from_secs(9), "the default grace is 10 s");
}

#[test]
fn a_wait_that_would_pass_the_deadline_ends_the_run_at_once_with_the_last_status() {
    let sandbox = Sandbox::new();
    let args = ["--deadline", "29m", "--delay", "1h", "--log", "log", "--", fixture(), "exit", "7"];
    assert_eq!(ended(&sandbox, &args), End::Code(7));
    assert_outcome(&sandbox, "deadline");
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
}

#[test]
fn the_status_is_124_when_the_last_attempt_had_timed_out() {
    let sandbox = Sandbox::new();
    let args = [
        "--deadline",
        "50s",
        "--timeout",
        "200ms",
        "--delay",
        "1h",
        "--log",
        "log",
        "--",
        fixture(),
        "sleep",
        "60",
    ];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert_outcome(&sandbox, "deadline");
}

#[test]
fn with_a_deadline_alone_there_is_no_limit_of_attempts() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; [ $RETRY_ATTEMPT_LIMIT = inf ] || exit 99; [ $RETRY_ATTEMPT -lt 20 ]";
    let args = [
        "--deadline",
        "50s",
        "--delay",
        "1ms",
        "--backoff",
        "fixed",
        "--success-on",
        "1",
        "--",
        "sh",
        "-c",
        script,
    ];
    assert_eq!(ended(&sandbox, &args), End::Code(1));
    assert_eq!(sandbox.count("runs"), 20);
}

#[test]
fn it_ends_a_run_that_keeps_failing() {
    let sandbox = Sandbox::new();
    let args = [
        "--deadline",
        "1s",
        "--delay",
        "20ms",
        "--backoff",
        "fixed",
        "--log",
        "log",
        "--",
        fixture(),
        "exit",
        "7",
    ];
    // The deadline is met while waiting, or by an attempt that a busy machine let run so late.
    let end = ended(&sandbox, &args);
    assert!(matches!(end, End::Code(7 | 124)), "{end:?}");
    assert_outcome(&sandbox, "deadline");
    assert!(count_events(&sandbox, "attempt.start") > 3, "more than the default of three attempts");
}

#[test]
fn a_run_inside_a_run_whose_deadline_has_passed_runs_nothing() {
    let sandbox = Sandbox::new();
    let end = run(retry(&sandbox, &["--", "sh", "-c", "touch ran"]).env("RETRY_DEADLINE_AT_MS", "1"));
    assert_eq!(end, End::Code(124));
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_run_inside_a_run_ends_by_the_outer_deadline() {
    let sandbox = Sandbox::new();
    let inner = ["--deadline", "1h", "--delay", "30m", "--log", "log", "--", fixture(), "exit", "7"];
    let args = [&["--deadline", "50s", "--max", "1", "--", crate::support::RETRY][..], &inner].concat();
    assert_eq!(ended(&sandbox, &args), End::Code(7));
    assert_outcome(&sandbox, "deadline");
}

#[test]
fn nothing_starts_after_a_deadline_that_passed_while_we_were_stopped() {
    let sandbox = Sandbox::new();
    let options = ["--deadline", "1500ms", "--delay", "700ms", "--jitter", "none", "--max", "inf"];
    let words = ["--log", "log", "--", fixture(), "exit", "7"];
    let began = Instant::now();
    let mut run = sandbox.spawnable([&options[..], &words].concat()).spawn().expect("a start");
    let pid = rustix::process::Pid::from_child(&run);
    let send = |signal| rustix::process::kill_process(pid, signal).expect("it is there");
    wait_for("the wait", || count_events(&sandbox, "attempt.retry") > 0);
    send(rustix::process::Signal::STOP);
    let before = count_events(&sandbox, "attempt.start");
    wait_for("the deadline", || began.elapsed() > Duration::from_secs(3));
    send(rustix::process::Signal::CONT);
    assert_eq!(run.wait().expect("an end").code(), Some(7));
    assert_eq!(count_events(&sandbox, "attempt.start"), before);
    assert_outcome(&sandbox, "deadline");
}
