//! Each limit by a table; those that need many have a file of their own.

use std::time::Duration;

use super::*;

mod breaker;
mod clocks;
mod delay;
mod edges;
mod line;
mod properties;
mod window;

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
fn states_of_a_later_version_can_be_read() {
    let text = r#"{"v":1,"updated":5,"window":{"from":1,"until":7,"x":2},"later":{"x":1}}"#;
    let state: KeyState = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&state).unwrap()["window"]["until"], 7);
}
