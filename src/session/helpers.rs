//! The user's commands other than the attempts (hooks and the fallback), and the dead letter. This module and the steps of
//! a run's end decide what runs when; the machine only carries it out.

use std::ffi::OsString;
use std::time::Duration;

use super::{Action, Kept, Now, Session, State};
use crate::base::exit_code::{self, Exit};
use crate::classify::{AttemptResult, Classification, Ending, signal};
use crate::event::{Event, HookEnd, Level, Outcome, millis};

/// How long a hook may take to stop when it is told to.
const HOOK_GRACE: Duration = Duration::from_secs(1);
/// How long each hook of an interrupted run may take.
const INTERRUPTED_HOOK_LIMIT: Duration = Duration::from_secs(5);

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperKind {
    OnRetry,
    OnSuccess,
    OnFailure,
    Fallback,
}

impl HelperKind {
    /// The option that names the command, without its dashes.
    pub fn option(self) -> &'static str {
        match self {
            HelperKind::OnRetry => "on-retry",
            HelperKind::OnSuccess => "on-success",
            HelperKind::OnFailure => "on-failure",
            HelperKind::Fallback => "fallback",
        }
    }

    /// The word in `RETRY_EVENT`.
    pub fn event(self) -> &'static str {
        match self {
            HelperKind::OnRetry => "retry",
            HelperKind::OnSuccess => "success",
            HelperKind::OnFailure => "failure",
            HelperKind::Fallback => "fallback",
        }
    }
}

/// A hook or the fallback, to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Helper {
    pub kind: HelperKind,
    /// The index of the hook among those of its option, from 0.
    pub index: usize,
    pub facts: HelperFacts,
}

/// The facts of a run that are passed to a helper.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelperFacts {
    /// The number of attempts.
    pub attempts: u64,
    /// The last attempt, if there was one.
    pub last: Option<Judged>,
    /// The wait that has begun.
    pub delay: Option<Duration>,
    /// How the run ended, if it has.
    pub outcome: Option<Outcome>,
    /// The run succeeded after a failure.
    pub rescued: bool,
    /// The status of a run that ended without an attempt.
    pub status: Option<u8>,
    /// The fallback exited 0.
    pub fell_back: bool,
    /// The dead letter that was written.
    pub letter: Option<OsString>,
}

/// An attempt that is over, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub status: u8,
    /// The name of the signal that the command died of.
    pub signal: Option<String>,
    pub class: &'static str,
    pub kind: Option<String>,
    /// `profile/curl/http-5xx`.
    pub rule: String,
    pub reason: String,
    pub http_status: Option<u16>,
    /// Why the same input could not be provided again, if so.
    pub stdin_lost: Option<String>,
}

impl Judged {
    pub(super) fn new(attempt: &AttemptResult, verdict: &Classification, stdin_lost: Option<String>) -> Self {
        let rule = &verdict.rule;
        let profile = rule.profile.as_deref().map(|profile| format!("{profile}/")).unwrap_or_default();
        Self {
            status: attempt.status(),
            signal: match attempt.ending {
                Ending::Signaled(number) => Some(signal::name(number)),
                _ => None,
            },
            class: verdict.class.name(),
            kind: verdict.kind.as_deref().map(str::to_owned),
            rule: format!("{}/{profile}{}", rule.source, rule.id),
            reason: verdict.reason.to_string(),
            http_status: verdict.http_status,
            stdin_lost,
        }
    }
}

/// The facts of a run that are stored in a dead letter.
#[derive(Clone, Debug, PartialEq)]
pub struct LetterFacts {
    pub outcome: Outcome,
    pub attempts: u64,
    /// The status or the signal that the command ended with, and the rule and the reason.
    pub last: Option<Judged>,
    /// Ours.
    pub exit: Exit,
}

/// The end of a fallback.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fallback {
    pub(super) exit: Exit,
    pub(super) duration: Duration,
}

/// A helper that runs.
#[derive(Debug)]
pub(super) struct Running {
    kind: HelperKind,
    index: usize,
    /// On the awake clock.
    since: Duration,
    limit: Option<Duration>,
    timed_out: bool,
    /// The helper was told to stop.
    stopping: bool,
    /// The wait that an `--on-retry` is told.
    delay: Option<Duration>,
    /// The end of the run that follows this helper.
    then: Option<(Outcome, Exit, String)>,
}

impl Running {
    /// Time until it is out of time; `None` if it has no limit, or is being stopped already.
    pub(super) fn time_left(&self, now: Now) -> Option<Duration> {
        let limit = self.limit.filter(|_| !self.stopping)?;
        Some(limit.saturating_sub(now.awake.saturating_sub(self.since)))
    }

    /// Whether the run ends when this helper does.
    pub(super) fn is_the_last(&self) -> bool {
        self.then.is_some()
    }
}

impl Session {
    pub(super) fn run_hook(&mut self, now: Now, kind: HelperKind, index: usize, delay: Option<Duration>) {
        let limit = self.bounds.hook_timeout;
        let shorter = limit.map_or(INTERRUPTED_HOOK_LIMIT, |limit| limit.min(INTERRUPTED_HOOK_LIMIT));
        let limit = if self.signals.is_empty() { limit } else { Some(shorter) };
        self.run_helper(now, kind, index, limit, delay);
    }

    pub(super) fn run_helper(
        &mut self,
        now: Now,
        kind: HelperKind,
        index: usize,
        limit: Option<Duration>,
        delay: Option<Duration>,
    ) {
        let facts = self.helper_facts(delay);
        self.helper = Some(Box::new(Running {
            kind,
            index,
            since: now.awake,
            limit,
            timed_out: false,
            stopping: false,
            delay,
            then: None,
        }));
        self.out.push(Action::RunHelper(Box::new(Helper { kind, index, facts })));
    }

    fn helper_facts(&self, delay: Option<Duration>) -> HelperFacts {
        let end = self.end.as_ref();
        HelperFacts {
            attempts: self.attempts,
            last: self.judged.as_deref().cloned(),
            delay,
            outcome: end.map(|end| end.outcome),
            rescued: end.is_some_and(|end| end.outcome == Outcome::Succeeded) && !self.tallies.is_empty(),
            status: end.and_then(|end| match end.exit {
                Exit::Status(status) => Some(status),
                Exit::Signal(_) => None,
            }),
            fell_back: end.is_some_and(|end| end.fell_back()),
            letter: end.and_then(|end| end.letter.clone()),
        }
    }

    /// Stops a helper that is out of time.
    pub(super) fn check_helper_time(&mut self, now: Now) {
        let due = self.helper.as_ref().and_then(|helper| helper.time_left(now));
        if due == Some(Duration::ZERO)
            && let Some(helper) = &mut self.helper
        {
            helper.timed_out = true;
            self.stop_helper();
        }
    }

    /// Stops the helper: gently the first time, with SIGKILL the second time.
    fn stop_helper(&mut self) {
        let Some(helper) = &mut self.helper else { return };
        let again = std::mem::replace(&mut helper.stopping, true);
        self.out.push(match helper.kind {
            _ if again => Action::StopHelper { grace: Duration::ZERO },
            HelperKind::Fallback => Action::Stop,
            _ => Action::StopHelper { grace: HOOK_GRACE },
        });
    }

    /// Stops the running helper, and ends the run in this way once it is over.
    pub(super) fn end_after_helper(&mut self, end: (Outcome, Exit, String)) {
        let Some(helper) = &mut self.helper else { return };
        let first = helper.then.is_none() && !helper.stopping;
        let interrupted = end.0 == Outcome::Interrupted;
        if helper.then.is_none() || interrupted {
            helper.then = Some(end);
        }
        if first || interrupted {
            self.stop_helper();
        }
    }

    /// A signal tells us to stop while a run is being ended. A hook is stopped, and the remaining steps are skipped. A
    /// fallback has received the signal from the supervisor; a second one kills it.
    pub(super) fn interrupt_helper(&mut self, signal: i32) {
        self.signals.push(signal);
        let Some(helper) = &mut self.helper else { return };
        let again = self.signals.len() > 1;
        helper.stopping |= again;
        let is_hook = helper.kind != HelperKind::Fallback;
        if is_hook && let Some(end) = &mut self.end {
            end.exit = Exit::Signal(signal);
            end.is_cut_short = true;
        }
        if is_hook || again {
            self.stop_helper();
        }
    }

    pub(super) fn helper_ended(&mut self, now: Now, ending: Ending) {
        let Some(helper) = self.helper.take() else { return };
        let duration = now.awake.saturating_sub(helper.since);
        if helper.kind == HelperKind::Fallback {
            let exit = self.fallback_exit(ending, helper.timed_out);
            return self.fallback_ended(now, Fallback { exit, duration });
        }
        self.tell_hook(&helper, ending, duration);
        match (helper.then, self.state) {
            (Some(end), _) => self.conclude_wait(now, end),
            (None, State::Waiting { .. }) => self.retry_hook_ended(now, helper.index, helper.delay),
            // It was ended by a signal, not by its time limit.
            (None, _) => {
                self.final_hook_ended(now, helper.index, helper.stopping && !helper.timed_out);
            }
        }
    }

    /// The exit of a run whose fallback ended like this.
    fn fallback_exit(&self, ending: Ending, timed_out: bool) -> Exit {
        match ending {
            Ending::Signaled(signal) if self.signals.contains(&signal) => Exit::Signal(signal),
            _ if timed_out => Exit::Status(exit_code::TIMED_OUT),
            ending => Exit::Status(ending.status()),
        }
    }

    fn tell_hook(&mut self, helper: &Running, ending: Ending, duration: Duration) {
        let (exit_code, signal) = match ending {
            Ending::Signaled(number) => (None, Some(signal::name(number))),
            ending => (Some(ending.status()), None),
        };
        let hook = HookEnd {
            hook: helper.kind.option().to_owned(),
            exit_code,
            signal,
            timed_out: helper.timed_out,
            duration_ms: millis(duration),
            // Whoever interrupted us knows why it ended.
            stopped: helper.stopping && !helper.timed_out,
        };
        let level = if hook.failed() { Level::Warn } else { Level::Debug };
        self.emit(level, |_| Event::Hook(hook));
    }

    /// Notes the result of writing the dead letter.
    pub(super) fn kept(&mut self, now: Now, kept: Kept) {
        for (level, text) in kept.said {
            self.out.push(Action::Tell(level, text));
        }
        self.signals.extend(kept.interrupted);
        if let Some(end) = &mut self.end {
            end.letter = kept.path;
            if let Some(signal) = kept.interrupted {
                end.exit = Exit::Signal(signal);
            }
        }
        self.letter_done(now);
    }
}
