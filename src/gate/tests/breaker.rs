//! Breakers, and their probes.

use super::*;

#[test]
fn a_breaker_that_was_opened_for_longer_is_open_for_the_time_of_this_one() {
    let mut state = KeyState::default();
    state.settle(at(0), &breaker(Tripping::InARow(1), 3_600_000), &ended(Health::Bad));
    let limits = breaker(Tripping::InARow(5), 1000);
    let look = |state: &mut KeyState, millis| {
        held(&state.admit(at(millis), &limits, &first(), ALL_FREE), at(millis))
    };
    assert_eq!(look(&mut state, 1), Some((Limit::Breaker, Some(999))));
    assert_eq!(state.view(at(999), &limits).open_until, Some(at(1000)));
    assert_eq!(state.view(at(1000), &limits).phase, Phase::HalfOpen);
    assert_eq!(look(&mut state, 1000), None);
}

#[test]
fn failures_in_a_row_open_a_breaker_and_a_probe_closes_it() {
    let (mut state, limits) = (KeyState::default(), breaker(Tripping::InARow(3), 1000));
    for result in [Health::Bad, Health::Bad, Health::Good, Health::Bad, Health::Unknown, Health::Bad] {
        goes(&mut state, at(0), &limits, &first());
        state.settle(at(0), &limits, &ended(result));
        assert_eq!(state.view(at(0), &limits).phase, Phase::Closed);
    }
    state.settle(at(5), &limits, &ended(Health::Bad));
    assert_eq!(state.view(at(5), &limits).phase, Phase::Open);
    assert_eq!(
        held(&state.admit(at(5), &limits, &first(), ALL_FREE), at(5)),
        Some((Limit::Breaker, Some(1000)))
    );
    assert_eq!(state.view(at(1005), &limits).phase, Phase::HalfOpen);
    // One that started before it opened says nothing of now.
    state.settle(at(1005), &limits, &ended(Health::Good));
    assert_eq!(state.view(at(1005), &limits).phase, Phase::HalfOpen);
    assert!(goes(&mut state, at(1005), &limits, &first()).probe);
    assert_eq!(
        held(&state.admit(at(1005), &limits, &first(), NONE_FREE), at(1005)),
        Some((Limit::Breaker, None))
    );
    let probe = |result| Settlement { probe: true, ..ended(result) };
    state.settle(at(1010), &limits, &probe(Health::Unknown));
    assert_eq!(state.view(at(1010), &limits).phase, Phase::HalfOpen);
    state.settle(at(1010), &limits, &probe(Health::Bad));
    assert_eq!(state.view(at(2009), &limits).phase, Phase::Open);
    state.settle(at(2010), &limits, &probe(Health::Good));
    assert_eq!(state.view(at(2010), &limits).phase, Phase::Closed);
    assert_eq!(goes(&mut state, at(2010), &limits, &first()), Grant::default());
}

#[test]
fn a_share_of_failures_opens_a_breaker_once_there_are_enough_results() {
    let limits = breaker(Tripping::Share(0.5), 30_000);
    let phase_after = |results: &[(u64, Health)]| {
        let mut state = KeyState::default();
        for (millis, result) in results {
            state.settle(at(*millis), &limits, &ended(*result));
        }
        state.view(at(results.last().unwrap().0), &limits).phase
    };
    let mixed =
        |good: usize, bad: usize| [vec![(0, Health::Good); good], vec![(1, Health::Bad); bad]].concat();
    assert_eq!(phase_after(&mixed(4, 5)), Phase::Closed, "nine results are too few");
    assert_eq!(phase_after(&mixed(5, 5)), Phase::Open);
    assert_eq!(phase_after(&mixed(6, 5)), Phase::Closed);
    // What is older than the window does not count.
    for (age, phase) in [(60_000, Phase::Closed), (30_001, Phase::Closed), (30_000, Phase::Open)] {
        let results = [vec![(0, Health::Bad); 9], vec![(age, Health::Bad)]].concat();
        assert_eq!(phase_after(&results), phase, "{age}");
    }
    let stream = |good_ones: u64| {
        (0..1000_u64).map(move |step| (100 * step, if step < good_ones { Health::Good } else { Health::Bad }))
    };
    // Ten in a second, half of those in the window fail: it opens within a slice of when that is so.
    let opened =
        (0..1000).find(|count| phase_after(&stream(500).take(count + 1).collect::<Vec<_>>()) == Phase::Open);
    assert!((630..=650).contains(&opened.unwrap()), "{opened:?}");
}

#[test]
fn inside_of_the_probe_there_is_no_other() {
    let (mut state, limits) = (KeyState::default(), breaker(Tripping::InARow(1), 1000));
    state.settle(at(0), &limits, &ended(Health::Bad));
    let covered = Ask { covered_by_probe: true, ..first() };
    assert_eq!(state.admit(at(1000), &limits, &covered, NONE_FREE), Admission::Proceed(Grant::default()));
}
