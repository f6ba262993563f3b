//! The circuit breaker: nobody starts while it is open, one at a time tries, and a success lets all run again.

use std::time::Duration;

use super::crowd::{Process, count, fail, mark};
use crate::support::{Sandbox, fixture, wait_for};

/// As many failures as asked for, one after the other.
#[track_caller]
fn fails(sandbox: &Sandbox, times: usize, options: &[&str]) {
    for _ in 0..times {
        sandbox.run([&["--max", "1", "-q"], options, &fail("failed")].concat()).exits(7);
    }
}

#[test]
fn while_it_is_open_nobody_starts() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "3/60s"];
    fails(&sandbox, 2, &options);
    sandbox.run([&options[..], &["--gate-wait", "0"], &mark("ran")].concat()).exits(0);
    fails(&sandbox, 3, &options);
    let line = [&options[..], &["--gate-wait", "0", "--log", "log"], &mark("ran")].concat();
    assert_eq!(count(&sandbox.at_once(50, &line), 75), 50, "{}", sandbox.said());
    assert_eq!(sandbox.count("ran"), 1, "none since it opened");
    let refused = sandbox.events("log", "gate.refused");
    assert_eq!(refused.len(), 50);
    // Who finds others at the state for a moment does not wait either.
    let by_the_breaker: Vec<_> = refused.iter().filter(|line| line["limit"] != "state").collect();
    assert!(!by_the_breaker.is_empty(), "{refused:#?}");
    for line in by_the_breaker {
        assert_eq!((&line["limit"], &line["level"]), (&"breaker".into(), &"warn".into()));
        let wait = line["wait_ms"].as_f64().expect("a wait");
        assert!(0.0 < wait && wait <= 61_000.0, "{line}");
    }
    let stops = sandbox.events("log", "run.stop");
    assert!(stops.iter().all(|stop| stop["outcome"] == "refused" && stop["attempts"] == 0), "{stops:#?}");
}

#[test]
fn one_probe_at_a_time_tries_and_a_success_closes_it() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "3/200ms"];
    fails(&sandbox, 3, &options);
    let line = [&options[..], &["--max", "1", "-q", "--", fixture(), "crowd", "inside", "0.3", "7"]].concat();
    let mut probes: Vec<_> = (0..8).map(|_| sandbox.begin(&line)).collect();
    let statuses: Vec<_> = probes.iter_mut().map(Process::status).collect();
    assert_eq!(statuses, [7; 8], "{}", sandbox.said());
    assert_eq!(sandbox.crowd("inside"), (1, 8), "the most at once, and all");
    sandbox.run([&options[..], &["--", "true"]].concat()).exits(0);
    let line = [&options[..], &["--gate-wait", "0"], &mark("ran")].concat();
    assert_eq!(sandbox.at_once(10, &line), [0; 10], "it is closed");
}

#[test]
fn a_probe_that_is_killed_makes_room_for_another() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "1/50ms"];
    fails(&sandbox, 1, &options);
    let probe = sandbox.holding(&options);
    let others = [&options[..], &["--gate-wait", "50ms", "--", "true"]].concat();
    sandbox.run(&others).exits(75);
    drop(probe);
    sandbox.run([&options[..], &["--", "true"]].concat()).exits(0);
    sandbox.run(&others).exits(0);
}

#[test]
fn one_opened_under_a_policy_is_open_for_another() {
    let sandbox = Sandbox::new();
    let text = "[policy.a]\nkey = \"api\"\nbreaker = \"2/1h\"\n[policy.b]\nkey = \"api\"\nbreaker = \"9/1s\"\n\
                [policy.c]\nkey = \"api\"\n";
    sandbox.write("c.toml", text);
    let by = |policy| ["--config", "c.toml", "--policy", policy];
    fails(&sandbox, 2, &by("a"));
    let go =
        |policy| sandbox.run([&by(policy)[..], &["--gate-wait", "0", "-q"], &mark("ran")].concat()).status;
    assert_eq!((go("a"), go("b"), go("c")), (75, 75, 0), "c has none");
    assert_eq!(
        sandbox.run(["--key", "api", "--breaker", "5/1s", "--gate-wait", "0", "--", "true"]).status,
        75
    );
}

#[test]
fn what_says_nothing_of_the_service_does_not_open_it() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "2/1h", "--max", "1", "-q"];
    for _ in 0..4 {
        sandbox.run([&options[..], &["--permanent-on", "7"], &fail("failed")].concat()).exits(7);
        sandbox.run([&options[..], &["--", "/no/such/program"]].concat()).exits(127);
        let mut stopped = sandbox.holding(&options);
        stopped.send(rustix::process::Signal::TERM);
        assert_eq!(stopped.status(), 128 + 15);
    }
    sandbox.run([&options[..], &["--gate-wait", "0", "--", "true"]].concat()).exits(0);
}

#[test]
fn who_waits_starts_once_it_closes() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "1/300ms"];
    fails(&sandbox, 1, &options);
    let mut waiter = sandbox.begin(&[&options[..], &["--log", "log"], &mark("ran")].concat());
    wait_for("a run that is held back", || !sandbox.events("log", "gate.wait").is_empty());
    assert_eq!(waiter.status(), 0);
    let stop = &sandbox.events("log", "run.stop")[0];
    let slept = Duration::from_secs_f64(stop["slept_ms"].as_f64().expect("milliseconds") / 1000.0);
    assert!(slept > Duration::ZERO && stop["outcome"] == "succeeded", "{stop}");
}
