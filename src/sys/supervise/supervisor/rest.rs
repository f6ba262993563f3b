//! Reads the rest of the input once the command has finally failed.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::super::pause;
use super::super::spawn;
use super::super::stdin::{Rest, Taken, WholeInput};
use super::{Supervisor, SupervisorEvent, Woken};
use crate::classify::{Stream, Tap};

/// No tap: no command runs.
struct Nobody;

impl Tap for Nobody {
    fn take(&mut self, _stream: Stream, _bytes: &[u8]) {}
}

impl Supervisor {
    /// Reads standard input to its end, unless nothing arrives for `patience` or a signal ends the run. Only while no
    /// command runs.
    pub(crate) fn read_rest(&mut self, patience: Duration) -> Rest {
        let Some(fd) = self.inputs.stream() else { return Rest::Done };
        let mut heard = pause::now();
        loop {
            match self.inputs.take_rest() {
                Taken::End => return Rest::Done,
                Taken::Some => heard = pause::now(),
                Taken::Nothing => {
                    let left = patience.saturating_sub(pause::now().saturating_sub(heard));
                    if left.is_zero() {
                        return Rest::Silent;
                    }
                    let fds: [BorrowedFd<'_>; 2] = [self.signals.fd(), fd];
                    spawn::wait_for(fds, left);
                }
            }
            if let Some(signal) = self.signal_now() {
                return Rest::Interrupted(signal);
            }
        }
    }

    /// The input of the run, for a dead letter.
    pub(crate) fn whole_input(&self) -> WholeInput<'_> {
        self.inputs.whole()
    }

    /// The descriptors other than 0 on which the command received input.
    pub(crate) fn other_inputs(&self) -> impl Iterator<Item = i32> {
        self.inputs.others()
    }

    /// A pending signal that ends the run. Only while no command runs.
    pub(crate) fn signal_now(&mut self) -> Option<i32> {
        self.turn(Woken { signals: true, exec: false }, &mut Nobody);
        let found = |report: &SupervisorEvent| match report {
            SupervisorEvent::Signal(signal) => Some(*signal),
            _ => None,
        };
        let signal = self.reports.iter().find_map(found);
        self.reports.retain(|report| found(report).is_none());
        signal
    }
}
