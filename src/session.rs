//! Answers what next: the state machine of a run. `step` is told the time and what happened, and answers what to do.
//!
//! A session never waits, never sees a file and never draws on the machine: the same inputs at the same times with the
//! same seed give the same actions. It owns one timer: a wake before anything is due only says how long is left.

mod admission;
mod aftermath;
mod bounds;
mod conclusion;
mod events;
mod helpers;
mod interface;
mod terms;
mod timer;
mod waiting;

pub use bounds::RunBounds;
pub use helpers::{Helper, HelperFacts, HelperKind, Judged, LetterFacts};
pub use interface::{
    Action, Activity, Answer, Attempt, Delivered, Delivery, Ended, Input, Kept, Owed, Pace, Sent,
};
pub use terms::Terms;

use std::rc::Rc;
use std::time::Duration;

use rand::SeedableRng;

use crate::backoff::Backoff;
use crate::base::Now;
use crate::base::exit_code::{self, Exit};
use crate::base::random::Generator;
use crate::classify::profile::Knowledge;
use crate::classify::{AttemptResult, Class, Classification, Rules};
use crate::event::{Level, Outcome};
use crate::gate::{Grant, Settled, Settlement};
use crate::policy::Policy;
use admission::{AfterSettling, Gate, Settling};
use bounds::ExpiredLimit;
use conclusion::{End, Step};
use events::Tallies;
use helpers::Running;

/// A run.
pub struct Session {
    bounds: Rc<RunBounds>,
    rules: Rc<Rules>,
    backoff: Rc<Backoff>,
    random: Generator,
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
    /// The least level that somebody listens to; `None`: nobody listens.
    listeners: Option<Level>,
    /// The messages that others are owed.
    owed: Owed,
    /// Limits that are shared, where attempts have to be admitted.
    gate: Option<Box<Gate>>,
    /// The report that the limits are being given.
    settling: Option<Box<Settling>>,
    /// Why output of the last attempt was lost, if it was.
    output_lost: Option<String>,
    /// The hook or the fallback that runs.
    helper: Option<Box<Running>>,
    /// The last attempt, as helpers are told of it; only where there may be one.
    judged: Option<Box<Judged>>,
    /// How the run ends, once that is being done.
    end: Option<Box<End>>,
    /// The actions of this step.
    out: Vec<Action>,
}

/// An attempt that is over, and judged.
#[derive(Debug)]
struct Over {
    attempt: AttemptResult,
    verdict: Classification,
    stopping: Option<ExpiredLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    /// The limits are asked.
    Admitting,
    /// The limits are told how the attempt ended.
    Settling,
    /// The command runs, or is about to.
    Running {
        since: Now,
        announced: bool,
        stopping: Option<ExpiredLimit>,
        /// The command is over but for its output: no time counts any more.
        draining: bool,
    },
    /// Until this moment on the elapsed clock.
    Waiting {
        since: Duration,
        until: Duration,
        /// When the next attempt starts, on the elapsed clock, where that is known.
        starts: Option<Duration>,
    },
    /// No attempt follows: this step of the end waits for its answer.
    Concluding(Step),
    Done,
}

impl Session {
    /// A run under this policy. `entropy` seeds the draws unless the policy has a seed.
    pub fn new(policy: &Policy, entropy: u64) -> Self {
        Self::under(&Terms::new(policy), policy.seed.unwrap_or(entropy))
    }

    /// A run under these terms, whose draws this seed decides.
    pub fn under(terms: &Terms, seed: u64) -> Self {
        Self {
            bounds: Rc::clone(&terms.bounds),
            rules: Rc::clone(&terms.rules),
            backoff: Rc::clone(&terms.backoff),
            random: Generator::seed_from_u64(seed),
            splay: terms.splay(seed),
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
            listeners: Some(Level::Debug),
            owed: Owed::default(),
            gate: None,
            settling: None,
            output_lost: None,
            helper: None,
            judged: None,
            end: None,
            out: Vec::new(),
        }
    }

    /// Judges by what is known of the command, too.
    pub fn with_knowledge(mut self, knowledge: Rc<Knowledge>) -> Self {
        Rc::make_mut(&mut self.rules).knowledge = knowledge;
        self
    }

    /// Quotes in its events the lines by which failures were recognised.
    pub fn with_quotes(mut self, quotes: bool) -> Self {
        Rc::make_mut(&mut self.rules).quotes = quotes;
        self
    }

    /// Builds only the events of this level and above; `None`: none at all.
    pub fn with_listeners(mut self, least: Option<Level>) -> Self {
        self.listeners = least;
        self
    }

    /// Tells others of the run, too.
    pub fn with_owed(mut self, owed: Owed) -> Self {
        self.owed = owed;
        self
    }

    /// The wait before the first attempt, drawn from the policy's `splay`; zero where there is none.
    pub fn splay(&self) -> Duration {
        self.splay
    }

    /// Reads a little of all that a step reads, and gives what it read. Who calls it for many sessions before their steps has
    /// the memory of all of them asked for at once.
    pub fn touch(&self) -> u64 {
        let times = [self.splay, self.began.awake, self.began.elapsed, self.wrote, self.progress, self.slept];
        let times = times.iter().fold(0, |sum, time| sum ^ time.as_secs());
        let counts = [self.attempts, self.retry, self.successes];
        let counts = counts.iter().fold(times, |sum, count| sum ^ count);
        let is_some =
            [self.gate.is_some(), self.end.is_some(), self.output_lost.is_some(), self.owed.ping.is_some()];
        let is_waiting = matches!(self.state, State::Waiting { .. });
        let rest = is_some.iter().fold(is_waiting, |one, other| one ^ other);
        counts ^ u64::from(rest) ^ self.signals.len() as u64 ^ self.out.len() as u64
    }

    /// Takes in what happened at `now`, and answers what to do, in this order. The timer is always said anew.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        self.step_into(now, input, &mut out);
        out
    }

    /// Takes a step as [`Session::step`] does, and puts the actions into `out`, which is empty: one place for them
    /// serves many sessions.
    pub fn step_into(&mut self, now: Now, input: Input, out: &mut Vec<Action>) {
        std::mem::swap(&mut self.out, out);
        self.advance(now, input);
        if let Some(after) = self.due(now) {
            let next_attempt = match self.state {
                State::Waiting { starts, .. } if self.helper.is_none() => {
                    starts.map(|at| at.saturating_sub(now.elapsed))
                }
                _ => None,
            };
            self.out.push(Action::WakeIn { after, next_attempt });
        }
        std::mem::swap(&mut self.out, out);
    }

    fn advance(&mut self, now: Now, input: Input) {
        match (self.state, input) {
            (State::New, Input::Begin) => self.begin(now),
            (State::Admitting, Input::Admission(answer, pace)) => self.answered(now, answer, &pace),
            (State::Settling, Input::Settled(answer)) => self.settled(now, answer),
            (_, Input::Renewed(Answer::Failed(why))) => self.bypass(why),
            (_, Input::Renewed(Answer::Busy)) => self.renew_soon(now),
            (State::Running { .. }, Input::Started(pid)) => self.announce(Some(pid)),
            (State::Running { since, announced, stopping, .. }, Input::Exited) => {
                self.state = State::Running { since, announced, stopping, draining: true };
            }
            (State::Running { since, stopping, .. }, Input::Ended(ended)) => {
                self.ended(now, since, ended, stopping);
            }
            (State::Running { .. }, Input::Late) => self.not_begun(now),
            (State::Running { .. }, Input::Signal(signal)) => self.signals.push(signal),
            (State::Running { .. }, Input::Woke) => {
                self.renew(now);
                self.check_time(now);
            }
            (State::Settling, Input::Woke) => self.settle_again(),
            (State::Settling, Input::Signal(signal)) => self.stop_settling(now, signal),
            (State::Running { .. } | State::Waiting { .. } | State::Settling, Input::Activity(activity)) => {
                self.wrote = self.wrote.max(activity.wrote.unwrap_or_default());
                self.progress = self.progress.max(activity.progress.unwrap_or_default());
                self.advance(now, Input::Woke);
            }
            (State::Waiting { .. }, Input::Signal(signal)) => self.interrupt_wait(now, signal),
            (State::Waiting { since, until, .. }, Input::Woke) => self.wake_in_wait(now, since, until),
            (_, Input::HelperEnded(ending)) => self.helper_ended(now, ending),
            (State::Running { .. }, Input::Unkillable) => {
                self.settle(now, Settlement::UNKNOWN, AfterSettling::Unkillable);
            }
            (State::New | State::Waiting { .. }, Input::Unkillable) => {
                self.conclude(now, Outcome::Error, Exit::Status(exit_code::FAILURE), String::new());
            }
            (State::Concluding(step), Input::Delivered(delivered)) => self.delivered(now, step, delivered),
            (State::Concluding(Step::Letter), Input::Kept(kept)) => self.kept(now, kept),
            (State::Concluding(step), Input::Sent(sent)) => self.sent(now, step, sent),
            (State::Concluding(_), Input::Signal(signal)) => self.interrupt_helper(signal),
            (State::Concluding(_), Input::Woke | Input::Activity(_)) => self.check_helper_time(now),
            _ => {}
        }
    }

    fn spawn(&mut self, now: Now, granted: Grant) {
        self.attempts += 1;
        self.wrote = now.awake;
        self.output_lost = None;
        self.state = State::Running { since: now, announced: false, stopping: None, draining: false };
        let last = self.bounds.is_last(self.attempts);
        let latest = self.bounds.deadline_after(self.began.elapsed);
        let attempt = Attempt { number: self.attempts, last, previous: self.last, granted, latest };
        self.out.push(Action::Spawn(attempt));
    }

    fn ended(&mut self, now: Now, since: Now, ended: Ended, stopping: Option<ExpiredLimit>) {
        self.announce(None);
        let attempt = AttemptResult {
            ending: ended.ending,
            timed_out: stopping.is_some(),
            duration: now.awake.saturating_sub(since.awake),
            hint: ended.hint,
            reader_gone: ended.reader_gone,
            output: ended.output,
            ended_at: ended.at,
        };
        self.output_lost = ended.output_lost;
        let mut verdict = self.rules.classify(&attempt, self.signals.last().copied());
        if stopping == Some(ExpiredLimit::Idle) && verdict.reason == "timeout" {
            verdict.reason = self.bounds.idle_words().into();
        }
        if let Some(why) = &ended.stdin_lost
            && self.wants_another(verdict.class)
        {
            verdict = verdict.with_stdin_lost(why);
        }
        self.last = Some((attempt.status(), verdict.class));
        if self.bounds.has_helpers() {
            self.judged = Some(Box::new(Judged::new(&attempt, &verdict, ended.stdin_lost)));
        }
        let over = Over { attempt, verdict, stopping };
        if self.gate.is_some() {
            let settlement = self.settlement(&over.attempt, &over.verdict);
            self.settle(now, settlement, AfterSettling::Attempt(Box::new(over)));
        } else {
            self.go_on(now, &over, Settled::default());
        }
    }

    /// Would another attempt follow one of this class, as far as the policy says?
    fn wants_another(&self, class: Class) -> bool {
        let unfinished = class == Class::Success && self.successes + 1 < self.bounds.successes;
        (class.is_retryable() || unfinished) && !self.bounds.is_last(self.attempts)
    }

    /// Decides what follows an attempt. `settled`: the answer of the limits to its report.
    fn go_on(&mut self, now: Now, over: &Over, settled: Settled) {
        let Over { attempt, verdict, .. } = over;
        if !self.signals.is_empty() {
            self.interrupted(now, attempt, verdict);
        } else if verdict.class == Class::Success {
            self.succeeded(now, attempt);
        } else {
            self.failed(now, over, settled);
        }
    }
}

#[cfg(test)]
mod tests;
