//! The report in GitHub's Markdown, for a job's summary.

use super::figures::{grouped, percent, span};
use super::model::{Change, Group, Interval, Report, Rule, Template};
use super::text::{helped, more};

/// GitHub refuses summaries of more than 1024 KiB.
const MAX_SUMMARY_BYTES: usize = 900 * 1024;

/// Renders the report. Rescued runs come first and are never folded; there is no first-level heading.
pub fn render(report: &Report, top: usize) -> String {
    let mut out = format!("{}\n\n", first(report));
    if report.interrupted {
        out += "Interrupted: only part of the logs was read.\n\n";
    }
    out += &sums(report);
    out += &operations(report, top);
    out += &rules(report, top);
    out += &texts(report, top);
    out += &what_if(report);
    held(out)
}

fn sums(report: &Report) -> String {
    table(
        &["runs", "first try", "rescued", "failed", "unfinished", "attempts", "waited", "lost"],
        &[vec![
            grouped(report.runs),
            counted(report.first_try, report.runs),
            counted(report.rescued, report.runs),
            counted(report.failed, report.runs),
            grouped(report.unfinished),
            grouped(report.attempts.total),
            span(report.waited_ms),
            span(report.lost_ms),
        ]],
    )
}

fn operations(report: &Report, top: usize) -> String {
    let row = |group: &Group| {
        vec![
            code(&group.name),
            grouped(group.runs),
            percent(group.first_try, group.runs).unwrap_or_default(),
            grouped(group.rescued),
            grouped(group.failed),
            group.flake_rate.map(|share| interval(&share)).unwrap_or_default(),
            span(group.lost_ms),
        ]
    };
    let titles = ["operation", "runs", "first try", "rescued", "failed", "flake rate", "lost"];
    shortened("operation", &titles, &report.by_name, top, row)
}

fn rules(report: &Report, top: usize) -> String {
    let row = |rule: &Rule| {
        vec![
            code(&rule.name()),
            code(&rule.class),
            grouped(rule.attempts),
            grouped(rule.runs),
            helped(rule),
            rule.suggestion.as_deref().map(code).unwrap_or_default(),
        ]
    };
    let titles = ["rule", "class", "attempts", "runs", "retrying helped", "suggestion"];
    shortened("rule", &titles, &report.rules, top, row)
}

fn texts(report: &Report, top: usize) -> String {
    let row = |template: &Template| {
        vec![
            code(&template.template),
            grouped(template.attempts),
            grouped(template.runs),
            format!("{} of {}", template.helped_runs, template.retried_runs),
        ]
    };
    let titles = ["matched by no rule", "attempts", "runs", "retrying helped"];
    shortened("text", &titles, &report.templates, top, row)
}

fn what_if(report: &Report) -> String {
    let row = |change: &Change| {
        vec![
            format!("`--{} {}`", change.setting, change.value),
            grouped(change.runs_lost),
            grouped(change.attempts_at_risk),
            grouped(change.attempts_saved),
            span(change.saved_ms),
        ]
    };
    let rows: Vec<_> = report.what_if.rows.iter().map(row).collect();
    table(&["what if", "runs lost", "attempts at risk", "attempts saved", "time saved"], &rows)
}

/// The first rows of a table, and how many more there are.
fn shortened<T>(
    noun: &str,
    titles: &[&str],
    all: &[T],
    top: usize,
    row: impl Fn(&T) -> Vec<String>,
) -> String {
    let rows: Vec<_> = all.iter().take(top).map(row).collect();
    let rest = match more(all.len(), top, noun) {
        rest if rest.is_empty() => rest,
        rest => rest + "\n",
    };
    table(titles, &rows) + &rest
}

/// Cuts the text at the end of a line if it is too long.
fn held(mut out: String) -> String {
    if out.len() > MAX_SUMMARY_BYTES {
        let end = out[..out.floor_char_boundary(MAX_SUMMARY_BYTES)].rfind('\n').map_or(0, |end| end + 1);
        out.truncate(end);
    }
    out
}

/// The first line: what became of the runs that ended, and how many have no end.
fn first(report: &Report) -> String {
    let [runs, failed, rescued] = [report.runs, report.failed, report.rescued].map(grouped);
    let were = if report.rescued == 1 { "was" } else { "were" };
    let ended = match (report.runs, report.rescued, report.failed) {
        (0, ..) => String::new(),
        (1, 0, 0) => "**The only run that ended succeeded on the first try.**".to_owned(),
        (1, 0, _) => "**The only run that ended failed.**".to_owned(),
        (1, ..) => "**The only run that ended was rescued by a retry.**".to_owned(),
        (_, 0, 0) => format!("**All {runs} runs that ended succeeded on the first try.**"),
        (_, 0, _) => format!("**{failed} of {runs} runs failed**; none was rescued by a retry."),
        _ => format!("**{rescued} of {runs} runs {were} rescued by a retry**, {failed} failed."),
    };
    match report.unfinished {
        0 if report.runs == 0 => "**There are no runs.**".to_owned(),
        0 => ended.replace(" that ended", ""),
        1 => format!("{ended} **1 run has no end**: it was killed, or is still running.").trim().to_owned(),
        left => format!("{ended} **{} runs have no end**: killed, or still running.", grouped(left))
            .trim()
            .to_owned(),
    }
}

fn counted(count: u64, of: u64) -> String {
    match percent(count, of) {
        Some(share) => format!("{} ({share})", grouped(count)),
        None => grouped(count),
    }
}

fn interval(share: &Interval) -> String {
    format!("{:.1} % ({:.0}-{:.0})", share.rate * 100.0, share.low * 100.0, share.high * 100.0)
}

/// A table; empty without rows. All columns except the first are right-aligned.
fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    let rule =
        titles.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "--:" }.to_owned()).collect();
    let rows = rows.iter().map(|row| line(row.clone()));
    line(titles) + &line(rule) + &rows.collect::<String>() + "\n"
}

/// Text from a log as code: on one line, within a fence that is longer than any in it, and unable to end a cell.
fn code(text: &str) -> String {
    // GitHub may take the backslash before a backslash and a bar for the escape: then the bar would end the cell.
    let text = super::text::child_text(text).replace("\\|", "\\¦").replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}
