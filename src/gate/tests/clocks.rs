//! Moments, and the store's clock when it is set back.

use super::*;

#[test]
fn a_clock_that_is_set_back_makes_no_wait_longer() {
    let limits =
        Limits { rate: Some(Rate { count: 1, per: ms(1000) }), ..breaker(Tripping::InARow(1), 5000) };
    let mut state = KeyState::default();
    goes(&mut state, at(100_000_000), &limits, &first());
    state.close(at(100_000_000), ms(3000));
    state.settle(at(100_000_000), &limits, &ended(Health::Bad));
    let now = at(0);
    assert_eq!(held(&state.admit(now, &limits, &first(), ALL_FREE), now), Some((Limit::Window, Some(3000))));
    let now = at(3000);
    assert_eq!(held(&state.admit(now, &limits, &first(), ALL_FREE), now), Some((Limit::Breaker, Some(2000))));
}

#[test]
fn a_rate_keeps_its_place_when_the_clock_is_set_back() {
    let (mut state, limits) = (KeyState::default(), rate(2, 1000));
    goes(&mut state, at(100_000_000), &limits, &first());
    goes(&mut state, at(0), &limits, &first());
    assert_eq!(held(&state.admit(at(0), &limits, &first(), ALL_FREE), at(0)), Some((Limit::Rate, Some(500))));
}

#[test]
fn retries_paid_before_the_clock_was_set_back_are_forgotten_a_minute_later() {
    let (mut state, limits) = (KeyState::default(), Limits { budget: Some(0.1), ..Limits::default() });
    for _ in 0..10 {
        goes(&mut state, at(3_600_000), &limits, &retry());
    }
    let spent = Some((Limit::Budget, None));
    assert_eq!(held(&state.admit(at(0), &limits, &retry(), ALL_FREE), at(0)), spent);
    assert_eq!(held(&state.admit(at(59_999), &limits, &retry(), ALL_FREE), at(59_999)), spent);
    goes(&mut state, at(60_000), &limits, &retry());
}

#[test]
fn success_rates_outlive_a_clock_that_is_set_back_by_less_than_a_slice() {
    let (mut state, limits) = (KeyState::default(), Limits { adaptive: true, ..Limits::default() });
    let lucky = Ask { chance: 0.999, ..first() };
    for _ in 0..10 {
        goes(&mut state, at(10_000), &limits, &lucky);
    }
    goes(&mut state, at(5000), &limits, &lucky);
    let held_back = state.view(at(5000), &limits).held_back.unwrap();
    assert!((held_back - 11.0 / 12.0).abs() < 1e-9, "{held_back}");
}

#[test]
fn a_state_matters_until_the_last_of_its_moments() {
    let mut state = KeyState::default();
    assert_eq!(state.matters_until(), StoreTime(0));
    goes(&mut state, at(0), &rate(1, 1000), &first());
    assert_eq!(state.matters_until(), at(1000));
    state.close(at(0), ms(2000));
    assert_eq!(state.matters_until(), at(2000));
    state.settle(at(0), &breaker(Tripping::InARow(1), 3000), &ended(Health::Bad));
    assert_eq!(state.matters_until(), at(3000));
}

#[test]
fn moments_are_told_as_they_are_or_later() {
    assert_eq!(StoreTime(1_767_225_600_000_001).to_string(), "2026-01-01T00:00:01Z");
    assert_eq!(StoreTime(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
}
