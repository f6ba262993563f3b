//! A running command: whom to signal for it, and the timers of its end. It reads no pipe and waits for nothing.

mod ending;

use std::time::Duration;

use rustix::process::WaitStatus;

use super::signals::{self, Record};
use super::spawn::{Exec, Launched};
use super::tree::{self, Process, Spared};
use super::{os, pause};

/// The time between looks at a tree that is being killed: it may fork while we do.
const SWEEP_INTERVAL: Duration = Duration::from_millis(5);
/// The time for which KILL is repeated before the tree counts as unkillable (another user's process, an uninterruptible wait).
const SWEEP_LIMIT: Duration = Duration::from_secs(5);
/// How long a stopped command must stay so before we stop too: on `fg` it may be seen stopped after we have resumed.
const MIRROR_DELAY: Duration = Duration::from_millis(100);

/// Looks before a death that wait(2) does not tell of is given up.
const MAX_UNREAPED_LOOKS: u32 = 3;
/// Terminating signals sent by processes after which the tree is killed.
const KILLING_SIGNAL_COUNT: u32 = 3;

/// A command from its fork until its end is reported.
pub(super) struct Attempt {
    pub(super) pid: i32,
    /// 1 for the first of this process.
    pub(super) number: u32,
    pub(super) exec: Exec,
    /// The memory that the child reads until it is the command.
    pub(super) launched: Launched,
    /// Whether anybody has waited for that outcome yet.
    pub(super) exec_awaited: bool,
    /// None until it is reaped.
    pub(super) status: Option<WaitStatus>,
    /// The processes that were there before it and are not ours to kill.
    pub(super) spared: Spared,
    /// We stopped it for time.
    pub(super) stopped: bool,
    /// When to look at everything, whatever has been heard; None: nobody has waited for long yet.
    pub(super) look_at: Option<Duration>,
    /// Looks in a row at which wait(2) had nothing to say of a command that is dead.
    pub(super) unreaped: u32,
    /// Terminating signals that a process sent us.
    told_by_processes: u32,
    /// The signals that the command has from us, as a set.
    forwarded: u64,
    /// The signal that its tree was told to end with, and the processes that were.
    telling: Option<i32>,
    signalled: Vec<i32>,
    /// Until when what it left behind is waited for: it died of a signal that it had from us, and cannot do so itself.
    rest_until: Option<Duration>,
    /// Terminating signals in all.
    pub(super) told: u32,
    /// When to begin with KILL.
    kill_at: Option<Duration>,
    sweeps: Option<Sweeps>,
    /// Whether it is stopped by a signal.
    halted: bool,
    /// When to stop ourselves, if it is still halted.
    mirror_at: Option<Duration>,
}

struct Sweeps {
    next: Duration,
    give_up: Duration,
}

impl Attempt {
    pub(super) fn new(pid: i32, number: u32, exec: Exec, launched: Launched, spared: Spared) -> Self {
        Self {
            pid,
            number,
            exec,
            launched,
            exec_awaited: false,
            status: None,
            spared,
            stopped: false,
            look_at: None,
            unreaped: 0,
            told_by_processes: 0,
            forwarded: 0,
            telling: None,
            signalled: Vec::new(),
            rest_until: None,
            told: 0,
            kill_at: None,
            sweeps: None,
            halted: false,
            mirror_at: None,
        }
    }

    /// Signals everything that descends from the attempt: the command first, every parent before its children, or a
    /// shell would go on to what comes after a child that died.
    pub(super) fn signal_tree(&mut self, signals: &[i32]) {
        let listed = self.tree();
        // Never by the list: it may be unavailable, or have missed it.
        for &signal in signals {
            self.signal_command(signal);
        }
        match listed {
            Some(mut listed) => {
                self.signalled = listed.iter().map(|process| process.pid).collect();
                listed.retain(|process| process.pid != self.pid);
                os::signal_all(&listed, signals);
            }
            None if !self.shares_our_group() => self.signal_group(signals),
            None => {}
        }
    }

    /// What it consists of now, see [`tree::descendants`].
    pub(super) fn tree(&mut self) -> Option<Vec<Process>> {
        let leads = self.group() == Some(self.pid);
        if leads && !os::ADOPTS_ORPHANS {
            self.spared.note_group(self.pid);
        }
        tree::descendants(&mut self.spared)
    }

    /// Looks at its tree where orphans do not become ours: they are found again only if they were seen before.
    pub(super) fn remember_tree(&mut self) {
        if !os::ADOPTS_ORPHANS {
            self.tree();
        }
    }

    /// Signals the command itself.
    pub(super) fn signal_command(&self, signal: i32) {
        if self.status.is_none() {
            // SAFETY: a plain system call; unreaped, the pid is still the command's.
            unsafe { libc::kill(self.pid, signal) };
        }
    }

    /// Only if it leads a group: nobody else can be in one that bears the pid of our unreaped child.
    fn signal_group(&self, signals: &[i32]) {
        let leads = self.group() == Some(self.pid);
        for &signal in signals.iter().filter(|_| leads) {
            // SAFETY: a plain system call.
            unsafe { libc::kill(-self.pid, signal) };
        }
    }

    fn group(&self) -> Option<i32> {
        if self.status.is_none() { tree::group_of(self.pid) } else { None }
    }

    /// Whether what the terminal sends to our group reaches the command by itself.
    pub(super) fn shares_our_group(&self) -> bool {
        self.group().is_none_or(|group| tree::group_of(0) == Some(group))
    }

    /// Whether the command has got it by itself, from the terminal.
    pub(super) fn was_reached_by(&self, record: Record) -> bool {
        // A terminal that goes away tells the leader of its session and nobody else (`ssh -t host retry …`).
        let only_to_leader = record.signal == libc::SIGHUP && tree::leads_its_session();
        record.reached_group(self.number) && self.shares_our_group() && !only_to_leader
    }

    /// Passes a signal on: to the command alone, as when it is run directly. If it is no more, what it left is told.
    pub(super) fn forward(&mut self, signal: i32) {
        if self.rest_until.is_some() {
            if signals::terminates(signal) {
                self.signalled.clear();
                self.tell_rest(signal);
            }
            return;
        }
        self.signal_command(signal);
        if signals::terminates(signal) {
            self.signal_command(libc::SIGCONT);
            self.forwarded |= signals::bit(signal);
        }
    }

    /// A terminating signal has come from a process. `grace`: from the first one to KILL.
    pub(super) fn count_told(&mut self, grace: Option<Duration>) {
        self.told_by_processes += 1;
        if self.told_by_processes >= KILLING_SIGNAL_COUNT {
            self.start_killing();
        } else if let Some(grace) = grace {
            self.kill_after(grace);
        }
    }

    /// Begins to stop it for time.
    pub(super) fn stop(&mut self, signal: i32, grace: Duration) {
        self.stopped = true;
        self.mirror_at = None;
        if signal == libc::SIGKILL {
            self.start_killing();
            return;
        }
        if self.rest_until.is_none() {
            self.signal_tree(&[signal, libc::SIGCONT]);
            self.telling = Some(signal);
        }
        self.kill_after(grace);
    }

    /// KILL from then on; an earlier appointment stands.
    pub(super) fn kill_after(&mut self, grace: Duration) {
        let at = pause::now().saturating_add(grace);
        self.kill_at = Some(self.kill_at.map_or(at, |earlier| earlier.min(at)));
    }

    pub(super) fn start_killing(&mut self) {
        self.kill_at = None;
        if self.sweeps.is_none() {
            let now = pause::now();
            self.sweeps = Some(Sweeps { next: now + SWEEP_INTERVAL, give_up: now + SWEEP_LIMIT });
            self.signal_tree(&[libc::SIGKILL]);
        }
    }

    /// Notes what wait(2) says of the command.
    pub(super) fn changed(&mut self, status: WaitStatus) {
        if let Some(signal) = status.stopping_signal() {
            self.halted = true;
            // Not SIGSTOP: that is a debugger's. Once we are stopping it, it is about to be continued.
            let by_job_control = matches!(signal, libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU);
            if by_job_control && !self.must_vanish() {
                self.mirror_at = Some(pause::now() + MIRROR_DELAY);
            }
        } else if status.continued() {
            self.halted = false;
            self.mirror_at = None;
        } else {
            self.status = Some(status);
            self.mirror_at = None;
            pause::set_follower(0);
        }
    }

    /// Whether its end is only reached when its whole tree is gone.
    pub(super) fn must_vanish(&self) -> bool {
        self.stopped || self.sweeps.is_some()
    }

    pub(super) fn is_killing(&self) -> bool {
        self.sweeps.is_some()
    }

    /// When [`Attempt::keep_time`] has something to do.
    pub(super) fn due(&self) -> Option<Duration> {
        let sweep = self.sweeps.as_ref().map(|sweeps| sweeps.next);
        [self.kill_at, sweep, self.mirror_at, self.rest_until].into_iter().flatten().min()
    }

    /// Whether it is time to look at everything.
    pub(super) fn is_look_due(&self) -> bool {
        self.look_at.is_some_and(|at| at <= pause::now())
    }

    /// Whether it is dead, and nobody will ever say how it ended. `silent`: wait(2) does not speak of it.
    pub(super) fn is_lost(&mut self, silent: bool) -> bool {
        let dead = silent && os::stat(self.pid).is_none_or(|stat| stat.dead);
        self.unreaped = if dead { self.unreaped + 1 } else { 0 };
        self.unreaped >= MAX_UNREAPED_LOOKS
    }

    /// Does what is due. False when it has been killed for so long that it will not die.
    pub(super) fn keep_time(&mut self) -> bool {
        let now = pause::now();
        if self.mirror_at.is_some_and(|at| at <= now) {
            self.mirror_at = None;
            if self.halted {
                pause::stop_ourselves();
            }
        }
        if self.kill_at.is_some_and(|at| at <= now) {
            self.start_killing();
        }
        if let Some(sweeps) = self.sweeps.as_mut().filter(|sweeps| sweeps.next <= now) {
            if sweeps.give_up <= now {
                return false;
            }
            sweeps.next = now + SWEEP_INTERVAL;
            self.signal_tree(&[libc::SIGKILL]);
        }
        true
    }
}
