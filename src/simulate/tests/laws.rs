//! What queueing theory and the limits' own rules say.

use super::*;
use crate::gate::Rate;
use crate::policy::value::GateWait;

/// One attempt, and no more.
fn once() -> Policy {
    Policy { max: MaxAttempts::Times(1), ..Policy::default() }
}

/// An open queue without any outage: mean time inside, in service times.
fn time_inside(rate: &str, workers: &str, seconds: &str) -> f64 {
    let arrive = format!("poisson:{rate}");
    let queue = scenario(
        "server",
        &[
            ("arrive", &arrive),
            ("workers", workers),
            ("service", "exp:10ms"),
            ("latency", "fixed:0ms"),
            ("queue", "1000000"),
            ("outage", "none"),
            ("warm-up", "20s"),
            ("for", seconds),
        ],
    );
    let ran = run(&queue, &once(), 0);
    assert_eq!(ran.lost, 0);
    mean(ran.times.iter().map(|time| *time as f64 / 1e7))
}

#[test]
fn waiting_times_are_those_of_queueing_theory() {
    // M/M/1: 1/(1 - rho). M/M/2: 1/(1 - rho^2).
    close("M/M/1 at 0.5", time_inside("50/s", "1", "2000s"), 2.0, 0.03);
    close("M/M/2 at 0.5", time_inside("100/s", "2", "1000s"), 4.0 / 3.0, 0.03);
    let full = scenario(
        "server",
        // One in service and four that wait.
        &[
            ("arrive", "poisson:80"),
            ("queue", "4"),
            ("latency", "fixed:0ms"),
            ("outage", "none"),
            ("for", "1000s"),
        ],
    );
    let ran = run(&full, &once(), 0);
    let (rho, inside): (f64, i32) = (0.8, 5);
    let expected = (1.0 - rho) * rho.powi(inside) / (1.0 - rho.powi(inside + 1));
    close("M/M/1/5 blocking", ran.lost as f64 / ran.operations as f64, expected, 0.05);
}

/// Google, Site Reliability Engineering, chapter 21: with K = 2 the server gets at most twice what it accepts.
#[test]
fn adaptive_throttling_holds_back_what_the_server_would_refuse() {
    let busy = scenario(
        "server",
        &[
            ("arrive", "poisson:50"),
            ("outage", "none"),
            ("shared", "all"),
            ("warm-up", "130s"),
            ("for", "120s"),
            ("capacity", "10/s"),
            ("queue", "1"),
        ],
    );
    let policy = Policy { adaptive: true, gate_wait: GateWait(Some(Duration::ZERO)), ..once() };
    let ran = run(&busy, &policy, 0);
    let ratio = ran.calls as f64 / ran.succeeded as f64;
    assert!((1.9..2.1).contains(&ratio), "{} calls, {} accepted", ran.calls, ran.succeeded);
}

#[test]
fn a_shared_rate_is_never_exceeded_and_says_when_all_are_done() {
    let crowd = scenario(
        "server",
        &[
            ("clients", "1000"),
            ("capacity", "100000/s"),
            ("outage", "none"),
            ("shared", "all"),
            ("latency", "fixed:0ms"),
        ],
    );
    let rate = Some(Rate { count: 100, per: Duration::from_secs(1) });
    let ran = run(&crowd, &Policy { rate, ..Policy::default() }, 0);
    assert_eq!(ran.succeeded, 1000);
    assert!(ran.seconds[0].offered <= 200, "the burst, and the first second");
    assert!(ran.seconds.iter().skip(1).all(|second| second.offered <= 100));
    let last = ran.last.unwrap() as f64 / 1e9;
    assert!((8.99..10.0).contains(&last), "{last}");
}

/// With no burst to catch up with, each start that is late makes all later ones late, but nobody waits for longer than that.
#[test]
fn one_at_a_time_a_rate_lets_through_as_many_as_it_says() {
    let crowd = scenario("server", &[("clients", "50"), ("outage", "none"), ("shared", "all")]);
    let rate = Some(Rate { count: 1, per: Duration::from_secs(1) });
    let ran = run(&crowd, &Policy { rate, ..Policy::default() }, 0);
    assert_eq!(ran.succeeded, 50);
    let last = ran.last.unwrap() as f64 / 1e9;
    assert!((49.0..49.1).contains(&last), "{last}");
}

/// Of a line that is longer than anybody waits, those whose turn comes in time are served, and nobody else waits.
#[test]
fn a_client_that_would_not_wait_for_its_turn_gives_up_at_once() {
    let crowd = scenario("server", &[("clients", "1000"), ("outage", "none"), ("shared", "all")]);
    let gate_wait = GateWait(Some(Duration::from_secs(5)));
    let rate = Some(Rate { count: 10, per: Duration::from_secs(1) });
    let ran = run(&crowd, &Policy { rate, gate_wait, ..Policy::default() }, 0);
    assert_eq!((ran.succeeded, ran.lost), (60, 940));
    let over = ran.seconds.iter().map(|second| second.lost);
    assert_eq!(over.clone().next(), Some(940), "{:?}", over.collect::<Vec<_>>());
}

#[test]
fn a_crowd_that_is_told_to_wait_comes_back_when_it_was_told() {
    let told = |shared: &str| {
        let crowd = scenario(
            "server",
            &[
                ("clients", "2000"),
                ("capacity", "100000/s"),
                ("outage", "0s..1s:503:30s"),
                ("shared", shared),
                ("latency", "fixed:0ms"),
            ],
        );
        let ran = run(&crowd, &Policy { max: MaxAttempts::Times(5), ..Policy::default() }, 0);
        assert_eq!(ran.succeeded, 2000);
        let offered: Vec<_> = ran.seconds.iter().map(|second| second.offered).collect();
        assert!(offered[1..30].iter().all(|count| *count == 0), "{offered:?}");
        offered
    };
    let alone = told("off");
    assert_eq!((alone[30], alone.len()), (2000, 31), "a spread of a second at most");
    let together = told("all");
    assert_eq!(together[30..45].iter().sum::<u32>(), 2000, "{together:?}");
    let expected = 2000.0 / 15.0_f64;
    let most = together[30..45].iter().copied().max().unwrap_or_default();
    assert!(f64::from(most) < expected + 4.0 * expected.sqrt(), "{most}");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let crowd = scenario("server", &[("clients", "200"), ("outage", "0s..5s:refuse")]);
    let policy = Policy { max: MaxAttempts::Unlimited, ..Policy::default() };
    let one = run(&crowd, &policy, 0);
    assert_eq!(one, run(&crowd, &policy, 0));
    assert_ne!(one, run(&crowd, &policy, 1));
    assert_ne!(one, simulate(&crowd, &policy, 2, 0, &|_| true));
}

#[test]
fn variants_see_the_same_arrivals() {
    let stream = scenario("server", &[("arrive", "poisson:50"), ("outage", "none"), ("for", "20s")]);
    let begun = |policy: &Policy| {
        run(&stream, policy, 0).seconds.iter().map(|second| second.begun).collect::<Vec<_>>()
    };
    let other = Policy { jitter: Jitter::Full, max: MaxAttempts::Times(9), ..Policy::default() };
    assert_eq!(begun(&Policy::default()), begun(&other));
}

#[test]
fn a_request_that_is_given_up_frees_the_server_only_if_it_is_told() {
    let slow = |cancel: &str| {
        let slow = scenario(
            "server",
            &[("clients", "1000"), ("service", "fixed:10ms"), ("outage", "none"), ("cancel", cancel)],
        );
        let policy =
            Policy { max: MaxAttempts::Times(20), timeout: TimeLimit(Some(ms(1000))), ..Policy::default() };
        run(&slow, &policy, 0)
    };
    let (kept, freed) = (slow("off"), slow("on"));
    assert_eq!(freed.succeeded, 1000);
    assert!(freed.last < kept.last || kept.succeeded < 1000, "{:?} {:?}", freed.last, kept.last);
}
