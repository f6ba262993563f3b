//! What runs leave in the file.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::exposition::Exposition;
use crate::support::{RETRY, Sandbox, fixture};

const AT_ONCE: [&str; 4] = ["--metrics-file", "retry.prom", "--delay", "1ms"];

fn read(sandbox: &Sandbox, name: &str) -> Exposition {
    Exposition::read(&sandbox.read(name))
}

#[track_caller]
fn is(exposition: &Exposition, name: &str, label: &str, expected: f64) {
    let found = exposition.sum(name, label);
    assert!((found - expected).abs() < 1e-9, "{name} {label} is {found} in {:#?}", exposition.samples);
}

#[test]
fn runs_are_counted_by_outcome_class_and_time() {
    let sandbox = Sandbox::new();
    let run = |options: &[&str]| sandbox.run([&AT_ONCE, options].concat());
    run(&["-q", "--", "true"]).exits(0).says(&[]);
    sandbox.fails_until(3, &AT_ONCE).exits(0);
    run(&["--max", "2", "--name", "nightly \"a\\b\"", "--", "false"]).exits(1);
    run(&["--permanent-on", "1", "--", "false"]).exits(1);
    run(&["--policy", "sdk", "--max", "1", "--", fixture(), "kill-self", "SEGV"]).exits(139);
    run(&["--", "no-such-command"]).exits(127);
    run(&["--max", "1", "--chronic", "--", "false"]).exits(1);
    let found = read(&sandbox, "retry.prom");
    is(&found, "retry_operations_total", "operation=\"true\",policy=\"default\",outcome=\"succeeded\"", 1.0);
    is(
        &found,
        "retry_operations_total",
        "operation=\"fixture\",policy=\"default\",outcome=\"succeeded\"",
        1.0,
    );
    is(&found, "retry_rescued_operations_total", "", 1.0);
    is(&found, "retry_rescued_operations_total", "operation=\"fixture\",policy=\"default\"", 1.0);
    is(
        &found,
        "retry_operations_total",
        "operation=\"nightly \\\"a\\\\b\\\"\",policy=\"default\",outcome=\"exhausted\"",
        1.0,
    );
    is(&found, "retry_operations_total", "operation=\"false\",policy=\"default\",outcome=\"permanent\"", 1.0);
    is(&found, "retry_operations_total", "operation=\"false\",policy=\"default\",outcome=\"exhausted\"", 1.0);
    is(&found, "retry_operations_total", "outcome=", 7.0);
    is(&found, "retry_attempts_total", "operation=\"fixture\",policy=\"default\",class=\"transient\"", 2.0);
    is(&found, "retry_attempts_total", "operation=\"fixture\",policy=\"default\",class=\"success\"", 1.0);
    is(&found, "retry_attempts_total", "operation=\"false\",policy=\"default\",class=\"permanent\"", 1.0);
    is(&found, "retry_last_exit_code", "operation=\"fixture\",policy=\"sdk\"", 139.0);
    is(&found, "retry_last_exit_code", "no-such-command", 127.0);
    is(&found, "retry_last_attempts", "operation=\"fixture\",policy=\"default\"", 3.0);
    assert!(found.sum("retry_waited_seconds_total", "operation=\"fixture\",policy=\"default\"") > 0.0);
    assert!(found.sum("retry_last_success_timestamp_seconds", "operation=\"true\"") > 1e9);
    assert!(!sandbox.read("retry.prom").contains("retry_last_success_timestamp_seconds{operation=\"false\""));
    assert_eq!(
        sandbox.files().iter().filter(|name| name.contains("prom")).count(),
        2,
        "the file and its lock"
    );
}

#[test]
fn a_run_that_was_stopped_or_refused_is_one_too() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .spawnable([&AT_ONCE[..2], &["--", fixture(), "sleep", "60"]].concat())
        .spawn()
        .expect("a start");
    let pid = child.id().to_string();
    crate::support::wait_for("the command", || {
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .is_ok_and(|text| !text.trim().is_empty())
    });
    let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    child.wait().expect("an end");
    let found = read(&sandbox, "retry.prom");
    is(&found, "retry_operations_total", "outcome=\"interrupted\"", 1.0);
    is(&found, "retry_last_exit_code", "", 143.0);
    // Who stands aside counts nothing.
    sandbox.run_in(&[("RETRY_DISABLE", "1")], [&AT_ONCE[..], &["--", "true"]].concat()).exits(0);
    is(&read(&sandbox, "retry.prom"), "retry_operations_total", "", 1.0);
    sandbox.run(["--metrics-file", "retry.prom", "--max", "nonsense", "--", "true"]).exits(125);
    is(&read(&sandbox, "retry.prom"), "retry_operations_total", "", 1.0);
}

#[test]
fn labels_are_exported_where_they_were_chosen() {
    let sandbox = Sandbox::new();
    let labels = [
        "--label",
        "team=data \"x\"",
        "--label",
        "build=7",
        "--metrics-label",
        "team",
        "--metrics-label",
        "gone",
    ];
    sandbox.run([&AT_ONCE[..], &labels, &["--", "true"]].concat()).exits(0).says(&[]);
    let found = read(&sandbox, "retry.prom");
    is(
        &found,
        "retry_operations_total",
        "policy=\"default\",team=\"data \\\"x\\\"\",outcome=\"succeeded\"",
        1.0,
    );
    assert!(found.samples.keys().all(|series| !series.contains("build") && !series.contains("gone")));
    let config = "[policy.default]\nmetrics-file = 'retry.prom'\nmetrics-label = ['team', 'build']\n";
    sandbox.write("config.toml", config);
    sandbox.run(["--config", "config.toml", "--label", "build=8", "--", "true"]).exits(0);
    is(&read(&sandbox, "retry.prom"), "retry_operations_total", "build=\"8\",outcome=\"succeeded\"", 1.0);
    for (name, why) in [
        ("le", "is reserved"),
        ("instance", "is reserved"),
        ("outcome", "is reserved"),
        ("__meta", "begin with __"),
        ("a-b", "Prometheus allows"),
        ("1a", "Prometheus allows"),
        ("", "Prometheus allows"),
    ] {
        let ran = sandbox.run(["--metrics-file", "new.prom", "--metrics-label", name, "--", "echo", "ran"]);
        ran.exits(125).prints("").mentions(&[why]);
    }
    assert!(!sandbox.path("new.prom").exists());
    sandbox.run(["--metrics-file", "-", "--", "true"]).exits(125).mentions(&["metrics need a file"]);
    sandbox.run(["--metrics-file", "", "--", "true"]).exits(125).mentions(&["the path is empty"]);
}

#[test]
fn long_names_are_cut_and_remain_one_series() {
    let sandbox = Sandbox::new();
    let long = "é".repeat(150);
    for end in ["a", "b"] {
        sandbox.run([&AT_ONCE[..], &["--name", &format!("{long}{end}"), "--", "true"]].concat()).exits(0);
    }
    is(&read(&sandbox, "retry.prom"), "retry_operations_total", &format!("\"{}\"", "é".repeat(100)), 2.0);
}

#[test]
fn a_new_file_is_for_all_and_an_old_one_keeps_its_mode_and_group() {
    let sandbox = Sandbox::new();
    let under = |umask: &str| {
        let script = format!("umask {umask}; exec {RETRY} --metrics-file retry.prom -- true");
        let ran =
            std::process::Command::new("sh").args(["-c", &script]).current_dir(sandbox.path(".")).status();
        assert!(ran.is_ok_and(|status| status.success()));
    };
    let mode = |name: &str| std::fs::metadata(sandbox.path(name)).expect(name).permissions().mode() & 0o777;
    under("077");
    assert_eq!((mode("retry.prom"), mode(".retry.prom.lock")), (0o644, 0o644));
    std::fs::set_permissions(sandbox.path("retry.prom"), std::fs::Permissions::from_mode(0o640))
        .expect("a mode");
    let is_root = std::fs::metadata(sandbox.path(".")).expect("a directory").uid() == 0;
    if is_root {
        std::os::unix::fs::chown(sandbox.path("retry.prom"), None, Some(4321)).expect("a group");
    }
    under("000");
    assert_eq!((mode("retry.prom"), mode(".retry.prom.lock")), (0o640, 0o640));
    let group = std::fs::metadata(sandbox.path("retry.prom")).expect("the file").gid();
    assert!(!is_root || group == 4321, "{group}");
    is(&read(&sandbox, "retry.prom"), "retry_operations_total", "", 2.0);
}

#[test]
fn a_link_stays_a_link_and_its_target_is_replaced() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("real")).expect("a directory");
    symlink("real/there.prom", sandbox.path("retry.prom")).expect("a link");
    for count in [1.0, 2.0] {
        sandbox.run([&AT_ONCE[..], &["--", "true"]].concat()).exits(0).says(&[]);
        assert!(std::fs::symlink_metadata(sandbox.path("retry.prom")).expect("a link").is_symlink());
        is(&read(&sandbox, "real/there.prom"), "retry_operations_total", "", count);
    }
    assert_eq!(sandbox.files(), ["real", "retry.prom"], "the lock stands beside the file itself");
}

#[test]
fn readers_of_others_take_it_where_there_are_any() {
    let sandbox = Sandbox::new();
    let labels = ["--name", "a \"b\\c\"\nd", "--label", "team=é{},=", "--metrics-label", "team"];
    sandbox.fails_until(2, &[&AT_ONCE[..], &labels].concat()).exits(0);
    let parser = "
try: from prometheus_client.parser import text_string_to_metric_families as read
except ImportError: raise SystemExit(0)
import sys
raise SystemExit(0 if sum(len(family.samples) for family in read(sys.stdin.read())) == 48 else 1)";
    for (program, arguments) in [("promtool", ["check", "metrics"]), ("python3", ["-c", parser])] {
        let file = std::fs::File::open(sandbox.path("retry.prom")).expect("the file");
        // One that is not installed says nothing.
        if let Ok(output) = std::process::Command::new(program).args(arguments).stdin(file).output() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && said.is_empty(), "{program}: {said}");
        }
    }
}

#[test]
fn who_has_the_file_open_goes_on_reading_the_old_one() {
    let sandbox = Sandbox::new();
    let run = || sandbox.run([&AT_ONCE[..], &["--", "true"]].concat()).exits(0).says(&[]);
    run();
    let before = sandbox.read("retry.prom");
    let mut open = std::fs::File::open(sandbox.path("retry.prom")).expect("the file");
    run();
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut open, &mut seen).expect("text");
    assert_eq!(seen, before, "it is replaced, not written over");
    assert_ne!(sandbox.read("retry.prom"), before);
}

#[test]
fn files_of_one_name_in_two_directories_are_two() {
    let sandbox = Sandbox::new();
    for directory in ["a", "b"] {
        std::fs::create_dir(sandbox.path(directory)).expect("a directory");
    }
    for (file, name) in [("a/retry.prom", "x"), ("b/retry.prom", "y"), ("a/retry.prom", "x")] {
        sandbox.run(["--metrics-file", file, "--name", name, "--", "true"]).exits(0).says(&[]);
    }
    is(&read(&sandbox, "a/retry.prom"), "retry_operations_total", "", 2.0);
    is(&read(&sandbox, "b/retry.prom"), "retry_operations_total", "operation=\"y\"", 1.0);
    is(&read(&sandbox, "b/retry.prom"), "retry_operations_total", "", 1.0);
}

#[test]
fn a_file_begins_anew_once_it_is_gone_or_empty() {
    let sandbox = Sandbox::new();
    for begin in [None, Some("")] {
        match begin {
            Some(text) => drop(sandbox.write("retry.prom", text)),
            None => drop(std::fs::remove_file(sandbox.path("retry.prom"))),
        }
        sandbox.run([&AT_ONCE[..], &["--", "true"]].concat()).exits(0).says(&[]);
        is(&read(&sandbox, "retry.prom"), "retry_operations_total", "", 1.0);
    }
}

#[test]
fn the_file_says_what_a_report_of_the_log_says() {
    let sandbox = Sandbox::new();
    let options = [&AT_ONCE[..], &["-q", "--log", "log"]].concat();
    sandbox.fails_until(2, &options).exits(0);
    sandbox.run([&options[..], &["--max", "2", "--", "false"]].concat()).exits(1);
    let report = sandbox.run(["report", "--format", "prometheus", "log"]).exits(0).text();
    let (ours, of_log) = (read(&sandbox, "retry.prom"), Exposition::read(&report));
    assert_eq!(ours.samples.keys().collect::<Vec<_>>(), of_log.samples.keys().collect::<Vec<_>>());
    for (series, value) in &ours.samples {
        let is_moment = series.contains("timestamp");
        let difference = (value - of_log.samples[series]).abs();
        assert!(
            difference < if is_moment { 1.0 } else { 1e-9 },
            "{series}: {value} and {}",
            of_log.samples[series]
        );
    }
}
