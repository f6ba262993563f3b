//! Commands other than attempts: they have their own input, and the attempts' inputs wait meanwhile.

use std::os::fd::OwnedFd;

use super::super::capture::Capture;
use super::super::program::{Program, Variable};
use super::super::stdin::Inputs;
use super::Supervisor;
use crate::classify::StartFailure;

impl Supervisor {
    /// Starts a command that is not an attempt, like [`Supervisor::spawn`], but in our own process group. It reads `stdin`
    /// from the start.
    pub(crate) fn spawn_helper(
        &mut self,
        program: &Program,
        vars: &[Variable],
        capture: Capture,
        stdin: OwnedFd,
    ) -> Result<i32, StartFailure> {
        self.set_aside = Some(std::mem::replace(&mut self.inputs, Inputs::only(stdin)));
        self.start(program, vars, capture, false, None).inspect_err(|_| self.take_inputs_back())
    }

    pub(super) fn take_inputs_back(&mut self) {
        if let Some(inputs) = self.set_aside.take() {
            self.inputs = inputs;
        }
    }
}
