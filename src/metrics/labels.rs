//! The labels of series, and their encoding.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::label_name;
use crate::base::printable::{self, Charset};
use crate::base::words::OTHER;

/// The longest value, in bytes.
const MAX_VALUE_BYTES: usize = 200;

const OPERATION: &str = "operation";
const POLICY: &str = "policy";

/// The labels of one set of series. Sets are in the order of their labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels {
    operation: String,
    policy: String,
    /// By name.
    own: Vec<(String, String)>,
}

impl Labels {
    /// Long values are cut, and all are made safe to show. Empty values of the run's own labels are dropped.
    pub(super) fn new(operation: &str, policy: &str, own: &[(String, String)]) -> Self {
        let mut own: Vec<_> = own
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), cut(value)))
            .collect();
        own.sort();
        Self { operation: cut(operation), policy: cut(policy), own }
    }

    /// The labels of a line; `None` if it is not one of our series.
    pub(super) fn of_line(mut labels: Vec<(String, String)>) -> Option<Self> {
        let mut take = |name: &str| {
            let at = labels.iter().position(|(label, _)| label == name)?;
            Some(labels.remove(at).1)
        };
        let (operation, policy) = (take(OPERATION)?, take(POLICY)?);
        let is_own = labels.iter().all(|(name, _)| label_name::check(name).is_ok());
        is_own.then(|| Self::new(&operation, &policy, &labels))
    }

    /// The set in which everything is counted that has no room of its own.
    pub(super) fn other(self) -> Self {
        Self { operation: OTHER.to_owned(), policy: self.policy, own: Vec::new() }
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPERATION}=\"{}\",{POLICY}=\"{}\"", escaped(&self.operation), escaped(&self.policy))?;
        self.own.iter().try_for_each(|(name, value)| write!(f, ",{name}=\"{}\"", escaped(value)))
    }
}

/// The format has no escapes for terminal control characters.
fn cut(value: &str) -> String {
    let short = |text: &str| text[..text.floor_char_boundary(MAX_VALUE_BYTES)].to_owned();
    // What it becomes may be longer, and is to stay the same when it is read again.
    short(&printable::page(&short(value), Charset::Utf8))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The labels of a run that are exported: those of these names.
pub fn exported(names: &[String], labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let found = names.iter().filter_map(|name| Some((name.clone(), labels.get(name)?.clone())));
    found.collect()
}
