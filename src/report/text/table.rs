//! A table of text: columns as wide as their cells, one of which gives way where the line is too narrow.

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    /// To the left, and cut where there is no room.
    Flexible,
}

/// Rows of cells under titles.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

/// No column is cut below this.
const LEAST: usize = 12;
const GAP: usize = 2;

impl Table {
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table in so many columns; below `narrow`, one line an item.
    pub(super) fn render(&self, width: usize, narrow: usize) -> String {
        if width < narrow { self.items() } else { self.table(width) }
    }

    fn table(&self, width: usize) -> String {
        let mut widths: Vec<_> = (0..self.columns.len()).map(|column| self.widest(column)).collect();
        let total: usize = widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
        if let Some(flexible) = self.columns.iter().position(|(_, align)| *align == Align::Flexible) {
            let over = total.saturating_sub(width);
            widths[flexible] = widths[flexible].saturating_sub(over).max(LEAST.min(widths[flexible]));
        }
        let titles: Vec<_> = self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        std::iter::once(&titles).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(widths).zip(&self.columns) {
            let cell = cut(cell, *width);
            let blank = " ".repeat(width.saturating_sub(cell.chars().count()));
            if !line.is_empty() {
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
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([self.columns[column].0.len()]).max().unwrap_or_default()
    }

    fn items(&self) -> String {
        let item = |row: &Vec<String>| {
            let mut cells = row.iter().zip(&self.columns);
            let first = cells.next().map(|(cell, _)| cell.as_str()).unwrap_or_default();
            let rest = cells
                .filter(|(cell, _)| !cell.is_empty())
                .map(|(cell, (title, _))| format!("{title} {cell}"));
            format!("{first}: {}\n", rest.collect::<Vec<_>>().join(", "))
        };
        self.rows.iter().map(item).collect()
    }
}

/// The text in at most so many characters, the last one an ellipsis where it was longer.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
