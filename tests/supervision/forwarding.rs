//! A signal that is sent to `retry` is for the command, as when that is run directly. What it started is its own affair,
//! unless it dies of the signal and cannot see to it.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::{Survivors, assert_gone, wait_for_pids};
use super::program::{End, Running, retry};
use super::terminal::{CTRL_C, Terminal};
use crate::support::{Sandbox, is_alive, wait_for};

/// `$W`: a worker that finishes when `go` is there, and loses its work if it is told to stop.
const WORKER: &str = "W='trap \"echo told >>log; exit 1\" TERM; echo $$ >worker
    until [ -e go ]; do sleep 0.02; done; echo finished >>log'; export W; ";
/// The same, which no TERM ends.
const DEAF: &str = "W='trap \"\" TERM; echo $$ >worker; exec \"$F\" sleep 60'; export W; ";
/// The command that dies of the signal, while its worker runs in a session of its own.
const DIES: &str = "setsid sh -c \"$W\" & exec \"$F\" sleep 60";

const TERMINATED: End = End::Killed(15);

#[track_caller]
fn start(sandbox: &Sandbox, options: &[&str], script: &str) -> (Running, i32) {
    let args = [&["--max", "3"], options, &["--", "bash", "-c", script]].concat();
    let running = Running::start(&mut retry(sandbox, &args));
    let [worker] = wait_for_pids(sandbox, "worker");
    (running, worker)
}

#[test]
fn a_master_that_waits_for_its_workers_keeps_them() {
    let sandbox = Sandbox::new();
    let script = format!(
        "{WORKER} trap 'touch heeded' TERM; sh -c \"$W\" & w=$!; while kill -0 $w 2>/dev/null; do wait $w; done; exit 0"
    );
    let (mut run, worker) = start(&sandbox, &[], &script);
    run.send(Signal::TERM);
    wait_for("the master", || sandbox.path("heeded").exists());
    assert!(is_alive(worker) && !run.has_ended());
    sandbox.write("go", "");
    assert_eq!(run.end(), End::Code(0));
    assert_eq!(sandbox.read("log"), "finished\n");
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn what_a_command_leaves_that_dies_of_the_signal_is_told_and_waited_for() {
    let sandbox = Sandbox::new();
    let slowly = WORKER.replace("echo told", "sleep 0.5; echo told");
    let (mut run, worker) = start(&sandbox, &[], &format!("{slowly}{DIES}"));
    run.send(Signal::TERM);
    assert_eq!(run.end(), TERMINATED);
    assert_gone(&[worker]);
    assert_eq!(sandbox.read("log"), "told\n", "once");
    assert!(!sandbox.read("err").contains("still running"), "{}", sandbox.read("err"));
}

#[test]
fn what_a_command_leaves_that_handles_the_signal_is_its_own_affair() {
    let sandbox = Sandbox::new();
    let script = format!("{WORKER} trap 'exit 4' TERM; setsid sh -c \"$W\" & while :; do sleep 0.02; done");
    let (mut run, _) = start(&sandbox, &[], &script);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(4));
    let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "worker");
    sandbox.write("go", "");
    wait_for("the worker", || sandbox.read("log") == "finished\n");
}

/// The default grace, 10 s, has to pass.
#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn what_outlives_the_grace_is_left_and_named() {
    let sandbox = Sandbox::new();
    let (mut run, worker) = start(&sandbox, &[], &format!("{DEAF}{DIES}"));
    run.send(Signal::TERM);
    assert_eq!(run.end(), TERMINATED);
    let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "worker");
    let said = sandbox.read("err");
    assert!(said.contains(&format!("pid {worker}")) && said.contains("fixture"), "{said}");
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn it_is_killed_only_with_kill_after_or_at_the_third_signal() {
    let sandbox = Sandbox::new();
    let (mut run, worker) = start(&sandbox, &["--kill-after", "200ms"], &format!("{DEAF}{DIES}"));
    run.send(Signal::TERM);
    assert_eq!(run.end(), TERMINATED);
    assert_gone(&[worker]);

    let sandbox = Sandbox::new();
    let began = Instant::now();
    let script = format!("{DEAF} echo $$ >command; {DIES}");
    let (mut run, worker) = start(&sandbox, &[], &script);
    let [command] = wait_for_pids(&sandbox, "command");
    run.send(Signal::TERM);
    wait_for("the end of the command", || !is_alive(command));
    for _ in 0..2 {
        assert!(is_alive(worker) && !run.has_ended());
        super::process::wait_until_taken(run.pid());
        run.send(Signal::TERM);
    }
    assert_eq!(run.end(), TERMINATED);
    assert_gone(&[worker]);
    assert!(began.elapsed() < Duration::from_secs(9), "before the grace was over");
}

/// The whole group has it from the keyboard; who is in a session of its own is meant not to.
#[test]
fn a_key_starts_none_of_this() {
    let sandbox = Sandbox::new();
    let script = format!("{}{DIES}", DEAF.replace("TERM", "TERM INT"));
    let mut terminal = Terminal::retry(&sandbox, &["--max", "3", "--", "bash", "-c", &script]);
    let [_] = wait_for_pids(&sandbox, "worker");
    let began = Instant::now();
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), End::Killed(Signal::INT.as_raw()));
    assert!(began.elapsed() < Duration::from_secs(9), "nothing was waited for");
    let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "worker");
}

/// Who presses a key while what a command left is waited for wants the prompt back.
#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn a_key_ends_the_wait_for_what_was_left() {
    for options in [&["--max", "3"][..], &["--kill-after", "1h"]] {
        let sandbox = Sandbox::new();
        let script =
            format!("{} echo $$ >command; echo $PPID >retry; {DIES}", DEAF.replace("TERM", "TERM INT"));
        let line = [options, &["--", "bash", "-c", &script]].concat();
        let mut terminal = Terminal::retry(&sandbox, &line);
        let [_] = wait_for_pids(&sandbox, "worker");
        let [command, retry] = ["command", "retry"].map(|name| wait_for_pids::<1>(&sandbox, name)[0]);
        let began = Instant::now();
        super::program::send(retry, Signal::TERM);
        terminal.wait_for("the end of the command", || !is_alive(command));
        assert!(is_alive(retry), "the worker is waited for");
        terminal.press(CTRL_C);
        assert_eq!(terminal.end(), TERMINATED);
        assert!(began.elapsed() < Duration::from_secs(9), "before the grace was over");
        let _ended_with_the_test = Survivors::expect::<1>(&sandbox, "worker");
    }
}
