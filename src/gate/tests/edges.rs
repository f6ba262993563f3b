//! Where one thing becomes another: to the moment, and one at a time.

use super::*;
use crate::gate::adaptive::Adaptive;

#[test]
fn only_what_a_limit_learns_from_need_be_told() {
    let budget = Limits { budget: Some(0.2), ..Limits::default() };
    let adaptive = Limits { adaptive: true, ..Limits::default() };
    let asked = Settlement { retry_after: Some(ms(1)), ..ended(Health::Good) };
    for (limits, settlement, learns) in [
        (&budget, ended(Health::Bad), true),
        (&budget, ended(Health::Good), false),
        (&budget, ended(Health::Unknown), false),
        (&adaptive, ended(Health::Good), true),
        (&breaker(Tripping::InARow(2), 1), ended(Health::Good), true),
        (&rate(1, 1), ended(Health::Bad), false),
        (&rate(1, 1), asked, true),
    ] {
        assert_eq!(!limits.learn_nothing_from(&settlement), learns, "{limits:?} {settlement:?}");
    }
}

#[test]
fn a_clock_is_set_back_when_it_is_more_than_a_second_behind() {
    let mut state = KeyState::default();
    goes(&mut state, at(10_000), &rate(1, 1), &first());
    for (now, ahead) in [(0, true), (8_999, true), (9_000, false), (9_001, false), (20_000, false)] {
        assert_eq!(state.is_ahead_of(at(now)), ahead, "{now}");
    }
}

#[test]
fn what_a_breaker_has_seen_is_said() {
    for (tripping, failures, said) in [
        (Tripping::InARow(1), 1, "opened after a failure"),
        (Tripping::InARow(3), 3, "opened after 3 failures in a row"),
    ] {
        let (mut state, limits) = (KeyState::default(), breaker(tripping, 1000));
        for _ in 0..failures {
            goes(&mut state, at(0), &limits, &first());
            state.settle(at(0), &limits, &ended(Health::Bad));
        }
        match state.admit(at(1), &limits, &first(), ALL_FREE) {
            Admission::Wait(pause) => assert_eq!(pause.why.to_string(), said),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_success_counts_for_two_minutes_in_slices_of_ten_seconds() {
    let mut adaptive = Adaptive::default();
    let begin = StoreTime(0).plus(Duration::from_secs(1_000_000));
    let after = |seconds| begin.plus(Duration::from_secs(seconds));
    assert!(adaptive.check(begin, 1.0, true).is_ok());
    assert!(adaptive.rejection(after(119)) > 0.0);
    assert!(adaptive.rejection(after(120)).abs() < f64::EPSILON);
}

#[test]
fn a_retry_paid_from_the_reserve_is_paid_back_after_its_minute() {
    let (mut state, limits) = (KeyState::default(), Limits { budget: Some(0.1), ..Limits::default() });
    let left = |state: &KeyState, millis| state.view(at(millis), &limits).budget.unwrap();
    let all = left(&state, 0);
    goes(&mut state, at(0), &limits, &retry());
    assert!((left(&state, 0) - (all - 1.0)).abs() < f64::EPSILON);
    assert!((left(&state, 59_999) - (all - 1.0)).abs() < f64::EPSILON);
    assert!((left(&state, 60_000) - all).abs() < f64::EPSILON);
}

#[test]
fn without_failures_nobody_is_held_back_by_chance() {
    assert!(Adaptive::default().check(at(0), 0.0, true).is_ok());
}

#[test]
fn success_rates_are_kept_for_two_minutes_and_each_in_its_slice() {
    let mut adaptive = Adaptive::default();
    let begin = StoreTime(0).plus(Duration::from_secs(1_000_000));
    let after = |seconds| begin.plus(Duration::from_secs(seconds));
    for slice in 0..100 {
        assert!(adaptive.check(after(10 * slice), 1.0, true).is_ok());
    }
    assert_eq!(kept(&adaptive).as_array().unwrap().len(), 12);
    // The last one came 100 seconds after the first of those that are left.
    assert!(adaptive.rejection(after(990 + 119)) > 0.0);
    let mut adaptive = Adaptive::default();
    for seconds in [0, 110] {
        assert!(adaptive.check(after(seconds), 1.0, true).is_ok());
    }
    assert!(adaptive.rejection(after(120)) > 0.0, "the second is in a slice of its own");
}

#[test]
fn a_rate_that_is_used_no_more_is_forgotten() {
    let mut state = KeyState::default();
    goes(&mut state, at(0), &rate(1, 1000), &first());
    goes(&mut state, at(999), &rate(1, 500), &first());
    assert_eq!(kept(&state)["arrivals"].as_array().unwrap().len(), 2);
    goes(&mut state, at(5000), &rate(1, 100), &first());
    goes(&mut state, at(5100), &rate(1, 50), &first());
    assert_eq!(kept(&state)["arrivals"].as_array().unwrap().len(), 1, "its moment has come");
}

#[test]
fn what_is_known_of_late_results_is_bounded() {
    let limits = breaker(Tripping::Share(1.0), 1000);
    let mut state = KeyState::default();
    for step in 0..100 {
        state.settle(at(100 * step), &limits, &ended(Health::Good));
    }
    assert_eq!(kept(&state)["circuit"]["results"].as_array().unwrap().len(), 11);
}

#[test]
fn why_a_permit_is_missing_is_said() {
    for (most, why) in [(1, "1 attempt is running"), (2, "2 attempts are running")] {
        let limits = Limits { concurrency: Some(most), ..Limits::default() };
        match KeyState::default().admit(at(0), &limits, &first(), NONE_FREE) {
            Admission::Wait(pause) => assert_eq!(pause.why.to_string(), why),
            other => panic!("{other:?}"),
        }
    }
}

/// As it is stored.
fn kept(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}
