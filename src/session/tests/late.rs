//! Attempts that were too late to begin.

use super::gated::{admitted, gated, settled};
use super::*;

/// The machine slept, or we were stopped, between a look at the clock and the command.
#[test]
fn an_attempt_that_was_not_begun_in_time_is_none() {
    let policy = Policy { deadline: TimeLimit(Some(ms(2_500))), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(100, 9);
    run.wakes(1000);
    run.did("spawn1 wake:2500 started retry:1000 wake:1000 spawn2 wake:1400");
    run.pass(1400);
    run.tell(Input::Late);
    run.did("deadline exit9");
    assert!(matches!(run.events.last(), Some(Event::RunStop(stop)) if stop.attempts == 1));
}

/// It was stopped by Ctrl-Z, for which our own clock stood still.
#[test]
fn an_attempt_that_was_late_by_another_clock_is_begun_again() {
    let policy = Policy { deadline: TimeLimit(Some(ms(2_500))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.pass(100);
    run.tell(Input::Late);
    run.fails(100, 0);
    run.did("spawn1 wake:2500 spawn1 wake:2400 started ok succeeded exit0");
    let mut run = Run::new(&policy).begin();
    run.tell(Input::Signal(libc::SIGTERM));
    run.tell(Input::Late);
    run.did("spawn1 wake:2500 wake:2500 interrupted die15");
}

#[test]
fn the_latest_moment_of_an_attempt_is_the_deadline() {
    let policy = Policy { deadline: TimeLimit(Some(ms(2_500))), ..plain() };
    for (policy, latest) in [(policy, Some(START.elapsed + ms(2_500))), (plain(), None)] {
        let actions = Session::new(&policy, 7).step(START, Input::Begin);
        assert!(matches!(&actions[0], Action::Spawn(attempt) if attempt.latest == latest));
    }
}

#[test]
fn an_attempt_that_was_not_begun_gives_its_admission_back() {
    let mut run = gated(&Policy { deadline: TimeLimit(Some(ms(500))), ..plain() });
    admitted(&mut run);
    run.pass(500);
    run.tell(Input::Late);
    run.did("admit:First spawn1 wake:500 settle:Unknown");
    settled(&mut run);
    run.did("deadline exit124");
}

/// Our own clock stood still.
#[test]
fn an_attempt_that_is_begun_again_is_admitted_again() {
    let mut run = gated(&Policy { deadline: TimeLimit(Some(ms(500))), ..plain() });
    admitted(&mut run);
    run.tell(Input::Late);
    settled(&mut run);
    admitted(&mut run);
    run.did("admit:First spawn1 wake:500 settle:Unknown admit:First spawn1 wake:500");
}
