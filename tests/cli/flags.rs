//! Each option of `--help`, and a proof that it does something. A new option needs one here, or in another `flags_*.rs`.

use std::time::{Duration, Instant};

use super::harness::{one, waits};
use crate::support::{Sandbox, fixture};

/// A test an option: its name, the test's, and what it does with a sandbox of its own.
macro_rules! proofs {
    ($($flag:literal $test:ident |$sandbox:ident| $proof:block)+) => {
        /// The options that are proven here, each once.
        pub(super) const PROVEN: &[&str] = &[$($flag),+];

        $(#[test]
        fn $test() {
            let $sandbox = Sandbox::new();
            $proof
        })+
    };
}
pub(super) use proofs;

/// The options of `--help` that are proven, in all files, each once.
pub(super) fn proven() -> impl Iterator<Item = &'static str> {
    use super::{flags_recovery, flags_shared, flags_telling};
    [PROVEN, flags_shared::PROVEN, flags_telling::PROVEN, flags_recovery::PROVEN].concat().into_iter()
}

/// A wait that is over at once, always the same.
const AT_ONCE: &[&str] = &["--delay", "1ms", "--jitter", "none"];

/// Runs a command that always fails with 7, and returns how often it ran.
pub(super) fn runs(sandbox: &Sandbox, options: &[&str]) -> usize {
    let before = sandbox.runs();
    sandbox.fails_until(9999, &[AT_ONCE, options].concat()).exits(7);
    sandbox.runs() - before
}

/// The waits that these options make, in whole milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "they are small and whole")]
fn delays(options: &[&str]) -> Vec<i64> {
    let rows = Sandbox::new().explain(&[&["--jitter", "none", "--max", "4"], options].concat()).schedule();
    rows.iter().map(|[_, mean, _]| mean.round() as i64).collect()
}

proofs! {
"--help" help_is_printed |sandbox| {
    assert!(sandbox.run(["--help"]).exits(0).text().contains("Usage: retry"));
}
"--version" the_version_is_printed |sandbox| {
    assert!(sandbox.run(["--version"]).exits(0).text().starts_with("retry "));
}
"--max" max_bounds_the_attempts |sandbox| {
    assert_eq!(runs(&sandbox, &[]), 3, "by default");
    assert_eq!(runs(&sandbox, &["--max", "5"]), 5);
    assert_eq!(runs(&sandbox, &["-n", "1"]), 1);
    sandbox.fails_until(40, &[AT_ONCE, &["-q", "--backoff", "fixed", "--max", "inf"]].concat()).exits(0);
}
"--profile" a_profile_judges_by_what_is_known_of_the_tool |sandbox| {
    let script = ["--", "sh", "-c", "echo x >>runs; echo 'HTTP/1.1 404 Not Found' >&2; exit 7"];
    let runs = |options: &[&str]| {
        let before = sandbox.read("runs").lines().count();
        let _ran = sandbox.run([AT_ONCE, &["-q"], options, &script].concat()).exits(7);
        sandbox.read("runs").lines().count() - before
    };
    assert_eq!(runs(&[]), 3, "of a shell only the status is known");
    assert_eq!(runs(&["--profile", "generic"]), 1);
    assert_eq!(runs(&["-p", "generic", "-p", "none"]), 1, "they add up");
    assert_eq!(runs(&["-p", "none"]), 3);
}
"--non-idempotent" what_may_have_been_applied_is_not_done_again |sandbox| {
    assert_eq!(runs(&sandbox, &["--non-idempotent"]), 1);
    assert_eq!(runs(&sandbox, &["--non-idempotent", "--profile", "curl"]), 3, "curl's 7: could not connect");
    assert_eq!(runs(&sandbox, &["--non-idempotent", "--throttle-match", "x", "--retry-on", "7"]), 1);
}
"--retries" retries_do_not_count_the_first_attempt |sandbox| {
    assert_eq!(runs(&sandbox, &["--retries", "0"]), 1);
    assert_eq!(runs(&sandbox, &["--retries", "3"]), 4);
    assert_eq!(sandbox.explain(&["--retries", "inf"]).value("max"), "inf");
}
"--no-retry" one_attempt_is_made |sandbox| {
    assert_eq!(runs(&sandbox, &["--no-retry", "--max", "5"]), 1);
}
"--deadline" a_wait_that_would_pass_the_deadline_ends_the_run |sandbox| {
    let ran = sandbox.fails_until(99, &["--deadline", "30s", "--delay", "40s", "--jitter", "none"]);
    ran.exits(7).mentions(&["the next attempt (in 40s) would be past the 30s deadline"]);
    assert_eq!(sandbox.runs(), 1);
}
"--timeout" an_attempt_is_cut_at_its_timeout |sandbox| {
    let line = ["--timeout", "100ms", "--no-retry", "--", fixture(), "sleep", "60"];
    sandbox.run(line).exits(124).gives_up_saying(&["retry: attempt 1/1 failed (timeout): no attempts left"]);
}
"--signal" a_timed_out_attempt_gets_the_signal |sandbox| {
    let script = "trap 'echo got INT; exit 0' INT; sleep 60 & wait";
    let options = ["--timeout", "300ms", "--kill-after", "100ms", "--signal", "INT", "--no-retry"];
    sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(124).prints("got INT\n");
}
"--kill-after" an_attempt_that_ignores_the_signal_is_killed_after_the_grace |sandbox| {
    let began = Instant::now();
    let options = ["--timeout", "300ms", "--kill-after", "100ms", "--no-retry", "--log", "log"];
    sandbox.run([&options[..], &["--", fixture(), "ignore-term", "ready"]].concat()).exits(124);
    assert!(began.elapsed() < Duration::from_secs(9), "the default grace is 10s");
    assert_eq!(one(&sandbox.log("log"), "attempt.failed")["signal"], "SIGKILL");
}
"--backoff" a_strategy_makes_the_waits_grow |_sandbox| {
    assert_eq!(delays(&["--backoff", "fixed"]), [1000, 1000, 1000]);
    assert_eq!(delays(&["-b", "linear"]), [1000, 2000, 3000]);
}
"--delay" the_first_wait_is_the_delay |_sandbox| {
    assert_eq!(delays(&["--delay", "3s"]), [3000, 6000, 12000]);
}
"--max-delay" no_wait_is_longer_than_the_longest |_sandbox| {
    assert_eq!(delays(&["--delay", "3s", "--max-delay", "5s"]), [3000, 5000, 5000]);
}
"--factor" the_factor_is_the_growth_per_retry |_sandbox| {
    assert_eq!(delays(&["--factor", "3"]), [1000, 3000, 9000]);
    assert_eq!(delays(&["--factor", "1"]), [1000, 1000, 1000]);
}
"--jitter" the_jitter_spreads_the_waits |sandbox| {
    assert_eq!(sandbox.explain(&["--max", "2", "--jitter", "none"]).schedule(), [[1000.0, 1000.0, 1000.0]]);
    assert_eq!(sandbox.explain(&["--max", "2", "-j", "25%"]).schedule(), [[750.0, 1000.0, 1250.0]]);
}
"--max-retry-after" a_longer_wait_that_is_asked_for_ends_the_run |sandbox| {
    let hint = [fixture(), "hint", "retry-after=2s"];
    let ran = sandbox.run([&["--max-retry-after", "1s", "--"], &hint[..]].concat()).exits(1);
    ran.mentions(&["longer than --max-retry-after 1s"]);
}
"--reset-after" a_long_attempt_starts_the_waits_again |sandbox| {
    let script = "[ $RETRY_ATTEMPT = 3 ] && sleep 1.3; exit 1";
    let options = ["--max", "5", "--delay", "10ms", "--jitter", "none", "--log", "log", "-q"];
    let command = ["--", "sh", "-c", script];
    sandbox.run([&options[..], &["--reset-after", "1s"], &command].concat()).exits(1);
    assert_eq!(waits(&sandbox.log("log")), [10.0, 20.0, 10.0, 20.0]);
}
"--successes" that_many_successes_in_a_row_are_needed |sandbox| {
    let options = [AT_ONCE, &["-q", "--max", "9", "--successes", "3"]].concat();
    sandbox.fails_until(2, &options).exits(0);
    assert_eq!(sandbox.runs(), 4, "one failure, three successes");
}
"--splay" the_first_attempt_waits_and_the_other_waits_stay_the_same |sandbox| {
    let run = |options: &[&str], log: &str| {
        let line = ["--delay", "9ms", "--seed", "1", "--max", "4", "--log", log, "-q"];
        sandbox.fails_until(99, &[options, &line].concat()).exits(7);
        sandbox.log(log)
    };
    let (with, without) = (run(&["--splay", "200ms"], "a"), run(&[], "b"));
    assert_eq!(waits(&with), waits(&without));
    let splay = one(&with, "run.start")["splay_ms"].as_f64().expect("a splay");
    assert!(splay > 0.0 && splay <= 200.0, "{splay}");
    let stop = one(&with, "run.stop");
    let slept = stop["slept_ms"].as_f64().expect("a time") ;
    assert!(slept >= splay + waits(&with).iter().sum::<f64>(), "{slept} counts {splay}");
    assert!(one(&without, "run.start").get("splay_ms").is_none());
    sandbox.run(["--splay", "1h", "--deadline", "1m", "--", "touch", "ran"]).exits(125);
    assert!(!sandbox.path("ran").exists());
}
"--seed" the_same_seed_makes_the_same_draws |sandbox| {
    let drawn = |seed: &str, log: &str| {
        let options = ["--delay", "9ms", "--seed", seed, "--max", "4", "--log", log, "-q"];
        sandbox.fails_until(99, &options).exits(7);
        waits(&sandbox.log(log))
    };
    let (one, again, other) = (drawn("1", "a"), drawn("1", "b"), drawn("2", "c"));
    assert_eq!(one.len(), 3);
    assert_eq!(one, again);
    assert_ne!(one, other);
}
"--retry-on" what_is_named_is_tried_again_and_nothing_else |sandbox| {
    assert_eq!(runs(&sandbox, &["--retry-on", "7"]), 3);
    assert_eq!(runs(&sandbox, &["--retry-on", "1-6"]), 1);
}
"--permanent-on" what_is_permanent_is_not_tried_again |sandbox| {
    assert_eq!(runs(&sandbox, &["--permanent-on", "7"]), 1);
    assert_eq!(runs(&sandbox, &["--permanent-on", "7", "--retry-on", "7"]), 1);
    assert_eq!(runs(&sandbox, &["--permanent-on", "8"]), 3);
}
"--success-on" another_status_may_be_the_success |sandbox| {
    sandbox.fails_until(99, &["--success-on", "0,7"]).exits(7).says(&[]);
    assert_eq!(sandbox.runs(), 1);
}
"--retry-match" only_what_was_seen_is_tried_again |sandbox| {
    let attempts = |text: &str| {
        sandbox.write("runs", "");
        let script = format!("echo x >>runs; echo {text} >&2; exit 1");
        let options = [AT_ONCE, &["-q", "--retry-match", "b[uv]sy"]].concat();
        sandbox.run([&options[..], &["--", "sh", "-c", &script]].concat()).exits(1);
        sandbox.read("runs").lines().count()
    };
    assert_eq!((attempts("busy"), attempts("broken")), (3, 1));
}
"--permanent-match" what_was_seen_ends_the_run |sandbox| {
    let options = [AT_ONCE, &["--permanent-match", "stdout:fatal"]].concat();
    let ran = sandbox.run([&options[..], &["--", "sh", "-c", "echo fatal; exit 3"]].concat()).exits(3);
    ran.gives_up_saying(&["retry: attempt 1/3 failed (exit 3, 'stdout:fatal'); not retried: --permanent-match"]);
}
"--throttle-match" what_was_seen_means_throttled |sandbox| {
    let options = [AT_ONCE, &["--throttle-match", "slow down", "--log", "log", "-q"]].concat();
    sandbox.run([&options[..], &["--", "sh", "-c", "echo please slow down >&2; exit 3"]].concat()).exits(3);
    let log = sandbox.log("log");
    let failed = one(&log, "attempt.failed");
    assert_eq!((&failed["class"], &failed["rule"]["id"]), (&"throttled".into(), &"throttle-match".into()));
    assert_eq!(failed["error"], "[throttled] exit 3, 'slow down': please slow down");
}
"--success-match" a_success_must_show_it |sandbox| {
    let options = [AT_ONCE, &["-q", "--success-match", "stdout:done"]].concat();
    sandbox.run([&options[..], &["--", "echo", "done"]].concat()).exits(0).prints("done\n");
    sandbox.run([&options[..], &["--", "echo", "nearly"]].concat()).exits(1).prints(&"nearly\n".repeat(3));
}
"--idle-timeout" a_silent_attempt_is_stopped |sandbox| {
    let line = ["--idle-timeout", "200ms", "--no-retry", "--", fixture(), "sleep", "60"];
    sandbox.run(line).exits(124).mentions(&["no output for 200ms"]);
}
"--progress-timeout" a_run_without_progress_ends |sandbox| {
    let line = ["--progress-timeout", "200ms", "--", fixture(), "sleep", "60"];
    sandbox.run(line).exits(124).mentions(&["no progress for 200ms"]);
    let script = "for i in 1 2 3 4 5 6; do sleep 0.5; touch $RETRY_PROGRESS; done";
    sandbox.run(["--progress-timeout", "2s", "--", "sh", "-c", script]).exits(0);
}
"--progress-match" a_line_of_progress_keeps_the_run_going |sandbox| {
    let script = "for i in 1 2 3 4 5 6; do sleep 0.5; echo $i% >&2; done";
    let run = |pattern: &str| {
        sandbox.run(["--progress-timeout", "2s", "--progress-match", pattern, "--", "sh", "-c", script])
    };
    run("[0-9]%").exits(0);
    run("never").exits(124);
    // A progress bar never ends its line.
    let bar = "for i in 1 2 3 4 5 6; do sleep 0.5; printf '\\r%d%%' $i >&2; done";
    sandbox.run(["--progress-timeout", "2s", "--progress-match", "^[0-9]%", "--", "sh", "-c", bar]).exits(0);
}
"--stdin" the_commands_stdin_is_chosen |sandbox| {
    let cat = |mode: &str| {
        let mut command = sandbox.retry(["--stdin", mode, "--", "cat"]);
        super::harness::Ran::of(command.write_stdin("text")).exits(0)
    };
    cat("replay").prints("text");
    cat("inherit").prints("text");
    cat("null").prints("");
}
"--stdin-max" more_than_can_be_kept_is_not_tried_again |sandbox| {
    let options = [AT_ONCE, &["--stdin-max", "10", "--", "sh", "-c", "cat >/dev/null; exit 3"]].concat();
    let ran = |text: &str| super::harness::Ran::of(sandbox.retry(&options).write_stdin(text)).exits(3);
    ran("more than ten bytes").mentions(&["attempt 1/3", "stdin not replayable"]);
    ran("few").mentions(&["attempt 3/3"]);
}
"--stdout" only_the_successful_attempts_stdout_is_printed |sandbox| {
    let script = "echo $RETRY_ATTEMPT; test $RETRY_ATTEMPT = 2";
    for option in ["--stdout=success", "-O"] {
        let options = [AT_ONCE, &["-q", option]].concat();
        sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(0).prints("2\n");
        sandbox.run([&options[..], &["--", "sh", "-c", "echo no; exit 1"]].concat()).exits(1).prints("");
    }
}
"--stderr" only_the_last_attempts_stderr_is_printed |sandbox| {
    let options = [AT_ONCE, &["-q", "--stderr", "last"]].concat();
    let script = "echo $RETRY_ATTEMPT >&2; exit 1";
    sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(1).says(&["3"]);
}
"--chronic" nothing_is_printed_unless_the_run_fails |sandbox| {
    let options = [AT_ONCE, &["-q", "--chronic"]].concat();
    let script = "echo $RETRY_ATTEMPT; test $RETRY_ATTEMPT = 2";
    sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(0).prints("");
    let script = "echo $RETRY_ATTEMPT; exit 1";
    sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(1).prints("1\n2\n3\n");
}
"--log-tail" the_end_of_what_was_captured_is_logged |sandbox| {
    let options = ["-q", "--no-retry", "--log", "log", "--log-tail", "4", "--idle-timeout", "30s"];
    sandbox.run([&options[..], &["--", "sh", "-c", "echo abcdef; exit 1"]].concat()).exits(1);
    let log = sandbox.log("log");
    let failed = one(&log, "attempt.failed");
    assert_eq!((&failed["stdout_tail"], &failed["bytes_out"]), (&"def\n".into(), &7.into()));
}
"--otherwise" the_rest_is_judged_as_asked |sandbox| {
    assert_eq!(runs(&sandbox, &["--otherwise", "stop"]), 1);
    assert_eq!(runs(&sandbox, &["--otherwise", "retry", "--retry-on", "1"]), 3);
}
"--fail-if-flaky" a_success_that_was_not_the_first_attempts_is_told_by_the_status |sandbox| {
    sandbox.fails_until(2, &[AT_ONCE, &["--fail-if-flaky", "42"]].concat()).exits(42);
    sandbox.fails_until(1, &["--fail-if-flaky", "42"]).exits(0);
}
"--exhausted-code" attempts_that_ran_out_are_told_by_the_status |sandbox| {
    sandbox.fails_until(99, &[AT_ONCE, &["--exhausted-code", "75"]].concat()).exits(75);
    sandbox.fails_until(99, &["--exhausted-code", "75", "--permanent-on", "7"]).exits(7);
}
"--log" events_are_appended_to_the_log |sandbox| {
    sandbox.run(["--log", "log", "--", "true"]).exits(0);
    assert_eq!(one(&sandbox.log("log"), "run.stop")["outcome"], "succeeded");
}
"--log-argv" the_log_has_the_words_of_the_command |sandbox| {
    sandbox.run(["--log", "a", "--log-argv", "--", "true", "x y"]).exits(0);
    sandbox.run(["--log", "b", "--", "true", "x y"]).exits(0);
    assert_eq!(one(&sandbox.log("a"), "run.start")["argv"], serde_json::json!(["true", "x y"]));
    assert!(one(&sandbox.log("b"), "run.start")["argv"].is_null());
    assert!(!sandbox.read("b").contains("x y"), "arguments may be secrets");
}
"--name" the_operation_has_a_name |sandbox| {
    sandbox.run(["-v", "--name", "nightly", "--", "true"]).exits(0).mentions(&["retry: nightly: up to 3 attempts"]);
}
"--metrics-file" a_run_is_counted |sandbox| {
    sandbox.run(["--metrics-file", "retry.prom", "--", "true"]).exits(0);
    assert!(sandbox.read("retry.prom").contains("outcome=\"succeeded\"} 1\n"));
}
"--metrics-label" a_label_is_in_the_metrics |sandbox| {
    let options = ["--metrics-file", "retry.prom", "--label", "team=data", "--metrics-label", "team"];
    sandbox.run([&options[..], &["--", "true"]].concat()).exits(0);
    assert!(sandbox.read("retry.prom").contains(",team=\"data\","));
}
"--label" a_label_is_in_the_log |sandbox| {
    sandbox.run(["--log", "log", "--label", "team=data", "--", "true"]).exits(0);
    assert_eq!(sandbox.log("log")[0]["labels"], serde_json::json!({"team": "data"}));
}
"--message-format" messages_may_be_json |sandbox| {
    let ran = sandbox.run(["--message-format", "json", "--permanent-on", "1", "--", "false"]).exits(1);
    assert!(ran.stderr.starts_with('{'), "{}", ran.stderr);
}
"--messages-to" messages_may_go_elsewhere |sandbox| {
    let ran = sandbox.run(["--messages-to", "stdout", "--no-retry", "--", "false"]).exits(1).says(&[]);
    assert!(ran.text().contains("retry: gave up on false"));
}
"--ci-groups" attempts_may_be_groups |sandbox| {
    let line = ["--message-format", "github", "--ci-groups", "always", "--delay", "1ms", "--", "false"];
    assert_eq!(sandbox.run(line).exits(1).stderr.matches("::group::").count(), 3);
}
"--ci-stop-commands" output_may_be_disobeyed |sandbox| {
    let line = ["--message-format", "github", "--ci-stop-commands", "-n", "1", "--", "echo", "::error::x"];
    let said = sandbox.run(line).exits(0).stderr;
    let lines: Vec<_> = said.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").expect("a token");
    assert_eq!((token.len(), lines[1..].to_vec()), (32, vec![format!("::{token}::").as_str()]));
}
"--summary" a_summary_has_a_row |sandbox| {
    let line = |when| ["--message-format", "github", "--summary", when, "--", "true"];
    for (when, rows) in [("auto", 0), ("never", 0), ("always", 1)] {
        let summary = sandbox.path(when);
        let environment = [("GITHUB_STEP_SUMMARY", summary.to_str().expect("UTF-8"))];
        sandbox.run_in(&environment, line(when)).exits(0);
        let text = std::fs::read_to_string(&summary).unwrap_or_default();
        assert_eq!(text.matches("| true | succeeded | 1/3 |").count(), rows, "{when}: {text}");
    }
}
"--outputs" outputs_are_given |sandbox| {
    sandbox.run([AT_ONCE, &["--outputs=retry.env", "--", "false"]].concat()).exits(1);
    let told = sandbox.read("retry.env");
    assert!(told.starts_with("RETRY_TOTAL_ATTEMPTS=3\nRETRY_EXIT_CODE=1\nRETRY_OUTCOME=exhausted\n"), "{told}");
}
"--color" messages_may_be_coloured |sandbox| {
    sandbox.run(["--color", "always", "--no-retry", "--", "false"]).exits(1).mentions(&["\x1b[31mretry: "]);
}
"--quiet" nothing_is_said |sandbox| {
    sandbox.fails_until(99, &[AT_ONCE, &["--quiet"]].concat()).exits(7).says(&[]);
    sandbox.fails_until(99, &[AT_ONCE, &["-q"]].concat()).exits(7).says(&[]);
}
"--verbose" more_is_said |sandbox| {
    let lines = |flag: &str| sandbox.run([flag, "--", "true"]).exits(0).stderr.lines().count();
    let (once, twice) = (lines("-v"), lines("-vv"));
    assert!(0 < once && once < twice, "{once}, {twice}");
    assert_eq!(lines("--verbose"), once);
}
"--new-group" the_command_leads_a_group_of_its_own |sandbox| {
    let leads = "ps -o pgid= -p $$ | grep -qw $$";
    sandbox.run(["--new-group", "--no-retry", "-c", leads]).exits(0);
    sandbox.run(["--no-retry", "-c", leads]).exits(1);
}
"--policy" a_named_policy_is_obeyed |sandbox| {
    assert_eq!(sandbox.explain(&["--policy", "aggressive"]).value("max"), 5);
}
"--config" a_named_file_is_obeyed |sandbox| {
    sandbox.write("c.toml", "[policy.default]\nmax = 2\n");
    assert_eq!(runs(&sandbox, &["--config", "c.toml"]), 2);
}
"--no-config" no_file_is_read |sandbox| {
    sandbox.write(".config/retry/config.toml", "[policy.default]\nmax = 2\n");
    assert_eq!(runs(&sandbox, &[]), 2);
    assert_eq!(runs(&sandbox, &["--no-config"]), 3);
}
"--shell" the_command_is_a_string_for_a_shell |sandbox| {
    sandbox.run(["--shell", "echo a | tr a b"]).exits(0).prints("b\n");
}
}
