//! `retry explain`: the resolved policy, where each value came from, and the waits it makes.

use std::ffi::OsString;
use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::{Setup, ask, format, print, print_json};
use crate::backoff::Range;
use crate::base::columns::{columns, padded};
use crate::base::duration::{approximate, exact};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::lacking::consequences;
use crate::base::words::plural;
use crate::classify::Stream;
use crate::classify::profile::ToolMatch;
use crate::cli::Invocation;
use crate::policy::builtin::BUILTIN;
use crate::policy::layer::Origin;
use crate::policy::schedule::{ROWS, Schedule, schedule};
use crate::policy::settings::{SETTINGS, plain};
use crate::policy::value::MaxAttempts;
use crate::policy::{Policy, Request, Resolved};
use crate::simulate::text::wrapped;
use crate::sys::environment::Outer;
use crate::sys::output::{self, printable};

pub(super) fn explain(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json", "delays"])?;
    let asked = ask(invocation, &Outer::find())?;
    if format != "text" || invocation.is_set("all") {
        asked.warn();
    }
    if invocation.is_set("all") {
        return match format {
            "json" => print_json(&all_json(&asked.request), true),
            _ => print(&all_text(&asked.request)),
        };
    }
    if let Some(herd) = invocation.value("simulate") {
        if format != "text" {
            return Err(Error::usage(format!("--simulate and --format {format} conflict"))
                .hint("use retry simulate --format json for the numbers"));
        }
        let herd = super::utf8(herd.clone())?;
        return match super::simulate::verdict(asked.request, &herd)? {
            Ok(verdict) if output::stdout_is_terminal() => print(&wrapped(&verdict)),
            Ok(verdict) => print(&format!("{verdict}\n")),
            Err(exit) => Ok(exit),
        };
    }
    let schedule = schedule(&asked.resolved.policy);
    match format {
        "json" => print_json(&json(&asked.resolved, &schedule), true),
        "delays" => print(&delays(&schedule)),
        _ => {
            let argv = super::about(invocation, &asked.resolved.policy);
            print(&text(&asked, &schedule, &argv, invocation.is_set(FULL)))
        }
    }
}

/// The mean waits in seconds, for scripts.
fn delays(schedule: &Schedule) -> String {
    let waits: Vec<_> = schedule.rows.iter().map(|row| row.mean.as_secs_f64().to_string()).collect();
    format!("{}\n", waits.join(" "))
}

fn json(resolved: &Resolved, schedule: &Schedule) -> Json {
    let policy: Map<String, Json> = SETTINGS
        .iter()
        .zip(&resolved.origins)
        .map(|(setting, origin)| {
            let value = (setting.show)(&resolved.policy);
            (setting.key.to_owned(), json!({"value": value, "source": origin.to_string()}))
        })
        .collect();
    let rows: Vec<_> = (1..)
        .zip(&schedule.rows)
        .map(|(retry, row)| {
            json!({"retry": retry, "min_ms": ms(row.min), "mean_ms": ms(row.mean), "max_ms": ms(row.max)})
        })
        .collect();
    let waits = schedule
        .total
        .as_ref()
        .map(|total| json!({"min": ms(total.min), "mean": ms(total.mean), "max": ms(total.max)}));
    json!({
        "policy": policy,
        "schedule": rows,
        "waits_ms": waits,
        "worst_case_ms": schedule.worst_case.map(ms),
    })
}

/// Milliseconds, without a fraction if they are whole.
fn ms(duration: Duration) -> Json {
    let micros = (duration.as_nanos() + 500) / 1000;
    match u64::try_from(micros / 1000) {
        Ok(whole) if micros.is_multiple_of(1000) => json!(whole),
        _ => json!(crate::event::millis(duration)),
    }
}

/// The flag that shows all settings, including unchanged ones.
const FULL: &str = "full";

fn text(asked: &Setup, schedule: &Schedule, argv: &[OsString], full: bool) -> String {
    let resolved = &asked.resolved;
    let mut out = String::new();
    let name =
        resolved.name.as_ref().map_or("policy".to_owned(), |name| format!("policy '{}'", printable(name)));
    let rows = shown_settings(resolved, full);
    if full || !rows.is_empty() {
        let _infallible = writeln!(out, "{name}");
        let width = rows.iter().map(|(_, value, _)| columns(value)).max().unwrap_or(0);
        for (key, value, origin) in &rows {
            let _infallible = writeln!(out, "  {key:<16} {}  {origin}", padded(value, width));
        }
    }
    if !full {
        let rest = if rows.is_empty() { "all settings" } else { "other settings" };
        let _infallible = writeln!(out, "{rest} have their default values (--full lists them)");
    }
    out.push_str(&schedule_text(resolved, schedule));
    out.push_str(&profile_text(asked, argv));
    out.push_str(&system_text(consequences()));
    for warning in asked.warnings.iter().chain(&asked.rule_warnings()) {
        let _infallible = writeln!(out, "\nwarning: {}", printable(warning));
    }
    out
}

/// The key, value and origin of each setting, or only of those that differ from their defaults.
fn shown_settings(resolved: &Resolved, full: bool) -> Vec<(&'static str, String, String)> {
    let defaults = Policy::default();
    let rows = SETTINGS.iter().zip(&resolved.origins).filter_map(|(setting, origin)| {
        let value = (setting.show)(&resolved.policy);
        // A deadline alone lifts the limit of attempts: a value that was not given, but is not the default either.
        let is_shown = full || *origin != Origin::Default || value != (setting.show)(&defaults);
        is_shown.then(|| (setting.key, shown(&value), printable(&origin.to_string()).into_owned()))
    });
    rows.collect()
}

/// A value for display, always on one line.
fn shown(value: &Json) -> String {
    printable(&plain(value)).into_owned()
}

/// The profile chosen for the command, and the streams captured for it.
fn profile_text(asked: &Setup, argv: &[OsString]) -> String {
    let knowledge = asked.knowledge(argv);
    let selection = knowledge.selection();
    if argv.is_empty() || selection.is_empty() {
        return String::new();
    }
    if selection.tool_match == ToolMatch::Unknown {
        let rules = asked.resolved.policy.rules();
        let sees = |stream| rules.patterns().iter().any(|pattern| pattern.channel.sees(stream));
        let [stdout, stderr] =
            [Stream::Stdout, Stream::Stderr].map(|stream| rules.need_http() || sees(stream));
        let used = match (stdout, stderr) {
            (false, false) => "only its exit status is used".to_owned(),
            _ => format!("its exit status and the rules given are used ({})", reads(stdout, stderr)),
        };
        return format!("\nno profile for this command: {used}\n");
    }
    let captures = reads(selection.captures.stdout, selection.captures.stderr);
    format!("\nfailures classified by the {} profile ({captures})\n", printable(&selection.names.join(", ")))
}

/// The streams that are captured, in words.
fn reads(stdout: bool, stderr: bool) -> &'static str {
    match (stdout, stderr) {
        (true, true) => "reads stdout and stderr",
        (true, false) => "reads stdout",
        (false, true) => "reads stderr",
        (false, false) => "captures no output",
    }
}

/// The limitations of this system, which lacks some capabilities.
fn system_text(consequences: impl Iterator<Item = &'static str>) -> String {
    let lines: String = consequences.map(|consequence| format!("  {consequence}\n")).collect();
    if lines.is_empty() { lines } else { format!("\non this system:\n{lines}") }
}

fn schedule_text(resolved: &Resolved, schedule: &Schedule) -> String {
    let attempts = resolved.policy.attempts();
    let mut out = String::new();
    let title = match attempts {
        MaxAttempts::Times(1) => "one attempt, no waits".to_owned(),
        MaxAttempts::Times(n) => format!("up to {}; waits between them:", plural(n, "attempt")),
        MaxAttempts::Unlimited => "any number of attempts; waits between them:".to_owned(),
    };
    let _infallible = writeln!(out, "\n{title}");
    if let Some(splay) = resolved.policy.splay.0 {
        let _infallible = writeln!(out, "  before the first attempt: up to {} (splay)", exact(splay));
    }
    if !schedule.rows.is_empty() {
        let _infallible = writeln!(out, "  retry        min       mean        max");
    }
    for (retry, row) in (1..).zip(&schedule.rows) {
        let _infallible = writeln!(out, "  {retry:>5} {}", range(row));
    }
    let hidden = attempts.times().is_none_or(|attempts| attempts - 1 > ROWS);
    if hidden && schedule.rows.len() as u64 == ROWS {
        let _infallible = writeln!(out, "      … and so on");
    }
    if let Some(total) = schedule.total.as_ref().filter(|_| schedule.rows.len() > 1) {
        let _infallible = writeln!(out, "    all {}", range(total));
    }
    let worst = match (schedule.worst_case, resolved.policy.deadline.0) {
        (Some(worst), Some(deadline)) if worst == deadline => {
            format!("the run ends after {} (the deadline) at the latest", exact(worst))
        }
        (Some(worst), _) => format!("worst case: {}", approximate(worst)),
        (None, _) if resolved.policy.key.is_some() => {
            "no time limit; add --deadline, or --timeout with --gate-wait".to_owned()
        }
        (None, _) => "no time limit; add --deadline or --timeout".to_owned(),
    };
    let _infallible = writeln!(out, "\n{worst}");
    out
}

fn range(range: &Range) -> String {
    let [min, mean, max] = [range.min, range.mean, range.max].map(approximate);
    format!("{min:>10} {mean:>10} {max:>10}")
}

/// A policy and its sources, weakest first.
struct Listed<'a> {
    name: &'a str,
    purpose: Option<&'static str>,
    inherits: Option<&'a str>,
    /// `builtin`, or `file:PATH:LINE`.
    sources: Vec<String>,
}

fn all(request: &Request) -> Vec<Listed<'_>> {
    let mut listed: Vec<Listed<'_>> = crate::policy::policy_names(&request.files)
        .into_iter()
        .map(|name| {
            let builtin = BUILTIN.iter().find(|builtin| builtin.name == name);
            let mut entry = Listed {
                name,
                purpose: builtin.map(|builtin| builtin.purpose),
                inherits: None,
                sources: builtin.map(|_| "builtin".to_owned()).into_iter().collect(),
            };
            for policy in
                request.files.iter().flat_map(|file| &file.policies).filter(|policy| policy.name == name)
            {
                let place = &policy.place;
                entry.sources.push(format!("file:{}:{}", place.source.path, place.line_and_column().0));
                entry.inherits =
                    policy.inherits.as_ref().map(|(parent, _)| parent.as_str()).or(entry.inherits);
            }
            entry
        })
        .collect();
    if let Some(default) = listed.first_mut() {
        default.purpose = Some("base of every policy");
        default.sources.insert(0, "builtin".to_owned());
    }
    listed
}

fn all_text(request: &Request) -> String {
    let mut out = String::new();
    for entry in all(request) {
        let purpose = entry.purpose.unwrap_or_default();
        let inherits = entry.inherits.map(|parent| format!(" (inherits {parent})")).unwrap_or_default();
        let line = format!("{:<14} {purpose}{inherits}  [{}]", entry.name, entry.sources.join(", "));
        let _infallible = writeln!(out, "{}", printable(&line));
    }
    out
}

fn all_json(request: &Request) -> Json {
    let entries = all(request).into_iter().map(|entry| {
        json!({"name": entry.name, "purpose": entry.purpose, "inherits": entry.inherits, "sources": entry.sources})
    });
    json!({"policies": entries.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_lacks_nothing_has_no_lines() {
        assert_eq!(system_text(std::iter::empty()), "");
        assert_eq!(system_text(["one", "two"].into_iter()), "\non this system:\n  one\n  two\n");
    }
}
