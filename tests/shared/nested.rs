//! A `retry` inside of another one under the same key: it never waits for what it runs under.

use std::time::{Duration, Instant};

use super::crowd::{Process, fail, mark};
use crate::support::{RETRY, Sandbox, wait_for};

/// An end that is not in sight fails the test by its own limit; this one is for "at once".
const SOON: Duration = Duration::from_secs(10);

/// Runs to its end, which comes soon.
#[track_caller]
fn soon(sandbox: &Sandbox, words: &[&str]) -> i32 {
    let began = Instant::now();
    let mut process = sandbox.begin(words);
    wait_for("the end of a run inside of another", || process.has_ended());
    assert!(began.elapsed() < SOON);
    process.status()
}

const ONE: &[&str] = &["--key", "k", "--concurrency", "1", "--max", "1"];

#[test]
fn one_inside_of_another_needs_no_permit_of_its_own() {
    let sandbox = Sandbox::new();
    let inner = [&["--", RETRY], ONE].concat();
    assert_eq!(soon(&sandbox, &[ONE, &inner, &mark("two")].concat()), 0);
    assert_eq!(soon(&sandbox, &[ONE, &inner, &inner, &mark("three")].concat()), 0);
    let between = ["--", RETRY, "--max", "1"];
    assert_eq!(soon(&sandbox, &[ONE, &between, &inner, &mark("without")].concat()), 0, "one without a key");
    assert_eq!([sandbox.count("two"), sandbox.count("three"), sandbox.count("without")], [1, 1, 1]);
}

#[test]
fn however_the_place_is_spelled() {
    let sandbox = Sandbox::new();
    let absolute = sandbox.path("state").display().to_string();
    let by = |state| ["--key", "k", "--concurrency", "1", "--max", "1", "--state", state];
    for (outer, inner) in [("state", &*absolute), (&absolute, "./state"), ("state/", "state")] {
        let line = [&by(outer)[..], &["--", RETRY], &by(inner), &mark("ran")].concat();
        assert_eq!(soon(&sandbox, &line), 0, "{outer} around {inner}");
    }
}

#[test]
fn one_inside_of_the_probe_is_the_probe() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--breaker", "1/50ms", "--max", "1"];
    for (inner, status) in [(mark("ran"), 0), (fail("ran"), 7)] {
        sandbox.run([&options[..], &["-q"], &fail("failed")].concat()).exits(7);
        let line = [&options[..], &["--", RETRY], &options, &inner].concat();
        assert_eq!(soon(&sandbox, &line), status, "{}", sandbox.said());
        let next = sandbox.run([&options[..], &["--gate-wait", "0", "--", "true"]].concat()).status;
        assert_eq!(next, if status == 0 { 0 } else { 75 }, "{}", sandbox.said());
        wait_for("it to close", || {
            sandbox.run([&options[..], &["--gate-wait", "0", "--", "true"]].concat()).status == 0
        });
    }
}

#[test]
fn one_under_another_key_or_in_another_place_takes_its_own_permit() {
    let sandbox = Sandbox::new();
    let other = |options: &[&str]| -> i32 {
        let inner =
            [&["--", RETRY, "--max", "1", "--concurrency", "1", "--gate-wait", "0"], options].concat();
        soon(&sandbox, &[ONE, &inner, &mark("ran")].concat())
    };
    assert_eq!((other(&["--key", "b"]), other(&["--key", "k", "--state", "s"])), (0, 0));
    let holders = [
        sandbox.holding(&["--key", "b", "--concurrency", "1"]),
        sandbox.holding(&["--key", "k", "--concurrency", "1", "--state", "s"]),
    ];
    assert_eq!((other(&["--key", "b"]), other(&["--key", "k", "--state", "s"])), (75, 75));
    drop(holders);
}

#[test]
fn the_same_words_in_another_directory_are_another_place() {
    let sandbox = Sandbox::new();
    let by = ["--key", "k", "--concurrency", "1", "--state", "s", "--max", "1"];
    let script = format!("mkdir -p sub; cd sub; {RETRY} {} --gate-wait 0 -- true", by.join(" "));
    let line = [&by[..], &["-c", &script]].concat();
    assert_eq!(soon(&sandbox, &line), 0);
    let hold = "echo held >>held; until [ -e go ]; do sleep 0.02; done";
    let holder =
        sandbox.spawnable([&by[..], &["-c", hold]].concat()).current_dir(sandbox.path("sub")).spawn();
    let holder = holder.map(Holder).expect("retry starts");
    wait_for("a permit to be held", || sandbox.path("sub/held").exists());
    assert_eq!(soon(&sandbox, &line), 75, "the permit of the other place is held");
    drop(holder);
}

struct Holder(std::process::Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn a_daemon_that_outlives_its_run_is_covered_no_more() {
    let sandbox = Sandbox::new();
    let nested = format!("{RETRY} --key k --concurrency 1 --gate-wait 0 -- true; echo $? >new; mv new late");
    let wait =
        "while kill -0 $OUTER 2>/dev/null; do sleep 0.02; done; until [ -e held ]; do sleep 0.02; done";
    let script =
        format!("OUTER=$PPID; export OUTER; setsid sh -c '{wait}; {nested}' </dev/null >out 2>&1 & exit 0");
    let mut outer: Process = sandbox.begin(&[ONE, &["-c", &script]].concat());
    assert_eq!(outer.status(), 0, "{}", sandbox.said());
    let holder = sandbox.holding(&["--key", "k", "--concurrency", "1"]);
    wait_for("what was left behind", || sandbox.path("late").exists());
    assert_eq!(sandbox.read("late"), "75\n", "{}", sandbox.read("out"));
    drop(holder);
}
