//! Those who wait for a rate stand in line.

use super::*;

/// The turn that an attempt is told, in milliseconds; `None` if it goes.
fn turn(state: &mut KeyState, millis: u64, limits: &Limits, told: Option<u64>) -> Option<u64> {
    let ask = Ask { turn: told.map(at), ..Ask::default() };
    match state.admit(at(millis), limits, &ask, ALL_FREE) {
        Admission::Wait(pause) => pause.turn.map(|turn| turn.since(at(0)).as_millis().try_into().unwrap()),
        Admission::Proceed(_) => None,
        Admission::Refuse(refusal) => panic!("{refusal:?}"),
    }
}

fn full() -> (KeyState, Limits) {
    let (mut state, limits) = (KeyState::default(), rate(2, 1000));
    goes(&mut state, at(0), &limits, &first());
    goes(&mut state, at(0), &limits, &first());
    (state, limits)
}

#[test]
fn each_has_a_turn_of_its_own_and_goes_then() {
    let (mut state, limits) = full();
    for number in 1..=100 {
        assert_eq!(turn(&mut state, 0, &limits, None), Some(number * 500));
    }
    for number in 1..=100 {
        let now = number * 500;
        assert_eq!(
            turn(&mut state, now - 1, &limits, Some(now)),
            Some(now),
            "whoever asks again keeps its turn"
        );
        if let later @ ..=100 = number + 1 {
            assert_eq!(
                turn(&mut state, now, &limits, Some(later * 500)),
                Some(later * 500),
                "nobody jumps the queue"
            );
        }
        assert_eq!(turn(&mut state, now, &limits, Some(now)), None);
    }
    assert!(serde_json::to_value(&state).unwrap().get("line").is_none(), "there is none any more");
}

#[test]
fn the_dead_in_line_cost_no_more_than_a_turn() {
    let (mut state, limits) = full();
    for _ in 0..100 {
        assert!(turn(&mut state, 0, &limits, None).is_some());
    }
    // All of them die but one, far behind.
    assert_eq!(turn(&mut state, 0, &limits, None), Some(101 * 500));
    assert_eq!(turn(&mut state, 999, &limits, Some(101 * 500)), Some(101 * 500));
    assert_eq!(turn(&mut state, 1000, &limits, Some(101 * 500)), None);
    // Nor does anybody wait for them who comes now.
    assert_eq!(turn(&mut state, 1000, &limits, None), None, "the turn after the one that was missed");
    assert_eq!(turn(&mut state, 1000, &limits, None), Some(1500));
}

#[test]
fn whoever_finds_its_turn_taken_gets_another() {
    let (mut state, limits) = full();
    assert_eq!(turn(&mut state, 0, &limits, None), Some(500));
    assert_eq!(turn(&mut state, 500, &limits, None), None, "one who has just come is faster");
    assert_eq!(turn(&mut state, 501, &limits, Some(500)), Some(1000));
}

#[test]
fn a_start_that_is_late_costs_nobody_behind_it_its_place() {
    let (mut state, limits) = (KeyState::default(), rate(1, 1000));
    goes(&mut state, at(0), &limits, &first());
    let turns: Vec<_> = (0..3).map(|_| turn(&mut state, 0, &limits, None).unwrap()).collect();
    assert_eq!(turns, [1000, 2000, 3000]);
    assert_eq!(turn(&mut state, 1005, &limits, Some(1000)), None, "it took its time");
    let ask = Ask { turn: Some(at(2000)), ..first() };
    let told = state.admit(at(1500), &limits, &ask, ALL_FREE);
    assert_eq!(held(&told, at(1500)), Some((Limit::Rate, Some(500))), "its turn, though a miss shows later");
    assert_eq!(turn(&mut state, 2000, &limits, Some(2000)), Some(2005), "the second is up");
    assert_eq!(turn(&mut state, 2001, &limits, None), Some(4000), "those who come now are behind all");
    assert_eq!(turn(&mut state, 2005, &limits, Some(2005)), None);
    assert_eq!(turn(&mut state, 3000, &limits, Some(3000)), Some(3005));
}

#[test]
fn whoever_would_not_wait_for_its_turn_is_told_when_it_is_and_does_not_join() {
    let (mut state, limits) = full();
    for number in 1..=10 {
        assert_eq!(turn(&mut state, 0, &limits, None), Some(number * 500));
    }
    let told = |state: &mut KeyState, patience| {
        let ask = Ask { patience: Some(ms(patience)), ..Ask::default() };
        match state.admit(at(0), &limits, &ask, ALL_FREE) {
            Admission::Wait(pause) => [pause.until, pause.turn].map(|moment| moment.unwrap().since(at(0))),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(&mut state, 5499), [ms(5500); 2]);
    assert_eq!(told(&mut state, 0), [ms(5500); 2], "the one before is not in line");
    assert_eq!(told(&mut state, 5500), [ms(500), ms(5500)]);
    assert_eq!(told(&mut state, 6000), [ms(500), ms(6000)]);
}

#[test]
fn a_turn_far_away_is_waited_for_with_looks_between() {
    let (mut state, limits) = full();
    let pauses: Vec<_> = (0..10)
        .map(|_| match state.admit(at(0), &limits, &first(), ALL_FREE) {
            Admission::Wait(pause) => pause.delay(at(0), &first(), &(ms(2)..=ms(24))),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((pauses[0].least, pauses[0].turn, pauses[0].look), (Some(ms(500)), Some(ms(500)), ms(500)));
    assert_eq!((pauses[3].least, pauses[3].turn, pauses[3].look), (Some(ms(500)), Some(ms(2000)), ms(2000)));
    // The limit itself lets it go in half a second: a bound that is longer is not too short.
    assert_eq!((pauses[9].least, pauses[9].turn, pauses[9].look), (Some(ms(500)), Some(ms(5000)), ms(1000)));
}
