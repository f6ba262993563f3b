//! `--list`: the letters as a table, or for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::find::Entry;
use super::options::ReplayOptions;
use super::words::age;
use super::{pass, show};
use crate::base::columns::{columns, padded};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::size;
use crate::commands::{print, print_json};
use crate::letter::Header;
use crate::sys::letterbox;

pub(super) fn list(entries: &[Entry], asked: &ReplayOptions, format: &str) -> Result<Exit, Error> {
    let replays = replays(entries);
    let rows = entries.iter().map(|entry| (entry, show::problem(entry, asked), replays_of(entry, &replays)));
    if format == "json" {
        let rows = rows.map(|(entry, problem, replays)| as_json(entry, problem.as_deref(), replays));
        return print_json(&Json::Array(rows.collect()), true);
    }
    let mut lines =
        vec![["LETTER", "AGE", "NAME", "ATTEMPTS", "EXIT", "REASON", "STDIN", "REPLAYS"].map(str::to_owned)];
    let mut problems = String::new();
    for (entry, problem, replays) in rows {
        let file = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(problem) = problem {
            problems.push_str(&format!("{}: {problem}\n", entry.path.display()));
        }
        let Ok(header) = &entry.header else { continue };
        lines.push([
            file,
            age(&header.created),
            header.name.clone(),
            header.attempts.to_string(),
            end(header),
            header.reason.clone().unwrap_or_default(),
            size::exact(header.stdin.length()),
            replays.to_string(),
        ]);
    }
    let widths: Vec<usize> =
        (0..8).map(|at| lines.iter().map(|line| columns(&line[at])).max().unwrap_or(0)).collect();
    let line = |cells: &[String; 8]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let table: String = if lines.len() > 1 { lines.iter().map(line).collect() } else { String::new() };
    print(&format!("{table}{problems}"))
}

fn as_json(entry: &Entry, problem: Option<&str>, replays: u64) -> Json {
    let path = entry.path.to_string_lossy();
    let Ok(header) = &entry.header else { return json!({"path": path, "problem": problem}) };
    json!({
        "path": path,
        "created": header.created,
        "name": header.name,
        "host": header.host,
        "argv": header.argv,
        "outcome": header.outcome,
        "attempts": header.attempts,
        "exit_code": header.exit_code,
        "signal": header.signal,
        "reason": header.reason,
        "stdin_bytes": header.stdin.length(),
        "key": header.key,
        "replays": replays,
        "problem": problem,
    })
}

fn end(header: &Header) -> String {
    let status = header.exit_code.map(|status| status.to_string());
    header.signal.clone().or(status).unwrap_or_else(|| header.outcome.clone())
}

/// How often each letter was replayed, according to the record in its directory.
fn replays(entries: &[Entry]) -> BTreeMap<PathBuf, Vec<Json>> {
    let mut records = BTreeMap::new();
    for entry in entries {
        let place = letterbox::place_of(&entry.path);
        records.entry(place).or_insert_with_key(|place| {
            let text = letterbox::record(&place.join(pass::RECORD)).unwrap_or_default();
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
        });
    }
    records
}

fn replays_of(entry: &Entry, records: &BTreeMap<PathBuf, Vec<Json>>) -> u64 {
    let file = entry.path.file_name().unwrap_or_default().to_string_lossy();
    let lines = records.get(&letterbox::place_of(&entry.path)).into_iter().flatten();
    lines.filter(|line| line["letter"].as_str() == Some(&*file)).count() as u64
}
