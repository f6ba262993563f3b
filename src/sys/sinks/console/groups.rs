//! The attempts as groups in a CI system's log, and the one annotation of a run.

use crate::dialect::{Dialect, Heading, Weight};
use crate::event::{Event, Outcome, Record, RunIdentity};
use crate::policy::Policy;
use crate::policy::value::{CiGroups, MaxAttempts, MessagesTo};
use crate::sys::{clock, output};

/// The groups of a run's attempts.
#[derive(Debug)]
pub(super) struct Groups {
    /// `None`: no groups are to be written.
    dialect: Option<Dialect>,
    /// The attempt whose group is open, and its limit.
    open: Option<(u64, Option<u64>)>,
}

impl Groups {
    pub(super) fn new(dialect: Option<Dialect>, policy: &Policy) -> Self {
        let wanted = || match policy.ci_groups {
            CiGroups::Always => true,
            CiGroups::Never => false,
            CiGroups::Auto => policy.messages_to == MessagesTo::Stdout || output::streams_are_one(),
        };
        let has_several = policy.attempts() != MaxAttempts::Times(1);
        Self { dialect: dialect.filter(|_| has_several && !policy.quiet && wanted()), open: None }
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.dialect.is_some()
    }

    /// Does this event close a group?
    pub(super) fn are_told_by(&self, event: &Event) -> bool {
        self.open.is_some()
            && matches!(
                event,
                Event::AttemptSuccess(_)
                    | Event::AttemptRetry { .. }
                    | Event::AttemptFailed(_)
                    | Event::RunStop(_)
            )
    }

    /// The commands that open the group of an attempt.
    pub(super) fn begin(&mut self, run: &RunIdentity, attempt: u64, max: Option<u64>) -> Vec<String> {
        let Some(dialect) = self.dialect else { return Vec::new() };
        let before = self.close(run, true);
        self.open = Some((attempt, max));
        before.into_iter().chain([dialect.begin(&heading(run, (attempt, max)))]).collect()
    }

    /// The command that closes the group, where the event does.
    pub(super) fn end(&mut self, record: &Record<'_>) -> Option<String> {
        let closes = self.are_told_by(record.event);
        let failed = !matches!(record.event, Event::AttemptSuccess(_));
        closes.then(|| self.close(record.run, failed)).flatten()
    }

    fn close(&mut self, run: &RunIdentity, failed: bool) -> Option<String> {
        self.dialect?.end(&heading(run, self.open.take()?), failed)
    }
}

fn heading(run: &RunIdentity, (attempt, max): (u64, Option<u64>)) -> Heading<'_> {
    Heading { name: &run.name, attempt, max, run: &run.run, at: clock::unix_seconds() }
}

/// The annotation of a run that was rescued or failed, where the system has a command for it.
pub(super) fn annotation(dialect: Option<Dialect>, record: &Record<'_>) -> Option<String> {
    let (dialect, Event::RunStop(stop)) = (dialect?, record.event) else { return None };
    let weight = match stop.outcome {
        Outcome::Succeeded if stop.failures.is_empty() => return None,
        Outcome::Succeeded => Weight::Warning,
        // Whoever interrupted the run knows that they did.
        Outcome::Interrupted => return None,
        _ => Weight::Error,
    };
    let text = stop.annotation();
    dialect.annotation(weight, &record.run.name, &record.run.run, &output::printable(&text))
}
