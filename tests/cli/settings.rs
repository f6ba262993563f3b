//! Every key of a file and every variable of the environment is read, and `explain` says where it came from.

use serde_json::{Value as Json, json};

use super::harness::Ran;
use crate::support::Sandbox;

/// Every key, a value in TOML other than the default, and how it is shown.
fn keys() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("max", "7", json!(7)),
        ("deadline", "\"1h\"", json!("1h")),
        ("timeout", "2.5", json!("2s 500ms")),
        ("idle-timeout", "\"20s\"", json!("20s")),
        ("progress-timeout", "\"2m\"", json!("2m")),
        ("progress-match", "\"stdout:^[0-9]+%\"", json!(["stdout:^[0-9]+%"])),
        ("signal", "\"SIGINT\"", json!("INT")),
        ("kill-after", "\"3s\"", json!("3s")),
        ("backoff", "\"fibonacci\"", json!("fibonacci")),
        ("delay", "\"200ms\"", json!("200ms")),
        ("max-delay", "9", json!("9s")),
        ("factor", "1.5", json!(1.5)),
        ("jitter", "\"25%\"", json!("25%")),
        ("max-retry-after", "\"1m\"", json!("1m")),
        ("reset-after", "\"10m\"", json!("10m")),
        ("successes", "2", json!(2)),
        ("splay", "\"30s\"", json!("30s")),
        ("seed", "42", json!(42)),
        ("enabled", "true", json!(true)),
        ("profile", "[\"curl\", \"generic\"]", json!(["curl", "generic"])),
        ("retry-on", "[\"1\", 5, \"timeout\"]", json!(["1", "5", "timeout"])),
        ("permanent-on", "\"2,!3\"", json!(["2", "!3"])),
        ("success-on", "[0, 4]", json!(["0", "4"])),
        ("retry-match", "[\"busy, wait\", \"both:later\"]", json!(["busy, wait", "both:later"])),
        ("permanent-match", "\"fatal\"", json!(["fatal"])),
        ("throttle-match", "\"rate limit\"", json!(["rate limit"])),
        ("success-match", "\"stdout:done\"", json!(["stdout:done"])),
        (
            "rule",
            "[{ class = \"permanent\", exit = \"3\", stderr = \"quota\" }]",
            json!([{"class": "permanent", "exit": "3", "stderr": "quota"}]),
        ),
        ("otherwise", "\"retry\"", json!("retry")),
        ("non-idempotent", "true", json!(true)),
        ("shell", "\"bash\"", json!("bash")),
        ("stdin", "\"null\"", json!("null")),
        ("stdin-max", "\"64MiB\"", json!("64MiB")),
        ("fail-if-flaky", "3", json!(3)),
        ("exhausted-code", "75", json!(75)),
        ("stdout", "\"success\"", json!("success")),
        ("stderr", "\"last\"", json!("last")),
        ("chronic", "false", json!(false)),
        ("log", "\"/dev/null\"", json!("/dev/null")),
        ("log-argv", "true", json!(true)),
        ("log-tail", "4096", json!("4KiB")),
        ("ping", "\"https://hc-ping.com/secret\"", json!("***")),
        ("ping-kind", "\"sentry\"", json!("sentry")),
        ("ping-body", "true", json!(true)),
        ("ping-timeout", "3", json!("3s")),
        ("traces", "\"off\"", json!("off")),
        ("metrics-file", "\"retry.prom\"", json!("retry.prom")),
        ("metrics-label", "[\"team\", \"tier\"]", json!(["team", "tier"])),
        ("name", "\"nightly\"", json!("nightly")),
        ("label", "{ team = \"data\", tier = \"1\" }", json!({"team": "data", "tier": "1"})),
        ("message-format", "\"json\"", json!("json")),
        ("messages-to", "\"messages\"", json!("messages")),
        ("ci-groups", "\"never\"", json!("never")),
        ("ci-stop-commands", "true", json!(true)),
        ("summary", "\"always\"", json!("always")),
        ("outputs", "\"retry.env\"", json!("retry.env")),
        ("color", "\"never\"", json!("never")),
        ("quiet", "true", json!(true)),
        ("verbose", "2", json!(2)),
        ("new-group", "true", json!(true)),
        ("key", "\"api.example.com\"", json!("api.example.com")),
        ("concurrency", "8", json!(8)),
        ("rate", "\"100/1m\"", json!("100/1m")),
        ("breaker", "\"5/30s\"", json!("5/30s")),
        ("budget", "0.2", json!("20%")),
        ("adaptive", "true", json!(true)),
        ("gate-wait", "\"0s\"", json!("0s")),
        ("state", "\"redis://me:secret@localhost/2\"", json!("redis://me:***@localhost/2")),
        ("on-state-error", "\"fail\"", json!("fail")),
    ]
}

#[test]
fn every_key_of_a_file_is_read_and_its_line_is_named() {
    let sandbox = Sandbox::new();
    let lines: Vec<_> = keys().into_iter().map(|(key, toml, _)| format!("{key} = {toml}\n")).collect();
    sandbox.write("c.toml", format!("[policy.default]\n{}", lines.concat()));
    let explained = sandbox.explain(&["--config", "c.toml"]);
    for (line, (key, _, shown)) in (2..).zip(keys()) {
        assert_eq!(explained.value(key), &shown, "{key}");
        assert_eq!(explained.source(key), format!("file:c.toml:{line}"), "{key}");
    }
    let known: Vec<_> = explained.0["policy"].as_object().expect("a policy").keys().cloned().collect();
    let tested: Vec<_> = keys().into_iter().map(|(key, ..)| key.to_owned()).collect();
    assert_eq!(known, tested, "every key that explain shows is tested");
}

#[test]
fn every_key_is_as_the_schema_of_the_file_describes_it() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run(["generate", "schema"]).exits(0).json();
    let keys_of = |object: &Json| object.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let described = keys_of(&schema["properties"]["policy"]["additionalProperties"]["properties"]);
    for key in keys_of(&sandbox.explain(&[]).0["policy"]) {
        assert!(described.contains(&key), "{key} is missing in the schema");
    }
    for alias in ["inherits", "attempts", "retries"] {
        assert!(described.iter().any(|key| key == alias), "{alias} is missing in the schema");
    }
}

#[test]
fn the_other_spellings_of_max_are_keys_too() {
    let sandbox = Sandbox::new();
    for (toml, shown) in [
        ("attempts = 4", json!(4)),
        ("retries = 4", json!(5)),
        ("retries = \"inf\"", json!("inf")),
        ("max = \"inf\"", json!("inf")),
    ] {
        sandbox.write("c.toml", format!("[policy.default]\n{toml}\n"));
        assert_eq!(sandbox.explain(&["--config", "c.toml"]).value("max"), &shown, "{toml}");
    }
}

#[test]
fn a_file_may_switch_retrying_off() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.default]\nenabled = false\nmax = 9\n");
    sandbox.fails_until(99, &["-q", "--config", "c.toml"]).exits(7);
    assert_eq!(sandbox.runs(), 1);
}

/// Every variable that is an option, a value for it, the key it sets, and how that is shown.
const VARIABLES: &[(&str, &str, &str, &str)] = &[
    ("RETRY_OPT_MAX", "inf", "max", "inf"),
    ("RETRY_OPT_DEADLINE", "1h", "deadline", "1h"),
    ("RETRY_OPT_TIMEOUT", "90", "timeout", "1m 30s"),
    ("RETRY_OPT_BACKOFF", "fib", "backoff", "fibonacci"),
    ("RETRY_OPT_DELAY", "200ms", "delay", "200ms"),
    ("RETRY_OPT_MAX_DELAY", "9s", "max-delay", "9s"),
    ("RETRY_OPT_JITTER", "10%", "jitter", "10%"),
    ("RETRY_OPT_MAX_RETRY_AFTER", "1m", "max-retry-after", "1m"),
    ("RETRY_OPT_LOG", "/dev/null", "log", "/dev/null"),
    ("RETRY_OPT_PING", "https://hc-ping.com/secret", "ping", "***"),
    ("RETRY_OPT_TRACES", "off", "traces", "off"),
    ("RETRY_OPT_NAME", "nightly", "name", "nightly"),
    ("RETRY_OPT_STATE", "redis://:secret@localhost", "state", "redis://:***@localhost"),
    ("RETRY_OPT_MESSAGE_FORMAT", "json", "message-format", "json"),
    ("RETRY_OPT_MESSAGES_TO", "./3", "messages-to", "./3"),
    ("RETRY_OPT_CI_GROUPS", "always", "ci-groups", "always"),
    ("RETRY_OPT_SUMMARY", "never", "summary", "never"),
    ("RETRY_OPT_OUTPUTS", "github", "outputs", "github"),
];

#[test]
fn every_variable_is_read_and_named() {
    for (variable, value, key, shown) in VARIABLES {
        let sandbox = Sandbox::new();
        let ran = sandbox.run_in(&[(*variable, *value)], ["explain", "--format", "json"]).exits(0);
        let setting = &ran.json()["policy"][key];
        assert_eq!(setting, &json!({"value": shown, "source": format!("env:{variable}")}), "{variable}");
    }
}

#[test]
fn variables_are_in_force_when_the_command_runs() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.retry(["-q", "--", crate::support::fixture(), "fail-until", "runs", "99", "7"]);
    let environment = [("RETRY_OPT_MAX", "2"), ("RETRY_OPT_DELAY", "1ms"), ("RETRY_OPT_LOG", "log")];
    Ran::of(command.envs(environment)).exits(7);
    assert_eq!(sandbox.runs(), 2);
    assert_eq!(sandbox.log("log")[0]["max"], 2);
}

#[test]
fn an_option_without_a_variable_is_not_read_from_the_environment() {
    let environment = [("RETRY_OPT_SEED", "x"), ("RETRY_OPT_QUIET", "true"), ("RETRY_OPT_NO_SUCH", "1")];
    let ran = Sandbox::new().run_in(&environment, ["explain", "--format", "json"]).exits(0);
    assert_eq!(ran.json()["policy"]["quiet"], json!({"value": false, "source": "default"}));
}

#[test]
fn the_limits_of_a_key_stand_in_a_table_of_their_own() {
    let sandbox = Sandbox::new();
    let limits = "[limits.\"api.example.com\"]\nconcurrency = 20\nrate = \"100/1m\"\nbreaker = \"5/30s\"\nbudget = \"20%\"\n";
    let policy = "[policy.default]\nconcurrency = 3\nbudget = 0.5\nkey = \"other\"\n[policy.api]\nkey = \"api.example.com\"\n";
    sandbox.write("c.toml", format!("{limits}{policy}"));
    let explained = |more: &[&str]| sandbox.explain(&[&["--config", "c.toml"], more].concat());
    let other = explained(&[]);
    assert_eq!((other.value("concurrency"), other.value("rate")), (&json!(3), &json!(null)));
    let api = explained(&["--policy", "api", "--budget", "30%"]);
    assert_eq!((api.value("concurrency"), api.source("concurrency")), (&json!(20), "file:c.toml:2"));
    assert_eq!((api.value("rate"), api.value("breaker")), (&json!("100/1m"), &json!("5/30s")));
    assert_eq!((api.value("budget"), api.source("budget")), (&json!("30%"), "flag"));
    assert_eq!(explained(&["--key", "api.example.com"]).value("concurrency"), 20);
}
