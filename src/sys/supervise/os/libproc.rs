//! Processes as macOS lists them. The twins are `proc.rs` and `unlisted.rs`.
//!
//! Orphans there become launchd's, so the tree is what `proc_listchildpids` shows below us, and launchd's children in our
//! process group: a daemon that left both is not found.

use std::mem::MaybeUninit;

use super::super::tree;
use super::Stat;

/// `pbi_status` of a zombie, from sys/proc.h.
const ZOMBIE: u32 = 5;
/// `pbi_status` of a stopped process.
const STOPPED: u32 = 4;
/// The process that inherits orphans.
const LAUNCHD: i32 = 1;

/// Async-signal-safe.
pub(in super::super) fn stat(pid: i32) -> Option<Stat> {
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

/// The pids of all processes.
pub(in super::super) fn everybody() -> impl Iterator<Item = i32> {
    let mut found = Vec::new();
    // SAFETY: `list` passes a buffer and its size.
    list(&mut found, |buffer, bytes| unsafe { libc::proc_listallpids(buffer, bytes) });
    found.into_iter()
}

/// A snapshot of parents and children.
pub(in super::super) struct Listing;

impl Listing {
    #[expect(clippy::unnecessary_wraps, reason = "its twin may find that nothing can be listed")]
    pub(in super::super) fn new() -> Option<Self> {
        Some(Self)
    }

    /// Appends the children of `pid`; none if it has just ended. Ours include the orphans of our process group that are
    /// younger than us. `None` if resources for the lookup are missing.
    #[expect(clippy::unused_self, reason = "its twin keeps the list in it")]
    pub(in super::super) fn children(&self, pid: i32, found: &mut Vec<i32>) -> Option<()> {
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

/// Appends the pids that `ask` writes. It returns their number, so a full buffer may have been too small.
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
