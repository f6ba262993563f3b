//! Permits: how many may run at the same time, and what frees those whose holders are gone.

use rustix::process::Signal;

use super::crowd::{Process, count};
use super::server::Server;
use crate::support::{Sandbox, fixture, is_alive, wait_for};

/// Two hundred processes and eight permits. On a machine so busy that a holder of the lock hardly runs, others find the
/// state out of reach: they are to be refused then, not to run without limits.
fn never_more_than_eight(state: &str) {
    let sandbox = Sandbox::new();
    let options =
        ["--key", "k", "--state", state, "--concurrency", "8", "--max", "1", "--on-state-error", "fail"];
    let line = [&options[..], &["--", fixture(), "crowd", "inside", "0.02", "0"]].concat();
    let statuses = sandbox.at_once(200, &line);
    let (ran, refused) = (count(&statuses, 0), count(&statuses, 75));
    assert_eq!(ran + refused, 200, "{}", sandbox.said());
    assert!(ran > 0, "{}", sandbox.said());
    let (most, all) = sandbox.crowd("inside");
    assert!(most <= 8, "{most} at once");
    assert_eq!(all, ran as u64);
}

#[test]
fn of_two_hundred_processes_eight_run_at_once() {
    never_more_than_eight("state");
}

#[test]
fn of_two_hundred_processes_eight_run_at_once_on_a_server() {
    let server = Server::start(&[]);
    never_more_than_eight(&server.url());
}

/// The processes of the commands that hold permits.
fn held(sandbox: &Sandbox) -> Vec<i32> {
    sandbox.read("held").lines().map(|pid| pid.parse().expect("a pid")).collect()
}

/// Starts a run that has to wait for a permit, and waits until it does.
#[track_caller]
fn waiter(sandbox: &Sandbox, options: &[&str]) -> Process {
    let waiter = sandbox.begin(&[&["--log", "log"], options, &["--", "true"]].concat());
    wait_for("a run that is held back", || !sandbox.events("log", "gate.wait").is_empty());
    waiter
}

#[test]
#[cfg_attr(not(has_death_signal), ignore = "needs death_signal")]
fn killed_holders_leave_their_permits_and_their_commands_die() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--concurrency", "4", "--log", "holders"];
    let holders: Vec<_> = (0..4).map(|_| sandbox.holding(&options)).collect();
    let mut waiter = waiter(&sandbox, &["--key", "k", "--concurrency", "4"]);
    assert!(!waiter.has_ended());
    for holder in &holders {
        holder.send(Signal::KILL);
    }
    assert_eq!(waiter.status(), 0, "{}", sandbox.said());
    let commands = held(&sandbox);
    assert_eq!(commands.len(), 4);
    for command in commands {
        wait_for("the death of a command whose retry is gone", || !is_alive(command));
    }
}

/// Two permits, each held; one holder ends in its own way.
fn freed_by_the_end(state: &str, end: impl Fn(&Sandbox, &Process), status: i32) {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--state", state, "--concurrency", "2"];
    let mut holders = [sandbox.holding(&options), sandbox.holding(&options)];
    let mut waiter = waiter(&sandbox, &options);
    let wait = &sandbox.events("log", "gate.wait")[0];
    assert_eq!(wait["limit"], "concurrency");
    end(&sandbox, &holders[0]);
    assert_eq!(holders[0].status(), status);
    assert_eq!(waiter.status(), 0, "{}", sandbox.said());
    sandbox.let_go();
    assert_eq!(holders[1].status(), 0);
}

#[test]
fn holders_that_end_or_are_told_to_give_their_permits_back() {
    let server = Server::start(&[]);
    for state in ["state", &server.url()] {
        freed_by_the_end(state, |_, holder| holder.send(Signal::TERM), 128 + 15);
        freed_by_the_end(state, |sandbox, _| sandbox.let_go(), 0);
    }
}

#[test]
fn a_permit_is_not_held_between_attempts() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--concurrency", "1"];
    let waits = ["--log", "log", "--delay", "1h", "--max-delay", "1h"];
    let mut waits = sandbox.begin(&[&options[..], &waits, &["--", "false"]].concat());
    wait_for("the wait for the next attempt", || !sandbox.events("log", "attempt.retry").is_empty());
    sandbox.run([&options[..], &["--gate-wait", "0", "--", "true"]].concat()).exits(0);
    waits.send(Signal::TERM);
    assert_eq!(waits.status(), 128 + 15);
}

#[test]
fn a_background_process_that_stays_behind_holds_no_permit() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--concurrency", "1"];
    let script = "setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $! >left; exit 0";
    sandbox.run([&options[..], &["-c", script]].concat()).exits(0);
    sandbox.run([&options[..], &["--gate-wait", "0", "--", "true"]].concat()).exits(0);
    let left = sandbox.read("left").trim().parse().expect("a pid");
    if is_alive(left) {
        crate::shared::crowd::kill(left);
    }
}
