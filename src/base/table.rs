//! Tables of a TOML file, read entry by entry. Every mistake is kept with its place, so that all of them are reported at
//! once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Source, SourceSpan, nearest};

/// A key, with its place.
pub type Key<'t> = Spanned<Cow<'t, str>>;
/// A value, with its place.
pub type Value<'t> = Spanned<DeValue<'t>>;

/// A file that is being read, and the problems found so far.
#[derive(Debug)]
pub struct Reader<'s> {
    source: &'s Rc<Source>,
    /// The offsets of the syntax errors, in bytes.
    broken: Vec<usize>,
    /// The number of syntax errors, which come first among the problems.
    syntax: usize,
    problems: Vec<Problem>,
}

impl<'s> Reader<'s> {
    pub fn new(source: &'s Rc<Source>) -> Self {
        Self { source, broken: Vec::new(), syntax: 0, problems: Vec::new() }
    }

    /// The file's top-level table, as far as it can be parsed. Syntax errors become problems.
    pub fn root(&mut self) -> DeTable<'s> {
        let (table, errors) = DeTable::parse_recoverable(&self.source.text);
        let mut lines = BTreeSet::new();
        for error in errors {
            // Keys that are nested too deeply are reported without a place.
            let span = error.span();
            self.broken.extend(span.as_ref().map(|span| span.start));
            let before = span.as_ref().and_then(|span| self.source.text.get(..span.start));
            // Further errors on a line are consequences of the first one.
            if before.is_none_or(|before| lines.insert(before.matches('\n').count())) {
                let message = error.message().lines().next().unwrap_or("invalid TOML").to_owned();
                self.problems.push(Problem::new(message).at(Some(self.place(span.unwrap_or(0..0)))));
            }
        }
        self.syntax = self.problems.len();
        table.into_inner()
    }

    /// Whether there is a syntax error before this place, so that later tables may have lost their headers.
    pub fn is_broken_before(&self, span: &Range<usize>) -> bool {
        self.broken.iter().any(|at| *at < span.start)
    }

    /// The problems from top to bottom. The invalid value that a syntax error leaves behind is not reported again.
    pub fn finish(mut self) -> Vec<Problem> {
        let syntax = self.syntax;
        let broken = self.broken;
        let mut number = 0;
        self.problems.retain(|problem| {
            number += 1;
            let holds_error =
                |place: &SourceSpan| broken.iter().any(|at| (place.start..=place.end).contains(at));
            number <= syntax || !problem.place.as_ref().is_some_and(holds_error)
        });
        self.problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.start));
        self.problems
    }

    /// The number of problems so far.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    pub fn place(&self, span: Range<usize>) -> SourceSpan {
        SourceSpan { source: Rc::clone(self.source), start: span.start, end: span.end }
    }

    /// The text of the file in this range.
    pub fn text_at(&self, span: Range<usize>) -> &'s str {
        self.source.text.get(span).unwrap_or_default()
    }

    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Records a problem, its place, and a hint.
    pub fn refuse(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let problem = Problem::new(message).at(Some(self.place(span)));
        self.problems.push(Problem { hint, ..problem });
    }

    /// Refuses a key, and suggests a similar one that is known.
    pub fn unknown_key(&mut self, key: &Key<'_>, known: &[&str]) {
        let hint = nearest(key.get_ref(), known.iter().copied()).map_or_else(
            || format!("the keys are {}", known.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        self.refuse(key.span(), format!("unknown key '{}'", key.get_ref()), Some(hint));
    }

    /// Refuses a value that has the wrong type or is out of range.
    pub fn wrong_type(&mut self, name: &str, value: &Value<'_>, wanted: &str) {
        let found = type_name(value.get_ref());
        let is_out_of_range = matches!(value.get_ref(), DeValue::Integer(_)) && wanted.contains(found);
        let but = if is_out_of_range { String::new() } else { format!(", not {found}") };
        self.refuse(value.span(), format!("{name} must be {wanted}{but}"), None);
    }

    /// Refuses a table that lacks a required key, or that has no condition at all.
    pub fn require(
        &mut self,
        (name, table, span): (&str, &DeTable<'_>, Range<usize>),
        required: &[&str],
        conditions: &[&str],
    ) {
        let lacks = |key: &str| !table.keys().any(|known| known.get_ref() == key);
        let keys: Vec<_> = required.iter().copied().filter(|key| lacks(key)).collect();
        let unconditional = conditions.iter().all(|key| lacks(key));
        let missing: Vec<_> = keys.iter().copied().chain(unconditional.then_some("a condition")).collect();
        if missing.is_empty() {
            return;
        }
        let texts = keys.iter().map(|key| format!("{key} = \"…\""));
        let any = unconditional.then(|| format!("any of {}", conditions.join(", ")));
        let hint = texts.chain(any).collect::<Vec<_>>().join(" and ");
        let message = format!("{name} is missing {}", missing.join(" and "));
        self.refuse(span, message, Some(format!("use {hint}")));
    }

    pub fn text(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<String> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key.get_ref(), value, "a string");
            return None;
        };
        Some(text.to_string())
    }

    /// Reads a text, or a list of texts.
    pub fn texts(&mut self, key: &Key<'_>, value: &Value<'_>) -> Vec<String> {
        let items: Vec<_> = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.text(key, item)).collect(),
            _ => vec![self.text(key, value)],
        };
        items.into_iter().flatten().collect()
    }

    /// `true` or `false`; anything else is refused and counts as false.
    pub fn switch(&mut self, key: &Key<'_>, value: &Value<'_>) -> bool {
        let DeValue::Boolean(on) = value.get_ref() else {
            self.wrong_type(key.get_ref(), value, "true or false");
            return false;
        };
        *on
    }

    /// A whole number that `T` can hold; `wanted` describes these numbers.
    pub fn whole<T: std::str::FromStr>(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        wanted: &str,
    ) -> Option<T> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(key.get_ref(), value, wanted);
        }
        number
    }

    /// Reads one of the known words.
    pub fn one_of<T: Copy>(&mut self, key: &Key<'_>, value: &Value<'_>, known: &[(&str, T)]) -> Option<T> {
        let word = self.text(key, value)?;
        let found = known.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let hint = nearest(&word, names.iter().copied())
                .map_or_else(|| format!("use {}", names.join(", ")), |near| format!("did you mean {near}?"));
            self.refuse(value.span(), format!("invalid {} '{word}'", key.get_ref()), Some(hint));
        }
        found.map(|(_, value)| *value)
    }
}

/// The entries of a table in the order of the file, so that mistakes are reported from top to bottom.
pub fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The type of a value, for messages.
pub fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(items) if items.is_empty() => "an empty list",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_reported_in_order_and_a_broken_value_once() {
        let source = Rc::new(Source { path: "f".into(), text: "b = 0b12\na = 1\nc = true\n".into() });
        let mut reader = Reader::new(&source);
        let table = reader.root();
        for (key, value) in in_order(&table).into_iter().rev() {
            reader.wrong_type(key.get_ref(), value, "a string");
        }
        let told: Vec<_> = reader.finish().iter().map(|problem| problem.lines()[0].clone()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("f:1:") && !told[0].contains("must be"), "{told:?}");
        assert_eq!(
            told[1..],
            ["f:2:5: a must be a string, not a whole number", "f:3:5: c must be a string, not a boolean"]
        );
    }

    /// A line of dots alone would be more than a hundred errors.
    #[test]
    fn a_line_is_told_of_once_and_every_error_has_a_place() {
        for (text, expected) in [
            (format!("[a{}]\n=\n", ".".repeat(120)), vec![1, 1, 2]),
            ("[a..b..c\nd = = =\ne = 1\n".to_owned(), vec![1, 2]),
        ] {
            let source = Rc::new(Source { path: "f".into(), text });
            let mut reader = Reader::new(&source);
            reader.root();
            let problems = reader.finish();
            let lines: Vec<_> = problems
                .iter()
                .map(|problem| problem.place.as_ref().expect("a place").line_and_column().0)
                .collect();
            assert_eq!(lines, expected, "{problems:?}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_not_called_another_type() {
        let source = Rc::new(Source { path: "f".into(), text: "a = 300\n".into() });
        let mut reader = Reader::new(&source);
        let table = reader.root();
        for (key, value) in in_order(&table) {
            assert_eq!(reader.whole::<u8>(key, value, "a whole number from 0 to 255"), None);
        }
        assert_eq!(reader.finish()[0].message, "a must be a whole number from 0 to 255");
    }
}
