//! What only Linux has: `/proc`, pidfds, the subreaper, the parent-death signal. Its twin is `macos.rs`.
//!
//! It must not decide whom to signal: that is `tree.rs`.

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

/// The pipe that `fd` is, opened once more: an open file description of our own, whose flags are nobody else's. None
/// where that is refused (another user's pipe or terminal), or would open something else.
pub(super) fn reopen_for_writing(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    /// `/dev/ptmx`: each open makes another terminal.
    const PTMX: u64 = libc::makedev(5, 2);
    let before = rustix::fs::fstat(fd).ok().filter(|stat| stat.st_rdev != PTMX)?;
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let inherited = rustix::fs::fcntl_getfl(fd).ok()?;
    if inherited & OFlags::RWMODE == OFlags::RDONLY {
        return None;
    }
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let own = rustix::fs::open(path, flags | inherited & OFlags::APPEND, Mode::empty()).ok()?;
    let after = rustix::fs::fstat(&own).ok()?;
    ((before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)).then_some(own)
}

/// A pipe holds this much if the system lets it: fewer changes between the command and us.
const ROOMY: i32 = 256 * 1024;

/// Makes room in a pipe. It may be refused, and nothing depends on it.
pub(super) fn enlarge(pipe: BorrowedFd<'_>) {
    // SAFETY: a plain system call with a number.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, ROOMY) };
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

/// In the child: die (by TERM) when `parent` does. False if it already has. Async-signal-safe.
pub(super) fn die_with(parent: i32) -> bool {
    // SAFETY: both are plain system calls without pointers.
    let now = unsafe {
        calls::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        calls::getppid()
    };
    // 0: the parent is outside of our pid namespace (`unshare --pid` without `--fork`).
    now == parent || now == 0
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

/// What `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) dead: bool,
    /// By a signal, or by a debugger.
    pub(super) stopped: bool,
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
    Some(Stat { dead: matches!(state, "Z" | "X"), stopped: matches!(state, "T" | "t"), parent, start })
}

/// A view of who is whose child.
pub(super) enum Listing {
    /// Ask `/proc/PID/task/*/children`.
    Children,
    /// The kernel lacks those files: one pass over every `/proc/*/stat`, as (pid, parent).
    Scan(Vec<(i32, i32)>),
}

impl Listing {
    /// None without a `/proc` that speaks of our own pid namespace: its numbers would name other processes.
    pub(super) fn new() -> Option<Self> {
        let own = std::process::id();
        if std::fs::read_link("/proc/self").ok()?.to_str()?.parse() != Ok(own) {
            return None;
        }
        if std::fs::exists(format!("/proc/self/task/{own}/children")).ok()? {
            return Some(Self::Children);
        }
        let mut pairs = Vec::new();
        for entry in std::fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Some(found) = stat(pid) {
                pairs.push((pid, found.parent));
            }
        }
        Some(Self::Scan(pairs))
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

/// Sends `signals` to `process`, unless the pid has come to mean another one since it was listed.
pub(super) fn signal(process: Process, signals: &[i32]) {
    let own = std::process::id().cast_signed();
    if process.parent == own {
        // Our own child keeps its pid until we reap it, and we do not between listing and signalling.
        for &signal in signals {
            // SAFETY: a plain system call.
            unsafe { libc::kill(process.pid, signal) };
        }
        return;
    }
    let handle = PidFd::open(process.pid);
    // Checked after the open: from here on the handle, unlike the number, cannot change its meaning. A parent that died
    // meanwhile left it to us.
    let ours = stat(process.pid).is_some_and(|now| now.parent == process.parent || now.parent == own);
    if ours {
        for &signal in signals {
            handle.send(process.pid, signal);
        }
    }
}

/// A pidfd, or nothing where the kernel or the descriptor limit refuses one.
struct PidFd(Option<OwnedFd>);

impl PidFd {
    fn open(pid: i32) -> Self {
        // SAFETY: pidfd_open takes two numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = i32::try_from(fd).ok().filter(|&fd| fd >= 0);
        // SAFETY: the kernel has just handed us this descriptor.
        Self(fd.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    fn send(&self, pid: i32, signal: i32) {
        match &self.0 {
            // SAFETY: takes numbers and a null siginfo, which means "as kill would".
            Some(fd) => unsafe {
                let info = std::ptr::null::<libc::siginfo_t>();
                libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), signal, info, 0);
            },
            // SAFETY: a plain system call.
            None => unsafe {
                libc::kill(pid, signal);
            },
        }
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
        let alive = Stat { dead: false, stopped: false, parent: 42, start: 777 };
        check(&format!("7 (sleep) S 42 {REST}"), Some(alive));
        check(&format!("7 (a b) c) Z) S 42 {REST}"), Some(alive));
        check(&format!("7 () D 42 {REST}"), Some(alive));
        check(&format!("7 (x\n) R 42 {REST}\n"), Some(alive));
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
