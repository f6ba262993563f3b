//! Killed at every system call of writing a letter: there is a whole one or none.

use std::process::Command;

use super::letters::{letters, read};
use crate::support::{RETRY, Sandbox};

/// The system calls that gather and write a letter.
const CALLS: [&str; 14] = [
    "openat",
    "flock",
    "write",
    "fdatasync",
    "renameat2",
    "fsync",
    "unlinkat",
    "mkdir",
    "getdents64",
    "umask",
    "pread64",
    "pwrite64",
    "read",
    "close",
];
/// Bytes of the input.
const SIZE: usize = 200_000;

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_kill_at_any_system_call_leaves_a_whole_letter_or_none() {
    let (mut whole, mut none) = (0, 0);
    for call in CALLS {
        // A run that is not hit any more has come to its end.
        let kills = (1..200).take_while(|when| {
            let (is_hit, kept) = killed_at(call, *when);
            whole += usize::from(is_hit && kept);
            none += usize::from(is_hit && !kept);
            assert!(is_hit || kept, "a run that nobody killed keeps a letter");
            is_hit
        });
        assert!(kills.count() < 199, "{call} has no end");
    }
    assert!(whole >= 2 && none >= 20, "whole {whole}, none {none}");
}

/// Kills a run at its n-th such call. Whether it came to that, and whether there is a letter then.
#[track_caller]
fn killed_at(call: &str, when: u32) -> (bool, bool) {
    let sandbox = Sandbox::new();
    let input = sandbox.write("input", vec![b'x'; SIZE]);
    let clean = sandbox.spawnable([] as [&str; 0]);
    let status = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={when}")])
        .args([RETRY, "-q", "--max", "1", "--dead-letter", "dlq", "--", "false"])
        .current_dir(clean.get_current_dir().expect("a directory"))
        .stdin(std::fs::File::open(&input).expect("the input"))
        .status()
        .expect("the tests need strace");
    let names = letters(&sandbox);
    let mut kept = 0;
    for name in &names {
        if name.ends_with(".letter") {
            let (_, body) = read(&std::fs::read(sandbox.path("dlq").join(name)).expect("a letter"));
            assert_eq!(body.len(), SIZE, "{call} {when}");
            kept += 1;
        } else {
            assert!(name.starts_with(".tmp-"), "{name}");
        }
    }
    (status.code() != Some(1), kept == 1)
}
