//! The answer for people, in 80 columns.

use std::fmt::Write as _;
use std::time::Duration;

use super::answer::{Answer, Step, VARIED, VariantResult};
use super::verdict::{counted, percent, rate, seconds, times, whole};
use crate::base::columns::{columns as columns_of, padded};
use crate::base::duration::{self, approximate};
use crate::base::printable::Charset;

/// Columns of a line of load over time.
const LINE: usize = 64;

/// The complete answer.
pub fn render(answer: &Answer, charset: Charset) -> String {
    let mut out = head(answer);
    if let Some(map) = &answer.sweep {
        out += &map.text(charset);
    }
    for found in &answer.found {
        let label = if found.variant.is_empty() { String::new() } else { format!("{}: ", found.variant) };
        out += &format!("\n{}", wrapped(&format!("{label}{}", found.told)));
    }
    if !answer.results.is_empty() {
        out += &results(answer, charset);
    }
    if let Some(stopped) = answer.stopped_at_s {
        let _infallible = writeln!(out, "\nstopped at t = {}", seconds(stopped));
    }
    out
}

fn results(answer: &Answer, charset: Charset) -> String {
    let mut out = String::new();
    let name = |result: &VariantResult| name_of(result, answer.results.len());
    let width = answer.results.iter().map(|result| columns_of(&name(result))).max().unwrap_or(0).clamp(7, 24);
    let _infallible = writeln!(
        out,
        "\n{:<width$} {:>8} {:>5} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "policy", "calls", "each", "peak/s", "first", "50 %", "95 %", "last", "gave up"
    );
    for result in &answer.results {
        let time = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| seconds(ms / 1000.0).replace(' ', ""));
        let _infallible = writeln!(
            out,
            "{} {:>8} {:>5} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}",
            padded(&name(result), width),
            whole(result.calls),
            times(result.amplification),
            format!("{}@{}s", whole(result.peak_per_second), result.peak_at_s),
            time(result.first_success_ms),
            time(result.p50_ms),
            time(result.p95_ms),
            time(result.completion_ms),
            percent(result.gave_up / result.operations.max(1.0)),
        );
    }
    out += &load(answer, charset);
    for result in &answer.results {
        let label = if result.variant.is_empty() { String::new() } else { format!("{}: ", name(result)) };
        let _infallible = write!(out, "\n{}", wrapped(&format!("{label}{}", result.verdict)));
    }
    out
}

/// The name of a result: the values in which it differs.
pub(super) fn name_of(result: &VariantResult, of: usize) -> String {
    if of == 1 && result.variant.is_empty() {
        return "as asked".to_owned();
    }
    let parts: Vec<_> = result.variant.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join(" ")
}

/// Describes what was simulated.
pub(super) fn subject(answer: &Answer) -> String {
    let parameters = &answer.model_parameters;
    let value = |name: &str| parameters.get(name).map_or("", String::as_str);
    let arrive = match value("arrive") {
        "all" => "at once".to_owned(),
        "log" => "as in the log".to_owned(),
        arrive => rounded("poisson:", arrive, ""),
    };
    let who = match (value("loop"), value("clients")) {
        ("open", _) => format!("operations arrive {arrive}"),
        (_, VARIED) => format!("clients, a varied number, arrive {arrive}"),
        (_, "1") => format!("1 client arrives {arrive}"),
        _ => format!("{} arrive {arrive}", counted(f64::from(answer.clients), "client")),
    };
    let mut out = format!("model {}: {who}", answer.model);
    if let Some(log) = parameters.get("from-log") {
        let _infallible = write!(out, " ({log})");
    }
    if answer.model == "server" {
        let _infallible = write!(
            out,
            ", capacity {}, service {}, queue {}, outage {}",
            rounded("", value("capacity"), "/s"),
            brief(value("service")),
            value("queue"),
            value("outage")
        );
    }
    match value("shared") {
        "off" => {}
        VARIED => out += ", shared limits varied",
        who => {
            let _infallible = write!(out, ", limits shared by {who}");
        }
    }
    out + &format!("; {}, seed {}", counted(f64::from(answer.runs), "run"), answer.seed)
}

/// A value for people: its number has no more digits than they need.
fn rounded(before: &str, value: &str, behind: &str) -> String {
    let number = value.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind)?.parse().ok());
    number.map_or(value.to_owned(), |number| format!("{before}{}{behind}", rate(number)))
}

/// A distribution for people: `exp:1.4ms`, where its mean is `1ms 402us 525ns`.
fn brief(distribution: &str) -> String {
    let (shape, rest) = distribution.split_once(':').unwrap_or((distribution, ""));
    let (mean, more) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
    let short = |mean: Duration| match mean.as_nanos() {
        nanos if nanos >= 1_000_000_000 => approximate(mean),
        nanos if nanos >= 1_000_000 => format!("{}ms", rate(mean.as_secs_f64() * 1e3)),
        nanos if nanos >= 1_000 => format!("{}us", rate(mean.as_secs_f64() * 1e6)),
        nanos => format!("{nanos}ns"),
    };
    duration::parse(mean).map_or(distribution.to_owned(), |mean| format!("{shape}:{}{more}", short(mean)))
}

/// What the form of the load decides.
pub(super) fn about(answer: &Answer) -> &'static str {
    match answer.model_parameters.get("loop").map_or("", String::as_str) {
        "open" => {
            "open system: new operations come whatever happens, so waits put load off and do not reduce it"
        }
        "once" => "one operation per client: the load ends by itself, and waits thin it out",
        _ => "closed loop: a client that waits sends nothing else, so waits reduce the load",
    }
}

fn head(answer: &Answer) -> String {
    format!("{}{}", wrapped(&subject(answer)), wrapped(about(answer)))
}

/// The load over time of each variant, on one scale.
fn load(answer: &Answer, charset: Charset) -> String {
    let bars: Vec<Vec<f64>> = answer.results.iter().map(|result| columns(answer, &result.timeline)).collect();
    let most = bars.iter().flatten().copied().fold(0.0, f64::max);
    let last = end(answer);
    if most == 0.0 || last == 0 {
        return String::new();
    }
    let mut out = format!("\nload over time: 0 to {}, up to {}/s\n", seconds(to_float(last)), whole(most));
    for (result, bars) in answer.results.iter().zip(&bars) {
        let line: String = bars.iter().map(|value| bar(value / most, charset)).collect();
        if answer.results.len() > 1 {
            let _infallible = writeln!(out, "  {}", name_of(result, answer.results.len()));
        }
        let _infallible = writeln!(out, "  {}", line.trim_end());
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn to_float(number: u64) -> f64 {
    number as f64
}

/// The last second with data.
pub(super) fn end(answer: &Answer) -> u64 {
    let last = answer.results.iter().filter_map(|result| {
        let step = result.timeline.get(1).map_or(1, |step| step.t);
        result.timeline.iter().rfind(|at| at.offered > 0.0).map(|at| at.t + step)
    });
    last.max().unwrap_or_default()
}

/// The greatest load within each column's time.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a drawing"
)]
fn columns(answer: &Answer, timeline: &[Step]) -> Vec<f64> {
    let mut columns = vec![0.0; LINE];
    let end = end(answer).max(LINE as u64) as f64;
    for step in timeline {
        let place = (step.t as f64 / end * LINE as f64) as usize;
        if let Some(column) = columns.get_mut(place) {
            *column = f64::max(*column, step.offered);
        }
    }
    columns
}

/// A bar of this share of the height.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing")]
fn bar(share: f64, charset: Charset) -> char {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];
    let height = (share * 8.0).ceil().clamp(0.0, 8.0) as usize;
    match charset {
        Charset::Utf8 => BLOCKS[height],
        Charset::Ascii => ASCII[height],
    }
}

/// The text in lines of 80 columns; those that follow the first are indented.
pub fn wrapped(text: &str) -> String {
    const WIDTH: usize = 80;
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = columns_of(word);
        if column > 0 && column + 1 + length > WIDTH {
            out += "\n  ";
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += length;
    }
    out + "\n"
}
