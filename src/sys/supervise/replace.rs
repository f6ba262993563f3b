//! Becoming the command: for `RETRY_DISABLE=1`, where we are to be as if we were not there.

use super::program::{Environment, Program};
use super::{inherited, spawn};
use crate::classify::{Stage, StartFailure};

/// Executes the program in our place, with the descriptors and the SIGPIPE that we were started with. Comes back
/// only if that failed.
pub(crate) fn exec(program: &Program) -> StartFailure {
    let block = Environment::new(&[]).map(|environment| environment.block(&[])).unwrap_or_default();
    // SAFETY: plain system calls; the descriptors are /dev/null, opened by the runtime, and nobody uses them.
    unsafe {
        for fd in inherited::closed_stdio() {
            libc::close(fd);
        }
        let disposition = if inherited::sigpipe_ignored() { libc::SIG_IGN } else { libc::SIG_DFL };
        libc::signal(libc::SIGPIPE, disposition);
    }
    StartFailure { stage: Stage::Exec, errno: spawn::execute_program(program, &block) }
}
