//! System calls that only Linux has: `/proc`, pidfds, the subreaper, the parent-death signal. The twin is `macos.rs`.
//!
//! Whom to signal is decided in `tree.rs`, not here.

use std::ffi::CStr;
use std::io::{self, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::spawn::calls;
use super::tree::Process;

/// The clock that stands still while the machine is suspended.
pub(super) const AWAKE: libc::clockid_t = libc::CLOCK_MONOTONIC;
/// The clock that also counts suspension.
pub(super) const ELAPSED: libc::clockid_t = libc::CLOCK_BOOTTIME;

/// Orphaned descendants become our children, see [`adopt_orphans`].
pub(super) const ADOPTS_ORPHANS: bool = true;

pub(super) fn errno() -> i32 {
    // SAFETY: glibc and musl always return a valid pointer to the calling thread's errno.
    unsafe { *libc::__errno_location() }
}

pub(super) fn set_errno(errno: i32) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__errno_location() = errno }
}

/// A pipe, reading end first; both ends are non-blocking and closed by exec.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors that pipe2 writes.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: pipe2 succeeded, so both are open and nobody else's.
    unsafe { Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))) }
}

/// Bytes that a pipe from the command holds if the system lets it: fewer changes between the command and us. All pipes of a
/// user have 64 MiB together before the system makes new ones small, so this is not the most that would be granted.
pub(super) const PIPE_BYTES: i32 = 256 * 1024;

/// Makes room in a pipe. It may be refused, and nothing depends on it.
pub(super) fn enlarge(pipe: BorrowedFd<'_>) {
    // SAFETY: a plain system call with a number.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES) };
}

/// The process's environment block, ended by a null pointer; may itself be null.
pub(super) fn environ() -> *const *const libc::c_char {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    // SAFETY: libc defines it and sets it before main; nothing in this program changes the environment.
    unsafe { environ }
}

/// Which of descriptors 0, 1 and 2 are closed. Runs before main: system calls only.
#[cfg_attr(test, expect(dead_code, reason = "the tests have a beginning of their own"))]
pub(super) fn closed_stdio() -> [bool; 3] {
    let mut stdio = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: `stdio` is an array of three valid pollfd.
    let polled = unsafe { libc::poll(stdio.as_mut_ptr(), 3, 0) };
    stdio.map(|fd| polled > 0 && fd.revents & libc::POLLNVAL != 0)
}

/// Orphans of the command become our children: that they are all gone can then be proved.
pub(super) fn adopt_orphans() {
    // SAFETY: takes a number and touches no memory. A kernel that refuses leaves orphans to init: kill by descent
    // then misses them, nothing else changes.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
}

/// In the child: die by `signal` when `parent` does. False if it already has. Async-signal-safe.
pub(super) fn die_with(parent: i32, signal: i32) -> bool {
    // SAFETY: both are plain system calls without pointers.
    let now = unsafe {
        calls::prctl(libc::PR_SET_PDEATHSIG, signal);
        calls::getppid()
    };
    // 0: the parent is outside of our pid namespace (`unshare --pid` without `--fork`).
    now == parent || now == 0
}

/// Closes every descriptor. False where the kernel does not know how. Async-signal-safe.
pub(super) fn close_everything() -> bool {
    // SAFETY: takes numbers; for a child that uses none.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) == 0 }
}

/// Sets the name that lists of processes show. Async-signal-safe.
pub(super) fn rename_process(name: &CStr) {
    // SAFETY: the kernel copies the C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Nobody wants a core file of the wrapper when it re-raises the command's signal.
pub(super) fn forbid_core_dump() {
    // SAFETY: takes numbers and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
}

/// Whether the kernel itself sent a signal with this `si_code` (terminal, timer), as opposed to a process.
pub(super) fn sent_by_kernel(code: i32) -> bool {
    code > 0
}

/// The fields of `/proc/PID/stat` that we need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) dead: bool,
    /// By a signal, or by a debugger.
    pub(super) stopped: bool,
    /// Whether it runs, or only waits for a processor.
    pub(super) runnable: bool,
    pub(super) parent: i32,
    /// In clock ticks since boot. With the pid, it names a process for good.
    pub(super) start: u64,
}

/// Async-signal-safe: a handler asks who the sender's parent is, so nothing is allocated.
pub(super) fn stat(pid: i32) -> Option<Stat> {
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
    // Field 22 of proc(5); the iterator stands at field 5.
    let start = fields.nth(17)?.parse().ok()?;
    let (dead, stopped) = (matches!(state, "Z" | "X"), matches!(state, "T" | "t"));
    Some(Stat { dead, stopped, runnable: state == "R", parent, start })
}

/// Whether there is a `/proc`, and it speaks of our own pid namespace: its numbers would name other processes.
pub(super) fn has_own_proc() -> bool {
    let own = std::fs::read_link("/proc/self").ok();
    own.and_then(|own| own.to_str()?.parse().ok()) == Some(std::process::id())
}

/// The pids of all processes.
pub(super) fn everybody() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The name and the user of a process.
pub(super) fn name_and_user(pid: i32) -> Option<(String, Option<u32>)> {
    let status = std::fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let field =
        |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()));
    // Real and effective; it is the saved one that who wants to signal it must have, or the real one.
    let user = field("Uid:").and_then(|ids| ids.split_ascii_whitespace().next()?.parse().ok());
    Some((field("Name:")?, user))
}

/// How long a process has had a processor. None where that is not told.
pub(super) fn time_run(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    stat.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A view of who is whose child.
pub(super) enum Listing {
    /// Ask `/proc/PID/task/*/children`.
    Children,
    /// The kernel lacks those files: one pass over every `/proc/*/stat`, as (pid, parent).
    Scan(Vec<(i32, i32)>),
}

impl Listing {
    /// None where nothing can be listed.
    pub(super) fn new() -> Option<Self> {
        if !has_own_proc() {
            return None;
        }
        let own = std::process::id();
        if std::fs::exists(format!("/proc/self/task/{own}/children")).ok()? {
            return Some(Self::Children);
        }
        Some(Self::Scan(everybody().filter_map(|pid| Some((pid, stat(pid)?.parent))).collect()))
    }

    /// Appends the children of `pid`. One that has just gone has none; None if we lack the means to look.
    pub(super) fn children(&self, pid: i32, found: &mut Vec<i32>) -> Option<()> {
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

/// None if it failed for want of descriptors or memory; otherwise what failed is not there.
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

/// Handles that are held at once.
const TOGETHER: usize = 16;

/// Sends `signals` to these processes, each in turn to all of them before the next, in their order: nothing is looked up in
/// between, so that nobody has time to react to another's end. A pid that has come to mean another process since it was
/// listed is passed over.
pub(super) fn signal_all(processes: &[Process], signals: &[i32]) {
    let mut rest = processes.iter().copied().peekable();
    while rest.peek().is_some() {
        let mut held = Vec::new();
        while held.len() < TOGETHER
            && let Some(&process) = rest.peek()
        {
            match Handle::open(process, !held.is_empty()) {
                Ok(handle) => held.extend(handle),
                Err(NoRoom) => break,
            }
            rest.next();
        }
        for &signal in signals {
            for handle in &held {
                handle.send(signal);
            }
        }
    }
}

/// A process by its pid, and by a descriptor if the pid may come to mean another one.
struct Handle {
    pid: i32,
    fd: Option<OwnedFd>,
}

/// Too many descriptors are open.
struct NoRoom;

impl Handle {
    /// None if the process has gone. Without `strictly` it makes do with the pid where there is no descriptor to be had.
    fn open(process: Process, strictly: bool) -> Result<Option<Self>, NoRoom> {
        let (pid, own) = (process.pid, std::process::id().cast_signed());
        if process.parent == own {
            // Our own child keeps its pid until we reap it, and we do not between listing and signalling.
            return Ok(Some(Self { pid, fd: None }));
        }
        let fd = match open_pidfd(pid) {
            Err(libc::EMFILE | libc::ENFILE) if strictly => return Err(NoRoom),
            Err(libc::ESRCH) => return Ok(None),
            other => other.ok(),
        };
        let mut handle = Self { pid, fd };
        let mut now = stat(pid);
        if now.is_none() && handle.fd.is_some() {
            // Gone, or there is no descriptor left to look with.
            if strictly {
                return Err(NoRoom);
            }
            handle.fd = None;
            now = stat(pid);
        }
        // Checked after the open: from here on the descriptor, unlike the number, cannot change its meaning. A parent that
        // died meanwhile left it to us.
        let ours = now.is_some_and(|now| now.parent == process.parent || now.parent == own);
        Ok(ours.then_some(handle))
    }

    fn send(&self, signal: i32) {
        match &self.fd {
            // SAFETY: takes numbers and a null siginfo, which means "as kill would".
            Some(fd) => unsafe {
                let info = std::ptr::null::<libc::siginfo_t>();
                libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), signal, info, 0);
            },
            // SAFETY: a plain system call.
            None => unsafe {
                libc::kill(self.pid, signal);
            },
        }
    }
}

/// Opens a pidfd. The error is the errno of a kernel or a limit that refuses one.
fn open_pidfd(pid: i32) -> Result<OwnedFd, i32> {
    // SAFETY: pidfd_open takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: the kernel has just handed us this descriptor.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(errno()),
    }
}

/// Reads a clock. Async-signal-safe.
pub(super) fn clock(id: libc::clockid_t) -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: clock_gettime fills the timespec; both clocks exist on every kernel we run on, and all zeroes is a valid
    // value if one did not.
    let time = unsafe {
        libc::clock_gettime(id, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
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
