//! What only Linux tells of a process, in `/proc`, beside what `proc.rs` lists. Nobody knows it elsewhere.

use std::time::Duration;

/// Whether there is a `/proc`, and it speaks of our own pid namespace: its numbers would name other processes.
pub(in super::super) fn has_own_proc() -> bool {
    super::processes::is_own_proc()
}

/// The name and the user of a process.
pub(in super::super) fn name_and_user(pid: i32) -> Option<(String, Option<u32>)> {
    let status = std::fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let field =
        |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()));
    // Real and effective; it is the saved one that who wants to signal it must have, or the real one.
    let user = field("Uid:").and_then(|ids| ids.split_ascii_whitespace().next()?.parse().ok());
    Some((field("Name:")?, user))
}

/// How long a process has had a processor. None where that is not told.
pub(in super::super) fn time_run(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    stat.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
