//! Replays that are told to stop, or killed: no process is left, and the letters stay.

use rustix::process::Signal;

use super::letters::fail_with;
use super::replay::of_dlq;
use crate::supervision::process::{assert_gone, wait_for_pids};
use crate::supervision::program::{End, Running, retry, run};
use crate::support::{Sandbox, is_alive, wait_for};

#[test]
fn a_signal_ends_the_replay_and_keeps_the_letters() {
    for signal in [Signal::TERM, Signal::INT] {
        let sandbox = Sandbox::new();
        for name in ["a", "b"] {
            let script = "[ -e up ] || exit 4; echo $$ >pid; exec sleep 60";
            fail_with(&sandbox, b"", &["-q", "--name", name], &["sh", "-c", script]).exits(4);
        }
        sandbox.write("up", "");
        let mut run = Running::start(&mut retry(&sandbox, &["replay", "dlq"]));
        let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
        run.send(signal);
        assert_eq!(run.end(), End::Killed(signal.as_raw()));
        assert_eq!(of_dlq(&sandbox).len(), 2);
        assert!(sandbox.read("err").contains("2 letters kept, 1 of them not run"), "{}", sandbox.read("err"));
        assert_gone(&pids);
    }
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_signal_for_the_whole_group_reaches_a_command_once() {
    let sandbox = Sandbox::new();
    let script = "[ -e up ] || exit 4; exec \"$F\" trap TERM 3 ready count";
    let mut failed = retry(&sandbox, &["-q", "--max", "1", "--dead-letter", "dlq", "--", "sh", "-c", script]);
    assert_eq!(run(&mut failed), End::Code(4));
    sandbox.write("up", "");
    // A second one may come before the command has taken the first, and be one with it: not every time.
    for round in 1..=5 {
        let mut run = Running::start(&mut retry(&sandbox, &["replay", "dlq"]));
        wait_for("the command", || sandbox.path("ready").exists());
        // At once: the run that the replay has started knows from its begin what the group gets.
        run.send_to_group(Signal::TERM);
        assert_eq!(run.end(), End::Killed(15));
        assert_eq!((sandbox.count("count"), of_dlq(&sandbox).len()), (round, 1));
        std::fs::remove_file(sandbox.path("ready")).expect("a file");
    }
}

#[test]
#[cfg_attr(not(has_death_signal), ignore = "needs death_signal")]
fn a_replay_that_is_killed_takes_its_run_with_it_and_leaves_the_letter() {
    let sandbox = Sandbox::new();
    let script = "[ -e up ] || exit 4; [ -e again ] && exit 0; echo $$ >pid; exec sleep 60";
    fail_with(&sandbox, b"", &["-q"], &["sh", "-c", script]).exits(4);
    sandbox.write("up", "");
    let mut run = Running::start(&mut retry(&sandbox, &["replay", "dlq"]));
    let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
    run.send(Signal::KILL);
    assert_eq!(run.end(), End::Killed(9));
    wait_for("the end of the command", || !is_alive(pids[0]));
    sandbox.write("again", "");
    // Its lock ends with the run that it started.
    wait_for("the letter to be free", || {
        sandbox.run(["replay", "-q", "dlq"]).status == 0 && of_dlq(&sandbox).is_empty()
    });
}
