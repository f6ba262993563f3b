//! A wake-up that is lost, or a system call that fails, delays a run by a moment and hangs none. `examples/faults` has every call
//! of many paths fail (`make faults`); here are a small part of that, and single faults with more than a result to look at.

use std::io::Write as _;
use std::process::Command;

use rustix::process::Signal;

use super::once::witness;
use super::process::wait_for_pids;
use super::program::{End, Running, count_events, events, through};
use crate::support::{RETRY, Sandbox, example, wait_for};

/// Runs `retry` with one fault; the words end before its arguments.
pub(super) fn with_fault(fault: &str) -> Option<Vec<String>> {
    let calls = fault.split_once(':').map_or(fault, |(calls, _)| calls);
    let words = ["strace", "-qq", "-o", "/dev/null", "-e"].map(str::to_owned);
    let words =
        [&words[..], &[format!("trace={calls}"), "-e".to_owned(), format!("inject={fault}")]].concat();
    let tried = Command::new(&words[0]).args(&words[1..]).arg("true").status();
    if tried.is_ok_and(|status| status.success()) {
        return Some(words);
    }
    // Not `eprintln!`, which is captured: this has to be seen.
    let _ = writeln!(std::io::stderr(), "NOT TESTED: no process may be traced here (strace)");
    None
}

#[track_caller]
fn check(fault: &str, args: &[&str], end: End) {
    let Some(words) = with_fault(fault) else { return };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sandbox = Sandbox::new();
    let mut run = Running::start(&mut through(&sandbox, &words, args));
    assert_eq!(run.end(), end, "{fault}: {}", sandbox.read("err"));
}

/// Runs a part of the matrix: these paths, calls (all, if it is empty) and errors.
#[track_caller]
fn check_matrix(paths: &str, calls: &str, errors: &str) {
    let mut faults = Command::new(example("faults"));
    faults.args(["--retry", RETRY, "--limit", "120", "--paths", paths, "--errors", errors]);
    if !calls.is_empty() {
        faults.args(["--calls", calls]);
    }
    let done = faults.output().expect("the harness");
    let said = String::from_utf8_lossy(&[&done.stdout[..], &done.stderr].concat()).into_owned();
    if said.contains("NOT TESTED") {
        // Not `eprintln!`, which is captured: this has to be seen.
        let _ = write!(std::io::stderr(), "{said}");
        return;
    }
    let (_, injected) = said.split_once(" calls, ").expect("a summary");
    assert!(done.status.success() && !injected.starts_with("0 "), "{said}");
}

#[test]
#[cfg_attr(
    not(has_memfd),
    ignore = "needs memfd: files of a directory may be left when the call that removes them fails"
)]
fn each_call_of_a_plain_run_may_fail_once() {
    check_matrix("plain", "", "EAGAIN,EINTR,EIO,EMFILE,ENOMEM,ENOSYS");
}

/// Without its own streams, a command would write past what holds its output, or read what is not for it.
#[test]
fn a_command_that_does_not_get_its_streams_is_not_executed() {
    check_matrix("captured,held,stdin-pipe", "dup2", "EMFILE,EINTR");
}

/// It would find the letter locked and have nothing to do, and the letter would be removed as one that has succeeded.
#[test]
#[cfg_attr(not(has_death_signal), ignore = "needs death_signal")]
fn a_copy_that_replays_a_letter_is_never_a_replay_of_its_own() {
    check_matrix("replay", "prctl", "EPERM");
}

#[test]
fn held_output_that_cannot_be_written_hangs_nothing() {
    check_matrix("held", "pwrite64", "EIO");
}

#[test]
fn a_letter_that_cannot_be_locked_leaves_nothing_behind() {
    check_matrix("letter,letter-of-file", "flock", "ENOLCK");
}

#[test]
fn a_thread_that_cannot_be_started_is_no_bug_and_changes_no_result() {
    check_matrix("told", "clone3", "EAGAIN");
}

const FAILS: [&str; 7] = ["--max", "2", "--delay", "10ms", "--", "sh", "-c"];

#[test]
fn a_wait_that_fails_once_is_repeated() {
    for error in ["EINTR", "ECHILD", "EPERM", "ENOSYS"] {
        for when in 1..=2 {
            let args = [&FAILS[..], &["sleep 0.3; exit 5"]].concat();
            check(&format!("wait4:error={error}:when={when}"), &args, End::Code(5));
        }
    }
}

#[test]
fn a_wait_that_always_fails_ends_the_run_with_125() {
    for error in ["EINTR", "EPERM"] {
        check(&format!("wait4:error={error}"), &["--max", "3", "--", "sh", "-c", "exit 5"], End::Code(125));
    }
}

/// "No child" is a proof that a tree is gone, but only if the system says just that.
#[test]
fn a_wait_that_fails_is_no_proof_that_a_tree_is_gone() {
    let Some(words) = with_fault("wait4:error=EPERM:when=2+") else { return };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sandbox = Sandbox::new();
    let script =
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ >pid; exec \"$F\" sleep 60' & \"$F\" sleep 60";
    let args = ["--max", "2", "--timeout", "500ms", "-k", "100ms", "--", "sh", "-c", script];
    let mut run = Running::start(&mut through(&sandbox, &words, &args));
    assert_eq!(run.end(), End::Code(125), "{}", sandbox.read("err"));
}

/// The number of the first read(2) that has a record of a signal in it: the ones before are the loader's.
fn first_record(args: &[&str]) -> Option<usize> {
    with_fault("read:error=EIO:when=9999")?;
    let sandbox = Sandbox::new();
    let words = ["strace", "-qq", "-o", "reads", "-e", "trace=read"];
    Running::start(&mut through(&sandbox, &words, args)).end();
    let reads = sandbox.read("reads");
    let calls: Vec<&str> = reads.lines().filter(|line| line.starts_with("read(")).collect();
    Some(1 + calls.iter().position(|call| call.ends_with("= 20")).expect("a record is 20 bytes long"))
}

#[test]
fn news_of_the_commands_end_that_cannot_be_read_comes_later() {
    let args = [&FAILS[..], &["sleep 0.1; exit 5"]].concat();
    let Some(first) = first_record(&args) else { return };
    for error in ["EINTR", "EIO"] {
        for when in [first, first + 1, first + 2] {
            check(&format!("read:error={error}:when={when}"), &args, End::Code(5));
        }
    }
}

/// The deadline passes between the last look at the clock and the birth of the second attempt.
#[test]
#[cfg_attr(not(has_clone3), ignore = "needs clone3")]
fn an_attempt_that_is_born_after_the_deadline_executes_nothing() {
    let Some(words) = with_fault("clone3:delay_enter=6000000:when=2") else { return };
    // Only children ask the kernel for the time: the second one is stopped between seeing that it is late and saying so.
    let slowly = ["-f", "-e", "trace=clone3,clock_gettime", "-e", "inject=clock_gettime:delay_exit=300000"];
    let words: Vec<&str> = words.iter().map(String::as_str).chain(slowly).collect();
    let sandbox = Sandbox::new();
    let options = ["--deadline", "5s", "--delay", "10ms", "--max", "inf", "--log", "log"];
    let args = [&options[..], &["--", "sh", "-c", "printf x >>runs; exit 5"]].concat();
    assert_eq!(Running::start(&mut through(&sandbox, &words, &args)).end(), End::Code(5));
    assert_eq!(sandbox.count("runs"), 1, "{}", sandbox.read("err"));
    assert_eq!(count_events(&sandbox, "attempt.start"), 1);
    let stop = events(&sandbox).pop().expect("an event");
    assert_eq!((&stop["outcome"], &stop["attempts"]), (&"deadline".into(), &1.into()), "{stop}");
}

/// Nobody tells of it again: only by looking from time to time is it found.
#[test]
#[cfg_attr(not(has_procfs), ignore = "needs procfs")]
fn a_signal_that_cannot_be_read_comes_later() {
    let script = "trap 'printf x >>count; exit 6' TERM; echo $PPID >pid; while :; do sleep 0.05; done";
    let args = ["--max", "1", "--", "sh", "-c", script];
    let Some(first) = first_record(&["--max", "1", "--", "sleep", "0.1"]) else { return };
    // By then it has been looked at for the first time, and is waited for by the runtime.
    for last in [first, first + 4] {
        let Some(words) = with_fault(&format!("read:error=EIO:when={first}..{last}")) else { return };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let sandbox = Sandbox::new();
        let mut run = Running::start(&mut through(&sandbox, &words, &args));
        let [traced] = wait_for_pids(&sandbox, "pid");
        if last > first {
            wait_for("a witness", || witness(traced).is_some());
        }
        super::program::send(traced, Signal::TERM);
        assert_eq!(run.end(), End::Code(6), "{last}");
        assert_eq!(sandbox.count("count"), 1, "{last}");
    }
}
