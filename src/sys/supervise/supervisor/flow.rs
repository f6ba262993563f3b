//! The supervisor's handling of the command's output, within the same loop.

use std::time::Duration;

use super::super::delivery::{Delivery, Wanted};
use super::super::output::Output;
use super::super::signals;
use super::{Attempt, Supervisor, SupervisorEvent};
use crate::classify::Tap;
use crate::sys::spool::HeldOutput;

impl Supervisor {
    /// When the running command last wrote something that is captured, by the clock that its timeout counts.
    pub(crate) fn last_written(&self) -> Option<Duration> {
        self.output.as_ref().map(Output::last_written)
    }

    /// Output of attempts that is still to be delivered.
    pub(crate) fn held(&mut self) -> &mut HeldOutput {
        &mut self.held
    }

    /// Begins to write held output to its original destination; [`SupervisorEvent::Delivered`] follows. Only while no
    /// command runs. If a signal has ended the run, this does not wait for a reader that accepts nothing: the signal
    /// is reported again instead.
    pub(crate) fn deliver(&mut self, wanted: Wanted) {
        self.delivery = Some(Delivery::new(std::mem::take(&mut self.held), wanted, self.told.is_some()));
    }

    /// Abandons a delivery.
    pub(crate) fn abandon_delivery(&mut self) {
        self.delivery = None;
    }

    /// Whether [`Supervisor::pass_on`] has something to do at once.
    pub(super) fn has_more_to_pass_on(&self) -> bool {
        self.output.as_ref().is_some_and(Output::is_runnable)
            || self.delivery.as_ref().is_some_and(Delivery::is_runnable)
    }

    /// When something is due even without an event.
    pub(super) fn due(&self) -> Option<Duration> {
        let delivering = self.is_delivering();
        let attempt = self.attempt.as_ref().filter(|_| !delivering).and_then(Attempt::due);
        let look = self.attempt.as_ref().and_then(|attempt| attempt.look_at);
        let output = self.output.as_ref().and_then(Output::due);
        let delivery = self.delivery.as_ref().and_then(Delivery::due);
        [attempt, look, output, delivery, self.doubts_until()].into_iter().flatten().min()
    }

    /// Moves captured and held output on, as far as possible without waiting.
    pub(super) fn pass_on(&mut self, tap: &mut dyn Tap) {
        if let Some(output) = &mut self.output {
            if output.is_ending() && self.attempt.as_ref().is_some_and(|attempt| attempt.told > 0) {
                output.hurry();
            }
            output.run(&mut self.held, tap);
        }
        if self.delivery.as_mut().is_some_and(Delivery::run)
            && let Some(delivery) = self.delivery.take()
        {
            self.reports.push_back(SupervisorEvent::Delivered(delivery.into_refused()));
        }
        if self.delivery.as_ref().is_some_and(Delivery::is_given_up) {
            self.delivery = None;
            self.reports.extend(self.told.map(SupervisorEvent::Signal));
        }
    }

    /// Handles the effect of a signal on the output.
    pub(super) fn adapt_output(&mut self, signal: i32) {
        let (Some(attempt), Some(output)) = (&mut self.attempt, &mut self.output) else { return };
        if signal == libc::SIGWINCH && output.resize() {
            // The command may have read the size before its terminal had the new one.
            attempt.signal_tree(&[signal]);
        }
        // A second terminating signal while we only wait for a reader: the undelivered output is dropped.
        if output.is_ending() && attempt.told > 1 && signals::terminates(signal) {
            output.abandon();
        }
    }

    /// Whether the command has ended, and only its output remains to be passed on.
    pub(super) fn is_delivering(&self) -> bool {
        self.output.as_ref().is_some_and(Output::is_ending)
    }

    /// Whether the command has ended and all of its output has been passed on.
    pub(super) fn is_passed_on(&mut self, tap: &mut dyn Tap) -> bool {
        let Some(output) = &mut self.output else { return true };
        if !output.is_ending() {
            output.begin_end();
            output.run(&mut self.held, tap);
            if !output.is_over() {
                self.reports.push_back(SupervisorEvent::Exited);
            }
        }
        output.is_over()
    }
}
