//! A run's outputs for later steps of a job, on systems where they are commands among the messages. They are data rather
//! than messages, and are never suppressed.

use crate::dialect::{Dialect, azure_outputs};
use crate::event::{Event, Record};
use crate::policy::Policy;
use crate::policy::value::{MessagesTo, OutputsTo};
use crate::sys::sinks::ci_files;

#[derive(Debug)]
pub(super) struct Outputs {
    /// The most attempts; `None`: no limit.
    max: Option<u64>,
}

impl Outputs {
    /// `None` if no outputs are written as commands.
    pub(super) fn new(dialect: Option<Dialect>, policy: &Policy) -> Option<Self> {
        let is_wanted = dialect == Some(Dialect::Azure)
            && policy.outputs == Some(OutputsTo::Github)
            && policy.messages_to == MessagesTo::Stdout;
        is_wanted.then(|| Self { max: policy.attempts().times() })
    }

    /// The commands that belong to the event.
    pub(super) fn lines(&self, record: &Record<'_>) -> Vec<String> {
        match record.event {
            Event::RunStop(stop) => azure_outputs(&ci_files::facts(record.run, stop, self.max)).into(),
            _ => Vec::new(),
        }
    }
}
