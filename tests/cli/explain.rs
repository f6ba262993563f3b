//! `retry explain`: the resolved policy, where each value came from, and the waits it makes.

use serde_json::{Value as Json, json};

use crate::support::Sandbox;

/// The lines of a text without their padding.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_text_shows_each_setting_with_its_value_and_its_source() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.api]\ndelay = \"500ms\"\nretry-on = [6, \"timeout\"]\n");
    let line =
        ["explain", "--full", "--config", "c.toml", "--policy", "api", "--max", "4", "--label", "team=data"];
    let text = sandbox.run_in(&[("RETRY_OPT_JITTER", "25%")], line).exits(0).says(&[]).text();
    let lines = lines(&text);
    assert_eq!(lines[0], "policy 'api'");
    for expected in [
        "max 4 flag",
        "delay 500ms file:c.toml:2",
        "jitter 25% env:RETRY_OPT_JITTER",
        "retry-on 6,timeout file:c.toml:3",
        "label team=data flag",
        "deadline - default",
        "factor 2 default",
        "success-on 0 default",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} is missing in\n{text}");
    }
    let keys = sandbox.explain(&[]).0["policy"].as_object().expect("a policy").len();
    let shown = lines.iter().filter(|line| line.ends_with("default") || line.ends_with("flag")).count();
    assert_eq!(shown, keys - 3, "the others are of the file and the environment");
}

#[test]
fn the_text_shows_what_is_not_default_then_the_schedule() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.default]\nfactor = 3\n");
    let text = sandbox.run(["explain", "--config", "c.toml", "--deadline", "1m"]).exits(0).says(&[]).text();
    let lines = lines(&text);
    let settings: Vec<_> = lines.iter().take_while(|line| !line.contains("--full")).collect();
    assert_eq!(
        settings,
        ["policy", "max inf default", "deadline 1m flag", "factor 3 file:c.toml:2"],
        "{text}"
    );
    assert!(text.contains("retry        min"), "{text}");
    let nothing = sandbox.run(["explain"]).exits(0).says(&[]).text();
    assert!(nothing.starts_with("all settings"), "{nothing}");
    let until = sandbox.run(["explain", "--policy", "until"]).exits(0).text();
    assert!(until.contains("builtin:until") && !until.contains("kill-after"), "{until}");
}

#[test]
fn no_number_of_attempts_is_too_large_to_explain() {
    let sandbox = Sandbox::new();
    for max in ["100000000000", "400000000000000000", "18446744073709551615"] {
        for backoff in ["fixed", "decorrelated", "1s,30years"] {
            let line = ["explain", "--max", max, "--backoff", backoff];
            sandbox.run(line).exits(0).says(&[]);
            let long = ["--format", "json", "--timeout", "30years", "--max-delay", "30years"];
            sandbox.run([&line[..], &long].concat()).exits(0);
        }
    }
    let worst = sandbox.explain(&["--max", "5000000001", "--delay", "0", "--timeout", "1s"]).0;
    assert_eq!(worst["worst_case_ms"], 5_000_000_001_000_u64, "beyond 32 bits, too");
}

#[test]
fn the_mean_of_decorrelated_waits_knows_the_cap() {
    let explained =
        Sandbox::new().explain(&["-b", "decorrelated", "-d", "1", "--max-delay", "10", "--max", "7"]);
    for ([_, mean, _], expected) in
        explained.schedule().iter().zip([2000.0, 3500.0, 5230.0, 6260.0, 6790.0, 7070.0])
    {
        assert!((mean - expected).abs() < 20.0, "{mean}, not {expected}");
    }
}

#[test]
fn the_text_shows_the_waits_and_what_bounds_the_run() {
    let sandbox = Sandbox::new();
    for (options, expected) in [
        (
            &["--max", "3"][..],
            &[
                "up to 3 attempts; waits between them:",
                "1 500ms 750ms 1s",
                "2 1s 1.5s 2s",
                "all 1.5s 2.2s 3s",
                "no time limit; add --deadline or --timeout",
            ][..],
        ),
        (&["--no-retry"], &["one attempt, no waits"]),
        (&["--max", "2", "--timeout", "2s"], &["1 500ms 750ms 1s", "worst case: 5s"]),
        (
            &["--deadline", "5s"],
            &[
                "any number of attempts; waits between them:",
                "the run ends after 5s (the deadline) at the latest",
            ],
        ),
        (&["--max", "inf"], &["100 30s 45s 1m", "… and so on"]),
    ] {
        let text = sandbox.run([&["explain"], options].concat()).exits(0).says(&[]).text();
        for line in expected {
            assert!(lines(&text).iter().any(|shown| shown == line), "{line:?} is missing in\n{text}");
        }
    }
}

#[test]
fn the_json_has_the_policy_the_schedule_and_the_bounds_and_nothing_else() {
    let explained = Sandbox::new().explain(&["--max", "3", "--timeout", "10s", "--jitter", "none"]).0;
    let keys = |value: &Json| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&explained), ["policy", "schedule", "waits_ms", "worst_case_ms"]);
    for (key, setting) in explained["policy"].as_object().expect("a policy") {
        assert_eq!(keys(setting), ["value", "source"], "{key}");
    }
    let rows = json!([
        {"retry": 1, "min_ms": 1000, "mean_ms": 1000, "max_ms": 1000},
        {"retry": 2, "min_ms": 2000, "mean_ms": 2000, "max_ms": 2000},
    ]);
    assert_eq!(explained["schedule"], rows);
    assert_eq!(explained["waits_ms"], json!({"min": 3000, "mean": 3000, "max": 3000}));
    assert_eq!(explained["worst_case_ms"], 33_000);
}

#[test]
fn what_nothing_bounds_is_null() {
    let sandbox = Sandbox::new();
    let attempts_only = sandbox.explain(&["--max", "3"]).0;
    assert_eq!(attempts_only["waits_ms"], json!({"min": 1500, "mean": 2250, "max": 3000}));
    assert_eq!(attempts_only["worst_case_ms"], Json::Null);
    let forever = sandbox.explain(&["--max", "inf", "--timeout", "1s"]).0;
    assert_eq!(forever["waits_ms"], Json::Null);
    assert_eq!(forever["worst_case_ms"], Json::Null);
    let bounded = sandbox.explain(&["--max", "inf", "--deadline", "1h", "--delay", "1ms", "-b", "fixed"]).0;
    assert_eq!(bounded["waits_ms"], Json::Null, "not the sum of the first hundred");
    assert_eq!(bounded["worst_case_ms"], 3_600_000);
}

#[test]
fn there_is_a_row_for_each_possible_retry_and_at_most_a_hundred() {
    let sandbox = Sandbox::new();
    let rows = |options: &[&str]| sandbox.explain(options).schedule().len();
    assert_eq!(rows(&["--max", "1"]), 0);
    assert_eq!(rows(&["--no-retry", "--max", "9"]), 0);
    assert_eq!(rows(&["--max", "9"]), 8);
    assert_eq!(rows(&["--max", "101"]), 100);
    assert_eq!(rows(&["--max", "inf"]), 100);
    let many = sandbox.explain(&["--max", "201", "--backoff", "fixed", "--jitter", "none"]);
    assert_eq!(many.schedule().len(), 100);
    assert_eq!(many.0["waits_ms"]["max"], 200_000, "waits beyond the rows are counted");
}

#[test]
fn a_deadline_bounds_the_attempts_the_waits_and_the_worst_case() {
    let sandbox = Sandbox::new();
    let explained = sandbox.explain(&["--deadline", "10s", "--backoff", "fixed", "--jitter", "none"]);
    assert_eq!((explained.value("max"), explained.source("max")), (&json!("inf"), "default"));
    assert_eq!(explained.schedule().len(), 9, "the tenth wait would be over at the deadline");
    assert_eq!(explained.0["worst_case_ms"], 10_000);
    let given = sandbox.explain(&["--deadline", "10s", "--max", "3"]);
    assert_eq!(given.value("max"), 3, "a number that was given stands");
    let aggressive = sandbox.explain(&["--deadline", "10s", "--policy", "aggressive"]);
    assert_eq!(aggressive.value("max"), 5, "a policy's as well");
}

#[test]
fn delays_are_the_mean_waits_in_seconds_on_one_line() {
    let sandbox = Sandbox::new();
    for (options, line) in [
        (&["--max", "4", "--jitter", "none"][..], "1 2 4\n"),
        (&["--max", "3"], "0.75 1.5\n"),
        (&["--max", "3", "--delay", "1ms", "--jitter", "none"], "0.001 0.002\n"),
        (&["--max", "1"], "\n"),
    ] {
        let args = [&["explain", "--format", "delays"], options].concat();
        sandbox.run(args).exits(0).prints(line).says(&[]);
    }
}

#[test]
fn a_default_that_follows_from_another_option_is_shown_as_it_is_in_force() {
    let explained = Sandbox::new().explain(&["--delay", "2m"]);
    assert_eq!(explained.value("max-delay"), "2m");
    assert_eq!(explained.0["schedule"][0]["max_ms"], 120_000);
}

#[test]
fn nothing_is_run_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    for options in [&[][..], &["--format", "json"], &["--format", "delays"], &["--all"]] {
        sandbox
            .run([&["explain", "--log", "log"], options, &["--", "touch", "ran"]].concat())
            .exits(0)
            .says(&[]);
    }
    assert_eq!(sandbox.files(), [""; 0]);
}

#[test]
fn what_until_begins_with_is_a_policy_that_can_be_explained() {
    let explained = Sandbox::new().explain(&["--policy", "until"]);
    for (key, value) in [
        ("max", json!("inf")),
        ("deadline", json!("5m")),
        ("backoff", json!("fixed")),
        ("delay", json!("1s")),
        ("jitter", json!("10%")),
    ] {
        assert_eq!((explained.value(key), explained.source(key)), (&value, "builtin:until"), "{key}");
    }
}

#[test]
#[cfg(has_subreaper)]
fn nothing_is_said_of_a_system_that_has_all_that_is_used() {
    let text = Sandbox::new().run(["explain", "--", "true"]).exits(0).says(&[]).text();
    assert!(!text.contains("on this system"), "{text}");
}

#[test]
#[cfg(not(has_subreaper))]
fn the_text_says_what_cannot_be_done_on_this_system() {
    let text = Sandbox::new().run(["explain", "--", "true"]).exits(0).says(&[]).text();
    let (_, said) = text.split_once("\non this system:\n").expect("the part of the system");
    let expected = retry_command::base::lacking::consequences().collect::<Vec<_>>();
    assert_eq!(lines(said), expected);
    assert!(said.contains("a timeout may miss processes whose parent has ended, such as daemons"), "{said}");
    assert_eq!(
        said.contains("a timeout stops only the command itself"),
        cfg!(not(has_process_list)),
        "{said}"
    );
}

#[test]
fn an_unknown_command_is_judged_by_what_the_rules_given_read() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[[policy.api.rule]]\nclass = \"permanent\"\nhttp = \"404\"\n");
    for (options, said) in [
        (&[][..], "only its exit status is used"),
        (&["--progress-match", "x", "--progress-timeout", "1m"], "only its exit status is used"),
        (&["--permanent-match", "no such"], "its exit status and the rules given are used (reads stderr)"),
        (&["--throttle-match", "stdout:x"], "its exit status and the rules given are used (reads stdout)"),
        (
            &["--retry-match", "both:x"],
            "its exit status and the rules given are used (reads stdout and stderr)",
        ),
        (&["--success-match", "x"], "its exit status and the rules given are used (reads stdout and stderr)"),
        (
            &["--config", "c.toml", "--policy", "api"],
            "its exit status and the rules given are used (reads stdout and stderr)",
        ),
    ] {
        let text = sandbox.run([&["explain"], options, &["--", "./deploy.sh"]].concat()).exits(0).text();
        assert!(text.contains(&format!("no profile for this command: {said}\n")), "{options:?}: {text}");
    }
}
