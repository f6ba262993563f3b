//! `retry COMMAND` and `retry until COMMAND`: the driver. It carries out what the session decides, and tells the
//! session what happened.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

mod delivery;
mod described;
mod gatekeeper;
mod helpers;
mod hints;
mod inputs;
mod letters;
mod messages;
mod onlookers;
mod remains;
pub(super) mod replayed;
mod streams;
mod telling;
mod variables;
mod wrapped;

use self::gatekeeper::Gatekeeper;
use super::{Setup, ask};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::classify::profile::Knowledge;
use crate::classify::{AttemptResult, Ending, Hint, Rules, StartFailure, misread};
use crate::cli::{Invocation, Verb};
use crate::event::{Event, Level};
use crate::policy::{Policy, Resolved};
use crate::session::{Action, Activity, Attempt, Ended, HelperKind, Input, Session};
use crate::sys::environment::Outer;
use crate::sys::exchange::Exchange;
use crate::sys::sinks::Sinks;
use crate::sys::spool::HeldOutput;
use crate::sys::supervise::{self, Captured, Supervisor, SupervisorEvent};
use crate::sys::{clock, environment, identity, output};
use letters::Destination;
use replayed::Replayed;
use streams::Streams;
use telling::Telling;
use wrapped::Wrapped;

/// Runs the command until the session says that the run is over.
pub(super) fn run(invocation: &Invocation) -> Result<Exit, Error> {
    let words = invocation.command().to_vec();
    if words.is_empty() {
        let (verb, example) = match invocation.verb {
            Verb::Until => (" until", "--for 1m -- pg_isready -q"),
            _ => ("", "--max 5 -- curl -f URL"),
        };
        return Err(Error::usage("no command given").hint(format!(
            "usage: retry{verb} [OPTIONS] -- COMMAND [ARG]..., for example retry{verb} {example} \
             (retry{verb} --help shows more)"
        )));
    }
    if environment::is_disabled() == Some(true) {
        let command = Wrapped::new(words, invocation.value("shell"))?;
        return Ok(stood_aside(&command, supervise::exec(&command.program)));
    }
    let outer = Outer::find();
    let mut asked = ask(invocation, &outer)?;
    if asked.resolved.policy.shell.is_some() {
        hints::check_shell(&words)?;
        asked.warnings.extend(hints::unused_words(&words).into_iter().flatten());
    }
    asked.warnings.extend(hints::zero_is_a_success(&asked.resolved));
    let command = Wrapped::new(words, asked.resolved.policy.shell.as_ref().map(|shell| &shell.0))?;
    drive(&asked, command, outer, None)
}

/// Performs the whole run of a command. `replayed`: the parts that come from a dead letter.
fn drive(asked: &Setup, command: Wrapped, outer: Outer, replayed: Option<Replayed>) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        // Only a handful of descriptors are polled, and a larger buffer would only touch more memory.
        .max_io_events_per_tick(16)
        .build()
        .map_err(|why| Error::system("cannot start", &why))?;
    let _inside = runtime.enter();
    // Not part of the future, which would be moved with it.
    let mut driver = Driver::new(asked, command, outer, replayed)?;
    Ok(runtime.block_on(driver.drive()))
}

/// `RETRY_DISABLE=1`, and the command could not be executed: reports it, since no shell does.
fn stood_aside(command: &Wrapped, failure: StartFailure) -> Exit {
    let ending = Ending::NotStarted(command.program.explain(failure));
    let why = Rules::default().classify(&AttemptResult::ended(ending), None).reason;
    let text = format!("{}: {why}", command.argv[0].display());
    output::to_stderr(&format!("retry: {}\n", output::printable(&text)));
    Exit::Status(ending.status())
}

/// Connects the session to the machine.
struct Driver<'a> {
    policy: &'a Policy,
    resolved: &'a Resolved,
    command: Wrapped,
    outer: Outer,
    session: Session,
    supervisor: Supervisor,
    gatekeeper: Option<Gatekeeper>,
    sinks: Sinks,
    streams: Streams,
    telling: Telling,
    exchange: Option<Exchange>,
    knowledge: Rc<Knowledge>,
    /// Advice on the command's tool that has not been given yet, once an attempt is over.
    advice: Option<Vec<String>>,
    /// What was not understood of the last attempt's `$RETRY_HINT`.
    misread: Option<String>,
    has_explained_hint: bool,
    run: String,
    /// The operation's name.
    name: String,
    /// A key that is the same for every attempt and every replay of this work.
    idempotency_key: String,
    /// The destination of its dead letter.
    letters: Destination,
    /// The running hook or fallback.
    helper: Option<HelperKind>,
    /// On the elapsed clock.
    began: Duration,
    /// Unix milliseconds.
    deadline_at: Option<u64>,
    /// When the session wants to be woken, on the elapsed clock.
    wake_at: Option<Duration>,
    /// When the next attempt starts, on the elapsed clock, if known.
    starts_at: Option<Duration>,
    /// The process id of the running or last command.
    pid: i32,
    /// A signal told us to stop while the end of the run was being reported, for which other services may have kept us
    /// waiting.
    stopped_telling: bool,
}

impl<'a> Driver<'a> {
    fn new(
        asked: &'a Setup,
        command: Wrapped,
        outer: Outer,
        replayed: Option<Replayed>,
    ) -> Result<Self, Error> {
        let policy = &asked.resolved.policy;
        let random: [u8; 18] = identity::entropy();
        let (run_bytes, seed_bytes) = random.split_at(10);
        let run = identity::run_id(run_bytes.try_into().unwrap_or(&[0; 10]));
        let seed = u64::from_ne_bytes(seed_bytes.try_into().unwrap_or_default());
        let knowledge = Rc::new(asked.knowledge(&command.about));
        let gatekeeper = Gatekeeper::new(policy)?;
        let covered = gatekeeper.as_ref().map(|gatekeeper| gatekeeper.covered(&outer));
        let mut identity = described::identity(asked, &command, &outer, run.clone());
        let name = identity.name.clone();
        let (telling, note) = Telling::find(asked, &outer, &mut identity, &command);
        let mut sinks = described::sinks(asked, identity, &command, note.as_deref());
        let session = described::session(policy, &knowledge, covered, seed)
            .with_listeners([sinks.least_level(), telling.least_level()].into_iter().flatten().min())
            .with_owed(telling.owed());
        let interests = described::interests(policy, &knowledge, telling.pings());
        // First, since from then on exceeding the file size limit is a write error rather than a deadly signal.
        let prompt_start = sinks.want_start() || telling.pings();
        let supervisor = Supervisor::new(described::options(asked, prompt_start, replayed.is_some()))
            .map_err(|why| Error::system("cannot start", &why))?;
        let (inputs, letters, idempotency_key) = match replayed {
            Some(letter) => (letter.inputs, Destination::Replay(letter.report), letter.key),
            None => (inputs::open(policy, &command.argv)?, letters::open(policy, &run)?, run.clone()),
        };
        if let Destination::Missing(why) = &letters {
            sinks.note(Level::Warn, &format!("dead letters cannot be written: {why}"));
        }
        let deadline = policy.deadline.0;
        Ok(Self {
            policy,
            resolved: &asked.resolved,
            command,
            outer,
            session,
            gatekeeper,
            supervisor: supervisor.with_inputs(inputs),
            sinks,
            streams: Streams::new(policy, interests),
            telling,
            // Without it the command cannot give hints, but everything else works.
            exchange: Exchange::new().ok(),
            knowledge,
            advice: None,
            misread: None,
            has_explained_hint: false,
            idempotency_key,
            letters,
            run,
            name,
            helper: None,
            began: clock::now().elapsed,
            deadline_at: deadline.map(|deadline| clock::unix_millis().saturating_add(whole_millis(deadline))),
            wake_at: None,
            starts_at: None,
            pid: 0,
            stopped_telling: false,
        })
    }

    /// The main loop: carries out the session's actions and reports events to it.
    async fn drive(&mut self) -> Exit {
        if self.sinks.want_start() {
            let start = Event::RunStart(self.describe());
            self.sinks.enter_span(self.telling.span_id(&start));
            self.sinks.emit(&start);
        }
        if self.streams.keeps_all() {
            self.supervisor.held().keep_end();
        }
        let mut inputs = VecDeque::from([Input::Begin]);
        loop {
            let input = match inputs.pop_front() {
                Some(input) => input,
                None => self.next().await,
            };
            let now = clock::now();
            (self.wake_at, self.starts_at) = (None, None);
            for action in self.session.step(now, input) {
                match action {
                    Action::Admit(ask) => inputs.extend(self.admit(&ask)),
                    Action::Settle(settlement) => inputs.extend(self.settle(&settlement)),
                    Action::Renew => inputs.extend(self.renew()),
                    Action::Spawn(attempt) => inputs.extend(
                        self.spawn(&attempt)
                            .err()
                            .map(|why| self.ended(Ending::NotStarted(why), &Captured::default())),
                    ),
                    Action::Stop => self.supervisor.stop(self.policy.signal.0, self.policy.kill_after),
                    Action::WakeIn { after, next_attempt } => {
                        self.wake_at = Some(now.elapsed.saturating_add(after));
                        self.starts_at = next_attempt.map(|after| now.elapsed.saturating_add(after));
                    }
                    Action::RunHelper(helper) => inputs.extend(self.run_helper(&helper)),
                    Action::StopHelper { grace } => self.stop_helper(grace),
                    Action::KeepLetter(facts) => inputs.push_back(Input::Kept(self.keep_letter(&facts))),
                    Action::Emit(event) => self.emit(&event),
                    Action::Tell(level, text) => self.tell(level, &text),
                    Action::Deliver(delivery) => {
                        inputs.push_back(Input::Delivered(self.deliver(delivery).await));
                    }
                    Action::PingStart => self.telling.ping_start(),
                    Action::Ping(status, limit) => {
                        inputs.push_back(Input::Sent(self.ping(status, limit).await));
                    }
                    Action::Export(limit) => inputs.push_back(Input::Sent(self.export(limit).await)),
                    Action::Finish(exit) => {
                        self.supervisor.conclude();
                        self.sinks.clear();
                        return self.stopped_while_telling().unwrap_or(exit);
                    }
                }
            }
        }
    }

    fn spawn(&mut self, attempt: &Attempt) -> Result<(), StartFailure> {
        self.sinks.clear();
        if attempt.number > 1 {
            self.exchange.iter().for_each(Exchange::begin_anew);
        }
        let mut variables = self.variables(attempt);
        variables.extend(self.telling.variables(attempt));
        if !self.streams.keeps_all() {
            *self.supervisor.held() = HeldOutput::default();
        }
        let capture = self.streams.capture(attempt.last);
        if attempt.last && !helpers::reads_again(self.policy) {
            self.supervisor.expect_last();
        }
        self.sinks.begin_attempt(attempt.number, self.policy.attempts().times());
        self.pid = self.supervisor.spawn(&self.command.program, &variables, capture, attempt.latest)?;
        self.telling.started(self.pid);
        Ok(())
    }

    /// Waits for an event that concerns the session.
    async fn next(&mut self) -> Input {
        loop {
            let patience = self.patience();
            let event = self.supervisor.next(patience, &mut self.streams).await;
            let event = match self.of_helper(event) {
                Ok(input) => return input,
                Err(Some(event)) => event,
                Err(None) => continue,
            };
            return match event {
                SupervisorEvent::Started => Input::Started(self.pid),
                SupervisorEvent::Exited => Input::Exited,
                SupervisorEvent::Ended { ending, captured } => self.ended(ending, &captured),
                SupervisorEvent::Late => Input::Late,
                SupervisorEvent::Signal(signal) => Input::Signal(signal),
                SupervisorEvent::Woke => self.woke(),
                SupervisorEvent::Delivered(_) => continue,
                SupervisorEvent::Left(left) => {
                    self.sinks.note(Level::Warn, &remains::left(&left));
                    continue;
                }
                SupervisorEvent::Unkillable(left) => {
                    self.sinks.note(Level::Error, &remains::unkillable(&left));
                    Input::Unkillable
                }
                SupervisorEvent::Lost(why) => {
                    self.sinks.note(Level::Error, &format!("cannot determine how the command ended: {why}"));
                    Input::Unkillable
                }
            };
        }
    }

    /// Wakes the session with the command's latest activity.
    fn woke(&self) -> Input {
        Input::Activity(Activity {
            wrote: self.supervisor.last_written().filter(|_| self.streams.is_watched()),
            progress: self.policy.progress_timeout.0.and_then(|_| self.last_progress()),
        })
    }

    /// When progress was last recorded, on the elapsed clock.
    fn last_progress(&self) -> Option<Duration> {
        let now = clock::now().elapsed;
        let touched = self.exchange.as_ref().and_then(|exchange| exchange.last_progress(self.began, now));
        touched.max(self.streams.last_progress())
    }

    /// How long to wait for events: until the session's timer, but in slices, since the machine may be suspended meanwhile;
    /// in slices of a second while a countdown is drawn.
    fn patience(&mut self) -> Option<Duration> {
        let now = clock::now().elapsed;
        let left = self.wake_at?.saturating_sub(now);
        let in_slices = left.min(clock::SLICE);
        let Some(starts_at) = self.starts_at.filter(|_| self.sinks.counts_down()) else {
            return Some(in_slices);
        };
        let shown = starts_at.saturating_sub(now);
        if !self.sinks.count_down(shown) {
            return Some(in_slices);
        }
        let to_the_second = Duration::from_nanos(u64::from(shown.subsec_nanos()));
        Some(left.min(if to_the_second.is_zero() { Duration::from_secs(1) } else { to_the_second }))
    }

    fn ended(&mut self, ending: Ending, captured: &Captured) -> Input {
        let ending = match ending {
            Ending::NotStarted(failure) => Ending::NotStarted(self.command.program.explain(failure)),
            other => other,
        };
        let failed = ending != Ending::Exited(0);
        self.sinks.set_torn(self.streams.torn());
        // Also after a success: the hint must not apply to the next attempt.
        let hint = self.exchange.as_ref().and_then(Exchange::take_hint);
        self.misread = hint.as_deref().and_then(misread);
        Input::Ended(Ended {
            ending,
            hint: hint.as_deref().and_then(Hint::parse),
            reader_gone: captured.reader_gone || failed && output::stdout_reader_is_gone(),
            output_lost: Streams::lost(captured, self.supervisor.held().lost()),
            output: Some(Box::new(self.streams.facts(captured))),
            stdin_lost: self.supervisor.input_loss().map(|(number, loss)| inputs::loss(number, loss)),
            at: clock::unix_seconds(),
        })
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
