//! Commands that cannot be started: 126, 127, 125; permanent or worth another attempt.

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::program::{End, Running, command, count_events, ended, retry, run, through, wait_for_the_wait};
use crate::support::{RETRY, Sandbox, fixture, wait_for};

/// A program of the sandbox.
fn executable(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.write(name, text);
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn what_is_missing_is_127_and_what_cannot_be_executed_is_126_and_neither_is_retried() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "exit 0\n");
    executable(&sandbox, "no-interpreter", "#!/nonexistent/interpreter\n");
    executable(&sandbox, "odd-interpreter", "#!/\n");
    symlink("loop", sandbox.path("loop")).expect("a symbolic link");
    let long = "x".repeat(300);
    for (command, code) in [
        ("no-such-command", 127),
        ("./no-such-file", 127),
        ("no-such-directory/file", 127),
        ("./no-interpreter", 127),
        ("", 127),
        ("./plain", 126),
        ("./odd-interpreter", 126),
        ("/", 126),
        ("./loop", 126),
        (&*long, 126),
        ("./plain/file", 126),
    ] {
        let _old = std::fs::remove_file(sandbox.path("log"));
        assert_eq!(ended(&sandbox, &["--log", "log", "--", command]), End::Code(code), "{command}");
        assert_eq!(count_events(&sandbox, "attempt.failed"), 1, "{command}: {}", sandbox.read("log"));
        assert_eq!(count_events(&sandbox, "attempt.retry"), 0, "{command}: {}", sandbox.read("log"));
    }
}

#[test]
fn path_is_searched_for_what_can_be_executed() {
    let sandbox = Sandbox::new();
    sandbox.write("first/tool", "exit 1\n");
    executable(&sandbox, "second/tool", "#!/bin/sh\nexit 5\n");
    let here = sandbox.path("").display().to_string();
    for (path, code) in [
        (format!("{here}/first:{here}/second"), 5),
        (format!("{here}/missing::{here}/second"), 5),
        (format!("{here}/first"), 126),
        (format!("{here}/missing"), 127),
    ] {
        let wrapper = ["env", &format!("PATH={path}")];
        let end = run(&mut through(&sandbox, &wrapper, &["--max", "1", "--", "tool"]));
        assert_eq!(end, End::Code(code), "PATH={path}");
    }
}

#[test]
fn a_script_without_a_first_line_is_run_by_sh() {
    let sandbox = Sandbox::new();
    executable(&sandbox, "script", "echo \"$1|$2|$#\"\nexit 9\n");
    assert_eq!(ended(&sandbox, &["--max", "1", "--", "./script", "a b", "-c"]), End::Code(9));
    assert_eq!(sandbox.read("out"), "a b|-c|2\n");
    executable(&sandbox, "empty", "");
    assert_eq!(ended(&sandbox, &["--", "./empty"]), End::Code(0));
}

#[test]
fn a_missing_command_that_is_to_be_retried_is_found_when_it_appears() {
    let sandbox = Sandbox::new();
    let args = ["--max", "inf", "--retry-on", "not-found", "--delay", "10ms", "--log", "log", "--", "./late"];
    let mut running = Running::start(&mut retry(&sandbox, &args));
    wait_for_the_wait(&sandbox);
    executable(&sandbox, "early", "#!/bin/sh\nexit 0\n");
    std::fs::rename(sandbox.path("early"), sandbox.path("late")).expect("a rename");
    assert_eq!(running.end(), End::Code(0));
}

/// Whether this kernel refuses to execute a file that is open for writing (a few versions of Linux do not).
fn refuses_open_files(path: &std::path::Path) -> bool {
    let refused = match Command::new(path).args(["exit", "0"]).stdin(Stdio::null()).status() {
        Ok(_) => false,
        Err(error) => error.raw_os_error() == Some(libc::ETXTBSY),
    };
    if !refused {
        // Not `eprintln!`, which is captured: this has to be seen.
        let _ =
            writeln!(std::io::stderr(), "NOT TESTED: this kernel executes files that are open for writing");
    }
    refused
}

#[test]
fn a_file_that_is_being_written_is_retried_until_it_can_be_executed() {
    let sandbox = Sandbox::new();
    let program = sandbox.executable("program", Path::new(fixture()));
    let writer = OpenOptions::new().append(true).open(&program).expect("a file to write to");
    if !refuses_open_files(&program) {
        return;
    }
    let args = [
        "--max",
        "inf",
        "--delay",
        "10ms",
        "--max-delay",
        "50ms",
        "--log",
        "log",
        "--",
        "./program",
        "exit",
        "0",
    ];
    let mut running = Running::start(&mut retry(&sandbox, &args));
    wait_for("two attempts", || count_events(&sandbox, "attempt.retry") >= 2);
    assert!(!running.has_ended());
    drop(writer);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn a_file_that_stays_open_for_writing_is_126() {
    let sandbox = Sandbox::new();
    let program = sandbox.executable("program", Path::new(fixture()));
    let _writer = OpenOptions::new().append(true).open(&program).expect("a file to write to");
    if !refuses_open_files(&program) {
        return;
    }
    let args = ["--max", "2", "--delay", "10ms", "--log", "log", "--", "./program", "exit", "0"];
    assert_eq!(ended(&sandbox, &args), End::Code(126));
    assert_eq!(count_events(&sandbox, "attempt.retry"), 1);
    assert_eq!(count_events(&sandbox, "attempt.failed"), 1);
}

/// Closes what was inherited beside the standard streams, then allows `$0` descriptors in all.
const FEW_DESCRIPTORS: &str = "for n in $(ls /proc/$$/fd); do [ \"$n\" -gt 2 ] && eval \"exec $n>&-\"; done
    ulimit -n \"$0\"; exec \"$@\"";

#[test]
fn too_few_descriptors_are_125_and_never_an_abort() {
    let mut ran = Vec::new();
    // With fewer than 4 not even the dynamic loader can work.
    for limit in 4..=24 {
        let sandbox = Sandbox::new();
        let limit_text = limit.to_string();
        let wrapper = ["bash", "-c", FEW_DESCRIPTORS, &limit_text];
        let end = run(&mut through(
            &sandbox,
            &wrapper,
            &["--max", "2", "--delay", "1ms", "--", fixture(), "exit", "7"],
        ));
        match end {
            End::Code(7) => ran.push(limit),
            End::Code(125) => {
                assert!(sandbox.read("err").starts_with("retry: "), "{limit}: {}", sandbox.read("err"));
            }
            End::Code(_) | End::Killed(_) => panic!("{limit} descriptors: {end:?}\n{}", sandbox.read("err")),
        }
    }
    let first = *ran.first().expect("24 descriptors are enough");
    assert!(first > 4, "4 descriptors cannot be enough: is the limit in force?");
    assert_eq!(ran, (first..=24).collect::<Vec<_>>(), "more descriptors never hurt");
}

/// The words before a command that make it run as a user to whom limits apply: root is above them.
fn as_user() -> &'static [&'static str] {
    let root = rustix::process::geteuid().is_root();
    if root { &["setpriv", "--reuid", "64321", "--regid", "64321", "--clear-groups"] } else { &[] }
}

/// The same for a user who may not have another process.
fn without_processes() -> Vec<&'static str> {
    [as_user(), &["bash", "-c", "ulimit -Su 1; exec \"$@\"", "bash"]].concat()
}

/// A sandbox that this user can work in, with a copy of the binary.
fn open_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.executable("retry", Path::new(RETRY));
    for (name, mode) in [("", 0o777), ("retry", 0o755)] {
        std::fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).expect("permissions");
    }
    sandbox
}

#[test]
fn a_process_that_cannot_be_forked_is_retried_and_finally_125() {
    let sandbox = open_sandbox();
    let args = ["./retry", "--max", "2", "--delay", "10ms", "--log", "log", "--", "true"];
    let end = run(&mut command(&sandbox, &[&without_processes()[..], &args].concat()));
    assert_eq!(end, End::Code(125), "{}", sandbox.read("err"));
    assert_eq!(count_events(&sandbox, "attempt.retry"), 1);
    assert_eq!(count_events(&sandbox, "attempt.failed"), 1);
}

#[test]
fn a_process_is_forked_as_soon_as_that_is_possible() {
    let sandbox = open_sandbox();
    let args =
        ["./retry", "--max", "inf", "--delay", "10ms", "--max-delay", "50ms", "--log", "log", "--", "true"];
    let words = [&without_processes()[..], &args].concat();
    let mut running = Running::start(&mut command(&sandbox, &words));
    wait_for_the_wait(&sandbox);
    let pid = running.pid().to_string();
    let raise = [as_user(), &["prlimit", "--pid", &pid, "--nproc=10000:"]].concat();
    assert_eq!(run(&mut command(&sandbox, &raise)), End::Code(0), "{}", sandbox.read("err"));
    assert_eq!(running.end(), End::Code(0));
}
