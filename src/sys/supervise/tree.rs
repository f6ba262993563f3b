//! The processes that descend from us, and so may be killed with an attempt: by descent, not by process group, which children leave.
//!
//! Processes that existed before the attempt are spared: children of a program that exec'ed us, daemons that earlier attempts left.

use std::os::fd::{AsFd, AsRawFd as _};

use super::os::{self, Listing};

/// A process and the parent it was listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
}

/// Longer chains of parents than any system allows; guards against a `/proc` that changes under the walk.
const DEEPEST: usize = 4096;

/// The processes that existed before an attempt, and those of the attempt that were seen.
#[derive(Debug, Default)]
pub(super) struct Spared {
    /// (pid, start time): a pid alone may be given to a new process.
    known: Vec<(i32, u64)>,
    /// There was something, but nobody could tell what.
    unknown: bool,
    /// The processes of the attempt when it was last listed, where orphans do not become ours.
    seen: Vec<(i32, u64)>,
}

impl Spared {
    /// All our descendants as of now.
    pub(super) fn everything() -> Self {
        let mut spared = Self::default();
        let listed = Listing::new().and_then(|listing| spared.add_children(&listing, own_pid()));
        spared.unknown = listed.is_none();
        spared
    }

    /// Whether nothing but the attempt descends from us: "no children left" is then a proof that its tree is gone.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.unknown
    }

    /// Whether it cannot be told apart from the attempt's tree.
    pub(super) fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// A child of ours that is no part of the attempt.
    pub(super) fn spare(&mut self, pid: i32) {
        self.known.extend(os::stat(pid).map(|stat| (pid, stat.start)));
    }

    /// A direct child was reaped: its pid is free.
    pub(super) fn reaped(&mut self, pid: i32) {
        self.known.retain(|(known, _)| *known != pid);
    }

    /// Notes that all processes in this group belong to the attempt.
    pub(super) fn note_group(&mut self, group: i32) {
        for pid in os::everybody().filter(|pid| group_of(*pid) == Some(group)) {
            let seen = os::stat(pid).map(|stat| (pid, stat.start));
            self.seen.extend(seen.filter(|seen| !self.seen.contains(seen)));
        }
    }

    /// A living process of the attempt that was seen before and is not listed now. Its parent ended, so we stand in for it.
    fn lost(&self, listed: &[Process]) -> Option<Process> {
        let lives = |pid, start| os::stat(pid).is_some_and(|now| now.start == start && !now.dead);
        let lost = |(pid, start)| lives(pid, start) && listed.iter().all(|process| process.pid != pid);
        let (pid, _) = self.seen.iter().copied().find(|seen| lost(*seen))?;
        Some(Process { pid, parent: own_pid() })
    }

    fn contains(&self, pid: i32) -> bool {
        self.known
            .iter()
            .any(|&(known, start)| known == pid && os::stat(pid).is_none_or(|now| now.start == start))
    }

    /// Adds all descendants of `parent` that are not yet known.
    fn add_children(&mut self, listing: &Listing, parent: i32) -> Option<()> {
        let mut found = Vec::new();
        listing.children(parent, &mut found)?;
        let mut next = 0;
        while let Some(&pid) = found.get(next) {
            if !self.known.iter().any(|(known, _)| *known == pid) {
                self.known.extend(os::stat(pid).map(|stat| (pid, stat.start)));
            }
            listing.children(pid, &mut found)?;
            next += 1;
        }
        Some(())
    }
}

/// Our living descendants but for the spared and theirs; None if they cannot be listed.
pub(super) fn descendants(spared: &mut Spared) -> Option<Vec<Process>> {
    if spared.unknown {
        return None;
    }
    let listing = Listing::new()?;
    let mut tree = Vec::new();
    let mut children = Vec::new();
    let mut parent = own_pid();
    let mut next = 0;
    loop {
        children.clear();
        listing.children(parent, &mut children)?;
        for &pid in &children {
            if spared.contains(pid) {
                // What it started since is its own, and stays so when it dies and leaves that to us.
                spared.add_children(&listing, pid)?;
            } else if tree.iter().all(|process: &Process| process.pid != pid) {
                tree.push(Process { pid, parent });
            }
        }
        if tree.len() == next {
            tree.extend(spared.lost(&tree));
        }
        let Some(process) = tree.get(next) else { break };
        parent = process.pid;
        next += 1;
    }
    tree.retain(|process| os::stat(process.pid).is_some_and(|stat| !stat.dead));
    if !os::adopts_orphans() {
        let seen = tree.iter().filter_map(|process| Some((process.pid, os::stat(process.pid)?.start)));
        spared.seen = seen.collect();
    }
    Some(tree)
}

/// Whether we are among the ancestors of `pid`. A zombie still has its parent.
pub(super) fn is_descendant(pid: i32) -> bool {
    descends(pid, own_pid())
}

/// Whether a process is there and not stopped; None where that is not told of any.
#[cfg(not(has_procfs))]
pub(crate) fn is_at_work(pid: i32) -> Option<bool> {
    let at_work = |pid| os::stat(pid).is_some_and(|stat| !stat.dead && !stat.stopped);
    cfg!(has_process_list).then(|| at_work(pid))
}

/// Whether there is such a process, and it runs, or waits for nothing but a processor.
pub(super) fn is_runnable(pid: i32) -> bool {
    os::stat(pid).is_some_and(|stat| stat.runnable)
}

/// Whether `pid` is among our ancestors.
pub(crate) fn is_ancestor(pid: i32) -> bool {
    descends(own_pid(), pid)
}

fn descends(pid: i32, ancestor: i32) -> bool {
    let mut pid = pid;
    for _ in 0..DEEPEST {
        match os::stat(pid) {
            Some(stat) if stat.parent == ancestor => return true,
            Some(stat) if stat.parent > 1 => pid = stat.parent,
            _ => return false,
        }
    }
    false
}

/// The process group of `pid`, 0 being ourselves; None if there is no such process. A group outside of our pid namespace
/// (`unshare --pid --fork`) is 0, which rustix takes for impossible: no getpgid, getpgrp, getsid of its here.
pub(super) fn group_of(pid: i32) -> Option<i32> {
    // SAFETY: a plain system call.
    let group = unsafe { libc::getpgid(pid) };
    (group >= 0).then_some(group)
}

/// Whether we lead our session. One outside of our pid namespace has the number 0, as its group has.
pub(super) fn leads_its_session() -> bool {
    // SAFETY: a plain system call.
    unsafe { libc::getsid(0) == own_pid() }
}

/// Whether our process group is surely the foreground of this terminal: two groups outside of our namespace look alike.
pub(crate) fn is_foreground_of(terminal: impl AsFd) -> bool {
    // SAFETY: a plain system call on a descriptor that is open.
    let foreground = unsafe { libc::tcgetpgrp(terminal.as_fd().as_raw_fd()) };
    foreground > 0 && group_of(0) == Some(foreground)
}

/// Whether everybody in the process group `group` descends from us; also true if nobody is in it.
pub(super) fn is_group_of_ours(group: i32) -> bool {
    // SAFETY: a plain system call; signal 0 only asks.
    let empty = unsafe { libc::kill(-group, 0) } < 0 && os::errno() == libc::ESRCH;
    let alive = |pid: &i32| group_of(*pid) == Some(group) && os::stat(*pid).is_some_and(|stat| !stat.dead);
    empty || os::has_own_proc() && os::everybody().filter(alive).all(is_descendant)
}

pub(super) fn own_pid() -> i32 {
    std::process::id().cast_signed()
}
