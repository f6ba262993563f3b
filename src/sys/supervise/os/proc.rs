//! Processes as `/proc` lists them. The twins are `libproc.rs` and `unlisted.rs`.

use std::ffi::CStr;
use std::io::{self, Write as _};

use rustix::fs::{Mode, OFlags};

use super::Stat;

/// Whether there is a `/proc` of our own pid namespace: in that of another, the numbers name other processes.
pub(super) fn is_own_proc() -> bool {
    let own = std::fs::read_link("/proc/self").ok();
    own.and_then(|own| own.to_str()?.parse().ok()) == Some(std::process::id())
}

/// Async-signal-safe, hence without allocation: a handler looks up the sender's parent.
pub(in super::super) fn stat(pid: i32) -> Option<Stat> {
    let mut path = [0; 32];
    write!(&mut path[..], "/proc/{pid}/stat").ok()?;
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Enough for the 22 fields needed, whatever the name.
    let mut line = [0; 512];
    let length = rustix::io::read(&file, &mut line).ok()?;
    parse_stat(&line[..length])
}

/// The name is in parentheses, may itself contain `)`, spaces and any byte, and is the only such field.
fn parse_stat(line: &[u8]) -> Option<Stat> {
    let name_end = line.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(&line[name_end + 1..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    // Field 22 of proc(5); the iterator is at field 5.
    let start = fields.nth(17)?.parse().ok()?;
    let (dead, stopped) = (matches!(state, "Z" | "X"), matches!(state, "T" | "t"));
    Some(Stat { dead, stopped, runnable: state == "R", parent, start })
}

/// The pids of all processes.
pub(in super::super) fn everybody() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A snapshot of parents and children.
pub(in super::super) enum Listing {
    /// Read from `/proc/PID/task/*/children` on demand.
    Children,
    /// The kernel lacks those files: one pass over every `/proc/*/stat`, as (pid, parent).
    Scan(Vec<(i32, i32)>),
}

impl Listing {
    /// `None` if processes cannot be listed.
    pub(in super::super) fn new() -> Option<Self> {
        if !is_own_proc() {
            return None;
        }
        let own = std::process::id();
        if std::fs::exists(format!("/proc/self/task/{own}/children")).ok()? {
            return Some(Self::Children);
        }
        Some(Self::Scan(everybody().filter_map(|pid| Some((pid, stat(pid)?.parent))).collect()))
    }

    /// Appends the children of `pid`; none if it has just ended. `None` if resources for the lookup are missing.
    pub(in super::super) fn children(&self, pid: i32, found: &mut Vec<i32>) -> Option<()> {
        match self {
            Self::Scan(pairs) => {
                found.extend(pairs.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| child));
            }
            Self::Children => {
                for task in
                    present(std::fs::read_dir(format!("/proc/{pid}/task")))?.into_iter().flatten().flatten()
                {
                    let list =
                        present(std::fs::read_to_string(task.path().join("children")))?.unwrap_or_default();
                    found.extend(list.split_ascii_whitespace().filter_map(|child| child.parse::<i32>().ok()));
                }
            }
        }
        Some(())
    }
}

/// `None` if it failed for lack of descriptors or memory; any other failure means that it does not exist.
#[expect(clippy::option_option, reason = "whether we could look, and what was there")]
fn present<T>(result: io::Result<T>) -> Option<Option<T>> {
    match result {
        Ok(found) => Some(Some(found)),
        Err(error) => match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM) => None,
            _ => Some(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<Stat>) {
        assert_eq!(parse_stat(line.as_bytes()), expected, "{line}");
    }

    const REST: &str = "1 1 0 -1 4194304 90 0 0 0 0 0 0 0 20 0 1 0 777 2510848 200";

    #[test]
    fn stat_lines_are_read_after_the_last_parenthesis() {
        let alive = Stat { dead: false, stopped: false, runnable: false, parent: 42, start: 777 };
        check(&format!("7 (sleep) S 42 {REST}"), Some(alive));
        check(&format!("7 (a b) c) Z) S 42 {REST}"), Some(alive));
        check(&format!("7 () D 42 {REST}"), Some(alive));
        check(&format!("7 (x\n) R 42 {REST}\n"), Some(Stat { runnable: true, ..alive }));
        check(&format!("7 (sleep) Z 42 {REST}"), Some(Stat { dead: true, ..alive }));
        check(&format!("7 (sleep) T 42 {REST}"), Some(Stat { stopped: true, ..alive }));
    }

    #[test]
    fn broken_stat_lines_are_refused() {
        check("", None);
        check("7 (sleep", None);
        check("7 (sleep) S", None);
        check("7 (sleep) S 42 1 1", None);
        check("7 (sleep) S x 1 1 0", None);
    }

    #[test]
    fn we_find_ourselves() {
        let own = stat(std::process::id().cast_signed()).unwrap();
        assert!(!own.dead && own.start > 0);
        assert_eq!(own.parent, std::os::unix::process::parent_id().cast_signed());
        assert!(Listing::new().is_some());
    }
}
