//! Each signal reaches the command once, whether it is sent to `retry`, to its process group, or to each process: a
//! process of the group that blocks everything is the witness.

use std::process::Stdio;

use rustix::process::Signal;

use super::process::{Process, children, wait_for_pids};
use super::program::{End, Running, retry, send, wait_for_count};
use crate::support::{Sandbox, fixture, is_alive, wait_for};

const NAME: &str = "signal-witness";

fn comm(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// What lists of processes show for its arguments.
fn shown(pid: i32) -> String {
    let shown = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    shown.trim_end_matches('\0').replace('\0', " ")
}

pub(super) fn witness(retry: i32) -> Option<i32> {
    children(retry).into_iter().find(|&pid| comm(pid) == NAME)
}

#[track_caller]
fn wait_for_witness(retry: i32) -> i32 {
    wait_for("a witness", || witness(retry).is_some());
    witness(retry).expect("a witness")
}

fn send_to_all(pids: impl Iterator<Item = i32>) {
    for pid in pids {
        send(pid, Signal::TERM);
    }
}

/// Each of these ways so often, all at once.
const ROUNDS: usize = 10;

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn every_way_of_sending_it_counts_once() {
    type Way = fn(&Running);
    let ways: [(&str, Way); 4] = [
        ("retry", |run| run.send(Signal::TERM)),
        ("the group", |run| run.send_to_group(Signal::TERM)),
        ("each", |run| {
            let mut all = children(run.pid());
            all.insert(0, run.pid());
            send_to_all(all.into_iter());
        }),
        ("each, the last one first", |run| {
            let all = children(run.pid());
            send_to_all(all.into_iter().rev().chain([run.pid()]));
        }),
    ];
    let runs: Vec<_> = ways
        .iter()
        .flat_map(|way| std::iter::repeat_n(way, ROUNDS))
        .map(|(name, send)| {
            let sandbox = Sandbox::new();
            let args = ["--max", "2", "--", fixture(), "trap", "TERM", "3", "ready", "count"];
            let run = Running::start(&mut retry(&sandbox, &args));
            (name, send, sandbox, run)
        })
        .collect();
    for (_, send, sandbox, run) in &runs {
        wait_for("the handler", || sandbox.path("ready").exists());
        wait_for_witness(run.pid());
        send(run);
    }
    for (name, _, sandbox, mut run) in runs {
        assert_eq!(run.end(), End::Code(3), "{name}");
        assert_eq!(sandbox.count("count"), 1, "{name}");
    }
}

/// Counts what it is told until `stop` is there; `kill 0` when `go` is.
const COUNTS: &str = "trap 'printf x >>count' TERM; echo $$ >pid
    until [ -e stop ]; do [ -e go ] && rm go && kill 0; sleep 0.02; done; exit 6";

/// Its own signal to the group is no order to stop, and says nothing of those that follow.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_witness_is_replaced_once_it_has_seen_a_signal() {
    let sandbox = Sandbox::new();
    let mut run = Running::start(&mut retry(&sandbox, &["--kill-after", "1h", "--", "bash", "-c", COUNTS]));
    let [_] = wait_for_pids(&sandbox, "pid");
    let first = wait_for_witness(run.pid());
    sandbox.write("go", "");
    wait_for_count(&sandbox, "count", 1);
    wait_for("another witness", || witness(run.pid()).is_some_and(|pid| pid != first));
    let second = wait_for_witness(run.pid());
    run.send(Signal::TERM);
    wait_for_count(&sandbox, "count", 2);
    assert_eq!(witness(run.pid()), Some(second), "it has seen nothing");
    run.send_to_group(Signal::TERM);
    wait_for_count(&sandbox, "count", 3);
    wait_for("another witness", || witness(run.pid()).is_some_and(|pid| pid != second));
    sandbox.write("stop", "");
    assert_eq!(run.end(), End::Code(6));
    assert_eq!(sandbox.count("count"), 3);
}

/// Who shows these words gets TERM, as with `pkill -f`: all are chosen before the first one is told. How many there were.
fn send_by_words(run: &Running, words: &str) -> usize {
    let mut all = children(run.pid());
    all.insert(0, run.pid());
    all.retain(|pid| shown(*pid).contains(words));
    let count = all.len();
    send_to_all(all.into_iter());
    count
}

/// A word of the command's own is one of `retry`'s as well; of those before it the command knows nothing.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn who_is_chosen_by_the_command_line_is_told_once() {
    for (words, chosen) in [("TERM 3", 3), ("--max 2", 1)] {
        let sandbox = Sandbox::new();
        let args = ["--max", "2", "--", fixture(), "trap", "TERM", "3", "ready", "count"];
        let mut run = Running::start(&mut retry(&sandbox, &args));
        wait_for("the handler", || sandbox.path("ready").exists());
        wait_for_witness(run.pid());
        wait_for("its words", || shown(witness(run.pid()).expect("a witness")).starts_with(NAME));
        assert_eq!(send_by_words(&run, words), chosen, "{words}");
        assert_eq!(run.end(), End::Code(3), "{words}");
        assert_eq!(sandbox.count("count"), 1, "{words}");
    }
}

/// It has become another program meanwhile.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_witness_shows_the_words_that_the_command_shows_now() {
    let sandbox = Sandbox::new();
    let script = "until [ -e go ]; do sleep 0.02; done; exec \"$F\" sleep 60";
    let run = Running::start(&mut retry(&sandbox, &["--", "sh", "-c", script]));
    let words = || witness(run.pid()).map(shown).unwrap_or_default();
    wait_for("the first words", || words() == format!("{NAME}: sh -c {script}"));
    sandbox.write("go", "");
    wait_for("the later words", || words() == format!("{NAME}: {} sleep 60", fixture()));
}

/// They are cut where there is no room for them, and never what makes a list unreadable.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn long_words_leave_the_witness_its_name() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(5000);
    let run = Running::start(&mut retry(&sandbox, &["--", "sh", "-c", "sleep 60; :", &long]));
    wait_for("the name", || shown(wait_for_witness(run.pid())).starts_with(&format!("{NAME}: sh -c")));
    assert!(shown(wait_for_witness(run.pid())).len() < 4096);
}

/// `killall /usr/bin/retry`: the witness is told as well as `retry`, the command is not.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_command_that_would_have_died_has_not_got_it() {
    let sandbox = Sandbox::new();
    let mut run = Running::start(&mut retry(&sandbox, &["--", fixture(), "sleep", "60"]));
    send(wait_for_witness(run.pid()), Signal::TERM);
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Killed(Signal::TERM.as_raw()));
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn what_the_witness_alone_is_sent_does_not_mislead_for_long() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--", fixture(), "trap", "TERM", "3", "ready", "count"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for("the handler", || sandbox.path("ready").exists());
    let first = wait_for_witness(run.pid());
    send(first, Signal::TERM);
    wait_for("another witness", || witness(run.pid()).is_some_and(|pid| pid != first));
    run.send(Signal::TERM);
    assert_eq!(run.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_witness_holds_nothing_and_bears_another_name() {
    let sandbox = Sandbox::new();
    let mut command = retry(&sandbox, &["--max", "1", "--", "sh", "-c", "exec >&-; exec \"$F\" sleep 1"]);
    let mut run = Running::start(command.stdout(Stdio::piped()));
    let witness = wait_for_witness(run.pid());
    let descriptors = std::fs::read_dir(format!("/proc/{witness}/fd")).expect("a process").count();
    assert_eq!(descriptors, 0);
    assert_eq!(shown(witness), format!("{NAME}: {} sleep 1", fixture()));
    assert_eq!(
        std::fs::read_link(format!("/proc/{witness}/cwd")).expect("a process"),
        std::path::Path::new("/")
    );
    assert_eq!(run.end(), End::Code(0));
    assert!(!is_alive(witness));
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_witness_dies_with_retry() {
    let sandbox = Sandbox::new();
    let mut run = Running::start(&mut retry(&sandbox, &["--", fixture(), "sleep", "60"]));
    let witness = wait_for_witness(run.pid());
    run.send(Signal::KILL);
    assert_eq!(run.end(), End::Killed(Signal::KILL.as_raw()));
    wait_for("the end of the witness", || !is_alive(witness));
}

/// What is in a group of its own never has what ours is sent.
#[test]
fn a_command_in_its_own_group_needs_no_witness() {
    let sandbox = Sandbox::new();
    let args = ["--new-group", "--", fixture(), "trap", "TERM", "3", "ready", "count"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for("the handler", || sandbox.path("ready").exists());
    // Longer than a witness takes to be there.
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(witness(run.pid()), None);
    run.send_to_group(Signal::TERM);
    assert_eq!(run.end(), End::Code(3));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_stopped_group_goes_on_as_one() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--", fixture(), "trap", "USR1", "5", "ready", "count"];
    let mut run = Running::start(&mut retry(&sandbox, &args));
    wait_for("the handler", || sandbox.path("ready").exists());
    let witness = wait_for_witness(run.pid());
    run.send_to_group(Signal::STOP);
    wait_for("the stop", || Process::find(witness).is_some_and(|process| process.state == 'T'));
    run.send_to_group(Signal::CONT);
    run.send(Signal::USR1);
    assert_eq!(run.end(), End::Code(5));
    assert_eq!(sandbox.count("count"), 1);
    assert!(!is_alive(witness));
}
