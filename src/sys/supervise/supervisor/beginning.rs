//! The beginning of an attempt: makes ready what its command needs, and has it born.

use std::io;
use std::time::Duration;

use super::super::attempt::Attempt;
use super::super::capture::Capture;
use super::super::program::{Program, Variable};
use super::super::spawn::{self, Launch};
use super::super::tree::Spared;
use super::super::witness::Witness;
use super::super::{os, pause, signals};
use super::{Supervisor, SupervisorEvent};
use crate::classify::{Stage, StartFailure};

impl Supervisor {
    /// Starts an attempt with `vars` added to the inherited environment, but not after `latest` on the elapsed clock. Fails
    /// only if no process could be created; [`Supervisor::next`] reports the outcome of exec. Only after the last attempt.
    pub(crate) fn spawn(
        &mut self,
        program: &Program,
        vars: &[Variable],
        capture: Capture,
        latest: Option<Duration>,
    ) -> Result<i32, StartFailure> {
        self.start(program, vars, capture, self.options.new_group, latest)
    }

    pub(super) fn start(
        &mut self,
        program: &Program,
        vars: &[Variable],
        capture: Capture,
        new_group: bool,
        latest: Option<Duration>,
    ) -> Result<i32, StartFailure> {
        if self.attempt.is_some() {
            return Err(cannot_fork(&io::Error::from_raw_os_error(libc::EBUSY)));
        }
        if !self.childless {
            self.reap();
        }
        if self.attempts > 0 {
            self.terminal.look();
        }
        let spared =
            if self.childless && os::adopts_orphans() { Spared::default() } else { Spared::everything() };
        let launch =
            Launch::new(program, vars, self.signals.inherited()).map_err(|error| cannot_fork(&error))?;
        let (output, descriptors) = capture.open().map_err(|error| cannot_fork(&error))?;
        self.inputs.prepare().map_err(|error| cannot_feed(&error))?;
        let launch = launch
            .with_group(new_group)
            .with_death_signal(self.options.death_signal)
            .with_latest(latest.map(pause::by_the_system))
            .with_descriptors(self.inputs.descriptors(), descriptors.sources);
        if self.options.prompt_witness && !new_group {
            self.witness = Witness::start(None);
        }
        let (pid, exec, launched) = spawn::spawn(launch, self.attempts + 1)
            .inspect_err(|_| self.witness = None)
            .map_err(|error| cannot_fork(&error))?;
        self.output = output;
        self.attempts += 1;
        signals::set_attempt(self.attempts);
        pause::set_follower(if new_group { pid } else { 0 });
        self.childless = false;
        let mut attempt = Attempt::new(pid, self.attempts, exec, launched, spared);
        self.witness.iter().for_each(|witness| attempt.spared.spare(witness.pid));
        self.attempt = Some(attempt);
        self.feed();
        Ok(pid)
    }

    /// Reports that exec has succeeded, if that is news.
    pub(super) fn look_at_exec(&mut self) {
        let Some(attempt) = &mut self.attempt else { return };
        if attempt.exec.look() {
            self.reports.push_back(SupervisorEvent::Started);
        }
    }
}

pub(super) fn cannot_feed(error: &io::Error) -> StartFailure {
    StartFailure { stage: Stage::Input, ..cannot_fork(error) }
}

fn cannot_fork(error: &io::Error) -> StartFailure {
    StartFailure { stage: Stage::Fork, errno: error.raw_os_error().unwrap_or(libc::EINVAL) }
}
