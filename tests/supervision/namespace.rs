//! As process 1 of a pid namespace, as in a container.

use std::io::Write as _;
use std::process::Command;

use rustix::process::Signal;

use super::process::{Process, assert_gone, is_stopped, working_in};
use super::program::{End, Running, TERMINATING, run, send, through, wait_for_count, wait_for_the_wait};
use crate::support::{Sandbox, fixture, wait_for};

/// The words that make the rest of a command line process 1. None where that is not allowed.
fn as_process_1() -> Option<&'static [&'static str]> {
    const ROOT: &[&str] = &["unshare", "-pf", "--mount-proc"];
    const USER: &[&str] = &["unshare", "-Urpf", "--mount-proc"];
    let words = if rustix::process::geteuid().is_root() { ROOT } else { USER };
    let tried = Command::new(words[0]).args(&words[1..]).arg("true").status();
    if tried.is_ok_and(|status| status.success()) {
        return Some(words);
    }
    // Not `eprintln!`, which is captured: this has to be seen.
    let _ =
        writeln!(std::io::stderr(), "NOT TESTED: no pid namespace may be made here (run the tests as root)");
    None
}

/// `retry` as process 1, and its pid out here.
#[track_caller]
fn start(sandbox: &Sandbox, words: &[&str], args: &[&str]) -> (Running, i32) {
    let running = Running::start(&mut through(sandbox, words, args));
    let children = format!("/proc/{0}/task/{0}/children", running.pid());
    let child = || std::fs::read_to_string(&children).ok()?.trim().parse::<i32>().ok();
    wait_for("process 1", || child().is_some());
    (running, child().expect("process 1"))
}

#[test]
fn statuses_are_passed_on() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; [ $PPID = 1 ] || exit 99; exit 7";
    let args = ["--max", "2", "--delay", "1ms", "--", "sh", "-c", script];
    assert_eq!(run(&mut through(&sandbox, words, &args)), End::Code(7));
    assert_eq!(sandbox.count("runs"), 2);
    let args = ["--max", "1", "--", fixture(), "kill-self", "KILL"];
    assert_eq!(run(&mut through(&sandbox, words, &args)), End::Code(137));
}

/// A signal cannot kill process 1: the status says it instead.
#[test]
fn a_signal_while_waiting_is_128_plus_n() {
    let Some(words) = as_process_1() else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let sandbox = Sandbox::new();
        let args = ["--delay", "1h", "--log", "log", "--", "false"];
        let (mut running, process_1) = start(&sandbox, words, &args);
        wait_for_the_wait(&sandbox);
        send(process_1, signal);
        assert_eq!(running.end(), End::Code(128 + signal.as_raw()));
    }
}

/// Its group and its session are outside: their numbers are 0 in there.
#[test]
fn a_signal_while_the_command_runs_ends_both() {
    let Some(words) = as_process_1() else { return };
    for signal in TERMINATING {
        let sandbox = Sandbox::new();
        let args = ["--max", "5", "--delay", "1ms", "--", fixture(), "tree", "ready", "pids"];
        let (mut running, process_1) = start(&sandbox, words, &args);
        wait_for("the tree", || sandbox.path("ready").exists());
        send(process_1, signal);
        assert_eq!(running.end(), End::Code(128 + signal.as_raw()), "{}", sandbox.read("err"));
        assert_eq!(sandbox.read("err"), "", "{signal:?}");
        assert!(working_in(&sandbox).is_empty());
    }
}

#[test]
fn a_command_that_catches_the_signal_has_its_own_status() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let args = ["--max", "5", "--delay", "1ms", "--", fixture(), "trap", "TERM", "3", "ready", "count"];
    let (mut running, process_1) = start(&sandbox, words, &args);
    wait_for("the handler", || sandbox.path("ready").exists());
    send(process_1, Signal::TERM);
    assert_eq!(running.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
fn the_third_signal_kills() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let script = "trap 'printf x >>count' TERM; touch ready; while :; do sleep 0.05; done";
    let (mut running, process_1) = start(&sandbox, words, &["--", "sh", "-c", script]);
    wait_for("the handler", || sandbox.path("ready").exists());
    for sent in 1..=2 {
        send(process_1, Signal::TERM);
        wait_for_count(&sandbox, "count", sent);
    }
    send(process_1, Signal::TERM);
    assert_eq!(running.end(), End::Code(137));
}

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn a_timeout_stops_the_whole_tree() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let script = "[ $RETRY_ATTEMPT = 2 ] || exec \"$F\" tree ready pids
        for pid in $(cat pids); do [ -e /proc/$pid ] && exit 9; done; exit 5";
    let args = ["--max", "2", "--delay", "1ms", "--timeout", "2s", "--", "sh", "-c", script];
    assert_eq!(run(&mut through(&sandbox, words, &args)), End::Code(5), "{}", sandbox.read("err"));
}

#[test]
fn orphans_are_reaped() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let script = "(sh -c 'echo $$ >pid' &); until [ -s pid ]; do sleep 0.01; done
        while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done; exit 5";
    let args = ["--max", "1", "--timeout", "20s", "--", "sh", "-c", script];
    assert_eq!(run(&mut through(&sandbox, words, &args)), End::Code(5));
}

#[test]
fn a_stop_of_process_1_is_no_end() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--", fixture(), "trap", "USR1", "5", "ready", "count"];
    let (mut running, process_1) = start(&sandbox, words, &args);
    wait_for("the handler", || sandbox.path("ready").exists());
    send(process_1, Signal::STOP);
    wait_for("the stop", || is_stopped(process_1));
    send(process_1, Signal::CONT);
    wait_for("the continuation", || !is_stopped(process_1));
    send(process_1, Signal::USR1);
    assert_eq!(running.end(), End::Code(5));
    assert!(Process::find(process_1).is_none());
    assert_gone(&[process_1]);
}

/// Of a signal that process 1 does not catch the kernel makes nothing: the command would never know.
#[test]
fn signals_that_others_would_die_of_reach_the_command() {
    let Some(words) = as_process_1() else { return };
    let numbers = [Signal::ABORT.as_raw(), Signal::POWER.as_raw(), Signal::XCPU.as_raw(), 34 + 3, 64];
    for number in numbers {
        let sandbox = Sandbox::new();
        let number = number.to_string();
        let args = ["--max", "1", "--", fixture(), "trap", &number, "5", "ready", "count"];
        let (mut running, process_1) = start(&sandbox, words, &args);
        wait_for("the handler", || sandbox.path("ready").exists());
        let sent = Command::new("bash")
            .args(["-c", "kill -\"$0\" \"$1\""])
            .arg(&number)
            .arg(process_1.to_string())
            .status();
        assert!(sent.expect("bash").success());
        assert_eq!(running.end(), End::Code(5), "{number}");
        assert_eq!(sandbox.count("count"), 1, "{number}");
    }
}

/// A namespace without a `/proc` of its own: what is listed there are other processes.
#[test]
fn without_its_own_proc_a_timeout_still_stops_the_command() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--mount-proc").collect();
    let args =
        ["--max", "2", "--delay", "1ms", "--timeout", "1s", "-k", "200ms", "--", fixture(), "sleep", "60"];
    assert_eq!(run(&mut through(&sandbox, &words, &args)), End::Code(124), "{}", sandbox.read("err"));
    assert!(working_in(&sandbox).is_empty());
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn what_cannot_be_listed_is_said_to_be() {
    let Some(words) = as_process_1() else { return };
    let sandbox = Sandbox::new();
    let mut words: Vec<&str> = words.iter().copied().filter(|word| *word != "--mount-proc").collect();
    // Orphans of a `retry` that is not process 1 come to it, and it cannot tell them from others.
    words.extend(["sh", "-c", "\"$@\"; exit $?", "sh"]);
    let script = "\"$F\" sleep 30 & \"$F\" sleep 30";
    let args = ["--max", "1", "--timeout", "300ms", "-k", "100ms", "--", "sh", "-c", script];
    assert_eq!(run(&mut through(&sandbox, &words, &args)), End::Code(125));
    let said = sandbox.read("err");
    assert!(said.contains("cannot be listed") && said.contains("--new-group"), "{said}");
}
