//! The end of a run. What is still owed once no attempt follows is done step by step; only then is the run over.
//!
//! A step that needs the machine is an action, and its answer leads to the next step. Whatever may still change the outcome or
//! the exit stands before [`Step::Report`].

use std::time::Duration;

use super::{Action, Delivered, Delivery, Now, Sent, Session, State, events};
use crate::base::exit_code::{self, Exit};
use crate::classify::Stream;
use crate::event::{Event, Level, Outcome, RunStop, millis};

/// How a run ends.
#[derive(Debug)]
pub(super) struct End {
    outcome: Outcome,
    exit: Exit,
    /// Why it failed, where the last attempt has not said so.
    why: String,
    /// Of the run, without what is done to end it.
    elapsed: Duration,
    /// Reports of the last attempt. Its output stands before what we say of it.
    reports: Vec<Action>,
}

impl End {
    /// A command that was told to stop and ended well has its output and its status.
    fn is_good(&self) -> bool {
        self.outcome == Outcome::Succeeded
            || self.outcome == Outcome::Interrupted && self.exit == Exit::Status(0)
    }
}

/// The steps of an end, in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Delivers what is held of the last attempt's output.
    Output,
    /// Reports how the run ended. Nothing changes that any more.
    Report,
    /// Delivers all that was kept back, `--chronic`, after a failure.
    Everything,
    /// Pings how the run ended.
    Ping,
    /// Exports the run's spans.
    Export,
    Exit,
}

/// A run that was told to stop is not kept for longer than this by a ping.
const INTERRUPTED_PING: Duration = Duration::from_secs(1);

impl Session {
    /// No attempt follows: begins to end the run. `why`: see [`RunStop::why`].
    pub(super) fn conclude(&mut self, now: Now, outcome: Outcome, exit: Exit, why: String) {
        let (elapsed, reports) = (self.elapsed(now), std::mem::take(&mut self.out));
        self.end = Some(Box::new(End { outcome, exit, why, elapsed, reports }));
        self.conclude_from(Step::Output);
    }

    /// Goes on with an end at this step, until one has to be answered.
    fn conclude_from(&mut self, step: Step) {
        self.state = State::Concluding(step);
        let next = match step {
            Step::Output => match self.output_owed() {
                Some(delivery) => return self.out.push(Action::Deliver(delivery)),
                None => Step::Report,
            },
            Step::Report => {
                self.report_end();
                Step::Everything
            }
            Step::Everything if self.bounds.keeps_all && !self.ends_well() => {
                return self.out.push(Action::Deliver(Delivery::Everything));
            }
            Step::Everything => Step::Ping,
            Step::Ping => match self.ping_owed() {
                Some(ping) => return self.out.push(ping),
                None => Step::Export,
            },
            Step::Export => match self.owed.traces {
                // Who tells us to stop waits.
                Some(limit) if !self.is_interrupted() => return self.out.push(Action::Export(limit)),
                _ => Step::Exit,
            },
            Step::Exit => {
                self.state = State::Done;
                return self.out.extend(self.end.take().map(|end| Action::Finish(end.exit)));
            }
        };
        self.conclude_from(next);
    }

    /// A delivery is over.
    pub(super) fn delivered(&mut self, step: Step, delivered: Delivered) {
        if step != Step::Output {
            let interrupted = matches!(delivered, Delivered::Interrupted(_));
            return self.conclude_from(if interrupted { Step::Exit } else { Step::Ping });
        }
        match delivered {
            Delivered::Refused(stream, why) if stream != Stream::Stderr => self.output_lost = Some(why),
            Delivered::All | Delivered::Refused(..) => {}
            Delivered::Interrupted(signal) => {
                self.output_lost = None;
                self.change_end(Outcome::Interrupted, Exit::Signal(signal));
            }
        }
        self.conclude_from(Step::Report);
    }

    /// Others were told, or could not be. A signal ends all that is left.
    pub(super) fn sent(&mut self, step: Step, sent: Sent) {
        let (level, what, next) = match step {
            Step::Ping => (Level::Warn, "ping not sent", Step::Export),
            _ => (Level::Debug, "traces not exported", Step::Exit),
        };
        match sent {
            Sent::Taken => {}
            Sent::Failed(why) => self.out.push(Action::Tell(level, format!("{what}: {why}"))),
            Sent::Interrupted(signal) => {
                if !self.is_interrupted()
                    && let Some(end) = &mut self.end
                {
                    end.exit = Exit::Signal(signal);
                }
                return self.conclude_from(Step::Exit);
            }
        }
        self.conclude_from(next);
    }

    fn ping_owed(&self) -> Option<Action> {
        let (limit, end) = (self.owed.ping?, self.end.as_ref()?);
        let status = match (end.outcome, end.exit) {
            (Outcome::Succeeded, _) => 0,
            (_, Exit::Signal(signal)) => exit_code::killed_by(signal),
            // It had its own way of ending, perhaps a good one; the run is stopped all the same.
            (Outcome::Interrupted, Exit::Status(status)) => {
                self.signals.last().map_or(status, |signal| exit_code::killed_by(*signal))
            }
            (_, Exit::Status(status)) => status,
        };
        let limit = if self.is_interrupted() { limit.min(INTERRUPTED_PING) } else { limit };
        Some(Action::Ping(status, limit))
    }

    fn is_interrupted(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Interrupted)
    }

    fn output_owed(&self) -> Option<Delivery> {
        if self.bounds.keeps_all || self.attempts == 0 {
            return None;
        }
        // A part of what a success wrote would pass for the whole.
        let stdout = self.bounds.holds_stdout && self.output_lost.is_none() && self.ends_well();
        let stderr = self.bounds.holds_stderr && !self.bounds.is_last(self.attempts);
        (stdout || stderr).then_some(Delivery::LastAttempt { stdout, stderr })
    }

    fn ends_well(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.is_good())
    }

    fn change_end(&mut self, outcome: Outcome, exit: Exit) {
        if let Some(end) = &mut self.end {
            (end.outcome, end.exit) = (outcome, exit);
        }
    }

    fn report_end(&mut self) {
        let reports = self.end.as_mut().map(|end| std::mem::take(&mut end.reports));
        self.out.extend(reports.unwrap_or_default());
        if let Some(why) = self.output_lost.take() {
            self.out.push(Action::Tell(Level::Error, format!("output of the command was lost: {why}")));
            if self.ends_well() {
                self.change_end(Outcome::Error, Exit::Status(exit_code::FAILURE));
            }
        }
        let Some(end) = &mut self.end else { return };
        let (outcome, exit, elapsed, why) =
            (end.outcome, end.exit, end.elapsed, std::mem::take(&mut end.why));
        let level = if outcome == Outcome::Succeeded { Level::Info } else { Level::Error };
        self.emit(level, |session| {
            let (exit_code, signal) = events::exit_fields(exit);
            Event::RunStop(RunStop {
                outcome,
                attempts: session.attempts,
                elapsed_ms: millis(elapsed),
                slept_ms: millis(session.slept),
                exit_code,
                signal,
                failures: session.tallies.all(),
                rescued: outcome == Outcome::Succeeded && !session.tallies.is_empty(),
                program: String::new(),
                started_at: String::new(),
                why,
                set_by: session.status_set_by(outcome, exit),
            })
        });
    }
}
