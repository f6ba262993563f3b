//! A stderr whose reader is alive and does not read.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Sandbox, fixture, full_pipe, wait_for};

/// Starts the run, waits until it has said something, or would have, and ends it by this signal.
#[track_caller]
fn ends_by(signal: Signal, options: &[&str], command: &[&str]) {
    let sandbox = Sandbox::new();
    let (_reader, writer) = full_pipe();
    let kept = writer.try_clone().expect("a copy");
    let words = [options, &["--log", "log", "--"], command].concat();
    let mut run = sandbox.signallable(words).stderr(Stdio::from(writer)).spawn().expect("a start");
    wait_for("an event", || sandbox.read("log").contains("attempt.retry"));
    kill_process(Pid::from_child(&run), signal).expect("it is there");
    let mut end = None;
    wait_for("its end", || {
        end = run.try_wait().expect("a child");
        end.is_some()
    });
    // It came while a command ran that had its own way of ending, or it was ours.
    let end = end.expect("it has ended");
    assert!(end.signal() == Some(signal.as_raw()) || end.code() == Some(7), "{options:?}: {end}");
    let flags = fcntl_getfl(&kept).expect("flags");
    assert!(!flags.contains(OFlags::NONBLOCK), "what others share stays as it is");
}

#[test]
fn a_signal_still_ends_the_run() {
    let fails = [fixture(), "exit", "7"];
    for signal in [Signal::TERM, Signal::INT] {
        ends_by(signal, &["--delay", "1h", "--max-delay", "1h"], &fails);
        ends_by(signal, &["--max", "inf", "--delay", "10ms"], &fails);
        ends_by(signal, &["--message-format", "json", "--delay", "1h", "--max-delay", "1h"], &fails);
    }
}

#[test]
fn nobody_is_waited_for_without_end_and_what_comes_later_is_whole() {
    let sandbox = Sandbox::new();
    let (reader, writer) = full_pipe();
    let words = ["--max", "4", "--delay", "10ms", "--log", "log", "--", fixture(), "exit", "7"];
    let mut run = sandbox.spawnable(words).stderr(Stdio::from(writer)).spawn().expect("a start");
    wait_for("its end", || run.try_wait().expect("a child").is_some());
    assert_eq!(run.wait().expect("an end").code(), Some(7));
    assert_eq!(sandbox.read("log").matches("attempt.start").count(), 4);
    drop(reader);
}

#[test]
fn a_reader_that_comes_back_has_whole_lines() {
    let sandbox = Sandbox::new();
    let (reader, writer) = full_pipe();
    let words =
        ["--max", "3", "--delay", "1s", "--jitter", "none", "--log", "log", "--", fixture(), "exit", "7"];
    let mut run = sandbox.spawnable(words).stderr(Stdio::from(writer)).spawn().expect("a start");
    wait_for("a message", || sandbox.read("log").contains("attempt.retry"));
    let text = std::io::read_to_string(File::from(reader)).expect("text");
    assert_eq!(run.wait().expect("an end").code(), Some(7));
    let said = text.trim_start_matches('x');
    assert!(said.lines().all(|line| line.is_empty() || line.starts_with("retry: ")), "{said}");
    assert!(said.contains("attempt 3/3 failed"), "{said}");
}

#[test]
fn a_signal_ends_a_run_whose_captured_output_nobody_reads() {
    for command in ["seq 200000 >&2; exit 7", "echo $$ >pid; exec sleep 60 >&2"] {
        let sandbox = Sandbox::new();
        let (_reader, writer) = full_pipe();
        let script = format!("echo >started; {command}");
        let words = ["--max", "1", "--retry-match", "x", "--", "sh", "-c", &script];
        let mut run = sandbox.spawnable(words).stderr(Stdio::from(writer)).spawn().expect("a start");
        wait_for("the command", || !sandbox.read("started").is_empty());
        kill_process(Pid::from_child(&run), Signal::TERM).expect("it is there");
        wait_for("its end", || run.try_wait().expect("a child").is_some());
    }
}
