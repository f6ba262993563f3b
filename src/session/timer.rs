//! The session's timer: which limit of time has been reached, and how long until something is due.

use std::time::Duration;

use super::bounds::{ExpiredLimit, sooner};
use super::{Action, Session, State};
use crate::base::Now;

impl Session {
    /// Stops an attempt that is out of time.
    pub(super) fn check_time(&mut self, now: Now) {
        let State::Running { since, stopping: None, draining: false, .. } = self.state else { return };
        let expired = if self.bounds.is_past_deadline(self.elapsed(now)) {
            ExpiredLimit::Deadline
        } else if self.bounds.is_stalled(self.standstill(now)) {
            ExpiredLimit::Progress
        } else if self.bounds.is_timed_out(now.awake.saturating_sub(since.awake)) {
            ExpiredLimit::Timeout
        } else if self.bounds.is_idle(self.silence(now)) {
            ExpiredLimit::Idle
        } else {
            return;
        };
        if let State::Running { stopping, .. } = &mut self.state {
            *stopping = Some(expired);
        }
        self.out.push(Action::Stop);
    }

    /// How long until something is due, if anything is.
    pub(super) fn due(&self, now: Now) -> Option<Duration> {
        let stalled = self.bounds.until_stalled(self.standstill(now));
        match self.state {
            State::Running { since, stopping: None, draining: false, .. } => {
                let running = now.awake.saturating_sub(since.awake);
                let left = self.bounds.time_left(running, self.silence(now), self.elapsed(now));
                sooner(sooner(left, stalled), self.until_renewal(now))
            }
            State::Running { .. } => self.until_renewal(now),
            State::Waiting { .. } if self.helper.as_ref().is_some_and(|helper| helper.is_the_last()) => None,
            State::Waiting { until, .. } => {
                let left = match &self.helper {
                    Some(helper) => {
                        sooner(helper.time_left(now), self.bounds.deadline_left(self.elapsed(now)))
                    }
                    None => Some(until.saturating_sub(now.elapsed)),
                };
                sooner(left, stalled)
            }
            State::Concluding(_) => self.helper.as_ref().and_then(|helper| helper.time_left(now)),
            State::Settling if self.is_settling_due() => Some(Duration::ZERO),
            _ => None,
        }
    }

    pub(super) fn would_pass_deadline(&self, now: Now, wait: Duration) -> bool {
        self.bounds.is_past_deadline(self.elapsed(now).saturating_add(wait))
    }

    /// How long no progress has been recorded.
    pub(super) fn standstill(&self, now: Now) -> Duration {
        now.elapsed.saturating_sub(self.progress)
    }

    /// How long the command has written nothing.
    fn silence(&self, now: Now) -> Duration {
        now.awake.saturating_sub(self.wrote)
    }

    pub(super) fn elapsed(&self, now: Now) -> Duration {
        now.elapsed.saturating_sub(self.began.elapsed)
    }
}
