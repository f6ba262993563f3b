//! Where logs are read from, and what happens when they cannot be.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::logged;
use crate::cli::harness::Ran;
use crate::support::Sandbox;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// How many runs are counted.
#[track_caller]
fn runs(sandbox: &Sandbox, args: &[&str]) -> u64 {
    let ran = sandbox.report(&[&["--format", "json"], args].concat()).exits(0);
    ran.json()["runs"].as_u64().expect("a number")
}

#[test]
fn stdin_is_read_where_no_file_is_named() {
    let sandbox = logged();
    for args in [&["report"][..], &["report", "-"]] {
        let text = Ran::of(sandbox.retry(args).write_stdin(sandbox.read("log"))).exits(0).text();
        assert!(text.starts_with("4 runs"), "{text}");
    }
    Ran::of(sandbox.retry(["report"]).write_stdin(""))
        .exits(0)
        .prints("0 runs of 0 operations\n  first try        0\n  rescued          0\n  failed           0\n");
}

#[test]
fn gzip_of_several_members_is_read_to_its_end_whatever_its_name() {
    let sandbox = logged();
    let log = sandbox.read("log");
    let middle = log[..log.len() / 2].rfind('\n').expect("a line") + 1;
    let members = [gzip(&log.as_bytes()[..middle]), gzip(&log.as_bytes()[middle..])].concat();
    sandbox.write("packed", &members);
    assert_eq!(runs(&sandbox, &["packed"]), 4);
    let ran = Ran::of(sandbox.retry(["report"]).write_stdin(members.clone())).exits(0);
    assert!(ran.text().starts_with("4 runs"), "{}", ran.text());
    sandbox.write("cut", &members[..members.len() - 9]);
    let ran = sandbox.report(&["--format", "json", "cut"]).exits(0);
    assert!(ran.json()["runs"].as_u64() > Some(0), "what was read counts");
    ran.says(&["retry: warning: cut was read only in part: incomplete deflate stream"]);
    sandbox.write("new.zst", [0x28, 0xb5, 0x2f, 0xfd, 0, 0]);
    sandbox
        .report(&["new.zst"])
        .exits(125)
        .says(&["retry: new.zst: zstd is not supported", "retry: hint: use zstdcat new.zst | retry report"]);
}

#[test]
fn rotated_files_are_read_in_their_order_and_each_once() {
    let sandbox = logged();
    let log = sandbox.read("log");
    // A run may begin in one file and end in the next.
    let middle = log.match_indices('\n').nth(3).expect("a line").0 + 1;
    sandbox.write("app.jsonl.2.gz", gzip(&log.as_bytes()[..middle]));
    sandbox.write("app.jsonl.1", &log[middle..]);
    sandbox.write("app.jsonl", "");
    sandbox.write("app.jsonl.old", &log);
    symlink("app.jsonl.1", sandbox.path("link")).expect("a link");
    assert_eq!(runs(&sandbox, &["app.jsonl"]), 0);
    let whole = sandbox.report(&["--format", "json", "log"]).json();
    let rotated =
        sandbox.report(&["--format", "json", "--rotated", "app.jsonl", "app.jsonl.1", "link"]).json();
    assert_eq!(rotated, whole);
}

#[test]
fn stdin_that_is_a_file_which_is_named_too_is_read_once() {
    let sandbox = logged();
    let mut command = sandbox.spawnable(["report", "--format", "json", "-", "log"]);
    command.stdin(std::fs::File::open(sandbox.path("log")).expect("a log"));
    let output = command.output().expect("it runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["runs"], 4);
}

#[test]
fn rotated_files_are_read_by_their_names_whatever_their_times() {
    let sandbox = logged();
    let log = sandbox.read("log");
    let middle = log.match_indices('\n').nth(3).expect("a line").0 + 1;
    sandbox.write("app.2.gz", gzip(&log.as_bytes()[..middle]));
    sandbox.write("app.1", &log[middle..]);
    sandbox.write("app", "");
    let old = std::time::SystemTime::UNIX_EPOCH;
    let file = std::fs::File::options().append(true).open(sandbox.path("app.1")).expect("a file");
    file.set_modified(old).expect("a time");
    let whole = sandbox.report(&["--format", "json", "log"]).json();
    assert_eq!(sandbox.report(&["--format", "json", "--rotated", "app"]).json(), whole);
}

#[test]
fn a_log_is_not_written_over_by_its_own_report() {
    let sandbox = logged();
    let log = sandbox.read("log");
    symlink("log", sandbox.path("link")).expect("a link");
    sandbox
        .report(&["-o", "link", "log"])
        .exits(125)
        .says(&["retry: link is one of the logs to read: writing to it would destroy it"]);
    assert_eq!(sandbox.read("log"), log);
}

#[test]
fn a_file_that_cannot_be_read_is_told_before_any_is() {
    let sandbox = logged();
    sandbox
        .report(&["log", "nowhere"])
        .exits(125)
        .prints("")
        .says(&["retry: cannot read nowhere: No such file or directory"]);
    sandbox.report(&["log", "."]).exits(125).prints("").mentions(&["retry: cannot read .: "]);
    sandbox.write("secret", "");
    std::fs::set_permissions(sandbox.path("secret"), std::fs::Permissions::from_mode(0o000)).expect("a mode");
    // Root may read everything.
    if std::fs::read(sandbox.path("secret")).is_err() {
        sandbox
            .report(&["log", "secret"])
            .exits(125)
            .prints("")
            .says(&["retry: cannot read secret: Permission denied"]);
    }
}

#[test]
fn input_without_any_line_of_a_log_is_an_error_and_a_few_others_are_a_note() {
    let sandbox = logged();
    sandbox.write("other", "hello\n{}\n");
    sandbox.report(&["other"]).exits(125).prints("").says(&[
        "retry: not a log of retry: no line is an event of a run",
        "retry: hint: first skipped line: other:1: no JSON object",
    ]);
    let log = sandbox.read("log");
    sandbox.write("mixed", format!("{log}\u{1b}[2J\n{{\"v\":1,\n{}", &log[..30]));
    let lines = log.lines().count() + 3;
    let ran = sandbox.report(&["mixed"]).exits(0);
    assert!(ran.text().starts_with("4 runs"), "{}", ran.text());
    ran.says(&[
        &format!("retry: 2 of {lines} lines skipped (first: mixed:{}: no JSON object)", lines - 2),
        "retry: the last line is incomplete: its writer was killed or is still writing",
    ]);
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let sandbox = logged();
    let mut child = sandbox
        .spawnable(["report", "log"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn the_report_is_written_to_a_file_as_a_whole() {
    let sandbox = logged();
    let printed = sandbox.report(&["log"]).text();
    sandbox.write("out", "old");
    std::fs::set_permissions(sandbox.path("out"), std::fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("out", sandbox.path("alias")).expect("a link");
    sandbox.report(&["-o", "alias", "log"]).exits(0).prints("").says(&[]);
    assert_eq!(sandbox.read("out"), printed);
    let metadata = std::fs::symlink_metadata(sandbox.path("out")).expect("the file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(sandbox.path("alias")).expect("the link").is_symlink());
    assert!(!sandbox.files().iter().any(|name| name.contains(".tmp")), "{:?}", sandbox.files());
    sandbox.report(&["-o", "no/where", "log"]).exits(125).mentions(&["retry: cannot write no/where"]);
}
