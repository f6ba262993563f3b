//! Shared limits: what they say is scripted, what the run makes of it is tested.

use super::*;
use crate::gate::{AttemptKind, Delay, Limit, Refusal, Settled};
use crate::policy::value::Patience;

fn gated(policy: &Policy) -> Run {
    Run { session: Session::new(policy, 7).with_gate(), ..Run::new(policy) }.begin()
}

fn admitted(run: &mut Run) {
    run.tell(Input::Admission(Answer::Proceed));
}

fn held(run: &mut Run, limit: Limit, millis: u64, known: bool) {
    let until = known.then(|| "2026-01-01T00:00:00Z".to_owned());
    let delay = Delay { least: known.then(|| ms(millis)), wait: ms(millis), look: ms(millis) };
    run.tell(Input::Admission(Answer::Wait(Wait { limit, delay, until, why: "so".to_owned() })));
}

fn refusal(limit: Limit) -> Refusal {
    Refusal { limit, why: "no".to_owned() }
}

fn refused(limit: Limit) -> Settled {
    Settled { refusal: Some(refusal(limit)), back_in: None }
}

fn patient(millis: u64) -> Policy {
    Policy { gate_wait: Patience(Some(ms(millis))), ..plain() }
}

#[test]
fn an_attempt_asks_before_it_starts_and_tells_how_it_ended() {
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(10, 1);
    run.tell(Input::Settled(Settled::default()));
    run.wakes(1000);
    admitted(&mut run);
    run.ends(10, Ending::Exited(0));
    run.tell(Input::Settled(Settled::default()));
    run.did(
        "admit:First spawn1 started settle:Bad retry:1000 wake:1000 \
         admit:Retry spawn2 started settle:Good ok succeeded exit0",
    );
}

#[test]
fn one_that_is_held_back_asks_again() {
    let mut run = gated(&plain());
    held(&mut run, Limit::Window, 3000, true);
    run.wakes(2999);
    run.wakes(1);
    admitted(&mut run);
    run.did("admit:First held:Window:3000 wake:3000 wake:1 admit:First spawn1");
}

#[test]
fn what_hangs_on_others_is_told_at_first_and_again_when_it_takes_long() {
    let mut run = gated(&plain());
    for _ in 0..25 {
        held(&mut run, Limit::Concurrency, 100, false);
        run.wakes(100);
    }
    admitted(&mut run);
    let told = run.said.iter().filter(|word| word.starts_with("held")).count();
    assert_eq!(told, 2, "{:?}", run.said);
}

#[test]
fn a_refusal_before_any_attempt_is_75_and_later_the_last_status() {
    let mut run = gated(&plain());
    run.tell(Input::Admission(Answer::Refuse(refusal(Limit::State))));
    run.did("admit:First refused:State refused exit75");
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(0, 3);
    run.tell(Input::Settled(Settled::default()));
    run.wakes(1000);
    run.said.clear();
    run.tell(Input::Admission(Answer::Refuse(refusal(Limit::Budget))));
    run.did("refused:Budget refused exit3");
}

#[test]
fn a_retry_that_would_be_refused_is_not_waited_for() {
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(0, 3);
    run.said.clear();
    run.tell(Input::Settled(refused(Limit::Budget)));
    run.did("failed(not retried: no) refused:Budget refused exit3");
    // Where there would have been none anyway, that is the reason.
    let mut run = gated(&Policy { max: crate::policy::value::Limit::Times(1), ..plain() });
    admitted(&mut run);
    run.fails(0, 3);
    run.said.clear();
    run.tell(Input::Settled(refused(Limit::Budget)));
    run.did("failed(no attempts left) exhausted exit3");
}

#[test]
fn no_wait_is_begun_that_would_be_too_long() {
    let mut run = gated(&patient(5000));
    held(&mut run, Limit::Breaker, 5001, true);
    run.did("admit:First refused:Breaker refused exit75");
    let mut run = gated(&patient(5000));
    held(&mut run, Limit::Breaker, 5000, true);
    run.did("admit:First held:Breaker:5000 wake:5000");
    // Time that was waited counts.
    run.wakes(5000);
    held(&mut run, Limit::Window, 1, true);
    run.did("admit:First refused:Window refused exit75");
    let mut run = gated(&Policy { deadline: Bound(Some(ms(2000))), ..plain() });
    held(&mut run, Limit::Window, 2000, true);
    run.did("admit:First refused:Window refused exit75");
}

#[test]
fn what_hangs_on_others_is_waited_for_as_long_as_may_be() {
    for policy in [patient(250), Policy { deadline: Bound(Some(ms(250))), ..plain() }] {
        let mut run = gated(&policy);
        let mut looks = 0;
        while !run.said.iter().any(|word| word == "exit75") {
            held(&mut run, Limit::Concurrency, 100, false);
            run.wakes(if looks == 2 { 50 } else { 100 });
            looks += 1;
            assert!(looks < 10, "{:?}", run.said);
        }
        assert_eq!(looks, 4, "{:?}", run.said);
    }
}

#[test]
fn nobody_waits_who_will_not_wait_at_all() {
    for known in [true, false] {
        let mut run = gated(&patient(0));
        held(&mut run, Limit::Concurrency, 10, known);
        run.did("admit:First refused:Concurrency refused exit75");
    }
}

#[test]
fn a_signal_while_held_back_ends_the_run() {
    let mut run = gated(&plain());
    held(&mut run, Limit::Rate, 10_000, true);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGINT));
    run.did("interrupted die2");
}

#[test]
fn an_attempt_that_says_nothing_of_the_service_is_neutral() {
    let not_started = Ending::NotStarted(StartFailure { stage: Stage::Exec, errno: libc::ENOENT });
    for (ending, signal) in [(Ending::Exited(1), Some(libc::SIGTERM)), (not_started, None)] {
        let mut run = gated(&plain());
        admitted(&mut run);
        if let Some(signal) = signal {
            run.tell(Input::Signal(signal));
        }
        run.said.clear();
        run.ends(0, ending);
        assert!(run.said.contains(&"settle:Unknown".to_owned()), "{:?}", run.said);
    }
    let policy = Policy { permanent_on: ExitSpecs::parse("4").unwrap(), ..plain() };
    let mut run = gated(&policy);
    admitted(&mut run);
    run.fails(0, 4);
    run.tell(Input::Settled(Settled::default()));
    assert!(run.said.contains(&"settle:Unknown".to_owned()), "{:?}", run.said);
    run.tell(Input::Settled(Settled::default()));
}

#[test]
fn every_attempt_that_started_is_told_of_once() {
    let mut run = gated(&Policy { timeout: Bound(Some(ms(500))), ..plain() });
    admitted(&mut run);
    run.wakes(500);
    run.tell(Input::Unkillable);
    run.did("admit:First spawn1 wake:500 stop settle:Unknown error exit125");
}

#[test]
fn a_success_that_another_must_follow_is_no_retry() {
    let mut run = gated(&Policy { successes: Count(2), ..plain() });
    admitted(&mut run);
    run.ends(0, Ending::Exited(0));
    run.tell(Input::Settled(Settled::default()));
    run.wakes(1000);
    assert_eq!(run.said.last().unwrap(), &format!("admit:{:?}", AttemptKind::Repeat));
}

#[test]
fn a_long_wait_is_looked_after_and_its_spread_is_no_reason_to_refuse() {
    let told = |run: &mut Run, least: u64, wait: u64| {
        let delay = Delay { least: Some(ms(least)), wait: ms(wait), look: ms(wait.min(2000)) };
        let (until, why) = (Some("2026-01-01T00:00:00Z".to_owned()), "so".to_owned());
        run.tell(Input::Admission(Answer::Wait(Wait { limit: Limit::Window, delay, until, why })));
    };
    let mut run = gated(&patient(10_000));
    told(&mut run, 9000, 12_000);
    run.did("admit:First held:Window:9000 wake:2000");
    run.wakes(2000);
    told(&mut run, 7000, 7900);
    run.wakes(2000);
    // It was opened meanwhile.
    admitted(&mut run);
    run.did("admit:First wake:2000 admit:First spawn1");
    let mut run = gated(&Policy { deadline: Bound(Some(ms(10_000))), ..plain() });
    told(&mut run, 9000, 12_000);
    run.did("admit:First held:Window:9000 wake:2000");
}

#[test]
fn an_admission_that_comes_after_the_deadline_is_given_back_unused() {
    let policy = Policy { deadline: Bound(Some(ms(500))), ..plain() };
    let mut run = gated(&policy);
    run.pass(500);
    admitted(&mut run);
    run.did("admit:First settle:Unknown deadline exit124");
    let mut run = gated(&Policy { deadline: Bound(Some(ms(1500))), ..plain() });
    admitted(&mut run);
    run.fails(10, 3);
    run.tell(Input::Settled(Settled::default()));
    run.said.clear();
    run.wakes(2000);
    run.did("deadline exit3");
}
