//! How a command line is read: where options end, how they add up, which words are verbs.

use serde_json::json;

use crate::support::{Sandbox, fixture};

#[test]
fn options_end_at_the_command_word() {
    let sandbox = Sandbox::new();
    for (line, printed) in [
        (&["echo", "-n", "x"][..], "x"),
        (&["echo", "--max", "0"], "--max 0\n"),
        (&["echo", "-h"], "-h\n"),
        (&["echo", "-V", "-q"], "-V -q\n"),
        (&["--max", "2", "echo", "--no-such-option"], "--no-such-option\n"),
        (&["until", "echo", "--for", "soon"], "--for soon\n"),
    ] {
        sandbox.run(line).exits(0).prints(printed).says(&[]);
    }
}

#[test]
fn only_the_first_double_dash_is_dropped() {
    let sandbox = Sandbox::new();
    for (line, printed) in [
        (&["--", "echo", "--", "x"][..], "-- x\n"),
        (&["echo", "--", "x"], "-- x\n"),
        (&["--", "echo", "x", "--"], "x --\n"),
        (&["-q", "--", "echo", "--max", "0"], "--max 0\n"),
        (&["until", "--", "echo", "--", "--"], "-- --\n"),
    ] {
        sandbox.run(line).exits(0).prints(printed).says(&[]);
    }
    sandbox.run(["--", "--", "echo"]).exits(127).prints("").mentions(&["(--: command not found)"]);
}

#[test]
fn values_may_be_attached_and_short_options_may_stand_together() {
    let sandbox = Sandbox::new();
    for options in
        [&["-n4"][..], &["-n", "4"], &["--max=4"], &["--max", "4"], &["--attempts", "4"], &["-qn4"]]
    {
        let line = [options, &["--", fixture(), "env", "RETRY_ATTEMPT_LIMIT"]].concat();
        sandbox.run(line).exits(0).prints("RETRY_ATTEMPT_LIMIT=4\n");
    }
}

#[test]
fn the_last_single_value_wins() {
    let explained =
        Sandbox::new().explain(&["--max", "3", "--delay", "1s", "--max", "4", "-d", "2s", "-q", "-q"]);
    assert_eq!(explained.value("max"), 4);
    assert_eq!(explained.value("delay"), "2s");
    assert_eq!(explained.value("quiet"), true);
    assert_eq!(Sandbox::new().explain(&["--retries", "3", "--retries", "4"]).value("max"), 5);
    assert_eq!(Sandbox::new().explain(&["--max", "3", "--attempts", "4"]).value("max"), 4);
}

#[test]
fn lists_add_up_within_the_command_line() {
    let explained = Sandbox::new().explain(&[
        "--retry-on",
        "1,5-9",
        "--label",
        "a=1",
        "--retry-on",
        "SIGKILL",
        "--permanent-on=2",
        "--success-on=0",
        "--label",
        "b=2",
        "--permanent-on",
        "!3",
        "--success-on",
        "4",
        "--label=a=3",
    ]);
    assert_eq!(explained.value("retry-on"), &json!(["1", "5-9", "SIGKILL"]));
    assert_eq!(explained.value("permanent-on"), &json!(["2", "!3"]));
    assert_eq!(explained.value("success-on"), &json!(["0", "4"]));
    assert_eq!(explained.value("label"), &json!({"a": "3", "b": "2"}));
}

#[test]
fn a_stronger_layer_replaces_a_list() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.default]\nretry-on = [1, \"2\"]\nlabel = { a = \"1\" }\n");
    let explained = sandbox.explain(&["--config", "c.toml", "--retry-on", "3", "--label", "b=2"]);
    assert_eq!(explained.value("retry-on"), &json!(["3"]));
    assert_eq!(explained.value("label"), &json!({"b": "2"}));
}

#[test]
fn large_times_are_held_at_thirty_years_and_zero_bounds_are_none() {
    let explained = Sandbox::new().explain(&["--timeout", "1e30", "--deadline", "0", "--reset-after", "0s"]);
    let thirty_years = Sandbox::new().explain(&["--timeout", "262800h"]);
    assert_eq!(explained.value("timeout"), thirty_years.value("timeout"));
    assert_eq!(explained.value("deadline"), &json!(null));
    assert_eq!(explained.value("reset-after"), &json!(null));
    assert_eq!(explained.value("max"), 3, "no deadline, so the usual number");
}

#[test]
fn durations_are_read_as_people_write_them() {
    for (typed, shown) in [
        ("500ms", "500ms"),
        ("1m 30s", "1m 30s"),
        ("2h", "2h"),
        ("0.5", "500ms"),
        ("90", "1m 30s"),
        ("1e3", "16m 40s"),
    ] {
        assert_eq!(Sandbox::new().explain(&["--timeout", typed]).value("timeout"), shown, "{typed}");
    }
}

#[test]
fn a_verb_is_one_only_as_the_very_first_word() {
    let sandbox = Sandbox::new();
    for word in ["explain", "wait", "until", "classify", "generate"] {
        let why = format!("({word}: command not found)");
        sandbox.run(["--max", "3", word]).exits(127).prints("").mentions(&[&why]);
        sandbox.run(["--", word]).exits(127).prints("").mentions(&[&why]);
    }
}

#[test]
fn a_command_named_like_a_verb_is_reached_with_a_double_dash() {
    let sandbox = Sandbox::new();
    for word in [
        "until", "wait", "explain", "classify", "profiles", "report", "simulate", "replay", "state",
        "generate",
    ] {
        let script = sandbox.script(&format!("bin/{word}"), "#!/bin/sh\necho \"the command $0 $*\"\n");
        let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
        let printed = format!("the command {} list\n", script.display());
        sandbox.run_in(&[("PATH", &path)], ["--", word, "list"]).exits(0).prints(&printed).says(&[]);
    }
}

#[test]
fn a_shell_is_given_the_string_and_further_words_as_its_arguments() {
    let sandbox = Sandbox::new();
    for (line, printed) in [
        (&["-c", "echo $1-$2", "a b", "c"][..], "a b-c\n"),
        (&["-c", "--", "echo $# | tr 0 z"], "z\n"),
        (&["--shell", "exit 0"], ""),
        (&["-qc", "echo $0"], "sh\n"),
        (&["--shell=bash", "echo $- | tr -cd e; echo ${BASH_VERSION:+bash}"], "ebash\n"),
        (&["-c=/bin/sh", "echo $0"], "/bin/sh\n"),
    ] {
        sandbox.run(line).exits(0).prints(printed).says(&[]);
    }
    sandbox.run(["-q", "--no-retry", "--shell=bash", "false | true"]).exits(1);
    sandbox.run(["-q", "--no-retry", "--shell", "false | true"]).exits(0);
}
