//! The map: the values of one or two parameters with which a policy recovers.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::Axis;
use super::summary::Summary;
use super::verdict::{percent, times};
use crate::base::printable::Charset;

/// Recovery over the values of one or two parameters.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Map {
    pub x: MapAxis,
    /// Null if there is only one axis.
    pub y: Option<MapAxis>,
    /// Row by row: all values of x for the first value of y, then for the next.
    pub cells: Vec<Cell>,
}

/// The values along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapAxis {
    pub parameter: String,
    pub values: Vec<String>,
}

/// The result of a cell's runs; null if they were interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Cell {
    /// The share of the runs that recovered and gave up no more operations than `--lost` allows.
    pub recovered: Option<f64>,
    /// The share of the operations that succeeded.
    pub succeeded: Option<f64>,
    pub amplification: Option<f64>,
}

/// The width of a line in columns.
const LINE: usize = 80;
/// The width of a cell in columns: a mark, a shade, and a number up to 100, separated from each other.
const CELL: usize = 7;

impl Cell {
    /// The cell of these runs, with the share of operations that may be given up.
    #[expect(clippy::cast_precision_loss, reason = "shares")]
    pub fn new(runs: &[Summary], lost: f64) -> Self {
        let mean = |number: &dyn Fn(&Summary) -> f64| super::answer::mean(runs.iter().map(number));
        Self {
            recovered: mean(&|run| f64::from(u8::from(run.survived(lost)))),
            succeeded: mean(&|run| run.succeeded as f64 / run.operations.max(1) as f64),
            amplification: mean(&|run| run.amplification),
        }
    }
}

impl Map {
    pub fn new(axes: &[Axis], cells: Vec<Cell>) -> Self {
        let axis = |axis: &Axis| MapAxis { parameter: axis.name.clone(), values: axis.values.clone() };
        let empty = || MapAxis { parameter: String::new(), values: Vec::new() };
        Self { x: axes.first().map_or_else(empty, axis), y: axes.get(1).map(axis), cells }
    }

    /// The map in text: numbers are percentages of the runs that recovered; a bar marks where half of them do.
    pub(super) fn text(&self, charset: Charset) -> String {
        match &self.y {
            Some(y) => self.grid(y, charset),
            None => self.list(charset),
        }
    }

    fn list(&self, charset: Charset) -> String {
        let width = self.x.values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
        let width = width.max(self.x.parameter.chars().count());
        let mut out =
            format!("\n{:<width$} {:>9} {:>9} {:>5}\n", self.x.parameter, "recovered", "succeeded", "each");
        let mut last: Option<f64> = None;
        for (value, cell) in self.x.values.iter().zip(&self.cells) {
            if let (Some(last), Some(now)) = (last, cell.recovered)
                && (last >= 0.5) != (now >= 0.5)
            {
                let _infallible = writeln!(out, "{}", "-".repeat(width + 26));
            }
            last = cell.recovered.or(last);
            let told = |share: Option<f64>| share.map_or("-".to_owned(), percent);
            let line = format!(
                "{value:<width$} {:>9} {:>9} {:>5} {}",
                told(cell.recovered),
                told(cell.succeeded),
                cell.amplification.map_or("-".to_owned(), times),
                shade(cell.recovered.unwrap_or(0.0), charset).repeat(bar_length(cell.recovered))
            );
            let _infallible = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    fn grid(&self, y: &MapAxis, charset: Charset) -> String {
        let label = y.values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
        let label = label.max(y.parameter.chars().count());
        let widest = self.x.values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
        let width = CELL.max(widest + 1);
        let title =
            format!("\npercent of runs that recovered: {} across, {} down\n", self.x.parameter, y.parameter);
        if label + self.x.values.len() * width <= LINE {
            title + &self.numbers(y, label, width, charset)
        } else {
            title + &self.shades(y, label, charset)
        }
    }

    /// The cells of each row.
    fn rows<'a>(&'a self, y: &'a MapAxis) -> impl Iterator<Item = (&'a String, &'a [Cell])> {
        y.values.iter().zip(self.cells.chunks(self.x.values.len().max(1)))
    }

    /// Each cell with its number.
    fn numbers(&self, y: &MapAxis, label: usize, width: usize, charset: Charset) -> String {
        let heads: String = self.x.values.iter().map(|value| format!("{value:>width$}")).collect();
        let mut out = format!("{:<label$}{heads}\n", y.parameter);
        for (value, row) in self.rows(y) {
            let _infallible = write!(out, "{value:<label$}");
            let mut last: Option<f64> = None;
            for cell in row {
                let share = cell.recovered.unwrap_or(0.0);
                let is_boundary = last.is_some_and(|last| (last >= 0.5) != (share >= 0.5));
                last = Some(share);
                let mark = if is_boundary { '|' } else { ' ' };
                let shade = shade(share, charset);
                let number = cell.recovered.map_or("-".to_owned(), |share| format!("{:.0}", share * 100.0));
                let _infallible = write!(out, "{:1$}{mark} {shade}{shade}{number:>3}", "", width - CELL);
            }
            out.push('\n');
        }
        out
    }

    /// A character for each cell, in bands of columns that fit, below the values of some of them.
    fn shades(&self, y: &MapAxis, label: usize, charset: Charset) -> String {
        let scale = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| format!("'{}'", shade(share, charset)));
        let mut out = format!("shades from 0 to 100: {}\n", scale.join(" "));
        let room = LINE.saturating_sub(label + 1).max(1);
        for from in (0..self.x.values.len()).step_by(room) {
            let to = (from + room).min(self.x.values.len());
            let [heads, marks] = heads(&self.x.values[from..to], room);
            let _infallible = writeln!(out, "{:<label$} {heads}\n{:<label$} {marks}", y.parameter, "");
            for (value, row) in self.rows(y) {
                let cells = row.get(from..to.min(row.len())).unwrap_or_default();
                let line: String = cells
                    .iter()
                    .map(|cell| cell.recovered.map_or("-", |share| shade(share, charset)))
                    .collect();
                let _infallible = writeln!(out, "{}", format!("{value:<label$} {line}").trim_end());
            }
        }
        out
    }
}

/// Values above a mark for the column of each, as many as there is room for, and the last one.
fn heads(values: &[String], room: usize) -> [String; 2] {
    let length = |column: usize| values[column].chars().count();
    let widest = (0..values.len()).map(length).max().unwrap_or(0);
    let last = values.len().saturating_sub(1);
    // One that would not fit behind its mark ends there.
    let start = |column: usize| {
        if column + length(column) > room { (column + 1).saturating_sub(length(column)) } else { column }
    };
    let spaced = (0..last).step_by(widest + 2).filter(|at| *at == 0 || at + widest < start(last));
    let (mut heads, mut marks) = (String::new(), String::new());
    for column in spaced.chain([last]) {
        let (end, start) = (heads.chars().count(), start(column));
        if end == 0 || start > end {
            let _infallible = write!(heads, "{:1$}{2}", "", start - end, values[column]);
            let _infallible = write!(marks, "{:1$}|", "", column - marks.chars().count());
        }
    }
    [heads, marks]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing")]
fn bar_length(share: Option<f64>) -> usize {
    (share.unwrap_or(0.0) * 30.0).round() as usize
}

/// The shade of a share: the more recovered, the darker.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing")]
fn shade(share: f64, charset: Charset) -> &'static str {
    const BLOCKS: [&str; 5] = [" ", "░", "▒", "▓", "█"];
    const ASCII: [&str; 5] = [" ", ".", "+", "%", "#"];
    let step = (share * 4.0).round().clamp(0.0, 4.0) as usize;
    match charset {
        Charset::Utf8 => BLOCKS[step],
        Charset::Ascii => ASCII[step],
    }
}
