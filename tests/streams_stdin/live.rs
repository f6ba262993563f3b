//! What a run of much input costs, and what it does when what it kept is damaged.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;

use super::*;
use crate::support::{Sandbox, wait_for};

#[test]
fn our_memory_does_not_grow_with_the_input() {
    let sandbox = Sandbox::new();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let script = "head -c 40000000 >/dev/null; echo >read; cat >/dev/null";
    let child = start(&sandbox, reader, &thrice(script));
    let bytes = noise(1_000_000);
    for _ in 0..41 {
        writer.write_all(&bytes).expect("somebody reads");
    }
    wait_for("the command to read", || sandbox.path("read").exists());
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).expect("a number");
    assert!(peak < 20_000, "{peak} kB");
    drop(writer);
    assert_eq!(child.wait_with_output().expect("retry ends").status.code(), Some(0));
}

#[test]
fn an_attempt_is_never_told_an_end_that_is_none() {
    let sandbox = Sandbox::new();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let script = "case $RETRY_ATTEMPT in 1) head -c 3000000 >/dev/null; exit 1;; *) echo >begun; \
                  until [ -e go ]; do sleep 0.01; done; cat >/dev/null; echo >end;; esac";
    let mut command = sandbox.spawnable(["-d", "0", "--", "sh", "-c", script]);
    command.stdin(reader).stderr(Stdio::piped()).env("TMPDIR", sandbox.path("."));
    let child = command.spawn().expect("retry starts");
    // It holds the reading end.
    drop(command);
    let sent = std::thread::spawn(move || {
        let _gone = writer.write_all(&noise(3_100_000));
        writer
    });
    wait_for("the second attempt", || sandbox.path("begun").exists());
    // What was kept of it, cut short as by a broken disk.
    let kept = || {
        let all = std::fs::read_dir(format!("/proc/{}/fd", child.id())).expect("it runs").flatten();
        let mut files = all.map(|fd| fd.path());
        files.find(|fd| {
            let target = std::fs::read_link(fd).unwrap_or_default();
            // Its directory is open for a moment, too.
            target.starts_with(sandbox.path("").canonicalize().expect("a path"))
                && fd.metadata().is_ok_and(|file| file.is_file())
        })
    };
    wait_for("it to be kept in a file", || kept().is_some());
    let file =
        std::fs::OpenOptions::new().write(true).open(kept().expect("a file")).expect("it can be opened");
    file.set_len(2_000_000).expect("it can be cut");
    sandbox.write("go", "");
    let output = child.wait_with_output().expect("retry ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!sandbox.path("end").exists(), "{said}");
    assert_eq!((output.status.code(), output.status.signal()), (Some(125), None), "{said}");
    assert!(said.contains("stdin cannot be replayed: the kept copy cannot be read"), "{said}");
    drop(sent.join());
}
