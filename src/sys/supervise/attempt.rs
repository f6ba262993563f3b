//! A running command: the processes to signal, and the timers of its end. It reads no pipes and never waits.

mod ending;

use std::time::Duration;

use rustix::process::WaitStatus;

use super::signals::{self, Record};
use super::spawn::{Exec, Launched};
use super::tree::{self, Process, Spared};
use super::{os, pause};

/// The time between checks of a process tree that is being killed, which may fork meanwhile.
const SWEEP_INTERVAL: Duration = Duration::from_millis(5);
/// The time for which KILL is repeated before the tree counts as unkillable (another user's process, an uninterruptible wait).
const SWEEP_LIMIT: Duration = Duration::from_secs(5);
/// How long a command must stay stopped before we stop as well: after `fg` it may still appear stopped when we have already
/// resumed.
const MIRROR_DELAY: Duration = Duration::from_millis(100);

/// The number of checks before we give up on a death that wait(2) does not report.
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
    /// Whether the outcome of exec has been waited for.
    pub(super) exec_awaited: bool,
    /// None until it is reaped.
    pub(super) status: Option<WaitStatus>,
    /// The processes that existed before it and are not ours to kill.
    pub(super) spared: Spared,
    /// It was stopped because its time was up.
    pub(super) stopped: bool,
    /// When to check everything even without news; `None` if it has not run for long.
    pub(super) look_at: Option<Duration>,
    /// The number of checks in a row at which wait(2) did not report a dead command.
    pub(super) unreaped: u32,
    /// The number of terminating signals that processes have sent us.
    told_by_processes: u32,
    /// The set of signals that we have passed to the command.
    forwarded: u64,
    /// The signal that was sent to its tree, and the processes that received it.
    telling: Option<i32>,
    signalled: Vec<i32>,
    /// Until when to wait for the processes that it left behind: it died of a signal from us and cannot end them itself.
    rest_until: Option<Duration>,
    /// The total number of terminating signals.
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

    /// Signals all descendants of the attempt: the command first, and every parent before its children, since a shell would
    /// otherwise continue after the child that died.
    pub(super) fn signal_tree(&mut self, signals: &[i32]) {
        let listed = self.tree();
        // Never through the list, which may be unavailable or incomplete.
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

    /// The living processes of the attempt, see [`tree::descendants`].
    pub(super) fn tree(&mut self) -> Option<Vec<Process>> {
        if !os::adopts_orphans() && self.group() == Some(self.pid) {
            self.spared.note_group(self.pid);
        }
        tree::descendants(&mut self.spared)
    }

    /// Notes the processes of the attempt, where orphans do not become ours: those that were not seen before
    /// their parent ended are not found again.
    pub(super) fn remember_tree(&mut self) {
        if !os::adopts_orphans() {
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

    /// Whether signals of the terminal to our group reach the command directly.
    pub(super) fn shares_our_group(&self) -> bool {
        self.group().is_none_or(|group| tree::group_of(0) == Some(group))
    }

    /// Whether the command has received it directly from the terminal.
    pub(super) fn was_reached_by(&self, record: Record) -> bool {
        // A terminal that disappears only signals the leader of its session (`ssh -t host retry …`).
        let only_to_leader = record.signal == libc::SIGHUP && tree::leads_its_session();
        record.reached_group(self.number) && self.shares_our_group() && !only_to_leader
    }

    /// Passes a signal on to the command alone, as if it had been run directly. If it has ended, the processes that it left
    /// receive it.
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

    /// Handles a terminating signal from a process. `grace`: the time from the first one to KILL.
    pub(super) fn count_told(&mut self, grace: Option<Duration>) {
        self.told_by_processes += 1;
        if self.told_by_processes >= KILLING_SIGNAL_COUNT {
            self.start_killing();
        } else if let Some(grace) = grace {
            self.kill_after(grace);
        }
    }

    /// Begins to stop it because its time is up.
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

    /// Schedules KILL, unless it is scheduled for an earlier time.
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

    /// Records what wait(2) reports about the command.
    pub(super) fn changed(&mut self, status: WaitStatus) {
        if let Some(signal) = status.stopping_signal() {
            self.halted = true;
            // Not SIGSTOP, which a debugger uses. Once we are stopping the attempt, it is about to be continued.
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

    /// Whether it only counts as ended once its whole tree is gone.
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

    /// Whether it is time to check everything.
    pub(super) fn is_look_due(&self) -> bool {
        self.look_at.is_some_and(|at| at <= pause::now())
    }

    /// Whether it is dead and its status will never be known. `silent`: wait(2) does not report it.
    pub(super) fn is_lost(&mut self, silent: bool) -> bool {
        let dead = silent && os::stat(self.pid).is_none_or(|stat| stat.dead);
        self.unreaped = if dead { self.unreaped + 1 } else { 0 };
        self.unreaped >= MAX_UNREAPED_LOOKS
    }

    /// Does what is due. False if it has been sent KILL for so long that it will not die.
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
