//! What follows an attempt: the end of the run, or another attempt after a wait.

use std::time::Duration;

use rand::RngExt;

use super::{Action, Now, OutOf, Over, Session, report};
use crate::base::exit_code::{self, Exit};
use crate::classify::{AttemptResult, Classification, Ending};
use crate::event::Outcome;
use crate::gate::Settled;

impl Session {
    /// We were told to stop while the command ran. It died of that too, or it had its own way of ending.
    pub(super) fn interrupted(
        &mut self,
        now: Now,
        attempt: &AttemptResult,
        verdict: &Classification,
    ) -> Vec<Action> {
        let exit = match attempt.ending {
            Ending::Signaled(signal) if self.signals.contains(&signal) => Exit::Signal(signal),
            _ => Exit::Status(attempt.status()),
        };
        let mut actions = vec![self.tell_failed(attempt, verdict, "not tried again")];
        actions.extend(self.finish(now, Outcome::Interrupted, exit));
        actions
    }

    pub(super) fn succeeded(&mut self, now: Now, attempt: &AttemptResult) -> Vec<Action> {
        self.successes += 1;
        let mut actions = vec![self.tell_success(attempt)];
        if self.successes >= self.limits.successes {
            let flaky = self.limits.flaky_status.filter(|_| !self.tallies.is_empty());
            let status = flaky.unwrap_or_else(|| attempt.status());
            actions.extend(self.finish(now, Outcome::Succeeded, Exit::Status(status)));
        } else if self.limits.is_last(self.attempts) {
            actions.extend(self.exhausted(now, attempt, self.limits.successes_words(self.successes)));
        } else {
            (self.retry, self.drawn) = (0, None);
            let wait = self.backoff.delay;
            if self.would_pass_deadline(now, wait) {
                let why = self.limits.past_deadline_words(wait);
                actions.extend(self.finish_since(now, Outcome::Deadline, failed_exit(attempt.status()), why));
            } else {
                self.wait(now, wait);
            }
        }
        actions
    }

    pub(super) fn failed(&mut self, now: Now, over: &Over, settled: Settled) -> Vec<Action> {
        self.successes = 0;
        let Over { attempt, verdict, .. } = over;
        let mut actions = Vec::new();
        let (outcome, why) = match (self.next_wait(now, over, settled.back_in), settled.refusal) {
            (Next::Retry { .. }, Some(refusal)) => {
                actions.push(self.tell_refused(
                    &refusal,
                    Duration::ZERO,
                    Duration::ZERO,
                    None,
                    String::new(),
                ));
                (Outcome::Refused, format!("not retried: {}", refusal.why))
            }
            (Next::Retry { drawn, wait }, None) => {
                self.wait(now, wait);
                self.asked_since = verdict.retry_after.map(|_| now.elapsed);
                return vec![self.tell_retry(attempt, verdict, drawn, wait)];
            }
            (Next::End(outcome, why), _) => (outcome, why),
        };
        actions.insert(0, self.tell_failed(attempt, verdict, &why));
        actions.extend(match outcome {
            Outcome::Exhausted => self.exhausted(now, attempt, String::new()),
            outcome => self.finish(now, outcome, failed_exit(attempt.status())),
        });
        actions
    }

    /// Is there another attempt, and how long until then? `back_in`: its place among those who were told the same, which
    /// does not make a wait too long.
    fn next_wait(&mut self, now: Now, over: &Over, back_in: Option<Duration>) -> Next {
        let Over { attempt, verdict, stopping } = over;
        if !verdict.class.is_retryable() {
            return Next::End(Outcome::Permanent, report::not_retried(verdict, &self.rules));
        }
        match stopping {
            Some(OutOf::Deadline) => {
                return Next::End(Outcome::Deadline, self.limits.deadline_words());
            }
            Some(OutOf::Progress) => return Next::End(Outcome::Stalled, self.limits.stalled_words()),
            Some(OutOf::Timeout | OutOf::Idle) | None => {}
        }
        if self.limits.is_last(self.attempts) {
            return Next::End(Outcome::Exhausted, "no attempts left".to_owned());
        }
        if let Some(why) = verdict.retry_after.and_then(|asked| self.limits.asks_too_much(asked)) {
            return Next::End(Outcome::Throttled, why);
        }
        if self.limits.resets_after(attempt.duration) {
            (self.retry, self.drawn) = (0, None);
        }
        self.retry += 1;
        let drawn = self.backoff.draw(self.retry, self.drawn, self.random.random());
        self.drawn = Some(drawn);
        let wait = verdict.retry_after.map_or(drawn, |asked| drawn.max(self.spread(asked)));
        if self.would_pass_deadline(now, wait) {
            return Next::End(Outcome::Deadline, self.limits.past_deadline_words(wait));
        }
        let spread = back_in.map_or(wait, |back_in| wait.max(back_in));
        let wait = if self.would_pass_deadline(now, spread) { wait } else { spread };
        Next::Retry { drawn, wait }
    }

    /// A wait that was asked for is kept, and a little more, so that not all who were asked return at once.
    fn spread(&mut self, asked: Duration) -> Duration {
        const MOST: Duration = Duration::from_secs(1);
        let most = (asked / 10).min(MOST);
        asked.saturating_add(most.mul_f64(self.random.random()))
    }

    fn exhausted(&mut self, now: Now, attempt: &AttemptResult, why: String) -> Vec<Action> {
        let exit = self.limits.exhausted_status.map_or_else(|| failed_exit(attempt.status()), Exit::Status);
        self.finish_since(now, Outcome::Exhausted, exit, why)
    }
}

/// What follows a failure.
enum Next {
    Retry {
        drawn: Duration,
        wait: Duration,
    },
    /// Nothing, and why.
    End(Outcome, String),
}

/// A failed run never exits 0.
pub(super) fn failed_exit(status: u8) -> Exit {
    match status {
        0 => Exit::Status(exit_code::FAILED_WITH_ZERO),
        status => Exit::Status(status),
    }
}
