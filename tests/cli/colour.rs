//! Colours and the countdown: on a terminal, and elsewhere only when asked for.

use super::harness::Ran;
use crate::support::{RETRY, Sandbox};

const WARNING: &str = "\x1b[33mretry: attempt 1/2 failed (exit 1); retrying in ";
const ERROR: &str = "\x1b[31mretry: attempt 2/2 failed (exit 1): no attempts left\x1b[0m";

/// A command that fails twice.
const FAILS: &[&str] = &["--max", "2", "--delay", "1ms", "--", "false"];

/// Runs the binary on a terminal of its own; what that shows is the stdout of what is returned.
#[track_caller]
fn on_terminal(environment: &[(&str, &str)], args: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    let script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let mut command = assert_cmd::Command::new("python3");
    command.args(["-c", script, RETRY]).args(args).current_dir(sandbox.path("."));
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CI", "TRACEPARENT", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", sandbox.path("."))
        .envs(environment.iter().copied());
    Ran::of(command.timeout(std::time::Duration::from_secs(60)))
}

#[track_caller]
fn is_coloured(text: &str, expected: bool) {
    assert_eq!(text.contains(WARNING), expected, "a warning in {text:?}");
    assert_eq!(text.contains(ERROR), expected, "an error in {text:?}");
}

#[test]
fn a_pipe_gets_colours_only_when_they_are_asked_for() {
    for (environment, options, expected) in [
        (&[][..], &[][..], false),
        (&[], &["--color", "auto"], false),
        (&[], &["--color", "never"], false),
        (&[], &["--color", "always"], true),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("CLICOLOR_FORCE", "0")], &[], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], false),
        (&[("NO_COLOR", "1")], &["--color", "always"], true),
        (&[("CLICOLOR_FORCE", "1")], &["--message-format", "json"], false),
    ] {
        let ran = Sandbox::new().run_in(environment, [options, FAILS].concat()).exits(1);
        is_coloured(&ran.stderr, expected);
        assert_eq!(ran.stderr.contains('\x1b'), expected, "{:?}", ran.stderr);
    }
}

#[test]
fn a_terminal_gets_colours_unless_they_are_unwanted() {
    for (environment, options, expected) in [
        (&[][..], &[][..], true),
        (&[("NO_COLOR", "1")], &[], false),
        (&[("NO_COLOR", "")], &[], true),
        (&[("TERM", "dumb")], &[], false),
        (&[], &["--color", "never"], false),
        (&[("TERM", "dumb")], &["--color", "always"], true),
    ] {
        let ran = on_terminal(environment, &[options, FAILS].concat()).exits(1);
        is_coloured(&ran.text(), expected);
    }
}

#[test]
fn a_terminal_is_shown_how_long_the_wait_still_is_and_the_line_is_erased() {
    let waits = ["--max", "2", "--delay", "2s", "--jitter", "none", "--color", "never", "--", "false"];
    let shown = on_terminal(&[], &waits).exits(1).text();
    let [two, one] = [2, 1].map(|left| format!("\r\x1b[Kretry: next attempt in {left}s"));
    assert!(shown.contains(&format!("{two}{one}\r\x1b[K")), "{shown:?}");
    let rest = shown.replace(&two, "").replace(&one, "").replace("\r\x1b[K", "");
    let lines = [
        "retry: attempt 1/2 failed (exit 1); retrying in TIME",
        "retry: attempt 2/2 failed (exit 1): no attempts left",
        "retry: gave up on false after 2 attempts (TIME): exit 1 ×2; exit 1",
    ];
    assert_eq!(super::harness::redacted(&rest).lines().collect::<Vec<_>>(), lines);
}

#[test]
fn there_is_no_countdown_where_nobody_looks_or_nobody_wants_it() {
    for (environment, options) in [
        (&[("CI", "true")][..], &[][..]),
        (&[("TERM", "dumb")], &[]),
        (&[], &["-q"]),
        (&[], &["--message-format", "json"]),
        (&[], &["--delay", "1900ms"]),
    ] {
        let waits = ["--max", "2", "--jitter", "none", "--color", "never", "--", "false"];
        let delay = if options.contains(&"--delay") { &[][..] } else { &["--delay", "2s"] };
        let line = [options, delay, &waits].concat();
        let shown = on_terminal(environment, &line).exits(1).text();
        assert!(!shown.contains("next attempt in") && !shown.contains('\x1b'), "{shown:?}");
    }
    let ran = Sandbox::new().run(["--max", "2", "--delay", "2s", "--jitter", "none", "--", "false"]).exits(1);
    assert!(!ran.stderr.contains("next attempt in"), "{:?}", ran.stderr);
}

#[test]
fn until_draws_its_failures_over_one_another_and_ends_with_what_was_seen() {
    let line = ["until", "--max", "4", "--delay", "30ms", "--color", "never", "--", "false"];
    let shown = on_terminal(&[], &line).exits(1).text();
    let last_drawn = shown.rsplit_once("\x1b[K").expect("a line that is erased").1;
    let drawn = |attempt| {
        shown.contains(&format!("\r\x1b[Kretry: attempt {attempt}/4 failed (exit 1); retrying in "))
    };
    assert!(drawn(1) && drawn(2) && drawn(3), "{shown:?}");
    let lines = [
        "retry: attempt 4/4 failed (exit 1): no attempts left",
        "retry: gave up on false after 4 attempts (TIME): exit 1 ×4; exit 1",
    ];
    assert_eq!(super::harness::redacted(last_drawn).lines().collect::<Vec<_>>(), lines, "{shown:?}");
    let ran = Sandbox::new().run(line).exits(1);
    assert_eq!(ran.stderr.lines().count(), 3, "the first, the last, and what was seen:\n{}", ran.stderr);
}

#[test]
fn a_wait_of_a_script_is_counted_down_and_leaves_nothing() {
    let shown = on_terminal(&[], &["wait", "1", "--delay", "2s", "--jitter", "none"]).exits(0).text();
    let [two, one] = [2, 1].map(|left| format!("\r\x1b[Kretry: next attempt in {left}s"));
    assert_eq!(shown, format!("{two}{one}\r\x1b[K"));
    for options in [&["-q", "--delay", "2s"][..], &["--delay", "100ms"]] {
        let line = [&["wait", "1", "--jitter", "none"], options].concat();
        assert_eq!(on_terminal(&[], &line).exits(0).text(), "", "{options:?}");
    }
}
