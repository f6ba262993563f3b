//! What next: the state machine of a run. `step` is told the time and what happened, and answers what to do.
//!
//! It never waits, never sees a file and never draws on the machine: the same inputs at the same times with the
//! same seed give the same actions. It owns one timer: a wake before anything is due only says how long is left.

mod admission;
mod aftermath;
mod limits;
mod report;

pub use admission::{Answer, Wait};
pub use limits::Limits;
pub use report::with_end;

use std::rc::Rc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::backoff::Backoff;
use crate::base::Now;
use crate::base::exit_code::{self, Exit};
use crate::classify::profile::Knowledge;
use crate::classify::{AttemptResult, Class, Classification, Ending, Hint, Output, Rules};
use crate::event::{AttemptStart, Event, Outcome, RunStop};
use crate::gate::{self, Settled};
use crate::policy::Policy;
use aftermath::failed_exit;
use report::Tallies;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The run begins.
    Begin,
    /// What the limits say of the attempt that asked to start.
    Admission(Answer),
    /// They know how the attempt ended; why they would refuse another one, if they would.
    Settled(Settled),
    /// The command is running as this process.
    Started(i32),
    /// The attempt is over.
    Ended {
        ending: Ending,
        hint: Option<Hint>,
        reader_gone: bool,
        output: Output,
        stdin_lost: Option<String>,
        /// When, in seconds since the Unix epoch.
        at: i64,
    },
    /// A signal told us to stop.
    Signal(i32),
    /// The timer, or nothing at all.
    Woke,
    /// The same, and what is known of the command's doings meanwhile.
    Signs(Signs),
    /// The command's processes would not die.
    Unkillable,
}

/// Signs of life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signs {
    /// When the command last wrote something, on the awake clock.
    pub wrote: Option<Duration>,
    /// When progress was last recorded, on the elapsed clock.
    pub progress: Option<Duration>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a handful exist at a time, and an event is told at once")]
pub enum Action {
    /// Ask the limits whether an attempt may start.
    Admit(gate::Ask),
    /// Tell them how the attempt ended. Every attempt that was admitted is told of once.
    Settle(gate::Settlement),
    /// Start an attempt.
    Spawn(Attempt),
    /// The running attempt is out of time: stop it and all that it started.
    Stop,
    /// Come back after this long at the latest.
    WakeIn(Duration),
    /// Tell of it.
    Emit(Event),
    /// The run is over.
    Finish(Exit),
}

/// An attempt to start, and what its command is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u64,
    /// There will be no other if it fails.
    pub last: bool,
    /// The status and the class of the one before.
    pub previous: Option<(u8, Class)>,
}

/// A run.
pub struct Session {
    limits: Limits,
    rules: Rules,
    backoff: Backoff,
    random: StdRng,
    /// The wait before the first attempt.
    splay: Duration,
    state: State,
    began: Now,
    /// How many attempts were started.
    attempts: u64,
    /// How many waits were drawn since the backoff began, or began again.
    retry: u64,
    /// The last wait that was drawn since then.
    drawn: Option<Duration>,
    /// Successes in a row.
    successes: u64,
    /// When the command last wrote something, on the awake clock.
    wrote: Duration,
    /// When progress was last recorded, on the elapsed clock.
    progress: Duration,
    slept: Duration,
    /// The signals that told us to stop, in their order.
    signals: Vec<i32>,
    last: Option<(u8, Class)>,
    tallies: Tallies,
    /// Attempts have to be admitted.
    gated: bool,
    /// Since when it waits as a server asked it to, on the elapsed clock.
    asked_since: Option<Duration>,
    /// The attempt that asks to be.
    asking: Option<admission::Asking>,
    /// The attempt whose end the limits are being told of.
    settling: Option<Box<Over>>,
}

/// An attempt that is over, and judged.
struct Over {
    attempt: AttemptResult,
    verdict: Classification,
    stopping: Option<OutOf>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    /// The limits are asked.
    Admitting,
    /// The limits are told.
    Settling,
    /// The command runs, or is about to.
    Running {
        since: Now,
        announced: bool,
        stopping: Option<OutOf>,
    },
    /// Until this moment on the elapsed clock.
    Waiting {
        since: Duration,
        until: Duration,
    },
    Done,
}

/// Which time an attempt is out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OutOf {
    Timeout,
    Deadline,
    Idle,
    Progress,
}

impl Session {
    /// A run under this policy. `entropy` seeds the draws unless the policy has a seed.
    pub fn new(policy: &Policy, entropy: u64) -> Self {
        let seed = policy.seed.unwrap_or(entropy);
        Self {
            limits: Limits::new(policy),
            rules: policy.rules(),
            backoff: policy.schedule(),
            random: StdRng::seed_from_u64(seed),
            splay: policy.splay.0.map_or(Duration::ZERO, |most| drawn_splay(most, seed)),
            state: State::New,
            began: Now::default(),
            attempts: 0,
            retry: 0,
            drawn: None,
            successes: 0,
            wrote: Duration::ZERO,
            progress: Duration::ZERO,
            slept: Duration::ZERO,
            signals: Vec::new(),
            last: None,
            tallies: Tallies::default(),
            gated: false,
            asked_since: None,
            asking: None,
            settling: None,
        }
    }

    /// Judges by what is known of the command, too.
    pub fn with_knowledge(mut self, knowledge: Rc<Knowledge>) -> Self {
        self.rules.knowledge = knowledge;
        self
    }

    /// The wait before the first attempt, drawn from the policy's `splay`; zero where there is none.
    pub fn splay(&self) -> Duration {
        self.splay
    }

    /// Takes in what happened at `now`, and answers what to do, in this order. The timer is always said anew.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Action> {
        let mut actions = self.advance(now, input);
        actions.extend(self.due(now).map(Action::WakeIn));
        actions
    }

    fn advance(&mut self, now: Now, input: Input) -> Vec<Action> {
        match (self.state, input) {
            (State::New, Input::Begin) => self.begin(now),
            (State::Admitting, Input::Admission(answer)) => self.answered(now, answer),
            (State::Settling, Input::Settled(settled)) => match self.settling.take() {
                Some(over) => self.go_on(now, &over, settled),
                None => Vec::new(),
            },
            (State::Running { .. }, Input::Started(pid)) => self.announce(Some(pid)),
            (
                State::Running { since, stopping, .. },
                Input::Ended { ending, hint, reader_gone, output, stdin_lost, at },
            ) => {
                let duration = now.awake.saturating_sub(since.awake);
                let timed_out = stopping.is_some();
                let attempt = AttemptResult {
                    ending,
                    timed_out,
                    duration,
                    hint,
                    reader_gone,
                    output,
                    stdin_lost,
                    ended_at: at,
                };
                self.ended(now, attempt, stopping)
            }
            (State::Running { .. }, Input::Signal(signal)) => {
                self.signals.push(signal);
                Vec::new()
            }
            (State::Running { .. }, Input::Woke) => self.check_time(now),
            (State::Running { .. } | State::Waiting { .. }, Input::Signs(signs)) => {
                self.wrote = self.wrote.max(signs.wrote.unwrap_or_default());
                self.progress = self.progress.max(signs.progress.unwrap_or_default());
                self.advance(now, Input::Woke)
            }
            (State::Waiting { since, .. }, Input::Signal(signal)) => {
                self.slept += now.elapsed.saturating_sub(since);
                self.signals.push(signal);
                self.finish(now, Outcome::Interrupted, Exit::Signal(signal))
            }
            (State::Waiting { since, .. }, Input::Woke) if self.limits.is_stalled(self.standstill(now)) => {
                self.slept += now.elapsed.saturating_sub(since);
                let status = self.last.map_or(exit_code::REFUSED, |(status, _)| status);
                self.finish_since(now, Outcome::Stalled, failed_exit(status), self.limits.stalled_words())
            }
            (State::Waiting { since, until }, Input::Woke) if now.elapsed >= until => {
                self.slept += now.elapsed.saturating_sub(since);
                self.go(now)
            }
            (State::New | State::Running { .. } | State::Waiting { .. }, Input::Unkillable) => {
                let told = self.gated && matches!(self.state, State::Running { .. });
                let mut actions: Vec<_> =
                    told.then_some(Action::Settle(gate::Settlement::UNKNOWN)).into_iter().collect();
                actions.extend(self.finish(now, Outcome::Error, Exit::Status(exit_code::FAILURE)));
                actions
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, now: Now) -> Vec<Action> {
        self.began = now;
        self.progress = now.elapsed;
        if self.limits.is_past_deadline(Duration::ZERO) {
            let why = "the deadline of the enclosing run has passed".to_owned();
            return self.finish_since(now, Outcome::Deadline, Exit::Status(exit_code::TIMED_OUT), why);
        }
        if self.splay.is_zero() {
            return self.go(now);
        }
        if self.would_pass_deadline(now, self.splay) {
            let why = self.limits.past_deadline_words(self.splay);
            return self.finish_since(now, Outcome::Deadline, Exit::Status(exit_code::TIMED_OUT), why);
        }
        // Nobody makes progress before there is an attempt.
        self.progress = now.elapsed.saturating_add(self.splay);
        self.wait(now, self.splay);
        Vec::new()
    }

    fn spawn(&mut self, now: Now) -> Vec<Action> {
        self.attempts += 1;
        self.wrote = now.awake;
        self.state = State::Running { since: now, announced: false, stopping: None };
        let last = self.limits.is_last(self.attempts);
        vec![Action::Spawn(Attempt { number: self.attempts, last, previous: self.last })]
    }

    /// Tells that the attempt began, once.
    fn announce(&mut self, child_pid: Option<i32>) -> Vec<Action> {
        let State::Running { announced, .. } = &mut self.state else { return Vec::new() };
        if std::mem::replace(announced, true) {
            return Vec::new();
        }
        let start = AttemptStart { attempt: self.attempts, max: self.limits.max, child_pid };
        vec![Action::Emit(Event::AttemptStart(start))]
    }

    /// Stops an attempt that is out of time.
    fn check_time(&mut self, now: Now) -> Vec<Action> {
        let State::Running { since, stopping: None, .. } = self.state else { return Vec::new() };
        let out_of = if self.limits.is_past_deadline(self.elapsed(now)) {
            OutOf::Deadline
        } else if self.limits.is_stalled(self.standstill(now)) {
            OutOf::Progress
        } else if self.limits.is_timed_out(now.awake.saturating_sub(since.awake)) {
            OutOf::Timeout
        } else if self.limits.is_idle(self.silence(now)) {
            OutOf::Idle
        } else {
            return Vec::new();
        };
        if let State::Running { stopping, .. } = &mut self.state {
            *stopping = Some(out_of);
        }
        vec![Action::Stop]
    }

    /// How long until something is due, if anything is.
    fn due(&self, now: Now) -> Option<Duration> {
        let stalled = self.limits.until_stalled(self.standstill(now));
        match self.state {
            State::Running { since, stopping: None, .. } => {
                let running = now.awake.saturating_sub(since.awake);
                let left = self.limits.time_left(running, self.silence(now), self.elapsed(now));
                [left, stalled].into_iter().flatten().min()
            }
            State::Waiting { until, .. } => {
                let left = until.saturating_sub(now.elapsed);
                Some(stalled.map_or(left, |stalled| stalled.min(left)))
            }
            _ => None,
        }
    }

    fn ended(&mut self, now: Now, attempt: AttemptResult, stopping: Option<OutOf>) -> Vec<Action> {
        let mut actions = self.announce(None);
        let mut verdict = self.rules.classify(&attempt, self.signals.last().copied());
        if stopping == Some(OutOf::Idle) && verdict.reason == "timeout" {
            verdict.reason = self.limits.idle_words().into();
        }
        if let Some(why) = &attempt.stdin_lost
            && verdict.class == Class::Success
            && self.successes + 1 < self.limits.successes
            && !self.limits.is_last(self.attempts)
        {
            verdict = verdict.with_stdin_lost(why);
        }
        self.last = Some((attempt.status(), verdict.class));
        let over = Over { attempt, verdict, stopping };
        if self.gated {
            actions.push(Action::Settle(self.settlement(&over.attempt, &over.verdict)));
            self.state = State::Settling;
            self.settling = Some(Box::new(over));
        } else {
            actions.extend(self.go_on(now, &over, Settled::default()));
        }
        actions
    }

    /// What follows an attempt. `settled`: what the limits make of it.
    fn go_on(&mut self, now: Now, over: &Over, settled: Settled) -> Vec<Action> {
        let Over { attempt, verdict, .. } = over;
        if !self.signals.is_empty() {
            self.interrupted(now, attempt, verdict)
        } else if verdict.class == Class::Success {
            self.succeeded(now, attempt)
        } else {
            self.failed(now, over, settled)
        }
    }

    fn would_pass_deadline(&self, now: Now, wait: Duration) -> bool {
        self.limits.is_past_deadline(self.elapsed(now).saturating_add(wait))
    }

    fn wait(&mut self, now: Now, wait: Duration) {
        self.state = State::Waiting { since: now.elapsed, until: now.elapsed.saturating_add(wait) };
    }

    /// The end, for which the last attempt has given the reason.
    fn finish(&mut self, now: Now, outcome: Outcome, exit: Exit) -> Vec<Action> {
        self.finish_since(now, outcome, exit, String::new())
    }

    fn finish_since(&mut self, now: Now, outcome: Outcome, exit: Exit, why: String) -> Vec<Action> {
        self.state = State::Done;
        let (exit_code, signal) = report::exit_fields(exit);
        let stop = RunStop {
            outcome,
            attempts: self.attempts,
            elapsed_ms: crate::event::millis(self.elapsed(now)),
            slept_ms: crate::event::millis(self.slept),
            exit_code,
            signal,
            failures: self.tallies.all(),
            why,
            set_by: self.status_set_by(outcome, exit),
        };
        vec![Action::Emit(Event::RunStop(stop)), Action::Finish(exit)]
    }

    /// How long no progress has been recorded.
    fn standstill(&self, now: Now) -> Duration {
        now.elapsed.saturating_sub(self.progress)
    }

    /// How long the command has written nothing.
    fn silence(&self, now: Now) -> Duration {
        now.awake.saturating_sub(self.wrote)
    }

    fn elapsed(&self, now: Now) -> Duration {
        now.elapsed.saturating_sub(self.began.elapsed)
    }
}

/// A wait between 0 and `most`, from a generator of its own: the run's other draws are the same with and without it.
fn drawn_splay(most: Duration, seed: u64) -> Duration {
    /// Keeps this generator apart from the run's, which has the same seed.
    const APART: u64 = 0x5350_4C41_5953_504C;
    let share: f64 = StdRng::seed_from_u64(seed ^ APART).random();
    most.mul_f64(share)
}

#[cfg(test)]
mod tests;
