//! The retry budget: an outage is not answered with a multiple of the usual load.

use std::collections::BTreeSet;
use std::time::Instant;

use super::crowd::{count, fail};
use crate::support::Sandbox;

#[test]
fn a_total_outage_is_not_multiplied() {
    let runs = 500;
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let options = ["--key", "k", "--max", "5", "--delay", "0", "--budget", "20%", "--log", "log"];
    let line = [&options[..], &fail("starts")].concat();
    let mut statuses = Vec::new();
    while statuses.len() < runs {
        statuses.extend(sandbox.at_once(50, &line));
    }
    assert_eq!(count(&statuses, 7), runs, "the command's own status");
    let starts = sandbox.count("starts");
    let minutes = usize::try_from(began.elapsed().as_secs() / 60).expect("a few minutes");
    let most = runs + runs / 5 + 10 * (minutes + 1);
    assert!((runs + 10..=most).contains(&starts), "{starts} starts of {runs} runs, at most {most}");

    let refused = sandbox.events("log", "gate.refused");
    let stops = sandbox.events("log", "run.stop");
    let those_runs: BTreeSet<_> = refused.iter().map(|line| line["run"].as_str().expect("a run")).collect();
    assert_eq!(refused.len(), those_runs.len(), "once a run");
    assert!(refused.iter().all(|line| line["limit"] == "budget" && line["level"] == "warn"), "{refused:#?}");
    for stop in &stops {
        let is_refused = those_runs.contains(stop["run"].as_str().expect("a run"));
        assert_eq!(stop["outcome"], if is_refused { "refused" } else { "exhausted" }, "{stop}");
    }
    assert!(those_runs.len() > runs / 2, "{}", those_runs.len());
}

#[test]
fn who_cannot_pay_ends_with_the_commands_status_and_says_so_once() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--delay", "0", "--budget", "20%"];
    sandbox.run([&options[..], &["--max", "99", "-q"], &fail("starts")].concat()).exits(7);
    assert_eq!(sandbox.count("starts"), 11, "the reserve of ten, and the first");
    let ran = sandbox.run([&options[..], &["--max", "5", "--log", "log"], &fail("starts")].concat()).exits(7);
    assert_eq!(ran.stderr.matches("budget").count(), 1, "{}", ran.stderr);
    assert_eq!(sandbox.count("starts"), 12);
    assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "refused");
    assert_eq!(sandbox.events("log", "gate.refused").len(), 1);
    let failed = &sandbox.events("log", "attempt.failed")[0];
    assert_eq!((&failed["attempt"], &failed["exit_code"]), (&1.into(), &7.into()));
}
