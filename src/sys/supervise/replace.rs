//! Replaces this process with the command, for `RETRY_DISABLE=1`.

use super::program::{Environment, Program};
use super::{inherited, spawn};
use crate::classify::{Stage, StartFailure};

/// Executes the program in place of this one, with the inherited descriptors and disposition of SIGPIPE. Only returns if
/// that fails.
pub(crate) fn exec(program: &Program) -> StartFailure {
    let block = Environment::new(&[]).map(|environment| environment.block(&[])).unwrap_or_default();
    // SAFETY: plain system calls; the descriptors are /dev/null, opened by the runtime, and unused.
    unsafe {
        for fd in inherited::closed_stdio() {
            libc::close(fd);
        }
        let disposition = if inherited::sigpipe_ignored() { libc::SIG_IGN } else { libc::SIG_DFL };
        libc::signal(libc::SIGPIPE, disposition);
    }
    StartFailure { stage: Stage::Exec, errno: spawn::execute_program(program, &block) }
}
