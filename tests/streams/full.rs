//! Readers that do not read, behind pipes that wait: whatever retry writes there, a signal still ends it.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{RETRY, Sandbox, full_pipe, wait_for};

/// Has TERM end the run, however it does.
#[track_caller]
fn ends_by_term(mut run: Child) {
    kill_process(Pid::from_child(&run), Signal::TERM).expect("it is there");
    wait_for("its end", || run.try_wait().expect("a child").is_some());
}

/// Starts `retry` with both streams full, and ends it once its command, which must not wait for them, has run.
#[track_caller]
fn check(options: &[&str], script: &str) {
    let sandbox = Sandbox::new();
    let (_reader, writer) = full_pipe();
    let words = [options, &["--", "sh", "-c", script]].concat();
    let mut command = sandbox.spawnable(words);
    command.stdout(writer.try_clone().expect("a copy")).stderr(writer);
    let run = command.spawn().expect("a start");
    wait_for("the command's end", || !sandbox.read("ran").is_empty());
    ends_by_term(run);
}

const LONG: [&str; 4] = ["--delay", "1h", "--max-delay", "1h"];

#[test]
fn held_output_waits_for_nobody() {
    check(&["-O"], "seq 100; echo >ran");
    // It is told while it runs, and ends well: its output is delivered after the signal.
    check(&["-O"], "trap 'exit 0' TERM; seq 100; echo >ran; while :; do sleep 0.01; done");
    check(&["--chronic", "--max", "1"], "seq 100; seq 100 >&2; echo >ran; exit 7");
    check(&["--stderr", "last", "--max", "2", "--delay", "0"], "seq 100 >&2; echo >ran; exit 7");
}

#[test]
fn messages_and_the_log_wait_for_nobody() {
    check(&LONG, "echo >ran; exit 7");
    check(&[&LONG[..], &["--log", "/dev/stderr"]].concat(), "echo >ran; exit 7");
    check(&[&LONG[..], &["--log", "-"]].concat(), "echo >ran; exit 7");
    check(&[&LONG[..], &["--log", "/dev/stdout"]].concat(), "echo >ran; exit 7");
}

/// A pipe that another user made cannot be opened once more. Only root may become another user.
#[test]
fn a_pipe_that_cannot_be_opened_again_waits_for_nobody() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for script in ["echo >ran; exit 7", "yes >&2 & echo >ran; wait"] {
        let sandbox = Sandbox::new();
        let (_reader, writer) = full_pipe();
        std::os::unix::fs::chown(sandbox.path("."), Some(65534), Some(65534)).expect("root may");
        let copy = sandbox.executable("retry", std::path::Path::new(RETRY));
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
        command.args(LONG).args(["--idle-timeout", "1h", "--", "sh", "-c", script]);
        command.current_dir(sandbox.path(".")).env("HOME", sandbox.path(".")).stdin(Stdio::null());
        command.stdout(writer.try_clone().expect("a copy")).stderr(writer);
        let run = command.spawn().expect("setpriv(1) of util-linux");
        wait_for("the command", || !sandbox.read("ran").is_empty());
        ends_by_term(run);
    }
}

// Elsewhere there is no way to see from outside that it waits.
#[cfg(target_os = "linux")]
#[test]
fn a_verb_that_waits_for_its_reader_is_ended_by_a_signal() {
    use std::os::unix::process::ExitStatusExt;

    for verb in [&["explain", "--full"][..], &["profiles"], &["--help"]] {
        let sandbox = Sandbox::new();
        let (_reader, writer) = full_pipe();
        let mut command = sandbox.spawnable(verb);
        let mut run = command.stdout(writer).spawn().expect("a start");
        // Write(2) to stdout.
        let waits = format!("{} 0x1 ", libc::SYS_write);
        let syscall = format!("/proc/{}/syscall", run.id());
        wait_for("a write", || std::fs::read_to_string(&syscall).is_ok_and(|call| call.starts_with(&waits)));
        kill_process(Pid::from_child(&run), Signal::TERM).expect("it is there");
        let end = run.wait().expect("an end");
        assert_eq!(ExitStatusExt::signal(&end), Some(libc::SIGTERM), "{verb:?}");
    }
}
