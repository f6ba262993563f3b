//! Messages about a run to other machines: spans for a collector of traces, and pings.

use std::time::Duration;

use super::wrapped::{Wrapped, base_name};
use super::{Driver, remains};
use crate::backoff::{Backoff, Jitter, Strategy};
use crate::commands::Setup;
use crate::event::{Event, Level, Outcome, RunIdentity, RunStop, Tally};
use crate::ping::{self, Kind, Moment, Target};
use crate::policy::Policy;
use crate::policy::layer::Origin;
use crate::policy::value::{PingKind, Traces};
use crate::session::{Attempt, Owed, Sent};
use crate::sys::environment::{self, Outer};
use crate::sys::sender::{Job, Sender};
use crate::sys::supervise::{SupervisorEvent, Variable};
use crate::sys::{clock, identity};
use crate::trace::{self, About, Export, Recorder, Settings, TraceContext, Value};

/// The time limit of a single try of a ping.
const PING_TRY: Duration = Duration::from_secs(2);
/// The number of tries of the last ping.
const PING_TRIES: u64 = 3;
/// How much longer than its time limit we wait for the result of a message.
const GRACE: Duration = Duration::from_millis(50);

/// All messages to other services.
#[derive(Default)]
pub(super) struct Telling {
    tracer: Option<Tracer>,
    pinger: Option<Pinger>,
    sender: Sender,
    /// Messages whose results have not been collected yet.
    pending: u32,
    /// The trace begins with the run, so `TRACESTATE` of another one is removed.
    is_first: bool,
}

struct Tracer {
    settings: Settings,
    recorder: Recorder,
    /// On the elapsed clock.
    began: Duration,
}

struct Pinger {
    target: Target,
    kind: Kind,
    timeout: Duration,
    run: String,
    name: String,
    environment: Option<String>,
    began: Duration,
    /// How the run ended, in words.
    message: String,
}

impl Telling {
    /// Sets up what the policy and the environment request, and adds the trace to `identity`. Also returns a note for `-v`.
    pub(super) fn find(
        asked: &Setup,
        outer: &Outer,
        identity: &mut RunIdentity,
        command: &Wrapped,
    ) -> (Self, Option<String>) {
        let policy = &asked.resolved.policy;
        let began = clock::now().elapsed;
        // A nested run inherits the environment of the outer one, and would ping in its place.
        let may_ping = outer.depth == 0 || *asked.resolved.origin("ping") == Origin::Flag;
        let pinger = policy.ping.as_ref().filter(|_| may_ping).map(|ping| Pinger {
            kind: match policy.ping_kind {
                PingKind::Auto => ping.0.kind(),
                PingKind::Fixed(kind) => kind,
            },
            target: ping.0.clone(),
            timeout: policy.ping_timeout,
            run: identity.run.clone(),
            name: identity.name.clone(),
            environment: policy.label.0.get("environment").cloned(),
            began,
            message: String::new(),
        });
        let mut telling = Self { pinger, ..Self::default() };
        if policy.traces == Traces::Off || !environment::has_endpoints() {
            return (telling, None);
        }
        let incoming = environment::trace();
        let settings = match Export::find(&environment::text, incoming.as_ref()) {
            Export::Off => return (telling, None),
            Export::Impossible(why) => return (telling, Some(format!("traces not exported: {why}"))),
            Export::On(settings) => with_host(*settings),
        };
        telling.is_first = incoming.is_none();
        let about = about(policy, identity, command);
        let recorder = Recorder::new(about, incoming, identity::entropy(), clock::since_epoch());
        identity.trace_id = Some(recorder.context().trace_id());
        telling.tracer = Some(Tracer { settings, recorder, began });
        (telling, None)
    }

    pub(super) fn owed(&self) -> Owed {
        Owed {
            ping: self.pinger.as_ref().map(|pinger| pinger.timeout),
            traces: self.tracer.as_ref().map(|tracer| tracer.settings.limit),
        }
    }

    /// The lowest level of events that are recorded.
    pub(super) fn least_level(&self) -> Option<Level> {
        self.is_asked_for().then_some(Level::Info)
    }

    pub(super) fn pings(&self) -> bool {
        self.pinger.is_some()
    }

    fn is_asked_for(&self) -> bool {
        self.tracer.is_some() || self.pinger.is_some()
    }

    /// Variables for the command of an attempt that is about to begin.
    pub(super) fn variables(&mut self, attempt: &Attempt) -> Vec<Variable> {
        let Some(tracer) = &mut self.tracer else { return Vec::new() };
        let random = u64::from_ne_bytes(identity::entropy());
        let context = tracer.recorder.begin(attempt.number, random, tracer.since());
        self.carried(context)
    }

    /// Variables for a hook or the fallback, which are part of the run but not of an attempt.
    pub(super) fn helper_variables(&self) -> Vec<Variable> {
        let context = self.tracer.as_ref().map(|tracer| tracer.recorder.context());
        context.map_or_else(Vec::new, |context| self.carried(context))
    }

    fn carried(&self, context: TraceContext) -> Vec<Variable> {
        let mut variables = vec![("TRACEPARENT", Some(context.to_string().into()))];
        // Without a valid context it is meaningless (W3C Trace Context, 3.3).
        variables.extend(self.is_first.then_some(("TRACESTATE", None)));
        variables
    }

    /// The command of the attempt has this process id.
    pub(super) fn started(&mut self, pid: i32) {
        if let Some(tracer) = &mut self.tracer {
            tracer.recorder.started(pid);
        }
    }

    /// The span that an event belongs to.
    pub(super) fn span_id(&self, event: &Event) -> Option<String> {
        self.tracer.as_ref().map(|tracer| tracer.recorder.span_id(event))
    }

    pub(super) fn parent_span_id(&self) -> Option<String> {
        self.tracer.as_ref()?.recorder.parent_span_id()
    }

    /// Records an event.
    pub(super) fn take(&mut self, event: &Event, program: &str) {
        if let Some(tracer) = &mut self.tracer {
            let since = tracer.since();
            tracer.recorder.take(event, since);
        }
        if let (Some(pinger), Event::RunStop(stop)) = (&mut self.pinger, event) {
            pinger.message = rescue(stop).unwrap_or_else(|| event.message(&pinger.name, program));
        }
    }

    /// Starts the ping that the command has begun. Its result is reported with that of the last ping.
    pub(super) fn ping_start(&mut self) {
        let Some(job) =
            self.pinger.as_ref().map(|pinger| pinger.job(Moment::Start, PING_TRY, "", Vec::new()))
        else {
            return;
        };
        let limit = job.limit;
        self.pending += u32::from(self.sender.send(job, limit).is_ok());
    }

    fn ping_end(&self, status: u8, limit: Duration, tail: &str) -> Option<Job> {
        let moment = if status == 0 { Moment::Success } else { Moment::Failure(status) };
        let schedule = Backoff {
            strategy: Strategy::Exponential,
            delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(1),
            factor: 2.0,
            jitter: Jitter::Equal,
        };
        let random = u64::from_ne_bytes(identity::entropy());
        let share =
            |retry: u64| f64::from(u32::try_from((random >> (16 * retry)) & 0xffff).unwrap_or(0)) / 65536.0;
        let pauses = (1..PING_TRIES).map(|retry| schedule.draw(retry, None, share(retry))).collect();
        self.pinger.as_ref().map(|pinger| pinger.job(moment, limit, tail, pauses))
    }

    fn export(&self, limit: Duration) -> Option<Job> {
        /// The wait before the only retry.
        const PAUSE: Duration = Duration::from_millis(100);
        let Tracer { settings, recorder, .. } = self.tracer.as_ref()?;
        let body = recorder.encode(&settings.resource, env!("CARGO_PKG_VERSION"), settings.encoding);
        let request = settings.request(body);
        Some(Job { request, limit, try_limit: limit, pauses: vec![PAUSE], judge: trace::judge })
    }
}

impl Tracer {
    fn since(&self) -> Duration {
        clock::now().elapsed.saturating_sub(self.began)
    }
}

impl Pinger {
    fn job(&self, moment: Moment, limit: Duration, tail: &str, pauses: Vec<Duration>) -> Job {
        let report = ping::Report {
            run: &self.run,
            environment: self.environment.as_deref(),
            elapsed: clock::now().elapsed.saturating_sub(self.began),
            message: &self.message,
            tail,
        };
        let request = self.target.request(self.kind, moment, &report);
        Job { request, limit, try_limit: PING_TRY, pauses, judge: ping::judge }
    }
}

/// Describes a success after failures; `None` for any other end.
fn rescue(stop: &RunStop) -> Option<String> {
    let rescued = stop.outcome == Outcome::Succeeded && !stop.failures.is_empty();
    let seen: Vec<_> = stop.failures.iter().map(Tally::to_string).collect();
    rescued.then(|| format!("rescued on attempt {}: {}", stop.attempts, seen.join(", ")))
}

fn about(policy: &Policy, identity: &RunIdentity, command: &Wrapped) -> About {
    let words = command.argv.iter().map(|word| word.to_string_lossy().into_owned());
    About {
        run: identity.run.clone(),
        operation: identity.name.clone(),
        program: base_name(&command.argv[0]),
        argv: policy.log_argv.then(|| words.collect()),
        policy: identity.policy.clone().unwrap_or_else(|| "default".to_owned()),
        key: identity.key.clone(),
        labels: identity.labels.clone(),
        max: policy.attempts().times(),
        pid: identity.pid,
    }
}

/// Adds attributes of the machine to the resource, unless variables set them.
fn with_host(mut settings: Settings) -> Settings {
    let known = [
        ("service.version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("host.name", identity::host().into()),
        ("os.type", if cfg!(target_os = "macos") { "darwin" } else { "linux" }.into()),
        ("process.pid", u64::from(std::process::id()).into()),
    ];
    for (name, value) in known {
        if !settings.resource.iter().any(|(said, _)| said == name) {
            settings.resource.push((name.to_owned(), value));
        }
    }
    settings
}

impl Driver<'_> {
    /// Pings how the run ended.
    pub(super) async fn ping(&mut self, status: u8, limit: Duration) -> Sent {
        let tail = self.streams.last_stderr();
        match self.telling.ping_end(status, limit, &tail) {
            Some(job) => self.send(job).await.map_or_else(|sent| sent, |_| Sent::Taken),
            None => Sent::Taken,
        }
    }

    /// Exports the run's spans.
    pub(super) async fn export(&mut self, limit: Duration) -> Sent {
        let Some(job) = self.telling.export(limit) else { return Sent::Taken };
        let (host, encoding) = match &self.telling.tracer {
            Some(tracer) => (tracer.settings.host.clone(), tracer.settings.encoding),
            None => return Sent::Taken,
        };
        match self.send(job).await {
            Ok(body) => match trace::rejected(&body, encoding) {
                Some(why) => Sent::Failed(why),
                None => Sent::Taken,
            },
            Err(Sent::Failed(why)) => Sent::Failed(format!("{host}: {why}")),
            Err(sent) => sent,
        }
    }

    /// Sends a message and waits until it is taken: the answer's body. Those before it get half of its time to be done; one
    /// that failed, or is given up for this one, counts as a failure, too. A signal that tells us to stop ends the wait.
    async fn send(&mut self, job: Job) -> Result<Vec<u8>, Sent> {
        let (began, limit) = (clock::now().elapsed, job.limit);
        let earlier = self.answered(began.saturating_add(limit / 2), PING_TRY.min(limit / 2)).await;
        if let Err(Sent::Interrupted(_)) = earlier {
            return earlier;
        }
        if self.telling.pending > 0 {
            // Its thread is left where it is, and this message gets another.
            (self.telling.sender, self.telling.pending) = (Sender::default(), 0);
        }
        let until = began.saturating_add(limit);
        let left = until.saturating_sub(clock::now().elapsed);
        self.telling
            .sender
            .send(job, left)
            .map_err(|why| Sent::Failed(crate::base::words::of_system(&why)))?;
        self.telling.pending += 1;
        let body = self.answered(until.saturating_add(GRACE), limit).await?;
        earlier.and(Ok(body))
    }

    /// Waits until this moment for the answers to all messages that were sent: the body of the last one. `told`: the time
    /// that is told of when it is over.
    async fn answered(&mut self, until: Duration, told: Duration) -> Result<Vec<u8>, Sent> {
        let (mut body, mut failed) = (Vec::new(), None);
        loop {
            while let Some(outcome) = self.telling.sender.outcome() {
                self.telling.pending = self.telling.pending.saturating_sub(1);
                match outcome {
                    Err(why) => failed = Some(why),
                    Ok(answer) => body = answer.body,
                }
                if self.telling.pending == 0 {
                    break;
                }
            }
            if self.telling.pending == 0 {
                return failed.map_or(Ok(body), |why| Err(Sent::Failed(why)));
            }
            let left = until.saturating_sub(clock::now().elapsed);
            if left.is_zero() {
                let told = crate::base::duration::approximate(told);
                return Err(Sent::Failed(format!("no response within {told}")));
            }
            match self.supervisor.next(Some(left), &mut self.streams).await {
                SupervisorEvent::Signal(signal) => return Err(Sent::Interrupted(signal)),
                SupervisorEvent::Left(left) => self.sinks.note(Level::Warn, &remains::left(&left)),
                _ => {}
            }
        }
    }
}
