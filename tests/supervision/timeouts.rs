//! `--timeout`: an attempt that takes too long is stopped, and the next one begins with a clean slate.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::{assert_gone, pids};
use super::program::{End, Running, count_events, ended, retry};
use crate::support::{Sandbox, fixture, wait_for};

/// Long enough for a command to get ready on a slow machine.
const SOON: &str = "1500ms";
/// The default grace before KILL is 10 s: what ends earlier than this ended without KILL, or by an explicit grace.
const BEFORE_THE_DEFAULT_GRACE: Duration = Duration::from_secs(9);

#[test]
fn an_attempt_that_is_stopped_is_124() {
    let sandbox = Sandbox::new();
    assert_eq!(
        ended(&sandbox, &["--max", "1", "--timeout", "100ms", "--", fixture(), "sleep", "60"]),
        End::Code(124)
    );
}

#[test]
fn every_attempt_has_its_own_time() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; exec \"$F\" sleep 60";
    let args = ["--max", "3", "--delay", "10ms", "--timeout", "300ms", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert_eq!(sandbox.count("runs"), 3);
}

#[test]
fn an_attempt_after_one_that_was_stopped_may_succeed() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 2 ] || exec \"$F\" sleep 60";
    let args = ["--max", "3", "--delay", "10ms", "--timeout", SOON, "--log", "log", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(0));
    assert_eq!(count_events(&sandbox, "attempt.start"), 2);
}

#[test]
fn an_attempt_that_was_stopped_is_no_success_even_if_it_exits_0() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 2 ] && exit 5; exec \"$F\" trap TERM 0 ready count";
    let args = ["--max", "2", "--delay", "10ms", "--timeout", SOON, "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(5));
    assert_eq!(sandbox.count("count"), 1);
    let args = ["--max", "1", "--timeout", SOON, "--", "sh", "-c", "trap 'exit 0' TERM; \"$F\" sleep 60"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
}

#[test]
fn the_first_signal_can_be_chosen() {
    let names = [("INT", Signal::INT), ("SIGHUP", Signal::HUP), ("usr1", Signal::USR1), ("12", Signal::USR2)];
    // All at once: most of the time is the timeout's.
    let runs: Vec<_> = names
        .iter()
        .map(|&(name, signal)| {
            let sandbox = Sandbox::new();
            let number = signal.as_raw().to_string();
            let options = ["--max", "1", "--timeout", SOON, "--signal", name];
            let command = ["--", fixture(), "trap", &number, "3", "ready", "count"];
            let running = Running::start(&mut retry(&sandbox, &[&options[..], &command].concat()));
            (name, sandbox, running)
        })
        .collect();
    for (name, sandbox, mut running) in runs {
        assert_eq!(running.end(), End::Code(124), "{name}");
        assert_eq!(sandbox.count("count"), 1, "{name}");
    }
}

/// Our own interrupt is no reason to stop retrying, as one from elsewhere would be.
#[test]
fn an_attempt_stopped_by_sigint_is_tried_again() {
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 2 ] || exec \"$F\" sleep 60";
    let args = ["--delay", "10ms", "--timeout", SOON, "--signal", "INT", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(0));
}

#[test]
fn sigkill_as_the_first_signal_needs_no_grace() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let args = ["--max", "1", "--timeout", SOON, "--signal", "KILL", "--", fixture(), "ignore-term", "ready"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert!(began.elapsed() < BEFORE_THE_DEFAULT_GRACE);
}

#[test]
fn a_command_that_ignores_term_is_killed_after_the_grace() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let args =
        ["--max", "1", "--timeout", SOON, "--kill-after", "200ms", "--", fixture(), "ignore-term", "ready"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    assert!(sandbox.path("ready").exists(), "it was ready to ignore TERM");
    assert!(began.elapsed() < BEFORE_THE_DEFAULT_GRACE);
}

#[test]
fn a_command_has_the_grace_to_clean_up() {
    let sandbox = Sandbox::new();
    let script =
        "trap '\"$F\" sleep 1; echo done >clean; exit 0' TERM; touch ready; while :; do sleep 0.05; done";
    assert_eq!(ended(&sandbox, &["--max", "1", "--timeout", SOON, "--", "sh", "-c", script]), End::Code(124));
    assert_eq!(sandbox.read("clean"), "done\n");
}

#[test]
fn a_stopped_command_is_continued_so_that_it_can_heed_the_signal() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let script = "trap 'echo heeded >trap; exit 0' TERM; kill -STOP $$; echo lost >trap";
    assert_eq!(ended(&sandbox, &["--max", "1", "--timeout", SOON, "--", "sh", "-c", script]), End::Code(124));
    assert_eq!(sandbox.read("trap"), "heeded\n");
    assert!(began.elapsed() < BEFORE_THE_DEFAULT_GRACE);
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn the_next_attempt_begins_only_when_the_tree_is_gone() {
    let sandbox = Sandbox::new();
    let script = "if [ $RETRY_ATTEMPT = 2 ]; then kill -0 $(cat pid) && exit 9; exit 0; fi
        setsid sh -c 'trap \"\" TERM; echo $$ >pid; exec \"$F\" sleep 60' & exec \"$F\" sleep 60";
    let args = [
        "--max",
        "2",
        "--delay",
        "1ms",
        "--timeout",
        SOON,
        "--kill-after",
        "500ms",
        "--",
        "sh",
        "-c",
        script,
    ];
    assert_eq!(ended(&sandbox, &args), End::Code(0), "{}", sandbox.read("err"));
    assert_gone(&pids(&sandbox, "pid"));
}

#[test]
fn a_signal_during_the_grace_ends_the_run() {
    let sandbox = Sandbox::new();
    let script =
        "trap 'printf x >>count' TERM; printf x >>runs; while [ ! -e stop ]; do sleep 0.05; done; exit 6";
    let args =
        ["--max", "3", "--delay", "10ms", "--timeout", SOON, "--kill-after", "1h", "--", "sh", "-c", script];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for("the timeout", || sandbox.count("count") == 1);
    run.send(Signal::TERM);
    wait_for("the forwarded signal", || sandbox.count("count") == 2);
    sandbox.write("stop", "");
    assert_eq!(run.end(), End::Code(124));
    assert_eq!(sandbox.count("runs"), 1);
}

#[test]
fn no_time_is_too_long_and_zero_is_none() {
    let sandbox = Sandbox::new();
    for timeout in ["0", "1e9", "1000000h", "584 years"] {
        for option in ["--timeout", "--deadline"] {
            let args = [option, timeout, "--max", "1", "--", fixture(), "exit", "7"];
            assert_eq!(ended(&sandbox, &args), End::Code(7), "{option} {timeout}: {}", sandbox.read("err"));
        }
    }
}
