//! Every backoff and every jitter: as `explain` shows them, and as a run draws them.

use super::harness::{one, only, waits};
use crate::support::Sandbox;

/// The waits that these options make, all in seconds: least, mean and greatest, a row a retry.
fn rows(options: &str) -> Vec<[f64; 3]> {
    let options: Vec<_> = options.split(' ').collect();
    let rows = Sandbox::new().explain(&[&["--max", "6"], &options[..]].concat()).schedule();
    rows.into_iter().map(|row| row.map(|ms| ms / 1000.0)).collect()
}

/// The waits of options that draw nothing.
#[track_caller]
fn exact(options: &str) -> Vec<f64> {
    let exact = |[min, mean, max]: [f64; 3]| {
        assert!(min.to_bits() == mean.to_bits() && mean.to_bits() == max.to_bits(), "{min} {mean} {max}");
        mean
    };
    rows(&format!("--jitter none {options}")).into_iter().map(exact).collect()
}

#[test]
fn each_backoff_grows_as_it_is_named() {
    for (options, waits) in [
        ("--backoff fixed", [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("--backoff constant", [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("--backoff linear", [1.0, 2.0, 3.0, 4.0, 5.0]),
        ("--backoff exponential", [1.0, 2.0, 4.0, 8.0, 16.0]),
        ("--backoff exp", [1.0, 2.0, 4.0, 8.0, 16.0]),
        ("--backoff exp --factor 1.5", [1.0, 1.5, 2.25, 3.375, 5.0625]),
        ("--backoff exp --factor 1 --delay 3s", [3.0, 3.0, 3.0, 3.0, 3.0]),
        ("--backoff fibonacci", [1.0, 1.0, 2.0, 3.0, 5.0]),
        ("--backoff fib --delay 2s", [2.0, 2.0, 4.0, 6.0, 10.0]),
        ("--backoff 1s,2s,4s", [1.0, 2.0, 4.0, 4.0, 4.0]),
        ("--backoff 5", [5.0, 5.0, 5.0, 5.0, 5.0]),
        ("--backoff 3s,500ms", [3.0, 0.5, 0.5, 0.5, 0.5]),
        ("--backoff exp --delay 25s", [25.0, 50.0, 60.0, 60.0, 60.0]),
        ("--backoff exp --delay 2m", [120.0, 120.0, 120.0, 120.0, 120.0]),
        ("--backoff 90s,2m", [90.0, 120.0, 120.0, 120.0, 120.0]),
        ("--backoff 1s,9s --max-delay 5s", [1.0, 5.0, 5.0, 5.0, 5.0]),
        ("--backoff exp --factor 1e300", [1.0, 60.0, 60.0, 60.0, 60.0]),
        ("--delay 0", [0.0, 0.0, 0.0, 0.0, 0.0]),
    ] {
        assert_eq!(exact(options), waits, "{options}");
    }
}

#[test]
fn each_jitter_spreads_the_wait_as_it_is_named() {
    for (options, row) in [
        ("--jitter none", [1.0, 1.0, 1.0]),
        ("--jitter full", [0.0, 0.5, 1.0]),
        ("--jitter equal", [0.5, 0.75, 1.0]),
        ("--jitter additive", [1.0, 1.5, 2.0]),
        ("--jitter 25%", [0.75, 1.0, 1.25]),
        ("--jitter 0%", [1.0, 1.0, 1.0]),
        ("--jitter 100%", [0.0, 1.0, 2.0]),
        ("--jitter 0.5..1.5", [0.5, 1.0, 1.5]),
        ("--jitter 0..3", [0.0, 1.5, 3.0]),
        ("--delay 1s", [0.5, 0.75, 1.0]),
    ] {
        assert_eq!(rows(options)[..1], [row], "{options}");
    }
}

#[test]
fn a_jitter_keeps_its_shape_at_the_longest_wait_and_never_passes_it() {
    for (jitter, row) in [
        ("none", [10.0, 10.0, 10.0]),
        ("full", [0.0, 5.0, 10.0]),
        ("equal", [5.0, 7.5, 10.0]),
        ("additive", [5.0, 7.5, 10.0]),
        ("25%", [6.0, 8.0, 10.0]),
        ("0.5..2", [2.5, 6.25, 10.0]),
        ("0.2..0.5", [2.0, 3.5, 5.0]),
    ] {
        let options = format!("--backoff fixed --delay 10s --max-delay 10s --jitter {jitter}");
        assert_eq!(rows(&options), [row; 5], "{jitter}");
    }
}

#[test]
fn decorrelated_waits_reach_from_the_delay_to_three_times_the_last_one() {
    let expected = [[1.0, 2.0, 3.0], [1.0, 3.5, 9.0], [1.0, 5.75, 27.0]];
    assert_eq!(rows("--backoff decorrelated")[..3], expected);
    assert!(
        rows("--backoff decorrelated --max-delay 5s").iter().all(|[min, _, max]| *min >= 1.0 && *max <= 5.0)
    );
}

#[test]
fn a_run_draws_within_the_schedule_and_waits_what_it_has_drawn() {
    for options in [
        "--backoff fixed --jitter full",
        "--backoff linear --jitter none",
        "--backoff exponential",
        "--backoff exp --jitter additive --max-delay 5ms",
        "--backoff fib --jitter 25%",
        "--backoff decorrelated",
        "--backoff 1ms,5ms,2ms --jitter 0.5..1.5",
    ] {
        let sandbox = Sandbox::new();
        // A list has its first delay.
        let delay: &[&str] = if options.contains(',') { &[] } else { &["--delay", "2ms"] };
        let options: Vec<_> =
            options.split(' ').chain(delay.iter().copied()).chain(["--max", "6", "--seed", "7"]).collect();
        let schedule = sandbox.explain(&options).schedule();
        sandbox.fails_until(99, &[&options[..], &["-q", "--log", "log"]].concat()).exits(7);
        let log = sandbox.log("log");
        let drawn = waits(&log);
        assert_eq!(drawn.len(), schedule.len(), "{options:?}");
        for (wait, [min, _, max]) in drawn.iter().zip(&schedule) {
            // The log has microseconds.
            assert!(
                *min - 0.001 <= *wait && *wait <= *max + 0.001,
                "{wait} is not {min} to {max}: {options:?}"
            );
        }
        let slept: f64 =
            only(&log, "attempt.retry").iter().filter_map(|line| line["delay_ms"].as_f64()).sum();
        let told = one(&log, "run.stop")["slept_ms"].as_f64().expect("milliseconds");
        assert!(slept <= told + 0.01 && told <= slept + 10_000.0, "{slept} asked for, {told} slept");
    }
}

#[test]
fn decorrelated_draws_depend_on_the_one_before() {
    let sandbox = Sandbox::new();
    let options =
        ["--backoff", "decorrelated", "--delay", "1ms", "--max", "9", "--seed", "3", "--log", "log", "-q"];
    sandbox.fails_until(99, &options).exits(7);
    let mut previous = 1.0;
    for wait in waits(&sandbox.log("log")) {
        assert!((0.999..=3.0 * previous + 0.001).contains(&wait), "{wait} after {previous}");
        previous = wait;
    }
}

#[test]
fn draws_without_a_seed_differ_from_run_to_run() {
    let sandbox = Sandbox::new();
    for log in ["a", "b"] {
        sandbox.fails_until(99, &["--delay", "9ms", "--max", "4", "--log", log, "-q"]).exits(7);
    }
    assert_ne!(waits(&sandbox.log("a")), waits(&sandbox.log("b")));
}

#[test]
fn a_last_attempt_is_not_waited_after() {
    let sandbox = Sandbox::new();
    sandbox.fails_until(99, &["--max", "1", "--delay", "10m", "--log", "log", "-q"]).exits(7);
    let stop = one(&sandbox.log("log"), "run.stop").clone();
    assert_eq!(stop["slept_ms"], 0.0);
    assert_eq!(stop["attempts"], 1);
}
