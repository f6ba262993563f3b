//! Being told to stop: the run ends with the first signal, and how it ends says whose end it was.

use std::os::unix::process::ExitStatusExt as _;

use rustix::process::Signal;

use super::process::{Process, assert_gone, is_stopped, pids, wait_for_pids, wait_until_taken, working_in};
use super::program::{
    End, Running, TERMINATING, count_events, events, retry, through, wait_for_count, wait_for_the_wait,
};
use crate::support::{Sandbox, fixture, is_alive, wait_for};

/// A run that has failed once and waits for an hour.
#[track_caller]
fn waiting(sandbox: &Sandbox) -> Running {
    let args = ["--max", "5", "--delay", "1h", "--log", "log", "--", "sh", "-c", "printf x >>runs; exit 3"];
    let running = Running::start(&mut retry(sandbox, &args));
    wait_for_the_wait(sandbox);
    running
}

/// A run of five attempts at most, the first of which runs this script; it writes its pid once it is ready.
#[track_caller]
fn running(sandbox: &Sandbox, options: &[&str], script: &str) -> (Running, i32) {
    let common = ["--max", "5", "--delay", "10ms", "--log", "log"];
    let args = [&common[..], options, &["--", "sh", "-c", script]].concat();
    let running = Running::start(&mut retry(sandbox, &args));
    let [command] = wait_for_pids(sandbox, "pid");
    (running, command)
}

#[test]
fn a_signal_while_waiting_is_died_of_at_once() {
    for signal in TERMINATING.into_iter().chain([Signal::USR1, Signal::USR2, Signal::ALARM]) {
        let sandbox = Sandbox::new();
        let mut run = waiting(&sandbox);
        run.send(signal);
        assert_eq!(run.end(), End::Killed(signal.as_raw()));
        assert_eq!(sandbox.count("runs"), 1, "{signal:?}");
    }
}

#[test]
fn signals_that_mean_nothing_to_a_wait_are_ignored() {
    let sandbox = Sandbox::new();
    let mut run = waiting(&sandbox);
    for signal in [Signal::WINCH, Signal::CONT, Signal::URG, Signal::CHILD] {
        run.send(signal);
    }
    wait_until_taken(run.pid());
    assert!(!run.has_ended());
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()));
}

#[test]
fn a_signal_while_the_command_runs_ends_both_by_it() {
    for signal in TERMINATING {
        let sandbox = Sandbox::new();
        let (mut run, command) = running(&sandbox, &[], "echo $$ >pid; exec \"$F\" sleep 60");
        run.send(signal);
        assert_eq!(run.end(), End::Killed(signal.as_raw()));
        assert_gone(&[command]);
        assert_eq!(count_events(&sandbox, "attempt.start"), 1, "{signal:?}: another attempt");
    }
}

#[test]
fn no_core_is_dumped_of_retry_itself() {
    let sandbox = Sandbox::new();
    let wrapper = ["sh", "-c", "ulimit -c \"$(ulimit -Hc)\"; exec \"$@\"", "sh"];
    let args = ["--delay", "1h", "--log", "log", "--", "false"];
    let mut run = Running::start(&mut through(&sandbox, &wrapper, &args));
    wait_for_the_wait(&sandbox);
    run.send(Signal::QUIT);
    assert_eq!(run.end(), End::Killed(Signal::QUIT.as_raw()));
    assert!(!run.child().wait().expect("its status").core_dumped());
}

#[test]
fn a_command_that_catches_the_signal_ends_the_run_with_its_own_status() {
    for signal in TERMINATING {
        for code in [0, 3] {
            let sandbox = Sandbox::new();
            let number = signal.as_raw();
            let script = format!("echo $$ >pid; exec \"$F\" trap {number} {code} ready count");
            let (mut run, _) = running(&sandbox, &[], &script);
            wait_for("the handler", || sandbox.path("ready").exists());
            run.send(signal);
            assert_eq!(run.end(), End::Code(code), "{signal:?}");
            assert_eq!(sandbox.count("count"), 1, "{signal:?} is delivered once");
            assert_eq!(count_events(&sandbox, "attempt.start"), 1, "{signal:?}: another attempt");
        }
    }
}

#[test]
fn a_command_that_dies_of_another_signal_is_128_plus_n() {
    let sandbox = Sandbox::new();
    let script = "trap 'kill -KILL $$' TERM; echo $$ >pid; while :; do sleep 0.05; done";
    let (mut run, _) = running(&sandbox, &[], script);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(137));
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
}

#[test]
fn the_log_calls_it_interrupted() {
    let sandbox = Sandbox::new();
    let (mut run, _) = running(&sandbox, &[], "echo $$ >pid; exec \"$F\" sleep 60");
    run.send(Signal::HUP);
    run.end();
    let stop = events(&sandbox).pop().expect("an event");
    assert_eq!((&stop["event"], &stop["outcome"]), (&"run.stop".into(), &"interrupted".into()));
    assert_eq!((&stop["signal"], &stop["attempts"]), (&"SIGHUP".into(), &1.into()));
}

/// Counts the signals and lives on. The sleep gets them too.
const DEAF: &str = "trap 'printf x >>count' TERM HUP INT; echo $$ >pid; while :; do sleep 0.05; done";

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn every_signal_is_forwarded_and_the_third_kills_the_tree() {
    let sandbox = Sandbox::new();
    let script = format!("setsid sh -c 'trap \"\" TERM; echo $$ >deep; exec \"$F\" sleep 60' & {DEAF}");
    let (mut run, command) = running(&sandbox, &[], &script);
    let [deep] = wait_for_pids(&sandbox, "deep");
    for sent in 1..=2 {
        run.send(Signal::TERM);
        wait_for_count(&sandbox, "count", sent);
        assert!(is_alive(command) && is_alive(deep) && !run.has_ended(), "after {sent} signals");
    }
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(137));
    assert_gone(&[command, deep]);
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
}

#[test]
fn three_different_signals_kill_the_tree_too() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &[], DEAF);
    for (sent, signal) in [(1, Signal::HUP), (2, Signal::INT)] {
        run.send(signal);
        wait_for_count(&sandbox, "count", sent);
    }
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(137));
    assert_gone(&[command]);
}

#[test]
fn kill_after_holds_after_a_forwarded_signal_when_it_is_given() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &["--kill-after", "200ms"], DEAF);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(137));
    assert_eq!(sandbox.count("count"), 1);
    assert_gone(&[command]);
}

/// A database may drain its connections for a minute. The default grace of a timeout is 10 s: this takes longer.
#[test]
fn a_command_that_is_told_to_stop_may_take_its_time() {
    let sandbox = Sandbox::new();
    let script = "trap '' TERM; echo $$ >pid; \"$F\" sleep 11; exit 6";
    let (mut run, _) = running(&sandbox, &[], script);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(6));
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn the_whole_tree_is_told_to_stop() {
    let sandbox = Sandbox::new();
    let mut run = Running::start(&mut retry(&sandbox, &["--", fixture(), "tree", "ready", "pids"]));
    wait_for("the tree", || sandbox.path("ready").exists());
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 3);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()));
    // Told, not awaited: only the command's own end is.
    wait_for("the end of the tree", || !tree.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn a_stopped_command_is_continued_to_be_told() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &[], "echo $$ >pid; kill -STOP $$; exit 1");
    wait_for("the stop", || is_stopped(command));
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()));
    assert_gone(&[command]);
}

#[test]
fn a_signal_to_the_whole_group_ends_it_as_well() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &[], "echo $$ >pid; exec \"$F\" sleep 60");
    run.send_to_group(Signal::TERM);
    assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()));
    assert_gone(&[command]);
}

#[test]
fn a_kill_of_the_group_leaves_nothing() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &[], "trap '' TERM; echo $$ >pid; exec \"$F\" sleep 60");
    run.send_to_group(Signal::KILL);
    assert_eq!(run.end(), End::Killed(Signal::KILL.as_raw()));
    wait_for("the end of the command", || !is_alive(command));
}

#[test]
#[cfg_attr(not(has_death_signal), ignore = "needs death_signal")]
fn the_command_is_told_when_retry_is_killed() {
    let sandbox = Sandbox::new();
    let (mut run, command) =
        running(&sandbox, &[], "trap 'echo x >told; exit' TERM; echo $$ >pid; while :; do sleep 0.05; done");
    run.send(Signal::KILL);
    assert_eq!(run.end(), End::Killed(Signal::KILL.as_raw()));
    wait_for("the end of the command", || !is_alive(command));
    assert!(sandbox.path("told").exists(), "by TERM");
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn it_is_told_by_the_signal_that_was_chosen() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo x >told; exit' INT; trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done";
    let (mut run, command) = running(&sandbox, &["--signal", "INT"], script);
    run.send(Signal::KILL);
    assert_eq!(run.end(), End::Killed(Signal::KILL.as_raw()));
    wait_for("the end of the command", || !is_alive(command));
    assert!(sandbox.path("told").exists());
}

/// Wherever the signal falls, before the handlers, between fork and exec, after: it is neither lost nor leaves a command
/// behind.
#[test]
fn no_signal_is_lost_at_any_moment_of_the_start() {
    for round in 0..60 {
        let sandbox = Sandbox::new();
        let mut run = Running::start(&mut retry(&sandbox, &["--", fixture(), "sleep", "60"]));
        let started = std::time::Instant::now();
        while started.elapsed() < std::time::Duration::from_micros(150 * round) {
            std::hint::spin_loop();
        }
        run.send(Signal::TERM);
        assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()), "round {round}");
        wait_for("the end of the command", || working_in(&sandbox).is_empty());
    }
}

#[test]
fn the_command_stays_in_the_callers_group_and_session() {
    let sandbox = Sandbox::new();
    let (mut run, command) = running(&sandbox, &[], "echo $$ >pid; exec \"$F\" sleep 60");
    let [ours, its] = [run.pid(), command].map(|pid| Process::find(pid).expect("a process"));
    assert_eq!((its.group, its.session), (ours.group, ours.session));
    assert_eq!(its.parent, run.pid());
    run.send(Signal::TERM);
    run.end();
}
