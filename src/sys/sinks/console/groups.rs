//! Groups in a CI system's log for the attempts and the fallback, and the annotation of a run.

use crate::dialect::{Dialect, Heading, Verdict};
use crate::event::{Event, Outcome, Record, RunIdentity};
use crate::policy::Policy;
use crate::policy::value::{CiGroups, MaxAttempts, MessagesTo};
use crate::sys::{clock, identity, output};

/// The groups of a run's attempts.
#[derive(Debug)]
pub(super) struct Groups {
    /// `None`: no groups are written.
    dialect: Option<Dialect>,
    /// Commands in the output of an attempt are disabled.
    stops_commands: bool,
    open: Option<Open>,
}

/// What runs.
#[derive(Debug)]
struct Open {
    /// The subject of the group; hooks have no group.
    group: Option<Group>,
    /// The word that enables commands again.
    token: Option<String>,
}

/// An attempt, or the fallback.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// `None`: the fallback.
    attempt: Option<u64>,
    max: Option<u64>,
}

impl Groups {
    pub(super) fn new(dialect: Option<Dialect>, policy: &Policy) -> Self {
        let wanted = || match policy.ci_groups {
            CiGroups::Always => true,
            CiGroups::Never => false,
            CiGroups::Auto => policy.messages_to == MessagesTo::Stdout || output::streams_are_one(),
        };
        let has_several = policy.attempts() != MaxAttempts::Times(1);
        Self {
            dialect: dialect.filter(|_| has_several && !policy.quiet && wanted()),
            stops_commands: policy.ci_stop_commands && dialect == Some(Dialect::Github),
            open: None,
        }
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.dialect.is_some() || self.stops_commands
    }

    /// Whether this event closes a group.
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

    /// The commands before an attempt.
    pub(super) fn begin(&mut self, run: &RunIdentity, attempt: u64, max: Option<u64>) -> Vec<String> {
        self.open(run, Some(Group { attempt: Some(attempt), max }))
    }

    /// The commands before the fallback or a hook.
    pub(super) fn begin_helper(&mut self, run: &RunIdentity, is_fallback: bool) -> Vec<String> {
        self.open(run, is_fallback.then_some(Group { attempt: None, max: None }))
    }

    fn open(&mut self, run: &RunIdentity, group: Option<Group>) -> Vec<String> {
        let mut lines = self.close(run, true);
        if !self.are_wanted() {
            return lines;
        }
        let name = output::printable(&run.name);
        let begin = |(dialect, group): (Dialect, Group)| dialect.begin(&heading(&name, run, group));
        lines.extend(self.dialect.zip(group).map(begin));
        let token = || format!("{:032x}", u128::from_ne_bytes(identity::entropy()));
        let token = self.stops_commands.then(token);
        lines.extend(token.as_ref().map(|token| format!("::stop-commands::{token}")));
        self.open = Some(Open { group, token });
        lines
    }

    /// The commands after an attempt, if the event ends it.
    pub(super) fn end(&mut self, record: &Record<'_>) -> Vec<String> {
        if !self.are_told_by(record.event) {
            return Vec::new();
        }
        self.close(record.run, !matches!(record.event, Event::AttemptSuccess(_)))
    }

    /// The commands that close whatever is open.
    pub(super) fn close(&mut self, run: &RunIdentity, failed: bool) -> Vec<String> {
        let Some(open) = self.open.take() else { return Vec::new() };
        let name = output::printable(&run.name);
        let group = self.dialect.zip(open.group);
        let end = group.and_then(|(dialect, group)| dialect.end(&heading(&name, run, group), failed));
        open.token.map(|token| format!("::{token}::")).into_iter().chain(end).collect()
    }
}

fn heading<'a>(name: &'a str, run: &'a RunIdentity, Group { attempt, max }: Group) -> Heading<'a> {
    Heading { name, attempt, max, run: &run.run, at: clock::unix_seconds() }
}

/// The annotation of a run that was rescued or failed, if the system has a command for it.
pub(super) fn annotation(dialect: Option<Dialect>, record: &Record<'_>) -> Option<String> {
    let (dialect, Event::RunStop(stop)) = (dialect?, record.event) else { return None };
    let verdict = match stop.outcome {
        Outcome::Succeeded if stop.failures.is_empty() => return None,
        Outcome::Succeeded => Verdict::Flaky,
        // The user knows of an interruption.
        Outcome::Interrupted => return None,
        _ if stop.fell_back() => Verdict::FellBack,
        _ => Verdict::Failed,
    };
    let (name, text) = (output::printable(&record.run.name), stop.annotation());
    dialect.annotation(verdict, &name, &record.run.run, &output::printable(&text))
}
