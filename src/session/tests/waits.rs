//! Waits: the splay, the backoff, and what a server asks for.

use super::*;
use crate::backoff::Strategy;

#[test]
fn a_splay_is_waited_for_before_the_first_attempt_and_counts_as_sleep() {
    let policy = Policy { splay: TimeLimit(Some(ms(60_000))), ..plain() };
    let mut run = Run::new(&policy).begin();
    let splay = run.session.splay();
    assert!(splay > Duration::ZERO && splay <= ms(60_000), "{splay:?}");
    let whole = u64::try_from(splay.as_millis()).expect("a minute at most");
    run.did(&format!("wake:{whole}"));
    run.wakes(whole / 2);
    run.did(&format!("wake:{}", (splay - ms(whole / 2)).as_millis()));
    run.wakes(whole - whole / 2 + 1);
    run.did("spawn1");
    assert!(run.session.slept >= splay);
    run.fails(5, 7);
    run.did("started retry:1000 wake:1000");
}

#[test]
fn every_bit_of_a_seed_moves_the_splay() {
    let policy = Policy { splay: TimeLimit(Some(ms(60_000))), ..plain() };
    let seeds = (0..64).map(|bit| 1_u64 << bit).chain([0]);
    let splays: std::collections::BTreeSet<_> =
        seeds.map(|seed| Session::new(&policy, seed).splay()).collect();
    assert_eq!(splays.len(), 65);
}

#[test]
fn a_splay_takes_nothing_from_the_draws_of_the_waits() {
    let waits = |splay| {
        let policy = Policy {
            splay: TimeLimit(splay),
            max: MaxAttempts::Times(6),
            seed: Some(11),
            ..Policy::default()
        };
        let mut run = Run::new(&policy).begin();
        run.wakes(60_000);
        let mut waits = Vec::new();
        for _ in 1..6 {
            run.said.clear();
            run.fails(1, 7);
            waits.extend(run.said.iter().filter(|word| word.starts_with("retry:")).cloned());
            run.wakes(60_000);
        }
        waits
    };
    let without = waits(None);
    assert_eq!((without.len(), &waits(Some(ms(60_000)))), (5, &without));
}

#[test]
fn the_deadline_counts_the_splay_and_a_signal_ends_it() {
    // This seed draws more than half of the splay.
    let late = Policy { splay: TimeLimit(Some(ms(60_000))), deadline: TimeLimit(Some(ms(100))), ..plain() };
    Run::new(&late).begin().did("deadline exit124");
    let deadline = TimeLimit(Some(ms(90_000)));
    let mut cut = Run::new(&Policy { deadline, max: MaxAttempts::Unlimited, ..late.clone() }).begin();
    cut.said.clear();
    cut.wakes(60_000);
    cut.did("spawn1 wake:30000");
    let mut stopped = Run::new(&Policy { deadline, ..late }).begin();
    stopped.said.clear();
    stopped.pass(10);
    stopped.tell(Input::Signal(libc::SIGTERM));
    stopped.did("interrupted die15");
    assert_eq!(stopped.session.slept, ms(10));
}

#[test]
fn a_splay_is_no_standstill() {
    let stall = TimeLimit(Some(ms(1_000)));
    let policy = Policy { splay: TimeLimit(Some(ms(60_000))), progress_timeout: stall, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.said.clear();
    let splay = u64::try_from(run.session.splay().as_millis()).expect("a minute at most");
    run.wakes(splay.saturating_sub(1));
    run.wakes(2);
    assert!(run.said.contains(&"spawn1".to_owned()), "{:?}", run.said);
}

#[test]
fn an_early_wake_only_says_how_long_is_left() {
    let mut run = Run::new(&plain()).begin();
    run.fails(0, 1);
    run.wakes(400);
    run.wakes(599);
    run.did("spawn1 started retry:1000 wake:1000 wake:600 wake:1");
    run.wakes(1);
    run.did("spawn2");
}

#[test]
fn a_wait_counts_the_machines_sleep_and_a_timeout_does_not() {
    let policy = Policy { timeout: TimeLimit(Some(ms(500))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.now.elapsed += ms(60_000);
    run.tell(Input::Woke);
    run.did("spawn1 wake:500 wake:500");
    run.fails(100, 1);
    run.said.clear();
    run.now.elapsed += ms(60_000);
    run.tell(Input::Woke);
    run.did("spawn2 wake:500");
}

#[test]
fn a_wait_that_was_asked_for_is_a_floor_with_a_little_more() {
    let mut run = Run::new(&plain()).begin();
    run.said.clear();
    run.hints("retry-after=30s");
    let wait = match run.session.state {
        State::Waiting { since, until, .. } => until - since,
        other => panic!("{other:?}"),
    };
    assert!(ms(30_000) <= wait && wait <= ms(31_000), "{wait:?}");
}

#[test]
fn a_shorter_wait_than_drawn_changes_nothing() {
    let mut run = Run::new(&plain()).begin();
    run.said.clear();
    run.hints("retry-after=100ms");
    run.did("started retry:1000 wake:1000");
}

#[test]
fn who_asks_for_more_than_is_allowed_ends_the_run() {
    let policy = Policy { max_retry_after: ms(10_000), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.hints("retry-after=11s");
    run.did("spawn1 started failed(the wait asked for is longer than --max-retry-after 10s) throttled exit1");
}

#[test]
fn a_wait_that_was_asked_for_does_not_pass_the_deadline() {
    let policy = Policy { deadline: TimeLimit(Some(ms(20_000))), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.said.clear();
    run.hints("retry-after=25s");
    assert!(run.said.join(" ").ends_with("deadline exit1"), "{:?}", run.said);
}

#[test]
fn a_long_attempt_starts_the_backoff_again() {
    let policy = Policy { reset_after: TimeLimit(Some(ms(5_000))), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    run.fails(10, 1);
    run.wakes(1000);
    run.fails(10, 1);
    run.wakes(2000);
    run.said.clear();
    run.fails(5_000, 1);
    run.did("started retry:1000 wake:1000");
    run.wakes(1000);
    run.fails(10, 1);
    run.did("spawn4 started retry:2000 wake:2000");
}

#[test]
fn the_same_seed_and_inputs_give_the_same_actions() {
    let policy = Policy { max: MaxAttempts::Times(50), seed: Some(99), ..Policy::default() };
    let waits = |entropy| {
        let mut run = Run::new(&policy);
        run.session = Session::new(&policy, entropy);
        let mut run = run.begin();
        for _ in 0..49 {
            run.fails(1, 1);
            run.wakes(60_000);
        }
        run.said
    };
    assert_eq!(waits(1), waits(2));
    let unseeded = |entropy| {
        let mut session = Session::new(&Policy { seed: None, ..policy.clone() }, entropy);
        session.step(START, Input::Begin);
        session.step(START, ended(Ending::Exited(1), None, false))
    };
    assert_ne!(unseeded(1), unseeded(2));
}

/// The waits that were announced, in milliseconds.
fn waits(run: &Run) -> Vec<f64> {
    run.said.iter().filter_map(|word| word.strip_prefix("retry:")).map(|wait| wait.parse().unwrap()).collect()
}

#[test]
fn exactly_as_much_as_is_allowed_is_granted() {
    let policy = Policy { max_retry_after: ms(10_000), ..plain() };
    let mut run = Run::new(&policy).begin();
    run.hints("retry-after=10s");
    assert_eq!(waits(&run).len(), 1, "{:?}", run.said);
}

/// Not clipped either: who were told the same would meet again at the longest of them.
#[test]
fn waits_that_were_asked_for_are_spread_evenly_over_a_tenth_of_them_and_a_second_at_most() {
    for (asked, most) in [(2_000, 200.0), (8_000, 800.0), (30_000, 1_000.0), (600_000, 1_000.0)] {
        let mut tenths = [0_u32; 10];
        for seed in 0..200 {
            let policy = Policy { seed: Some(seed), max_retry_after: ms(600_000), ..plain() };
            let mut run = Run::new(&policy).begin();
            run.hints(&format!("retry-after={asked}ms"));
            let more = waits(&run)[0] - f64::from(asked);
            let tenth = (1..=10).find(|tenth| more <= most * f64::from(*tenth) / 10.0);
            assert!(more >= 0.0, "{asked}: {more}");
            let tenth: u16 = tenth.unwrap_or_else(|| panic!("{asked}: {more} more"));
            tenths[usize::from(tenth) - 1] += 1;
        }
        // Twenty each, give or take four standard deviations.
        assert!(tenths.iter().all(|count| (3..=37).contains(count)), "{asked}: {tenths:?}");
    }
}

#[test]
fn a_backoff_that_begins_again_forgets_its_last_draw() {
    // A decorrelated draw is up to three times the one before: of a long one it is hardly ever short.
    let policy = Policy {
        backoff: Strategy::Decorrelated,
        reset_after: TimeLimit(Some(ms(5_000))),
        max_delay: ms(1_000_000),
        max: MaxAttempts::Unlimited,
        ..plain()
    };
    for seed in 0..20 {
        let mut run = Run::new(&Policy { seed: Some(seed), ..policy.clone() }).begin();
        for _ in 0..12 {
            run.fails(10, 1);
            run.wakes(1_000_000);
        }
        run.said.clear();
        run.fails(5_000, 1);
        assert!(waits(&run)[0] <= 3_000.0, "{:?}", run.said);
    }
}

#[test]
fn after_a_success_the_backoff_begins_again() {
    let policy = Policy { successes: Count(2), max: MaxAttempts::Unlimited, ..plain() };
    let mut run = Run::new(&policy).begin();
    for wait in [1000, 2000, 4000] {
        run.fails(0, 1);
        run.wakes(wait);
    }
    run.fails(0, 0);
    run.wakes(1000);
    run.said.clear();
    run.fails(0, 1);
    run.did("started retry:1000 wake:1000");
}

#[test]
fn an_interrupted_wait_counts_as_far_as_it_was_slept() {
    let mut run = Run::new(&plain()).begin();
    run.fails(0, 1);
    run.pass(400);
    run.tell(Input::Signal(libc::SIGINT));
    assert_eq!(run.session.slept, ms(400));
}

#[test]
fn the_deadline_is_the_reason_where_the_timeout_is_due_as_well() {
    let both = TimeLimit(Some(ms(500)));
    let mut run = Run::new(&Policy { timeout: both, deadline: both, ..plain() }).begin();
    run.wakes(500);
    run.said.clear();
    run.ends(10, Ending::Signaled(libc::SIGTERM));
    run.did("started failed(the 500ms deadline has passed) deadline exit124");
}

#[test]
fn the_deadline_counts_the_machines_sleep() {
    let deadline = TimeLimit(Some(ms(60_000)));
    let mut run = Run::new(&Policy { deadline, ..plain() }).begin();
    run.now.elapsed += ms(60_000);
    run.tell(Input::Woke);
    run.did("spawn1 wake:60000 stop");
}
