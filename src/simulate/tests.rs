//! Published results, reproduced: each with its source, and with the tolerance of its number of runs.

#![expect(clippy::cast_precision_loss, reason = "tolerances are far greater")]

mod laws;

use std::time::Duration;

use super::read::Parameters;
use super::scenario::Scenario;
use super::{Record, simulate};
use crate::backoff::{Jitter, Strategy};
use crate::policy::Policy;
use crate::policy::value::{MaxAttempts, Share, TimeLimit};

fn scenario(model: &str, parameters: &[(&str, &str)]) -> Scenario {
    let mut given = Parameters::default();
    for (name, value) in parameters {
        given.set(name, (*value).to_owned());
    }
    given.scenario(model).expect("a scenario")
}

fn run(scenario: &Scenario, policy: &Policy, run: u32) -> Record {
    simulate(scenario, policy, 1, run, &|_| true)
}

#[test]
fn as_many_clients_fit_as_is_said() {
    for shared in ["off", "all"] {
        let crowd =
            |clients: u64| scenario("server", &[("clients", &clients.to_string()), ("shared", shared)]);
        let fit = super::clients_in(&crowd(1_000_000), 300_000_000);
        assert!((200_000..400_000).contains(&fit), "{fit}");
        assert!(super::bytes_of(&crowd(fit)) <= 300_000_000);
        assert!(super::bytes_of(&crowd(fit + 1)) > 300_000_000);
        assert_eq!(super::clients_in(&crowd(1), 1000), 0, "less than a run takes however small it is");
    }
    let needed = |shared| super::bytes_of(&scenario("server", &[("shared", shared)]));
    assert!(needed("all") > needed("off"));
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}

fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
    let off = (value / expected - 1.0).abs();
    assert!(off <= tolerance, "{what}: {value}, not {expected} ± {}%", tolerance * 100.0);
}

/// The policy of the article: base 5 ms, cap 2 s, and a first exponential wait of twice the base.
fn article(jitter: Jitter) -> Policy {
    Policy { max: MaxAttempts::Unlimited, delay: ms(10), max_delay: ms(2000), jitter, ..Policy::default() }
}

/// AWS Architecture Blog, "Exponential Backoff And Jitter" (2015); the numbers are those of its simulator, means of 100 runs.
#[test]
fn contention_for_a_row_costs_what_the_aws_article_found() {
    let contended = scenario("occ", &[("clients", "100")]);
    let decorrelated = Policy { backoff: Strategy::Decorrelated, delay: ms(5), ..article(Jitter::None) };
    let none = Policy { delay: Duration::ZERO, ..article(Jitter::None) };
    for (name, policy, millis, calls) in [
        ("none", none, 2027.0, 2422.0),
        ("exponential", article(Jitter::None), 64289.0, 1870.0),
        ("decorrelated", decorrelated, 4694.0, 1003.0),
        ("equal", article(Jitter::Equal), 6610.0, 811.0),
        ("full", article(Jitter::Full), 4950.0, 796.0),
    ] {
        let runs: Vec<_> = (0..10).map(|number| run(&contended, &policy, number)).collect();
        assert!(runs.iter().all(|run| run.succeeded == 100), "{name}");
        // Ten runs: one run's SD is at most 17 % of the mean.
        close(name, mean(runs.iter().map(|run| run.last.unwrap() as f64 / 1e6)), millis, 0.15);
        close(name, mean(runs.iter().map(|run| run.calls as f64)), calls, 0.05);
    }
}

/// Of few clients without jitter one run says little: the standard deviation is 38 % of the mean, so that of 100 runs is off by 4 %.
/// The article's algorithm gives 3,460 ms and 50.8 calls in 10,000 runs.
#[test]
fn few_contenders_take_as_long_as_the_articles_algorithm_says_in_many_runs() {
    let contended = scenario("occ", &[("clients", "10")]);
    let runs: Vec<_> = (0..1000).map(|number| run(&contended, &article(Jitter::None), number)).collect();
    // Three standard deviations.
    close("ms", mean(runs.iter().map(|run| run.last.unwrap() as f64 / 1e6)), 3460.0, 0.038);
    close("calls", mean(runs.iter().map(|run| run.calls as f64)), 50.8, 0.008);
}

/// Three standard deviations of a share.
fn share_close(what: &str, share: f64, expected: f64, count: f64) {
    let tolerance = 3.0 * (expected * (1.0 - expected) / count).sqrt() + 1e-9;
    assert!((share - expected).abs() <= tolerance, "{what}: {share}, not {expected} ± {tolerance}");
}

/// Brooker, "Fixing retries with token buckets and circuit breakers" (2022).
#[test]
fn four_attempts_succeed_and_cost_what_probability_says() {
    for failure in [0.1_f64, 0.3, 0.5, 0.9, 1.0] {
        let unlucky = scenario("failures", &[("failure", &failure.to_string())]);
        let policy = Policy { max: MaxAttempts::Times(4), delay: Duration::ZERO, ..Policy::default() };
        let ran = run(&unlucky, &policy, 0);
        let count = ran.operations as f64;
        assert!((9_700.0..10_300.0).contains(&count), "{count}");
        assert_eq!(ran.unfinished(), 0);
        let name = format!("failure {failure}");
        share_close(&name, ran.succeeded as f64 / count, 1.0 - failure.powi(4), count);
        let expected = (0..4).map(|attempts| failure.powi(attempts)).sum::<f64>();
        close(&name, ran.amplification(), expected, 0.03);
    }
}

/// A budget of 10 % and ten a minute, each client with a key of its own: its bound is exact.
#[test]
fn a_budget_bounds_calls_whatever_fails() {
    for failure in ["0.1", "0.3", "1"] {
        let unlucky = scenario("failures", &[("failure", failure), ("shared", "groups:100")]);
        let policy = Policy {
            max: MaxAttempts::Times(4),
            delay: Duration::ZERO,
            budget: Some(Share(0.1)),
            ..Policy::default()
        };
        let ran = run(&unlucky, &policy, 0);
        let bound = 1.1 * ran.operations as f64 + 10.0 * 100.0;
        assert!(ran.calls as f64 <= bound, "{failure}: {} calls of {bound}", ran.calls);
        assert!(failure == "0.1" || ran.calls as f64 > 1.15 * ran.operations as f64, "{failure}: it is used");
        assert_eq!(ran.unfinished(), 0);
    }
}

fn collapses(record: &Record) -> bool {
    let sum = |of: fn(&super::Second) -> u32| record.seconds.iter().skip(60).map(of).sum::<u32>();
    f64::from(sum(|second| second.succeeded)) < 0.1 * f64::from(sum(|second| second.begun))
}

/// Brooker, simulator_example, `simple_collapse_sim`: 15 of 20 seeds collapse after a spike without waits, none with
/// them; and after a ramp all do, whatever the waits.
#[test]
fn an_open_system_collapses_and_waits_save_it_from_a_spike_alone() {
    let at_once = Policy {
        max: MaxAttempts::Times(3),
        delay: Duration::ZERO,
        timeout: TimeLimit(Some(ms(3000))),
        ..Policy::default()
    };
    let spread = Policy { delay: ms(20_000), jitter: Jitter::Full, ..at_once.clone() };
    let collapsed = |load: &str, policy: &Policy| {
        let collapse = scenario("collapse", &[("load", load)]);
        let runs: Vec<_> = (0..20).map(|number| run(&collapse, policy, number)).collect();
        let share = mean(runs.iter().map(|run| run.succeeded as f64 / run.operations as f64));
        let calls = mean(runs.iter().map(Record::amplification));
        (runs.iter().filter(|run| collapses(run)).count(), share, calls)
    };
    let (bistable, ..) = collapsed("spike", &at_once);
    // The 95 % interval of the difference of two samples of 20, the other of which had 15.
    assert!((9..=19).contains(&bistable), "{bistable} of 20");
    let (none, share, calls) = collapsed("spike", &spread);
    assert_eq!(none, 0);
    assert!((share - 0.977).abs() < 0.01 && (calls - 1.043).abs() < 0.01, "{share} {calls}");
    let (all, share, calls) = collapsed("ramp", &at_once);
    assert_eq!(all, 20);
    assert!((share - 0.30).abs() < 0.03 && (calls - 2.40).abs() < 0.03, "{share} {calls}");
    let (all, share, calls) = collapsed("ramp", &spread);
    assert_eq!(all, 20);
    // The source counts a retry when it is decided, 2.34 for each operation; we count what was sent before the end.
    assert!((share - 0.31).abs() < 0.03 && (2.0..2.34).contains(&calls), "{share} {calls}");
}
