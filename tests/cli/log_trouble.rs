//! A log that cannot be written is one warning, and never another result.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use super::harness::{Ran, as_ordinary_user};
use crate::support::{RETRY, Sandbox, fixture};

/// What a run says that fails twice, but for its log.
const SAID: &[&str] = &[
    "retry: attempt 1/2 failed (exit 7); retrying in TIME",
    "retry: attempt 2/2 failed (exit 7): no attempts left",
    "retry: gave up on sh after 2 attempts (TIME): exit 7 ×2; exit 7",
];

/// The result is that of a run without a log, and there is one warning of this log, for this reason.
#[track_caller]
fn is_one_warning(ran: Ran, log: &str, why: &str) {
    let ran = ran.exits(7).prints("out\nout\n");
    let warning = format!("retry: cannot write log {log}: {why}; continuing without it");
    let (warnings, rest): (Vec<_>, Vec<_>) = ran.stderr.lines().partition(|line| line.contains("write log"));
    assert_eq!(warnings, [warning]);
    assert_eq!(super::harness::redacted(&rest.join("\n")), SAID.join("\n"));
}

/// A run with this log whose command says `out` and fails with 7, twice.
fn failing(log: &str) -> [&str; 9] {
    ["--max", "2", "--delay", "1ms", "--log", log, "--", "sh", "-c"]
}

const SCRIPT: &str = "echo out; exit 7";

/// Runs [`failing`] under a shell that has run these words first.
#[track_caller]
fn after(sandbox: &Sandbox, words: &str, log: &str) -> Ran {
    let options = failing(log);
    let mut command = assert_cmd::Command::new("bash");
    command.arg("-c").arg(format!("{words}; exec \"$@\"")).arg("bash").arg(RETRY).args(options).arg(SCRIPT);
    command.current_dir(sandbox.path(".")).env("HOME", sandbox.path(".")).timeout(Duration::from_secs(60));
    Ran::of(&mut command)
}

#[track_caller]
fn plainly(sandbox: &Sandbox, log: &str) -> Ran {
    sandbox.run(failing(log).into_iter().chain([SCRIPT]))
}

fn make_fifo(sandbox: &Sandbox) {
    let made = Command::new("mkfifo").arg(sandbox.path("fifo")).status().expect("mkfifo");
    assert!(made.success());
}

#[test]
fn a_full_disk() {
    is_one_warning(plainly(&Sandbox::new(), "/dev/full"), "/dev/full", "No space left on device");
}

#[test]
fn a_directory_that_is_not_there() {
    is_one_warning(plainly(&Sandbox::new(), "no/log"), "no/log", "No such file or directory");
}

#[test]
fn a_directory_in_its_place() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("log")).expect("a directory");
    is_one_warning(plainly(&sandbox, "log"), "log", "Is a directory");
}

#[test]
fn a_file_where_a_directory_should_be() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    is_one_warning(plainly(&sandbox, "file/log"), "file/log", "Not a directory");
}

#[test]
fn a_fifo_that_nobody_reads() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox);
    is_one_warning(plainly(&sandbox, "fifo"), "fifo", "nobody reads it");
}

#[test]
fn a_fifo_whose_reader_does_not_read() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox);
    // The shell holds both ends and has filled the pipe.
    let fill = "exec 9<>fifo; dd if=/dev/zero of=/dev/fd/9 oflag=nonblock bs=4096 2>/dev/null";
    is_one_warning(after(&sandbox, fill, "fifo"), "fifo", "Resource temporarily unavailable");
}

#[test]
fn a_fifo_with_a_reader_is_a_log_like_any_other() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox);
    let ran = after(&sandbox, "cat fifo >copy & exec 9>fifo", "fifo");
    let said = super::harness::redacted(&ran.stderr);
    assert_eq!(said.lines().collect::<Vec<_>>(), SAID);
    crate::support::wait_for("the reader", || sandbox.read("copy").contains("run.stop"));
    assert_eq!(sandbox.log("copy").len(), 6);
}

#[test]
fn a_file_that_may_not_grow_at_all() {
    let sandbox = Sandbox::new();
    sandbox.write("log", vec![b'\n'; 1024]);
    is_one_warning(after(&sandbox, "ulimit -f 1", "log"), "log", "File too large");
    assert_eq!(sandbox.count("log"), 1024);
}

#[test]
fn a_file_that_may_grow_a_little_keeps_its_whole_lines() {
    let sandbox = Sandbox::new();
    is_one_warning(after(&sandbox, "ulimit -f 1", "log"), "log", "File too large");
    let text = sandbox.read("log");
    let (whole, torn) = text.rsplit_once('\n').expect("a whole line");
    assert!(!whole.is_empty() && text.len() == 1024, "{} bytes, torn: {torn}", text.len());
    for line in whole.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn half_a_line_that_an_earlier_run_left_spoils_no_other() {
    let sandbox = Sandbox::new();
    sandbox.write("log", "{\"v\":1,\"eve");
    sandbox.run(["-q", "--log", "log", "--", "true"]).exits(0);
    let log = sandbox.read("log");
    let mut lines = log.lines();
    assert_eq!(lines.next(), Some("{\"v\":1,\"eve"));
    let events: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(line).expect("a whole line")).collect();
    assert_eq!(events[0]["event"], "run.start");
    assert_eq!(log.matches("\n\n").count(), 0);
}

#[test]
fn the_command_still_dies_of_a_file_that_grows_too_large() {
    let sandbox = Sandbox::new();
    let script = format!("ulimit -f 1; exec {RETRY} --no-retry -q --log log -- {} signals", fixture());
    let ran = Ran::of(assert_cmd::Command::new("bash").args(["-c", &script]).current_dir(sandbox.path(".")));
    let ignored =
        ran.exits(0).text().lines().find_map(|line| line.strip_prefix("SigIgn:").map(str::to_owned));
    let ignored = u64::from_str_radix(ignored.expect("a line").trim(), 16).expect("a mask");
    assert_eq!(ignored & (1 << (libc::SIGXFSZ - 1)), 0, "SIGXFSZ is as we found it");
}

#[test]
fn a_directory_and_a_file_that_we_may_not_write() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("locked")).expect("a directory");
    std::fs::set_permissions(sandbox.path("locked"), std::fs::Permissions::from_mode(0o555)).expect("a mode");
    let file = sandbox.write("mine", "");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).expect("a mode");
    for name in ["locked/log", "mine"] {
        let log = sandbox.path(name).display().to_string();
        let mut command = as_ordinary_user(&sandbox);
        command.args(failing(&log)).arg(SCRIPT);
        is_one_warning(Ran::of(&mut assert_cmd::Command::from_std(command)), &log, "Permission denied");
    }
}

#[test]
fn a_success_at_first_has_the_warning_too_and_its_own_status() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--log", "/dev/full", "--", "echo", "x"]).exits(0).prints("x\n");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn an_attempt_is_not_delayed_by_its_log() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox);
    after(&sandbox, "exec 9<>fifo", "fifo").exits(7);
}
