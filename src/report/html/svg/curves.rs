//! Curves over a number, and maps of shares.

use std::fmt::Write as _;

use super::{Escaped, HEIGHT, ROW, WIDTH, open, short};

/// A line through points.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Colours and dashes by turns: no two curves out of twelve look the same.
const COLOURS: [&str; 4] = ["good", "failed", "throttled", "rescued"];
const DASHES: [&str; 3] = ["none", "6 3", "2 3"];

fn look(place: usize) -> String {
    let (colour, dashes) = (COLOURS[place % COLOURS.len()], DASHES[place / COLOURS.len() % DASHES.len()]);
    format!("style=\"fill:none;stroke:var(--{colour});stroke-width:1.5;stroke-dasharray:{dashes}\"")
}

/// Curves on one scale, each with its name below.
#[expect(clippy::cast_precision_loss, reason = "a drawing")]
pub fn curves(title: &str, about: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let right = points().map(|point| point.0).fold(1e-9, f64::max);
    let top = points().map(|point| point.1).fold(1e-9, f64::max);
    let height = HEIGHT + ROW * (curves.len() + 1);
    let mut out = open(title, about, height);
    for (place, curve) in curves.iter().enumerate() {
        let mut line = String::new();
        for (x, y) in &curve.points {
            let x = x / right * WIDTH as f64;
            let y = HEIGHT as f64 - y / top * (HEIGHT - 14) as f64;
            let _infallible = write!(line, "{x:.1},{y:.1} ");
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
    let _infallible = writeln!(
        out,
        "<line class=\"axis\" x1=\"0\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\"/>\
         <text x=\"0\" y=\"11\">{top:.0}</text><text x=\"0\" y=\"{}\">0</text>\
         <text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\">{right:.0}</text>",
        HEIGHT + 14,
        HEIGHT + 14
    );
    out + "</svg>\n"
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
            "<rect class=\"good\" x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\" style=\"opacity:{value:.2}\"><title>{}={}: {:.0} %</title></rect>",
            column(place),
            width - 1.0,
            ROW - 1,
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
    let ends = [(0, across.first()), (count - 1, across.last())];
    for (place, value) in ends {
        let _infallible = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"14\">{}</text>",
            column(place),
            Escaped(value.map_or("", String::as_str))
        );
    }
    let axes = y.map_or(format!("across: {x}"), |(y, _)| format!("across: {x}; down: {y}"));
    let _infallible = writeln!(out, "<text x=\"0\" y=\"{}\">{}</text>", ROW * (rows + 2) - 6, Escaped(&axes));
    out + "</svg>\n"
}
