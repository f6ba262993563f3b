//! Describes a run to its session, sinks, events and supervisor.

use std::rc::Rc;

use super::onlookers::Interests;
use super::wrapped::Wrapped;
use super::{Driver, helpers, whole_millis};
use crate::classify::profile::Knowledge;
use crate::commands::Setup;
use crate::event::{Level, RunIdentity, RunStart, millis};
use crate::gate::Grant;
use crate::ping;
use crate::policy::value::{Key, MessageFormat};
use crate::policy::{Policy, builtin};
use crate::session::Session;
use crate::sys::environment::{self, Outer};
use crate::sys::identity;
use crate::sys::sinks::Sinks;
use crate::sys::supervise::Options;

/// The identity of the run in events, except for what traces and pings add.
pub(super) fn identity(asked: &Setup, command: &Wrapped, outer: &Outer, run: String) -> RunIdentity {
    let policy = &asked.resolved.policy;
    RunIdentity {
        run,
        name: policy.name.as_ref().map_or_else(|| command.name.clone(), |name| name.0.clone()),
        host: if policy.log.is_some() { identity::host() } else { String::new() },
        pid: std::process::id(),
        key: policy.key.as_ref().and_then(Key::name).map(str::to_owned),
        labels: policy.label.0.clone(),
        policy: asked.resolved.name.clone(),
        parent: outer.run.clone(),
        trace_id: environment::trace().map(|trace| trace.trace_id()),
    }
}

/// The supervisor's options. `prompt_start`: starts must be reported as soon as they are known.
pub(super) fn options(asked: &Setup, prompt_start: bool, is_replay: bool) -> Options {
    let policy = &asked.resolved.policy;
    let kill_after_given = asked.resolved.origin("kill-after").is_given();
    Options {
        new_group: policy.new_group,
        kill_after_forwarded: kill_after_given.then_some(policy.kill_after),
        grace: policy.kill_after,
        death_signal: policy.signal.0,
        prompt_start,
        // The replay that started us passes the signals that it receives on to us, and so to the command.
        prompt_witness: is_replay,
    }
}

/// The session of a run. `covered`: the leases of an enclosing attempt, if there are shared limits.
pub(super) fn session(
    policy: &Policy,
    knowledge: &Rc<Knowledge>,
    covered: Option<Grant>,
    seed: u64,
) -> Session {
    let session = Session::new(policy, seed)
        .with_knowledge(Rc::clone(knowledge))
        .with_quotes(policy.log.is_some() || policy.message_format == MessageFormat::Json);
    match covered {
        Some(covered) => session.with_gate(policy, covered),
        None => session,
    }
}

/// Opens the sinks and sends them the warnings that were collected so far.
pub(super) fn sinks(asked: &Setup, identity: RunIdentity, command: &Wrapped, note: Option<&str>) -> Sinks {
    let program = command.argv[0].to_string_lossy().into_owned();
    let until = asked.request.verb == Some(builtin::UNTIL);
    let mut sinks = Sinks::open(&asked.resolved.policy, identity, program, until);
    for warning in &asked.warnings {
        sinks.note(Level::Warn, warning);
    }
    if let Some(note) = note {
        sinks.note(Level::Debug, note);
    }
    sinks
}

/// The parts of the command's output that have to be observed.
pub(super) fn interests(policy: &Policy, knowledge: &Knowledge, pings: bool) -> Interests {
    let log_tail = usize::try_from(policy.log_tail.0).unwrap_or(usize::MAX);
    Interests::new(&policy.rules(), &policy.progress_match.0, log_tail)
        .with_profiles(knowledge.selection(), environment::stdin_is_terminal)
        .with_helpers(helpers::tail(policy), policy.hook_tail)
        .with_told((policy.ping_body && pings).then_some(ping::MAX_TAIL_BYTES))
}

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
