//! Wording for letters: their age, their size, and the variables that they lack.

use std::collections::BTreeSet;
use std::time::Duration;

use super::find::Entry;
use crate::sys::{clock, environment, identity};

/// Variables that are irrelevant to a job and differ between shells.
const OF_SHELLS: &[&str] = &[
    "_",
    "SHLVL",
    "PWD",
    "OLDPWD",
    "TERM",
    "COLUMNS",
    "LINES",
    "WINDOWID",
    "PS1",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
    "MANAGERPID",
];

/// How long ago that was: `2 d`, `5 min`; `?` if unknown.
pub(super) fn age(created: &str) -> String {
    let Some(age) = age_of(created) else { return "?".to_owned() };
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn age_of(created: &str) -> Option<Duration> {
    let created = humantime::parse_rfc3339(created).ok()?;
    Some(clock::wall().duration_since(created).unwrap_or_default())
}

/// Warnings that concern all letters together.
pub(super) fn warnings(entries: &[Entry]) -> Vec<String> {
    let headers = || entries.iter().filter_map(|entry| entry.header.as_ref().ok());
    let now: BTreeSet<String> =
        environment::all().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let is_missing = |name: &&String| !now.contains(*name) && !OF_SHELLS.contains(&name.as_str());
    let missing: BTreeSet<&String> = headers()
        .flat_map(|header| header.env_names.iter().filter(|name| !header.env.contains_key(*name)))
        .filter(is_missing)
        .collect();
    let host = identity::host();
    let others: BTreeSet<&String> =
        headers().map(|header| &header.host).filter(|other| !other.is_empty() && **other != host).collect();
    let mut all = Vec::new();
    if !missing.is_empty() {
        all.push(format!("set when the letters were written, but not now: {}", joined(missing)));
    }
    if !others.is_empty() {
        all.push(format!("written on another host: {}", joined(others)));
    }
    all
}

fn joined(names: BTreeSet<&String>) -> String {
    names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
