//! A table of text: columns as wide as their cells, one of which shrinks if the line is too narrow.

use super::paint::{Role, mark};
use crate::base::columns::{columns, cut};

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    /// Left-aligned, and cut if there is no room.
    Flexible,
}

/// Rows of cells under titles.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
    /// Lines under rows, each with the number of its row.
    notes: Vec<(usize, String)>,
    /// The meaning of cells: the number of the row, counted from 1, and of the column.
    painted: Vec<(usize, usize, Role)>,
}

/// The least width of a column that is cut.
const MIN_COLUMN_WIDTH: usize = 12;
const GAP: usize = 2;

impl Table {
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new(), painted: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Puts a line of its own under the last row.
    pub(super) fn note(&mut self, text: &str) {
        self.notes.push((self.rows.len(), mark(Role::Note, text)));
    }

    /// Sets the meaning of a cell of the last row.
    pub(super) fn paint(&mut self, column: usize, role: Role) {
        self.painted.push((self.rows.len(), column, role));
    }

    fn painted(&self, row: usize, column: usize, text: &str) -> String {
        let role = self.painted.iter().find(|(r, c, _)| (*r, *c) == (row, column)).map(|(.., role)| *role);
        let role = role.or((row == 0).then_some(Role::Title));
        role.map_or_else(|| text.to_owned(), |role| mark(role, text))
    }

    /// The table in this width; below `narrow`, or if it does not fit, one line per item.
    pub(super) fn render(&self, width: usize, narrow: usize) -> String {
        if width < narrow { self.items(width) } else { self.table(width) }
    }

    fn notes(&self, row: usize) -> String {
        self.notes.iter().filter(|(at, _)| *at == row).map(|(_, text)| format!("    {text}\n")).collect()
    }

    fn table(&self, width: usize) -> String {
        let mut widths: Vec<_> = (0..self.columns.len()).map(|column| self.widest(column)).collect();
        let total: usize = widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
        if let Some(flexible) = self.columns.iter().position(|(_, align)| *align == Align::Flexible) {
            let over = total.saturating_sub(width);
            let cut = widths[flexible].saturating_sub(over);
            if cut < MIN_COLUMN_WIDTH.min(widths[flexible]) {
                return self.items(width);
            }
            widths[flexible] = cut;
        }
        let titles: Vec<_> = self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        let rows = std::iter::once(&titles).chain(&self.rows).enumerate();
        rows.map(|(at, row)| self.line(at, row, &widths) + &self.notes(at)).collect()
    }

    fn line(&self, number: usize, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (column, ((cell, width), (_, align))) in row.iter().zip(widths).zip(&self.columns).enumerate() {
            let cell = cut(cell, *width);
            let blank = " ".repeat(width.saturating_sub(columns(&cell)));
            let cell = self.painted(number, column, &cell);
            if column > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            match align {
                Align::Right => line.push_str(&(blank + &cell)),
                Align::Left | Align::Flexible => line.push_str(&(cell + &blank)),
            }
        }
        line.trim_end().to_owned() + "\n"
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| columns(cell));
        cells.chain([self.columns[column].0.len()]).max().unwrap_or_default()
    }

    fn items(&self, width: usize) -> String {
        let item = |(at, row): (usize, &Vec<String>)| {
            let mut cells = row.iter().zip(&self.columns);
            let first = cells.next().map(|(cell, _)| cell.as_str()).unwrap_or_default();
            let rest = cells
                .filter(|(cell, _)| !cell.is_empty())
                .map(|(cell, (title, _))| format!("{title} {cell}"));
            let first = cut(first, width.saturating_sub(1).max(MIN_COLUMN_WIDTH));
            let line = format!("{first}: {}", rest.collect::<Vec<_>>().join(", "));
            wrap(&line, width, 4) + &self.notes(at + 1)
        };
        self.rows.iter().enumerate().map(item).collect()
    }
}

/// The line in pieces that fit, broken at blanks, but not before a percent sign; all but the first are indented by this many blanks.
pub(super) fn wrap(line: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let words: Vec<&str> = line.split_inclusive(' ').collect();
    for (at, word) in words.iter().enumerate() {
        let sign = words
            .get(at + 1)
            .filter(|next| next.starts_with('%'))
            .map_or(0, |next| next.trim_end().len() + 1);
        let length = columns(word.trim_end()) + sign;
        if used > indent && used + length > width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        }
        out.push_str(word);
        used += columns(word);
    }
    out + "\n"
}
