//! A run as its first event describes it.

use super::{Driver, whole_millis};
use crate::event::{RunStart, millis};
use crate::sys::identity;

impl Driver<'_> {
    /// Describes the run as it is known before its first attempt.
    pub(super) fn describe(&self) -> RunStart {
        let argv = &self.command.argv;
        let settings = self.resolved.told();
        RunStart {
            program: argv[0].to_string_lossy().into_owned(),
            argc: argv.len(),
            argv: self
                .policy
                .log_argv
                .then(|| argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()),
            cwd: identity::working_directory(),
            max: self.policy.attempts().times(),
            deadline_ms: self.policy.deadline.0.map(whole_millis),
            timeout_ms: self.policy.timeout.0.map(whole_millis),
            splay_ms: Some(self.session.splay()).filter(|splay| !splay.is_zero()).map(millis),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            depth: self.outer.depth + 1,
            parent_span_id: self.telling.parent_span_id(),
            policy_digest: self.resolved.digest(&settings),
            settings,
        }
    }
}
