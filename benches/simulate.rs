//! Published results at full size beside what the simulator gives, and its speed: `cargo bench --bench simulate`.
//!
//! The unit tests hold small runs of the same to wider tolerances.
#![expect(clippy::print_stdout, reason = "it measures and tells")]
#![expect(clippy::cast_precision_loss, reason = "numbers for people")]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use retry_command::backoff::{Jitter, Strategy};
use retry_command::gate::Rate;
use retry_command::policy::Policy;
use retry_command::policy::value::{GateWait, MaxAttempts, Share, TimeLimit};
use retry_command::simulate::read::Parameters;
use retry_command::simulate::scenario::Scenario;
use retry_command::simulate::{Record, simulate};

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn scenario(model: &str, parameters: &[(&str, &str)]) -> Option<Scenario> {
    let mut given = Parameters::default();
    for (name, value) in parameters {
        given.set(name, (*value).to_owned());
    }
    given.scenario(model).ok()
}

/// So many runs; none where the scenario is none.
fn runs(scenario: Option<&Scenario>, policy: &Policy, count: u32) -> Vec<Record> {
    let one = |run| scenario.map(|scenario| simulate(scenario, policy, 1, run, &|_| true));
    (0..count).filter_map(one).collect()
}

fn mean(runs: &[Record], number: impl Fn(&Record) -> f64) -> f64 {
    runs.iter().map(number).sum::<f64>() / runs.len().max(1) as f64
}

/// The standard error of the mean, in percent of it.
fn error_of(runs: &[Record], number: impl Fn(&Record) -> f64) -> f64 {
    let mean = mean(runs, &number);
    let squares = runs.iter().map(|run| (number(run) - mean).powi(2)).sum::<f64>();
    let count = runs.len().max(2) as f64;
    (squares / (count - 1.0) / count).sqrt() / mean * 100.0
}

fn told(what: &str, value: f64, expected: f64) {
    println!(
        "{what:<44} {value:>12.4} published {expected:>12.4}  {:>+6.1} %",
        (value / expected - 1.0) * 100.0
    );
}

/// The means of 100 runs of the simulator of the AWS article: milliseconds and calls without waits, exponential, decorrelated, equal and full, for N clients.
const ARTICLE: [(u32, [(f64, f64); 5]); 5] = [
    (10, [(381.0, 51.0), (3250.0, 50.0), (431.0, 38.0), (724.0, 42.0), (464.0, 39.0)]),
    (50, [(1137.0, 688.0), (36075.0, 624.0), (2185.0, 375.0), (4215.0, 347.0), (2923.0, 332.0)]),
    (100, [(2027.0, 2422.0), (64289.0, 1870.0), (4694.0, 1003.0), (6610.0, 811.0), (4950.0, 796.0)]),
    (150, [(2874.0, 5137.0), (85180.0, 3529.0), (6586.0, 1755.0), (8201.0, 1325.0), (6521.0, 1322.0)]),
    (190, [(3533.0, 7991.0), (101_459.0, 5152.0), (7811.0, 2433.0), (9367.0, 1760.0), (7433.0, 1773.0)]),
];

fn contention() {
    let base = Policy {
        max: MaxAttempts::Unlimited,
        delay: Duration::from_millis(10),
        max_delay: Duration::from_secs(2),
        ..Policy::default()
    };
    let jitter = |jitter| Policy { jitter, ..base.clone() };
    let none = Policy { delay: Duration::ZERO, ..jitter(Jitter::None) };
    let decorrelated =
        Policy { backoff: Strategy::Decorrelated, delay: Duration::from_millis(5), ..base.clone() };
    let policies = [none, jitter(Jitter::None), decorrelated, jitter(Jitter::Equal), jitter(Jitter::Full)];
    let names = ["none", "exponential", "decorrelated", "equal", "full"];
    for (clients, published) in ARTICLE {
        let contended = scenario("occ", &[("clients", &clients.to_string())]);
        for ((policy, name), (millis, calls)) in policies.iter().zip(names).zip(published) {
            let runs = runs(contended.as_ref(), policy, 100);
            let last = |run: &Record| run.last.unwrap_or_default() as f64 / 1e6;
            // What was published is as uncertain.
            let error = error_of(&runs, last);
            told(&format!("occ, {clients} clients, {name}: ms (SE {error:.1} %)"), mean(&runs, last), millis);
            told(
                &format!("occ, {clients} clients, {name}: calls"),
                mean(&runs, |run| run.calls as f64),
                calls,
            );
        }
    }
}

fn chance() {
    for failure in [0.3_f64, 0.5, 0.9] {
        let unlucky = scenario("failures", &[("failure", &failure.to_string())]);
        let policy = Policy { max: MaxAttempts::Times(4), delay: Duration::ZERO, ..Policy::default() };
        let runs = runs(unlucky.as_ref(), &policy, 20);
        let success = mean(&runs, |run| run.succeeded as f64 / run.operations as f64);
        told(&format!("failures {failure}: success"), success, 1.0 - failure.powi(4));
        let expected = (1.0 - failure.powi(4)) / (1.0 - failure);
        told(&format!("failures {failure}: calls each"), mean(&runs, Record::amplification), expected);
    }
}

fn collapses(record: &Record) -> bool {
    let late = || record.seconds.iter().skip(60);
    let sum = |of: fn(&retry_command::simulate::Second) -> u32| late().map(of).map(f64::from).sum::<f64>();
    sum(|second| second.succeeded) < 0.1 * sum(|second| second.begun)
}

fn collapse() {
    let at_once = Policy {
        max: MaxAttempts::Times(3),
        delay: Duration::ZERO,
        timeout: TimeLimit(Some(Duration::from_secs(3))),
        ..Policy::default()
    };
    let spread = Policy { delay: Duration::from_secs(20), jitter: Jitter::Full, ..at_once.clone() };
    for (load, policy, name, share, success) in [
        ("spike", &at_once, "no wait", 0.75, None),
        ("spike", &spread, "full jitter", 0.0, Some(0.977)),
        ("ramp", &at_once, "no wait", 1.0, Some(0.30)),
        ("ramp", &spread, "full jitter", 1.0, Some(0.31)),
    ] {
        let runs = runs(scenario("collapse", &[("load", load)]).as_ref(), policy, 200);
        let collapsed = mean(&runs, |run| f64::from(u8::from(collapses(run))));
        println!("collapse, {load}, {name}: {collapsed:.3} of 200 collapse, published {share} of 20");
        if let Some(success) = success {
            let ours = mean(&runs, |run| run.succeeded as f64 / run.operations as f64);
            told(&format!("collapse, {load}, {name}: success"), ours, success);
        }
    }
}

fn queues() {
    let once = Policy { max: MaxAttempts::Times(1), ..Policy::default() };
    for (rate, workers, expected) in
        [("50", "1", 2.0), ("80", "1", 5.0), ("100", "2", 4.0 / 3.0), ("160", "2", 2.7778)]
    {
        let arrive = format!("poisson:{rate}");
        let parameters = [
            ("arrive", arrive.as_str()),
            ("workers", workers),
            ("service", "exp:10ms"),
            ("latency", "fixed:0ms"),
            ("queue", "1000000"),
            ("outage", "none"),
            ("warm-up", "60s"),
            ("for", "10000s"),
            ("horizon", "10100s"),
        ];
        let runs = runs(scenario("server", &parameters).as_ref(), &once, 1);
        let time = mean(&runs, |run| {
            run.times.iter().map(|time| *time as f64 / 1e7).sum::<f64>() / run.times.len() as f64
        });
        told(&format!("M/M/{workers}, {rate}/s of 100/s each: time inside"), time, expected);
    }
}

/// One in service and four that wait: the share that is refused.
fn blocking() {
    let parameters = [
        ("arrive", "poisson:80"),
        ("queue", "4"),
        ("latency", "fixed:0ms"),
        ("outage", "none"),
        ("for", "12500s"),
        ("horizon", "12600s"),
    ];
    let once = Policy { max: MaxAttempts::Times(1), ..Policy::default() };
    let runs = runs(scenario("server", &parameters).as_ref(), &once, 1);
    let expected = 0.2 * 0.8_f64.powi(5) / (1.0 - 0.8_f64.powi(6));
    let share = mean(&runs, |run| run.lost as f64 / run.operations as f64);
    told("M/M/1/5, 80/s of 100/s: refused", share, expected);
}

/// A budget of 10 % and ten a minute for each of 100 keys; its bound is exact.
fn budget() {
    for failure in ["0.1", "0.3", "1"] {
        let unlucky = scenario("failures", &[("failure", failure), ("shared", "groups:100")]);
        let policy = Policy {
            max: MaxAttempts::Times(4),
            delay: Duration::ZERO,
            budget: Some(Share(0.1)),
            ..Policy::default()
        };
        let runs = runs(unlucky.as_ref(), &policy, 20);
        let most = runs
            .iter()
            .map(|run| run.calls as f64 / (1.1 * run.operations as f64 + 1000.0))
            .fold(0.0, f64::max);
        println!("failures {failure}, budget 10%: at most {most:.4} of the calls that it allows, in 20 runs");
    }
}

/// Adaptive throttling with K = 2 at five times the capacity: twice what is accepted is sent.
fn adaptive() {
    let parameters = [
        ("arrive", "poisson:50"),
        ("outage", "none"),
        ("shared", "all"),
        ("warm-up", "130s"),
        ("for", "3600s"),
        ("capacity", "10/s"),
        ("queue", "1"),
    ];
    let wait = GateWait(Some(Duration::ZERO));
    let policy = Policy { adaptive: true, gate_wait: wait, max: MaxAttempts::Times(1), ..Policy::default() };
    let runs = runs(scenario("server", &parameters).as_ref(), &policy, 4);
    told("adaptive: sent for each accepted", mean(&runs, |run| run.calls as f64 / run.succeeded as f64), 2.0);
    let rejected = mean(&runs, |run| 1.0 - run.calls as f64 / run.operations as f64);
    let accepted = mean(&runs, |run| run.succeeded as f64 / run.operations as f64);
    told("adaptive: share held back, of 1 - 2 * accepted", rejected, 1.0 - 2.0 * accepted);
}

/// 10,000 clients at once, and a rate of 100 a second for all of them.
fn rate() {
    let parameters = [
        ("clients", "10000"),
        ("capacity", "100000/s"),
        ("outage", "none"),
        ("shared", "all"),
        ("latency", "fixed:0ms"),
    ];
    let rate = Some(Rate { count: 100, per: Duration::from_secs(1) });
    let runs = runs(scenario("server", &parameters).as_ref(), &Policy { rate, ..Policy::default() }, 1);
    let last = mean(&runs, |run| run.last.unwrap_or_default() as f64 / 1e9);
    told("rate 100/1s, 10000 clients: last success, s", last, 99.0);
    let first = mean(&runs, |run| f64::from(run.seconds[0].offered));
    let most = mean(&runs, |run| {
        run.seconds[1..].iter().map(|second| f64::from(second.offered)).fold(0.0, f64::max)
    });
    println!(
        "rate 100/1s: {first} in the first second (a burst of 100, and 100), at most {most} in each later one"
    );
}

/// 10,000 clients are told to come back in 30 seconds: without a key within a second, with one within fifteen.
fn told_to_wait() {
    for shared in ["off", "all"] {
        let parameters = [
            ("clients", "10000"),
            ("capacity", "1000000/s"),
            ("queue", "10000"),
            ("outage", "0s..1s:503:30s"),
            ("shared", shared),
            ("latency", "fixed:0ms"),
        ];
        let policy = Policy { max: MaxAttempts::Times(5), ..Policy::default() };
        let runs = runs(scenario("server", &parameters).as_ref(), &policy, 1);
        let after =
            |run: &Record| run.seconds.iter().skip(1).map(|second| second.offered).collect::<Vec<_>>();
        let came = runs.first().map(after).unwrap_or_default();
        let first = came.iter().position(|count| *count > 0).map_or(0, |place| place + 1);
        let peak = came.iter().max().copied().unwrap_or_default();
        println!(
            "Retry-After 30s, shared {shared}: back from {first} s to before {} s, at most {peak} in a second",
            came.len() + 1
        );
    }
}

fn speed() {
    for (clients, capacity) in [("50000", "5000/s"), ("1000000", "100000/s")] {
        let parameters = [
            ("clients", clients),
            ("outage", "0s..60s:refuse"),
            ("capacity", capacity),
            ("queue", "1000000"),
        ];
        let policy = Policy { max: MaxAttempts::Unlimited, ..Policy::default() };
        let began = cpu_time();
        let runs = runs(scenario("server", &parameters).as_ref(), &policy, 1);
        let took = cpu_time().saturating_sub(began).as_secs_f64();
        let calls = mean(&runs, |run| run.calls as f64);
        println!(
            "{clients} clients through 60 s: {calls} calls in {took:.2} s of CPU, {:.0} a second",
            calls / took
        );
    }
}

/// Runs a row of the table, and tells the processor time that it took.
fn timed((name, row): (&str, fn())) {
    let began = cpu_time();
    row();
    println!("  {name}: {:.1} s of CPU", cpu_time().saturating_sub(began).as_secs_f64());
}

fn main() {
    let rows: [(&str, fn()); 10] = [
        ("speed", speed),
        ("contention", contention),
        ("chance", chance),
        ("collapse", collapse),
        ("queues", queues),
        ("blocking", blocking),
        ("budget", budget),
        ("adaptive", adaptive),
        ("rate", rate),
        ("told to wait", told_to_wait),
    ];
    rows.into_iter().for_each(timed);
}
