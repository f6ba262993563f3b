//! Where the machine has no more to give: memory, randomness, descriptors.

use std::process::Command;

use super::harness::Ran;
use crate::support::{RETRY, Sandbox, fixture};

#[track_caller]
fn under(sandbox: &Sandbox, words: &str, args: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new("bash");
    command.args(["-c", &format!("{words} \"$@\""), "bash", RETRY]).args(args).current_dir(sandbox.path("."));
    command.env("HOME", sandbox.path(".")).env("LC_ALL", "C.UTF-8");
    Ran::of(command.timeout(std::time::Duration::from_secs(60)))
}

#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn memory_that_is_used_up_is_said_and_is_our_failure() {
    let sandbox = Sandbox::new();
    sandbox.write("line", vec![b'x'; 64 << 20]);
    let ran = under(&sandbox, "ulimit -v 80000; exec", &["classify", "--batch", "line"]);
    assert_eq!(ran.exits(125).stderr, "retry: out of memory\n");
    // While a command runs: it is told to stop. Patterns are compiled when the first bytes come.
    let script = "prlimit --pid $PPID --data=1 --as=1; trap 'echo told >told; exit' TERM; seq 1000000; sleep 60 & wait";
    let options = ["--chronic", "--max", "2", "--retry-match", "stdout:[0-9]{500}x"];
    let ran = sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(125);
    assert!(ran.stderr.starts_with("retry: "), "{}", ran.stderr);
    crate::support::wait_for("the command's end", || sandbox.read("told") == "told\n");
}

#[test]
#[cfg_attr(not(has_getrandom), ignore = "needs getrandom")]
fn randomness_that_fails_is_no_panic() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return;
    }
    let sandbox = Sandbox::new();
    for error in ["EIO", "ENOSYS", "EPERM", "EAGAIN", "EINVAL"] {
        let words = format!("exec strace -f -o trace -e trace=getrandom -e inject=getrandom:error={error}");
        let ran = under(&sandbox, &words, &["--max", "2", "--delay", "1ms", "--", fixture(), "exit", "7"]);
        let said = &ran.stderr;
        assert!(!said.contains("bug") && said.contains("attempt 2/2"), "{error}: {said}");
        ran.exits(7);
    }
}

#[test]
fn a_held_run_is_never_silent_however_few_descriptors_there_are() {
    let sandbox = Sandbox::new();
    let mut told = 0;
    for most in 4..30 {
        let words = format!("exec 3>&-; ulimit -n {most}; exec");
        let script = "echo out; echo err >&2; exit 3";
        let args = ["--chronic", "--max", "2", "--delay", "1ms", "--", "sh", "-c", script];
        let ran = under(&sandbox, &words, &args);
        if ran.stderr.contains("error while loading shared libraries") {
            continue;
        }
        assert!([3, 125].contains(&ran.status), "{most}: {} {}", ran.status, ran.stderr);
        assert!(ran.stderr.contains("retry: "), "{most}: {}", ran.stderr);
        assert!(ran.status == 3 || ran.stderr.contains("(see ulimit -n)"), "{most}: {}", ran.stderr);
        told += usize::from(ran.text() == "out\nout\n" && ran.stderr.matches("err\n").count() == 2);
    }
    assert!(told > 0, "enough is enough");
}
