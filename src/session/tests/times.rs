//! Attempts and waits that run out of time.

use super::*;

#[test]
fn a_timed_out_attempt_is_stopped_once_and_tried_again() {
    let policy = Policy { timeout: TimeLimit(Some(ms(500))), max: MaxAttempts::Times(2), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.wakes(500);
    run.wakes(100);
    run.did("spawn1 wake:500 stop");
    // It caught our signal and returned 0: still no success.
    run.ends(10, Ending::Exited(0));
    run.did("started retry:1000 wake:1000");
    run.wakes(1000);
    run.wakes(500);
    run.ends(10, Ending::Signaled(libc::SIGTERM));
    run.did("spawn2! wake:500 stop started failed(no attempts left) exhausted exit124");
    assert_eq!(run.session.tallies.all()[0].reason, "timeout");
}

#[test]
fn a_silent_attempt_is_stopped_and_one_that_writes_is_not() {
    let policy = Policy { idle_timeout: TimeLimit(Some(ms(500))), max: MaxAttempts::Times(1), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.pass(500);
    let at = run.now.awake.saturating_sub(ms(100));
    run.tell(Input::Activity(Activity { wrote: Some(at), progress: None }));
    run.did("spawn1! wake:500 wake:400");
    run.pass(400);
    run.tell(Input::Activity(Activity { wrote: Some(at), progress: None }));
    run.did("stop");
    run.ends(10, Ending::Signaled(libc::SIGTERM));
    run.did("started failed(no attempts left) exhausted exit124");
    assert_eq!(run.session.tallies.all()[0].reason, "no output for 500ms");
}

#[test]
fn the_silence_of_one_attempt_is_not_that_of_the_next() {
    let policy = Policy { idle_timeout: TimeLimit(Some(ms(500))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(400, 1);
    run.wakes(1000);
    run.did("spawn1 wake:500 started retry:1000 wake:1000 spawn2 wake:500");
}

#[test]
fn the_deadline_cuts_an_attempt() {
    let policy = Policy { deadline: TimeLimit(Some(ms(500))), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.wakes(500);
    run.ends(5, Ending::Signaled(libc::SIGTERM));
    run.did("spawn1 wake:500 stop started failed(the 500ms deadline has passed) deadline exit124");
}

#[test]
fn the_deadline_is_never_overslept() {
    let policy = Policy { deadline: TimeLimit(Some(ms(2_500))), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(100, 9);
    run.wakes(1000);
    run.said.clear();
    run.fails(100, 9);
    run.did("started failed(the next attempt (in 2s) would be past the 2.5s deadline) deadline exit9");
}

#[test]
fn a_deadline_that_is_past_lets_nothing_run() {
    let policy = Policy { deadline: TimeLimit(Some(Duration::ZERO)), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.did("deadline exit124");
}

#[test]
fn nothing_starts_after_the_deadline_however_late_the_wake_comes() {
    let policy = Policy { deadline: TimeLimit(Some(ms(2_500))), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(100, 9);
    // The machine slept, or we were stopped.
    run.wakes(2400);
    run.did("spawn1 wake:2500 started retry:1000 wake:1000 deadline exit9");
}

#[test]
fn a_run_without_progress_ends_and_its_attempt_is_stopped() {
    let policy = Policy { progress_timeout: TimeLimit(Some(ms(5_000))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.did("spawn1 wake:5000");
    run.pass(4_000);
    run.tell(Input::Activity(Activity { wrote: None, progress: Some(START.elapsed + ms(3_500)) }));
    run.did("wake:4500");
    run.wakes(4_500);
    run.ends(5, Ending::Signaled(libc::SIGTERM));
    run.did("stop started failed(no progress for 5s) stalled exit124");
}

#[test]
fn a_run_that_stalls_while_it_waits_ends_with_the_last_status() {
    let policy = Policy {
        progress_timeout: TimeLimit(Some(ms(1_500))),
        backoff: crate::backoff::Strategy::List(vec![ms(10_000)]),
        ..plain()
    };
    let mut run = Run::new(&policy).begin();
    run.fails(1_000, 9);
    run.did("spawn1 wake:1500 started retry:10000 wake:500");
    run.wakes(500);
    run.did("stalled exit9");
}
