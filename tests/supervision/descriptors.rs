//! Descriptors: closed ones stay closed, further ones pass through, none of ours is handed on.

use std::fs::File;
use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl};

use super::program::{End, command, ended, retry, run, through};
use crate::support::{Sandbox, fixture};

/// Exits with the sum of 1, 2 and 4 for standard input, output and error, where open, plus 64.
const WHICH_ARE_OPEN: &str =
    "n=64; for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && n=$((n + (1 << fd))); done; exit $n";

#[test]
fn closed_standard_streams_stay_closed_in_the_command() {
    for (redirections, code) in [
        ("", 64 + 7),
        ("<&-", 64 + 6),
        (">&-", 64 + 5),
        ("2>&-", 64 + 3),
        ("<&- >&-", 64 + 4),
        ("<&- 2>&-", 64 + 2),
        (">&- 2>&-", 64 + 1),
        ("<&- >&- 2>&-", 64),
    ] {
        let sandbox = Sandbox::new();
        let closing = format!("exec \"$@\" {redirections}");
        let args = ["-v", "--max", "2", "--delay", "1ms", "--log", "log", "--", "sh", "-c", WHICH_ARE_OPEN];
        let end = run(&mut through(&sandbox, &["sh", "-c", &closing, "sh"], &args));
        assert_eq!(end, End::Code(code), "{redirections}");
    }
}

/// What the fixture program sees open, on its own and in two attempts of a run.
#[track_caller]
fn check_open(opening: &str) -> String {
    let sandbox = Sandbox::new();
    let wrapper = ["sh", "-c", opening, "sh"];
    let report = [fixture(), "fds"];
    assert_eq!(run(&mut command(&sandbox, &[&wrapper[..], &report].concat())), End::Code(0));
    let alone = sandbox.read("out");
    let limits = ["--max", "2", "--delay", "1ms", "--timeout", "50s", "--deadline", "50s", "--log", "log"];
    let args = [&limits[..], &["--success-on", "99", "--"], &report].concat();
    assert_eq!(run(&mut through(&sandbox, &wrapper, &args)), End::Code(1), "{}", sandbox.read("err"));
    assert_eq!(sandbox.read("out"), alone.repeat(2), "{opening}");
    alone
}

#[test]
fn the_command_gets_none_of_ours() {
    check_open("exec \"$@\"");
}

#[test]
fn further_descriptors_pass_through() {
    let seen = check_open("exec 3</dev/null 4>>extra 8<&0 9<>extra; exec \"$@\"");
    for fd in ["3", "4", "8", "9"] {
        assert!(seen.lines().any(|line| line == fd), "{fd} in {seen}");
    }
}

#[test]
fn a_further_descriptor_is_usable() {
    let sandbox = Sandbox::new();
    let opening = "exec 3>>extra; exec \"$@\"";
    let args = ["--max", "2", "--delay", "1ms", "--", "sh", "-c", "echo $RETRY_ATTEMPT >&3; exit 7"];
    assert_eq!(run(&mut through(&sandbox, &["sh", "-c", opening, "sh"], &args)), End::Code(7));
    assert_eq!(sandbox.read("extra"), "1\n2\n");
}

/// The flags belong to the open file, which others share: a shell that finds its terminal non-blocking is broken.
#[test]
fn the_standard_streams_are_not_made_non_blocking() {
    let sandbox = Sandbox::new();
    let (stdin, _keyboard) = std::io::pipe().expect("a pipe");
    let (_reader, stdout) = std::io::pipe().expect("a pipe");
    let (_log_reader, stderr) = std::io::pipe().expect("a pipe");
    let mut command = retry(&sandbox, &["-v", "--max", "2", "--delay", "1ms", "--", fixture(), "exit", "7"]);
    command.stdin(stdin.try_clone().expect("a copy"));
    command.stdout(stdout.try_clone().expect("a copy")).stderr(stderr.try_clone().expect("a copy"));
    assert_eq!(run(&mut command), End::Code(7));
    for stream in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        let flags = fcntl_getfl(stream).expect("flags");
        assert!(!flags.intersects(OFlags::NONBLOCK | OFlags::APPEND), "{flags:?}");
    }
}

#[test]
fn the_command_has_the_very_files_that_we_have() {
    let sandbox = Sandbox::new();
    let mut command =
        retry(&sandbox, &["--", "sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2"]);
    let input = sandbox.write("in", "");
    assert_eq!(run(command.stdin(File::open(&input).expect("a file"))), End::Code(0));
    let here = sandbox.path("").canonicalize().expect("a sandbox");
    let expected: String =
        ["in", "out", "err"].map(|name| format!("{}\n", here.join(name).display())).concat();
    assert_eq!(sandbox.read("out"), expected);
}

#[test]
fn a_run_without_any_standard_stream_has_the_same_result() {
    let sandbox = Sandbox::new();
    for (args, code) in [
        (&["--max", "2", "--delay", "1ms", "-vv", "--", "sh", "-c", "exit 7"][..], 7),
        (&["--no-such-option"], 125),
        (&["--max", "2", "--delay", "1ms", "--log", "/no/such/directory/log", "--", "sh", "-c", "exit 7"], 7),
        (&["--max", "1", "--timeout", "300ms", "--", fixture(), "sleep", "60"], 124),
        (&["no-such-command"], 127),
    ] {
        let end = run(&mut through(&sandbox, &["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"], args));
        assert_eq!(end, End::Code(code), "{args:?}");
        assert_eq!(ended(&sandbox, args), End::Code(code), "{args:?} with streams");
    }
}
