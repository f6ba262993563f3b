//! The report as a single HTML file: no scripts, nothing loaded from elsewhere, light and dark.

pub mod svg;

use super::figures::{counted, grouped, percent, span, with_interval};
use super::model::{Bin, Count, Group, Report, Rule, Spread, Template};
use super::story::Story;
use super::text::{helped, more, subject, window};
use super::time;
use crate::base::words::plural;
use svg::{Bar, Escaped, UNENDED};

/// The most runs that are shown individually, of those that did not succeed on the first attempt.
pub const MAX_RUNS: usize = 200;

const STYLE: &str = include_str!("html/style.css");

/// The whole file.
pub fn render(report: &Report, stories: &[Story], top: usize) -> String {
    let mut out = begin("retry report");
    out += &head(report);
    out += &timeline(report);
    out += &attempts(report);
    out += &durations(report);
    out += &flaky(report, top);
    out += &operations(report, top);
    out += &rules(report, top);
    out += &templates(report, top);
    out += &what_if(report);
    out += &runs(stories);
    out + "</body>\n</html>\n"
}

/// The start of a file, up to its first heading.
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
    let window = window(report);
    let share = |count| percent(count, report.runs).map(|share| format!(" ({share})")).unwrap_or_default();
    let fate = |class: &str, name: &str, count: u64| {
        format!("<li>{}{name} <b>{}</b>{}</li>\n", svg::swatch(class), grouped(count), share(count))
    };
    let mut out = format!("<p>{}{window}</p>\n", subject(report));
    if report.interrupted {
        out += "<p class=\"cut\">Interrupted: only part of the logs was read.</p>\n";
    }
    out += &format!(
        "<ul class=\"legend\">\n{}{}{}</ul>\n",
        fate("good", "first try", report.first_try),
        fate("rescued", "rescued", report.rescued),
        fate("failed", "failed", report.failed)
    );
    if report.unfinished > 0 {
        let runs = counted(report.unfinished, "run");
        out += &format!("<p>Not counted: {runs} whose end was not logged.</p>\n");
    }
    if report.lost_ms > 0.0 {
        let [lost, waited] = [report.lost_ms, report.waited_ms].map(span);
        out += &format!(
            "<p><b>{lost}</b> lost to failed attempts and the waits after them ({waited} waited)</p>\n"
        );
    }
    out
}

/// The alignment of a column.
#[derive(Clone, Copy)]
pub enum Kind {
    Word,
    Number,
    /// Wrapped if there is no room.
    Text,
}

/// The longest text of a cell, in characters.
const MAX_CELL_CHARS: usize = 300;

/// A chart with its numbers behind it.
fn chart(title: &str, svg: &str, columns: &[(&str, Kind)], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let numbers = table(columns, rows);
    format!(
        "<h2>{title}</h2>\n<div class=\"scroll\">\n{svg}</div>\n<details><summary>The numbers</summary>\n{numbers}</details>\n"
    )
}

/// A table; cells are text.
pub fn table(columns: &[(&str, Kind)], rows: &[Vec<String>]) -> String {
    let class = |kind: Kind| match kind {
        Kind::Word => "",
        Kind::Number => " class=\"number\"",
        Kind::Text => " class=\"text\"",
    };
    let heads: String =
        columns.iter().map(|(title, kind)| format!("<th{}>{title}</th>", class(*kind))).collect();
    let row = |cells: &Vec<String>| {
        let cell = |(cell, (_, kind)): (&String, &(&str, Kind))| {
            format!("<td{}>{}</td>", class(*kind), Escaped(&svg::cut(cell, MAX_CELL_CHARS)))
        };
        format!("<tr>{}</tr>\n", cells.iter().zip(columns).map(cell).collect::<String>())
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// A table under a title; nothing without rows.
fn section(title: &str, columns: &[(&str, Kind)], rows: &[Vec<String>]) -> String {
    if rows.is_empty() { String::new() } else { format!("<h2>{title}</h2>\n{}", table(columns, rows)) }
}

/// A paragraph on the rows that a table was shortened by.
fn rest(all: usize, top: usize, noun: &str) -> String {
    match more(all, top, noun) {
        more if more.is_empty() => more,
        more => format!("<p>{}</p>\n", Escaped(more.trim_end())),
    }
}

/// The columns of the fates.
const FATES: [(&str, Kind); 3] =
    [("first try", Kind::Number), ("rescued", Kind::Number), ("failed", Kind::Number)];

fn timeline(report: &Report) -> String {
    /// The most bars that can be told apart.
    const BARS: i64 = 120;
    let timeline = &report.timeline;
    let at = |bin: &Bin| time::micros(&bin.from).unwrap_or_default();
    let (Some(first), Some(last)) = (timeline.bins.first().map(at), timeline.bins.last().map(at)) else {
        return String::new();
    };
    let width = timeline.bin_seconds * time::SECOND;
    let bins = (last - first) / width.max(1) + 1;
    let step = width * ((bins + BARS - 1) / BARS).max(1);
    let mut bars: Vec<Bar> = Vec::new();
    for bin in &timeline.bins {
        let place = usize::try_from((at(bin) - first) / step).unwrap_or_default();
        let counts = [bin.first_try, bin.rescued, bin.failed];
        if let Some(bar) = bars.last_mut().filter(|bar| bar.place == place) {
            for (sum, count) in bar.parts.iter_mut().zip(counts) {
                *sum += count;
            }
        } else {
            let tick = time::minute(at(bin));
            bars.push(Bar { place, parts: counts, label: tick.clone(), tick });
        }
    }
    let row = |bar: &Bar| [vec![bar.label.clone()], bar.parts.map(grouped).to_vec()].concat();
    let rows: Vec<_> = bars.iter().map(row).collect();
    let title = "Runs over time";
    let about = format!("Runs by the time they ended, in steps of {}", time::span(step.unsigned_abs()));
    let columns = [&[("from (UTC)", Kind::Word)], &FATES[..]].concat();
    chart(title, &svg::bars(title, &about, &bars), &columns, &rows)
}

fn durations(report: &Report) -> String {
    let steps = &report.durations.histogram;
    let mut bars: Vec<Bar> = Vec::new();
    let mut bound = steps.first().map(|step| step.up_to_ms).unwrap_or_default();
    for step in steps {
        // Buckets without runs are shown as well.
        let mut place = bars.last().map_or(0, |bar| bar.place + 1);
        while bound < step.up_to_ms {
            bound = next_bound(bound);
            place += 1;
        }
        let tick = span(step.up_to_ms);
        let label = format!("up to {tick}");
        let parts = [step.first_try, step.rescued, step.failed];
        bars.push(Bar { place, parts, label, tick });
        bound = next_bound(bound);
    }
    let row = |step: &Spread| {
        let counts = [step.first_try, step.rescued, step.failed].map(grouped);
        [vec![span(step.up_to_ms)], counts.to_vec()].concat()
    };
    let rows: Vec<_> = steps.iter().map(row).collect();
    let title = "Durations";
    let svg = svg::bars(title, "Runs by duration, attempts and waits", &bars);
    chart(title, &svg, &[&[("up to", Kind::Word)], &FATES[..]].concat(), &rows)
}

/// 1, 2, 5, 10, 20 …
fn next_bound(bound: f64) -> f64 {
    let leading = bound / 10_f64.powf(bound.log10().floor());
    if (leading - 2.0).abs() < 0.1 { bound * 2.5 } else { bound * 2.0 }
}

fn attempts(report: &Report) -> String {
    const SHOWN_ROWS: usize = 60;
    let counts = &report.attempts.histogram;
    let bar = |(place, count): (usize, &Count)| Bar {
        place,
        parts: [count.first_try, count.rescued, count.failed],
        tick: count.attempts.to_string(),
        label: plural(count.attempts, "attempt"),
    };
    let bars: Vec<_> = counts.iter().take(SHOWN_ROWS).enumerate().map(bar).collect();
    let row =
        |count: &Count| [count.attempts, count.first_try, count.rescued, count.failed].map(grouped).to_vec();
    let rows: Vec<_> = counts.iter().map(row).collect();
    let title = "Attempts";
    let svg = svg::bars(title, "Runs by number of attempts", &bars);
    chart(title, &svg, &[&[("attempts", Kind::Number)], &FATES[..]].concat(), &rows)
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
    let columns = [
        ("operation", Kind::Text),
        ("rescued", Kind::Number),
        ("succeeded", Kind::Number),
        ("flake rate", Kind::Number),
    ];
    chart(title, &svg, &columns, &rows)
}

fn operations(report: &Report, top: usize) -> String {
    let row = |group: &Group| {
        let counts = [group.runs, group.first_try, group.rescued, group.failed].map(grouped);
        let rest = [
            group.flake_rate.map(|share| with_interval(&share)).unwrap_or_default(),
            if group.lost_ms > 0.0 { span(group.lost_ms) } else { String::new() },
        ];
        [std::slice::from_ref(&group.name), &counts[..], &rest[..]].concat()
    };
    let rows: Vec<_> = report.by_name.iter().take(top).map(row).collect();
    let columns = [
        &[("operation", Kind::Text), ("runs", Kind::Number)],
        &FATES[..],
        &[("flake rate", Kind::Number), ("lost", Kind::Number)],
    ];
    section("Operations", &columns.concat(), &rows) + &rest(report.by_name.len(), top, "operation")
}

fn rules(report: &Report, top: usize) -> String {
    let row = |rule: &Rule| {
        vec![
            rule.name(),
            rule.class.clone(),
            grouped(rule.attempts),
            grouped(rule.runs),
            helped(rule),
            rule.suggestion.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = report.rules.iter().take(top).map(row).collect();
    let columns = [
        ("rule", Kind::Word),
        ("class", Kind::Word),
        ("attempts", Kind::Number),
        ("runs", Kind::Number),
        ("retrying helped", Kind::Word),
        ("", Kind::Word),
    ];
    section("Did retrying help?", &columns, &rows) + &rest(report.rules.len(), top, "rule")
}

fn templates(report: &Report, top: usize) -> String {
    let row = |template: &Template| {
        let helped = match template.retried_runs {
            0 => "not retried".to_owned(),
            retried => format!("{} of {}", grouped(template.helped_runs), grouped(retried)),
        };
        let counts = [template.attempts, template.runs].map(grouped);
        [&[template.program_name().to_owned(), template.template.clone()], &counts[..], &[helped]].concat()
    };
    let rows: Vec<_> = report.templates.iter().take(top).map(row).collect();
    let columns = [
        ("program", Kind::Word),
        ("text", Kind::Text),
        ("attempts", Kind::Number),
        ("runs", Kind::Number),
        ("retrying helped", Kind::Word),
    ];
    section("Matched by no rule", &columns, &rows) + &rest(report.templates.len(), top, "text")
}

fn what_if(report: &Report) -> String {
    let lines = super::text::what_if(report);
    let row = |line: &str| {
        // The first column is as wide as its longest word and two blanks.
        let (name, rest) = line.split_at_checked(11).unwrap_or((line, ""));
        vec![name.trim().to_owned(), rest.to_owned()]
    };
    let rows: Vec<_> = lines.lines().map(row).collect();
    section("What if", &[("", Kind::Word), ("", Kind::Text)], &rows)
}

fn runs(stories: &[Story]) -> String {
    if stories.is_empty() {
        return String::new();
    }
    let stories: Vec<_> = stories.iter().rev().collect();
    let row = |story: &&Story| {
        vec![
            time::second(story.started),
            story.name.clone(),
            (story.attempts.len() + usize::from(story.under_way().is_some())).to_string(),
            story.end.as_ref().map_or("unfinished", |end| end.outcome.name()).to_owned(),
            story.run.clone(),
        ]
    };
    let rows: Vec<_> = stories.iter().map(row).collect();
    let title = "The latest runs that did not succeed on the first attempt";
    let about = "One row per run, latest first: attempts by class, and the waits between them";
    let key = |class: &str, name: &str| format!("<li>{}{name}</li>\n", svg::swatch(class));
    let is_open = stories.iter().any(|story| story.under_way().is_some());
    let unended = if is_open { key("open", UNENDED) } else { String::new() };
    let legend = format!(
        "<ul class=\"legend\">\n{}{}{}{}{unended}<li>··· waiting</li>\n</ul>\n",
        key("good", "succeeded"),
        key("rescued", "transient"),
        key("throttled", "throttled"),
        key("failed", "permanent")
    );
    let columns = [
        ("began", Kind::Word),
        ("operation", Kind::Text),
        ("attempts", Kind::Number),
        ("outcome", Kind::Word),
        ("run", Kind::Word),
    ];
    chart(title, &(legend + &svg::runs(title, about, &stories)), &columns, &rows)
}
