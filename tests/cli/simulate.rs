//! `retry simulate`: the herd of clients, in virtual time.

use serde_json::Value as Json;

use super::harness::{Ran, only};
use crate::support::{Sandbox, fixture};

#[track_caller]
fn simulated(options: &str) -> Json {
    let ran = Sandbox::new().run("simulate --format json".split(' ').chain(options.split_whitespace()));
    assert_eq!(ran.stderr, "");
    ran.exits(0).json()
}

/// The claim that all else rests on: what is simulated is what is run.
#[test]
fn the_first_client_waits_as_a_run_with_the_same_seed_does() {
    for options in [
        "--seed 7 --max 9 --delay 2ms",
        "--seed 7 --max 6 --delay 1ms --jitter full --factor 3",
        "--seed 8 --max 7 --delay 2ms --backoff decorrelated",
        "--seed 9 --max 5 --delay 3ms --backoff fixed --jitter 25%",
    ] {
        let sandbox = Sandbox::new();
        let words: Vec<_> = options.split(' ').collect();
        let run = [&words[..], &["-q", "--log", "log", "--", fixture(), "fail-until", "runs", "99", "75"]];
        sandbox.run(run.concat()).exits(75);
        let log = sandbox.log("log");
        let real: Vec<_> = only(&log, "attempt.retry")
            .iter()
            .map(|line| [&line["attempt"], &line["backoff_ms"], &line["delay_ms"]].map(Json::clone))
            .collect();
        let answer = simulated(&format!("--clients 1 {options}"));
        let waits = answer["results"][0]["waits"].as_array().expect("waits");
        let virtual_ones: Vec<_> = waits
            .iter()
            .map(|wait| [&wait["attempt"], &wait["backoff_ms"], &wait["delay_ms"]].map(Json::clone))
            .collect();
        assert!(real.len() >= 4, "{options}");
        assert_eq!(virtual_ones, real, "{options}");
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_any_number_of_threads() {
    let bytes = |more: &[&str]| {
        let options = ["simulate", "--clients", "60", "--runs", "6", "--max", "9", "--format", "json"];
        let ran = Sandbox::new().run([&options[..], more].concat()).exits(0);
        assert!(!ran.stdout.is_empty());
        ran.stdout
    };
    let one = bytes(&["--threads", "1"]);
    assert_eq!(one, bytes(&["--threads", "1"]));
    assert_eq!(one, bytes(&["--threads", "2"]));
    assert_eq!(one, bytes(&["--threads", "5"]));
    assert_ne!(one, bytes(&["--threads", "1", "--seed", "2"]));
}

#[test]
fn a_verdict_says_what_happened_and_the_status_is_0_whatever_it_is() {
    for (options, verdict) in [
        ("--clients 200 --max inf --outage 0s..5s:refuse", "all done "),
        ("--clients 200 --max 2 --outage 0s..5s:refuse", "all gave up"),
        (
            "--clients 50 --max inf --outage 0s..inf:refuse",
            "never ends: 50 of 50 still trying at the horizon (10m)",
        ),
        ("--arrive poisson:60 --timeout 1s --outage 10s..30s:hang --max 4 --horizon 2m", "metastable"),
        ("--clients 20 --outage none", "none gave up"),
    ] {
        let answer = simulated(options);
        let told = answer["results"][0]["verdict"].as_str().expect("a verdict");
        assert!(told.contains(verdict), "{options}: {told}");
        assert!(told.contains("gave up"), "{options}: {told}");
        let words: Vec<_> = ["simulate"].into_iter().chain(options.split(' ')).collect();
        let text = Sandbox::new().run(words).exits(0).text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn shared_limits_hold_for_all_clients_together() {
    let limited = simulated("--clients 100 --outage none --rate 10/1s --capacity 1000/s");
    let result = &limited["results"][0];
    assert_eq!(result["limits"]["rate"], "10/1s");
    assert_eq!(limited["model_parameters"]["shared"], "all");
    let completion = result["completion_ms"].as_f64().expect("a time");
    assert!((9000.0..10_000.0).contains(&completion), "{completion}");
    let alone = simulated("--clients 100 --outage none --rate 10/1s --capacity 1000/s --shared off");
    assert!(alone["results"][0]["completion_ms"].as_f64() < Some(1000.0));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_use() {
    for (options, told) in [
        ("--clients 0", "use 1 to"),
        ("--clients -3", "use a whole one"),
        ("--capacity 0", "use --outage 0s..30s:refuse"),
        ("--horizon 20s", "use --horizon 10m 30s or more"),
        ("--arrive poisson:10 --loop closed:1s", "conflict"),
        ("--arrive poisson:0", "use more than 0"),
        ("--loop open", "needs --arrive poisson:RATE"),
        ("--model sever", "did you mean server?"),
        ("--model occ --outage none", "has no effect with --model occ"),
        ("--outage 5s..3s:refuse", "it ends before it begins"),
        ("--outage 0s..3s:explode", "use refuse, hang, 503"),
        ("--service pareto:1s,1", "use an exponent above 1"),
        ("--capacity 5 --service fixed:1s", "conflict"),
        ("--queue -1", "use a whole one"),
        ("--runs 0", "use 1 to"),
        ("--threads 0", "use 1 to"),
        ("--warm-up 5s", "use --arrive poisson"),
        ("--for 5s", "all clients come at once"),
        ("--shared groups:0", "use 1 to"),
        ("--clients 5 --shared groups:6", "use groups:5 or less"),
        ("--clients 99999999 --threads 1", "of memory"),
        ("--timeout 5x", "invalid duration"),
        ("--format xml", "use --format text"),
    ] {
        let words = ["simulate"].into_iter().chain(options.split(' '));
        let ran: Ran = Sandbox::new().run(words).exits(125).prints("");
        assert!(ran.stderr.contains(told), "{options}: {}", ran.stderr);
    }
}
