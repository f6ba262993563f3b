//! A key's state in words and as JSON.

use serde_json::{Value as Json, json};

use crate::base::columns::{columns, padded};
use crate::base::duration::{approximate, exact};
use crate::base::words::plural;
use crate::gate::{Limits, Phase, StoreTime, View};
use crate::store::Entry;
use crate::sys::output::printable;

/// Fields are only ever added.
pub(super) fn json(entry: &Entry, limits: &Limits) -> Json {
    let view = entry.state.view(entry.now, limits);
    let moment = |at: Option<StoreTime>| at.map(|at| at.to_string());
    json!({
        "key": entry.key,
        "window_until": moment(view.window_until),
        "closed_by_hand": view.closed_by_hand,
        "breaker": view.phase,
        "breaker_until": moment(view.open_until),
        "failures": view.failures,
        "permits_held": entry.permits_held,
        "probe_held": entry.probe_held,
        "tokens": view.tokens,
        "budget": view.budget.map(whole),
        "held_back": view.held_back,
    })
}

/// One line per key: what holds attempts back, or `open`.
pub(super) fn table(entries: &[(Entry, Limits)]) -> String {
    /// Longer keys only shift their own line to the right.
    const WIDEST: usize = 40;
    let width = entries.iter().map(|(entry, _)| columns(&entry.key)).max().unwrap_or(0).min(WIDEST);
    let line = |(entry, limits): &(Entry, Limits)| {
        format!("{}  {}\n", padded(&printable(&entry.key), width), brief(entry, limits))
    };
    entries.iter().map(line).collect()
}

fn brief(entry: &Entry, limits: &Limits) -> String {
    let view = entry.state.view(entry.now, limits);
    let mut parts = Vec::new();
    parts.extend(view.window_until.map(|until| format!("closed {}", until_when(until, entry.now))));
    if view.phase != Phase::Closed {
        parts.push(format!("breaker {}", phase(&view, entry)));
    }
    if view.failures > 0 {
        parts.push(in_a_row(view.failures));
    }
    if entry.permits_held > 0 {
        parts.push(format!("permits {}", permits(entry, limits)));
    }
    if let (Some(tokens), Some(rate)) = (view.tokens, limits.rate)
        && tokens < rate.count
    {
        parts.push(format!("{tokens} of {} left", plural(rate.count.into(), "token")));
    }
    parts.extend(view.budget.filter(|left| *left < 1.0).map(|_| "retry budget exhausted".to_owned()));
    parts.extend(view.held_back.filter(|share| *share > 0.0).map(held_back));
    if parts.is_empty() { "open".to_owned() } else { parts.join("; ") }
}

/// The lines that show one key in full.
pub(super) fn text(entry: &Entry, limits: &Limits) -> String {
    let view = entry.state.view(entry.now, limits);
    let window = view.window_until.map(|until| {
        let why = if view.closed_by_hand { "closed by hand" } else { "the server asked clients to wait" };
        format!("closed {}: {why}", until_when(until, entry.now))
    });
    let failures = (view.failures > 0).then(|| format!(", {}", in_a_row(view.failures)));
    // A breaker that others opened does not hold back runs without `--breaker`.
    let is_idle = view.phase != Phase::Closed && limits.breaker.is_none();
    let idle = if is_idle { "; only runs with --breaker respect it" } else { "" };
    let mut rows = vec![
        ("window", window.unwrap_or_else(|| "open".to_owned())),
        ("breaker", phase(&view, entry) + &failures.unwrap_or_default() + idle),
        ("permits", permits(entry, limits)),
    ];
    if let (Some(tokens), Some(rate)) = (view.tokens, limits.rate) {
        let per = exact(rate.per);
        let now = plural(tokens.into(), "attempt");
        rows.push(("rate", format!("{now} may start now, of {} per {per}", rate.count)));
    }
    rows.extend(view.budget.map(|left| {
        let retries = if whole(left) == 1 { "retry" } else { "retries" };
        ("budget", format!("{} {retries} left", whole(left)))
    }));
    rows.extend(view.held_back.map(|share| ("adaptive", held_back(share))));
    let lines = rows.iter().map(|(name, value)| format!("  {name:<8}  {value}\n"));
    format!("{}\n{}", printable(&entry.key), lines.collect::<String>())
}

fn phase(view: &View, entry: &Entry) -> String {
    match view.phase {
        Phase::Closed => "closed".to_owned(),
        Phase::Open => {
            let until = view.open_until.map(|until| format!(" {}", until_when(until, entry.now)));
            format!("open{}", until.unwrap_or_default())
        }
        Phase::HalfOpen if entry.probe_held => "half-open, probe running".to_owned(),
        Phase::HalfOpen => "half-open, the next attempt is the probe".to_owned(),
    }
}

fn until_when(until: StoreTime, now: StoreTime) -> String {
    format!("until {until} (in {})", approximate(until.since(now)))
}

fn in_a_row(failures: u32) -> String {
    format!("{} in a row", plural(failures.into(), "failure"))
}

fn permits(entry: &Entry, limits: &Limits) -> String {
    let of = limits.concurrency.map(|most| format!(" of {most}")).unwrap_or_default();
    format!("{}{of} held", entry.permits_held)
}

fn held_back(share: f64) -> String {
    format!("{:.0}% of attempts held back", share * 100.0)
}

/// The number of retries is whole, and about a hundred at most.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, and never below 0")]
fn whole(retries: f64) -> u32 {
    retries as u32
}
