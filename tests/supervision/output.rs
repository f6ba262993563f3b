//! Readers that go away, disks that are full: the first ends a run, the second changes nothing.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use rustix::fs::{OFlags, fcntl_setfl};

use super::program::{End, Running, ended, events, retry, run};
use crate::support::{Sandbox, fixture};

/// Runs a script whose reader takes one line and goes.
#[track_caller]
fn read_one_line(sandbox: &Sandbox, wrapper: &[&str], script: &str) -> End {
    let args = ["--max", "5", "--delay", "10ms", "--log", "log", "--", "sh", "-c", script];
    let mut running = Running::start(super::program::through(sandbox, wrapper, &args).stdout(Stdio::piped()));
    let mut line = String::new();
    let mut reader = BufReader::new(running.child().stdout.take().expect("a pipe"));
    reader.read_line(&mut line).expect("a line");
    assert_eq!(line, "y\n");
    drop(reader);
    running.end()
}

#[track_caller]
fn assert_reader_gone(sandbox: &Sandbox) {
    assert_eq!(sandbox.count("runs"), 1, "{}", sandbox.read("err"));
    let failed = events(sandbox).into_iter().find(|event| event["event"] == "attempt.failed");
    assert_eq!(failed.expect("the attempt failed")["rule"]["id"], "reader-gone");
}

#[test]
fn a_command_whose_reader_is_gone_dies_of_sigpipe_and_is_not_run_again() {
    let sandbox = Sandbox::new();
    assert_eq!(read_one_line(&sandbox, &[], "printf x >>runs; exec yes"), End::Code(141));
    assert_reader_gone(&sandbox);
    assert_eq!(sandbox.read("err"), "", "a shell says nothing of it");
}

#[test]
fn a_command_that_notices_by_itself_is_not_run_again_either() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; trap '' PIPE; while echo y; do :; done 2>/dev/null; exit 23";
    assert_eq!(read_one_line(&sandbox, &[], script), End::Code(23));
    assert_reader_gone(&sandbox);
    assert!(sandbox.read("err").contains("exit 23, and nobody reads the output"), "{}", sandbox.read("err"));
}

#[test]
fn it_gets_an_error_where_sigpipe_is_ignored() {
    let sandbox = Sandbox::new();
    let end =
        read_one_line(&sandbox, &["env", "--ignore-signal=PIPE"], "printf x >>runs; exec yes 2>/dev/null");
    assert_eq!(end, End::Code(1));
    assert_reader_gone(&sandbox);
}

#[test]
fn a_success_stays_one_without_a_reader() {
    let sandbox = Sandbox::new();
    let script = "printf x >>runs; trap '' PIPE; while echo y; do :; done 2>/dev/null; exit 0";
    assert_eq!(read_one_line(&sandbox, &[], script), End::Code(0));
    assert_eq!(sandbox.count("runs"), 1);
}

#[test]
fn a_reader_that_is_gone_ends_a_run_that_has_written_nothing() {
    let sandbox = Sandbox::new();
    let args = ["--max", "5", "--delay", "10ms", "--log", "log", "--", "sh", "-c", "printf x >>runs; exit 7"];
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    assert_eq!(run(retry(&sandbox, &args).stdout(writer)), End::Code(7));
    assert_reader_gone(&sandbox);
}

#[test]
fn a_socket_without_a_reader_counts_too() {
    let sandbox = Sandbox::new();
    let args = ["--max", "5", "--delay", "10ms", "--log", "log", "--", "sh", "-c", "printf x >>runs; exit 7"];
    let (reader, writer) = std::os::unix::net::UnixStream::pair().expect("a socket");
    drop(reader);
    assert_eq!(run(retry(&sandbox, &args).stdout(std::os::fd::OwnedFd::from(writer))), End::Code(7));
    assert_reader_gone(&sandbox);
}

#[test]
fn files_have_no_reader_that_could_go() {
    for path in ["/dev/null", "/dev/full", "plain"] {
        let sandbox = Sandbox::new();
        let args = ["--max", "3", "--delay", "1ms", "--", "sh", "-c", "printf x >>runs; exit 7"];
        let path = sandbox.path(path);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).expect("a file");
        assert_eq!(run(retry(&sandbox, &args).stdout(file)), End::Code(7), "{}", path.display());
        assert_eq!(sandbox.count("runs"), 3, "{}", path.display());
    }
}

/// Things that stderr may be, all of which refuse what we say.
fn refusing_streams() -> Vec<(&'static str, Stdio)> {
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let (reader, broken) = std::io::pipe().expect("a pipe");
    drop(reader);
    let read_only = File::open("/dev/null").expect("/dev/null");
    vec![
        ("a full disk", full().into()),
        ("a closed pipe", broken.into()),
        ("a file open for reading", read_only.into()),
    ]
}

#[test]
fn a_stderr_that_refuses_everything_changes_no_result() {
    let runs: [(&[&str], i32); 9] = [
        (&["--max", "2", "--delay", "1ms", "--", "sh", "-c", "exit 7"], 7),
        (&["-vv", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "exit 7"], 7),
        (&["--message-format", "json", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "exit 7"], 7),
        (&["--log", "-", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "exit 7"], 7),
        (&["--log", "/no/such/directory", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "exit 7"], 7),
        (&["-vv", "--delay", "1ms", "--", "sh", "-c", "[ $RETRY_ATTEMPT = 2 ]"], 0),
        (&["no-such-command"], 127),
        (&["--no-such-option"], 125),
        (&["--max", "1", "--timeout", "300ms", "--", "sleep", "60"], 124),
    ];
    for (args, code) in runs {
        for (name, stream) in refusing_streams() {
            let sandbox = Sandbox::new();
            assert_eq!(run(retry(&sandbox, args).stderr(stream)), End::Code(code), "{name}: {args:?}");
        }
    }
}

#[test]
fn a_log_on_a_full_disk_changes_no_result() {
    let sandbox = Sandbox::new();
    let args =
        ["--log", "/dev/full", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "printf x >>runs; exit 7"];
    assert_eq!(ended(&sandbox, &args), End::Code(7));
    assert_eq!(sandbox.count("runs"), 2);
    assert_eq!(sandbox.read("err").matches("/dev/full").count(), 1, "one warning: {}", sandbox.read("err"));
}

/// A limit on file sizes is not our death by SIGXFSZ.
#[test]
fn a_log_that_reaches_the_size_limit_changes_no_result() {
    let sandbox = Sandbox::new();
    let wrapper = ["sh", "-c", "ulimit -f 1; exec \"$@\"", "sh"];
    let args = ["--log", "log", "--max", "9", "--delay", "1ms", "--", "sh", "-c", "exit 7"];
    assert_eq!(
        run(&mut super::program::through(&sandbox, &wrapper, &args)),
        End::Code(7),
        "{}",
        sandbox.read("err")
    );
    assert!(sandbox.count("log") > 0);
}

/// Nobody reads and somebody made it non-blocking: the messages are dropped.
#[test]
fn a_stderr_that_is_full_for_ever_does_not_hold_the_run() {
    let sandbox = Sandbox::new();
    let (mut reader, mut stderr) = std::io::pipe().expect("a pipe");
    fcntl_setfl(&stderr, OFlags::NONBLOCK).expect("a flag");
    while stderr.write(&[b'.'; 4096]).is_ok() {}
    let args = ["--max", "2", "--delay", "1ms", "--", "sh", "-c", "printf x >>runs; exit 7"];
    assert_eq!(run(retry(&sandbox, &args).stderr(stderr)), End::Code(7));
    assert_eq!(sandbox.count("runs"), 2);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("what was written");
    assert!(rest.iter().all(|&byte| byte == b'.'), "the pipe was full");
}

#[test]
fn a_full_stdout_is_the_commands_affair() {
    let sandbox = Sandbox::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let args = ["--max", "2", "--delay", "1ms", "--", "sh", "-c", "printf x >>runs; exec \"$F\" exit 7"];
    assert_eq!(run(retry(&sandbox, &args).stdout(full()).stderr(full())), End::Code(7));
    assert_eq!(sandbox.count("runs"), 2);
}

#[test]
fn what_retry_itself_prints_to_a_full_disk_is_an_error_and_no_abort() {
    for args in [&["--help"][..], &["-h"], &["--version"], &["explain"], &["generate", "man"]] {
        let sandbox = Sandbox::new();
        let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        assert_eq!(run(retry(&sandbox, args).stdout(full)), End::Code(125), "{args:?}");
        assert!(sandbox.read("err").starts_with("retry: "), "{args:?}: {}", sandbox.read("err"));
    }
}

#[test]
fn the_output_of_the_command_is_passed_on_unchanged() {
    let sandbox = Sandbox::new();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    sandbox.write("bytes", &bytes);
    assert_eq!(ended(&sandbox, &["--", "cat", "bytes"]), End::Code(0));
    assert_eq!(std::fs::read(sandbox.path("out")).expect("the output"), bytes);
    assert_eq!(ended(&sandbox, &["--", fixture(), "exit", "0"]), End::Code(0));
    assert_eq!(
        (sandbox.read("out"), sandbox.read("err")),
        (String::new(), String::new()),
        "retry itself is silent"
    );
}
