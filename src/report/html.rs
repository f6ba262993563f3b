//! The report as one file for a browser: no script, nothing loaded from elsewhere, light and dark.

pub mod svg;

use super::model::{Group, Report, Rule};
use super::stats::word;
use super::story::Story;
use super::text::{grouped, percent, span};
use super::time;
use svg::{Bar, Escaped};

/// Runs that were not right at first, and are shown one by one.
pub const RUNS: usize = 200;

const STYLE: &str = include_str!("html/style.css");

/// The whole file.
pub fn render(report: &Report, stories: &[Story], top: usize) -> String {
    let mut out = begin("retry report");
    out += &head(report);
    out += &timeline(report);
    out += &histogram(report);
    out += &flaky(report, top);
    out += &operations(report, top);
    out += &rules(report, top);
    out += &templates(report, top);
    out += &runs(stories);
    out + "</body>\n</html>\n"
}

/// The begin of a file, up to its first heading.
pub fn begin(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}<h1>{title}</h1>\n",
        svg::HATCHES
    )
}

fn head(report: &Report) -> String {
    let window = match (&report.window.first, &report.window.last) {
        (Some(first), Some(last)) => format!(", {} to {}", Escaped(first), Escaped(last)),
        _ => String::new(),
    };
    let share = |count| percent(count, report.runs).map(|share| format!(" ({share})")).unwrap_or_default();
    format!(
        "<p>{} runs of {} operations{window}</p>\n<ul>\n<li>first try: {}{}</li>\n<li>rescued: {}{}</li>\n<li>failed: {}{}</li>\n\
         <li>unfinished: {}</li>\n<li>lost to failed attempts and the waits behind them: {} ({} waited)</li>\n</ul>\n",
        grouped(report.runs),
        grouped(report.operations),
        grouped(report.first_try),
        share(report.first_try),
        grouped(report.rescued),
        share(report.rescued),
        grouped(report.failed),
        share(report.failed),
        grouped(report.unfinished),
        span(report.lost_ms),
        span(report.waited_ms)
    )
}

/// A chart with its numbers behind it.
fn chart(title: &str, svg: &str, titles: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let numbers = table(titles, rows);
    format!("<h2>{title}</h2>\n{svg}<details><summary>The numbers</summary>\n{numbers}</details>\n")
}

/// A table; cells are text.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let heads: String = titles.iter().map(|title| format!("<th>{title}</th>")).collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", Escaped(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

fn timeline(report: &Report) -> String {
    let timeline = &report.timeline;
    let width = timeline.bin_seconds * time::SECOND;
    let at = |from: &str| time::micros(from).unwrap_or_default().div_euclid(width.max(1));
    let first = timeline.bins.first().map(|bin| at(&bin.from)).unwrap_or_default();
    let bars: Vec<_> = timeline
        .bins
        .iter()
        .map(|bin| Bar {
            place: usize::try_from(at(&bin.from) - first).unwrap_or_default(),
            parts: [bin.first_try, bin.rescued, bin.failed],
            label: bin.from.clone(),
        })
        .collect();
    let rows: Vec<_> = timeline
        .bins
        .iter()
        .map(|bin| vec![bin.from.clone(), grouped(bin.first_try), grouped(bin.rescued), grouped(bin.failed)])
        .collect();
    let title = "Runs over time";
    let about = format!("Runs by the time they ended, in steps of {} seconds", timeline.bin_seconds);
    chart(title, &svg::bars(title, &about, &bars), &["from", "first try", "rescued", "failed"], &rows)
}

fn histogram(report: &Report) -> String {
    const SHOWN: usize = 60;
    let counts = &report.attempts.histogram;
    let bars: Vec<_> = counts
        .iter()
        .take(SHOWN)
        .enumerate()
        .map(|(place, count)| Bar {
            place,
            parts: [count.runs, 0, 0],
            label: format!("{} attempts", count.attempts),
        })
        .collect();
    let rows: Vec<_> =
        counts.iter().map(|count| vec![grouped(count.attempts), grouped(count.runs)]).collect();
    let title = "Attempts";
    chart(title, &svg::bars(title, "Runs by the attempts they took", &bars), &["attempts", "runs"], &rows)
}

fn flaky(report: &Report, top: usize) -> String {
    let groups: Vec<_> = report.by_name.iter().filter(|group| group.rescued > 0).take(top).collect();
    let of = |group: &&Group| {
        let share = group.flake_rate.map_or(0.0, |share| share.rate);
        (group.name.clone(), share, format!("{:.1} %", share * 100.0))
    };
    let lines: Vec<_> = groups.iter().map(of).collect();
    let rows: Vec<_> = groups
        .iter()
        .map(|group| vec![group.name.clone(), grouped(group.rescued), grouped(group.succeeded), of(group).2])
        .collect();
    let title = "Flaky operations";
    let svg = svg::shares(title, "The share of successes that were rescued", &lines);
    chart(title, &svg, &["operation", "rescued", "succeeded", "flake rate"], &rows)
}

fn operations(report: &Report, top: usize) -> String {
    let rows: Vec<_> = report
        .by_name
        .iter()
        .take(top)
        .map(|group| {
            vec![
                group.name.clone(),
                grouped(group.runs),
                grouped(group.first_try),
                grouped(group.rescued),
                grouped(group.failed),
                span(group.lost_ms),
            ]
        })
        .collect();
    let titles = ["operation", "runs", "first try", "rescued", "failed", "lost"];
    if rows.is_empty() { String::new() } else { format!("<h2>Operations</h2>\n{}", table(&titles, &rows)) }
}

fn rules(report: &Report, top: usize) -> String {
    let row = |rule: &Rule| {
        let name = rule.profile.as_ref().unwrap_or(&rule.source);
        vec![
            format!("{name}/{}", rule.id),
            rule.class.clone(),
            grouped(rule.attempts),
            grouped(rule.runs),
            format!("{} of {}", grouped(rule.helped_runs), grouped(rule.retried_runs)),
            rule.suggestion.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = report.rules.iter().take(top).map(row).collect();
    let titles = ["rule", "class", "attempts", "runs", "retrying helped", "suggestion"];
    if rows.is_empty() {
        String::new()
    } else {
        format!("<h2>Did retrying help?</h2>\n{}", table(&titles, &rows))
    }
}

fn templates(report: &Report, top: usize) -> String {
    let rows: Vec<_> = report
        .templates
        .iter()
        .take(top)
        .map(|template| vec![template.template.clone(), grouped(template.attempts), grouped(template.runs)])
        .collect();
    let titles = ["text", "attempts", "runs"];
    if rows.is_empty() {
        String::new()
    } else {
        format!("<h2>Not known to any rule</h2>\n{}", table(&titles, &rows))
    }
}

fn runs(stories: &[Story]) -> String {
    if stories.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = stories
        .iter()
        .map(|story| {
            vec![
                time::second(story.started),
                story.name.clone(),
                story.attempts.len().to_string(),
                story.end.as_ref().map_or("unfinished", |end| word(end.outcome)).to_owned(),
                story.run.clone(),
            ]
        })
        .collect();
    let title = "The last runs that were not right at first";
    let svg = svg::runs(title, "A row a run: attempts by class, and the waits between them", stories);
    chart(title, &svg, &["began", "operation", "attempts", "outcome", "run"], &rows)
}
