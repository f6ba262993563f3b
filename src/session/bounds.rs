//! The bounds of a run, as its policy sets them.

use std::time::Duration;

use super::events::time;
use super::helpers::HelperKind;
use crate::event::{OUTCOMES, Outcome};
use crate::policy::Policy;
use crate::policy::value::{StderrMode, StdoutMode, TimeLimit};

/// The limits of one run, its configured exit statuses, and how its output is handled.
#[derive(Clone, Debug)]
pub struct RunBounds {
    /// The most attempts; `None`: no limit.
    pub(super) max: Option<u64>,
    deadline: Option<Duration>,
    timeout: Option<Duration>,
    /// How long an attempt may produce no output.
    idle: Option<Duration>,
    /// How long the run may make no progress.
    progress: Option<Duration>,
    max_retry_after: Duration,
    reset_after: Option<Duration>,
    /// The number of successes in a row that are needed.
    pub(super) successes: u64,
    /// The exit status of a run that succeeded, but not on the first attempt.
    pub(super) flaky_status: Option<u8>,
    /// The exit status of a run that had no attempts left.
    pub(super) exhausted_status: Option<u8>,
    /// The longest wait for admission.
    pub(super) gate_wait: Option<Duration>,
    /// Stdout is held until an attempt has succeeded.
    pub(super) holds_stdout: bool,
    /// Stderr is held, unless the attempt is known to be the last.
    pub(super) holds_stderr: bool,
    /// All output is kept, and only written if the run fails.
    pub(super) keeps_all: bool,
    /// The number of hooks by kind: on a retry, a success, a failure.
    hooks: [usize; 3],
    pub(super) hook_timeout: Option<Duration>,
    /// The time limit of the fallback, if there is a fallback.
    pub(super) fallback: Option<TimeLimit>,
    /// The outcomes of which a dead letter is written.
    pub(super) letters: Vec<Outcome>,
}

/// The time limit that an attempt has exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpiredLimit {
    Timeout,
    Deadline,
    Idle,
    Progress,
}

impl RunBounds {
    pub fn new(policy: &Policy) -> Self {
        Self {
            max: policy.attempts().times(),
            deadline: policy.deadline.0,
            timeout: policy.timeout.0,
            idle: policy.idle_timeout.0,
            progress: policy.progress_timeout.0,
            max_retry_after: policy.max_retry_after,
            reset_after: policy.reset_after.0,
            successes: policy.successes.0,
            flaky_status: policy.fail_if_flaky.map(|status| status.0),
            exhausted_status: policy.exhausted_code.map(|status| status.0),
            gate_wait: policy.gate_wait.0,
            holds_stdout: policy.stdout == StdoutMode::Success,
            holds_stderr: policy.stderr == StderrMode::Last,
            keeps_all: policy.chronic,
            hooks: [policy.on_retry.0.len(), policy.on_success.0.len(), policy.on_failure.0.len()],
            hook_timeout: policy.hook_timeout.0,
            fallback: policy
                .fallback
                .as_ref()
                .map(|_| TimeLimit(policy.fallback_timeout.0.or(policy.timeout.0))),
            letters: letters(policy),
        }
    }

    /// The number of hooks of this kind.
    pub(super) fn hooks(&self, kind: HelperKind) -> usize {
        match kind {
            HelperKind::OnRetry => self.hooks[0],
            HelperKind::OnSuccess => self.hooks[1],
            HelperKind::OnFailure => self.hooks[2],
            HelperKind::Fallback => 0,
        }
    }

    /// Whether there are hooks, a fallback or dead letters, which need the facts of an attempt.
    pub(super) fn has_helpers(&self) -> bool {
        self.fallback.is_some() || !self.letters.is_empty() || self.hooks.iter().any(|count| *count > 0)
    }

    /// Whether this attempt is the last one allowed.
    pub(super) fn is_last(&self, attempt: u64) -> bool {
        self.max.is_some_and(|max| attempt >= max)
    }

    pub(super) fn is_past_deadline(&self, elapsed: Duration) -> bool {
        self.deadline.is_some_and(|deadline| elapsed >= deadline)
    }

    /// When the deadline of a run passes that began at `began`.
    pub(super) fn deadline_after(&self, began: Duration) -> Option<Duration> {
        self.deadline.map(|deadline| began.saturating_add(deadline))
    }

    pub(super) fn deadline_left(&self, elapsed: Duration) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_sub(elapsed))
    }

    /// How much longer an attempt that limits have held back for `held` may wait for them; `None` if that has no end.
    pub(super) fn patience(&self, held: Duration, deadline_left: Option<Duration>) -> Option<Duration> {
        let gate_wait = self.gate_wait.map(|most| most.saturating_sub(held));
        [gate_wait, deadline_left].into_iter().flatten().min()
    }

    pub(super) fn is_timed_out(&self, running: Duration) -> bool {
        self.timeout.is_some_and(|timeout| running >= timeout)
    }

    pub(super) fn is_idle(&self, silent: Duration) -> bool {
        self.idle.is_some_and(|idle| silent >= idle)
    }

    pub(super) fn idle_words(&self) -> String {
        format!("no output for {}", time(self.idle.unwrap_or_default()))
    }

    pub(super) fn is_stalled(&self, standstill: Duration) -> bool {
        self.progress.is_some_and(|progress| standstill >= progress)
    }

    pub(super) fn until_stalled(&self, standstill: Duration) -> Option<Duration> {
        self.progress.map(|progress| progress.saturating_sub(standstill))
    }

    pub(super) fn stalled_words(&self) -> String {
        format!("no progress for {}", time(self.progress.unwrap_or_default()))
    }

    /// Time until the attempt or the run is out of time, whichever comes first.
    pub(super) fn time_left(
        &self,
        running: Duration,
        silent: Duration,
        elapsed: Duration,
    ) -> Option<Duration> {
        let idle = self.idle.map(|idle| idle.saturating_sub(silent));
        let attempt = self.timeout.map(|timeout| timeout.saturating_sub(running));
        let run = self.deadline_left(elapsed);
        sooner(sooner(attempt, idle), run)
    }

    /// Why a wait that was asked for is refused, if it is.
    pub(super) fn asks_too_much(&self, asked: Duration) -> Option<String> {
        (asked > self.max_retry_after).then(|| {
            format!("the wait asked for is longer than --max-retry-after {}", time(self.max_retry_after))
        })
    }

    pub(super) fn resets_after(&self, duration: Duration) -> bool {
        self.reset_after.is_some_and(|enough| duration >= enough)
    }

    pub(super) fn successes_words(&self, seen: u64) -> String {
        format!("no attempts left after {seen} of {} successes in a row", self.successes)
    }

    pub(super) fn deadline_words(&self) -> String {
        format!("the {} deadline has passed", time(self.deadline.unwrap_or_default()))
    }

    /// Why an attempt that could start after `wait` does not.
    pub(super) fn past_deadline_words(&self, wait: Duration) -> String {
        let deadline = time(self.deadline.unwrap_or_default());
        format!("the next attempt (in {}) would be past the {deadline} deadline", time(wait))
    }
}

/// The outcomes of which a dead letter is written.
fn letters(policy: &Policy) -> Vec<Outcome> {
    if policy.dead_letter.is_none() {
        return Vec::new();
    }
    let chosen = &policy.dead_letter_on.0;
    OUTCOMES.iter().filter(|(_, word)| chosen.contains(word)).map(|(outcome, _)| *outcome).collect()
}

/// The shorter of two times; `None` if there is neither.
pub(super) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
