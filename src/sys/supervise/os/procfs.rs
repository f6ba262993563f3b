//! Further information on processes that only Linux has, in `/proc`; see `proc.rs` for the list of processes.

use std::time::Duration;

/// Whether there is a `/proc` of our own pid namespace: in that of another, the numbers name other processes.
pub(in super::super) fn has_own_proc() -> bool {
    super::processes::is_own_proc()
}

/// The name and the user of a process.
pub(in super::super) fn name_and_user(pid: i32) -> Option<(String, Option<u32>)> {
    let status = std::fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let field =
        |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()));
    // The real user id: the sender of a signal must match this one or the saved one.
    let user = field("Uid:").and_then(|ids| ids.split_ascii_whitespace().next()?.parse().ok());
    Some((field("Name:")?, user))
}

/// The processor time of a process. `None` if that is not known.
pub(in super::super) fn time_run(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    stat.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
