//! The end of a run. Once no attempt follows, the remaining duties are carried out step by step; only then is the run over.
//!
//! A step that needs the machine is an action, and its answer leads to the next step. Whatever may still change the outcome
//! or the exit comes before [`Step::Report`]: the fallback, whose exit becomes the run's, and the dead letter. The hooks
//! after it change nothing, except that we die of a signal that stops them.

use std::ffi::OsString;
use std::time::Duration;

use super::helpers::{Fallback, HelperKind, LetterFacts};
use super::{Action, Delivered, Delivery, Now, Sent, Session, State, events};
use crate::base::exit_code::{self, Exit};
use crate::classify::Stream;
use crate::event::{Event, FallbackEnd, Level, Outcome, RunStop, millis};
use crate::policy::value::TimeLimit;

/// How a run ends.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) exit: Exit,
    /// Why the run failed, if the last attempt has not reported it.
    why: String,
    /// The duration of the run, including a fallback but not the other steps of its end.
    elapsed: Duration,
    /// Reports of the last attempt, held back until its output was written.
    reports: Vec<Action>,
    fallback: Option<Fallback>,
    /// The dead letter that was written.
    pub(super) letter: Option<OsString>,
    /// A signal has told us to skip the remaining steps and exit.
    pub(super) is_cut_short: bool,
}

impl End {
    /// The fallback succeeded.
    pub(super) fn fell_back(&self) -> bool {
        self.fallback.as_ref().is_some_and(|fallback| fallback.exit == Exit::Status(0))
    }

    /// A command that was told to stop and exited 0 keeps its output and its status.
    fn is_good(&self) -> bool {
        self.outcome == Outcome::Succeeded
            || self.outcome == Outcome::Interrupted && self.exit == Exit::Status(0)
    }
}

/// The steps of an end, in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Delivers the held output of the last attempt.
    Output,
    /// Reports the result of the last attempt.
    Attempt,
    /// Runs the fallback of a failed run.
    Fallback,
    /// Delivers what the fallback wrote to stdout, if it was held.
    FallbackOutput,
    /// Writes the dead letter of a failed run.
    Letter,
    /// Reports how the run ended. Nothing changes that afterwards.
    Report,
    /// Runs the hooks of a run that is over, one after another.
    Hooks,
    /// Delivers all output of a failed run that `--chronic` held back.
    Everything,
    /// Pings how the run ended.
    Ping,
    /// Exports the run's spans.
    Export,
    Exit,
}

/// The most time that a ping may take once the run was told to stop.
const INTERRUPTED_PING: Duration = Duration::from_secs(1);

impl Session {
    /// Begins to end the run. `why`: see [`RunStop::why`].
    pub(super) fn conclude(&mut self, now: Now, outcome: Outcome, exit: Exit, why: String) {
        let (elapsed, reports) = (self.elapsed(now), std::mem::take(&mut self.out));
        let end =
            End { outcome, exit, why, elapsed, reports, fallback: None, letter: None, is_cut_short: false };
        self.end = Some(Box::new(end));
        self.conclude_from(now, Step::Output);
    }

    /// Continues the end of a run from this step until one has to be answered.
    fn conclude_from(&mut self, now: Now, step: Step) {
        self.state = State::Concluding(step);
        let next = match step {
            Step::Output => match self.output_owed() {
                Some(delivery) => return self.out.push(Action::Deliver(delivery)),
                None => Step::Attempt,
            },
            Step::Attempt => {
                self.report_attempt();
                Step::Fallback
            }
            Step::Fallback => match self.fallback_owed() {
                Some(limit) => return self.run_helper(now, HelperKind::Fallback, 0, limit.0, None),
                None => Step::Letter,
            },
            Step::FallbackOutput if self.bounds.holds_stdout && !self.bounds.keeps_all => {
                let stdout = self.end.as_ref().is_some_and(|end| end.fell_back());
                if stdout {
                    return self.out.push(Action::Deliver(Delivery::LastAttempt { stdout, stderr: false }));
                }
                Step::Letter
            }
            Step::FallbackOutput => Step::Letter,
            Step::Letter => match self.letter_owed() {
                Some(facts) => return self.out.push(Action::KeepLetter(Box::new(facts))),
                None => Step::Report,
            },
            Step::Report => {
                self.report_end();
                Step::Hooks
            }
            Step::Hooks => match self.final_hooks() {
                (_, 0) => Step::Everything,
                (kind, _) => return self.run_hook(now, kind, 0, None),
            },
            Step::Everything if self.bounds.keeps_all && !self.ends_well() => {
                return self.out.push(Action::Deliver(Delivery::Everything));
            }
            Step::Everything => Step::Ping,
            Step::Ping => match self.ping_owed() {
                Some(ping) => return self.out.push(ping),
                None => Step::Export,
            },
            Step::Export => match self.owed.traces {
                // Whoever told us to stop is waiting.
                Some(limit) if self.signals.is_empty() => return self.out.push(Action::Export(limit)),
                _ => Step::Exit,
            },
            Step::Exit => {
                self.state = State::Done;
                return self.out.extend(self.end.take().map(|end| Action::Finish(end.exit)));
            }
        };
        self.conclude_from(now, next);
    }

    /// A delivery is over.
    pub(super) fn delivered(&mut self, now: Now, step: Step, delivered: Delivered) {
        if !matches!(step, Step::Output | Step::FallbackOutput) {
            let interrupted = matches!(delivered, Delivered::Interrupted(_));
            return self.conclude_from(now, if interrupted { Step::Exit } else { Step::Ping });
        }
        match delivered {
            Delivered::Refused(stream, why) if stream != Stream::Stderr => self.output_lost = Some(why),
            Delivered::All | Delivered::Refused(..) => {}
            Delivered::Interrupted(signal) => {
                self.output_lost = None;
                self.signals.push(signal);
                self.change_end(Outcome::Interrupted, Exit::Signal(signal));
            }
        }
        match step {
            Step::Output => self.conclude_from(now, Step::Attempt),
            _ => self.fallback_delivered(now),
        }
    }

    fn fallback_delivered(&mut self, now: Now) {
        if let Some(why) = self.output_lost.take() {
            self.out.push(Action::Tell(Level::Error, format!("output of the fallback was lost: {why}")));
            if let Some(end) = &mut self.end {
                end.exit = Exit::Status(exit_code::FAILURE);
                end.fallback.iter_mut().for_each(|fallback| fallback.exit = end.exit);
            }
        }
        self.conclude_from(now, Step::Letter);
    }

    /// The time limit of the fallback, if it is to run. It does not run after a process tree that could not be killed and
    /// may still be working.
    fn fallback_owed(&mut self) -> Option<TimeLimit> {
        let (limit, outcome) = (self.bounds.fallback?, self.end.as_ref()?.outcome);
        if matches!(outcome, Outcome::Succeeded | Outcome::Interrupted | Outcome::Error) {
            return None;
        }
        let lost = self.judged.as_ref().and_then(|judged| judged.stdin_lost.as_ref());
        if let Some(why) = lost {
            let text = format!("the fallback was not run: {why}");
            self.out.push(Action::Tell(Level::Warn, text));
            return None;
        }
        self.signals.is_empty().then_some(limit)
    }

    /// The fallback is over: its exit is that of the run.
    pub(super) fn fallback_ended(&mut self, now: Now, fallback: Fallback) {
        let elapsed = self.elapsed(now);
        if let Some(end) = &mut self.end {
            (end.exit, end.elapsed) = (fallback.exit, elapsed);
            end.fallback = Some(fallback);
        }
        self.conclude_from(now, Step::FallbackOutput);
    }

    /// The letter that is to be written, if one is.
    fn letter_owed(&self) -> Option<LetterFacts> {
        let end = self.end.as_ref()?;
        let wanted = self.bounds.letters.contains(&end.outcome) && !end.fell_back();
        let at_once = self.signals.len() > 1;
        (wanted && !at_once).then(|| LetterFacts {
            outcome: end.outcome,
            attempts: self.attempts,
            last: self.judged.as_deref().cloned(),
            exit: end.exit,
        })
    }

    pub(super) fn letter_done(&mut self, now: Now) {
        self.conclude_from(now, Step::Report);
    }

    /// The kind and number of hooks for this end. A second signal skips them.
    fn final_hooks(&self) -> (HelperKind, usize) {
        let succeeded =
            self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded || end.fell_back());
        let kind = if succeeded { HelperKind::OnSuccess } else { HelperKind::OnFailure };
        (kind, if self.signals.len() > 1 { 0 } else { self.bounds.hooks(kind) })
    }

    pub(super) fn final_hook_ended(&mut self, now: Now, index: usize, stopped: bool) {
        match self.final_hooks() {
            (kind, count) if index + 1 < count && !stopped => self.run_hook(now, kind, index + 1, None),
            _ => self.conclude_from(now, Step::Everything),
        }
    }

    /// A message was sent, or could not be. A signal skips the remaining steps.
    pub(super) fn sent(&mut self, now: Now, step: Step, sent: Sent) {
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
                return self.conclude_from(now, Step::Exit);
            }
        }
        self.conclude_from(now, next);
    }

    fn ping_owed(&self) -> Option<Action> {
        let (limit, end) = (self.owed.ping?, self.end.as_ref()?);
        if end.is_cut_short || self.signals.len() > 1 {
            return None;
        }
        let status = match (end.outcome, end.exit) {
            (Outcome::Succeeded, _) => 0,
            (_, Exit::Signal(signal)) => exit_code::killed_by(signal),
            // It may have ended well in its own way; the run is stopped nevertheless.
            (Outcome::Interrupted, Exit::Status(status)) => {
                self.signals.last().map_or(status, |signal| exit_code::killed_by(*signal))
            }
            (_, Exit::Status(status)) => status,
        };
        let limit = if self.signals.is_empty() { limit } else { limit.min(INTERRUPTED_PING) };
        Some(Action::Ping(status, limit))
    }

    fn is_interrupted(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Interrupted)
    }

    fn output_owed(&self) -> Option<Delivery> {
        if self.bounds.keeps_all || self.attempts == 0 {
            return None;
        }
        // Part of a success's output could be mistaken for all of it.
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

    fn report_attempt(&mut self) {
        let reports = self.end.as_mut().map(|end| std::mem::take(&mut end.reports));
        self.out.extend(reports.unwrap_or_default());
        if let Some(why) = self.output_lost.take() {
            self.out.push(Action::Tell(Level::Error, format!("output of the command was lost: {why}")));
            if self.ends_well() {
                self.change_end(Outcome::Error, Exit::Status(exit_code::FAILURE));
            }
        }
    }

    fn report_end(&mut self) {
        let Some(end) = &mut self.end else { return };
        let (outcome, exit, elapsed, why) =
            (end.outcome, end.exit, end.elapsed, std::mem::take(&mut end.why));
        let fallback = end.fallback.as_ref().map(|fallback| {
            let (exit_code, signal) = events::exit_fields(fallback.exit);
            FallbackEnd { exit_code, signal, duration_ms: millis(fallback.duration) }
        });
        let letter = end.letter.as_ref().map(|path| path.to_string_lossy().into_owned());
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
                set_by: session.status_set_by(outcome, exit).filter(|_| fallback.is_none()),
                fallback,
                letter,
            })
        });
    }
}
