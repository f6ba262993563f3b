//! The costs of a plain run: the files that it opens, the system calls that it makes, the instructions that it executes. A
//! change that adds to them is to be made on purpose, and here.

mod instructions;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use super::program::{End, run, through};
use crate::support::Sandbox;

/// The places where a configuration may stand, the memory of the hint and the progress file, and the terminal.
const FILES: [&str; 5] = [
    "/etc/retry/config.toml",
    "$HOME/.config/retry/config.toml",
    "/dev/tty",
    "memory of retry-hint",
    "memory of retry-progress",
];

/// How often each call is made from `main` on, and what for.
const CALLS: &[(&str, usize)] = &[
    // The runtime of Rust, the seeds of tables, the run's id and the first draw; descriptors 0 to 2 are there.
    ("poll", 1),
    ("getrandom", 3),
    ("futex", 1),
    ("exit_group", 1),
    ("rt_sigaction", 12),
    ("rt_sigpending", 1),
    ("rt_sigprocmask", 4),
    ("rt_sigreturn", 1),
    // Two places of a configuration, and the terminal, of which libc's open knows.
    ("openat", 2),
    ("open", 1),
    ("ioctl", 1),
    // The loop that waits, the pipe for signals, the pipe that tells of a start that failed.
    ("epoll_create1", 1),
    ("eventfd2", 1),
    ("epoll_ctl", 3),
    ("pipe2", 2),
    ("write", 1),
    ("read", 2),
    ("close", 9),
    // Our own descriptors: which they are, how they are to be used, and where they lead.
    ("fcntl", 4),
    ("fstat", 4),
    ("lseek", 1),
    ("memfd_create", 2),
    // The command.
    ("prctl", 1),
    ("getpid", 5),
    ("clone3", 1),
];

/// The allocator's, and those that are made again while the command takes its time.
const NOT_COUNTED: [&str; 8] =
    ["brk", "mmap", "munmap", "mremap", "madvise", "restart_syscall", "ppoll", "wait4"];

#[test]
#[cfg_attr(not(all(has_clone3, has_memfd)), ignore = "needs clone3, memfd and all else that it counts")]
fn a_plain_run_makes_the_calls_that_it_needs_and_no_other() {
    let sandbox = Sandbox::new();
    let words = ["strace", "-f", "-qq", "-o", "trace", "-e", "signal=none"];
    let tried = Command::new(words[0]).args(["-o", "/dev/null", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        // Not `eprintln!`, which is captured: this has to be seen.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: no process may be traced here (strace)");
        return;
    }
    assert_eq!(run(&mut through(&sandbox, &words, &["--", "true"])), End::Code(0), "{}", sandbox.read("err"));
    let trace = sandbox.read("trace");
    let (files, calls) = used(&trace);
    let home = sandbox.path("").display().to_string();
    let files: Vec<_> = files.iter().map(|file| file.replace(home.trim_end_matches('/'), "$HOME")).collect();
    assert_eq!(files, FILES, "the files that a plain run opens\n{trace}");
    let all = calls.keys().map(String::as_str).chain(CALLS.iter().map(|(name, _)| *name));
    let budget = |name: &str| CALLS.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
    let changed: BTreeMap<_, _> = all
        .map(|name| (name, (budget(name), calls.get(name).copied().unwrap_or(0))))
        .filter(|(_, (expected, made))| expected != made)
        .collect();
    assert!(
        changed.is_empty(),
        "calls of a plain run, as many as expected and as made: {changed:?}\n{trace}"
    );
}

/// The files opened and the calls made by the first process of a trace, from `main` on.
fn used(trace: &str) -> (Vec<String>, BTreeMap<String, usize>) {
    let first = trace.split_whitespace().next().expect("a process");
    let own = trace.lines().filter_map(|line| line.strip_prefix(first)).map(str::trim_start);
    // The loader comes first; of `main`, the runtime's look at descriptors 0 to 2.
    let own = own.skip_while(|call| !call.starts_with("poll("));
    let (mut files, mut calls) = (Vec::new(), BTreeMap::new());
    for call in own.filter(|call| !call.starts_with(['<', '+', '-'])) {
        let Some((name, rest)) = call.split_once('(') else { continue };
        // A debug build asks before each close whether the descriptor is open.
        if NOT_COUNTED.contains(&name) || rest.contains("F_GETFD") {
            continue;
        }
        *calls.entry(name.to_owned()).or_insert(0) += 1;
        let text = || rest.split('"').nth(1).expect("a name").to_owned();
        match name {
            "open" | "openat" => files.push(text()),
            "memfd_create" => files.push(format!("memory of {}", text())),
            _ => {}
        }
    }
    (files, calls)
}
