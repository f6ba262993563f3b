//! Reads a file of metrics. Additions of a newer version are carried over unchanged; foreign files are refused.

use std::fmt;

use super::family::FAMILIES;
use super::labels::Labels;
use super::{MARKER, Metrics};

/// The version of the format.
const FORMAT: u32 = 1;

/// Why a file of metrics cannot be updated. It must not be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Something else wrote it.
    Foreign,
    /// A newer version wrote it, in this format.
    Newer(u32),
    /// A damaged file: the number of the first line that cannot be read, from 1.
    Damaged(usize),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Foreign => f.write_str("was not written by retry"),
            Unusable::Newer(format) => write!(f, "was written by a newer retry (format {format})"),
            Unusable::Damaged(line) => write!(f, "is damaged at line {line}; delete it to start over"),
        }
    }
}

impl Metrics {
    /// Reads a file. An empty one counts as missing.
    pub fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let (text, is_text) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, true),
            Err(why) => (std::str::from_utf8(&bytes[..why.valid_up_to()]).unwrap_or_default(), false),
        };
        let mut metrics = Self::default();
        if bytes.is_empty() {
            return Ok(metrics);
        }
        let mut lines = (1..).zip(text.lines());
        let is_whole = is_text && text.ends_with('\n');
        match lines.next().and_then(|(_, first)| format(first)) {
            None => return Err(Unusable::Foreign),
            Some(format) if format > FORMAT => return Err(Unusable::Newer(format)),
            Some(_) => {}
        }
        for (number, line) in lines {
            metrics.take(line).ok_or(Unusable::Damaged(number))?;
        }
        // A line that was cut off may look like a different one.
        if is_whole { Ok(metrics) } else { Err(Unusable::Damaged(text.lines().count().max(1))) }
    }

    /// Reads a line; `None` if it does not have the format.
    fn take(&mut self, line: &str) -> Option<()> {
        if line.trim().is_empty() {
            return Some(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            // These lines are generated again for known families.
            let mut words = comment.split_whitespace();
            let about = words.next().filter(|word| ["HELP", "TYPE"].contains(word)).and(words.next());
            if about.is_none_or(|name| FAMILIES.iter().all(|family| family.name != name)) {
                self.unknown.push(line.to_owned());
            }
            return Some(());
        }
        let Sample { name, mut labels, value } = sample(line)?;
        let Some(at) = FAMILIES.iter().position(|family| family.has(name)) else {
            self.unknown.push(line.to_owned());
            return Some(());
        };
        let family = &FAMILIES[at];
        let place = family.place(name, &mut labels).and_then(|place| Some((place, Labels::of_line(labels)?)));
        match place {
            Some((place, labels)) => {
                let number = family.unit_of(place).read(value)?;
                self.sets.entry(labels).or_default().0[at][place] = Some(number);
            }
            // A label or a value of one that a newer version has added.
            None => self.carried.entry(at).or_default().push(line.to_owned()),
        }
        Some(())
    }
}

/// The version that the first line states; `None` if it is not ours.
fn format(line: &str) -> Option<u32> {
    const WORD: &str = "Format ";
    let ours = MARKER.split_inclusive(". ").next()?;
    let rest = line.strip_prefix(ours)?;
    let number = &rest[rest.rfind(WORD)? + WORD.len()..];
    number.trim_end().strip_suffix('.')?.parse().ok()
}

struct Sample<'a> {
    name: &'a str,
    labels: Vec<(String, String)>,
    value: &'a str,
}

/// Reads `name{label="value",…} number`.
fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_name) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = rest.strip_prefix(' ')?.trim();
    // A second number would be a timestamp, because of which node_exporter would refuse the file.
    (!value.contains(' ') && value.parse::<f64>().is_ok()).then_some(Sample { name, labels, value })
}

/// The labels, and the rest of the line.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, begin) = rest.split_once("=\"")?;
        let (value, end) = unescaped(begin)?;
        labels.push((name.to_owned(), value));
        rest = &begin[end..];
        rest = rest.strip_prefix(',').or_else(|| rest.starts_with('}').then_some(rest))?;
    }
}

/// The value before the closing quote, and where what follows that begins.
fn unescaped(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, at + 1)),
            '\\' => out.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    None
}
