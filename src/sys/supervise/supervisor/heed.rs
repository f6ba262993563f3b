//! The meaning of a signal: where it comes from, and whether we pass it on to the command.

use std::time::Duration;

use super::super::signals::{self, Record};
use super::super::witness::{self, Witness};
use super::super::{os, pause, tree};
use super::{Supervisor, SupervisorEvent};

/// The time within which the witness may show that the command has already received a signal: a sender that signals one
/// process after the other takes a moment. A signal sent to us alone is passed on this much later.
const DOUBT_LIMIT: Duration = Duration::from_millis(15);

/// The longest such time, if the sender could not continue all the while because the machine is busy.
const BUSY_DOUBT_LIMIT: Duration = Duration::from_millis(100);
/// The processor time of a sender that could continue.
const SENDER_TURN: Duration = Duration::from_millis(3);

/// A signal that other processes of our group may have received as well.
#[derive(Clone, Copy)]
pub(super) struct Doubt {
    signal: i32,
    sender: i32,
    /// The sender's processor time when the signal arrived.
    ran: Duration,
    until: Duration,
    /// However busy the machine is.
    at_last: Duration,
    /// Passes it on unless the command has received it already.
    forward: bool,
}

impl Doubt {
    /// Whether the sender is ready to continue, perhaps to signal the next process.
    fn sender_is_starved(&self) -> bool {
        let ran = os::time_run(self.sender);
        ran.is_some_and(|ran| ran.saturating_sub(self.ran) < SENDER_TURN) && tree::is_runnable(self.sender)
    }
}

impl Supervisor {
    pub(super) fn heed(&mut self, record: Record) {
        let delivering = self.is_delivering();
        let signal = record.signal;
        if record.is_resumption() || signal == libc::SIGCONT {
            match &self.attempt {
                Some(attempt) => self.terminal.look_again(attempt.pid),
                None => self.terminal.look(),
            }
        }
        if record.is_resumption() {
            self.reports.push_back(SupervisorEvent::Woke);
            return;
        }
        if signal == libc::SIGCHLD {
            return;
        }
        if self.is_from_below(record) {
            self.doubt(record, false);
            return;
        }
        let terminates = signals::terminates(signal);
        if terminates {
            self.told = Some(signal);
        }
        match &mut self.attempt {
            Some(attempt) => {
                attempt.told += u32::from(terminates);
                if !delivering {
                    self.pass_to_command(record);
                }
                if terminates {
                    self.reports.push_back(SupervisorEvent::Signal(signal));
                }
                self.adapt_output(signal);
            }
            None if matches!(signal, libc::SIGWINCH | libc::SIGCONT | libc::SIGURG) => {}
            None => self.reports.push_back(SupervisorEvent::Signal(signal)),
        }
    }

    /// Whether one of our own descendants sent it: a command that signals its process group means itself (`kill 0`).
    fn is_from_below(&self, record: Record) -> bool {
        let below = |pid| {
            self.attempt.as_ref().is_some_and(|attempt| attempt.pid == pid)
                || self.reaped.contains(&pid)
                || tree::is_descendant(pid)
        };
        let Record { sender, sender_parent, .. } = record;
        sender != 0
            && (below(sender)
                || sender_parent == tree::own_pid()
                || sender_parent != 0 && below(sender_parent))
    }

    /// Passes on signals that the command has not received directly.
    fn pass_to_command(&mut self, record: Record) {
        let grace = self.options.kill_after_forwarded;
        let Some(attempt) = &mut self.attempt else { return };
        let signal = record.signal;
        if record.is_from_kernel() {
            // A keyboard is used as input (^C at a prompt): it never escalates.
            if !attempt.was_reached_by(record) {
                attempt.forward(signal);
            } else if signals::terminates(signal) {
                attempt.hurry();
                self.doubt(record, false);
            }
            return;
        }
        if signals::terminates(signal) {
            attempt.count_told(grace);
        }
        let in_doubt = attempt.status.is_none() && attempt.shares_our_group();
        if !(in_doubt && self.doubt(record, true))
            && let Some(attempt) = &mut self.attempt
        {
            attempt.forward(signal);
        }
    }

    /// Starts to determine whether the whole group has received it. False if that is impossible.
    fn doubt(&mut self, record: Record, forward: bool) -> bool {
        if self.witness.is_none() {
            return false;
        }
        let Record { signal, sender, .. } = record;
        let ran = os::time_run(sender).unwrap_or(Duration::MAX);
        let now = pause::now();
        self.doubts.push(Doubt {
            signal,
            sender,
            ran,
            until: now + DOUBT_LIMIT,
            at_last: now + BUSY_DOUBT_LIMIT,
            forward,
        });
        true
    }

    /// When [`Supervisor::settle_doubts`] has something to do.
    pub(super) fn doubts_until(&self) -> Option<Duration> {
        self.doubts.iter().map(|doubt| doubt.until).min()
    }

    /// Passes on signals that the command turns out not to have received.
    pub(super) fn settle_doubts(&mut self) {
        if self.doubts.is_empty() {
            return;
        }
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.status.is_none()) else {
            // It has ended meanwhile: because of a signal to the group, or before it could have received one.
            self.doubts.clear();
            return;
        };
        let now = pause::now();
        let mut seen = self.witness.as_ref().and_then(Witness::seen).unwrap_or_default();
        let mut used = false;
        self.doubts.retain_mut(|doubt| {
            let bit = signals::bit(doubt.signal);
            let (is_seen, is_over) = (seen & bit != 0, doubt.until <= now);
            if is_seen && (!doubt.forward || witness::may_have_got(attempt.pid, doubt.signal)) {
                // One for one: a second one would be another signal.
                seen &= !bit;
                used = true;
                return false;
            }
            if is_over && doubt.forward && now < doubt.at_last && doubt.sender_is_starved() {
                doubt.until = now + SENDER_TURN;
                return true;
            }
            if is_over && doubt.forward {
                attempt.forward(doubt.signal);
            }
            used |= is_over && is_seen;
            !is_over
        });
        if used {
            self.replace_witness();
        }
    }

    /// Gives the running command a fresh witness.
    pub(super) fn tend_witness(&mut self) {
        let sharing = self.attempt.as_ref().filter(|attempt| attempt.shares_our_group());
        match (&mut self.witness, sharing) {
            (Some(witness), Some(attempt)) => {
                let useless = witness.is_misled() || witness.is_outdated(attempt.pid);
                if useless && self.doubts.is_empty() {
                    self.replace_witness();
                }
            }
            (Some(_), None) => self.dismiss_witness(),
            (None, Some(_)) => self.replace_witness(),
            (None, None) => {}
        }
    }

    fn replace_witness(&mut self) {
        let before = self.witness.take();
        let Some(attempt) = &mut self.attempt else { return };
        self.witness = Witness::start(Some(attempt.pid));
        if let Some(before) = before {
            attempt.spared.reaped(before.pid);
        }
        if let Some(witness) = &self.witness {
            attempt.spared.spare(witness.pid);
        }
    }

    /// The command has ended: there is nothing left to signal.
    pub(super) fn dismiss_witness(&mut self) {
        if let Some(witness) = self.witness.take()
            && let Some(attempt) = &mut self.attempt
        {
            attempt.spared.reaped(witness.pid);
        }
    }
}
