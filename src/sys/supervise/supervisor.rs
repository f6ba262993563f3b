//! The event loop of one command at a time: turns signals, the outcome of exec, children and timers into
//! [`SupervisorEvent`]s.
//!
//! The order within a turn matters. Signals come before reaping: the sender of one may be a descendant that has died since,
//! and is known only until it is reaped. The outcome of exec comes before the end, since a status of 127 is possible in
//! both cases.

mod beginning;
mod ending;
mod flow;
mod heed;
mod helper;
mod rest;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::attempt::Attempt;
use super::delivery::Delivery;
use super::output::{Captured, Output};
use super::remains::Remains;
use super::signals::{self, Signals};
use super::spawn;
use super::stdin::{InputLoss, Inputs};
use super::terminal::Terminal;
use super::witness::Witness;
use super::{os, pause};
use crate::classify::{Ending, Stream, Tap};
use crate::sys::spool::HeldOutput;

/// The time to wait for exec before the runtime gets its turn, and between looks afterwards. Nearly every exec is done
/// within a millisecond, and nothing else can happen before: one poll(2) is cheaper than a registration with the runtime.
const EXEC_POLL: Duration = Duration::from_millis(10);
/// The time without news after which an attempt is checked, and gets its witness; short attempts pay for neither.
const FIRST_LOOK: Duration = Duration::from_millis(250);
/// The time between checks from then on. A lost wake-up or a failed system call costs no more than this.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How commands are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The command gets a process group of its own.
    pub(crate) new_group: bool,
    /// The time from a forwarded terminating signal to KILL; `None`: never escalate.
    pub(crate) kill_after_forwarded: Option<Duration>,
    /// The time to wait for the processes left by a command that died of a forwarded signal.
    pub(crate) grace: Duration,
    /// The signal that the command gets when we die.
    pub(crate) death_signal: i32,
    /// Report [`SupervisorEvent::Started`] at once; otherwise it comes with the end, which saves two context switches.
    pub(crate) prompt_start: bool,
    /// Start each command's witness before the command, not once it has run for a while.
    pub(crate) prompt_witness: bool,
}

/// An event that [`Supervisor::next`] reports.
#[derive(Debug)]
pub(crate) enum SupervisorEvent {
    /// The running command's exec succeeded.
    Started,
    /// The command has ended, but not all of its captured output has been passed on. It cannot be stopped any more.
    Exited,
    /// The attempt is over, and its captured output has been passed on. After [`Supervisor::stop`] its whole process tree
    /// is gone.
    Ended { ending: Ending, captured: Captured },
    /// The attempt ended before its command was executed, because it was too late.
    Late,
    /// [`Supervisor::deliver`] is done, or a write failed.
    Delivered(Option<(Stream, io::Error)>),
    /// A signal that tells us to stop: INT, QUIT, HUP, TERM; while no command runs also USR1, USR2, ALRM. It has been
    /// forwarded if necessary.
    Signal(i32),
    /// Time to check the clock: `wake` has passed, or we were stopped and continued.
    Woke,
    /// The command died of a signal that told us to stop, but these processes did not, although they received it too. They
    /// are left running.
    Left(Vec<Remains>),
    /// The process tree could not be killed; these processes are left. No further attempt may start.
    Unkillable(Vec<Remains>),
    /// The command is dead, but the system does not report how it ended. No further attempt may start.
    Lost(io::Error),
}

/// Runs commands, one at a time.
pub(crate) struct Supervisor {
    options: Options,
    signals: Signals,
    terminal: Terminal,
    inputs: Inputs,
    /// The attempts' inputs while a helper with another input runs.
    set_aside: Option<Inputs>,
    /// The running attempt is being killed because its input cannot be provided.
    starved: bool,
    attempt: Option<Attempt>,
    /// The process that observes which signals the running command's group receives, once it has run for a while.
    witness: Option<Witness>,
    /// Signals of which it is not known yet whether the command has received them.
    doubts: Vec<heed::Doubt>,
    /// The last failure of wait(2).
    unwaitable: Option<io::Error>,
    /// The number of commands started.
    attempts: u32,
    reports: VecDeque<SupervisorEvent>,
    /// Whether the signal pipe may hold more than was read.
    backlog: bool,
    /// Whether wait(2) last said that we have no children at all.
    childless: bool,
    /// Children reaped since the signal pipe was last read: a signal in it may be from one of them.
    reaped: Vec<i32>,
    /// The running command's captured output.
    output: Option<Output>,
    /// The held output, of it and of earlier attempts.
    held: HeldOutput,
    delivery: Option<Delivery>,
    /// The last signal that told us to stop.
    told: Option<i32>,
}

/// Why a wait ended.
#[derive(Clone, Copy)]
struct Woken {
    signals: bool,
    exec: bool,
}

impl Supervisor {
    /// Installs the handlers, adopts orphans from now on, and saves the terminal's modes. Must be called on the main
    /// thread, inside a tokio runtime with I/O and time; there may be only one supervisor.
    pub(crate) fn new(options: Options) -> io::Result<Self> {
        let signals = Signals::install()?;
        os::adopt_orphans();
        Ok(Self {
            options,
            signals,
            terminal: Terminal::save(),
            inputs: Inputs::default(),
            set_aside: None,
            starved: false,
            attempt: None,
            witness: None,
            doubts: Vec::new(),
            unwaitable: None,
            attempts: 0,
            reports: VecDeque::new(),
            backlog: false,
            childless: false,
            reaped: Vec::new(),
            output: None,
            held: HeldOutput::default(),
            delivery: None,
            told: None,
        })
    }

    /// Sets the commands' inputs.
    pub(crate) fn with_inputs(mut self, inputs: Inputs) -> Self {
        self.inputs = inputs;
        self
    }

    /// Declares that the next attempt is the last one, so that its input need not be kept.
    pub(crate) fn expect_last(&mut self) {
        self.inputs.is_last();
    }

    /// The descriptor, if any, from which another attempt would not read what the last one did, and why.
    pub(crate) fn input_loss(&self) -> Option<(i32, &InputLoss)> {
        self.inputs.loss()
    }

    /// Declares that no attempt follows: files are left positioned where the last one stopped.
    pub(crate) fn conclude(&mut self) {
        self.inputs.conclude();
    }

    /// Begins to stop the running attempt: sends `signal` and CONT to its whole process tree, and KILL after `grace`, until
    /// nothing of it is left. Does nothing if none runs.
    pub(crate) fn stop(&mut self, signal: i32, grace: Duration) {
        let delivering = self.is_delivering();
        if let Some(attempt) = self.attempt.as_mut().filter(|_| !delivering) {
            attempt.stop(signal, grace);
        }
    }

    /// Waits for the next event, at most for `wake`, not counting time spent stopped by Ctrl-Z. Meanwhile captured output
    /// is given to the tap, as far as it is to be observed.
    pub(crate) async fn next(&mut self, wake: Option<Duration>, tap: &mut dyn Tap) -> SupervisorEvent {
        let deadline = wake.map(|wake| pause::now().saturating_add(wake));
        loop {
            if let Some(report) = self.reports.pop_front() {
                return report;
            }
            let left = deadline.map(|deadline| deadline.saturating_sub(pause::now()));
            if left == Some(Duration::ZERO) {
                // Signals come first even if the caller never lets us wait.
                self.turn(Woken { signals: true, exec: true }, tap);
                return self.reports.pop_front().unwrap_or(SupervisorEvent::Woke);
            }
            let woken = self.wait(left).await;
            self.turn(woken, tap);
        }
    }

    /// Time until something is due, at most `limit`.
    async fn wait(&mut self, limit: Option<Duration>) -> Woken {
        if self.backlog {
            return Woken { signals: true, exec: true };
        }
        if self.has_more_to_pass_on() {
            // The runtime's turn: other tasks, and the news of signals.
            tokio::task::yield_now().await;
        }
        let due = self.due().map(|due| due.saturating_sub(pause::now()));
        let mut limit = [limit, due, self.inputs.due()].into_iter().flatten().min();
        if let Some(attempt) = &mut self.attempt {
            if self.options.prompt_start
                && let Some(exec) = attempt.exec.pending()
            {
                let quick = limit.map_or(EXEC_POLL, |limit| limit.min(EXEC_POLL));
                if !attempt.exec_awaited {
                    let [signals, exec] = spawn::wait_for([self.signals.fd(), exec], quick);
                    attempt.exec_awaited = true;
                    return Woken { signals, exec };
                }
                limit = Some(quick);
            }
            if attempt.look_at.is_none() {
                attempt.look_at = Some(pause::now() + FIRST_LOOK);
                let quick = limit.map_or(FIRST_LOOK, |limit| limit.min(FIRST_LOOK));
                if self.output.is_none() && self.delivery.is_none() && !self.inputs.is_fed() {
                    // Only signals can come, and usually they do within that time.
                    let [signals] = spawn::wait_for([self.signals.fd()], quick);
                    return Woken { signals, exec: true };
                }
                limit = Some(quick);
            }
        }
        let mut timer = pin!(limit.map(tokio::time::sleep));
        poll_fn(|context| {
            let signals = self.signals.poll_ready(context).is_ready();
            let output = self.output.as_mut().is_some_and(|output| output.poll(context).is_ready());
            let delivery = self.delivery.as_mut().is_some_and(|delivery| delivery.poll(context).is_ready());
            if signals || output || delivery {
                return Poll::Ready(Woken { signals, exec: true });
            }
            if self.inputs.poll_ready(context).is_ready() {
                return Poll::Ready(Woken { signals: false, exec: false });
            }
            match timer.as_mut().as_pin_mut().map(|timer| timer.poll(context)) {
                Some(Poll::Ready(())) => Poll::Ready(Woken { signals: false, exec: true }),
                _ => Poll::Pending,
            }
        })
        .await
    }

    fn turn(&mut self, woken: Woken, tap: &mut dyn Tap) {
        let looks = self.attempt.as_ref().is_some_and(Attempt::is_look_due);
        let mut child_changed = looks;
        if woken.signals || looks {
            let mut records = Vec::new();
            self.backlog = !self.signals.read(|record| {
                // One sender's flood (a window being resized) means no more than its last drop.
                let counts = signals::terminates(record.signal) || signals::queues(record.signal);
                if counts || records.last() != Some(&record) {
                    records.push(record);
                }
            });
            for record in records {
                child_changed |= record.signal == libc::SIGCHLD;
                self.heed(record);
            }
            self.reaped.clear();
        }
        if woken.exec && self.options.prompt_start {
            self.look_at_exec();
        }
        self.pass_on(tap);
        // While we kill, a child may become ours and die without a signal of its own.
        if child_changed || self.attempt.as_ref().is_some_and(Attempt::is_killing) {
            self.reap();
        }
        self.settle_doubts();
        self.settle(tap);
        self.feed();
        if looks {
            self.look();
        }
        if !self.is_delivering() && self.attempt.as_mut().is_some_and(|attempt| !attempt.keep_time()) {
            self.give_up();
        }
    }

    /// Checks a command that has run for a while, even without news of it.
    fn look(&mut self) {
        let Some(attempt) = &mut self.attempt else { return };
        attempt.look_at = Some(pause::now() + LOOK_INTERVAL);
        if attempt.status.is_some() {
            return;
        }
        if attempt.is_lost(self.unwaitable.is_some() || self.childless) {
            let why = self.unwaitable.take().unwrap_or_else(|| io::Error::from_raw_os_error(libc::ECHILD));
            self.abandon();
            self.reports.push_back(SupervisorEvent::Lost(why));
            return;
        }
        attempt.remember_tree();
        self.tend_witness();
    }

    /// Feeds the command more of its input. If that input is not the right one, the command must not continue.
    fn feed(&mut self) {
        if let Some(attempt) = &mut self.attempt
            && !self.starved
            && !self.inputs.step()
        {
            self.starved = true;
            // First nobody may go on: whoever reads from one that is killed would take that for the end.
            attempt.signal_tree(&[libc::SIGSTOP]);
            attempt.start_killing();
        }
    }
}
