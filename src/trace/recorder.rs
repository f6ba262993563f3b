//! Makes spans from a run's events: one for the run, and one for each attempt.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::TraceContext;
use super::context::{RANDOM, SAMPLED};
use super::encode::{JsonText, Protobuf};
use super::settings::Encoding;
use super::span::{Batch, KNOWS_PARENT, Kind, REMOTE_PARENT, Span};
use super::value::{Attributes, Value};
use crate::base::exit_code;
use crate::classify::signal;
use crate::event::{Event, Failure, GateHold, Outcome, RunStop, Tally, Wait};

/// The number of attempts that are exported from the start and from the end of a run that has more than both together.
const FIRST_SPANS: usize = 100;
const LAST_SPANS: usize = 400;
/// The longest description of why a span failed, in bytes.
const MAX_ERROR_BYTES: usize = 200;

/// The facts of a run that are known before it begins.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The run's id.
    pub run: String,
    /// The run's name.
    pub operation: String,
    /// The command's program, without the directories.
    pub program: String,
    /// The command's words, if they may be exported.
    pub argv: Option<Vec<String>>,
    pub policy: String,
    pub key: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// The most attempts; `None`: no limit.
    pub max: Option<u64>,
    /// Of `retry`.
    pub pid: u32,
}

/// The spans of a run. Times are relative to the start of the run, on a clock that cannot be set.
#[derive(Debug)]
pub struct Recorder {
    about: About,
    /// The context of the run's span.
    context: TraceContext,
    /// The run's parent is in another process.
    parent: Option<u64>,
    /// When the run began: nanoseconds since the Unix epoch.
    began: u64,
    run: Option<Span>,
    first: Vec<Span>,
    last: VecDeque<Span>,
    dropped: u64,
    open: Option<Span>,
    /// The span of the last attempt.
    attempt: Option<u64>,
    /// The wait after the last failure.
    wait: Option<(f64, &'static str)>,
    /// When a limit began to hold the next attempt back, and which one.
    held: Option<(Duration, String)>,
}

impl Recorder {
    /// A recorder for a run that begins at `now`, the time since the Unix epoch. `random` makes the ids.
    pub fn new(about: About, incoming: Option<TraceContext>, random: [u8; 24], now: Duration) -> Self {
        let (trace, span) = random.split_at(16);
        let trace = u128::from_ne_bytes(trace.try_into().unwrap_or_default()).max(1);
        let span = u64::from_ne_bytes(span.try_into().unwrap_or_default()).max(1);
        let (trace, flags) =
            incoming.map_or((trace, SAMPLED | RANDOM), |incoming| (incoming.trace, incoming.flags));
        Self {
            about,
            context: TraceContext { trace, span, flags },
            parent: incoming.map(|incoming| incoming.span),
            began: nanos(now),
            run: None,
            first: Vec::new(),
            last: VecDeque::new(),
            dropped: 0,
            open: None,
            attempt: None,
            wait: None,
            held: None,
        }
    }

    /// The context of the run's own span.
    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// The span that the run's own is a child of.
    pub fn parent_span_id(&self) -> Option<String> {
        self.parent.map(|span| TraceContext { span, ..self.context }.span_id())
    }

    /// The span that an event belongs to: the attempt's, or the run's.
    pub fn span_id(&self, event: &Event) -> String {
        let of_attempt = match event {
            Event::AttemptStart(_)
            | Event::AttemptSuccess(_)
            | Event::AttemptRetry { .. }
            | Event::AttemptFailed(_) => self.attempt,
            _ => None,
        };
        TraceContext { span: of_attempt.unwrap_or(self.context.span), ..self.context }.span_id()
    }

    /// An attempt is about to begin; `random` makes its id. The context is its command's.
    pub fn begin(&mut self, number: u64, random: u64, since: Duration) -> TraceContext {
        self.close(None, since);
        let id = random.max(1);
        let mut attributes = vec![("process.executable.name".to_owned(), self.about.program.clone().into())];
        attributes.extend(named("process.command_args", self.about.argv.clone().map(Value::Texts)));
        attributes.extend(named("retry.attempt", Some(number.into())));
        if let Some((delay, source)) = self.wait.take() {
            attributes.extend(named("retry.delay_ms", Some(Value::from(whole(delay)))));
            attributes.extend(named("retry.delay_source", Some(source.into())));
        }
        if let Some((began, by)) = self.held.take() {
            let held = since.saturating_sub(began);
            attributes.extend(named("retry.held_ms", Some(Value::from(whole(crate::event::millis(held))))));
            attributes.extend(named("retry.held_by", Some(by.into())));
        }
        let start = self.at(since);
        self.open = Some(Span {
            id,
            parent: self.context.span,
            name: self.about.program.clone(),
            kind: Kind::Client,
            start,
            end: start,
            attributes,
            link: self.attempt.replace(id),
            error: None,
            flags: KNOWS_PARENT | u32::from(self.context.flags),
        });
        TraceContext { span: id, ..self.context }
    }

    /// The command of the attempt has this process id.
    pub fn started(&mut self, pid: i32) {
        if let Some(open) = &mut self.open {
            open.attributes.push(("process.pid".to_owned(), Value::Whole(pid.into())));
        }
    }

    /// Records an event.
    pub fn take(&mut self, event: &Event, since: Duration) {
        match event {
            Event::AttemptSuccess(success) => {
                self.set("process.exit.code", u64::from(success.exit_code).into());
                self.set("retry.class", "success".into());
                self.close(Some(success.duration_ms), since);
            }
            Event::AttemptRetry { failure, wait } => {
                self.fail(failure, since);
                self.wait = Some((wait.delay_ms, source(failure, wait)));
            }
            Event::AttemptFailed(failure) => self.fail(failure, since),
            Event::GateWait(hold) => self.hold(hold, since),
            Event::RunStop(stop) => {
                self.close(None, since);
                self.run = Some(self.run_span(stop, since));
            }
            Event::RunStart(_)
            | Event::AttemptStart(_)
            | Event::GateRefused(_)
            | Event::GateBypassed(_)
            | Event::Hook(_) => {}
        }
    }

    /// The body of an export of all spans.
    pub fn encode(&self, resource: &Attributes, version: &str, encoding: Encoding) -> Vec<u8> {
        let batch = Batch {
            trace: self.context.trace,
            flags: KNOWS_PARENT | u32::from(self.context.flags),
            resource,
            version,
            spans: self.run.iter().chain(&self.first).chain(&self.last).collect(),
        };
        match encoding {
            Encoding::Protobuf => batch.encode::<Protobuf>().0,
            Encoding::Json => batch.encode::<JsonText>().into_bytes(),
        }
    }

    fn hold(&mut self, hold: &GateHold, since: Duration) {
        let limit = serde_json::to_value(hold.limit).ok();
        let name = limit.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        let began = self.held.take().map_or(since, |(began, _)| began);
        self.held = Some((began, name));
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(open) = &mut self.open {
            open.attributes.push((name.to_owned(), value));
        }
    }

    fn fail(&mut self, failure: &Failure, since: Duration) {
        let code = failure.exit_code.or_else(|| failure.signal.as_deref().and_then(status_of));
        if let Some(code) = code {
            self.set("process.exit.code", u64::from(code).into());
        }
        self.set("error.type", error_type(failure).into());
        self.set("retry.class", failure.class.as_str().into());
        let rule = &failure.rule;
        let words = [Some(rule.source.as_str()), rule.profile.as_deref(), Some(&rule.id)];
        self.set("retry.rule", words.into_iter().flatten().collect::<Vec<_>>().join("/").into());
        self.set("retry.reason", failure.reason.as_str().into());
        if let Some(status) = failure.http_status {
            self.set("retry.http_status", u64::from(status).into());
        }
        if let Some(open) = &mut self.open {
            open.error = Some(shortened(&failure.reason));
        }
        self.close(Some(failure.duration_ms), since);
    }

    /// Ends the attempt's span, after this duration if known.
    fn close(&mut self, duration_ms: Option<f64>, since: Duration) {
        let now = self.at(since);
        let Some(mut span) = self.open.take() else { return };
        if let Some(ms) = duration_ms {
            let lasted = nanos(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default());
            span.end = span.start.saturating_add(lasted).min(now);
        } else {
            span.attributes.extend(named("error.type", Some("_OTHER".into())));
            span.error = Some("its end is not known".to_owned());
            span.end = now;
        }
        if self.first.len() < FIRST_SPANS {
            return self.first.push(span);
        }
        self.last.push_back(span);
        if self.last.len() > LAST_SPANS {
            self.last.pop_front();
            self.dropped += 1;
        }
    }

    fn run_span(&self, stop: &RunStop, since: Duration) -> Span {
        let about = &self.about;
        let succeeded = stop.outcome == Outcome::Succeeded;
        let outcome = serde_json::to_value(stop.outcome).ok();
        let outcome = outcome.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
        let code = stop.exit_code.or_else(|| stop.signal.as_deref().and_then(status_of));
        let mut attributes = Vec::new();
        let values: [(&str, Option<Value>); 14] = [
            ("process.executable.name", Some("retry".into())),
            ("process.pid", Some(u64::from(about.pid).into())),
            ("process.exit.code", code.map(|code| u64::from(code).into())),
            ("error.type", (!succeeded).then(|| outcome.into())),
            ("retry.run_id", Some(about.run.as_str().into())),
            ("retry.operation", Some(about.operation.as_str().into())),
            ("retry.policy", Some(about.policy.as_str().into())),
            ("retry.key", about.key.as_deref().map(Value::from)),
            ("retry.outcome", Some(outcome.into())),
            ("retry.attempts", Some(stop.attempts.into())),
            ("retry.max_attempts", about.max.map(Value::from)),
            ("retry.rescued", Some((succeeded && !stop.failures.is_empty()).into())),
            ("retry.waited_ms", Some(whole(stop.slept_ms).into())),
            ("retry.spans_dropped", Some(self.dropped).filter(|dropped| *dropped > 0).map(Value::from)),
        ];
        attributes.extend(values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let labels = about.labels.iter();
        attributes.extend(labels.map(|(key, value)| (format!("retry.label.{key}"), value.as_str().into())));
        let remote = if self.parent.is_some() { REMOTE_PARENT } else { 0 };
        Span {
            id: self.context.span,
            parent: self.parent.unwrap_or_default(),
            name: format!("retry {}", about.operation),
            kind: Kind::Internal,
            start: self.began,
            end: self.at(since),
            attributes,
            link: None,
            error: (!succeeded).then(|| why_failed(stop, outcome)),
            flags: KNOWS_PARENT | remote | u32::from(self.context.flags),
        }
    }

    fn at(&self, since: Duration) -> u64 {
        self.began.saturating_add(nanos(since))
    }
}

/// The tally of failures, or else why there are none.
fn why_failed(stop: &RunStop, outcome: &str) -> String {
    let seen: Vec<_> = stop.failures.iter().map(Tally::to_string).collect();
    let words = [seen.join(", "), stop.why.clone(), outcome.to_owned()];
    shortened(words.iter().find(|words| !words.is_empty()).map_or("", String::as_str))
}

/// The source of the wait's length: `server`, `limit` or `policy`.
fn source(failure: &Failure, wait: &Wait) -> &'static str {
    match failure.retry_after_ms {
        Some(asked) if asked >= wait.backoff_ms => "server",
        _ if wait.delay_ms > wait.backoff_ms => "limit",
        _ => "policy",
    }
}

/// The kind of a failure, with low cardinality.
fn error_type(failure: &Failure) -> String {
    match (failure.kind.as_deref(), failure.http_status) {
        (Some("http"), Some(status)) => status.to_string(),
        (Some(kind), _) => kind.to_owned(),
        (None, _) if failure.timed_out => "timeout".to_owned(),
        (None, _) => match (failure.exit_code, &failure.signal) {
            (_, Some(signal)) => format!("signal_{}", signal.trim_start_matches("SIG")),
            (Some(code), None) => format!("exit_{code}"),
            (None, None) => "_OTHER".to_owned(),
        },
    }
}

/// 128 + n, as in a shell.
fn status_of(signal: &str) -> Option<u8> {
    signal::parse(signal.trim_start_matches("SIG")).map(exit_code::killed_by)
}

fn named(name: &str, value: Option<Value>) -> Option<(String, Value)> {
    value.map(|value| (name.to_owned(), value))
}

fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_ERROR_BYTES)].to_owned()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whole milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn whole(ms: f64) -> u64 {
    ms.round() as u64
}

#[cfg(test)]
mod tests;
