//! `classify`, `profiles`, profiles of the user's, and a run's own words.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::support::Sandbox;

const MINE: &str = r#"
[profile.mytool]
command = ["mytool"]
advice = "mytool -v says more"
[[profile.mytool.rule]]
id = "lock"
exit = 3
stderr = "lock held by"
class = "transient"
kind = "lock"
example = "mytool: lock held by 4711"
[[profile.mytool.key]]
place = [{ option = "--on" }, { after = "to", operand = 1 }, { fixed = "{--region}.example.com" }]
valued = "--region"
[profile.curl]
[[profile.curl.rule]]
id = "maintenance"
class = "permanent"
phase = "hard"
stderr = "maintenance until tomorrow"
example = "maintenance until tomorrow"
"#;

fn answer(sandbox: &Sandbox, args: &[&str]) -> Value {
    let output = sandbox.retry(["classify", "--format", "json"].iter().chain(args)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_result_with_its_output_is_judged_by_the_commands_profile() {
    let sandbox = Sandbox::new();
    sandbox.write("err", "< HTTP/1.1 429 Too Many Requests\n< Retry-After: Sat, 21 Nov 2026 21:34:39 GMT\ncurl: (22) The requested URL returned error: 429\n");
    let line =
        ["--exit", "22", "--stderr-file", "err", "--now", "2026-11-21T21:33:09Z", "--", "sudo", "curl", "-f"];
    let verdict = answer(&sandbox, &line);
    assert_eq!(
        verdict,
        json!({
            "class": "throttled", "category": "transient", "kind": "throttle",
            "rule": {"source": "profile", "profile": "curl", "id": "rate-limit"},
            "reason": "HTTP 429", "http_status": 429, "retry_after_ms": 90000.0, "would_retry": true,
            "text_used": true,
        })
    );
    // Nothing is known when nothing is to be known.
    let verdict =
        answer(&sandbox, &["--exit", "22", "--stderr-file", "err", "--profile", "none", "--", "curl"]);
    assert_eq!((&verdict["rule"]["id"], &verdict["retry_after_ms"]), (&json!("unmatched"), &Value::Null));
    // A profile by name, whatever the command.
    let verdict = answer(&sandbox, &["--exit", "6", "-p", "curl", "--", "frobnicate"]);
    assert_eq!(verdict["rule"], json!({"source": "profile", "profile": "curl", "id": "dns"}));
}

#[test]
fn text_that_a_run_would_not_read_is_not_judged_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("m", "error: connect ECONNREFUSED 127.0.0.1:80\nHTTP/1.1 404 Not Found\n");
    let stderr = ["--exit", "1", "--stderr-file", "m"];
    let stdout = ["--exit", "1", "--stdout-file", "m"];
    for (given, options, command, used, class) in [
        (stderr, &[][..], "frobnicate", false, "transient"),
        (stderr, &[], "bash", false, "transient"),
        (stderr, &["-p", "none"], "curl", false, "transient"),
        (stderr, &[], "curl", true, "permanent"),
        // Of a tool on generic's own list only stderr is read.
        (stdout, &[], "perl", false, "transient"),
        (stdout, &["-p", "auto", "-p", "generic"], "perl", true, "permanent"),
        (stderr, &["-p", "auto", "-p", "generic"], "frobnicate", true, "permanent"),
        (stderr, &["-p", "auto", "-p", "generic"], "bash", true, "permanent"),
        (stderr, &["-p", "generic"], "bash", true, "permanent"),
        (stderr, &["--retry-match", "ECONN"], "frobnicate", true, "transient"),
    ] {
        let args: Vec<&str> = given.iter().chain(options).chain(&["--", command]).copied().collect();
        let verdict = answer(&sandbox, &args);
        assert_eq!((&verdict["text_used"], &verdict["class"]), (&json!(used), &json!(class)), "{args:?}");
        let told = sandbox.retry(["classify"].iter().chain(&args)).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(
            told.contains("not used") && told.contains("--profile generic"),
            !used,
            "{args:?}: {told}"
        );
    }
    // Nothing was given, and nothing is said of it.
    sandbox.retry(["classify", "--exit", "1", "--", "frobnicate"]).assert().stdout(contains("used").not());
    let line = json!({"argv": ["frobnicate"], "exit_code": 1, "stderr": "Connection refused", "now": -1e300});
    let output = sandbox.retry(["classify", "--batch", "-"]).write_stdin(line.to_string()).output().unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verdict["text_used"], &verdict["kind"]), (&json!(false), &Value::Null));
}

#[test]
fn a_moment_at_the_end_of_time_overflows_nothing() {
    let sandbox = Sandbox::new();
    for now in [-1e300, 1e300, 0.0] {
        let stderr = "Retry-After: Saturday, 21-Nov-26 21:34:39 GMT\nreturned error: 503";
        let line = json!({"argv": ["curl"], "exit_code": 22, "stderr": stderr, "now": now});
        let output =
            sandbox.retry(["classify", "--batch", "-"]).write_stdin(line.to_string()).output().unwrap();
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("an answer");
        assert_eq!(
            (&verdict["class"], &verdict["retry_after_ms"]),
            (&json!("transient"), &Value::Null),
            "{now}"
        );
    }
}

#[test]
fn a_run_reads_what_is_named_besides_what_is_found() {
    let sandbox = Sandbox::new();
    // A shell, and a tool on generic's own list that reports on stdout.
    let perl = sandbox.write("perl", "#!/bin/sh\necho 'HTTP Error 404: Not Found'\nexit 1\n");
    std::fs::set_permissions(&perl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for command in
        [&["sh", "-c", "echo 'HTTP Error 404: Not Found' >&2; exit 1"][..], &[perl.to_str().unwrap()]]
    {
        for (names, attempts) in [(&["-p", "auto"][..], 2), (&["-p", "auto", "-p", "generic"], 1)] {
            let args =
                ["--max", "2", "-d", "1ms", "--log", "log"].iter().chain(names).chain(&["--"]).chain(command);
            sandbox.retry(args).assert().code(1);
            let log = sandbox.read("log");
            assert_eq!(log.matches("attempt.start").count(), attempts, "{names:?} {command:?}");
            std::fs::remove_file(sandbox.path("log")).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_run_is_not_tried_again_wherever_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.write("no-program", "x");
    for (command, code, id) in [
        (&["-c", "./no-program"][..], 126, "not-executable"),
        (&["--", "env", "./no-program"], 126, "not-executable"),
        (&["--", "sh", "-c", "./no-program"], 126, "not-executable"),
        (&["-c", "nosuch-xyz"], 127, "not-found"),
        (&["--", "sh", "-c", "nosuch-xyz"], 127, "not-found"),
        (&["--", "env", "nosuch-xyz"], 127, "not-found"),
        (&["--", "timeout", "5", "nosuch-xyz"], 127, "not-found"),
        (&["--non-idempotent", "-c", "nosuch-xyz"], 127, "not-found"),
    ] {
        let args = ["--max", "3", "-d", "1ms", "--log", "log"].iter().chain(command);
        sandbox.retry(args).assert().code(code);
        let log = sandbox.read("log");
        assert_eq!(log.matches("attempt.start").count(), 1, "{command:?}");
        assert!(log.contains(&format!("\"id\":\"{id}\"")), "{command:?}: {log}");
        std::fs::remove_file(sandbox.path("log")).unwrap();
        let args = ["until", "--max", "2", "-d", "1ms", "--log", "log"].iter().chain(command);
        sandbox.retry(args).assert().code(code);
        let wanted = if command[0] == "--non-idempotent" { 1 } else { 2 };
        assert_eq!(sandbox.read("log").matches("attempt.start").count(), wanted, "until {command:?}");
        std::fs::remove_file(sandbox.path("log")).unwrap();
    }
}

#[test]
fn a_failure_that_is_known_to_stay_names_the_way_round_once() {
    let sandbox = Sandbox::new();
    let curl = sandbox.write("curl", "#!/bin/sh\nexit 60\n");
    std::fs::set_permissions(&curl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let curl = curl.to_str().unwrap();
    let run = sandbox.retry(["-d", "1ms", "--", curl]).assert().code(60);
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert_eq!(stderr.matches("--profile none retries any failure").count(), 1, "{stderr}");
    for options in [&["-p", "none"][..], &["--permanent-on", "60"]] {
        let command = ["--", curl];
        let args = ["--max", "2", "-d", "1ms"].iter().chain(options).chain(&command);
        sandbox.retry(args).assert().code(60).stderr(contains("--profile none").not());
    }
    // There is no way round where the profile makes no difference: what is not found is permanent without it, too.
    let line = ["-p", "generic", "--shell=bash", "echo 'x: command not found' >&2; exit 127"];
    sandbox.retry(line).assert().code(127).stderr(contains("; not retried: permanent\n"));
}

#[test]
fn a_batch_is_answered_line_for_line_whatever_it_holds() {
    let sandbox = Sandbox::new();
    let lines = concat!(
        "{\"argv\": [\"curl\"], \"exit_code\": 7, \"more\": 1}\n",
        "not json\n",
        "\n",
        "{\"argv\": [\"curl\"]}\n",
        "{\"argv\": [\"curl\"], \"exit_code\": 999}\n",
        "{\"argv\": [\"bash\"], \"signal\": \"SIGSEGV\"}\n",
        "{\"argv\": [\"bash\"], \"signal\": 9, \"exit_code\": null, \"stdout\": null}\n",
        "{\"argv\": [\"curl\"], \"exit_code\": 22, \"stderr\": \"Retry-After: Sat, 21 Nov 2026 21:34:39 GMT\\nreturned error: 503\", \"now\": 1795296789}",
    );
    let file = sandbox.write("batch", lines);
    let output = sandbox.retry(["classify", "--batch", file.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 8);
    assert_eq!(answers[0]["kind"], "refused");
    for broken in &answers[1..5] {
        assert!(broken["error"].is_string(), "{broken}");
    }
    assert_eq!(answers[5]["class"], "transient", "it crashed itself");
    assert_eq!(answers[6]["class"], "transient");
    assert_eq!(answers[7]["retry_after_ms"], 90000.0);
    sandbox
        .retry(["classify", "--batch", "-", "--exit", "1"])
        .assert()
        .code(125)
        .stderr(contains("--batch and --exit conflict"));
}

#[test]
fn profiles_are_listed_and_shown_with_their_rules_in_order() {
    let sandbox = Sandbox::new();
    let all = sandbox.retry(["profiles"]).assert().success();
    let all = String::from_utf8(all.get_output().stdout.clone()).unwrap();
    for name in ["apt-get", "curl", "generic", "kubectl", "psql", "terraform"] {
        assert!(all.lines().any(|line| line.split(' ').next() == Some(name)), "{name}");
    }
    sandbox
        .retry(["profiles", "npm"])
        .assert()
        .success()
        .stdout(contains("--key auto uses the first of:").and(contains("option --registry, --reg\n")));
    sandbox
        .retry(["profiles", "curl"])
        .assert()
        .success()
        .stdout(contains("--fail").and(contains("proxy-refused")).and(contains("captures  stderr\n")));
    let believes = "--non-idempotent trusts \"never took effect\"\n  in all rules (one-step)\n  never with (runs-others) submodule, ";
    sandbox
        .retry(["profiles", "git"])
        .assert()
        .success()
        .stdout(contains(believes).and(contains("  only with exit (own-exit) 128\n")));
    sandbox
        .retry(["profiles", "npm"])
        .assert()
        .success()
        .stdout(contains("  only in the profile's own rules (not one-step)\n"));
    let output = sandbox.retry(["profiles", "ssh", "--format", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["one_step"], &shown["own_exit"]), (&json!(true), &json!("255")));
    let output = sandbox.retry(["profiles", "podman", "--format", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["runs_others"][0], &shown["own_exit"]), (&json!("run"), &Value::Null));
    // A command finds its profile.
    sandbox.retry(["profiles", "pip3"]).assert().success().stdout(contains("from versions: none"));
    sandbox.retry(["profiles", "crul"]).assert().code(125).stderr(contains("did you mean curl?"));
    let output = sandbox.retry(["profiles", "apt", "--format", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["name"], &shown["rules"][0]["id"]), (&json!("apt-get"), &json!("update-failed")));
    let output = sandbox.retry(["profiles", "gsutil", "--format", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["key"], json!([{"commands": [], "places": ["storage.googleapis.com"]}]));
}

#[test]
fn a_users_profile_adds_a_tool_and_extends_ours() {
    let sandbox = Sandbox::new();
    sandbox.write(".config/retry/config.toml", MINE);
    sandbox.write("err", "mytool: lock held by 7\n");
    let verdict = answer(&sandbox, &["--exit", "3", "--stderr-file", "err", "--", "mytool"]);
    assert_eq!(verdict["rule"], json!({"source": "profile", "profile": "mytool", "id": "lock"}));
    sandbox.write("err", "HTTP/1.1 503 x\nmaintenance until tomorrow\n");
    let verdict = answer(&sandbox, &["--exit", "22", "--stderr-file", "err", "--", "curl"]);
    assert_eq!((&verdict["class"], &verdict["rule"]["id"]), (&json!("permanent"), &json!("maintenance")));
    let verdict = answer(&sandbox, &["--exit", "6", "--", "curl"]);
    assert_eq!(verdict["rule"]["id"], "dns", "ours are still there");
    sandbox.retry(["profiles", "mytool"]).assert().success().stdout(
        contains("lock held by")
            .and(contains("option --on\n"))
            .and(contains("operand 1, after to\n"))
            .and(contains("{--region}.example.com\n")),
    );
}

#[test]
fn mistakes_in_a_profile_are_told_with_their_place() {
    let sandbox = Sandbox::new();
    let told = |text: &str, expected: &[&str]| {
        sandbox.write("config.toml", text);
        let assert = sandbox.retry(["--config", "config.toml", "true"]).assert().code(125);
        let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        for part in expected {
            assert!(stderr.contains(part), "{text}\nsays\n{stderr}\nand not {part}");
        }
    };
    let rule = "[[profile.x.rule]]\nid = 'a'\nclass = 'transient'\n";
    told(&format!("{rule}stder = 'x'\n"), &["config.toml:4:1: unknown key 'stder'", "did you mean stderr?"]);
    told(&format!("{rule}stderr = 'a('\n"), &["config.toml:4:10: invalid regular expression 'a('"]);
    told(
        &format!("{rule}stderr = 'x'\n[[profile.x.rule]]\nid = 'b'\nclass = 'permanent'\nstderr = 'x'\n"),
        &["config.toml:5:", "rule 'b' repeats the rule 'a'"],
    );
    told(&format!("{rule}http = '42'\n"), &["invalid HTTP statuses '42'"]);
    told(rule, &["rule is missing a condition", "any of exit, stderr"]);
    told(
        "[[profile.x.rule]]\nclass = 'often'\nstderr = 'a('\n",
        &["rule is missing id", "2:9: invalid class 'often'", "3:10: invalid regular expression 'a('"],
    );
    told(
        "[[profile.x.rule]]\nid = 'a'\nclass = 'often'\nexit = 1\n",
        &["config.toml:3:9: invalid class 'often'"],
    );
    told("[profile.x]\ncomand = 'x'\n", &["config.toml:2:1: unknown key 'comand'", "did you mean command?"]);
    let place = |text: &str| format!("[[profile.x.key]]\nplace = [{{ {text} }}]\n");
    told(&place("operand = 0"), &["config.toml:2:22: operand must be a whole number from 1"]);
    told(&place("option = 'host'"), &["config.toml:2:21: invalid option 'host'", "such as -h or --host"]);
    told(&place("as = 'host'"), &["config.toml:2:10: place must be one of option, operand and fixed"]);
    told(&place("operand = 1, as = 'uri'"), &["config.toml:2:30: invalid as 'uri'", "did you mean url?"]);
    told(&place("operan = 1"), &["config.toml:2:12: unknown key 'operan'", "did you mean operand?"]);
    told("[[profile.x.key]]\nprot = '-p'\n", &["config.toml:2:1: unknown key 'prot'", "did you mean port?"]);
    told("[profile.x.key]\nport = '-p'\n", &["key must be a list of tables"]);
    told("[profile.auto]\n", &["invalid profile name 'auto'"]);
    told(
        "[policy.default]\nprofile = 'crul'\n",
        &["config.toml:2:11: no profile named 'crul'", "did you mean curl?"],
    );
}

#[test]
fn a_rule_that_does_not_match_its_own_example_is_told_where_one_looks() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config.toml",
        "[[profile.x.rule]]\nid = 'a'\nclass = 'transient'\nstderr = 'x'\nexample = 'y'\n",
    );
    let told = "config.toml:1:1: rule 'a' of profile 'x' does not match its own example";
    for verb in [&["explain"][..], &["profiles"], &["profiles", "x"], &["classify", "--exit", "1"]] {
        let args = verb.iter().chain(&["--config", "config.toml"]);
        let output = sandbox.retry(args).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&text).contains(told), "{verb:?}");
    }
    // It is no error: the command runs.
    sandbox.retry(["--config", "config.toml", "true"]).assert().success().stderr("");
}

#[test]
fn a_run_names_the_tool_and_gives_its_advice_once() {
    let sandbox = Sandbox::new();
    // A stand-in of curl's name: it is known by that.
    let curl = sandbox.write("curl", "#!/bin/sh\nexit 7\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&curl, mode).unwrap();
    let curl = curl.to_str().unwrap();
    let run =
        sandbox.retry(["-v", "--max", "2", "--delay", "1ms", "--log", "log", "--", curl]).assert().code(7);
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("attempt 1/2 failed (curl: could not connect)"), "{stderr}");
    assert_eq!(stderr.matches("add --fail").count(), 1, "{stderr}");
    let log = sandbox.read("log");
    let retry: Value = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|line: &Value| line["event"] == "attempt.retry")
        .unwrap();
    assert_eq!(retry["rule"], json!({"source": "profile", "profile": "curl", "id": "refused"}));
    assert_eq!((&retry["kind"], &retry["reason"]), (&json!("refused"), &json!("could not connect")));

    std::fs::write(
        curl,
        "#!/bin/sh\necho 'Retry-After: 1' >&2\necho 'curl: (22) The requested URL returned error: 429' >&2\nexit 22\n",
    )
    .unwrap();
    sandbox
        .retry(["--max", "2", "--delay", "1ms", "--", curl])
        .assert()
        .code(22)
        .stderr(contains("attempt 1/2 throttled (curl: HTTP 429; server asks 1s); retrying in 1"));
    sandbox
        .retry(["--max-retry-after", "500ms", "--", curl])
        .assert()
        .code(22)
        .stderr(contains("longer than --max-retry-after 500ms"));
    std::fs::write(curl, "#!/bin/sh\nexit 28\n").unwrap();
    sandbox
        .retry(["--non-idempotent", "--", curl])
        .assert()
        .code(28)
        .stderr(contains("not retried: the request may have taken effect"));
    std::fs::write(curl, "#!/bin/sh\nexit 60\n").unwrap();
    sandbox.retry(["--", curl]).assert().code(60).stderr(contains(
        "(curl: certificate rejected); not retried: permanent (--profile none retries any failure)",
    ));
}
