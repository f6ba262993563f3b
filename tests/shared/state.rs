//! `retry state`: what is shared by key, shown and changed, on files.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::cli::harness::Ran;
use crate::support::{RETRY, Sandbox, wait_for};

impl Sandbox {
    /// `retry state` with these words.
    #[track_caller]
    fn state(&self, words: &[&str]) -> Ran {
        self.run([&["state"], words].concat())
    }

    /// Its answer for programs.
    #[track_caller]
    fn state_json(&self, words: &[&str], status: i32) -> Json {
        self.state(&[words, &["--format", "json"]].concat()).exits(status).says(&[]).json()
    }

    /// A run under the key api that holds what it was granted until the file `go` is there, or the sandbox is not.
    fn hold(&self, options: &[&str]) -> Child {
        let script = "touch held; while [ -e held ] && [ ! -e go ]; do sleep 0.02; done; exit 3";
        let line = [&["--key", "api", "--no-retry", "-q"], options, &["--", "sh", "-c", script]].concat();
        let child = self.spawnable(line).spawn().expect("retry starts");
        wait_for("the attempt to start", || self.path("held").exists());
        child
    }
}

/// RFC 3339 to seconds from now.
#[track_caller]
fn seconds_left(until: &Json) -> f64 {
    let until = humantime::parse_rfc3339(until.as_str().expect("a moment")).expect("RFC 3339");
    until.duration_since(SystemTime::now()).unwrap_or_default().as_secs_f64()
}

#[test]
fn a_key_without_a_state_is_open_and_looking_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.state(&["list"]).exits(0).prints("").says(&[]);
    assert_eq!(sandbox.state_json(&["list"], 0), json!([]));
    let shown = "api\n  window    open\n  breaker   closed\n  permits   0 held\n";
    sandbox.state(&["show", "api"]).exits(0).prints(shown).says(&[]);
    let all = ["--concurrency", "2", "--rate", "5/1s", "--breaker", "1/1s", "--budget", "20%", "--adaptive"];
    sandbox
        .state(&[&["check", "api"], &all[..]].concat())
        .exits(0)
        .prints("api: an attempt would start now\n");
    sandbox.state(&[&["wait", "api"], &all[..]].concat()).exits(0).prints("").says(&[]);
    sandbox.state(&["reset", "api"]).exits(0).prints("").says(&[]);
    assert_eq!(sandbox.files(), [""; 0]);
}

#[test]
fn a_key_that_is_closed_is_closed_for_everyone() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let told = sandbox.state(&["close", "api", "--for", "1h"]).exits(0).says(&[]).text();
    let until = told.strip_prefix("api: closed until ").expect("until when").trim_end().to_owned();
    let left = seconds_left(&json!(until));
    let passed = || began.elapsed().as_secs_f64();
    // It is told in whole seconds, rounded up.
    assert!(left <= 3601.0 && left + passed() >= 3600.0, "{left}");

    let run = sandbox.run(["--key", "api", "--gate-wait", "1s", "--", "touch", "ran"]).exits(75);
    run.mentions(&["closed by hand", &until]);
    assert!(!sandbox.path("ran").exists());
    sandbox.run(["--key", "other", "--", "true"]).exits(0);

    let check = sandbox.state(&["check", "api"]).exits(75).says(&[]).text();
    let why = format!("api: held back: the key was closed by hand (until {until}, in ");
    assert!(check.starts_with(&why), "{check}");
    let check = sandbox.state_json(&["check", "api"], 75);
    let wait = check["wait_ms"].as_f64().expect("a wait");
    assert!(wait <= 3_600_000.0 && wait / 1000.0 + passed() >= 3600.0, "{wait}");
    assert_eq!(
        check,
        json!({
            "key": "api", "admitted": false, "limit": "window", "reason": "the key was closed by hand",
            "until": until, "wait_ms": wait,
        })
    );
    let shown = sandbox.state(&["show", "api"]).exits(0).text();
    assert!(shown.contains(&format!("  window    closed until {until} (in ")), "{shown}");
    assert!(shown.contains("): closed by hand\n"), "{shown}");
    let listed = sandbox.state(&["list"]).exits(0).text();
    assert!(listed.starts_with(&format!("api    closed until {until} (in ")), "{listed}");
}

#[test]
fn closing_again_counts_from_now_and_nothing_opens_it() {
    let sandbox = Sandbox::new();
    sandbox.state(&["close", "api", "--for", "10h"]).exits(0);
    let until = |words: &[&str]| sandbox.state_json(words, 0)["window_until"].clone();
    let shorter = until(&["close", "api", "--for", "1h"]);
    assert!(seconds_left(&shorter) <= 3601.0, "{shorter}");
    assert_eq!(until(&["show", "api"]), shorter);
    assert_eq!(
        sandbox.state_json(&["close", "api", "--for", "0"], 0),
        json!({"key": "api", "window_until": null})
    );
    sandbox.state(&["check", "api"]).exits(0);
    sandbox.state(&["close", "api", "--for", "0s"]).exits(0).prints("api: open\n");
}

#[test]
fn the_list_has_every_key_and_what_is_configured_for_it() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[limits.\"b\"]\nrate = \"3/1h\"\nbudget = \"20%\"\nadaptive = true\n");
    let with_config = |words: &[&'static str]| [words, &["--config", "c.toml"]].concat();
    sandbox.run(with_config(&["--key", "b"]).into_iter().chain(["--", "true"])).exits(0);
    sandbox.state(&["close", "c", "--for", "1h"]).exits(0);
    sandbox.run(["--key", "a b/ü", "--breaker", "9/1h", "--no-retry", "-q", "--", "false"]).exits(1);
    let list = sandbox.state_json(&with_config(&["list"]), 0);
    let mut as_new = json!({
        "key": "a b/ü", "window_until": null, "closed_by_hand": false, "breaker": "closed", "breaker_until": null,
        "failures": 1, "permits_held": 0, "probe_held": false, "tokens": null, "budget": null, "held_back": null,
    });
    assert_eq!(list[0], as_new);
    for (field, value) in [
        ("key", json!("b")),
        ("failures", json!(0)),
        ("tokens", json!(2)),
        ("budget", json!(10)),
        ("held_back", json!(0.0)),
    ] {
        as_new[field] = value;
    }
    assert_eq!(list[1], as_new);
    assert_eq!(list[1], sandbox.state_json(&with_config(&["show", "b"]), 0), "one is shown as it is listed");
    assert_eq!(
        (&list[2]["key"], &list[2]["closed_by_hand"], &list[3]),
        (&json!("c"), &json!(true), &Json::Null)
    );

    let text = sandbox.state(&with_config(&["list"])).exits(0).text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["a b/ü  1 failure in a row", "b      2 of 3 tokens left"]);
    assert!(lines[2].starts_with("c      closed until "), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn the_limits_of_a_key_are_those_of_a_run_with_the_same_options() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[limits.\"api\"]\nrate = \"1/1h\"\n");
    let check = ["check", "api", "--config", "c.toml"];
    for _ in 0..3 {
        // Nothing is spent by looking.
        sandbox.state(&check).exits(0);
        sandbox.state(&["wait", "api", "--config", "c.toml"]).exits(0);
    }
    sandbox.run(["--config", "c.toml", "--key", "api", "--", "true"]).exits(0);
    let held = sandbox.state_json(&check, 75);
    assert_eq!(held["limit"], "rate");
    assert!(held["reason"].as_str().is_some_and(|reason| reason.contains("per 1h")), "{held}");
    assert!(seconds_left(&held["until"]) > 3000.0, "{held}");
    sandbox.state(&["check", "api"]).exits(0);
    sandbox.state(&["check", "other", "--config", "c.toml"]).exits(0);
}

#[test]
fn an_open_breaker_is_shown_until_its_probe_may_go() {
    let sandbox = Sandbox::new();
    let fail = |breaker: &str| {
        sandbox.run(["--key", "api", "--breaker", breaker, "--no-retry", "-q", "--", "false"]).exits(1);
    };
    fail("1/1h");
    let shown = sandbox.state_json(&["show", "api"], 0);
    assert_eq!((&shown["breaker"], &shown["failures"]), (&json!("open"), &json!(1)));
    assert!(seconds_left(&shown["breaker_until"]) > 3000.0, "{shown}");
    let shown = sandbox.state(&["show", "api", "--breaker", "1/1h"]).exits(0).text();
    assert!(
        shown.contains("\n  breaker   open until ") && shown.contains("), 1 failure in a row\n"),
        "{shown}"
    );
    let shown = sandbox.state(&["show", "api"]).exits(0).text();
    assert!(shown.contains("1 failure in a row; only runs with --breaker respect it\n"), "{shown}");
    let check = sandbox.state_json(&["check", "api", "--breaker", "1/1h"], 75);
    assert_eq!(
        (&check["limit"], &check["until"]),
        (&json!("breaker"), &sandbox.state_json(&["show", "api"], 0)["breaker_until"])
    );

    sandbox.state(&["reset", "api"]).exits(0);
    fail("1/10ms");
    let phase = || sandbox.state_json(&["show", "api"], 0)["breaker"].clone();
    wait_for("the breaker to be half-open", || phase() == "half-open");
    sandbox.state(&["check", "api", "--breaker", "1/10ms"]).exits(0);
    let mut probe = sandbox.hold(&["--breaker", "1/1h"]);
    let check = sandbox.state_json(&["check", "api", "--breaker", "1/1h"], 75);
    assert_eq!(
        (&check["until"], &check["wait_ms"]),
        (&Json::Null, &Json::Null),
        "that hangs on the probe: {check}"
    );
    let listed = sandbox.state(&["list"]).exits(0).text();
    assert!(listed.contains("breaker half-open, probe running"), "{listed}");
    sandbox.write("go", "");
    probe.wait().expect("the probe ends");
    assert_eq!(phase(), "open", "it failed");
}

#[test]
fn a_permit_that_is_held_is_waited_for() {
    let sandbox = Sandbox::new();
    let mut holder = sandbox.hold(&["--concurrency", "1"]);
    assert_eq!(sandbox.state_json(&["list"], 0)[0]["permits_held"], 1);
    sandbox.state(&["list", "--concurrency", "1"]).exits(0).prints("api  permits 1 of 1 held\n");
    let one = ["--concurrency", "1"];
    let check = sandbox.state_json(&[&["check", "api"], &one[..]].concat(), 75);
    assert_eq!((&check["limit"], &check["until"]), (&json!("concurrency"), &Json::Null));
    sandbox.state(&["check", "api", "--concurrency", "2"]).exits(0);
    sandbox.state(&["check", "api"]).exits(0);
    let patience = ["--gate-wait", "50ms"];
    let given_up = sandbox.state(&[&["wait", "api"], &one[..], &patience].concat()).exits(75).text();
    assert!(given_up.starts_with("api: held back by the concurrency limit"), "{given_up}");
    assert!(given_up.ends_with(": not waiting any longer (--gate-wait 50ms)\n"), "{given_up}");

    let mut waiting =
        sandbox.spawnable(["state", "wait", "api", "--concurrency", "1"]).spawn().expect("it starts");
    sandbox.write("go", "");
    assert!(waiting.wait().expect("it ends").success());
    assert_eq!(holder.wait().expect("it ends").code(), Some(3));
    sandbox.state(&[&["check", "api"], &one[..]].concat()).exits(0);
    sandbox.run(["--key", "api", "--concurrency", "1", "--gate-wait", "0", "--", "true"]).exits(0);
}

#[test]
fn a_closed_key_is_waited_for_until_it_opens() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    sandbox.state(&["close", "api", "--for", "500ms"]).exits(0);
    sandbox.state(&["wait", "api"]).exits(0).prints("").says(&[]);
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    let answer = sandbox.state_json(&["wait", "api"], 0);
    let expected = json!({
        "key": "api", "admitted": true, "limit": null, "reason": null, "until": null, "wait_ms": 0.0,
    });
    assert_eq!(answer, expected);
}

#[test]
fn a_wait_that_would_take_too_long_is_not_begun() {
    let sandbox = Sandbox::new();
    sandbox.state(&["close", "api", "--for", "1h"]).exits(0);
    sandbox.write("c.toml", "[policy.default]\ndeadline = \"20m\"\n");
    for (options, whose) in [
        (&["--gate-wait", "10m"][..], "--gate-wait 10m"),
        (&["--gate-wait", "0"], "--gate-wait 0s"),
        (&["--config", "c.toml"], "deadline in 20m"),
        (&["--config", "c.toml", "--gate-wait", "10m"], "--gate-wait 10m"),
        (&["--config", "c.toml", "--gate-wait", "30m"], "deadline in 20m"),
    ] {
        let told = sandbox.state(&[&["wait", "api"], options].concat()).exits(75).text();
        assert!(told.ends_with(&format!(": not waiting ({whose})\n")), "{options:?}: {told}");
    }
    let told = sandbox.state_json(&["wait", "api", "--gate-wait", "1s"], 75);
    assert_eq!((&told["admitted"], &told["limit"]), (&json!(false), &json!("window")));
}

#[test]
fn a_wait_dies_of_the_signal_that_ends_it() {
    use std::os::unix::process::ExitStatusExt as _;

    let sandbox = Sandbox::new();
    sandbox.state(&["close", "api", "--for", "1h"]).exits(0);
    for signal in [Signal::TERM, Signal::INT] {
        let mut waiting = sandbox.signallable(["state", "wait", "api"]);
        let mut waiting = waiting.stdout(Stdio::null()).spawn().expect("it starts");
        // Before that, one that the tests were started with as ignored would still be.
        let program = format!("/proc/{}/exe", waiting.id());
        wait_for("the program", || std::fs::canonicalize(&program).ok() == std::fs::canonicalize(RETRY).ok());
        let pid = Pid::from_child(&waiting);
        kill_process(pid, signal).expect("it is there");
        assert_eq!(waiting.wait().expect("it ends").signal(), Some(signal.as_raw()));
    }
}

#[test]
fn what_an_attempt_holds_does_not_hold_back_what_runs_inside_of_it() {
    let sandbox = Sandbox::new();
    let limit = ["--concurrency", "1"];
    let outer = [&["--key", "api", "--no-retry"], &limit[..], &["--", RETRY, "state"]].concat();
    sandbox.run([&outer[..], &["wait", "api"], &limit].concat()).exits(0);
    sandbox.run([&outer[..], &["check", "api"], &limit].concat()).exits(0);
    let elsewhere = ["check", "api", "--state", "there", "--concurrency", "1"];
    sandbox.run([&outer[..], &elsewhere].concat()).exits(0);
}

#[test]
fn what_is_forgotten_begins_anew_and_permits_stay_held() {
    let sandbox = Sandbox::new();
    let mut holder = sandbox.hold(&["--concurrency", "1"]);
    sandbox.state(&["close", "api", "--for", "1h"]).exits(0);
    sandbox.state(&["reset", "api"]).exits(0).prints("").says(&[]);
    let shown = sandbox.state_json(&["show", "api"], 0);
    assert_eq!((&shown["window_until"], &shown["permits_held"]), (&Json::Null, &json!(1)));
    sandbox.state(&["check", "api", "--concurrency", "1"]).exits(75);
    sandbox.write("go", "");
    holder.wait().expect("it ends");
    sandbox.state(&["reset", "api"]).exits(0);
    sandbox.state(&["list"]).exits(0).prints("");
}

#[test]
fn a_store_that_cannot_be_reached_is_an_error_whatever_runs_make_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    sandbox.write("c.toml", "[policy.default]\non-state-error = \"proceed\"\n");
    for words in [
        &["list"][..],
        &["show", "api"],
        &["check", "api"],
        &["close", "api", "--for", "1s"],
        &["wait", "api"],
        &["reset", "api"],
    ] {
        let line = [words, &["--state", "file", "--config", "c.toml"]].concat();
        let ran = sandbox.state(&line).exits(125).prints("").mentions(&["file: Not a directory", "--state"]);
        assert!(ran.stderr.lines().all(|line| line.starts_with("retry: ")), "{}", ran.stderr);
    }
    assert_eq!(sandbox.read("file"), "");
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.state(&["close", "api", "--for", "1h"]).exits(0);
    for words in [&["list"][..], &["show", "api"], &["check", "api"], &["close", "api", "--for", "1h"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = sandbox.spawnable([&["state"], words].concat());
        let output = command.stdout(full).stderr(Stdio::piped()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(125), "{words:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told, "retry: cannot write to stdout: No space left on device\n");
    }
}

#[test]
fn an_untrusted_configuration_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = Sandbox::new();
    let file = sandbox.write(".config/retry/config.toml", "[limits.\"api\"]\nrate = \"7/1h\"\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).expect("ours");
    let shown = sandbox.state(&["show", "api", "--format", "json"]).exits(0);
    assert_eq!(shown.json()["tokens"], Json::Null);
    shown.mentions(&["retry: warning: ", "config.toml"]);
}
