//! The answer as one file for a browser: the load over time, when operations were done, and the map.

use super::answer::Answer;
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
        out += &format!("<h2>What recovers</h2>\n{drawing}");
    }
    if !answer.results.is_empty() {
        out += &curves(answer);
    }
    out + "</body>\n</html>\n"
}

fn verdicts(answer: &Answer) -> String {
    let rows: Vec<Vec<String>> = answer
        .results
        .iter()
        .map(|result| {
            let time = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| seconds(ms / 1000.0));
            vec![
                name_of(result, answer.results.len()),
                whole(result.calls),
                times(result.amplification),
                format!("{} at {}s", whole(result.peak_per_second), result.peak_at_s),
                time(result.p50_ms),
                time(result.p95_ms),
                time(result.completion_ms),
                percent(result.gave_up / result.operations.max(1.0)),
                result.verdict.clone(),
            ]
        })
        .collect();
    let numbers = ["calls", "each", "peak/s", "50 %", "95 %", "last success", "gave up"];
    let numbers = numbers.map(|title| (title, Kind::Number));
    let titles = [&[("policy", Kind::Word)], &numbers[..], &[("verdict", Kind::Text)]].concat();
    let found: String = answer
        .found
        .iter()
        .map(|found| format!("<p>{} {}</p>\n", Escaped(&found.variant), Escaped(&found.told)))
        .collect();
    if rows.is_empty() { found } else { table(&titles, &rows) + &found }
}

#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn curves(answer: &Answer) -> String {
    let name = |result| name_of(result, answer.results.len());
    let end = super::text::end(answer);
    let load: Vec<_> = answer
        .results
        .iter()
        .map(|result| Curve {
            name: name(result),
            points: result
                .timeline
                .iter()
                .filter(|at| at.t <= end)
                .map(|at| (at.t as f64, at.offered))
                .collect(),
        })
        .collect();
    let done: Vec<_> = answer
        .results
        .iter()
        .map(|result| Curve {
            name: name(result),
            points: result
                .done
                .iter()
                .zip(1_u8..)
                .filter_map(|(at, of)| Some(((*at)?, f64::from(of))))
                .collect(),
        })
        .collect();
    let per_second = |value: f64| format!("{} requests/s", whole(value.round()));
    let percent = |value: f64| format!("{} %", whole(value.round()));
    let moment = |at: f64| if at == 0.0 { "0".to_owned() } else { seconds(at) };
    let scale = Scale { x: &moment, y: &per_second, bands: &answer.outages };
    let load = svg::curves("Load over time", "Requests per second, by seconds", &scale, &load);
    let scale = Scale { y: &percent, bands: &[], ..scale };
    let about = "Percent of the operations that were done within so many seconds";
    let done = svg::curves("Completion", about, &scale, &done);
    format!(
        "<h2>Load over time</h2>\n{load}<h2>Completion</h2>\n<p>How many operations were done within that time of their begin</p>\n{done}"
    )
}
