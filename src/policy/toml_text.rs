//! Converts TOML values to texts for a command line, so that each kind of value has one parser.

use std::ffi::OsString;

use toml::de::DeValue;

use super::value::TomlForm;
use crate::base::table::{Reader, Value, in_order};

/// The texts of a value; `None` if it has the wrong type.
pub(super) fn texts(reader: &Reader<'_>, form: TomlForm, value: &Value<'_>) -> Option<Vec<OsString>> {
    let text = || scalar(reader, value);
    match (form, value.get_ref()) {
        (TomlForm::MaxAttempts, DeValue::String(text)) => (text == "inf").then(|| vec!["inf".into()]),
        (TomlForm::MaxAttempts | TomlForm::Whole | TomlForm::Size, DeValue::Float(_)) => {
            let number = text()?;
            number.bytes().all(|digit| digit.is_ascii_digit()).then(|| vec![number.into()])
        }
        (TomlForm::MaxAttempts | TomlForm::Whole | TomlForm::Size, DeValue::Integer(_))
        | (TomlForm::Number | TomlForm::Share, DeValue::Integer(_) | DeValue::Float(_))
        | (
            TomlForm::Duration | TomlForm::List,
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_),
        )
        | (TomlForm::Text | TomlForm::Word | TomlForm::Size | TomlForm::Share, DeValue::String(_)) => {
            Some(vec![text()?.into()])
        }
        (TomlForm::List, DeValue::Array(items)) if items.is_empty() => Some(Vec::new()),
        (TomlForm::List, DeValue::Array(items)) => {
            let items = items.iter().map(|item| scalar(reader, item)).collect::<Option<Vec<_>>>()?;
            Some(vec![items.join(",").into()])
        }
        (TomlForm::Patterns | TomlForm::Texts, DeValue::String(text)) => Some(vec![text.to_string().into()]),
        (TomlForm::Patterns | TomlForm::Texts, DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string().into()),
                _ => None,
            })
            .collect(),
        (TomlForm::Switch, DeValue::Boolean(on)) => Some(vec![on.to_string().into()]),
        (TomlForm::Table, DeValue::Table(table)) => in_order(table)
            .into_iter()
            .map(|(key, value)| Some(format!("{}={}", key.get_ref(), scalar(reader, value)?).into()))
            .collect(),
        _ => None,
    }
}

/// The text of a string or a number.
fn scalar(reader: &Reader<'_>, value: &Value<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        // A number that TOML accepts although it is meaningless, such as `0b`, stays as written.
        DeValue::Integer(number) => Some(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| reader.text_at(value.span()).to_owned(), |number| number.to_string()),
        ),
        // In plain digits: `1e-1` becomes 0.1, and `3.0` becomes 3.
        DeValue::Float(number) => Some(match number.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() => (value + 0.0).to_string(),
            _ => number.as_str().to_owned(),
        }),
        _ => None,
    }
}

/// Refuses a value, or the first wrong entry of a list.
pub(super) fn wrong_type(
    reader: &mut Reader<'_>,
    name: &str,
    wanted: &str,
    form: TomlForm,
    value: &Value<'_>,
) {
    let entries = match value.get_ref() {
        DeValue::Array(entries) if matches!(form, TomlForm::List | TomlForm::Patterns | TomlForm::Texts) => {
            &entries[..]
        }
        _ => &[],
    };
    let is_right = |entry: &&Value<'_>| {
        let number = matches!(entry.get_ref(), DeValue::Integer(_) | DeValue::Float(_));
        matches!(entry.get_ref(), DeValue::String(_)) || number && form == TomlForm::List
    };
    let wrong = entries.iter().find(|entry| !is_right(entry)).unwrap_or(value);
    reader.wrong_type(name, wrong, wanted);
}
