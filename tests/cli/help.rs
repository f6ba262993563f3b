//! `-h`, `--help` and `--version`: on stdout, with exit 0, and true.

use crate::support::Sandbox;

/// The long names of the options in a help text.
fn flags(help: &str) -> Vec<&str> {
    let entries = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let long = |line: &'_ str| line.find("--").map(|at| at + 2);
    let mut names: Vec<_> = entries
        .filter_map(|line| Some(&line[long(line)?..]))
        .map(|name| name.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default())
        .collect();
    names.sort_unstable();
    names
}

fn help(args: &[&str]) -> String {
    Sandbox::new().run(args).exits(0).says(&[]).text()
}

#[test]
fn the_short_help_has_the_most_needed_options_and_the_long_one_has_all() {
    let (short, long) = (help(&["-h"]), help(&["--help"]));
    let (few, all) = (flags(&short), flags(&long));
    assert!((12..=20).contains(&few.len()), "a dozen or so: {few:?}");
    assert!(few.iter().all(|flag| all.contains(flag)), "{few:?} are among {all:?}");
    for needed in
        ["max", "deadline", "timeout", "backoff", "delay", "jitter", "retry-on", "log", "quiet", "shell"]
    {
        assert!(few.contains(&needed), "{needed} is needed");
    }
    for rare in ["seed", "factor", "kill-after", "exhausted-code", "no-config", "new-group"] {
        assert!(!few.contains(&rare) && all.contains(&rare), "{rare} is for --help");
    }
    assert!(short.lines().count() < 45, "one screen");
    assert!(short.lines().all(|line| line.chars().count() <= 130), "no line is folded");
}

#[test]
fn the_long_help_is_every_option_that_has_a_proof() {
    let long = help(&["--help"]);
    let mut proven: Vec<_> = super::flags::proven().map(|flag| flag.trim_start_matches("--")).collect();
    proven.sort_unstable();
    assert_eq!(flags(&long), proven, "each option of --help is shown to do something in flags*.rs");
}

#[test]
fn the_help_of_state_is_every_option_that_has_a_proof() {
    let mut proven: Vec<_> =
        super::flags_state::PROVEN.iter().map(|flag| flag.trim_start_matches("--")).collect();
    proven.sort_unstable();
    assert_eq!(flags(&help(&["state", "--help"])), proven, "each is shown to do something in flags_state.rs");
}

#[test]
fn the_long_help_names_the_exit_statuses_the_verbs_and_the_environment() {
    let long = help(&["--help"]);
    for text in ["124", "125", "126, 127", "128+n", "RETRY_OPT_MAX", "RETRY_DISABLE=1", "500ms"] {
        assert!(long.contains(text), "{text} is missing");
    }
    for heading in ["Attempts and timing:", "What counts as failure:", "Input, output and logging:"] {
        assert!(long.contains(heading), "{heading} groups the options");
    }
    for verb in ["until", "wait", "explain", "classify", "profiles", "state"] {
        assert!(long.contains(&format!("retry {verb}")), "{verb} is missing");
    }
    assert!(!long.contains("generate"), "generate is hidden");
}

#[test]
fn each_option_of_the_long_help_says_what_it_does() {
    for verb in [
        &["--help"][..],
        &["until", "--help"],
        &["wait", "--help"],
        &["explain", "--help"],
        &["state", "--help"],
    ] {
        let help = help(verb);
        let lines: Vec<_> = help.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].trim_start().starts_with("--")) {
            assert!(!pair[1].trim().is_empty(), "{} of {verb:?} says nothing", pair[0]);
        }
    }
}

#[test]
fn every_verb_has_help_of_its_own() {
    for (verb, usage) in [
        ("until", "Usage: retry until [OPTIONS] [--] COMMAND [ARG]..."),
        ("wait", "Usage: retry wait N [OPTIONS]"),
        ("explain", "Usage: retry explain [OPTIONS] [--] [COMMAND]..."),
        ("classify", "Usage: retry classify [OPTIONS] --exit CODE"),
        ("state", "Usage: retry state [OPTIONS] list|show KEY|check KEY|close KEY --for DURATION"),
        ("generate", "Usage: retry generate man|bash|zsh|fish"),
    ] {
        for flag in ["-h", "--help"] {
            let help = help(&[verb, flag]);
            assert!(help.contains(usage), "{usage:?} is missing in\n{help}");
        }
    }
    assert!(flags(&help(&["until", "--help"])).contains(&"for"));
    assert!(!flags(&help(&["wait", "--help"])).contains(&"retry-on"), "a wait judges nothing");
    assert!(!flags(&help(&["classify", "--help"])).contains(&"delay"), "a judgement waits for nothing");
}

#[test]
fn help_and_version_need_no_command_and_run_none() {
    let sandbox = Sandbox::new();
    for flag in ["-h", "--help", "-V", "--version"] {
        sandbox.run([flag, "touch", "ran"]).exits(0).says(&[]);
    }
    assert_eq!(sandbox.files(), [""; 0]);
    sandbox.run(["--version"]).exits(0).prints(concat!(
        "retry ",
        env!("CARGO_PKG_VERSION"),
        " (retry-command)\n"
    ));
}

#[test]
fn help_that_cannot_be_written_is_an_error_but_a_reader_who_left_is_not() {
    let sandbox = Sandbox::new();
    let retry = crate::support::RETRY;
    let script =
        format!("{retry} --help >/dev/full; echo $?; ({retry} --help; echo $? >&2) | head -n 1 >/dev/null");
    let mut shell = assert_cmd::Command::new("bash");
    let ran = super::harness::Ran::of(shell.args(["-c", &script]).current_dir(sandbox.path(".")));
    let ran = ran.prints("125\n");
    assert_eq!(ran.stderr, "retry: cannot write to stdout: No space left on device\n0\n");
}
