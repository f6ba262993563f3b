//! The formulas as tables, the bounds and determinism as properties.

use std::time::Duration;

use proptest::prelude::*;

use super::{Backoff, Jitter, Range, Strategy as Growth};

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn backoff(strategy: Growth, jitter: Jitter) -> Backoff {
    Backoff { strategy, delay: ms(1000), max_delay: ms(60_000), factor: 2.0, jitter }
}

#[track_caller]
fn bases(strategy: Growth, expected: &[u64]) {
    let backoff = backoff(strategy, Jitter::None);
    for (retry, wait) in (1..).zip(expected) {
        assert_eq!(backoff.draw(retry, None, 0.7), ms(*wait), "retry {retry} of {backoff:?}");
    }
}

#[test]
fn each_strategy_follows_its_formula() {
    bases(Growth::Fixed, &[1000, 1000, 1000]);
    bases(Growth::Linear, &[1000, 2000, 3000, 4000]);
    bases(Growth::Exponential, &[1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    bases(Growth::Fibonacci, &[1000, 1000, 2000, 3000, 5000, 8000, 13_000, 21_000, 34_000, 55_000, 60_000]);
    bases(Growth::List(vec![ms(500), ms(0), ms(7000)]), &[500, 0, 7000, 7000, 7000]);
}

#[test]
fn the_factor_is_the_growth_of_the_exponential_alone() {
    let thrice = Backoff { factor: 3.0, ..backoff(Growth::Exponential, Jitter::None) };
    assert_eq!([1, 2, 3].map(|retry| thrice.draw(retry, None, 0.0)), [ms(1000), ms(3000), ms(9000)]);
    let level = Backoff { factor: 1.0, ..thrice.clone() };
    assert_eq!(level.draw(u64::MAX, None, 0.0), ms(1000));
    let linear = Backoff { strategy: Growth::Linear, ..thrice };
    assert_eq!(linear.draw(3, None, 0.0), ms(3000));
}

#[test]
fn each_jitter_multiplies_between_its_bounds() {
    for (jitter, low, middle, high) in [
        (Jitter::None, 4000, 4000, 4000),
        (Jitter::Full, 0, 2000, 4000),
        (Jitter::Equal, 2000, 3000, 4000),
        (Jitter::Additive, 4000, 6000, 8000),
        (Jitter::Share(0.25), 3000, 4000, 5000),
        (Jitter::Multipliers(0.5, 1.5), 2000, 4000, 6000),
    ] {
        let backoff = backoff(Growth::Exponential, jitter);
        assert_eq!(backoff.draw(3, None, 0.0), ms(low), "{jitter:?} at 0");
        assert_eq!(backoff.draw(3, None, 0.5), ms(middle), "{jitter:?} at 0.5");
        assert!(backoff.draw(3, None, 1.0 - f64::EPSILON) <= ms(high), "{jitter:?} at almost 1");
        assert_eq!(
            backoff.ranges().of(3),
            Range { min: ms(low), mean: ms(middle), max: ms(high) },
            "{jitter:?}"
        );
    }
}

#[test]
fn at_the_cap_the_jitter_keeps_its_shape_and_never_passes_it() {
    // Additive draws up to twice the base, so the base is held at half the cap.
    let additive = backoff(Growth::Exponential, Jitter::Additive);
    assert_eq!(additive.ranges().of(50), Range { min: ms(30_000), mean: ms(45_000), max: ms(60_000) });
    // Full draws downwards only, so the base is held at the cap itself.
    let full = backoff(Growth::Exponential, Jitter::Full);
    assert_eq!(full.ranges().of(50), Range { min: ms(0), mean: ms(30_000), max: ms(60_000) });
    // Multipliers below one do not lift the cap.
    let low = backoff(Growth::Exponential, Jitter::Multipliers(0.1, 0.5));
    assert_eq!(low.ranges().of(50), Range { min: ms(6000), mean: ms(18_000), max: ms(30_000) });
}

#[test]
fn decorrelated_draws_between_the_delay_and_three_times_the_previous_wait() {
    let decorrelated = backoff(Growth::Decorrelated, Jitter::None);
    assert_eq!(decorrelated.draw(1, None, 0.0), ms(1000));
    assert_eq!(decorrelated.draw(1, None, 0.5), ms(2000));
    assert_eq!(decorrelated.draw(2, Some(ms(2000)), 0.5), ms(3500));
    assert_eq!(decorrelated.draw(9, Some(ms(59_000)), 0.99), ms(60_000));
    assert_eq!(decorrelated.ranges().of(1), Range { min: ms(1000), mean: ms(2000), max: ms(3000) });
    assert_eq!(decorrelated.ranges().of(2), Range { min: ms(1000), mean: ms(3500), max: ms(9000) });
}

/// The means of the waits, which draws of a fixed generator confirm.
#[test]
fn the_mean_of_decorrelated_waits_knows_the_cap() {
    let capped = Backoff { max_delay: ms(10_000), ..backoff(Growth::Decorrelated, Jitter::None) };
    let ranges = capped.ranges();
    for (retry, mean) in (1..).zip([2.0, 3.5, 5.23, 6.26, 6.79, 7.07]) {
        let shown = ranges.of(retry).mean.as_secs_f64();
        assert!((shown - mean).abs() < 0.02, "retry {retry}: {shown}, not {mean}");
    }
    assert_eq!(ranges.of(3).max, ms(10_000));
    assert_eq!(ranges.of(1_000), ranges.of(u64::MAX), "it settles");
}

#[test]
fn the_first_decorrelated_wait_may_meet_the_cap() {
    let decorrelated = Backoff { delay: ms(40_000), ..backoff(Growth::Decorrelated, Jitter::None) };
    let first = decorrelated.ranges().of(1);
    assert_eq!((first.min, first.max), (ms(40_000), ms(60_000)));
    // A quarter of U(40 s, 120 s) is below the cap, 50 s in the mean.
    assert!(first.mean.abs_diff(ms(57_500)) < ms(50), "{first:?}");
}

#[test]
fn the_means_of_decorrelated_waits_are_those_of_many_draws() {
    use rand::{RngExt, SeedableRng};
    const CHAINS: u32 = 10_000;
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    for (delay, cap) in [(1_000, 2_500), (1_000, 10_000), (100, 2_000)] {
        let (delay, cap) = (ms(delay), ms(cap));
        let backoff = Backoff { delay, max_delay: cap, ..backoff(Growth::Decorrelated, Jitter::None) };
        let mut sums = [0.0; 12];
        for _ in 0..CHAINS {
            let mut previous = None;
            for (retry, sum) in (1..).zip(&mut sums) {
                let wait = backoff.draw(retry, previous, random.random());
                *sum += wait.as_secs_f64();
                previous = Some(wait);
            }
        }
        let ranges = backoff.ranges();
        for (retry, sum) in (1..).zip(sums) {
            let (seen, said) = (sum / f64::from(CHAINS), ranges.of(retry).mean.as_secs_f64());
            assert!((seen / said - 1.0).abs() < 0.03, "retry {retry} of {backoff:?}: {seen}, said {said}");
        }
    }
}

fn any_duration() -> impl proptest::strategy::Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..10_000_000_000_u64).prop_map(Duration::from_nanos),
        (0..u64::MAX).prop_map(Duration::from_secs),
    ]
}

fn any_jitter() -> impl proptest::strategy::Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Additive),
        (0.0..=1.0_f64).prop_map(Jitter::Share),
        (0.0..5.0_f64, 0.0..5.0_f64).prop_map(|(a, b)| Jitter::Multipliers(a.min(b), a.max(b))),
    ]
}

fn any_growth() -> impl proptest::strategy::Strategy<Value = Growth> {
    prop_oneof![
        Just(Growth::Fixed),
        Just(Growth::Linear),
        Just(Growth::Exponential),
        Just(Growth::Fibonacci),
        Just(Growth::Decorrelated),
        proptest::collection::vec(any_duration(), 1..5).prop_map(Growth::List),
    ]
}

fn any_backoff() -> impl proptest::strategy::Strategy<Value = Backoff> {
    (any_growth(), any_duration(), any_duration(), 1.0..1e300_f64, any_jitter()).prop_map(
        |(strategy, delay, max_delay, factor, jitter)| Backoff { strategy, delay, max_delay, factor, jitter },
    )
}

/// Rounding through floats may move a wait of centuries by some nanoseconds.
fn at_most(wait: Duration, bound: Duration) -> bool {
    wait <= bound || (wait - bound).as_secs_f64() <= bound.as_secs_f64() * 1e-12
}

proptest! {
    #[test]
    fn a_wait_is_finite_and_within_its_range_and_the_cap(
        backoff in any_backoff(),
        retry in prop_oneof![1..200_u64, Just(u64::MAX)],
        previous in proptest::option::of(any_duration()),
        u in 0.0..1.0_f64,
    ) {
        let wait = backoff.draw(retry, previous, u);
        prop_assert!(at_most(wait, backoff.max_delay), "{wait:?} is above the cap");
        if backoff.strategy != Growth::Decorrelated {
            let range = backoff.ranges().of(retry);
            prop_assert!(at_most(range.min, wait) && at_most(wait, range.max), "{wait:?} is not in {range:?}");
        }
    }

    #[test]
    fn the_same_draw_gives_the_same_wait(backoff in any_backoff(), retry in 1..1000_u64, u in 0.0..1.0_f64) {
        prop_assert_eq!(backoff.draw(retry, None, u), backoff.clone().draw(retry, None, u));
    }

    #[test]
    fn a_chain_of_decorrelated_waits_stays_between_the_delay_and_the_cap(
        delay in 0..5_000_u64, extra in 0..100_000_u64, draws in proptest::collection::vec(0.0..1.0_f64, 1..50),
    ) {
        let (delay, cap) = (ms(delay), ms(delay + extra));
        let backoff = Backoff { delay, max_delay: cap, ..backoff(Growth::Decorrelated, Jitter::None) };
        let ranges = backoff.ranges();
        let mut previous = None;
        for (retry, u) in (1..).zip(draws) {
            let wait = backoff.draw(retry, previous, u);
            let range = ranges.of(retry);
            prop_assert!(at_most(delay, wait) && at_most(wait, cap) && at_most(wait, range.max));
            previous = Some(wait);
        }
    }
}
