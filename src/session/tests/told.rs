//! What events say, field by field, where the short words of the other tests leave it out.

use super::gated::{admitted, gated, hangs, held, patient, settled};
use super::*;
use crate::gate::Limit;
use crate::policy::value::ExitCodes;

#[test]
fn a_process_is_told_of_once_it_has_started_and_with_its_id() {
    let mut run = Run::new(&plain()).begin();
    run.tell(Input::Started(42));
    run.fails(0, 0);
    let started = run.events.iter().filter_map(|event| match event {
        Event::AttemptStart(start) => Some(start.child_pid),
        _ => None,
    });
    assert_eq!(started.collect::<Vec<_>>(), [Some(42)]);
}

#[test]
fn a_failure_names_the_attempt_that_follows() {
    let mut run = Run::new(&plain()).begin();
    run.fails(0, 1);
    run.wakes(1000);
    run.fails(0, 1);
    let next = run.events.iter().filter_map(|event| match event {
        Event::AttemptRetry { failure, wait } => Some((failure.attempt, wait.next_attempt)),
        _ => None,
    });
    assert_eq!(next.collect::<Vec<_>>(), [(1, 2), (2, 3)]);
}

/// The option that a run names as the one that set its status.
fn set_by(policy: &Policy, codes: &[u8]) -> Option<&'static str> {
    let mut run = Run::new(policy).begin();
    for code in codes {
        run.fails(0, *code);
        run.wakes(60_000);
    }
    match run.events.last() {
        Some(Event::RunStop(stop)) => stop.set_by,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_names_the_option_that_set_its_status() {
    let set = |code| Some(ExitStatus(code));
    let flaky = Policy { fail_if_flaky: set(9), exhausted_code: set(5), ..plain() };
    assert_eq!(set_by(&flaky, &[1, 0]), Some("--fail-if-flaky"));
    assert_eq!(set_by(&flaky, &[1, 1, 1]), Some("--exhausted-code"));
    // A first success is not flaky, though its status happened to be the same.
    assert_eq!(set_by(&flaky, &[0]), None);
    let nine = Policy { success_on: ExitCodes(ExitSpecs::parse("0,9").unwrap()), ..flaky.clone() };
    assert_eq!(set_by(&nine, &[9]), None);
    assert_eq!(set_by(&plain(), &[1, 0]), None);
    assert_eq!(set_by(&plain(), &[1, 1, 1]), None);
    let permanent = Policy { permanent_on: ExitSpecs::parse("5").unwrap(), ..flaky };
    assert_eq!(set_by(&permanent, &[5]), None, "it is the command's own");
}

#[test]
fn a_hold_names_the_attempt_that_waits_and_how_long_it_has() {
    let mut run = gated(&plain());
    held(&mut run, Limit::Window, 100, 0);
    run.wakes(100);
    admitted(&mut run);
    run.fails(0, 1);
    settled(&mut run);
    run.wakes(1000);
    held(&mut run, Limit::Window, 200, 0);
    let holds = run.events.iter().filter_map(|event| match event {
        Event::GateWait(hold) => Some((hold.attempt, hold.wait_ms, hold.waited_ms)),
        _ => None,
    });
    assert_eq!(holds.collect::<Vec<_>>(), [(1, 100.0, 0.0), (2, 200.0, 0.0)]);
}

#[test]
fn a_refusal_says_how_long_the_wait_would_have_been_and_whether_there_was_one() {
    let refusal = |run: &Run| match run.events.iter().rev().nth(1) {
        Some(Event::GateRefused(hold)) => (hold.wait_ms, hold.left, hold.verdict.clone()),
        other => panic!("{other:?}"),
    };
    let mut run = gated(&patient(5000));
    held(&mut run, Limit::Breaker, 5001, 0);
    assert_eq!(refusal(&run), (5001.0, ms(5001), "not waiting (--gate-wait 5s)".to_owned()));
    let mut run = gated(&patient(250));
    hangs(&mut run, Limit::Concurrency, 100);
    run.wakes(250);
    hangs(&mut run, Limit::Concurrency, 100);
    assert_eq!(refusal(&run).2, "not waiting any longer (--gate-wait 250ms)");
}

/// The end of a run whose attempts end with these statuses.
fn stop(policy: &Policy, codes: &[u8]) -> crate::event::RunStop {
    let mut run = Run::new(policy).begin();
    for code in codes {
        run.fails(0, *code);
        run.wakes(60_000);
    }
    match run.events.pop() {
        Some(Event::RunStop(stop)) => stop,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_was_rescued_if_it_succeeded_after_a_failure() {
    for (codes, rescued) in [(&[0][..], false), (&[1, 0], true), (&[1, 1, 1], false)] {
        assert_eq!(stop(&plain(), codes).rescued, rescued, "{codes:?}");
    }
}

#[test]
fn a_run_with_too_few_successes_says_how_many_there_were() {
    let policy = Policy { successes: Count(3), max: MaxAttempts::Times(2), ..plain() };
    assert_eq!(stop(&policy, &[0, 0]).why, "no attempts left after 2 of 3 successes in a row");
}

#[test]
fn a_hold_says_until_the_next_look() {
    let waits = |run: &Run| match run.events.last() {
        Some(Event::GateWait(hold)) => hold.wait_ms,
        other => panic!("{other:?}"),
    };
    let mut run = gated(&plain());
    hangs(&mut run, Limit::Concurrency, 100);
    assert!((50.0..=100.0).contains(&waits(&run)), "{:?}", run.events);
    let mut run = gated(&plain());
    held(&mut run, Limit::Window, 1000, 500);
    assert!(waits(&run) > 1000.0, "with its share of the spread: {:?}", run.events);
}

#[test]
fn the_limits_are_told_what_a_server_asked_for_and_where_to_put_this_run() {
    let report = |hint: &str| {
        let mut run = gated(&plain());
        admitted(&mut run);
        let ended = ended(Ending::Exited(1), Hint::parse(hint.as_bytes()), false);
        let actions = run.session.step(run.now, ended);
        let report = actions.into_iter().find_map(|action| match action {
            Action::Settle(report) => Some(report),
            _ => None,
        });
        report.expect("a report")
    };
    let asked = report("class=throttled\nretry-after=3");
    assert_eq!(asked.retry_after, Some(ms(3000)));
    assert!(asked.rank > 0.0 && asked.rank < 1.0, "{asked:?}");
    let longest = report("retry-after=99999999");
    assert_eq!(longest.retry_after, Some(ms(30 * 86_400_000)), "no server closes a key for years");
    let plain = report("class=transient");
    assert_eq!((plain.retry_after, plain.rank), (None, 0.0));
}

#[test]
fn a_busy_state_is_told_of_once_it_takes_long() {
    let mut run = gated(&plain());
    let busy = |run: &mut Run| {
        run.tell(Input::Admission(Answer::Busy, Pace { pauses: ms(100)..=ms(100), renewal: None }));
    };
    let told = |run: &Run| run.said.iter().filter(|word| word.starts_with("held:State")).count();
    for _ in 0..10 {
        busy(&mut run);
        assert_eq!(told(&run), 0, "{:?}", run.said);
        run.wakes(100);
    }
    busy(&mut run);
    run.wakes(100);
    busy(&mut run);
    assert_eq!(told(&run), 1, "{:?}", run.said);
}
