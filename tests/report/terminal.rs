//! What a terminal gets: colours, how far the reading is, and after Ctrl-C what was read until then.

use super::logged;
use crate::cli::harness::Ran;
use crate::support::{RETRY, Sandbox};

/// Runs a program of Python's in the sandbox; what it shows is returned.
#[track_caller]
fn python(sandbox: &Sandbox, words: &[&str]) -> String {
    let mut command = assert_cmd::Command::new("python3");
    command.args(words).current_dir(sandbox.path("."));
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CI", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("HOME", sandbox.path("."));
    Ran::of(command.timeout(std::time::Duration::from_secs(60))).exits(0).text().replace('\r', "")
}

#[test]
fn ctrl_c_shows_what_was_read_so_far_and_says_that_it_is_a_part() {
    let sandbox = logged();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/terminal.py");
    let shown = python(&sandbox, &[script, "log", RETRY, "report", "-"]);
    let line = "\u{1b}[Kretry: read 1 MB";
    let (before, after) = shown.split_once(line).unwrap_or_else(|| panic!("{shown:?}"));
    assert_eq!(before, "", "nothing is shown before");
    let (_, rest) = after.rsplit_once("\u{1b}[K").expect("the line is erased");
    let rest = rest.trim_start_matches("^C");
    for part in [
        "retry: interrupted: only part of the logs was read\n",
        "\u{1b}[1m4 runs of 3 operations",
        "interrupted: only part of the logs was read",
        "50.0 %  \u{1b}[33m█",
    ] {
        assert!(rest.contains(part), "{part:?} is missing in {rest:?}");
    }
    assert!(rest.ends_with("died of 2\n"), "{rest:?}");
    let json = python(&sandbox, &[script, "log", RETRY, "report", "--format", "json", "-"]);
    assert!(json.contains("\"interrupted\": true"), "{json}");
    for whole in [&["--format", "junit"][..], &["-o", "file"], &["--draft-rules"]] {
        let shown = python(&sandbox, &[&[script, "log", RETRY, "report"], whole, &["-"]].concat());
        let (_, rest) = shown.rsplit_once("\u{1b}[K").expect("the line is erased");
        let rest = rest.trim_start_matches("^C");
        assert_eq!(rest, "retry: interrupted: only part of the logs was read\ndied of 2\n", "{whole:?}");
        assert!(!sandbox.path("file").exists(), "a file is written as a whole or not at all");
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let sandbox = logged();
    let is_coloured = |environment: &[(&str, &str)], options: &[&str]| {
        let ran = sandbox.run_in(environment, [&["report", "log"], options].concat()).exits(0);
        ran.text().contains("\u{1b}[33m")
    };
    for (environment, options, expected) in [
        (&[][..], &[][..], false),
        (&[], &["--color", "always"], true),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], false),
    ] {
        assert_eq!(is_coloured(environment, options), expected, "{environment:?} {options:?}");
    }
    sandbox.report(&["--color", "sometimes", "log"]).exits(125).mentions(&["sometimes"]);
    let script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    for (options, expected) in
        [(&[][..], true), (&["--color", "never"], false), (&["-o", "/dev/stdout"], false)]
    {
        let shown = python(&sandbox, &[&["-c", script, RETRY, "report", "log"], options].concat());
        assert!(shown.contains("4 runs of 3 operations"), "{shown}");
        assert_eq!(shown.contains('\u{1b}'), expected, "{options:?}: {shown:?}");
    }
}
