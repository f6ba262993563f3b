//! Input that cannot be kept: the attempt goes on, and is the last.

use super::*;
use crate::support::Sandbox;

#[track_caller]
fn is_refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains(&format!("exit 7; stdin cannot be replayed: {why}")), "{said}");
    assert!(said.contains("not retried: stdin not replayable"), "{said}");
}

#[test]
fn more_than_is_kept_is_read_once() {
    let sandbox = Sandbox::new();
    let bytes = noise(2 << 20);
    for limit in ["10k", "1MiB", "2097151"] {
        let (reader, writer) = pipe_of(bytes.clone());
        let args = ["--stdin-max", limit, "-d", "0", "--log", "log", "--", "sh", "-c", "cat; exit 7"];
        let output = run(&sandbox, reader, &args);
        prints(&output, &bytes);
        is_refused(&output, "more than --stdin-max ");
        writer.join().expect("the writer is done");
    }
    let log = sandbox.read("log");
    assert!(log.contains(r#""rule":{"source":"builtin","id":"stdin-not-replayable"}"#), "{log}");
    assert!(log.contains(r#""outcome":"permanent""#), "{log}");
}

#[test]
fn exactly_as_much_as_is_kept_is_replayed() {
    let bytes = noise(2 << 20);
    let (reader, writer) = pipe_of(bytes.clone());
    let args = ["--stdin-max", "2MiB", "-q", "-d", "0", "--", "sh", "-c", "cat; exit 7"];
    prints(&run(&Sandbox::new(), reader, &args), bytes.repeat(3));
    writer.join().expect("the writer is done");
}

#[test]
fn the_last_attempt_may_read_more() {
    let bytes = noise(100_000);
    let (reader, writer) = pipe_of(bytes.clone());
    let script = "[ $RETRY_ATTEMPT = 3 ] || { head -c 1000 >/dev/null; exit 1; }; cat";
    let args = ["--stdin-max", "64k", "-q", "-d", "0", "--max", "3", "--", "sh", "-c", script];
    let output = run(&Sandbox::new(), reader, &args);
    prints(&output, &bytes);
    assert_eq!(output.status.code(), Some(0));
    writer.join().expect("the writer is done");
}

#[test]
fn a_success_is_one_whatever_was_kept() {
    let (reader, writer) = pipe_of(noise(100_000));
    let args = ["--stdin-max", "1k", "--", "sh", "-c", "cat >/dev/null"];
    let output = run(&Sandbox::new(), reader, &args);
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true), "{output:?}");
    writer.join().expect("the writer is done");
}

#[test]
fn further_successes_need_the_input_too() {
    let (reader, writer) = pipe_of(noise(100_000));
    let args =
        ["--stdin-max", "1k", "--successes", "2", "-d", "0", "--", "sh", "-c", "cat >/dev/null; echo ran"];
    let output = run(&Sandbox::new(), reader, &args);
    prints(&output, "ran\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("stdin cannot be replayed: more than --stdin-max 1KiB was read"), "{said}");
    writer.join().expect("the writer is done");
}

#[test]
fn a_full_disk_spares_the_attempt() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("small")).expect("a directory");
    let bytes = noise(6 << 20);
    sandbox.write("input", &bytes);
    let script = r#"mount -t tmpfs -o size=3m tmpfs small || exit 90
        cat input | TMPDIR=$PWD/small "$R" -d 0 -- sh -c 'cat; exit 7'; code=$?
        [ -z "$(ls -A small)" ] || exit 91
        [ "$(df --output=used small | tail -1)" -eq 0 ] || exit 92
        exit $code"#;
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).env("R", crate::support::RETRY).current_dir(sandbox.path("."));
    let output = command.stdin(Stdio::null()).output().expect("unshare(1) of util-linux");
    assert_ne!(output.status.code(), Some(90), "this test must be allowed to mount: {output:?}");
    prints(&output, &bytes);
    is_refused(&output, &format!("it cannot be kept in {}", sandbox.path("small").display()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));
}

#[test]
#[cfg_attr(not(has_memfd), ignore = "needs memfd")]
fn nothing_is_left_where_it_was_kept() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("tmp")).expect("a directory");
    let (reader, writer) = pipe_of(noise(3 << 20));
    let mut command =
        sandbox.spawnable(["-q", "-d", "0", "--", "sh", "-c", "cat >/dev/null; ls -A tmp; exit 7"]);
    let output = command.env("TMPDIR", sandbox.path("tmp")).stdin(reader).output().expect("retry runs");
    prints(&output, "");
    writer.join().expect("the writer is done");
}

#[test]
fn what_is_no_size_is_refused() {
    for (size, told) in [("1.5GiB", "whole number"), ("5q", "unknown unit")] {
        let output = run(&Sandbox::new(), Stdio::null(), &["--stdin-max", size, "--", "true"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{said}");
        assert!(said.contains("--stdin-max") && said.contains(told), "{said}");
    }
}
