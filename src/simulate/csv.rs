//! The answer as comma-separated values (RFC 4180).

use super::answer::Answer;
use super::text::name_of;

/// One row per variant; for a map, one per cell.
pub fn render(answer: &Answer) -> String {
    if let Some(map) = &answer.sweep {
        let across = map.x.values.len().max(1);
        let y = map.y.as_ref();
        let name = y.map(|y| format!("{},", field(&y.parameter))).unwrap_or_default();
        let mut out = format!("{name}{},recovered,succeeded,amplification\r\n", field(&map.x.parameter));
        for (place, cell) in map.cells.iter().enumerate() {
            let row = y.and_then(|y| y.values.get(place / across)).map(|value| format!("{},", field(value)));
            let x = map.x.values.get(place % across).map_or("", String::as_str);
            let numbers = [cell.recovered, cell.succeeded, cell.amplification].map(number).join(",");
            out += &format!("{}{},{numbers}\r\n", row.unwrap_or_default(), field(x));
        }
        return out;
    }
    let mut out = "variant,operations,calls,amplification,succeeded,gave_up,unfinished,first_success_ms,completion_ms,\
                   p50_ms,p95_ms,p99_ms,peak_per_second,peak_at_s,overload_s,recovered,recovered_at_s,verdict\r\n"
        .to_owned();
    for result in &answer.results {
        let before = [
            Some(result.operations),
            Some(result.calls),
            Some(result.amplification),
            Some(result.succeeded),
            Some(result.gave_up),
            Some(result.unfinished),
            result.first_success_ms,
            result.completion_ms,
            result.p50_ms,
            result.p95_ms,
            result.p99_ms,
            Some(result.peak_per_second),
        ];
        let after = [Some(result.overload_s), Some(result.recovered), result.recovered_at_s];
        out += &format!(
            "{},{},{},{},{}\r\n",
            field(&name_of(result, answer.results.len())),
            before.map(number).join(","),
            result.peak_at_s,
            after.map(number).join(","),
            field(&result.verdict)
        );
    }
    out
}

/// One row per step of each variant's first run.
pub fn timeline(answer: &Answer) -> String {
    let mut out = "t,variant,offered,served\r\n".to_owned();
    for result in &answer.results {
        let name = name_of(result, answer.results.len());
        for step in &result.timeline {
            out += &format!("{},{},{},{}\r\n", step.t, field(&name), step.offered, step.served);
        }
    }
    out
}

fn number(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// A field, quoted if necessary.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
