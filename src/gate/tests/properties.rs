//! What must hold of all limits, whatever happens.

use proptest::prelude::*;

use super::*;

fn any_limits() -> impl Strategy<Value = Limits> {
    let rates =
        proptest::option::of((1u32..20, 1u64..100_000).prop_map(|(count, per)| Rate { count, per: ms(per) }));
    let trips = prop_oneof![(1u32..6).prop_map(Tripping::InARow), (0.05f64..=1.0).prop_map(Tripping::Share)];
    let breakers = (trips, 1u64..60_000).prop_map(|(trips, open)| Breaker { trips, open_for: ms(open) });
    (
        proptest::option::of(1u32..10),
        rates,
        proptest::option::of(breakers),
        proptest::option::of(0.01f64..=1.0),
        any::<bool>(),
    )
        .prop_map(|(concurrency, rate, breaker, budget, adaptive)| Limits {
            concurrency,
            rate,
            breaker,
            budget,
            adaptive,
        })
}

#[derive(Clone, Debug)]
enum Step {
    Ask(Ask, Free),
    Tell(Settlement),
    Close(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(AttemptKind::First), Just(AttemptKind::Retry), Just(AttemptKind::Repeat)];
    let ask = (kind, 0u32..3, 0.0f64..1.0, any::<bool>(), any::<bool>()).prop_map(
        |(kind, looks, chance, covered, covered_by_probe)| Ask {
            kind,
            looks,
            chance,
            rank: chance,
            waited: Duration::ZERO,
            turn: None,
            patience: None,
            covered,
            covered_by_probe,
        },
    );
    let free = (any::<bool>(), any::<bool>()).prop_map(|(permit, probe)| Free { permit, probe });
    let health = prop_oneof![Just(Health::Good), Just(Health::Bad), Just(Health::Unknown)];
    let told =
        (health, proptest::option::of(0u64..100_000), any::<bool>()).prop_map(|(health, after, probe)| {
            Settlement { health, retry_after: after.map(ms), probe, ..Settlement::UNKNOWN }
        });
    prop_oneof![
        4 => (ask, free).prop_map(|(ask, free)| Step::Ask(ask, free)),
        3 => told.prop_map(Step::Tell),
        1 => (1u64..100_000).prop_map(Step::Close),
    ]
}

/// What attempts have spent: all of the state, but for those who stand in line.
fn spent(state: &KeyState) -> serde_json::Value {
    let mut kept = serde_json::to_value(state).unwrap();
    let fields = kept.as_object_mut().unwrap();
    fields.remove("line");
    fields.remove("updated");
    kept
}

proptest! {
    #[test]
    fn a_refused_limit_spends_nothing_and_an_admission_only_what_was_free(
        limits in any_limits(),
        steps in proptest::collection::vec((0u64..20_000, any_step()), 1..60),
    ) {
        let limits = Limits { adaptive: false, ..limits };
        let mut state = KeyState::default();
        let mut now = 0;
        for (pass, step) in steps {
            now += pass;
            match step {
                Step::Ask(ask, free) => {
                    let before = state.clone();
                    match state.admit(at(now), &limits, &ask, free) {
                        Admission::Proceed(grant) => {
                            prop_assert!(!grant.permit || free.permit);
                            prop_assert!(!grant.probe || free.probe);
                        }
                        Admission::Wait(pause) => {
                            prop_assert_eq!(spent(&state), spent(&before));
                            prop_assert!(pause.until.is_none_or(|until| until > at(now)));
                        }
                        Admission::Refuse(_) => prop_assert_eq!(&state, &before),
                    }
                }
                Step::Tell(settlement) => {
                let before = state.clone();
                let refusal = state.settle(at(now), &limits, &settlement);
                if limits.learn_nothing_from(&settlement) {
                    prop_assert_eq!((&state, refusal), (&before, Settled::default()));
                }
            }
                Step::Close(time) => state.close(at(now), ms(time)),
            }
            // The record that it is kept in has room for it, whatever happened.
            prop_assert!(serde_json::to_string(&state).unwrap().len() < 1500);
        }
    }

    #[test]
    fn nobody_starts_in_a_window_or_while_the_breaker_is_open(
        limits in any_limits(),
        steps in proptest::collection::vec((0u64..20_000, any_step()), 1..60),
    ) {
        let mut state = KeyState::default();
        let mut now = 0;
        for (pass, step) in steps {
            now += pass;
            let view = state.view(at(now), &limits);
            match step {
                Step::Ask(ask, free) => {
                    let admission = state.admit(at(now), &limits, &ask, free);
                    let started = matches!(admission, Admission::Proceed(_));
                    prop_assert!(!(started && view.window_until.is_some()));
                    prop_assert!(!(started && limits.breaker.is_some() && view.phase == Phase::Open));
                }
                Step::Tell(settlement) => drop(state.settle(at(now), &limits, &settlement)),
                Step::Close(time) => state.close(at(now), ms(time)),
            }
        }
    }

    #[test]
    fn a_rate_is_never_exceeded(
        count in 1u32..20,
        per in 20u32..5000,
        passes in proptest::collection::vec((0u32..500, proptest::option::of(0u64..10_000)), 1..300),
    ) {
        let (mut state, limits) = (KeyState::default(), rate(count, per.into()));
        let mut now = 0;
        let mut starts = Vec::new();
        for (pass, turn) in passes {
            now += pass;
            let moment = at(now.into());
            let ask = Ask { turn: turn.map(at), patience: turn.map(ms), ..first() };
            if matches!(state.admit(moment, &limits, &ask, ALL_FREE), Admission::Proceed(_)) {
                starts.push(now);
            }
        }
        // GCRA: in any time t, at most N + N·t/D.
        for (index, begin) in starts.iter().enumerate() {
            for (more, end) in (1u32..).zip(&starts[index..]) {
                let most = f64::from(count) * (1.0 + f64::from(end - begin) / f64::from(per));
                prop_assert!(f64::from(more) <= most + 1e-3, "{more} starts in {} ms", end - begin);
            }
        }
    }

    #[test]
    fn retries_never_exceed_their_share_and_the_reserve(
        ratio in 0.01f64..=1.0,
        asks in proptest::collection::vec((0u64..1000, any::<bool>()), 1..400),
    ) {
        let (mut state, limits) = (KeyState::default(), Limits { budget: Some(ratio), ..Limits::default() });
        let (mut now, mut firsts, mut retries) = (0, 0u32, 0u32);
        for (pass, is_first) in asks {
            now += pass;
            let ask = if is_first { first() } else { retry() };
            if matches!(state.admit(at(now), &limits, &ask, ALL_FREE), Admission::Proceed(_)) {
                if is_first { firsts += 1 } else { retries += 1 }
            }
            let minutes = u32::try_from(now / 60_000).unwrap() + 1;
            prop_assert!(f64::from(retries) <= ratio * f64::from(firsts) + f64::from(10 * minutes) + 1e-6);
        }
    }

    #[test]
    fn a_half_open_breaker_has_one_probe_at_a_time(asks in 2usize..50) {
        let (mut state, limits) = (KeyState::default(), breaker(Tripping::InARow(1), 1000));
        state.settle(at(0), &limits, &ended(Health::Bad));
        let mut probe_is_free = true;
        let mut started = 0;
        for _ in 0..asks {
            let free = Free { permit: true, probe: probe_is_free };
            if let Admission::Proceed(grant) = state.admit(at(1000), &limits, &first(), free) {
                prop_assert!(grant.probe);
                probe_is_free = false;
                started += 1;
            }
        }
        prop_assert_eq!(started, 1);
    }
}
