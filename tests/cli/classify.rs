//! `retry classify`: what a result would be judged as, and by which rule.

use serde_json::{Value as Json, json};

use crate::support::Sandbox;

#[track_caller]
fn json_of(args: &str) -> Json {
    let args: Vec<_> = args.split(' ').collect();
    let ran = Sandbox::new().run([&["classify", "--format", "json"], &args[..]].concat()).exits(0).says(&[]);
    assert_eq!(ran.text().lines().count(), 1, "an object a line");
    ran.json()
}

/// Options, then class, rule (`source/id`) and reason.
type Case = (&'static str, &'static str, &'static str, &'static str);

#[track_caller]
fn are_judged(cases: &[Case]) {
    for (args, class, rule, reason) in cases {
        let verdict = json_of(args);
        let source = verdict["rule"]["source"].as_str().expect("a source");
        let id = verdict["rule"]["id"].as_str().expect("an id");
        let judged =
            (verdict["class"].as_str().expect("a class"), format!("{source}/{id}"), &verdict["reason"]);
        assert_eq!(judged, (*class, (*rule).to_owned(), &json!(reason)), "{args}");
        let retryable = matches!(*class, "transient" | "throttled");
        assert_eq!(verdict["would_retry"], retryable, "{args}");
    }
}

#[test]
fn a_result_is_judged_by_what_is_known_of_it() {
    are_judged(&[
        ("--exit 0", "success", "builtin/exit-0", "exit 0"),
        ("--exit 1", "transient", "builtin/unmatched", "exit 1"),
        ("--exit 75", "transient", "builtin/tempfail", "exit 75"),
        ("--exit 255", "transient", "builtin/unmatched", "exit 255"),
        ("--killed-by KILL", "transient", "builtin/unmatched", "killed by SIGKILL"),
        ("--killed-by sigterm", "transient", "builtin/unmatched", "killed by SIGTERM"),
        ("--killed-by 11", "transient", "builtin/unmatched", "killed by SIGSEGV"),
        ("--killed-by INT", "permanent", "builtin/command-interrupted", "killed by SIGINT"),
        ("--killed-by QUIT", "permanent", "builtin/command-interrupted", "killed by SIGQUIT"),
        ("--timed-out", "transient", "builtin/timeout", "timeout"),
        ("--timed-out --exit 0", "transient", "builtin/timeout", "timeout"),
        ("--timed-out --killed-by INT", "transient", "builtin/timeout", "timeout"),
    ]);
}

#[test]
fn an_explicit_rule_is_stronger_than_what_is_known() {
    are_judged(&[
        ("--exit 1 --retry-on 1", "transient", "policy/retry-on", "exit 1"),
        ("--exit 2 --retry-on 1", "permanent", "builtin/otherwise", "exit 2"),
        ("--exit 2 --retry-on 1 --otherwise retry", "transient", "policy/otherwise", "exit 2"),
        ("--exit 1 --otherwise stop", "permanent", "policy/otherwise", "exit 1"),
        ("--exit 1 --permanent-on 1", "permanent", "policy/permanent-on", "exit 1"),
        ("--exit 1 --permanent-on 1 --retry-on 1", "permanent", "policy/permanent-on", "exit 1"),
        ("--exit 3 --permanent-on 2", "transient", "builtin/unmatched", "exit 3"),
        ("--exit 3 --permanent-on !2", "permanent", "policy/permanent-on", "exit 3"),
        ("--exit 2 --permanent-on !2", "transient", "builtin/unmatched", "exit 2"),
        ("--exit 7 --retry-on 5-9,!7", "permanent", "builtin/otherwise", "exit 7"),
        ("--exit 3 --success-on 0,3", "success", "policy/success-on", "exit 3"),
        ("--exit 0 --success-on 3", "transient", "builtin/unmatched", "exit 0"),
        ("--exit 0 --permanent-on 0", "success", "builtin/exit-0", "exit 0"),
        ("--killed-by KILL --retry-on SIGKILL", "transient", "policy/retry-on", "killed by SIGKILL"),
        ("--killed-by KILL --retry-on signal", "transient", "policy/retry-on", "killed by SIGKILL"),
        ("--killed-by KILL --retry-on 137", "transient", "policy/retry-on", "killed by SIGKILL"),
        ("--killed-by TERM --permanent-on SIGKILL", "transient", "builtin/unmatched", "killed by SIGTERM"),
        ("--killed-by INT --retry-on signal", "transient", "policy/retry-on", "killed by SIGINT"),
        ("--timed-out --retry-on timeout", "transient", "policy/retry-on", "timeout"),
        ("--timed-out --retry-on 1", "transient", "builtin/timeout", "timeout"),
        ("--timed-out --otherwise stop", "transient", "builtin/timeout", "timeout"),
        ("--timed-out --permanent-on timeout", "permanent", "policy/permanent-on", "timeout"),
        ("--timed-out --exit 0 --success-on 0", "transient", "builtin/timeout", "timeout"),
    ]);
}

#[test]
fn the_json_has_every_field_and_null_for_what_is_not_known() {
    let expected = json!({
        "class": "transient",
        "category": "transient",
        "kind": null,
        "rule": {"source": "builtin", "profile": null, "id": "unmatched"},
        "reason": "exit 1",
        "http_status": null,
        "retry_after_ms": null,
        "would_retry": true,
        "text_used": false,
    });
    assert_eq!(json_of("--exit 1"), expected);
    assert_eq!(json_of("--exit 1 -- frobnicate -f x"), expected, "a command is only for what is known of it");
    assert_eq!(json_of("--exit 1 --profile none -- curl -f x"), expected, "and nothing is to be known");
    assert_eq!(json_of("--timed-out")["kind"], "timeout");
}

#[test]
fn the_category_says_whose_failure_it_is() {
    for (args, category) in [
        ("--exit 0", Json::Null),
        ("--exit 1", json!("transient")),
        ("--timed-out", json!("transient")),
        ("--exit 1 --permanent-on 1", json!("user")),
        ("--killed-by INT", json!("user")),
    ] {
        assert_eq!(json_of(args)["category"], category, "{args}");
    }
}

#[test]
fn the_text_says_the_same_on_one_line() {
    let sandbox = Sandbox::new();
    for (args, line) in [
        ("--exit 0", "success: exit 0 (builtin/exit-0), done\n"),
        ("--exit 1", "transient: exit 1 (builtin/unmatched), would be retried\n"),
        ("--killed-by INT", "permanent: killed by SIGINT (builtin/command-interrupted), would end the run\n"),
        ("--timed-out", "transient: timeout (builtin/timeout), would be retried\n"),
        ("--exit 7 --permanent-on 7", "permanent: exit 7 (policy/permanent-on), would end the run\n"),
    ] {
        let args: Vec<_> = args.split(' ').collect();
        sandbox.run([&["classify"], &args[..]].concat()).exits(0).prints(line).says(&[]);
    }
}

#[test]
fn the_rules_may_come_from_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.p]\npermanent-on = [7]\n");
    let line = ["classify", "--exit", "7", "--config", "c.toml", "--policy", "p"];
    let ran = sandbox.run(line).exits(0);
    assert!(ran.text().starts_with("permanent: "), "{}", ran.text());
}

#[test]
fn an_http_status_may_be_a_condition() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "c.toml",
        "[[policy.default.rule]]\nclass = \"throttled\"\nhttp = 403\nreason = \"quota\"\n\
         [[policy.default.rule]]\nclass = \"permanent\"\nexit = 1\nhttp = [\"500-502\", 504]\n",
    );
    for (status, attempts) in [(403, 3), (502, 1), (503, 3), (504, 1)] {
        let script = format!("echo x >>runs; echo 'HTTP/1.1 {status} x'; exit 1");
        sandbox.run(["--config", "c.toml", "--delay", "1ms", "--", "sh", "-c", &script]).exits(1);
        assert_eq!(sandbox.read("runs").lines().count(), attempts, "{status}");
        std::fs::remove_file(sandbox.path("runs")).expect("runs");
        sandbox.write("out", format!("HTTP/1.1 {status} x"));
        let line =
            ["classify", "--config", "c.toml", "--exit", "1", "--stdout-file", "out", "--format", "json"];
        let json = sandbox.run([&line[..], &["-p", "none"]].concat()).exits(0).json();
        assert_eq!(json["would_retry"], attempts == 3, "{status}");
    }
    for (rule, why) in [("http = 99", "invalid HTTP statuses '99'"), ("http = true", "http must be")] {
        sandbox.write("bad.toml", format!("[[policy.default.rule]]\nclass = \"permanent\"\n{rule}\n"));
        sandbox.run(["--config", "bad.toml", "--", "true"]).exits(125).mentions(&["bad.toml:3:8", why]);
    }
}

#[test]
fn output_that_another_option_captures_says_nothing_of_an_unknown_command() {
    let sandbox = Sandbox::new();
    let tool = sandbox.script("tool", "#!/bin/sh\necho x >>runs; echo 'error: 404 Not Found' >&2; exit 1\n");
    let tool = tool.to_str().expect("a path");
    for option in [&["-O"][..], &["--chronic"], &["--stderr", "last"], &["--throttle-match", "zz"]] {
        for command in [&[tool][..], &["sh", tool]] {
            sandbox.run([&["--delay", "1ms"], option, &["--"], command].concat()).exits(1);
            assert_eq!(sandbox.read("runs").lines().count(), 3, "{option:?} {command:?}");
            std::fs::remove_file(sandbox.path("runs")).expect("runs");
        }
    }
}

#[test]
fn a_moment_may_have_an_offset() {
    let sandbox = Sandbox::new();
    sandbox.write("err", "HTTP/1.1 429 x\nRetry-After: Sat, 21 Nov 2026 20:00:00 GMT\n");
    for now in ["2026-11-21T19:59:30Z", "2026-11-21T20:59:30+01:00", "2026-11-21T10:29:30.5-09:30"] {
        let line = ["classify", "--exit", "22", "--stderr-file", "err", "--now", now, "--format", "json"];
        let json = sandbox.run([&line[..], &["--", "curl"]].concat()).exits(0).json();
        assert_eq!(json["retry_after_ms"], 30_000.0, "{now}");
    }
    sandbox
        .run(["classify", "--exit", "1", "--now", "21:00"])
        .exits(125)
        .mentions(&["--now '21:00'", "+02:00"]);
}

#[test]
fn a_shells_string_is_judged_as_its_first_command() {
    let sandbox = Sandbox::new();
    let json =
        sandbox.run(["classify", "--exit", "6", "--format", "json", "-c", "curl -f x | cat"]).exits(0).json();
    assert_eq!((&json["rule"]["profile"], &json["rule"]["id"]), (&"curl".into(), &"dns".into()));
}

#[test]
fn a_batch_takes_what_other_languages_write() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "batch",
        "{\"exit_code\": 1, \"stderr\": \"caf\\udce9 rate limit exceeded\", \"argv\": [\"gh\", \"\\udcff\"]}\n\
         {\"exit_code\": -9}\n{\"exit_code\": 1.0, \"signal\": \"\"}\n{\"exit_code\": 1.5}\n{\"exit_code\": -99}\n",
    );
    let text = sandbox.run(["classify", "--batch", "batch"]).exits(0).text();
    let answers: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers[0]["class"], "throttled");
    assert_eq!(answers[1]["reason"], "killed by SIGKILL");
    assert_eq!(answers[2]["reason"], "exit 1");
    for bad in &answers[3..] {
        assert!(bad["error"].as_str().is_some_and(|why| why.contains("invalid exit status")), "{bad}");
    }
}

#[test]
fn who_writes_a_batch_line_by_line_is_answered_line_by_line() {
    use std::io::{BufRead as _, Write as _};
    let sandbox = Sandbox::new();
    let mut judge = sandbox
        .spawnable(["classify", "--batch", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("retry starts");
    let mut lines = judge.stdin.take().expect("its stdin");
    let mut answers = std::io::BufReader::new(judge.stdout.take().expect("its stdout")).lines();
    for code in [0, 1] {
        writeln!(lines, "{{\"exit_code\": {code}}}").expect("it reads");
        let answer = answers.next().expect("an answer").expect("a line");
        assert!(answer.contains(if code == 0 { "success" } else { "transient" }), "{answer}");
    }
    drop(lines);
    assert!(judge.wait().expect("its status").success());
}

#[test]
fn what_is_classified_is_what_a_run_does() {
    let sandbox = Sandbox::new();
    let fixture = crate::support::fixture();
    for (result, command) in [
        (&["--exit", "1"][..], &[fixture, "exit", "1"][..]),
        (&["--exit", "75"], &[fixture, "exit", "75"]),
        (&["--killed-by", "SEGV"], &[fixture, "kill-self", "SEGV"]),
        (&["--killed-by", "INT"], &[fixture, "kill-self", "INT"]),
        (&["--exit", "1", "--permanent-on", "1"], &[fixture, "exit", "1"]),
        (&["--exit", "1", "--retry-on", "2"], &[fixture, "exit", "1"]),
    ] {
        let verdict = sandbox.run([&["classify", "--format", "json"], result].concat()).exits(0).json();
        let judging = &result[2..];
        sandbox.run([judging, &["--no-retry", "-q", "--log", "log", "--"], command].concat());
        let seen = super::harness::one(&sandbox.log("log"), "attempt.failed").clone();
        for field in ["class", "category", "reason"] {
            assert_eq!(seen[field], verdict[field], "{field} of {result:?}");
        }
        assert_eq!(seen["rule"]["id"], verdict["rule"]["id"], "{result:?}");
        std::fs::remove_file(sandbox.path("log")).expect("the log");
    }
}

#[test]
fn stdin_is_one_of_the_streams_and_only_one() {
    let sandbox = Sandbox::new();
    for stream in ["--stderr-file", "--stdout-file"] {
        let line = ["classify", "--exit", "1", "-p", "generic", stream, "-"];
        let mut command = sandbox.retry(line);
        let ran = super::harness::Ran::of(command.write_stdin("429 Too Many Requests\n")).exits(0);
        assert!(ran.text().starts_with("throttled"), "{stream}: {}", ran.text());
    }
    let both = ["classify", "--exit", "1", "--stderr-file", "-", "--stdout-file", "-"];
    sandbox.run(both).exits(125).mentions(&["--stdout-file - and --stderr-file - conflict"]);
}

#[test]
fn a_line_of_a_batch_that_is_no_object_is_told_what_one_is() {
    let sandbox = Sandbox::new();
    sandbox.write("batch", "[]\n5\n\n {\"exit_code\": 0}\n");
    let text = sandbox.run(["classify", "--batch", "batch"]).exits(0).text();
    let lines: Vec<_> = text.lines().collect();
    for line in &lines[..3] {
        assert!(line.contains(r#"not a result: use a JSON object such as {\"exit_code\": 1}"#), "{line}");
    }
    assert!(lines[3].contains("success"), "{}", lines[3]);
}
