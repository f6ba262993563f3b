//! Each limit by a table.

use std::time::Duration;

use super::*;

mod properties;

const ALL_FREE: Free = Free { permit: true, probe: true };
const NONE_FREE: Free = Free { permit: false, probe: false };

fn at(millis: u64) -> StoreTime {
    StoreTime(1_000_000_000_000 + millis * 1000)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn rate(count: u32, per: u64) -> Limits {
    Limits { rate: Some(Rate { count, per: ms(per) }), ..Limits::default() }
}

fn breaker(trips: Tripping, open_for: u64) -> Limits {
    Limits { breaker: Some(Breaker { trips, open_for: ms(open_for) }), ..Limits::default() }
}

fn first() -> Ask {
    Ask::default()
}

fn retry() -> Ask {
    Ask { kind: AttemptKind::Retry, ..Ask::default() }
}

fn ended(health: Health) -> Settlement {
    Settlement { health, ..Settlement::UNKNOWN }
}

/// The limit that holds it back, and for how many milliseconds; `None` if it goes.
fn held(admission: &Admission, now: StoreTime) -> Option<(Limit, Option<u128>)> {
    match admission {
        Admission::Proceed(_) => None,
        Admission::Wait(pause) => Some((pause.limit, pause.until.map(|until| until.since(now).as_millis()))),
        Admission::Refuse(refusal) => Some((refusal.limit, None)),
    }
}

#[track_caller]
fn goes(state: &mut KeyState, now: StoreTime, limits: &Limits, ask: &Ask) -> Grant {
    match state.admit(now, limits, ask, ALL_FREE) {
        Admission::Proceed(grant) => grant,
        other => panic!("{other:?}"),
    }
}

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
fn a_rate_lets_a_burst_go_and_then_an_even_stream() {
    let (mut state, limits) = (KeyState::default(), rate(4, 1000));
    for _ in 0..4 {
        goes(&mut state, at(0), &limits, &first());
    }
    let look = |state: &mut KeyState, millis| {
        held(&state.admit(at(millis), &limits, &first(), ALL_FREE), at(millis))
    };
    assert_eq!(look(&mut state, 0), Some((Limit::Rate, Some(250))));
    assert_eq!(look(&mut state, 249), Some((Limit::Rate, Some(1))));
    assert_eq!(look(&mut state, 250), None);
    assert_eq!(look(&mut state, 250), Some((Limit::Rate, Some(250))));
    assert_eq!(state.view(at(250), &limits).tokens, Some(0));
    assert_eq!(state.view(at(500), &limits).tokens, Some(1));
    assert_eq!(state.view(at(9000), &limits).tokens, Some(4));
}

#[test]
fn each_rate_has_a_count_of_its_own_and_every_attempt_counts_for_all() {
    let (hourly, quick) = (rate(1, 3_600_000), rate(10, 1000));
    let mut state = KeyState::default();
    goes(&mut state, at(0), &hourly, &first());
    for _ in 0..10 {
        goes(&mut state, at(0), &quick, &first());
    }
    assert_eq!(held(&state.admit(at(0), &quick, &first(), ALL_FREE), at(0)), Some((Limit::Rate, Some(100))));
    let an_hour = Some((Limit::Rate, Some(3_600_000)));
    assert_eq!(held(&state.admit(at(0), &hourly, &first(), ALL_FREE), at(0)), an_hour);
    goes(&mut state, at(3000), &quick, &first());
    assert_eq!(held(&state.admit(at(3000), &hourly, &first(), ALL_FREE), at(3000)), an_hour);
    // However many rates there were, the state stays small, and the one in use is not forgotten.
    for count in 2..30 {
        goes(&mut state, at(3000), &rate(count, 60_000), &first());
        assert_eq!(state.view(at(3000), &rate(count, 60_000)).tokens, Some(count - 1));
    }
    assert!(serde_json::to_string(&state).unwrap().len() < 500);
}

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
fn first_attempts_pay_for_retries() {
    let (mut state, limits) = (KeyState::default(), Limits { budget: Some(0.5), ..Limits::default() });
    let refused = Some((Limit::Budget, None));
    for _ in 0..10 {
        goes(&mut state, at(0), &limits, &retry());
    }
    assert_eq!(
        held(&state.admit(at(0), &limits, &retry(), ALL_FREE), at(0)),
        refused,
        "the reserve is spent"
    );
    let failed = ended(Health::Bad);
    assert_eq!(
        state.settle(at(0), &limits, &failed).refusal.map(|refusal| refusal.limit),
        Some(Limit::Budget)
    );
    assert_eq!(state.settle(at(0), &limits, &ended(Health::Good)), Settled::default());
    goes(&mut state, at(0), &limits, &first());
    assert_eq!(held(&state.admit(at(0), &limits, &retry(), ALL_FREE), at(0)), refused);
    goes(&mut state, at(0), &limits, &first());
    assert_eq!(state.settle(at(0), &limits, &failed), Settled::default());
    goes(&mut state, at(0), &limits, &retry());
    assert_eq!(held(&state.admit(at(0), &limits, &retry(), ALL_FREE), at(0)), refused);
    // One after a success is paid by nobody and pays nothing.
    goes(&mut state, at(0), &limits, &Ask { kind: AttemptKind::Repeat, ..Ask::default() });
    assert_eq!(held(&state.admit(at(0), &limits, &retry(), ALL_FREE), at(0)), refused);
    // The reserve is for a minute.
    assert_eq!(held(&state.admit(at(59_999), &limits, &retry(), ALL_FREE), at(59_999)), refused);
    goes(&mut state, at(60_000), &limits, &retry());
}

#[test]
fn tenths_add_up() {
    let (mut state, limits) = (KeyState::default(), Limits { budget: Some(0.1), ..Limits::default() });
    for ask in [retry(), first()] {
        for _ in 0..10 {
            goes(&mut state, at(0), &limits, &ask);
        }
    }
    goes(&mut state, at(0), &limits, &retry());
}

#[test]
fn success_rates_hold_back_as_the_book_has_it() {
    let (mut state, limits) = (KeyState::default(), Limits { adaptive: true, ..Limits::default() });
    let probability = |state: &KeyState, millis| state.view(at(millis), &limits).held_back.unwrap();
    for _ in 0..10 {
        goes(&mut state, at(0), &limits, &Ask { chance: 0.999, ..first() });
    }
    assert!((probability(&state, 0) - 10.0 / 11.0).abs() < 1e-9);
    for _ in 0..3 {
        state.settle(at(0), &limits, &ended(Health::Good));
        state.settle(at(0), &limits, &ended(Health::Bad));
    }
    assert!((probability(&state, 0) - 4.0 / 11.0).abs() < 1e-9);
    // Held back, it is a request as well; looking again, it is not.
    let unlucky = Ask { chance: 0.0, ..first() };
    assert_eq!(held(&state.admit(at(0), &limits, &unlucky, ALL_FREE), at(0)).unwrap().0, Limit::Adaptive);
    assert!((probability(&state, 0) - 5.0 / 12.0).abs() < 1e-9);
    state.admit(at(0), &limits, &Ask { looks: 1, ..unlucky }, ALL_FREE);
    assert!((probability(&state, 0) - 5.0 / 12.0).abs() < 1e-9);
    assert!(probability(&state, 130_000).abs() < 1e-9, "two minutes are over");
}

#[test]
fn permits_are_counted_by_the_store() {
    let limits = Limits { concurrency: Some(8), ..Limits::default() };
    let mut state = KeyState::default();
    assert_eq!(goes(&mut state, at(0), &limits, &first()), Grant { permit: true, probe: false });
    assert_eq!(
        held(&state.admit(at(0), &limits, &first(), NONE_FREE), at(0)),
        Some((Limit::Concurrency, None))
    );
    // Inside of an attempt that has one, none is needed.
    let covered = Ask { covered: true, ..first() };
    assert_eq!(state.admit(at(0), &limits, &covered, NONE_FREE), Admission::Proceed(Grant::default()));
}

#[test]
fn inside_of_the_probe_there_is_no_other() {
    let (mut state, limits) = (KeyState::default(), breaker(Tripping::InARow(1), 1000));
    state.settle(at(0), &limits, &ended(Health::Bad));
    let covered = Ask { covered_by_probe: true, ..first() };
    assert_eq!(state.admit(at(1000), &limits, &covered, NONE_FREE), Admission::Proceed(Grant::default()));
}

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
fn quiet_weeks_save_nothing_up_for_a_storm() {
    let (mut state, limits) = (KeyState::default(), Limits { budget: Some(0.5), ..Limits::default() });
    for _ in 0..1000 {
        goes(&mut state, at(0), &limits, &first());
    }
    // A hundred that were deposited, and the ten of any minute.
    assert_eq!(state.view(at(0), &limits).budget, Some(110.0));
}

#[test]
fn who_learns_nothing_of_the_service_holds_nobody_back() {
    let (mut state, limits) = (KeyState::default(), Limits { adaptive: true, ..Limits::default() });
    for _ in 0..10 {
        goes(&mut state, at(0), &limits, &Ask { chance: 0.999, ..first() });
        state.settle(at(0), &limits, &ended(Health::Unknown));
    }
    assert_eq!(state.view(at(0), &limits).held_back, Some(0.0));
}

#[test]
fn moments_are_told_as_they_are_or_later() {
    assert_eq!(StoreTime(1_767_225_600_000_001).to_string(), "2026-01-01T00:00:01Z");
    assert_eq!(StoreTime(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
}

#[test]
fn states_of_a_later_version_can_be_read() {
    let text = r#"{"v":1,"updated":5,"window":{"from":1,"until":7,"x":2},"later":{"x":1}}"#;
    let state: KeyState = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&state).unwrap()["window"]["until"], 7);
}

const MS: Duration = Duration::from_millis(1);

/// The wait in whole milliseconds.
fn wait(until: Option<u64>, looks: u32, chance: f64) -> u128 {
    let pause = Pause {
        limit: Limit::Window,
        until: until.map(|seconds| StoreTime::default().plus(Duration::from_secs(seconds))),
        spread: 100 * MS,
        why: String::new(),
    };
    let now = StoreTime::default().plus(Duration::from_secs(5));
    pause
        .delay(now, &Ask { looks, chance, rank: chance, ..Ask::default() }, &(2 * MS..=24 * MS))
        .wait
        .as_millis()
}

#[test]
fn a_known_moment_is_waited_for_and_then_a_share_of_the_spread() {
    for (until, chance, millis) in [(7, 0.0, 2000), (7, 0.5, 2050), (5, 0.5, 50), (3, 0.5, 50)] {
        assert_eq!(wait(Some(until), 9, chance), millis, "{until} {chance}");
    }
}

#[test]
fn what_hangs_on_others_is_looked_at_again_soon_and_ever_more_rarely() {
    for (looks, chance, millis) in
        [(0, 0.0, 1), (1, 0.0, 2), (2, 0.0, 4), (3, 0.5, 12), (4, 0.0, 12), (4, 0.5, 18), (u32::MAX, 0.0, 12)]
    {
        assert_eq!(wait(None, looks, chance), millis, "{looks} {chance}");
    }
}
