//! TOML text to layers. Pure: the text has been read by `sys`. Every mistake of a file is found in one pass.

use std::ffi::OsString;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::{Layer, Origin, RETRIES};
use super::problem::{Place, Problem, Source, nearest};
use super::settings::{SETTINGS, find};
use super::value::Form;

/// A file's policies.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) policies: Vec<FilePolicy>,
}

/// One `[policy.NAME]` table.
#[derive(Debug)]
pub(crate) struct FilePolicy {
    pub(crate) name: String,
    /// Where its name stands.
    pub(crate) place: Place,
    /// The parent, and where it is named.
    pub(crate) inherits: Option<(String, Place)>,
    pub(crate) layer: Layer,
}

/// The tables that a file may hold.
const TABLES: &[&str] = &["policy"];

const INHERITS: &str = "inherits";

/// Reads a file's text.
pub(crate) fn parse(source: &Rc<Source>) -> (File, Vec<Problem>) {
    let mut reader = Reader { source, file: File::default(), problems: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let problem = Problem::new(error.message().lines().next().unwrap_or("invalid TOML").to_owned());
        let place = error.span().map(|span| reader.place(span));
        reader.problems.push(problem.at(place));
    }
    for (key, value) in in_order(table.get_ref()) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("policy", DeValue::Table(policies)) => reader.policies(policies),
            ("policy", _) => {
                let message = "policy holds named policies";
                reader.refuse(key.span(), message, Some("write [policy.NAME] and its settings below".into()));
            }
            (unknown, _) => {
                let hint = nearest(unknown, TABLES.iter().copied())
                    .map_or_else(|| setting_outside(unknown), |near| format!("did you mean {near}?"));
                reader.refuse(key.span(), &format!("unknown table or key '{unknown}'"), Some(hint));
            }
        }
    }
    (reader.file, reader.problems)
}

/// What to say of a key that stands at the top level.
fn setting_outside(key: &str) -> String {
    if find(key).is_some() || key == RETRIES {
        format!("settings belong to a policy: write [policy.default] above {key}")
    } else {
        format!(
            "a file holds {}",
            TABLES.iter().map(|table| format!("[{table}.NAME]")).collect::<Vec<_>>().join(", ")
        )
    }
}

struct Reader<'a> {
    source: &'a Rc<Source>,
    file: File,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Rc::clone(self.source), start: span.start, end: span.end }
    }

    fn refuse(&mut self, span: Range<usize>, message: &str, hint: Option<String>) {
        let problem = Problem::new(message).at(Some(self.place(span)));
        self.problems.push(Problem { hint, ..problem });
    }

    fn policies(&mut self, policies: &DeTable<'_>) {
        for (name, value) in in_order(policies) {
            let DeValue::Table(table) = value.get_ref() else {
                let hint = format!("write [policy.{}] and its settings below", name.get_ref());
                self.refuse(name.span(), &format!("policy '{}' is a table", name.get_ref()), Some(hint));
                continue;
            };
            let mut policy = FilePolicy {
                name: name.get_ref().to_string(),
                place: self.place(name.span()),
                inherits: None,
                layer: Layer::default(),
            };
            for (key, value) in in_order(table) {
                self.setting(&mut policy, key, value);
            }
            self.file.policies.push(policy);
        }
    }

    fn setting(
        &mut self,
        policy: &mut FilePolicy,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let name = key.get_ref().as_ref();
        if name == INHERITS {
            match value.get_ref() {
                DeValue::String(parent) => {
                    policy.inherits = Some((parent.to_string(), self.place(value.span())));
                }
                _ => {
                    self.refuse(value.span(), "inherits takes text in quotes", Some("name one policy".into()))
                }
            }
            return;
        }
        let form = match find(name) {
            Some(setting) => SETTINGS[setting].form,
            None if name == RETRIES => Form::Limit,
            None => {
                let keys = SETTINGS.iter().flat_map(|setting| [Some(setting.key), setting.alias]).flatten();
                let hint = nearest(name, keys.chain([RETRIES, INHERITS]));
                let hint = hint.map(|near| format!("did you mean {near}?"));
                let hint = hint.unwrap_or_else(|| "retry explain lists every key".to_owned());
                self.refuse(key.span(), &format!("unknown key '{name}'"), Some(hint));
                return;
            }
        };
        let Some(texts) = texts(form, value.get_ref()) else {
            let found = type_name(value.get_ref());
            self.refuse(value.span(), &format!("{name} takes {}, not {found}", form.describe()), None);
            return;
        };
        let origin = Origin::File(self.place(value.span()));
        if let Err(problem) = policy.layer.add(name, texts, origin, name.to_owned()) {
            self.problems.push(problem);
        }
    }
}

/// The value as the texts that the command line would have; `None` when it is of the wrong type.
fn texts(form: Form, value: &DeValue<'_>) -> Option<Vec<OsString>> {
    let scalar = |value: &DeValue<'_>| -> Option<String> {
        match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => {
                i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
            }
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            _ => None,
        }
    };
    match (form, value) {
        (Form::Limit, DeValue::String(text)) => (text == "inf").then(|| vec!["inf".into()]),
        (Form::Limit | Form::Whole, DeValue::Integer(_))
        | (Form::Number, DeValue::Integer(_) | DeValue::Float(_))
        | (Form::Duration, DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_))
        | (Form::Text, DeValue::String(_))
        | (Form::Size | Form::List, DeValue::String(_) | DeValue::Integer(_)) => {
            Some(vec![scalar(value)?.into()])
        }
        (Form::List, DeValue::Array(items)) => {
            let items = items.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<_>>>()?;
            Some(vec![items.join(",").into()])
        }
        (Form::Switch, DeValue::Boolean(on)) => Some(vec![on.to_string().into()]),
        (Form::Table, DeValue::Table(table)) => in_order(table)
            .into_iter()
            .map(|(key, value)| Some(format!("{}={}", key.get_ref(), scalar(value.get_ref())?).into()))
            .collect(),
        _ => None,
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The entries of a table as they stand in the file, so that mistakes are told from top to bottom.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
