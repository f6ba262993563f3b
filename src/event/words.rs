//! The words in which an event is told to people, and the lines that the log quotes.

use std::time::Duration;

use super::{Event, Failure, Held, Outcome, RunStart, RunStop, Tally};
use crate::gate;
use crate::policy::duration::approximate;

/// The longest `error`, in bytes.
const LONGEST_ERROR: usize = 512;

/// `[class (status)] reason: the line that it was seen by`, held at [`LONGEST_ERROR`].
pub(crate) fn error_line(class: &str, http_status: Option<u16>, reason: &str, quote: Option<&str>) -> String {
    let status = http_status.map(|status| format!(" ({status})")).unwrap_or_default();
    let quote = quote.map(|line| format!(": {line}")).unwrap_or_default();
    let mut line = format!("[{class}{status}] {reason}{quote}");
    line.truncate(line.floor_char_boundary(LONGEST_ERROR));
    line
}

impl Event {
    /// What a person is told. `name` is the operation's, `program` what was to be executed.
    pub(crate) fn message(&self, name: &str, program: &str) -> String {
        match self {
            Event::RunStart(start) => start.message(name),
            Event::AttemptStart(start) => match start.child_pid {
                Some(pid) => format!("attempt {} started (pid {pid})", of(start.attempt, start.max)),
                None => format!("attempt {} could not be started", of(start.attempt, start.max)),
            },
            Event::AttemptSuccess(success) => format!(
                "attempt {} succeeded after {}",
                of(success.attempt, success.max),
                approximate(from_millis(success.duration_ms))
            ),
            Event::AttemptRetry { failure, wait } => {
                format!("{}: next in {}", failure.message(program), approximate(from_millis(wait.delay_ms)))
            }
            Event::AttemptFailed(failure) => format!("{}: {}", failure.message(program), failure.verdict),
            Event::GateWait(held) => held.message(),
            Event::GateRefused(held) if held.verdict.is_empty() => format!("{}: not started", held.message()),
            Event::GateRefused(held) => format!("{}: {}", held.message(), held.verdict),
            Event::GateBypassed(bypassed) => format!("continuing without shared limits: {}", bypassed.reason),
            Event::RunStop(stop) => stop.message(),
        }
    }
}

impl RunStart {
    fn message(&self, name: &str) -> String {
        let attempts = self.max.map_or("any number of attempts".to_owned(), |max| plural(max, "attempt"));
        let deadline =
            self.deadline_ms.map(|ms| format!(" within {}", approximate(Duration::from_millis(ms))));
        let nested = match self.depth {
            0 | 1 => String::new(),
            depth => format!("; inside of another retry (depth {depth}): attempts multiply"),
        };
        let splay =
            self.splay_ms.map(|ms| format!("; the first one in {} (splay)", approximate(from_millis(ms))));
        format!("{name}: {attempts}{}{}{nested}", deadline.unwrap_or_default(), splay.unwrap_or_default())
    }
}

impl Failure {
    fn message(&self, program: &str) -> String {
        let attempt = of(self.attempt, self.max);
        if self.not_started {
            return format!("attempt {attempt} failed ({program}: {})", self.reason);
        }
        let verb = if self.class == "throttled" { "throttled" } else { "failed" };
        let who = if self.rule.source == "hint" { "asked to wait" } else { "server asks" };
        let asked = self.retry_after_ms.map(|ms| format!("; {who} {}", approximate(from_millis(ms))));
        let tool = self.rule.profile.as_ref().map(|profile| format!("{profile}: ")).unwrap_or_default();
        format!("attempt {attempt} {verb} ({tool}{}{})", self.reason, asked.unwrap_or_default())
    }
}

impl Held {
    fn message(&self) -> String {
        let why = held_back(self.limit, &self.reason, self.until.as_deref(), self.left);
        format!("attempt {} {why}", self.attempt)
    }
}

/// What holds an attempt back, why, until when, and how long that is.
pub(crate) fn held_back(limit: gate::Limit, reason: &str, until: Option<&str>, wait: Duration) -> String {
    let by = match limit {
        gate::Limit::Rate => " by the rate",
        gate::Limit::Concurrency => " by the concurrency limit",
        gate::Limit::Breaker => " by the circuit breaker",
        gate::Limit::Adaptive => " by the success rate",
        gate::Limit::Window | gate::Limit::Budget | gate::Limit::State => "",
    };
    let until = until.map(|until| format!(" (until {until}, in {})", approximate(wait))).unwrap_or_default();
    format!("held back{by}: {reason}{until}")
}

impl RunStop {
    fn message(&self) -> String {
        let elapsed = approximate(from_millis(self.elapsed_ms));
        if self.outcome == Outcome::Succeeded {
            return format!("succeeded at attempt {} in {elapsed}", self.attempts);
        }
        let seen: Vec<_> = self.failures.iter().map(Tally::to_string).collect();
        let attempts = plural(self.attempts, "attempt");
        let seen = match self.outcome {
            _ if !seen.is_empty() => seen.join(", "),
            _ if self.attempts == 0 => "nothing was run".to_owned(),
            Outcome::Interrupted => "interrupted".to_owned(),
            Outcome::Error => "given up".to_owned(),
            _ => "no failure".to_owned(),
        };
        let why = if self.why.is_empty() { String::new() } else { format!("; {}", self.why) };
        format!("{attempts} in {elapsed}: {seen}{why}")
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            1 => f.write_str(&self.reason),
            count => write!(f, "{} ×{count}", self.reason),
        }
    }
}

/// `2/5`, or `2` without a limit.
fn of(attempt: u64, max: Option<u64>) -> String {
    max.map_or_else(|| attempt.to_string(), |max| format!("{attempt}/{max}"))
}

/// `1 attempt`, `2 attempts`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn from_millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default()
}
