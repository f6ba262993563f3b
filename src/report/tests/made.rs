//! Made-up runs, as lines of a log.

use crate::event::{
    AttemptStart, AttemptSuccess, Event, Failure, Outcome, Record, RuleName, RunIdentity, RunStart, RunStop,
    Tally, Wait,
};
use crate::report::model::Report;
use crate::report::{Analysis, Options, time};

/// A run: each attempt that failed by its rule, class and duration; then how it ended.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) run: String,
    pub(super) name: String,
    /// Seconds since the Unix epoch.
    pub(super) started: i64,
    /// Rule, class, milliseconds, exit status.
    pub(super) failures: Vec<(&'static str, &'static str, u64, u8)>,
    /// Milliseconds of the attempt that succeeded.
    pub(super) success: Option<u64>,
    pub(super) outcome: Outcome,
}

/// The wait between attempts, in milliseconds.
pub(super) const WAIT: u64 = 1_000;

impl Made {
    pub(super) fn new(number: usize, name: &str, failures: usize, succeeds: bool) -> Self {
        Self {
            run: format!("run-{number:06}"),
            name: name.to_owned(),
            started: 1_790_000_000 + i64::try_from(number).expect("small") * 60,
            failures: vec![("http-5xx", "transient", 500, 22); failures],
            success: succeeds.then_some(200),
            outcome: if succeeds { Outcome::Succeeded } else { Outcome::Exhausted },
        }
    }

    pub(super) fn attempts(&self) -> u64 {
        (self.failures.len() + usize::from(self.success.is_some())) as u64
    }

    pub(super) fn waited(&self) -> u64 {
        WAIT * self.attempts().saturating_sub(1)
    }

    pub(super) fn elapsed(&self) -> u64 {
        self.waited() + self.failures.iter().map(|failure| failure.2).sum::<u64>() + self.success.unwrap_or(0)
    }

    /// Its lines, as a run writes them.
    pub(super) fn lines(&self) -> String {
        let mut events = vec![Event::RunStart(RunStart {
            program: self.name.clone(),
            argc: 1,
            argv: None,
            cwd: "/".to_owned(),
            max: None,
            deadline_ms: None,
            splay_ms: None,
            version: "0".to_owned(),
            depth: 1,
            parent_span_id: None,
            timeout_ms: None,
            settings: serde_json::Map::new(),
            policy_digest: "0123456789abcdef".to_owned(),
        })];
        let mut moments = vec![0];
        let mut now = 0;
        for (at, (rule, class, millis, exit)) in self.failures.iter().enumerate() {
            let attempt = at as u64 + 1;
            events.push(Event::AttemptStart(AttemptStart { attempt, max: None, child_pid: Some(1) }));
            moments.push(now);
            now += millis;
            moments.push(now);
            let failure = failure(attempt, rule, class, *millis, *exit);
            events.push(if attempt == self.attempts() {
                Event::AttemptFailed(failure)
            } else {
                let wait = Wait { backoff_ms: 1e3, delay_ms: 1e3, next_attempt: attempt + 1 };
                now += WAIT;
                Event::AttemptRetry { failure, wait }
            });
        }
        if let Some(millis) = self.success {
            now += millis;
            let attempt = self.attempts();
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let duration_ms = millis as f64;
            moments.push(now);
            events.push(Event::AttemptSuccess(AttemptSuccess {
                attempt,
                max: None,
                duration_ms,
                exit_code: 0,
            }));
        }
        moments.push(now);
        events.push(Event::RunStop(self.stop()));
        events.iter().zip(moments).map(|(event, millis)| self.line(event, millis)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn stop(&self) -> RunStop {
        let failures = match self.failures.len() as u64 {
            0 => Vec::new(),
            count => vec![Tally { reason: "exit".to_owned(), count }],
        };
        RunStop {
            outcome: self.outcome,
            attempts: self.attempts(),
            elapsed_ms: self.elapsed() as f64,
            slept_ms: self.waited() as f64,
            exit_code: Some(0),
            signal: None,
            failures,
            rescued: self.outcome == Outcome::Succeeded && !self.failures.is_empty(),
            program: self.name.clone(),
            started_at: "2026-11-26T12:00:00.000000Z".to_owned(),
            fallback: None,
            letter: (self.outcome == Outcome::Exhausted).then(|| "/dlq/x y.letter".to_owned()),
            why: String::new(),
            set_by: None,
        }
    }

    pub(super) fn identity(&self) -> RunIdentity {
        RunIdentity {
            run: self.run.clone(),
            name: self.name.clone(),
            host: "here".to_owned(),
            pid: 1,
            key: Some("api".to_owned()),
            labels: [("team".to_owned(), "data".to_owned())].into(),
            ..RunIdentity::default()
        }
    }

    pub(super) fn line(&self, event: &Event, millis: u64) -> String {
        let micros = self.started * time::SECOND + i64::try_from(millis).expect("small") * 1_000;
        let ts = time::second(micros).replace('Z', &format!(".{:06}Z", micros % time::SECOND));
        let run = self.identity();
        let message = event.message(&self.name, &self.name);
        let record = Record { v: 1, ts, level: event.level(), message, run: &run, event, span_id: None };
        serde_json::to_string(&record).expect("a record") + "\n"
    }
}

pub(super) fn failure(attempt: u64, rule: &str, class: &str, millis: u64, exit: u8) -> Failure {
    Failure {
        attempt,
        max: None,
        #[expect(clippy::cast_precision_loss, reason = "small")]
        duration_ms: millis as f64,
        exit_code: Some(exit),
        signal: None,
        timed_out: false,
        class: class.to_owned(),
        category: "system".to_owned(),
        kind: Some("server".to_owned()),
        rule: RuleName {
            source: "profile".to_owned(),
            profile: Some("curl".to_owned()),
            id: rule.to_owned(),
        },
        reason: "no \"luck\"\u{1b}[0m".to_owned(),
        error: "[transient] no luck".to_owned(),
        quote: Some("curl: no \"luck\"".to_owned()),
        http_status: Some(503),
        retry_after_ms: Some(1.5),
        bytes_out: None,
        bytes_err: Some(3),
        stdout_tail: None,
        stderr_tail: Some("tail\n".to_owned()),
        verdict: String::new(),
        not_started: false,
    }
}

/// Reads a log in one block.
pub(super) fn read(log: &str, options: &Options) -> Report {
    read_by(log, options, usize::MAX)
}

/// Reads a log in blocks of a size.
pub(super) fn read_by(log: &str, options: &Options, block: usize) -> Report {
    let mut analysis = Analysis::new(options);
    analysis.begin("log");
    for block in log.as_bytes().chunks(block) {
        analysis.feed(block);
    }
    analysis.end();
    analysis.finish().report
}

/// The log of these runs.
pub(super) fn log(runs: &[Made]) -> String {
    runs.iter().map(Made::lines).collect()
}
