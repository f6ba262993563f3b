//! The answer as a single HTML file: the load over time, when operations were done, and the map.

use super::answer::{Answer, VariantResult};
use super::text::{about, name_of, subject};
use super::verdict::{percent, seconds, times, whole};
use crate::report::html::svg::{self, Curve, Escaped, Scale};
use crate::report::html::{Kind, begin, table};

/// The whole file.
pub fn render(answer: &Answer) -> String {
    let mut out = begin("retry simulate");
    for line in [subject(answer), about(answer).to_owned()] {
        out += &format!("<p>{}</p>\n", Escaped(&line));
    }
    out += &verdicts(answer);
    if let Some(map) = &answer.sweep {
        let about = "The share of the runs that recovered";
        let y = map.y.as_ref().map(|y| (y.parameter.as_str(), &y.values[..]));
        let shares: Vec<_> = map.cells.iter().map(|cell| cell.recovered).collect();
        let drawing = svg::map("What recovers", about, (&map.x.parameter, &map.x.values), y, &shares);
        out += &titled("What recovers", &drawing);
    }
    if !answer.results.is_empty() {
        out += &curves(answer);
    }
    out + "</body>\n</html>\n"
}

/// A drawing under its heading; it is scrolled where a screen is narrower.
fn titled(title: &str, drawing: &str) -> String {
    format!("<h2>{title}</h2>\n<div class=\"scroll\">\n{drawing}</div>\n")
}

/// The verdicts in full width, and a table of numbers, which a narrow screen scrolls.
fn verdicts(answer: &Answer) -> String {
    let name = |result: &VariantResult| name_of(result, answer.results.len());
    let verdict = |result: &VariantResult| {
        let label = if result.variant.is_empty() {
            String::new()
        } else {
            format!("<b>{}</b>: ", Escaped(&name(result)))
        };
        format!("<p>{label}{}</p>\n", Escaped(&result.verdict))
    };
    let told: String = answer.results.iter().map(verdict).collect();
    let rows: Vec<Vec<String>> = answer
        .results
        .iter()
        .map(|result| {
            let time = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| seconds(ms / 1000.0));
            vec![
                name(result),
                whole(result.calls),
                times(result.amplification),
                format!("{} at {}s", whole(result.peak_per_second), result.peak_at_s),
                time(result.p50_ms),
                time(result.p95_ms),
                time(result.completion_ms),
                percent(result.gave_up / result.operations.max(1.0)),
            ]
        })
        .collect();
    let numbers = ["calls", "each", "peak/s", "50 %", "95 %", "last success", "gave up"];
    let numbers = numbers.map(|title| (title, Kind::Number));
    let titles = [&[("policy", Kind::Word)], &numbers[..]].concat();
    let found: String = answer
        .found
        .iter()
        .map(|found| format!("<p>{} {}</p>\n", Escaped(&found.variant), Escaped(&found.told)))
        .collect();
    if rows.is_empty() { found } else { told + &table(&titles, &rows) + &found }
}

/// The load over time, and when operations were done: a curve for each policy.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn curves(answer: &Answer) -> String {
    let drawing = |title, about, scale: &Scale<'_>, points: &dyn Fn(&VariantResult) -> Vec<(f64, f64)>| {
        let curve = |result| Curve { name: name_of(result, answer.results.len()), points: points(result) };
        let curves: Vec<_> = answer.results.iter().map(curve).collect();
        titled(title, &svg::curves(title, about, scale, &curves))
    };
    let end = super::text::end(answer);
    let offered = |result: &VariantResult| {
        let shown = result.timeline.iter().filter(|at| at.t <= end);
        shown.map(|at| (at.t as f64, at.offered)).collect()
    };
    let done = |result: &VariantResult| {
        let percents = result.done.iter().zip(1_u8..);
        percents.filter_map(|(at, of)| Some(((*at)?, f64::from(of)))).collect()
    };
    let per_second = |value: f64| format!("{} requests/s", whole(value.round()));
    let percent = |value: f64| format!("{} %", whole(value.round()));
    let moment = |at: f64| if at == 0.0 { "0".to_owned() } else { seconds(at) };
    let scale = Scale { x: &moment, y: &per_second, bands: &answer.outages };
    let load = drawing("Load over time", "Requests per second, by seconds", &scale, &offered);
    let scale = Scale { y: &percent, bands: &[], ..scale };
    let of_operations = "Percent of the operations that were done within so many seconds of their begin";
    load + &drawing("Completion", of_operations, &scale, &done)
}
