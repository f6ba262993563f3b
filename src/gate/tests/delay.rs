//! The length of a pause.

use super::*;

/// The wait in whole milliseconds.
fn wait(until: Option<u64>, looks: u32, chance: f64) -> u128 {
    let pause = Pause {
        limit: Limit::Window,
        until: until.map(|seconds| StoreTime::default().plus(Duration::from_secs(seconds))),
        turn: None,
        spread: ms(100),
        why: Reason::ProbeRuns,
    };
    let now = StoreTime::default().plus(Duration::from_secs(5));
    pause
        .delay(now, &Ask { looks, chance, rank: chance, ..Ask::default() }, &(ms(2)..=ms(24)))
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

#[test]
fn a_wait_is_too_long_where_it_would_not_end_in_time_or_has_not() {
    let is_too_long = |least: Option<u64>, waited| {
        Delay { least: least.map(ms), ..Delay::default() }.is_too_long(ms(waited), ms(1000))
    };
    for (least, waited, expected) in [
        (Some(1000), 0, false),
        (Some(1001), 0, true),
        (Some(600), 400, false),
        (Some(600), 401, true),
        (None, 999, false),
        (None, 1000, true),
        (Some(0), 1000, true),
    ] {
        assert_eq!(is_too_long(least, waited), expected, "{least:?} {waited}");
    }
}

#[test]
fn a_long_wait_is_looked_at_again_every_two_seconds_or_less() {
    let look = |seconds: u64, chance| {
        let until = Some(StoreTime::default().plus(Duration::from_secs(seconds)));
        let pause =
            Pause { limit: Limit::Window, until, turn: None, spread: ms(100), why: Reason::ProbeRuns };
        pause
            .delay(StoreTime::default(), &Ask { chance, rank: 0.5, ..Ask::default() }, &(ms(2)..=ms(24)))
            .look
    };
    for (seconds, chance, millis) in
        [(1, 0.0, 1050), (2, 0.0, 2050), (3, 0.0, 1000), (3, 0.5, 1500), (3600, 1.0, 2000)]
    {
        assert_eq!(look(seconds, chance), ms(millis), "{seconds} {chance}");
    }
}
