//! What is said on stderr: nothing when all is well, one signed line for each thing that is not.

use serde_json::Value as Json;

use super::harness::Ran;
use crate::support::{Sandbox, fixture};

const AT_ONCE: &[&str] = &["--delay", "1ms"];

#[test]
fn a_success_at_first_says_nothing_at_all() {
    for options in [&[][..], &["--max", "9", "--deadline", "1h", "--timeout", "1h"], &["until"]] {
        let sandbox = Sandbox::new();
        sandbox.run([options, &["--", "echo", "x"]].concat()).exits(0).prints("x\n").says(&[]);
        assert_eq!(sandbox.files(), [""; 0]);
    }
}

#[test]
fn each_failure_is_a_line_and_a_late_success_too() {
    let ran = Sandbox::new().fails_until(3, AT_ONCE).exits(0).prints("");
    ran.says(&[
        "retry: attempt 1/3 failed (exit 7); retrying in TIME",
        "retry: attempt 2/3 failed (exit 7); retrying in TIME",
        "retry: succeeded on attempt 3 after TIME",
    ]);
}

#[test]
fn attempts_that_run_out_are_tallied() {
    Sandbox::new().fails_until(99, AT_ONCE).exits(7).says(&[
        "retry: attempt 1/3 failed (exit 7); retrying in TIME",
        "retry: attempt 2/3 failed (exit 7); retrying in TIME",
        "retry: attempt 3/3 failed (exit 7): no attempts left",
        "retry: gave up on fixture after 3 attempts (TIME): exit 7 ×3; exit 7",
    ]);
    let script = "case $RETRY_ATTEMPT in 2) kill -SEGV $$;; 4) exit 8;; *) exit 7;; esac";
    let ran = Sandbox::new().run([AT_ONCE, &["--max", "5", "-c", script]].concat()).exits(7);
    let last = super::harness::redacted(ran.stderr.lines().last().expect("a tally"));
    assert_eq!(
        last,
        "retry: gave up on sh after 5 attempts (TIME): exit 7 ×3, killed by SIGSEGV, exit 8; exit 7"
    );
}

#[test]
fn one_attempt_says_why_and_that_it_gave_up() {
    let sandbox = Sandbox::new();
    for (line, said) in [
        (&["--max", "1", "--", "false"][..], "attempt 1/1 failed (exit 1): no attempts left"),
        (&["--permanent-on", "1", "--", "false"], "attempt 1/3 failed (exit 1); not retried: --permanent-on"),
        (&["--otherwise", "stop", "--", "false"], "attempt 1/3 failed (exit 1); not retried: --otherwise"),
        (&["--", "no-such-command"], "attempt 1/3 failed (no-such-command: command not found); not retried"),
        (
            &["--", fixture(), "kill-self", "INT"],
            "attempt 1/3 failed (killed by SIGINT); not retried: command interrupted",
        ),
        (
            &["--max", "inf", "--permanent-on", "1", "false"],
            "attempt 1 failed (exit 1); not retried: --permanent-on",
        ),
        (
            &["--", fixture(), "hint", "class=permanent", "reason=no such user"],
            "attempt 1/3 failed (no such user); not retried: the command said so",
        ),
    ] {
        let ran = sandbox.run(line);
        assert_ne!(ran.status, 0);
        let lines = ran.stderr.lines().filter(|line| !line.starts_with("retry: hint: ")).collect::<Vec<_>>();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], format!("retry: {said}"));
        assert!(lines[1].starts_with("retry: gave up on "), "{lines:?}");
    }
}

#[test]
fn what_ends_a_run_early_is_named() {
    let sandbox = Sandbox::new();
    let sleep = ["--", fixture(), "sleep", "60"];
    let ran = sandbox.run([&["--deadline", "100ms"], &sleep[..]].concat()).exits(124);
    ran.gives_up_saying(&["retry: attempt 1 failed (timeout): the TIME deadline has passed"]);
    let ran = sandbox.run([&["--timeout", "100ms", "--max", "1"], &sleep[..]].concat()).exits(124);
    ran.gives_up_saying(&["retry: attempt 1/1 failed (timeout): no attempts left"]);
    let ran = sandbox.run(["--deadline", "10s", "--delay", "20s", "--", "false"]).exits(1);
    ran.gives_up_saying(&[
        "retry: attempt 1 failed (exit 1): the next attempt (in TIME) would be past the TIME deadline",
    ]);
}

#[test]
fn a_run_that_fails_without_a_failed_attempt_says_why() {
    let sandbox = Sandbox::new();
    for (line, said) in [
        (
            &["--successes", "2", "--deadline", "1s", "--delay", "1h", "--", fixture(), "exit", "0"][..],
            "gave up on fixture after 1 attempt (TIME): the next attempt (in 1h) would be past the 1s deadline; exit 1",
        ),
        (
            &["--successes", "2", "-n2", "--delay", "1ms", "--", "sh", "-c", "test $RETRY_ATTEMPT = 2"],
            "gave up on sh after 2 attempts (TIME): exit 1; no attempts left after 1 of 2 successes in a row; exit 1",
        ),
        (
            &[
                "--progress-timeout",
                "200ms",
                "--delay",
                "1h",
                "--max-delay",
                "1h",
                "-jnone",
                "--",
                fixture(),
                "exit",
                "1",
            ],
            "gave up on fixture after 1 attempt (TIME): exit 1; no progress for 200ms; exit 1",
        ),
    ] {
        let ran = sandbox.run(line).exits(1);
        let said = said.replace("the 1s deadline", "the TIME deadline").replace("for 200ms", "for TIME");
        let last = super::harness::redacted(&ran.stderr).lines().last().unwrap_or_default().to_owned();
        assert_eq!(last, format!("retry: {said}"), "{line:?}");
    }
}

#[test]
fn who_names_what_to_retry_is_told_which_option_did_not() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[[policy.default.rule]]\nclass = \"permanent\"\nexit = 7\n");
    for (options, why) in [
        (&["--retry-on", "3"][..], "exit 7 is not in --retry-on"),
        (&["--retry-match", "x"], "--retry-match did not match"),
        (
            &["--retry-match", "x", "--retry-on", "3"],
            "exit 7 is not in --retry-on, and --retry-match did not match",
        ),
        (&["--config", "c.toml"], "a rule of the policy says permanent"),
    ] {
        let ran = sandbox.run([options, &["--", fixture(), "exit", "7"]].concat()).exits(7);
        ran.gives_up_saying(&[&format!("retry: attempt 1/3 failed (exit 7); not retried: {why}")]);
    }
}

#[test]
fn a_server_that_asks_to_wait_is_quoted() {
    let ran =
        Sandbox::new().run([AT_ONCE, &["--max", "2", "--", fixture(), "hint", "retry-after=20ms"]].concat());
    ran.exits(1).says(&[
        "retry: attempt 1/2 throttled (exit 1; asked to wait TIME); retrying in TIME",
        "retry: attempt 2/2 throttled (exit 1; asked to wait TIME): no attempts left",
        "retry: gave up on fixture after 2 attempts (TIME): exit 1 ×2; exit 1",
    ]);
}

#[test]
fn the_wait_is_said_as_it_will_be_slept() {
    let ran = Sandbox::new().run(["--max", "2", "--delay", "20ms", "--jitter", "none", "--", "false"]);
    ran.exits(1).mentions(&["attempt 1/2 failed (exit 1); retrying in 20ms\n"]);
}

#[test]
fn quiet_says_nothing_whatever_happens() {
    let sandbox = Sandbox::new();
    for line in [
        &["-q", "--delay", "1ms", "--", "false"][..],
        &["-q", "-v", "--no-retry", "--", "false"],
        &["--quiet", "--", "no-such-command"],
        &["-q", "--key", "k", "--state", "state", "--rate", "1/1h", "--max", "1", "--", "false"],
        &["-q", "--key", "k", "--state", "state", "--rate", "1/1h", "--gate-wait", "0", "--", "false"],
        &[
            "-q",
            "--key",
            "k",
            "--state",
            "/dev/null/x",
            "--on-state-error",
            "fail",
            "--rate",
            "1/1h",
            "--",
            "false",
        ],
        &["-q", "--log", "/dev/full", "--", "true"],
        &["-q", "--timeout", "50ms", "--no-retry", "--", fixture(), "sleep", "60"],
    ] {
        sandbox.run(line).says(&[]);
    }
    sandbox.run(["-q", "--max", "0", "--", "false"]).exits(125).mentions(&["--max 0"]);
}

#[test]
fn verbose_says_what_is_done_and_by_which_rule() {
    let line = [AT_ONCE, &["-v", "--max", "2", "--", fixture(), "exit", "7"]].concat();
    Sandbox::new().run(line).exits(7).says(&[
        "retry: fixture: up to 2 attempts",
        "retry: attempt 1/2 failed (exit 7); retrying in TIME [transient by builtin/unmatched]",
        "retry: attempt 2/2 failed (exit 7): no attempts left [transient by builtin/unmatched]",
        "retry: gave up on fixture after 2 attempts (TIME): exit 7 ×2; exit 7",
    ]);
    Sandbox::new().run(["-v", "--deadline", "1h", "--", "true"]).exits(0).says(&[
        "retry: true: any number of attempts within 1h",
        "retry: attempt 1 succeeded after TIME",
        "retry: succeeded on attempt 1 after TIME",
    ]);
}

#[test]
fn twice_verbose_says_every_step() {
    let ran = Sandbox::new().fails_until(2, &[AT_ONCE, &["-vv", "--name", "job"]].concat()).exits(0);
    ran.says(&[
        "retry: job: up to 3 attempts",
        "retry: job: attempt 1/3 started (pid PID)",
        "retry: job: attempt 1/3 failed (exit 7); retrying in TIME [transient by builtin/unmatched]",
        "retry: job: attempt 2/3 started (pid PID)",
        "retry: job: attempt 2/3 succeeded after TIME",
        "retry: succeeded on attempt 2 after TIME",
    ]);
    Sandbox::new().run(["-vv", "--", "no-such-command"]).mentions(&["attempt 1/3 could not be started\n"]);
}

/// Each line of stderr as JSON.
#[track_caller]
fn objects(ran: &Ran) -> Vec<Json> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    ran.stderr.lines().map(parse).collect()
}

#[test]
fn json_messages_are_an_object_a_line_with_level_message_and_fields() {
    let ran = Sandbox::new().fails_until(2, &[AT_ONCE, &["--message-format", "json"]].concat()).exits(0);
    let lines = objects(&ran);
    let told: Vec<_> = lines.iter().map(|line| (&line["level"], &line["event"])).collect();
    assert_eq!(
        told,
        [(&Json::from("warn"), &Json::from("attempt.retry")), (&"info".into(), &"run.stop".into())]
    );
    let message = lines[0]["message"].as_str().expect("a message");
    assert!(message.starts_with("attempt 1/3 failed (exit 7); retrying in "), "unsigned: {message}");
    assert_eq!((&lines[0]["exit_code"], &lines[0]["class"]), (&7.into(), &"transient".into()));
    assert_eq!((&lines[1]["outcome"], &lines[1]["attempts"]), (&"succeeded".into(), &2.into()));

    Sandbox::new().run(["--message-format", "json", "--", "true"]).exits(0).says(&[]);
    let ran = Sandbox::new().run(["--message-format", "json", "--log", "/dev/full", "--", "true"]).exits(0);
    let warning = &objects(&ran)[0];
    assert_eq!(warning["level"], "warn");
    assert!(warning["message"].as_str().expect("a message").starts_with("cannot write log /dev/full: "));
}

#[test]
fn verbose_json_messages_are_every_event() {
    let ran =
        Sandbox::new().fails_until(2, &[AT_ONCE, &["--message-format", "json", "-vv"]].concat()).exits(0);
    let events: Vec<_> =
        objects(&ran).iter().map(|line| line["event"].as_str().unwrap_or("").to_owned()).collect();
    let expected =
        ["run.start", "attempt.start", "attempt.retry", "attempt.start", "attempt.success", "run.stop"];
    assert_eq!(events, expected);
}

#[test]
fn text_of_others_cannot_command_a_terminal_or_forge_a_line() {
    let sandbox = Sandbox::new();
    let evil = "a\x1b[31mb\rc\x07d\u{9b}2Je\x7f";
    let seen = "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}2Je\u{fffd}";
    let reason = format!("reason={evil}");
    let ran = sandbox.run(["--no-retry", "--", fixture(), "hint", "class=transient", &reason]).exits(1);
    ran.gives_up_saying(&[&format!("retry: attempt 1/1 failed ({seen}): no attempts left")]);
    let ran = sandbox.run(["--", evil]).exits(127);
    let ran =
        ran.mentions(&[&format!("retry: attempt 1/3 failed ({seen}: command not found); not retried\n")]);
    assert!(!ran.stderr.contains(['\x1b', '\r', '\x07']), "{:?}", ran.stderr);
    let name = "x\nretry: all is well";
    let ran = sandbox.run(["-v", "--name", name, "--", "true"]).exits(0);
    assert!(
        ran.stderr.starts_with("retry: x\u{fffd}retry: all is well: up to 3 attempts\n"),
        "{}",
        ran.stderr
    );
    let ran = sandbox.run(["--log", "no/\x1b[31m/log", "--", "true"]).exits(0);
    assert!(ran.stderr.contains("no/\u{fffd}[31m/log") && !ran.stderr.contains('\x1b'), "{}", ran.stderr);
    let json = ["--message-format", "json", "--no-retry", "--", fixture(), "hint", &reason];
    assert_eq!(objects(&sandbox.run(json))[0]["reason"], evil, "JSON has its own way");
}

#[test]
fn a_usage_error_does_not_echo_control_characters_either() {
    let ran = Sandbox::new().run(["--name\x1b[31m", "x", "--", "true"]).exits(125);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    let ran = Sandbox::new().run(["--max", "\x1b[31m", "--", "true"]).exits(125);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
}

#[test]
fn a_stderr_that_is_full_or_closed_changes_nothing() {
    for redirection in ["2>/dev/full", "2>&-", "2>&- >&- <&-"] {
        let sandbox = Sandbox::new();
        let script = format!(
            "{} --max 2 --delay 1ms -vv -- {} fail-until runs 99 7 {redirection}; echo $? >status",
            crate::support::RETRY,
            fixture()
        );
        Ran::of(assert_cmd::Command::new("sh").args(["-c", &script]).current_dir(sandbox.path("."))).exits(0);
        assert_eq!((sandbox.read("status").trim(), sandbox.runs()), ("7", 2), "{redirection}");
    }
}

#[test]
fn an_empty_command_is_named_legibly() {
    Sandbox::new().run(["--", ""]).exits(127).says(&[
        "retry: attempt 1/3 failed ('': command not found); not retried",
        "retry: hint: the command is an empty word; is a variable unset?",
        "retry: gave up on '' after 1 attempt (TIME): command not found; exit 127",
    ]);
}
