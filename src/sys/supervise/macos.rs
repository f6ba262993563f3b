//! The twin of `linux.rs` for macOS, which has no subreaper, no parent-death signal and no pidfd.
//!
//! Orphans there become launchd's, so the tree is what `proc_listchildpids` shows below us, and launchd's children in our
//! process group: a daemon that left both is not found. `retry` killed by SIGKILL leaves its command running.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use super::tree::{self, Process};

/// The clock that stands still while the machine sleeps.
pub(super) const AWAKE: libc::clockid_t = libc::CLOCK_UPTIME_RAW;
/// The clock that also counts sleep.
pub(super) const ELAPSED: libc::clockid_t = libc::CLOCK_MONOTONIC;

/// Orphaned descendants become launchd's: having no children proves nothing.
pub(super) const ADOPTS_ORPHANS: bool = false;

/// `si_code` of kill(2) and of sigqueue; the libc crate has the first with another name on each system.
const SI_USER: i32 = 0x1_0001;
const SI_QUEUE: i32 = 0x1_0002;
/// `pbi_status` of a zombie, from sys/proc.h.
const ZOMBIE: u32 = 5;
/// `pbi_status` of a stopped process.
const STOPPED: u32 = 4;
/// The process that inherits orphans.
const LAUNCHD: i32 = 1;

pub(super) fn errno() -> i32 {
    // SAFETY: always a valid pointer to the calling thread's errno.
    unsafe { *libc::__error() }
}

pub(super) fn set_errno(errno: i32) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__error() = errno }
}

/// A pipe, reading end first; both ends are non-blocking and closed by exec.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    Ok((reader.into(), writer.into()))
}

/// Pipes grow by themselves.
pub(super) fn enlarge(_: BorrowedFd<'_>) {}

/// The process's environment block, ended by a null pointer; may itself be null.
pub(super) fn environ() -> *const *const libc::c_char {
    // SAFETY: always a valid pointer to the variable; nothing in this program changes the environment.
    unsafe { (*libc::_NSGetEnviron()).cast_const().cast() }
}

/// Which of descriptors 0, 1 and 2 are closed. Runs before main: system calls only. Not poll, which fails on devices.
pub(super) fn closed_stdio() -> [bool; 3] {
    // SAFETY: asks for a flag, touches no memory.
    [0, 1, 2].map(|fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0)
}

/// There is no such thing here.
pub(super) fn adopt_orphans() {}

/// In the child: false if `parent` has died already; nothing can tie us to it for later. Async-signal-safe.
pub(super) fn die_with(parent: i32, _: i32) -> bool {
    // SAFETY: a plain system call.
    unsafe { libc::getppid() == parent }
}

/// There is no such call.
pub(super) fn close_everything() -> bool {
    false
}

/// There is no such call.
pub(super) fn rename_process(_: &std::ffi::CStr) {}

/// The core size limit is all there is.
pub(super) fn forbid_core_dump() {}

/// Whether the kernel itself sent a signal with this `si_code` (terminal, timer), as opposed to a process.
pub(super) fn sent_by_kernel(code: i32) -> bool {
    code != SI_USER && code != SI_QUEUE
}

/// The state of a process, as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) dead: bool,
    /// By a signal, or by a debugger.
    pub(super) stopped: bool,
    /// Not asked for here.
    pub(super) runnable: bool,
    pub(super) parent: i32,
    /// In microseconds. With the pid, it names a process for good.
    pub(super) start: u64,
}

/// Async-signal-safe.
pub(super) fn stat(pid: i32) -> Option<Stat> {
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = libc::c_int::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    // SAFETY: the buffer has the size that is passed with it.
    let filled =
        unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, info.as_mut_ptr().cast(), size) };
    if filled != size {
        return None;
    }
    // SAFETY: the call has filled all of it.
    let info = unsafe { info.assume_init() };
    Some(Stat {
        dead: info.pbi_status == ZOMBIE,
        stopped: info.pbi_status == STOPPED,
        runnable: false,
        parent: i32::try_from(info.pbi_ppid).ok()?,
        start: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
    })
}

/// There is no `/proc`.
pub(super) fn has_own_proc() -> bool {
    false
}

/// The pids of all processes.
pub(super) fn everybody() -> impl Iterator<Item = i32> {
    let mut found = Vec::new();
    // SAFETY: `list` passes a buffer and its size.
    list(&mut found, |buffer, bytes| unsafe { libc::proc_listallpids(buffer, bytes) });
    found.into_iter()
}

/// The name and the user of a process: not asked for here.
pub(super) fn name_and_user(_: i32) -> Option<(String, Option<u32>)> {
    None
}

/// Not asked for here.
pub(super) fn time_run(_: i32) -> Option<Duration> {
    None
}

/// A view of who is whose child.
pub(super) struct Listing;

impl Listing {
    #[expect(clippy::unnecessary_wraps, reason = "its twin may find that nothing can be listed")]
    pub(super) fn new() -> Option<Self> {
        Some(Self)
    }

    /// Appends the children of `pid`. One that has just gone has none. Ours include the orphans of our process group that
    /// are younger than us. None if we lack the means to look.
    pub(super) fn children(&self, pid: i32, found: &mut Vec<i32>) -> Option<()> {
        // SAFETY: `list` passes a buffer and its size.
        list(found, |buffer, bytes| unsafe { libc::proc_listchildpids(pid, buffer, bytes) });
        if pid != tree::own_pid() {
            return Some(());
        }
        let own = stat(pid)?;
        let group = tree::group_of(0)?;
        let mut members = Vec::new();
        // SAFETY: as above.
        list(&mut members, |buffer, bytes| unsafe { libc::proc_listpgrppids(group, buffer, bytes) });
        members.retain(|&member| stat(member).is_some_and(|it| it.parent == LAUNCHD && it.start > own.start));
        found.append(&mut members);
        Some(())
    }
}

/// Appends the pids that `ask` writes. It says how many those are, so a full buffer may have been too small.
fn list(found: &mut Vec<i32>, ask: impl Fn(*mut libc::c_void, libc::c_int) -> libc::c_int) {
    let mut pids = vec![0_i32; 64];
    loop {
        let Ok(bytes) = libc::c_int::try_from(size_of_val(pids.as_slice())) else { return };
        let Ok(count) = usize::try_from(ask(pids.as_mut_ptr().cast(), bytes)) else { return };
        if count < pids.len() {
            found.extend(&pids[..count]);
            return;
        }
        pids.resize(pids.len() * 4, 0);
    }
}

/// Sends `signals` to these processes, in their order, unless a pid has come to mean another process since it was listed.
/// Without pidfds the check cannot be airtight.
pub(super) fn signal_all(processes: &[Process], signals: &[i32]) {
    let ours = |process: &&Process| {
        stat(process.pid).is_some_and(|now| now.parent == process.parent || now.parent == LAUNCHD)
    };
    let ours: Vec<_> = processes.iter().filter(ours).collect();
    for &signal in signals {
        for process in &ours {
            // SAFETY: a plain system call.
            unsafe { libc::kill(process.pid, signal) };
        }
    }
}

/// Reads a clock. Async-signal-safe.
pub(super) fn clock(id: libc::clockid_t) -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: clock_gettime fills the timespec; all zeroes is a valid value if it did not.
    let time = unsafe {
        libc::clock_gettime(id, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
