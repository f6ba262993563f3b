//! A `retry` inside of another: its deadline, its depth, and what is left over from one that is gone.

use serde_json::json;

use super::harness::{Ran, one};
use crate::support::{RETRY, Sandbox, fixture, wait_for};

/// Runs these words in an outer run with these options.
#[track_caller]
fn inside(sandbox: &Sandbox, outer: &[&str], inner: &[&str]) -> Ran {
    sandbox.run([&["-q"], outer, &["--", RETRY], inner].concat())
}

#[test]
fn the_depth_counts_the_runs_above() {
    let sandbox = Sandbox::new();
    let print = ["--", fixture(), "env", "RETRY_DEPTH"];
    sandbox.run(print).exits(0).prints("RETRY_DEPTH=1\n");
    inside(&sandbox, &[], &print).exits(0).prints("RETRY_DEPTH=2\n");
    inside(&sandbox, &[], &[&["--", RETRY], &print[..]].concat()).exits(0).prints("RETRY_DEPTH=3\n");
}

#[test]
fn an_inner_run_names_the_outer_one_and_says_that_attempts_multiply() {
    let sandbox = Sandbox::new();
    let ran = inside(&sandbox, &["--log", "outer"], &["-v", "--log", "inner", "--", "true"]).exits(0);
    ran.mentions(&["retry: true: up to 3 attempts", "(depth 2): attempts multiply"]);
    let (outer, inner) = (sandbox.log("outer"), sandbox.log("inner"));
    for line in &inner {
        assert_eq!(line["parent"], outer[0]["run"]);
    }
    assert_ne!(inner[0]["run"], outer[0]["run"]);
    assert!(outer.iter().all(|line| line.get("parent").is_none()));
    assert!(inner[0]["message"].as_str().expect("a message").contains("multiply"), "{}", inner[0]);
    inside(&sandbox, &[], &["--", "true"]).exits(0).says(&[]);
}

#[test]
fn the_outer_deadline_bounds_the_inner_one() {
    let sandbox = Sandbox::new();
    let deadline = |inner: &[&str]| {
        let explain = [&["explain", "--format", "json"], inner].concat();
        inside(&sandbox, &["--deadline", "1h"], &explain).exits(0).json()["policy"]["deadline"].clone()
    };
    for longer in [&[][..], &["--deadline", "2h"], &["--policy", "until", "--deadline", "61m"]] {
        let shown = deadline(longer);
        let value = shown["value"].as_str().expect("a time");
        assert!(value.starts_with("59m ") || value == "1h", "{value}");
        assert_eq!(shown["source"], "env:RETRY_DEADLINE_AT_MS");
    }
    assert_eq!(deadline(&["--deadline", "10m"]), json!({"value": "10m", "source": "flag"}));
}

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn the_inner_command_is_told_the_nearest_deadline() {
    let sandbox = Sandbox::new();
    let script = format!("echo $RETRY_DEADLINE_AT_MS; {RETRY} -c 'echo $RETRY_DEADLINE_AT_MS'");
    let text = sandbox.run(["--deadline", "1h", "-c", &script]).exits(0).text();
    let at: Vec<u64> = text.lines().map(|line| line.parse().expect("milliseconds")).collect();
    assert!(at[0].abs_diff(at[1]) < 1_000, "{at:?}");
}

#[test]
fn the_bound_of_an_outer_run_is_no_wish_for_more_attempts() {
    let sandbox = Sandbox::new();
    let explain = ["explain", "--format", "json"];
    let inner = inside(&sandbox, &["--deadline", "1h"], &explain).exits(0).json();
    assert_eq!(inner["policy"]["max"]["value"], 3);
}

#[test]
fn a_deadline_that_is_past_runs_nothing() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run_in(&[("RETRY_DEADLINE_AT_MS", "1")], ["--log", "log", "--", "touch", "ran"]);
    ran.exits(124).says(&["retry: command not run (the deadline of the enclosing run has passed); exit 124"]);
    let log = sandbox.log("log");
    let stop = one(&log, "run.stop");
    assert_eq!((&stop["outcome"], &stop["attempts"]), (&json!("deadline"), &json!(0)));
    assert_eq!(sandbox.files(), ["log"]);
}

#[test]
fn nonsense_in_the_variables_of_an_outer_run_is_ignored() {
    let sandbox = Sandbox::new();
    for environment in [
        [("RETRY_DEADLINE_AT_MS", "soon"), ("RETRY_DEPTH", "1")],
        [("RETRY_DEADLINE_AT_MS", ""), ("RETRY_DEPTH", "deep")],
        [("RETRY_DEADLINE_AT_MS", "-5"), ("RETRY_DEPTH", "")],
    ] {
        sandbox.run_in(&environment, ["--", "true"]).exits(0).says(&[]);
    }
}

#[test]
fn what_an_outer_run_said_of_its_attempts_is_not_said_of_ours() {
    let sandbox = Sandbox::new();
    let print = "env RETRY_PREVIOUS_EXIT RETRY_PREVIOUS_CLASS";
    let script = format!("[ $RETRY_ATTEMPT = 1 ] && exit 5; exec {RETRY} -- {} {print}", fixture());
    let ran = sandbox.run(["-q", "--delay", "1ms", "-c", &script]).exits(0);
    ran.prints("RETRY_PREVIOUS_EXIT unset\nRETRY_PREVIOUS_CLASS unset\n");
}

#[test]
fn the_hint_of_an_inner_run_is_its_own() {
    let sandbox = Sandbox::new();
    let inner =
        [&["-q", "--max", "2", "--delay", "1ms", "--log", "inner", "--"], &[fixture(), "hint"][..]].concat();
    let inner = [&inner[..], &["class=permanent"]].concat();
    inside(&sandbox, &["--max", "2", "--delay", "1ms", "--log", "outer"], &inner).exits(1);
    assert_eq!(
        one(&sandbox.log("outer"), "run.stop")["outcome"],
        "exhausted",
        "the outer one was told nothing"
    );
    let stops = super::harness::only(&sandbox.log("inner"), "run.stop").len();
    assert_eq!(stops, 2, "each outer attempt is an inner run");
}

/// Runs these words in what a run has left behind, when that run is gone; returns what they print.
#[track_caller]
fn after_the_end(sandbox: &Sandbox, words: &str) -> String {
    let wait = "while kill -0 $OUTER 2>/dev/null; do sleep 0.02; done";
    let left_behind = format!("{wait}; {words} >new; mv new late");
    let script =
        format!("OUTER=$PPID; export OUTER; setsid sh -c '{left_behind}' </dev/null >err 2>&1 & exit 0");
    sandbox.run(["--deadline", "1h", "--log", "outer", "-c", &script]).exits(0);
    wait_for("what was left behind", || sandbox.path("late").exists());
    sandbox.read("late")
}

#[test]
fn a_run_that_is_gone_bounds_nothing() {
    let sandbox = Sandbox::new();
    let words = format!("{RETRY} --log inner -- {} env RETRY_DEPTH", fixture());
    assert_eq!(after_the_end(&sandbox, &words), "RETRY_DEPTH=1\n", "{}", sandbox.read("err"));
    let start = &sandbox.log("inner")[0];
    assert_eq!((start.get("parent"), &start["deadline_ms"]), (None, &serde_json::Value::Null));
}

#[test]
fn the_deadline_of_a_run_that_is_gone_is_not_passed_on() {
    let sandbox = Sandbox::new();
    let words = format!("{RETRY} -- {} env RETRY_DEADLINE_AT_MS", fixture());
    let seen = after_the_end(&sandbox, &words);
    assert_eq!(seen, "RETRY_DEADLINE_AT_MS unset\n", "a run below would take it for ours");
}
