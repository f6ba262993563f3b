//! The report for people: as wide as the terminal, with one line per item if that is narrow.

pub mod paint;
mod table;

use super::figures::{counted, grouped, option, percent, span, with_interval};
use super::model::{Group, Report, Rule, Template, Trend};
use super::time;
use crate::base::columns::{columns, cut, padded};
use crate::base::printable::{Charset, is_unsafe};
use paint::{Role, is_mark, mark};
use table::{Align, Table, wrap};

/// Below this width, items are shown on one line each instead of in columns.
const NARROW: usize = 60;
/// The widest bar, in columns.
const WIDEST_BAR: usize = 28;

/// How to show it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns.
    pub width: usize,
    pub charset: Charset,
    pub color: bool,
    /// Rows of a table.
    pub top: usize,
    /// Files that were read.
    pub files: usize,
}

/// The complete report, safe to show.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = head(report, style);
    if report.runs > 0 {
        let tables = [operations(report, style), rules(report, style), unmatched(report, style)];
        let parts = [&tables[..], &[changes(report, style)]].concat();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            out.push('\n');
            out.push_str(part);
        }
    }
    paint::finish(&out, style.charset, style.color)
}

/// Only what other settings would have changed.
pub fn render_what_if(report: &Report, style: &Style) -> String {
    paint::finish(&changes(report, style), style.charset, style.color)
}

fn changes(report: &Report, style: &Style) -> String {
    what_if(report).lines().map(|line| wrap(line, style.width, 11)).collect()
}

/// `, 2026-11-01 00:00 to 2026-11-26 14:56 UTC (25d)`; within a minute, only that; empty without runs.
pub(super) fn window(report: &Report) -> String {
    let (Some(first), Some(last)) = (&report.window.first, &report.window.last) else {
        return String::new();
    };
    let [first, last] = [first, last].map(|text| time::micros(text).unwrap_or_default());
    let span = time::span((last - first).unsigned_abs());
    match [first, last].map(time::minute) {
        [first, last] if first == last => format!(", {first} UTC"),
        [first, last] => format!(", {first} to {last} UTC ({span})"),
    }
}

/// `12 runs of 3 operations`; where no run has ended, `1 unfinished run`.
pub(super) fn subject(report: &Report) -> String {
    match (report.runs, report.unfinished) {
        (0, left @ 1..) => counted(left, "unfinished run"),
        (runs, _) => format!("{} of {}", counted(runs, "run"), counted(report.operations, "operation")),
    }
}

fn head(report: &Report, style: &Style) -> String {
    let window = window(report);
    let files = if style.files > 1 { format!(", {} files", style.files) } else { String::new() };
    let title = wrap(&format!("{}{window}{files}", subject(report)), style.width, 2);
    let mut out: String = title.lines().map(|line| mark(Role::Title, line) + "\n").collect();
    if report.interrupted {
        out += &mark(Role::Failed, "  interrupted: only part of the logs was read");
        out.push('\n');
    }
    let mut note = Vec::new();
    for (outcome, count) in &report.outcomes {
        if *count > 0 && *outcome != "succeeded" {
            note.push((*count, *outcome));
        }
    }
    note.sort_by_key(|(count, outcome)| (std::cmp::Reverse(*count), *outcome));
    let outcomes: Vec<_> =
        note.iter().map(|(count, outcome)| format!("{outcome} {}", grouped(*count))).collect();
    let row = |label, role, count, note: &str| bar_row(label, role, count, report.runs, note, style);
    out += &row("first try", Role::Good, report.first_try, "");
    out += &row("rescued", Role::Rescued, report.rescued, "");
    out += &row("failed", Role::Failed, report.failed, &outcomes.join(", "));
    if report.unfinished > 0 {
        let count = grouped(report.unfinished);
        let line = format!("  {:<11}{count:>7}  (not counted: no end was logged)", "unfinished");
        out += &wrap(&line, style.width, 13);
    }
    if report.runs > 0 {
        out += &spread(report, style);
    }
    out
}

fn spread(report: &Report, style: &Style) -> String {
    let number = |value: Option<u64>| value.map(grouped).unwrap_or_default();
    let attempts = &report.attempts;
    let row = |label: &str, text: &str| wrap(&format!("  {label:<11}{text}"), style.width, 13);
    let [p50, p95, max] = [attempts.p50, attempts.p95, attempts.max].map(number);
    let all = grouped(attempts.total);
    let mut out = row("attempts", &format!("p50 {p50}   p95 {p95}   max {max}   {all} in all"));
    let run = &report.durations.run;
    let [p50, p95, max] = [run.p50_ms, run.p95_ms, run.max_ms].map(|time| time.map(span).unwrap_or_default());
    out += &row("duration", &format!("p50 {p50}   p95 {p95}   max {max}"));
    if report.lost_ms > 0.0 {
        let [lost, waited] = [report.lost_ms, report.waited_ms].map(span);
        let line = format!("{lost} to failed attempts and the waits after them ({waited} waited)");
        out += &row("lost", &line);
    }
    out
}

/// `  rescued         60   6.0 %  █▊`
fn bar_row(label: &str, role: Role, count: u64, of: u64, note: &str, style: &Style) -> String {
    let start = format!("  {label:<11}{:>7}{:>9}", grouped(count), percent(count, of).unwrap_or_default());
    let room = style.width.saturating_sub(columns(&start) + 2).min(WIDEST_BAR);
    let bar = if style.width < NARROW { String::new() } else { bar(count, of, room, style.charset) };
    let line = format!("{start}  {bar}").trim_end().to_owned();
    let used = columns(&line);
    let line = if bar.is_empty() { line } else { format!("{start}  {}", mark(role, &bar)) };
    match note {
        "" => format!("{line}\n"),
        note if used + 2 + columns(note) <= style.width => format!("{line}  {note}\n"),
        note => format!("{line}\n{}", wrap(&format!("{:13}{note}", ""), style.width, 13)),
    }
}

/// A bar of eighths of a column, or of `#` in ASCII. Anything above 0 is visible.
fn bar(count: u64, of: u64, width: usize, charset: Charset) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let scale = |steps: usize| -> usize {
        let whole = u128::from(count) * steps as u128 / u128::from(of.max(1));
        usize::try_from(whole).unwrap_or(steps).max(usize::from(count > 0 && steps > 0))
    };
    match charset {
        Charset::Ascii => "#".repeat(scale(width)),
        Charset::Utf8 => {
            let eighths = scale(width * 8);
            "█".repeat(eighths / 8) + PARTS[eighths % 8]
        }
    }
}

fn operations(report: &Report, style: &Style) -> String {
    let mut table = Table::new(&[
        ("operation", Align::Flexible),
        ("runs", Align::Right),
        ("first try", Align::Right),
        ("rescued", Align::Right),
        ("failed", Align::Right),
        ("flake rate", Align::Right),
        ("lost", Align::Right),
        ("trend", Align::Left),
    ]);
    for group in report.by_name.iter().take(style.top) {
        table.row(operation(group, style));
        let painted = [
            (3, Role::Rescued, group.rescued > 0),
            (4, Role::Failed, group.failed > 0),
            (7, Role::Failed, group.trend == Some(Trend::Rising)),
            (7, Role::Good, group.trend == Some(Trend::Falling)),
        ];
        for (column, role, _) in painted.into_iter().filter(|(.., is_so)| *is_so) {
            table.paint(column, role);
        }
    }
    table.render(style.width, NARROW) + &rest(report.by_name.len(), "operation", style)
}

fn operation(group: &Group, style: &Style) -> Vec<String> {
    let trend = match (group.trend, style.charset) {
        (Some(Trend::Rising), Charset::Utf8) => "▲",
        (Some(Trend::Falling), Charset::Utf8) => "▼",
        (Some(Trend::Rising), Charset::Ascii) => "up",
        (Some(Trend::Falling), Charset::Ascii) => "down",
        (Some(Trend::Steady), _) => "=",
        (None, _) => "",
    };
    vec![
        child_text(&group.name),
        grouped(group.runs),
        percent(group.first_try, group.runs).unwrap_or_default(),
        grouped(group.rescued),
        grouped(group.failed),
        group.flake_rate.map(|share| with_interval(&share)).unwrap_or_default(),
        if group.lost_ms > 0.0 { span(group.lost_ms) } else { String::new() },
        trend.to_owned(),
    ]
}

fn rules(report: &Report, style: &Style) -> String {
    if report.rules.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("rule", Align::Flexible),
        ("class", Align::Left),
        ("attempts", Align::Right),
        ("runs", Align::Right),
        ("retrying helped", Align::Left),
    ]);
    for rule in report.rules.iter().take(style.top) {
        table.row(vec![
            child_text(&rule.name()),
            child_text(&rule.class),
            grouped(rule.attempts),
            grouped(rule.runs),
            helped(rule),
        ]);
        if let Some(suggestion) = &rule.suggestion {
            table.note(suggestion);
        }
    }
    table.render(style.width, NARROW) + &rest(report.rules.len(), "rule", style)
}

/// The results of retrying after the rule.
pub fn helped(rule: &Rule) -> String {
    if rule.class == "permanent" && rule.followed_by_success > 0 {
        return format!(
            "worked {} later ({} of {})",
            span(rule.until_success_ms.unwrap_or_default()),
            rule.followed_by_success,
            rule.followed_runs
        );
    }
    match (rule.helped, rule.retried_runs, rule.helped_runs) {
        (None, ..) => "not retried".to_owned(),
        (_, retried, 0) => {
            format!("never in {}, {} lost", counted(retried, "run"), span(rule.lost_ms))
        }
        (_, retried, helped) if retried < 20 => format!("{helped} of {retried}"),
        (_, retried, helped) => percent(helped, retried).unwrap_or_default(),
    }
}

/// The section on failures that match no rule, or on how to record them.
fn unmatched(report: &Report, style: &Style) -> String {
    if report.templates.is_empty() {
        return match report.unmatched_without_output {
            0 => String::new(),
            count => {
                let failures = counted(count, "failed attempt");
                let line = format!(
                    "{failures} matched no rule, and the output was not logged: use --log-tail 2k to log captured output, and --profile generic to capture stderr"
                );
                wrap(&line, style.width, 2)
            }
        };
    }
    let known = "matched by no rule";
    let title = wrap(&format!("{known} (--draft-rules drafts some)"), style.width, 2);
    let mut out = title.replacen(known, &mark(Role::Title, known), 1);
    let rows: Vec<_> = report.templates.iter().take(style.top).map(template).collect();
    let widest = |of: fn(&[String; 3]) -> &String| rows.iter().map(|row| columns(of(row))).max();
    let [text, helped] = [widest(|row| &row[1]), widest(|row| &row[2])].map(Option::unwrap_or_default);
    let room = text.min(style.width.saturating_sub(helped + 11));
    for [attempts, text, helped] in &rows {
        out += &if style.width < NARROW {
            wrap(&format!("{text}: attempts {attempts}, {helped}"), style.width, 4)
        } else {
            format!("{attempts:>7}  {}  {helped}\n", padded(&cut(text, room), room))
        };
    }
    out + &rest(report.templates.len(), "text", style)
}

fn rest(all: usize, noun: &str, style: &Style) -> String {
    more(all, style.top, noun).lines().map(|line| wrap(line, style.width, 2)).collect()
}

/// How often it was seen, its text, and whether retrying helped.
fn template(template: &Template) -> [String; 3] {
    let helped = match template.retried_runs {
        0 => "not retried".to_owned(),
        retried => format!("helped {} of {retried}", template.helped_runs),
    };
    let said = match template.program_name() {
        "" => template.template.clone(),
        program => format!("{program}: {}", template.template),
    };
    [grouped(template.attempts), child_text(&said), helped]
}

/// The changes that other settings would have made, one line each.
pub fn what_if(report: &Report) -> String {
    let what_if = &report.what_if;
    let mut out = String::new();
    for row in &what_if.rows {
        let mut parts = Vec::new();
        if row.setting == "timeout" {
            parts.push(format!("{} at risk", counted(row.attempts_at_risk, "attempt")));
        } else {
            let share = row.share_lost.map(|share| format!(" ({:.1} %)", share * 100.0)).unwrap_or_default();
            parts.push(format!("{} lost{share}", counted(row.runs_lost, "run")));
        }
        if row.attempts_saved > 0 {
            parts.push(format!("{} saved", counted(row.attempts_saved, "attempt")));
        }
        if row.saved_ms > 0.0 {
            parts.push(format!("{} saved", span(row.saved_ms)));
        }
        out += &format!("what if    --{} {}: {}\n", row.setting, row.value, parts.join(", "));
    }
    let mut suggested = Vec::new();
    suggested.extend(what_if.suggested.max.map(|max| format!("--max {max}")));
    suggested.extend(what_if.suggested.timeout_ms.map(|millis| format!("--timeout {}", option(millis))));
    if !suggested.is_empty() {
        out += &format!("suggested  {}\n", suggested.join(" "));
    }
    if let Some(limit) = &what_if.limit {
        let passed = limit.passed_rate.map(|share| with_interval(&share)).unwrap_or_default();
        out += &format!(
            "limit      {} ended after attempt {}, their last; {passed} of {} passed there\n",
            counted(limit.runs, "run"),
            grouped(limit.limit),
            counted(limit.reached, "run")
        );
    }
    out
}

/// A line with the number of omitted rows; empty if none are.
pub fn more(all: usize, top: usize, noun: &str) -> String {
    match all.saturating_sub(top) {
        0 => String::new(),
        rest => format!("… and {} (--top {all} shows all)\n", counted(rest as u64, &format!("more {noun}"))),
    }
}

/// Text from a log on one line: controls as `\x1b`.
pub fn child_text(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' | '\t' | '\r' => out.push(' '),
            c if c.is_control() => out += &format!("\\x{:02x}", u32::from(c)),
            c if is_mark(c) || is_unsafe(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}
