//! The messages for people, and the lines that the log quotes.

use std::time::Duration;

use super::{Event, Failure, FallbackEnd, GateHold, HookEnd, Outcome, RunStart, RunStop, Tally};
use crate::base::duration::approximate;
use crate::base::words::plural;
use crate::gate;

/// The longest `error`, in bytes.
const MAX_ERROR_BYTES: usize = 512;

/// `[class (status)] reason: the matching line`, cut to [`MAX_ERROR_BYTES`].
pub fn error_line(class: &str, http_status: Option<u16>, reason: &str, quote: Option<&str>) -> String {
    let status = http_status.map(|status| format!(" ({status})")).unwrap_or_default();
    let quote = quote.map(|line| format!(": {line}")).unwrap_or_default();
    let mut line = format!("[{class}{status}] {reason}{quote}");
    line.truncate(line.floor_char_boundary(MAX_ERROR_BYTES));
    line
}

impl Event {
    /// The message for a person. `name` is the operation's, `program` the one to be executed.
    pub fn message(&self, name: &str, program: &str) -> String {
        let [name, program] = [name, program].map(|word| if word.is_empty() { "''" } else { word });
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
                format!(
                    "{}; retrying in {}",
                    failure.message(program),
                    approximate(from_millis(wait.delay_ms))
                )
            }
            Event::AttemptFailed(failure) => {
                let mark = if failure.verdict.starts_with("not ") { ';' } else { ':' };
                format!("{}{mark} {}", failure.message(program), failure.verdict)
            }
            Event::GateWait(held) => held.message(),
            Event::GateRefused(held) => held.refusal(),
            Event::GateBypassed(bypassed) => format!("continuing without shared limits: {}", bypassed.reason),
            Event::Hook(hook) => hook.message(),
            Event::RunStop(stop) => stop.message(name),
        }
    }
}

impl RunStart {
    fn message(&self, name: &str) -> String {
        let attempts = match self.max {
            None => "any number of attempts".to_owned(),
            Some(1) => "1 attempt".to_owned(),
            Some(max) => format!("up to {}", plural(max, "attempt")),
        };
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

impl GateHold {
    fn message(&self) -> String {
        let why = held_back(self.limit, &self.reason, self.until.as_deref(), self.left);
        format!("attempt {} {why}", self.attempt)
    }

    fn refusal(&self) -> String {
        let limit = match self.limit {
            gate::Limit::Rate => "rate limit reached",
            gate::Limit::Concurrency => "concurrency limit reached",
            gate::Limit::Breaker => "circuit breaker open",
            gate::Limit::Adaptive => "success rate too low",
            gate::Limit::Window => "key closed",
            gate::Limit::Budget => "retry budget empty",
            gate::Limit::State => "shared state unavailable",
        };
        let until = self.until.as_deref().map(|until| format!(", until {until}")).unwrap_or_default();
        let verdict = if self.verdict.is_empty() { String::new() } else { format!(", {}", self.verdict) };
        format!("not started: {limit} ({}{until}){verdict}", self.reason)
    }
}

/// Describes a hold: its limit, the reason, when it ends, and how long that is.
pub fn held_back(limit: gate::Limit, reason: &str, until: Option<&str>, wait: Duration) -> String {
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

impl HookEnd {
    fn message(&self) -> String {
        let after = approximate(from_millis(self.duration_ms));
        let what = match (self.exit_code, &self.signal) {
            _ if self.timed_out => return format!("the hook --{} was stopped after {after}", self.hook),
            (Some(0), _) => return format!("the hook --{} succeeded after {after}", self.hook),
            (Some(status), _) => format!("exit {status}"),
            (None, signal) => format!("killed by {}", signal.as_deref().unwrap_or("a signal")),
        };
        format!("the hook --{} failed ({what})", self.hook)
    }
}

impl RunStop {
    /// The annotation of the run: the number of attempts, the failures seen, and the time taken.
    pub fn annotation(&self) -> String {
        let elapsed = approximate(from_millis(self.elapsed_ms));
        let seen: Vec<_> = self.failures.iter().map(Tally::to_string).collect();
        let seen = seen.join(", ");
        if self.outcome == Outcome::Succeeded {
            return format!("succeeded on attempt {} after {seen} in {elapsed}", self.attempts);
        }
        let why: Vec<_> = [seen, self.why.clone()].into_iter().filter(|text| !text.is_empty()).collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        let way_out = if self.fell_back() { self.way_out() } else { String::new() };
        format!("{} in {elapsed}{why}{way_out}", plural(self.attempts, "attempt"))
    }

    /// The last line of a run: the command's fate, the failures seen, and the exit.
    fn message(&self, name: &str) -> String {
        let elapsed = approximate(from_millis(self.elapsed_ms));
        if self.outcome == Outcome::Succeeded {
            let status = self.set_by.map(|_| self.exit()).unwrap_or_default();
            return format!("succeeded on attempt {} after {elapsed}{status}", self.attempts);
        }
        if self.attempts == 0 && self.outcome != Outcome::Interrupted {
            let why = match self.outcome {
                Outcome::Refused if self.why.is_empty() => " (refused by a shared limit)".to_owned(),
                _ if self.why.is_empty() => String::new(),
                _ => format!(" ({})", self.why),
            };
            return format!("command not run{why}{}", self.way_out());
        }
        let seen: Vec<_> = self.failures.iter().map(Tally::to_string).collect();
        let said: Vec<_> =
            [seen.join(", "), self.why.clone()].into_iter().filter(|text| !text.is_empty()).collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
        let ended = if self.outcome == Outcome::Interrupted { "stopped" } else { "gave up on" };
        let attempts = plural(self.attempts, "attempt");
        format!("{ended} {name} after {attempts} ({elapsed}){said}{}", self.way_out())
    }

    /// Whether a fallback succeeded after the command had failed.
    pub fn fell_back(&self) -> bool {
        let succeeded = |fallback: &FallbackEnd| fallback.exit_code == Some(0);
        self.fallback.as_ref().is_some_and(succeeded) && self.exit_code == Some(0)
    }

    /// The exit, and the fallback if it is the fallback's.
    fn way_out(&self) -> String {
        match &self.fallback {
            Some(_) if self.fell_back() => "; fallback succeeded".to_owned(),
            Some(_) => format!("; fallback failed{}", self.exit()),
            None => self.exit(),
        }
    }

    /// `; exit 7`, and the option that set it, if one did.
    fn exit(&self) -> String {
        let set_by = self.set_by.map(|option| format!(" ({option})")).unwrap_or_default();
        match (self.exit_code, &self.signal) {
            (Some(status), _) => format!("; exit {status}{set_by}"),
            (None, Some(signal)) => format!("; killed by {signal}"),
            (None, None) => String::new(),
        }
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

fn from_millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default()
}
