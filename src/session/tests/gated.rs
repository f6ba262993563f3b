//! Shared limits: what they say is scripted, what the run makes of it is tested.

use super::*;
use crate::gate::{Admission, AttemptKind, Limit, Pause, Reason, Refusal, StoreTime};
use crate::policy::value::GateWait;

mod patience;
mod store;

/// A permit is what every attempt gets: its end is reported whatever it was.
const PERMIT: Grant = Grant { permit: true, probe: false };

/// The store's clock, which is nobody else's.
const STORE_NOW: StoreTime = StoreTime(1_790_000_000_000_000);

pub(super) fn gated(policy: &Policy) -> Run {
    let session = Session::new(policy, 7).with_gate(policy, Grant::default());
    Run { session, ..Run::new(policy) }.begin()
}

/// Looks of exactly these pauses are made where others must act first.
fn pace(millis: u64) -> Pace {
    Pace { pauses: ms(millis)..=ms(millis), renewal: None }
}

fn answers(run: &mut Run, admission: Admission, pace: Pace) {
    run.tell(Input::Admission(Answer::Done((admission, STORE_NOW)), pace));
}

pub(super) fn admitted(run: &mut Run) {
    answers(run, Admission::Proceed(PERMIT), Pace::default());
}

pub(super) fn settled(run: &mut Run) {
    run.tell(Input::Settled(Answer::Done(Settled::default())));
}

/// Held back until a moment that is known.
pub(super) fn held(run: &mut Run, limit: Limit, millis: u64, spread: u64) {
    let until = Some(STORE_NOW.plus(ms(millis)));
    let pause = Pause { limit, until, turn: None, spread: ms(spread), why: Reason::Said("so".to_owned()) };
    answers(run, Admission::Wait(pause), Pace::default());
}

/// Held back by what hangs on others; looked at again after half of `pause` at least.
pub(super) fn hangs(run: &mut Run, limit: Limit, pause: u64) {
    let why = Reason::Said("so".to_owned());
    answers(run, Admission::Wait(Pause::for_others(limit, why)), pace(pause));
}

fn refuses(run: &mut Run, limit: Limit) {
    answers(run, Admission::Refuse(refusal(limit)), Pace::default());
}

/// How long until the session wants to be woken, in whole milliseconds, rounded up.
fn wake(run: &Run) -> u64 {
    let wake = run.said.iter().rev().find_map(|word| word.strip_prefix("wake:"));
    wake.and_then(|millis| millis.parse::<u64>().ok()).expect("a wake") + 1
}

fn refusal(limit: Limit) -> Refusal {
    Refusal { limit, why: Reason::Said("no".to_owned()) }
}

fn refused(limit: Limit) -> Input {
    Input::Settled(Answer::Done(Settled { refusal: Some(refusal(limit)), back_in: None }))
}

pub(super) fn patient(millis: u64) -> Policy {
    Policy { gate_wait: GateWait(Some(ms(millis))), ..plain() }
}

#[test]
fn an_attempt_asks_before_it_starts_and_tells_how_it_ended() {
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(10, 1);
    settled(&mut run);
    run.wakes(1000);
    admitted(&mut run);
    run.ends(10, Ending::Exited(0));
    settled(&mut run);
    run.did(
        "admit:First spawn1 started settle:Bad retry:1000 wake:1000 \
         admit:Retry spawn2 started settle:Good ok succeeded exit0",
    );
}

#[test]
fn one_that_is_held_back_asks_again() {
    let mut run = gated(&plain());
    held(&mut run, Limit::Window, 1500, 0);
    run.wakes(1499);
    run.wakes(1);
    admitted(&mut run);
    run.did("admit:First held:Window:1500 wake:1500 wake:1 admit:First spawn1");
}

#[test]
fn what_hangs_on_others_is_told_at_first_and_again_when_it_takes_long() {
    let mut run = gated(&plain());
    for _ in 0..25 {
        hangs(&mut run, Limit::Concurrency, 100);
        run.wakes(100);
    }
    admitted(&mut run);
    let told = run.said.iter().filter(|word| word.starts_with("held")).count();
    assert_eq!(told, 2, "{:?}", run.said);
}

#[test]
fn a_refusal_before_any_attempt_is_75_and_later_the_last_status() {
    let mut run = gated(&plain());
    refuses(&mut run, Limit::State);
    run.did("admit:First refused:State refused exit75");
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(0, 3);
    settled(&mut run);
    run.wakes(1000);
    run.said.clear();
    refuses(&mut run, Limit::Budget);
    run.did("refused:Budget refused exit3");
}

#[test]
fn a_retry_that_would_be_refused_is_not_waited_for() {
    let mut run = gated(&plain());
    admitted(&mut run);
    run.fails(0, 3);
    run.said.clear();
    run.tell(refused(Limit::Budget));
    run.did("failed(not retried: no) refused:Budget refused exit3");
    // Where there would have been none anyway, that is the reason.
    let mut run = gated(&Policy { max: crate::policy::value::MaxAttempts::Times(1), ..plain() });
    admitted(&mut run);
    run.fails(0, 3);
    run.said.clear();
    run.tell(refused(Limit::Budget));
    run.did("failed(no attempts left) exhausted exit3");
}

#[test]
fn a_signal_while_held_back_ends_the_run() {
    let mut run = gated(&plain());
    held(&mut run, Limit::Rate, 10_000, 0);
    run.said.clear();
    run.tell(Input::Signal(libc::SIGINT));
    run.did("interrupted die2");
}

#[test]
fn an_attempt_that_says_nothing_of_the_service_is_neutral() {
    let not_started = |stage, errno| Ending::NotStarted(StartFailure { stage, errno });
    for (ending, signal) in [
        (Ending::Exited(1), Some(libc::SIGTERM)),
        (not_started(Stage::Exec, libc::ENOENT), None),
        // Ours is the trouble, though another attempt may help.
        (not_started(Stage::Fork, libc::EAGAIN), None),
    ] {
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
    settled(&mut run);
    assert!(run.said.contains(&"settle:Unknown".to_owned()), "{:?}", run.said);
    settled(&mut run);
}

#[test]
fn every_attempt_that_started_is_told_of_once() {
    let mut run = gated(&Policy { timeout: TimeLimit(Some(ms(500))), ..plain() });
    admitted(&mut run);
    run.wakes(500);
    run.tell(Input::Unkillable);
    run.did("admit:First spawn1 wake:500 stop settle:Unknown");
    settled(&mut run);
    run.did("error exit125");
}

#[test]
fn a_success_that_another_must_follow_is_no_retry() {
    let mut run = gated(&Policy { successes: Count(2), ..plain() });
    admitted(&mut run);
    run.ends(0, Ending::Exited(0));
    settled(&mut run);
    run.wakes(1000);
    assert_eq!(run.said.last().unwrap(), &format!("admit:{:?}", AttemptKind::Repeat));
}

#[test]
fn an_admission_that_comes_after_the_deadline_is_given_back_unused() {
    let policy = Policy { deadline: TimeLimit(Some(ms(500))), ..plain() };
    let mut run = gated(&policy);
    run.pass(500);
    admitted(&mut run);
    run.did("admit:First settle:Unknown");
    settled(&mut run);
    run.did("deadline exit124");
    let mut run = gated(&Policy { deadline: TimeLimit(Some(ms(1500))), ..plain() });
    admitted(&mut run);
    run.fails(10, 3);
    settled(&mut run);
    run.said.clear();
    run.wakes(2000);
    run.did("deadline exit3");
}

#[test]
fn the_next_attempts_moment_is_said_where_it_is_known() {
    let next = |run: &mut Run| match run.session.step(run.now, Input::Woke).pop() {
        Some(Action::WakeIn { next_attempt, .. }) => next_attempt,
        other => panic!("{other:?}"),
    };
    let mut run = gated(&plain());
    held(&mut run, Limit::Window, 9000, 0);
    assert_eq!(next(&mut run), Some(ms(9000)));
    run.wakes(2000);
    hangs(&mut run, Limit::Concurrency, 100);
    assert_eq!(next(&mut run), None);
    admitted(&mut run);
    let mut run = gated(&Policy { timeout: TimeLimit(Some(ms(500))), ..plain() });
    admitted(&mut run);
    assert_eq!(next(&mut run), None);
    run.fails(0, 1);
    settled(&mut run);
    run.pass(400);
    assert_eq!(next(&mut run), Some(ms(600)));
}
