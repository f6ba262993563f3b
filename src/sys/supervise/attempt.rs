//! One running command: whom to signal for it, and the timers of its end. It reads no pipe and waits for nothing.

use std::time::Duration;

use rustix::process::WaitStatus;

use super::signals::{self, Record};
use super::spawn::{Exec, Launched};
use super::tree::{self, Spared};
use super::{os, pause};

/// How often a tree that is being killed is looked at: it may fork while we do.
const SWEEP: Duration = Duration::from_millis(5);
/// How long KILL is repeated before the tree counts as unkillable (another user's process, an uninterruptible wait).
const SWEEPS: Duration = Duration::from_secs(5);
/// How long a stopped command must stay so before we stop too: on `fg` it may be seen stopped after we have resumed.
const MIRROR_DELAY: Duration = Duration::from_millis(100);

/// This many terminating signals sent by a process mean business.
const LAST_STRAW: u32 = 3;

/// A command from its fork until its end is reported.
pub(super) struct Attempt {
    pub(super) pid: i32,
    /// 1 for the first of this process.
    pub(super) number: u32,
    pub(super) exec: Exec,
    /// What the child reads until it is the command.
    pub(super) launched: Launched,
    /// Whether anybody has waited for that outcome yet.
    pub(super) exec_awaited: bool,
    /// None until it is reaped.
    pub(super) status: Option<WaitStatus>,
    /// What was there before it and is not ours to kill.
    pub(super) spared: Spared,
    /// We stopped it for time.
    pub(super) stopped: bool,
    /// Terminating signals that a process sent us, forwarded.
    pub(super) forwarded: u32,
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
            forwarded: 0,
            told: 0,
            kill_at: None,
            sweeps: None,
            halted: false,
            mirror_at: None,
        }
    }

    /// Signals everything that descends from the attempt.
    pub(super) fn signal_tree(&mut self, signals: &[i32]) {
        let listed = tree::descendants(&mut self.spared);
        for &process in listed.iter().flatten().filter(|process| process.pid != self.pid) {
            os::signal(process, signals);
        }
        // Never by the list: it may be unavailable, or have missed it.
        for &signal in signals {
            self.signal_command(signal);
        }
        if listed.is_none() && !self.shares_our_group() {
            self.signal_group(signals);
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

    /// Passes on what the command has not got by itself. Those that end a program go to the whole tree, others mean the
    /// command alone. `grace`: from a terminating one to KILL.
    pub(super) fn forward(&mut self, record: Record, grace: Option<Duration>) {
        let signal = record.signal;
        // A terminal that goes away tells the leader of its session and nobody else (`ssh -t host retry …`).
        let only_to_leader = signal == libc::SIGHUP && tree::leads_its_session();
        let reached = record.reached_group(self.number) && self.shares_our_group() && !only_to_leader;
        if !signals::terminates(signal) {
            if !reached {
                self.signal_command(signal);
            }
            return;
        }
        if !reached {
            self.signal_tree(&[signal, libc::SIGCONT]);
        }
        // A keyboard is used as input (^C at a prompt): it never escalates.
        if record.is_from_kernel() {
            return;
        }
        self.forwarded += 1;
        if self.forwarded >= LAST_STRAW {
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
        } else {
            self.signal_tree(&[signal, libc::SIGCONT]);
            self.kill_after(grace);
        }
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
            self.sweeps = Some(Sweeps { next: now + SWEEP, give_up: now + SWEEPS });
            self.signal_tree(&[libc::SIGKILL]);
        }
    }

    /// What wait(2) says of the command.
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
        [self.kill_at, sweep, self.mirror_at].into_iter().flatten().min()
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
            sweeps.next = now + SWEEP;
            self.signal_tree(&[libc::SIGKILL]);
        }
        true
    }

    /// Whether nothing of it is left. `childless`: the kernel says that we have no children.
    pub(super) fn is_gone(&mut self, childless: bool) -> bool {
        if self.status.is_none() {
            return false;
        }
        if os::ADOPTS_ORPHANS && (childless || self.spared.is_empty()) {
            return childless;
        }
        // A list may miss a process while another one exits; two in a row do not.
        let empty = |spared: &mut Spared| tree::descendants(spared).is_some_and(|tree| tree.is_empty());
        self.spared.is_unknown() || empty(&mut self.spared) && empty(&mut self.spared)
    }

    /// The pids that are left of it.
    pub(super) fn remains(&mut self) -> Vec<i32> {
        let listed = tree::descendants(&mut self.spared).unwrap_or_default();
        let mut pids: Vec<i32> = listed.iter().map(|process| process.pid).collect();
        if self.status.is_none() && !pids.contains(&self.pid) {
            pids.push(self.pid);
        }
        pids
    }
}
