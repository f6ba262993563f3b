//! The rate, and throttling by success rate.

use super::crowd::{count, fail, mark};
use super::server::Server;
use crate::support::{Sandbox, wait_for};

#[test]
fn so_many_as_the_rate_allows_run() {
    let server = Server::start(&[]);
    for state in ["state", &server.url()] {
        let sandbox = Sandbox::new();
        let options = ["--key", "k", "--state", state, "--rate", "5/1h", "--gate-wait", "0", "--log", "log"];
        let statuses = sandbox.at_once(20, &[&options[..], &mark("ran")].concat());
        assert_eq!((count(&statuses, 0), count(&statuses, 75)), (5, 15), "{}", sandbox.said());
        assert_eq!(sandbox.count("ran"), 5);
        let refused = sandbox.events("log", "gate.refused");
        assert_eq!(refused.len(), 15);
        assert!(refused.iter().all(|line| line["limit"] == "rate" && line["until"].is_string()));
    }
}

#[test]
fn a_later_attempt_that_the_rate_refuses_ends_with_the_commands_status() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "2/1h", "--gate-wait", "0", "--delay", "0", "--max", "5"];
    sandbox.run([&options[..], &["--log", "log"], &fail("ran")].concat()).exits(7);
    assert_eq!(sandbox.count("ran"), 2);
    let stop = &sandbox.events("log", "run.stop")[0];
    assert_eq!((&stop["outcome"], &stop["attempts"]), (&"refused".into(), &2.into()));
    let refused = &sandbox.events("log", "gate.refused")[0];
    assert_eq!((&refused["limit"], &refused["attempt"]), (&"rate".into(), &3.into()));
}

#[test]
fn a_rate_spreads_those_who_wait() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "10/1s", "--log", "log"];
    let began = std::time::Instant::now();
    assert_eq!(sandbox.at_once(25, &[&options[..], &mark("ran")].concat()), [0; 25]);
    // Ten at once, and one in each further tenth of a second.
    assert!(began.elapsed().as_secs_f64() >= 1.5, "{:?}", began.elapsed());
    assert!(sandbox.events("log", "gate.wait").iter().all(|line| line["limit"] == "rate"));
}

#[test]
fn whoever_would_not_wait_for_its_turn_gives_up_at_once() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--state", "state", "--rate", "1/1h", "--log", "log"];
    let go = |wait| [&options[..], &["--gate-wait", wait], &mark("ran")].concat();
    sandbox.run(go("0")).exits(0);
    let mut waits = sandbox.spawnable(go("90m")).spawn().unwrap();
    wait_for("the first in line", || !sandbox.events("log", "gate.wait").is_empty());
    // The next slot is free in an hour, but that is for the one before.
    sandbox.run(go("90m")).exits(75);
    assert_eq!(sandbox.count("ran"), 1);
    let refused = &sandbox.events("log", "gate.refused")[0];
    assert!(refused["wait_ms"].as_f64().unwrap() > 3_600_000.0, "{refused}");
    let looks =
        sandbox.run(["state", "wait", "k", "--state", "state", "--rate", "1/1h", "--gate-wait", "90m"]);
    looks.exits(75);
    waits.kill().unwrap();
    waits.wait().unwrap();
}

#[test]
fn under_total_failure_runs_are_held_back_and_with_successes_none_is() {
    let sandbox = Sandbox::new();
    let options = |key| ["--key", key, "--adaptive", "--max", "1", "--gate-wait", "0", "--log", key];
    let failed = sandbox.at_once(40, &[&options("bad")[..], &fail("failed")].concat());
    assert_eq!(count(&failed, 7) + count(&failed, 75), 40, "{}", sandbox.said());
    assert!(count(&failed, 75) > 5 && count(&failed, 7) > 0, "{failed:?}");
    assert_eq!(sandbox.count("failed"), count(&failed, 7), "who is refused runs nothing");
    let refused = sandbox.events("bad", "gate.refused");
    // Who finds others at the state for a moment does not wait either.
    let is_one_of = |line: &serde_json::Value| line["limit"] == "adaptive" || line["limit"] == "state";
    assert!(refused.iter().all(is_one_of), "{refused:#?}");
    assert!(refused.iter().any(|line| line["limit"] == "adaptive"), "{refused:#?}");
    // One after the other: who has not ended yet was no success.
    for _ in 0..20 {
        sandbox.run([&options("good")[..], &mark("ran")].concat()).exits(0);
    }
}

#[test]
fn a_rate_that_was_mended_holds_at_once() {
    let sandbox = Sandbox::new();
    let go = |rate: &str| {
        let options = ["-q", "--key", "k", "--state", "state", "--rate", rate, "--gate-wait", "1s"];
        sandbox.run([&options[..], &["--", "true"]].concat()).status
    };
    assert_eq!([go("1/1h"), go("1000/1s"), go("1/1h"), go("100/1m")], [0, 0, 75, 0]);
}
