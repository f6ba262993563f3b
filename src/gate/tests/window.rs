//! Windows that servers, and people, close a key for.

use super::*;

#[test]
fn a_server_that_asked_for_time_is_left_alone_by_all() {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    goes(&mut state, at(0), &limits, &first());
    let asked = Settlement { retry_after: Some(ms(3000)), ..ended(Health::Bad) };
    state.settle(at(0), &limits, &asked);
    let look = |state: &mut KeyState, millis| {
        held(&state.admit(at(millis), &limits, &first(), ALL_FREE), at(millis))
    };
    assert_eq!(look(&mut state, 0), Some((Limit::Window, Some(3000))));
    assert_eq!(look(&mut state, 2999), Some((Limit::Window, Some(1))));
    assert_eq!(look(&mut state, 3000), None);
    // A shorter wish of another server does not open it; a longer one closes it for longer.
    state.settle(at(4000), &limits, &asked);
    state.settle(at(4001), &limits, &Settlement { retry_after: Some(ms(1000)), ..asked });
    assert_eq!(look(&mut state, 5500), Some((Limit::Window, Some(1500))));
    state.settle(at(5000), &limits, &Settlement { retry_after: Some(ms(9000)), ..asked });
    assert_eq!(look(&mut state, 8000), Some((Limit::Window, Some(6000))));
}

/// What a state becomes of an attempt that began and ended at these times, with a wish of the server's.
fn told(state: &mut KeyState, began: u64, end: u64, asked: u64) -> Option<u128> {
    let settlement =
        Settlement { retry_after: Some(ms(asked)), began: Some(at(began)), rank: 0.5, ..ended(Health::Bad) };
    let settled = state.settle(at(end), &Limits::default(), &settlement);
    settled.back_in.map(|back_in| back_in.as_millis())
}

#[test]
fn those_who_failed_together_share_one_window_and_come_back_spread_over_it() {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    assert_eq!(told(&mut state, 0, 1000, 30_000), None, "whoever closes the key is the first to come back");
    // Half of the spread, which is half of the window.
    assert_eq!(told(&mut state, 0, 1000, 30_000), Some(37_500));
    assert_eq!(told(&mut state, 900, 6000, 30_000), Some(32_500), "the same wish extends nothing");
    assert_eq!(told(&mut state, 900, 6000, 5000), Some(32_500));
    assert_eq!(state.view(at(6000), &limits).window_until, Some(at(31_000)));
    assert_eq!(told(&mut state, 900, 6000, 40_000), None, "who asks for more closes it for longer");
    assert_eq!(state.view(at(6000), &limits).window_until, Some(at(46_000)));
    // One that began before the key was closed knows nothing of now, once it is open again.
    assert_eq!(told(&mut state, 900, 46_001, 10_000), None);
    assert_eq!(state.view(at(46_001), &limits).window_until, None);
    assert_eq!(told(&mut state, 46_001, 46_002, 10_000), None);
    assert_eq!(state.view(at(46_002), &limits).window_until, Some(at(56_002)));
}

#[test]
fn a_wish_that_is_repeated_lets_ever_more_of_those_through_who_have_waited() {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    let passes = |state: &mut KeyState, now: u64, waited: u64| {
        let ask = Ask { waited: ms(waited), ..first() };
        (0..1000)
            .take_while(|_| held(&state.admit(at(now), &limits, &ask, ALL_FREE), at(now)).is_none())
            .count()
    };
    told(&mut state, 0, 1000, 2000);
    assert_eq!(passes(&mut state, 1500, 1500), 0, "nobody passes the first one");
    let mut now = 1000;
    for expected in [8, 64, 512] {
        now += 2100;
        told(&mut state, now, now, 2000);
        assert_eq!(passes(&mut state, now + 10, 10), 0, "who came later waits");
        assert_eq!(passes(&mut state, now + 10, 11), expected);
        assert_eq!(passes(&mut state, now + 10, 11), 0);
    }
    // After some time in peace it is a wish like the first one. A person's word holds for all.
    told(&mut state, now + 60_000, now + 60_000, 2000);
    assert_eq!(passes(&mut state, now + 60_010, 1000), 0);
    state.close(at(now + 60_010), ms(2000));
    assert_eq!(passes(&mut state, now + 60_020, 1000), 0);
}

#[test]
fn who_waited_for_a_window_comes_back_spread_out() {
    for (length, spread) in [(200, 1000), (3000, 1500), (600_000, 30_000)] {
        let (mut state, limits) = (KeyState::default(), Limits::default());
        state.close(at(0), ms(length));
        let Admission::Wait(pause) = state.admit(at(1), &limits, &first(), ALL_FREE) else {
            panic!("it is closed")
        };
        assert_eq!(pause.spread, ms(spread), "{length}");
    }
}

#[test]
fn a_person_may_close_and_reopen() {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    state.close(at(0), ms(60_000));
    assert!(state.view(at(1), &limits).closed_by_hand);
    state.close(at(10), ms(1000));
    assert_eq!(state.view(at(11), &limits).window_until, Some(at(1010)));
    assert_eq!(state.view(at(1010), &limits).window_until, None);
}

#[test]
fn a_persons_word_holds_until_a_server_asks_for_more() {
    let limits = Limits::default();
    for (asked, by_hand) in [(1999, true), (2000, true), (2001, false)] {
        let mut state = KeyState::default();
        state.close(at(0), ms(2000));
        told(&mut state, 0, 0, asked);
        assert_eq!(state.view(at(0), &limits).closed_by_hand, by_hand, "{asked}");
    }
}

#[test]
fn a_wish_at_the_moment_at_which_the_key_opens_is_a_new_one() {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    told(&mut state, 0, 0, 2000);
    assert_eq!(told(&mut state, 2000, 2000, 2000), None);
    assert_eq!(state.view(at(2000), &limits).window_until, Some(at(4000)));
    // It began when the first one was told, and has its own answer.
    let mut state = KeyState::default();
    told(&mut state, 0, 1000, 2000);
    told(&mut state, 1000, 3000, 1500);
    assert_eq!(state.view(at(3000), &limits).window_until, Some(at(4500)));
}

/// How many pass that have waited, after a window of two seconds and a wish this long after its end.
fn passed_after(peace: u64) -> usize {
    let (mut state, limits) = (KeyState::default(), Limits::default());
    told(&mut state, 0, 0, 2000);
    told(&mut state, 2000 + peace, 2000 + peace, 2000);
    let now = at(2010 + peace);
    let ask = Ask { waited: ms(1000), ..first() };
    (0..100).take_while(|_| held(&state.admit(now, &limits, &ask, ALL_FREE), now).is_none()).count()
}

#[test]
fn a_wish_is_a_repetition_for_as_long_as_the_window_and_its_spread() {
    assert_eq!(passed_after(3000), 8);
    assert_eq!(passed_after(3001), 0);
}

#[test]
fn a_window_that_is_over_has_no_places() {
    let mut state = KeyState::default();
    told(&mut state, 1000, 1000, 2000);
    // It began before that, asks for less, and ends as the key opens.
    assert_eq!(told(&mut state, 0, 3000, 1000), None);
    assert_eq!(told(&mut state, 0, 2999, 500), Some(501));
}

#[test]
fn a_window_is_stored_with_all_that_it_counts() {
    let mut state = KeyState::default();
    told(&mut state, 0, 0, 2000);
    let window = |state: &KeyState| serde_json::to_value(state).unwrap()["window"].clone();
    assert_eq!((window(&state).get("repeats"), window(&state).get("passed")), (None, None));
    told(&mut state, 2100, 2100, 2000);
    let ask = Ask { waited: ms(1000), ..first() };
    goes(&mut state, at(2110), &Limits::default(), &ask);
    assert_eq!((window(&state)["repeats"].as_u64(), window(&state)["passed"].as_u64()), (Some(1), Some(1)));
}
