//! `retry wait N`: the wait before retry N, for loops in scripts.

use std::time::{Duration, Instant};

use super::harness::Ran;
use crate::support::{RETRY, Sandbox, fixture};

/// Runs `retry wait` and returns how long that took.
#[track_caller]
fn timed(args: &[&str], status: i32) -> Duration {
    let began = Instant::now();
    let ran = Sandbox::new().run([&["wait"], args].concat()).exits(status).prints("");
    assert_eq!(ran.stderr.lines().count(), usize::from(status != 0), "{}", ran.stderr);
    began.elapsed()
}

#[test]
fn it_sleeps_what_the_policy_would_before_that_retry() {
    let fixed = ["--jitter", "none", "--delay", "100ms"];
    let first = timed(&[&["1"], &fixed[..]].concat(), 0);
    assert!(first >= Duration::from_millis(100), "{first:?}");
    let fourth = timed(&[&["4", "--max", "9"], &fixed[..]].concat(), 0);
    assert!(fourth >= Duration::from_millis(800), "100ms doubled three times, not {fourth:?}");
    // The last entry repeats.
    timed(&["9", "--max", "99", "--jitter", "none", "--backoff", "1h,20ms"], 0);
}

#[test]
fn it_is_over_at_once_with_exit_1_when_the_attempts_are_used_up() {
    let long = ["--delay", "10m", "--jitter", "none"];
    for used_up in [
        &["5", "--max", "5"][..],
        &["3"],
        &["1", "--max", "1"],
        &["9", "--retries", "8"],
        &["1", "--no-retry"],
    ] {
        timed(&[used_up, &long[..]].concat(), 1);
    }
}

#[test]
fn attempts_that_are_left_are_waited_for() {
    let short = ["--delay", "1ms"];
    for left in [
        &["4", "--max", "5"][..],
        &["2"],
        &["1", "--max", "2"],
        &["8", "--retries", "8"],
        &["70", "--max", "inf"],
    ] {
        timed(&[left, &short[..], &["--max-delay", "1ms"]].concat(), 0);
    }
}

#[test]
fn it_takes_its_settings_from_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.p]\nmax = 2\ndelay = \"1ms\"\n");
    sandbox.run(["wait", "1", "--config", "c.toml", "--policy", "p"]).exits(0);
    sandbox.run(["wait", "2", "--config", "c.toml", "--policy", "p"]).exits(1);
    sandbox.run_in(&[("RETRY_OPT_MAX", "1")], ["wait", "1"]).exits(1);
    sandbox.run_in(&[("RETRY_OPT_DELAY", "1ms")], ["wait", "1"]).exits(0);
}

/// Runs a script whose `retry` is the binary under test and whose `deploy` succeeds at its N-th run.
fn script(shell: &str, script: &str, run: u32) -> (Sandbox, Ran) {
    let sandbox = Sandbox::new();
    let words = format!(
        "retry() {{ {RETRY} \"$@\"; }}; deploy() {{ {} fail-until runs {run} 7; }}\n{script}\necho done",
        fixture()
    );
    let mut command = assert_cmd::Command::new(shell);
    command.args(["-c", &words]).current_dir(sandbox.path(".")).env("RETRY_OPT_DELAY", "1ms");
    let ran = Ran::of(command.env("HOME", sandbox.path(".")).timeout(Duration::from_secs(60)));
    (sandbox, ran)
}

#[test]
fn the_loop_of_the_documentation_runs_a_function_until_it_works() {
    let example = "n=0; until deploy; do retry wait $((++n)) --max 5 || exit; done";
    let (sandbox, ran) = script("bash", example, 3);
    ran.exits(0).prints("done\n").says(&[]);
    assert_eq!(sandbox.runs(), 3);
    let (sandbox, ran) = script("bash", example, 99);
    ran.exits(1).prints("").says(&["retry: no attempts left (--max 5)"]);
    assert_eq!(sandbox.runs(), 5, "attempts in all");
}

#[test]
fn the_loop_that_the_help_shows_works_in_sh() {
    let help = Sandbox::new().run(["wait", "--help"]).exits(0).text();
    let example = help.lines().find_map(|line| line.trim().strip_prefix("Example: ")).expect("an example");
    let (sandbox, ran) = script("sh", example, 3);
    ran.exits(0).prints("done\n").says(&[]);
    assert_eq!(sandbox.runs(), 3);
    let (sandbox, ran) = script("sh", example, 99);
    ran.exits(1).prints("").says(&["retry: no attempts left (--max 5)"]);
    assert_eq!(sandbox.runs(), 5, "attempts in all");
}

#[test]
fn it_says_why_it_gives_up_unless_it_is_to_be_quiet() {
    let long = ["--delay", "10m", "--jitter", "none"];
    for (options, why) in [
        (&["3"][..], "retry: no attempts left (--max 3)"),
        (&["8", "--retries", "7"], "retry: no attempts left (--max 8)"),
        (&["1", "--deadline", "1m"], "retry: the next attempt (in 10m) would be past the 1m deadline"),
    ] {
        let line = [&["wait"], options, &long].concat();
        let ran = Sandbox::new().run(line.clone()).exits(1);
        assert_eq!(ran.stderr, format!("{why}\n"));
        assert_eq!(Sandbox::new().run([&line[..], &["-q"]].concat()).exits(1).stderr, "");
    }
    let ran = Sandbox::new().run(["wait", "1", "--delay", "1ms", "--jitter", "none", "-v"]).exits(0);
    assert_eq!(ran.stderr, "retry: next attempt in 1ms\n");
}
