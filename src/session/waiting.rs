//! The waits of a run: before its first attempt, and between attempts, where the hooks of `--on-retry` run.

use std::time::Duration;

use super::aftermath::failed_exit;
use super::helpers::HelperKind;
use super::{Now, Session, State};
use crate::base::exit_code::{self, Exit};
use crate::event::Outcome;

impl Session {
    pub(super) fn begin(&mut self, now: Now) {
        self.began = now;
        self.progress = now.elapsed;
        let timed_out = Exit::Status(exit_code::TIMED_OUT);
        if self.bounds.is_past_deadline(Duration::ZERO) {
            let why = "the deadline of the enclosing run has passed".to_owned();
            return self.conclude(now, Outcome::Deadline, timed_out, why);
        }
        if self.splay.is_zero() {
            return self.go(now);
        }
        if self.would_pass_deadline(now, self.splay) {
            let why = self.bounds.past_deadline_words(self.splay);
            return self.conclude(now, Outcome::Deadline, timed_out, why);
        }
        // There can be no progress before the first attempt.
        self.progress = now.elapsed.saturating_add(self.splay);
        self.wait(now, self.splay);
    }

    /// Waits this long for the next attempt.
    pub(super) fn wait(&mut self, now: Now, wait: Duration) {
        let until = now.elapsed.saturating_add(wait);
        self.wait_until(now, until, Some(until));
    }

    pub(super) fn wait_until(&mut self, now: Now, until: Duration, starts: Option<Duration>) {
        self.state = State::Waiting { since: now.elapsed, until, starts };
    }

    /// Runs the first hook of a wait that has begun.
    pub(super) fn begin_retry_hooks(&mut self, now: Now, wait: Duration) {
        if self.bounds.hooks(HelperKind::OnRetry) > 0 {
            self.run_hook(now, HelperKind::OnRetry, 0, Some(wait));
        }
    }

    pub(super) fn wake_in_wait(&mut self, now: Now, since: Duration, until: Duration) {
        if self.bounds.is_stalled(self.standstill(now)) {
            let words = self.bounds.stalled_words();
            return self.end_wait(now, Outcome::Stalled, None, words);
        }
        if self.helper.is_none() {
            if now.elapsed >= until {
                self.slept += now.elapsed.saturating_sub(since);
                self.go(now);
            }
        } else if self.bounds.is_past_deadline(self.elapsed(now)) {
            let words = self.bounds.deadline_words();
            self.end_wait(now, Outcome::Deadline, None, words);
        } else {
            self.check_helper_time(now);
        }
    }

    /// Ends a wait because a signal tells us to stop.
    pub(super) fn interrupt_wait(&mut self, now: Now, signal: i32) {
        self.signals.push(signal);
        self.end_wait(now, Outcome::Interrupted, Some(Exit::Signal(signal)), String::new());
    }

    /// Ends the run after this wait, once a running hook has been stopped. `exit`: by default that of the last attempt.
    fn end_wait(&mut self, now: Now, outcome: Outcome, exit: Option<Exit>, why: String) {
        let status = self.last.map_or(exit_code::REFUSED, |(status, _)| status);
        let exit = exit.unwrap_or_else(|| failed_exit(status));
        if self.helper.is_some() {
            return self.end_after_helper((outcome, exit, why));
        }
        if let State::Waiting { since, .. } = self.state {
            self.slept += now.elapsed.saturating_sub(since);
        }
        self.conclude(now, outcome, exit, why);
    }

    /// A hook of the wait is over: the next one runs, or the wait continues.
    pub(super) fn retry_hook_ended(&mut self, now: Now, index: usize, wait: Option<Duration>) {
        let State::Waiting { since, until, .. } = self.state else { return };
        if index + 1 < self.bounds.hooks(HelperKind::OnRetry) {
            return self.run_hook(now, HelperKind::OnRetry, index + 1, wait);
        }
        self.wake_in_wait(now, since, until);
    }

    /// Ends the run after the hook of a wait has been stopped.
    pub(super) fn conclude_wait(&mut self, now: Now, (outcome, exit, why): (Outcome, Exit, String)) {
        self.end_wait(now, outcome, Some(exit), why);
    }
}
