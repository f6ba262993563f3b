//! Curves over a number, and maps of shares.

use std::fmt::Write as _;

use super::{CHAR_WIDTH, Escaped, HEIGHT, ROW, WIDTH, open, short};

/// A line through points.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// What curves are drawn over.
pub struct Scale<'a> {
    /// A value of each axis, with its unit.
    pub x: &'a dyn Fn(f64) -> String,
    pub y: &'a dyn Fn(f64) -> String,
    /// Parts of the x axis that are shaded, and why.
    pub bands: &'a [(f64, f64, String)],
}

/// Colours and dashes by turns: no two curves out of twelve look the same.
const COLOURS: [&str; 4] = ["good", "throttled", "rescued", "failed"];
const DASHES: [&str; 3] = ["none", "7 3", "2 3"];

fn look(place: usize) -> String {
    let (colour, dashes) = (COLOURS[place % COLOURS.len()], DASHES[place % DASHES.len()]);
    format!("style=\"fill:none;stroke:var(--{colour});stroke-width:1.8;stroke-dasharray:{dashes}\"")
}

/// Where the scale stands, above and below the curves.
const ABOVE: usize = 18;

/// Curves on one scale, each with its name below.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn curves(title: &str, about: &str, scale: &Scale<'_>, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let right = points().map(|point| point.0).fold(1e-9, f64::max);
    let top = points().map(|point| point.1).fold(1e-9, f64::max);
    let across = |x: f64| (x / right).min(1.0) * WIDTH as f64;
    let down = |y: f64| HEIGHT as f64 - y / top * (HEIGHT - ABOVE) as f64;
    let mut out = open(title, about, HEIGHT + ROW * (curves.len() + 1));
    for (from, until, why) in scale.bands {
        let _infallible = writeln!(
            out,
            "<rect class=\"band\" x=\"{:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{}\"><title>{}</title></rect>",
            across(*from),
            across(*until) - across(*from),
            HEIGHT - ABOVE,
            Escaped(why)
        );
    }
    out += &grid(scale, right, top);
    for (place, curve) in curves.iter().enumerate() {
        let mut line = String::new();
        for (x, y) in &curve.points {
            let _infallible = write!(line, "{:.1},{:.1} ", across(*x), down(*y));
        }
        let look = look(place);
        let at = HEIGHT + ROW * (place + 2) - 6;
        let _infallible = writeln!(
            out,
            "<polyline points=\"{}\" {look}/><line x1=\"0\" y1=\"{}\" x2=\"40\" y2=\"{}\" {look}/><text x=\"48\" y=\"{at}\">{}</text>",
            line.trim_end(),
            at - 4,
            at - 4,
            Escaped(&curve.name)
        );
    }
    out + "</svg>\n"
}

/// The lines of a scale: its greatest value and the half of it, and five moments.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn grid(scale: &Scale<'_>, right: f64, top: f64) -> String {
    let mut out = String::new();
    for (share, y) in [(1.0, ABOVE), (0.5, usize::midpoint(ABOVE, HEIGHT)), (0.0, HEIGHT)] {
        let _infallible = write!(out, "<line class=\"axis\" x1=\"0\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/>");
        if share > 0.0 {
            let told = (scale.y)(top * share);
            let _infallible = write!(
                out,
                "<text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                y - 5,
                Escaped(&told)
            );
        }
    }
    for (quarter, anchor) in ["start", "middle", "middle", "middle", "end"].into_iter().enumerate() {
        let share = quarter as f64 / 4.0;
        let told = (scale.x)(right * share);
        let _infallible = write!(
            out,
            "<text x=\"{:.0}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            share * WIDTH as f64,
            HEIGHT + 14,
            Escaped(&told)
        );
    }
    out.push('\n');
    out
}

/// Shares in a grid, row by row: the more, the darker, and each with its number. Where half is passed, the cells are parted.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn map(
    title: &str,
    about: &str,
    (x, across): (&str, &[String]),
    y: Option<(&str, &[String])>,
    shares: &[Option<f64>],
) -> String {
    const LEFT: usize = 110;
    let count = across.len().max(1);
    let rows = shares.len().div_ceil(count);
    let width = (WIDTH - LEFT) as f64 / count as f64;
    let mut out = open(title, about, ROW * (rows + 2));
    let column = |place: usize| LEFT as f64 + width * (place % count) as f64;
    for (place, share) in shares.iter().enumerate() {
        let top = ROW * (place / count + 1);
        let value = share.unwrap_or_default();
        let _infallible = write!(
            out,
            "<rect class=\"good cell\" x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\" style=\"fill-opacity:{:.2}\"><title>{}={}: {:.0} %</title></rect>",
            column(place),
            width - 1.0,
            ROW - 1,
            value * 0.6,
            Escaped(x),
            Escaped(&across[place % count]),
            value * 100.0
        );
        if width > 24.0 {
            let told = share.map_or("-".to_owned(), |share| format!("{:.0}", share * 100.0));
            let _infallible =
                write!(out, "<text x=\"{:.1}\" y=\"{}\">{told}</text>", column(place) + 4.0, top + 14);
        }
        let before = if place % count == 0 { None } else { shares[place - 1] };
        if before.zip(*share).is_some_and(|(one, other)| (one >= 0.5) != (other >= 0.5)) {
            let _infallible = write!(
                out,
                "<line x1=\"{0:.1}\" y1=\"{top}\" x2=\"{0:.1}\" y2=\"{1}\" style=\"stroke:var(--text);stroke-width:2\"/>",
                column(place) - 0.5,
                top + ROW
            );
        }
        out.push('\n');
    }
    for (row, value) in y.iter().flat_map(|(_, values)| values.iter().enumerate()) {
        let at = ROW * (row + 1) + 14;
        let _infallible = writeln!(out, "<text x=\"0\" y=\"{at}\">{}</text>", Escaped(&short(value)));
    }
    // As many columns as there is room for have their value above them, the first and the last among them.
    let longest = across.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let needed = longest as f64 * CHAR_WIDTH + 8.0;
    let step = (1..count).find(|step| *step as f64 * width >= needed).unwrap_or(count);
    let last = count - 1;
    for (place, value) in across.iter().enumerate() {
        let is_last = place == last && step > 1 && place > 0;
        if !is_last && (place % step != 0 || place > 0 && place + step > last && step > 1) {
            continue;
        }
        let (at, anchor) = if is_last { (WIDTH as f64, "end") } else { (column(place) + 4.0, "start") };
        let _infallible =
            writeln!(out, "<text x=\"{at:.1}\" y=\"14\" text-anchor=\"{anchor}\">{}</text>", Escaped(value));
    }
    let axes = y.map_or(format!("across: {x}"), |(y, _)| format!("across: {x}; down: {y}"));
    let axes = format!("{axes}; percent of the runs");
    let _infallible = writeln!(out, "<text x=\"0\" y=\"{}\">{}</text>", ROW * (rows + 2) - 6, Escaped(&axes));
    out + "</svg>\n"
}
