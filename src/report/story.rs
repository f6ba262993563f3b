//! A run with everything that its lines said, for formats that show individual runs.

use super::line::Line;
use super::runs::micros;
use crate::event::Outcome;

/// A run. Durations are in microseconds, times in microseconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub run: String,
    pub name: String,
    pub host: String,
    pub key: Option<String>,
    pub program: Option<String>,
    /// The command's words, if the log has them.
    pub argv: Vec<String>,
    /// The settings that differ from their defaults, from the log.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// When it began; if its first line is missing, according to its end.
    pub started: i64,
    pub last: i64,
    pub attempts: Vec<Attempt>,
    pub holds: Vec<Hold>,
    /// How it ended; `None` when no end was logged.
    pub end: Option<End>,
    /// The attempt that began last.
    pub(super) begun: Option<Begun>,
}

/// The start of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    pub at: i64,
    pub number: u64,
    pub max: Option<u64>,
    /// Its command could be started.
    is_started: bool,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: u64,
    pub max: Option<u64>,
    pub started: i64,
    pub duration: u64,
    pub exit_code: Option<u8>,
    /// `None` for a success.
    pub failure: Option<Failure>,
    /// The wait after it.
    pub wait: u64,
    /// The wait as drawn by the policy.
    pub drawn: u64,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub class: String,
    pub kind: Option<String>,
    pub source: String,
    pub profile: Option<String>,
    pub rule: String,
    pub reason: String,
    pub error: String,
    pub signal: Option<String>,
    pub timed_out: bool,
    /// The command could not be started.
    pub not_started: bool,
    pub http_status: Option<u16>,
    /// The wait that the server or the command asked for.
    pub asked: Option<u64>,
    /// The line that the rule matched.
    pub quote: Option<String>,
    pub stdout_tail: Option<String>,
    pub stderr_tail: Option<String>,
}

/// A wait for a limit that is shared, or its refusal.
#[derive(Clone, Debug)]
pub struct Hold {
    pub at: i64,
    pub message: String,
}

#[derive(Clone, Debug)]
pub struct End {
    pub outcome: Outcome,
    pub message: String,
    pub attempts: u64,
    pub elapsed: u64,
    pub slept: u64,
    pub exit_code: Option<u8>,
    pub signal: Option<String>,
    pub rescued: bool,
    /// The failures that were seen, and how often.
    pub failures: Vec<(String, u64)>,
    /// The dead letter that it left.
    pub letter: Option<String>,
}

impl Story {
    pub(super) fn begin(line: &Line<'_>) -> Self {
        Self {
            run: line.run.to_string(),
            name: line.name.to_string(),
            host: line.host.to_string(),
            key: line.key.as_ref().map(|key| key.to_string()),
            started: i64::MAX,
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, line: &Line<'_>, at: i64) {
        self.last = self.last.max(at);
        self.started = self.started.min(at);
        if let Some(program) = &line.program {
            self.program = Some(program.to_string());
        }
        match &*line.event {
            "run.start" => {
                self.argv = line.argv.iter().flatten().map(|word| word.to_string()).collect();
                let settings = line.settings.and_then(|raw| serde_json::from_str(raw.get()).ok());
                self.settings = settings.unwrap_or_default();
            }
            "attempt.start" => {
                let is_started = line.child_pid.is_some();
                self.begun = Some(Begun { at, number: line.attempt, max: line.max, is_started });
            }
            "attempt.success" => self.attempts.push(attempt(line, at, None)),
            "attempt.retry" | "attempt.failed" => {
                let not_started =
                    self.begun.is_some_and(|begun| begun.number == line.attempt && !begun.is_started);
                self.attempts.push(attempt(line, at, Some(failure(line, not_started))));
            }
            "gate.wait" | "gate.refused" | "gate.bypassed" => {
                self.holds.push(Hold { at, message: line.message.to_string() });
            }
            "run.stop" => self.stop(line, at),
            _ => {}
        }
    }

    fn stop(&mut self, line: &Line<'_>, at: i64) {
        let outcome = line.ended();
        let elapsed = micros(line.elapsed_ms);
        let started = line.started_at().unwrap_or_else(|| at.saturating_sub(elapsed.cast_signed()));
        self.started = self.started.min(started);
        self.end = Some(End {
            outcome,
            message: line.message.to_string(),
            attempts: line.attempts,
            elapsed,
            slept: micros(line.slept_ms),
            exit_code: line.exit_code,
            signal: line.signal.as_ref().map(|signal| signal.to_string()),
            rescued: outcome == Outcome::Succeeded && !line.failures.is_empty(),
            failures: line.failures.iter().map(|tally| (tally.reason.to_string(), tally.count)).collect(),
            letter: line.letter.as_ref().map(|letter| letter.to_string()),
        });
    }

    /// The attempt whose start was logged, but not its end.
    pub(super) fn under_way(&self) -> Option<Begun> {
        let is_over = |begun: &Begun| self.attempts.iter().any(|attempt| attempt.number >= begun.number);
        self.begun.filter(|begun| self.end.is_none() && !is_over(begun))
    }

    /// Whether it succeeded after a failure.
    pub fn is_rescued(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.rescued)
    }

    pub fn has_succeeded(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded)
    }
}

fn attempt(line: &Line<'_>, at: i64, failure: Option<Failure>) -> Attempt {
    let duration = micros(line.duration_ms);
    Attempt {
        number: line.attempt,
        max: line.max,
        started: at.saturating_sub(duration.cast_signed()),
        duration,
        exit_code: line.exit_code,
        failure,
        wait: micros(line.delay_ms),
        drawn: micros(line.backoff_ms),
    }
}

fn failure(line: &Line<'_>, not_started: bool) -> Failure {
    let owned = |text: &Option<super::line::Text<'_>>| text.as_ref().map(|text| text.to_string());
    Failure {
        class: line.class.to_string(),
        kind: owned(&line.kind),
        source: line.rule.source.to_string(),
        profile: owned(&line.rule.profile),
        rule: line.rule.id.to_string(),
        reason: line.reason.to_string(),
        error: line.error.to_string(),
        signal: owned(&line.signal),
        timed_out: line.timed_out,
        not_started,
        http_status: line.http_status,
        asked: line.retry_after_ms.map(micros),
        quote: owned(&line.quote),
        stdout_tail: owned(&line.stdout_tail),
        stderr_tail: owned(&line.stderr_tail),
    }
}
