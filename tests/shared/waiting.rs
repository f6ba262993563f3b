//! How long it is waited for admission, what is said meanwhile, and what ends the wait.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value as Json;

use super::crowd::{Process, mark};
use crate::support::{Sandbox, wait_for};

const ONE: &[&str] = &["--key", "k", "--concurrency", "1"];

/// A run that is held back for as long as another one holds the only permit.
#[track_caller]
fn held_back(sandbox: &Sandbox, options: &[&str]) -> (Process, Process) {
    let holder = sandbox.holding(ONE);
    let waiter = sandbox.begin(&[ONE, &["--log", "log"], options, &mark("ran")].concat());
    wait_for("a run that is held back", || !sandbox.events("log", "gate.wait").is_empty());
    (holder, waiter)
}

fn ms(line: &Json, field: &str) -> f64 {
    line[field].as_f64().unwrap_or_else(|| panic!("{field} in {line:#}"))
}

#[test]
fn events_tell_which_limit_of_which_key_and_how_long() {
    let sandbox = Sandbox::new();
    let (_holder, mut waiter) = held_back(&sandbox, &["--gate-wait", "300ms", "--name", "nightly"]);
    assert_eq!(waiter.status(), 75);
    let log = sandbox.log("log");
    assert!(log.iter().all(|line| line["key"] == "k" && line["name"] == "nightly"), "{log:#?}");
    let wait = &sandbox.events("log", "gate.wait")[0];
    assert_eq!(
        (&wait["level"], &wait["limit"], &wait["attempt"]),
        (&"info".into(), &"concurrency".into(), &1.into())
    );
    assert!(ms(wait, "wait_ms") >= 0.0 && wait.get("until").is_none(), "nobody knows until when: {wait}");
    let refused = &sandbox.events("log", "gate.refused")[0];
    assert_eq!((&refused["level"], &refused["limit"]), (&"warn".into(), &"concurrency".into()));
    assert!(ms(refused, "wait_ms") >= 0.0, "{refused}");
    assert_eq!(refused["attempt"], 1);
    let stop = &sandbox.events("log", "run.stop")[0];
    assert!(ms(stop, "elapsed_ms") >= 300.0, "{stop}");
    assert_eq!(
        (&stop["outcome"], &stop["attempts"], &stop["exit_code"]),
        (&"refused".into(), &0.into(), &75.into())
    );
    assert_eq!(sandbox.count("ran"), 0);
}

#[test]
fn every_line_is_as_the_schema_of_the_log_describes_it() {
    let sandbox = Sandbox::new();
    let (_holder, mut waiter) = held_back(&sandbox, &["--gate-wait", "50ms"]);
    assert_eq!(waiter.status(), 75);
    let rate = ["--key", "r", "--rate", "1/1h", "--gate-wait", "0", "--log", "log", "-q"];
    assert_eq!([(); 2].map(|()| sandbox.run([&rate[..], &["--", "true"]].concat()).status), [0, 75]);
    let schema = sandbox.run(["generate", "log-schema"]).exits(0).json();
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in sandbox.log("log") {
        let wrong: Vec<_> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\nin {line:#}");
    }
}

#[test]
fn a_wait_that_is_known_to_be_too_long_is_not_begun() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "1/1h", "--log", "log"];
    let began = Instant::now();
    sandbox.run([&options[..], &mark("ran")].concat()).exits(0);
    let ran = sandbox.run([&options[..], &["--gate-wait", "30m"], &mark("ran")].concat()).exits(75);
    assert!(ran.stderr.contains("not waiting (--gate-wait 30m)"), "{}", ran.stderr);
    sandbox.run([&options[..], &["--deadline", "30m"], &mark("ran")].concat()).exits(75);
    assert_eq!(sandbox.count("ran"), 1);
    assert_eq!(sandbox.events("log", "gate.wait").len(), 0);
    let refused = sandbox.events("log", "gate.refused");
    assert_eq!(refused.len(), 2);
    for line in &refused {
        let (left, passed) = (ms(line, "wait_ms") / 1000.0, began.elapsed().as_secs_f64());
        assert!(left <= 3600.0 && left + passed >= 3600.0, "an hour after the first: {line}");
    }
}

#[test]
fn a_wait_of_unknown_length_ends_with_the_patience_or_the_deadline() {
    for option in ["--gate-wait", "--deadline"] {
        let sandbox = Sandbox::new();
        let holder = sandbox.holding(ONE);
        let began = Instant::now();
        let line = [ONE, &[option, "400ms", "--log", "log"], &mark("ran")].concat();
        sandbox.run(line).exits(75);
        assert!(began.elapsed() >= Duration::from_millis(400), "{option}: {:?}", began.elapsed());
        assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "refused", "{option}");
        assert_eq!(sandbox.count("ran"), 0);
        drop(holder);
    }
}

#[test]
fn who_waits_without_end_starts_when_it_may() {
    let sandbox = Sandbox::new();
    let (mut holder, mut waiter) = held_back(&sandbox, &["--gate-wait", "1h"]);
    assert!(!waiter.has_ended());
    sandbox.let_go();
    assert_eq!((holder.status(), waiter.status()), (0, 0));
    assert_eq!(sandbox.count("ran"), 1);
}

#[test]
fn signals_end_the_wait_at_once() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let sandbox = Sandbox::new();
        let (_holder, mut waiter) = held_back(&sandbox, &[]);
        waiter.send(signal);
        wait_for("the end by a signal", || waiter.has_ended());
        assert_eq!(waiter.status(), 128 + signal.as_raw());
        let stop = &sandbox.events("log", "run.stop")[0];
        assert_eq!((&stop["outcome"], &stop["attempts"]), (&"interrupted".into(), &0.into()));
        assert_eq!(sandbox.count("ran"), 0);
    }
}

#[test]
fn ctrl_c_ends_the_wait_of_the_whole_group() {
    let sandbox = Sandbox::new();
    let holder = sandbox.holding(ONE);
    let script = format!("{} {} --log log -- true; echo after >after", crate::support::RETRY, ONE.join(" "));
    let mut shell = Command::new("env");
    shell
        .args(["--default-signal", "bash", "-c", &script])
        .current_dir(sandbox.path("."))
        .env("HOME", sandbox.path("."));
    let mut shell = Process::start(shell.process_group(0).stderr(Stdio::null()));
    wait_for("a run that is held back", || !sandbox.events("log", "gate.wait").is_empty());
    let group = Pid::from_raw(shell.pid()).expect("a pid");
    kill_process_group(group, Signal::INT).expect("a group to signal");
    assert_eq!(shell.status(), 128 + 2, "the shell sees that its command was interrupted");
    assert!(!sandbox.path("after").exists());
    // A shell that was interrupted does not always wait for its command.
    wait_for("the end to be logged", || !sandbox.events("log", "run.stop").is_empty());
    assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "interrupted");
    drop(holder);
}

#[test]
fn a_person_is_told_once_why_nothing_happens() {
    let sandbox = Sandbox::new();
    let (_holder, mut waiter) = held_back(&sandbox, &["--gate-wait", "300ms"]);
    assert_eq!(waiter.status(), 75);
    let said = sandbox.said();
    assert!((1..=2).contains(&said.lines().count()), "{said}");
    assert!(said.contains("1 attempt is running"), "{said}");
    std::fs::remove_file(sandbox.path("err")).expect("what was said");
    let line = [ONE, &["--gate-wait", "100ms", "-q", "--", "true"]].concat();
    assert_eq!(sandbox.begin(&line).status(), 75);
    assert_eq!(sandbox.said(), "");
}

#[test]
fn explain_shows_the_limits_and_where_they_come_from() {
    let sandbox = Sandbox::new();
    let limits =
        "[limits.\"api\"]\nconcurrency = 20\nrate = \"100/1m\"\nbreaker = \"5/30s\"\nbudget = \"20%\"\n";
    sandbox.write("c.toml", format!("[policy.default]\nkey = \"api\"\nadaptive = true\n{limits}"));
    let explained = sandbox.explain(&["--config", "c.toml", "--rate", "7/1s", "--gate-wait", "90s"]);
    for (key, value, source) in [
        ("key", Json::from("api"), "file:"),
        ("concurrency", 20.into(), "file:"),
        ("rate", "7/1s".into(), "flag"),
        ("breaker", "5/30s".into(), "file:"),
        ("budget", "20%".into(), "file:"),
        ("adaptive", true.into(), "file:"),
        ("gate-wait", "1m 30s".into(), "flag"),
        ("state", Json::Null, "default"),
        ("on-state-error", "proceed".into(), "default"),
    ] {
        assert_eq!(explained.value(key), &value, "{key}");
        assert!(explained.source(key).starts_with(source), "{key}: {}", explained.source(key));
    }
    let other = sandbox.explain(&["--config", "c.toml", "--key", "other"]);
    assert_eq!(other.value("concurrency"), &Json::Null, "the limits of another key are not ours");
}

#[test]
fn the_place_may_be_named_in_the_environment_or_a_file() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--rate", "1/1h", "--gate-wait", "0", "-q", "--", "true"];
    let there = [("RETRY_OPT_STATE", "there")];
    sandbox.run_in(&there, options).exits(0);
    sandbox.run_in(&there, options).exits(75);
    assert!(sandbox.path("there/v1/k").exists());
    sandbox.run([&["--state", "there"], &options[..]].concat()).exits(75);
    sandbox.run_in(&there, [&["--state", "flag"], &options[..]].concat()).exits(0);
    sandbox.write("c.toml", "[policy.default]\nstate = \"there\"\n");
    sandbox.run([&["--config", "c.toml"], &options[..]].concat()).exits(75);
    sandbox.run(options).exits(0);
    assert!(sandbox.path(".local/state/retry/v1/k").exists(), "by default below HOME");
    let absolute = sandbox.path("xdg").display().to_string();
    sandbox.run_in(&[("XDG_STATE_HOME", &absolute)], options).exits(0);
    assert!(sandbox.path("xdg/retry/v1/k").exists());
}

#[test]
fn a_run_without_a_key_touches_no_state() {
    let sandbox = Sandbox::new();
    sandbox.run(["--state", "there", "--", "true"]).exits(0).says(&[]);
    sandbox.run_in(&[("RETRY_OPT_STATE", "there")], ["--", "true"]).exits(0).says(&[]);
    assert_eq!(sandbox.files(), [""; 0]);
}

#[test]
fn who_waits_notices_that_the_key_was_opened() {
    let sandbox = Sandbox::new();
    for open in [&["close", "k", "--for", "0"][..], &["reset", "k"]] {
        let _old = std::fs::remove_file(sandbox.path("log"));
        sandbox.run(["state", "close", "k", "--for", "24h"]).exits(0);
        let mut run = sandbox.begin(&[&["--key", "k", "--log", "log"], &mark("ran")[..]].concat());
        let mut wait = std::process::Command::new(crate::support::RETRY);
        let mut wait = Process::start(wait.args(["state", "wait", "k"]).env("HOME", sandbox.path("")));
        wait_for("a run that is held back", || !sandbox.events("log", "gate.wait").is_empty());
        sandbox.run([&["state"], open].concat()).exits(0);
        assert_eq!((run.status(), wait.status()), (0, 0), "{open:?}");
        assert_eq!(sandbox.events("log", "gate.wait").len(), 1, "once is enough");
    }
}

#[test]
fn a_wait_that_fits_is_begun_whatever_its_spread() {
    let sandbox = Sandbox::new();
    sandbox.run(["--key", "k", "--rate", "1/1s", "--", "true"]).exits(0);
    for bound in ["--gate-wait", "--deadline"].repeat(2) {
        sandbox.run(["--key", "k", "--rate", "1/1s", bound, "1100ms", "--", "true"]).exits(0);
    }
}

#[test]
fn nobody_is_promised_an_end_that_others_decide() {
    let sandbox = Sandbox::new();
    let bounded = ["--timeout", "5s", "--max", "2", "--backoff", "fixed", "--jitter", "none"];
    let worst = |more: &[&str]| sandbox.explain(&[&bounded, more].concat()).0["worst_case_ms"].clone();
    assert_eq!(worst(&[]), 11_000);
    assert_eq!(worst(&["--key", "k"]), Json::Null);
    assert_eq!(worst(&["--key", "k", "--gate-wait", "3s"]), 17_000);
    assert_eq!(worst(&["--key", "k", "--deadline", "1m"]), 60_000);
}
