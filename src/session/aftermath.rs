//! The aftermath of an attempt: the end of the run, or another attempt after a wait.

use std::time::Duration;

use rand::RngExt;

use super::admission::Hold;
use super::{ExpiredLimit, Now, Over, Session, events};
use crate::base::exit_code::{self, Exit};
use crate::classify::{AttemptResult, Classification, Ending};
use crate::event::{Event, Level, Outcome};
use crate::gate::Settled;

impl Session {
    /// Ends a run that was told to stop while the command ran. The command died of the same signal, or ended in its own way.
    pub(super) fn interrupted(&mut self, now: Now, attempt: &AttemptResult, verdict: &Classification) {
        let exit = match attempt.ending {
            Ending::Signaled(signal) if self.signals.contains(&signal) => Exit::Signal(signal),
            _ => Exit::Status(attempt.status()),
        };
        self.tell_failed(attempt, verdict, &"not retried");
        self.conclude(now, Outcome::Interrupted, exit, String::new());
    }

    pub(super) fn succeeded(&mut self, now: Now, attempt: &AttemptResult) {
        self.successes += 1;
        self.tell_success(attempt);
        if self.successes >= self.bounds.successes {
            let flaky = self.bounds.flaky_status.filter(|_| !self.tallies.is_empty());
            let status = flaky.unwrap_or_else(|| attempt.status());
            return self.conclude(now, Outcome::Succeeded, Exit::Status(status), String::new());
        }
        if self.bounds.is_last(self.attempts) {
            return self.exhausted(now, attempt, self.bounds.successes_words(self.successes));
        }
        (self.retry, self.drawn) = (0, None);
        let wait = self.backoff.delay;
        if self.would_pass_deadline(now, wait) {
            let why = self.bounds.past_deadline_words(wait);
            return self.conclude(now, Outcome::Deadline, failed_exit(attempt.status()), why);
        }
        self.wait(now, wait);
    }

    pub(super) fn failed(&mut self, now: Now, over: &Over, settled: Settled) {
        self.successes = 0;
        let Over { attempt, verdict, .. } = over;
        match (self.next_wait(now, over, settled.back_in), settled.refusal) {
            (Next::Retry { .. }, Some(refusal)) => {
                self.tell_failed(attempt, verdict, &format_args!("not retried: {}", refusal.why));
                let hold = Hold::new(refusal.limit, refusal.why);
                self.emit(Level::Warn, |session| Event::GateRefused(hold.told(session, now)));
                self.conclude(now, Outcome::Refused, failed_exit(attempt.status()), String::new());
            }
            (Next::Retry { drawn, wait }, None) => {
                self.wait(now, wait);
                if let Some(gate) = &mut self.gate {
                    gate.asked_since = verdict.retry_after.map(|_| now.elapsed);
                }
                self.tell_retry(attempt, verdict, drawn, wait);
                self.begin_retry_hooks(now, wait);
            }
            (Next::End(outcome, why), _) => {
                self.tell_failed(attempt, verdict, &why);
                match outcome {
                    Outcome::Exhausted => self.exhausted(now, attempt, String::new()),
                    outcome => self.conclude(now, outcome, failed_exit(attempt.status()), String::new()),
                }
            }
        }
    }

    /// Decides whether there is another attempt, and after which wait. `back_in`: its place among those that were asked to
    /// wait, which never makes a wait too long.
    fn next_wait(&mut self, now: Now, over: &Over, back_in: Option<Duration>) -> Next {
        let Over { attempt, verdict, stopping } = over;
        if !verdict.class.is_retryable() {
            return Next::End(Outcome::Permanent, events::not_retried(attempt, verdict, &self.rules));
        }
        match stopping {
            Some(ExpiredLimit::Deadline) => {
                return Next::End(Outcome::Deadline, self.bounds.deadline_words());
            }
            Some(ExpiredLimit::Progress) => {
                return Next::End(Outcome::Stalled, self.bounds.stalled_words());
            }
            Some(ExpiredLimit::Timeout | ExpiredLimit::Idle) | None => {}
        }
        if self.bounds.is_last(self.attempts) {
            return Next::End(Outcome::Exhausted, "no attempts left".to_owned());
        }
        if let Some(why) = verdict.retry_after.and_then(|asked| self.bounds.asks_too_much(asked)) {
            return Next::End(Outcome::Throttled, why);
        }
        if self.bounds.resets_after(attempt.duration) {
            (self.retry, self.drawn) = (0, None);
        }
        self.retry += 1;
        let drawn = self.backoff.draw(self.retry, self.drawn, self.random.random());
        self.drawn = Some(drawn);
        let wait = verdict.retry_after.map_or(drawn, |asked| drawn.max(self.spread(asked)));
        if self.would_pass_deadline(now, wait) {
            return Next::End(Outcome::Deadline, self.bounds.past_deadline_words(wait));
        }
        let spread = back_in.map_or(wait, |back_in| wait.max(back_in));
        let wait = if self.would_pass_deadline(now, spread) { wait } else { spread };
        Next::Retry { drawn, wait }
    }

    /// Lengthens a wait that was asked for by a tenth, at most a second, so that not everybody who was asked returns at
    /// once.
    fn spread(&mut self, asked: Duration) -> Duration {
        const MAX_SPREAD: Duration = Duration::from_secs(1);
        let most = (asked / 10).min(MAX_SPREAD);
        asked.saturating_add(most.mul_f64(self.random.random()))
    }

    fn exhausted(&mut self, now: Now, attempt: &AttemptResult, why: String) {
        let exit = self.bounds.exhausted_status.map_or_else(|| failed_exit(attempt.status()), Exit::Status);
        self.conclude(now, Outcome::Exhausted, exit, why);
    }
}

/// The consequence of a failure.
enum Next {
    Retry {
        drawn: Duration,
        wait: Duration,
    },
    /// The end of the run, and why.
    End(Outcome, String),
}

/// A failed run never exits 0.
pub(super) fn failed_exit(status: u8) -> Exit {
    match status {
        0 => Exit::Status(exit_code::FAILED_WITH_ZERO),
        status => Exit::Status(status),
    }
}
