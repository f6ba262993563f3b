//! What is answered, and with which status.

use serde_json::json;

use super::logged;
use crate::support::Sandbox;

#[test]
fn a_log_is_summed_up_for_people_and_for_programs() {
    let sandbox = logged();
    let text = sandbox.report(&["log"]).exits(0).says(&[]).text();
    assert!(text.starts_with("4 runs of 3 operations, "), "{text}");
    for row in
        ["  first try        1   25.0 %", "  rescued          2   50.0 %", "  failed           1   25.0 %"]
    {
        assert!(text.contains(row), "{row} is missing in {text}");
    }
    assert!(text.contains("exhausted 1"), "{text}");
    let report = sandbox.report(&["--format", "json", "log"]).exits(0).says(&[]).json();
    assert_eq!(report["schema"], 1);
    let counts = ["runs", "succeeded", "first_try", "rescued", "failed", "unfinished", "skipped_lines"];
    assert_eq!(counts.map(|key| report[key].as_u64().expect(key)), [4, 3, 1, 2, 1, 0, 0]);
    assert_eq!(report["outcomes"]["succeeded"], 3);
    assert_eq!(report["attempts"]["total"], 9);
    let nightly = &report["by_name"][0];
    assert_eq!(
        (&nightly["name"], &nightly["runs"], &nightly["rescued"]),
        (&json!("nightly"), &json!(2), &json!(2))
    );
    let schema = sandbox.run(["generate", "report-schema"]).exits(0).json();
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(schema.is_valid(&report), "{report:#}");
    assert!(!schema.is_valid(&json!({"schema": 1})), "the schema asks for something");
}

#[test]
fn a_table_has_so_many_rows_and_says_what_it_left_out() {
    let sandbox = logged();
    let [all, short] = ["3", "1"].map(|top| sandbox.report(&["--top", top, "log"]).exits(0).says(&[]).text());
    assert!(!all.contains("(--top"), "{all}");
    assert!(short.contains("and 2 more operations (--top 3 shows all)"), "{short}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let sandbox = logged();
    for format in ["text", "json"] {
        let once = sandbox.report(&["--format", format, "log"]).exits(0).stdout;
        for _ in 0..5 {
            assert!(sandbox.report(&["--format", format, "log"]).stdout == once, "{format}");
        }
    }
}

#[test]
fn filters_choose_the_runs() {
    let sandbox = logged();
    let runs = |args: &[&str]| {
        sandbox.report(&[&["--format", "json", "log"], args].concat()).exits(0).json()["runs"].clone()
    };
    assert_eq!(runs(&["--name", "night*"]), 2);
    assert_eq!(runs(&["--name", "night*", "--name", "hourly"]), 3);
    assert_eq!(runs(&["--outcome", "exhausted"]), 1);
    assert_eq!(runs(&["--since", "1h"]), 4);
    assert_eq!(runs(&["--until", "1h"]), 0);
    assert_eq!(runs(&["--host", "nowhere.*"]), 0);
    assert_eq!(runs(&["--label", "team=data"]), 0);
    sandbox
        .report(&["--outcome", "suceeded", "log"])
        .exits(125)
        .says(&["retry: unknown outcome 'suceeded'", "retry: hint: did you mean succeeded?"]);
    sandbox.report(&["--since", "noon", "log"]).exits(125).mentions(&["--since: invalid time 'noon'"]);
}

#[test]
fn a_bound_that_is_exceeded_is_exit_1_with_a_line_why() {
    let sandbox = logged();
    sandbox.report(&["--max-rescued", "2", "--max-failed", "25%", "log"]).exits(0).says(&[]);
    let ran = sandbox.report(&["--max-rescued", "5%", "--max-failed", "1", "log"]).exits(1);
    let ran = ran.says(&["retry: 2 of 4 runs (50.0 %) were rescued, more than --max-rescued 5%"]);
    assert!(ran.text().starts_with("4 runs"), "the report is there all the same");
    sandbox.report(&["--max-failed", "few", "log"]).exits(125).mentions(&["invalid --max-failed 'few'"]);
}

#[test]
fn a_page_colours_attempts_by_how_their_runs_ended() {
    let sandbox = Sandbox::new();
    sandbox.run(["-q", "-n1", "--log", "log", "--", "false"]).exits(1);
    let page = sandbox.report(&["--format", "html", "log"]).exits(0).text();
    let chart = page.split("<title>Attempts</title>").nth(1).and_then(|rest| rest.split("</svg>").next());
    let chart = chart.expect("a chart");
    assert!(chart.contains("<rect class=\"failed\"") && !chart.contains("class=\"good\""), "{chart}");
    let window = page.split("operation, ").nth(1).and_then(|rest| rest.split(" UTC").next()).expect("a time");
    assert!(window.split_once(" to ").is_none_or(|(from, to)| from != to), "{window}");
    let counts = &sandbox.report(&["--format", "json", "log"]).exits(0).json()["attempts"]["histogram"][0];
    assert_eq!(*counts, json!({"attempts": 1, "runs": 1, "first_try": 0, "rescued": 0, "failed": 1}));
}

#[test]
fn a_killed_run_is_named_selected_and_bounded() {
    let sandbox = logged();
    let whole = String::from_utf8(std::fs::read(sandbox.path("log")).expect("a log")).expect("text");
    let lines = whole.lines().filter(|line| !(line.contains("run.stop") && line.contains("hourly")));
    sandbox.write("cut", &(lines.collect::<Vec<_>>().join("\n") + "\n"));
    let summary = |args: &[&str]| {
        let text = sandbox.report(&[&["--format", "markdown", "cut"], args].concat()).exits(0).text();
        text.lines().next().expect("a headline").to_owned()
    };
    let hint = "**1 run has no end**: it was killed, or is still running.";
    assert_eq!(summary(&[]), format!("**2 of 3 runs were rescued by a retry**, 1 failed. {hint}"));
    assert_eq!(summary(&["--outcome", "unfinished"]), hint);
    assert_eq!(summary(&["--outcome", "exhausted"]), "**The only run failed.**");
    assert_eq!(summary(&["--name", "nothing"]), "**There are no runs.**");
    let text = sandbox.report(&["--outcome", "unfinished", "cut"]).exits(0).text();
    assert!(text.contains("unfinished       1"), "{text}");
    sandbox.report(&["--max-failed", "1", "--max-unfinished", "25%", "cut"]).exits(0).says(&[]);
    sandbox
        .report(&["--max-failed", "1", "--max-unfinished", "0", "cut"])
        .exits(1)
        .says(&["retry: 1 of 4 runs (25.0 %) has no end, more than --max-unfinished 0"]);
}

#[test]
fn one_run_is_told_and_its_verdict_can_be_repeated() {
    let sandbox = logged();
    let text = sandbox.report(&["--run", "last", "log"]).exits(0).says(&[]).text();
    assert!(text.contains("of fixture on "), "{text}");
    for part in ["attempt 1/2", "attempt 2/2", "wait ", "end: gave up on fixture after 2 attempts", "exit 3"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let again = text.lines().last().expect("a command").trim();
    let words: Vec<_> = again.split(' ').skip(1).collect();
    sandbox.run(&words).exits(0).prints("transient: exit 3 (builtin/unmatched), would be retried\n");
    let first = sandbox.log("log")[0]["run"].as_str().expect("an id").to_owned();
    let told = sandbox.report(&["--run", &first, "log"]).exits(0).text();
    assert!(told.starts_with(&format!("run {first} of nightly on ")), "{told}");
    let one = sandbox.report(&["--run", &first, "--format", "json", "log"]).exits(0).json();
    assert_eq!((&one["runs"], &one["rescued"]), (&json!(1), &json!(1)));
    // With the run's own settings, as its log tells them, and what it said.
    let own =
        ["--permanent-match", "no 'luck'", "--permanent-on", "9", "--log", "own", "-q", "--", "sh", "-c"];
    let said = ["echo \"no 'luck'\" >&2; exit $((3 + 6 * ${1:-0}))"];
    for (more, class) in [(&["x", "0"][..], "permanent: exit 3"), (&["x", "1"], "permanent: exit 9")] {
        let _failed = sandbox.run([&own[..], &said, more].concat());
        let told = sandbox.report(&["--run", "last", "own"]).exits(0).text();
        let again = told.lines().last().expect("a command").trim();
        let path = std::path::Path::new(crate::support::RETRY).parent().expect("a directory").display();
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", &format!("PATH={path}:$PATH; {again}")]).env("HOME", sandbox.path(""));
        let output = shell.output().expect("bash");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with(class), "{again}: {text}");
    }
    sandbox.report(&["--run", "zz", "log"]).exits(125).says(&["retry: no run begins with 'zz'"]);
    sandbox.report(&["--run", "0", "log"]).exits(125).mentions(&["more than one run begins with '0'"]);
}

#[test]
fn the_last_run_is_the_last_of_those_that_the_filters_take() {
    let sandbox = logged();
    sandbox.run(["-q", "--name", "good", "--log", "log", "--", "true"]).exits(0);
    let told = |options: &[&str]| sandbox.report(&[&["--run", "last", "log"], options].concat()).text();
    assert!(told(&[]).contains(" of good on "));
    assert!(told(&["--outcome", "exhausted"]).contains(" of fixture on "));
    assert!(told(&["--outcome", "succeeded", "--until", "0s"]).contains(" of good on "));
    sandbox
        .report(&["--run", "last", "--outcome", "stalled", "log"])
        .exits(125)
        .says(&["retry: no run is in the log"]);
}

#[test]
fn an_attempt_without_an_end_and_the_line_that_matched_are_told() {
    let sandbox = logged();
    let log = sandbox.read("log");
    let (cut, _) = log.rsplit_once("\"event\":\"attempt.failed\"").expect("a failure");
    sandbox.write("cut", &cut[..=cut.rfind('\n').expect("a line")]);
    let text = sandbox.report(&["--run", "last", "cut"]).exits(0).text();
    assert!(text.contains("\nno end was logged"), "{text}");
    assert!(text.contains("attempt 2/2") && text.contains(": no end was logged\n"), "{text}");
    let said = "echo the rate limit; for n in 1 2 3 4 5 6; do echo line $n; done; exit 1";
    let options =
        ["-q", "-n", "1", "--throttle-match", "stdout:rate limit", "--log-tail", "2k", "--log", "own"];
    sandbox.run([&options[..], &["--", "sh", "-c", said]].concat()).exits(1);
    let text = sandbox.report(&["--run", "last", "own"]).exits(0).text();
    assert!(text.contains("it matched: the rate limit\n") && text.contains("| line 6\n"), "{text}");
    assert!(!text.contains("| the rate limit"), "it is not among the last lines: {text}");
}

#[test]
fn no_runner_of_a_ci_system_obeys_a_name() {
    let sandbox = Sandbox::new();
    for name in ["::error::x", "##[error]x", "##vso[task.complete]x"] {
        sandbox.run(["-q", "-n", "1", "--name", name, "--log", "log", "--", "false"]).exits(1);
    }
    for format in ["text", "json", "markdown", "html", "junit", "prometheus", "trace"] {
        let text = sandbox.run_in(&[("CI", "true")], ["report", "--format", format, "log"]).exits(0).text();
        assert!(!text.contains("##[") && !text.contains("##vso["), "{format}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{format}: {text}");
    }
    let told = sandbox.run_in(&[("CI", "true")], ["report", "--run", "last", "log"]).exits(0).text();
    assert!(told.contains("# #vso["), "{told}");
}

#[test]
fn more_groups_than_are_told_apart_are_a_warning() {
    let sandbox = logged();
    let log = sandbox.read("log");
    let stop = log.lines().last().expect("the end of a run");
    let other = |n: usize| stop.replace("\"name\":\"fixture\"", &format!("\"name\":\"{n}\"")) + "\n";
    sandbox.write("many", (0..10_001).map(other).collect::<String>());
    let text = "retry: warning: more than 10,000 different names, keys, hosts, labels or rules: the rest is counted as (other)";
    sandbox.report(&["many"]).exits(0).says(&[text]);
    sandbox.report(&["log"]).exits(0).says(&[]);
}

#[test]
fn other_settings_are_tried_on_what_was_recorded() {
    let sandbox = logged();
    let report =
        sandbox.report(&["--what-if", "max=2,timeout=1h", "--format", "json", "log"]).exits(0).json();
    let rows = report["what_if"]["rows"].as_array().expect("rows");
    assert_eq!((&rows[0]["runs_lost"], &rows[1]["attempts_at_risk"]), (&json!(2), &json!(0)));
    let text = sandbox.report(&["--what-if", "max=2", "log"]).exits(0).text();
    assert!(text.starts_with("what if    --max 2: 2 runs lost (66.7 %)"), "just that table: {text}");
    assert!(!text.contains("operation"), "{text}");
    sandbox.report(&["--what-if", "max", "log"]).exits(125).mentions(&["invalid --what-if 'max'"]);
}

#[test]
fn without_utf_8_all_is_ascii() {
    let sandbox = logged();
    let ran = sandbox.run_in(&[("LC_ALL", "C")], ["report", "log"]).exits(0);
    assert!(ran.stdout.is_ascii(), "{}", ran.text());
    assert!(ran.text().contains("50.0 %  ##############\n"), "{}", ran.text());
}

#[test]
fn rules_are_drafted_for_what_no_rule_knows_and_they_judge_what_they_were_drafted_from() {
    let sandbox = Sandbox::new();
    sandbox.script("flaky", "#!/bin/sh\necho 'E: connection to 10.0.0.1:99 lost after 12 ms' >&2\nexit 4\n");
    let logged =
        ["--log", "log", "--log-tail", "2k", "--profile", "generic", "--delay", "1ms", "--max", "2", "-q"];
    for _ in 0..20 {
        sandbox.run([&logged[..], &["--", "./flaky"]].concat()).exits(4);
    }
    let text = sandbox.report(&["log"]).exits(0).text();
    assert!(text.contains("     40  flaky: E: connection to <ip> lost after <dur>"), "{text}");
    let drafts = sandbox.report(&["--draft-rules", "log"]).exits(0).says(&[]).text();
    sandbox.write("drafts.toml", &drafts);
    let judge =
        ["classify", "--config", "drafts.toml", "--exit", "4", "--stderr-file", "said", "--", "./flaky"];
    sandbox.write("said", "E: connection to 10.0.0.9:1 lost after 3 ms\n");
    sandbox
        .run(judge)
        .exits(0)
        .says(&[])
        .prints("permanent: connection lost (profile/flaky/connection-lost), would end the run\n");
    sandbox
        .report(&["--draft-rules", "--outcome", "succeeded", "log"])
        .exits(0)
        .prints("")
        .mentions(&["retry: no rules drafted: "]);
    // What the configuration knows by now is not drafted again.
    sandbox.report(&["--draft-rules", "--config", "drafts.toml", "log"]).exits(0).prints("");
    sandbox
        .report(&["--draft-rules=new.toml", "log"])
        .exits(0)
        .prints("")
        .says(&["retry: 1 rule added to new.toml"]);
    assert_eq!(sandbox.read("new.toml"), drafts);
    sandbox.report(&["--draft-rules=new.toml", "log"]).exits(0).prints("").says(&[
        "retry: new.toml unchanged: the configuration has rules for every failure seen in at least three runs",
    ]);
    assert_eq!(sandbox.read("new.toml"), drafts, "twice changes nothing");
    sandbox.write("wrong.toml", "[profile");
    sandbox.report(&["--draft-rules=wrong.toml", "log"]).exits(125).mentions(&["wrong.toml:1:"]);
    assert_eq!(sandbox.read("wrong.toml"), "[profile");
}

#[test]
fn each_format_answers_and_the_same_input_gives_the_same_bytes() {
    let sandbox = logged();
    for (format, begin) in [
        ("markdown", "**2 of 4 runs were rescued by a retry**"),
        ("html", "<!doctype html>"),
        ("junit", "<?xml"),
        ("prometheus", "# Written by retry."),
        ("trace", "[\n{"),
    ] {
        let once = sandbox.report(&["--format", format, "log"]).exits(0).says(&[]);
        assert!(once.text().starts_with(begin), "{}", once.text());
        assert!(sandbox.report(&["--format", format, "log"]).stdout == once.stdout, "{format}");
    }
    sandbox
        .report(&["--format", "csv", "log"])
        .exits(125)
        .mentions(&["invalid --format 'csv' (text, json, "]);
    let refused = sandbox.report(&["--format", "prometheus", "--since", "1h", "log"]).exits(125);
    refused.mentions(&["--since and --until conflict with --format prometheus"]);
    let strict = sandbox.report(&["--format", "junit", "--junit-flaky", "failure", "log"]).exits(0).text();
    assert!(strict.contains("failures=\"3\""), "{strict}");
}

#[test]
fn verdicts_are_given_anew_by_the_rules_of_now() {
    let sandbox = logged();
    let same = sandbox.report(&["--rejudge", "log"]).exits(0).says(&[]).text();
    assert_eq!(
        same,
        "6 failed attempts classified by the current rules, 6 by exit status alone (no output was logged)\n  no verdict changes\n"
    );
    let ran = sandbox.report(&["--rejudge", "--permanent-on", "7", "log"]).exits(0);
    assert!(
        ran.text()
            .contains("  transient → permanent  4 attempts in 2 runs (2 of them succeeded in the end)\n"),
        "{}",
        ran.text()
    );
    let json =
        sandbox.report(&["--rejudge", "--permanent-on", "3", "--format", "json", "log"]).exits(0).json();
    let change =
        json!({"from": "transient", "to": "permanent", "attempts": 2, "runs": 1, "succeeded_runs": 0});
    assert_eq!(json["rejudged"]["changes"], json!([change]));
    // What the runs were told of judging holds, unless something of now says otherwise.
    let told = ["--permanent-on", "7", "--log", "told", "-q", "--", "sh", "-c", "exit 7"];
    sandbox.run(told).exits(7);
    let same = sandbox.report(&["--rejudge", "told"]).exits(0).text();
    assert!(same.ends_with("\n  no verdict changes\n"), "{same}");
    let changed = sandbox.report(&["--rejudge", "--permanent-on", "8", "told"]).exits(0).text();
    assert!(changed.contains("  permanent → transient  1 attempt in 1 run"), "{changed}");
    let rules =
        "[policy.api]\ninherits = \"default\"\n[[policy.api.rule]]\nclass = \"permanent\"\nexit = 7\n";
    sandbox.write("api.toml", rules);
    let named =
        ["--policy", "api", "--config", "api.toml", "--log", "named", "-q", "--", "sh", "-c", "exit 7"];
    sandbox.run(named).exits(7);
    let same = sandbox.report(&["--rejudge", "named"]).exits(0).text();
    assert!(same.ends_with("\n  no verdict changes\n"), "{same}");
    sandbox.write("api.toml", rules.replace("permanent", "transient"));
    let changed = sandbox.report(&["--rejudge", "--config", "api.toml", "named"]).exits(0).text();
    assert!(changed.contains("  permanent → transient  1 attempt in 1 run"), "{changed}");
    sandbox.write("said", "");
    sandbox.script("flaky", "#!/bin/sh\necho 'E: no luck today' >&2\nexit 4\n");
    let tails =
        ["--log", "tails", "--log-tail", "2k", "--profile", "generic", "--max", "1", "-q", "--", "./flaky"];
    sandbox.run(tails).exits(4);
    sandbox.write(
        "new.toml",
        "[[profile.mine.rule]]\nid = \"luck\"\nstderr = 'no luck'\nclass = \"permanent\"\n",
    );
    let ran = sandbox.report(&["--rejudge", "--config", "new.toml", "--profile", "mine", "tails"]).exits(0);
    ran.says(&[]).prints(
        "1 failed attempt classified by the current rules\n  transient → permanent  1 attempt in 1 run (0 of them succeeded in the end)\n",
    );
    sandbox
        .report(&["--permanent-on", "3", "log"])
        .exits(125)
        .says(&["retry: --permanent-on 3 needs --rejudge"]);
    sandbox.report(&["--no-config", "log"]).exits(125).says(&["retry: --no-config needs --rejudge"]);
}

#[test]
fn columns_stand_beside_wide_characters() {
    let sandbox = Sandbox::new();
    for name in ["夜間作業の夜間", "b"] {
        sandbox.run(["--name", name, "--log", "log", "--", "true"]).exits(0);
    }
    let text = sandbox.run_in(&[("LC_ALL", "C.UTF-8")], ["report", "log"]).exits(0).text();
    // Fourteen columns of seven characters.
    for row in ["\n夜間作業の夜間     1 ", "\nb                  1 "] {
        assert!(text.contains(row), "{text}");
    }
}
