//! `[[policy.NAME.rule]]`: explicit rules over exit status and output in a file.

use std::ops::Range;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::value::{TomlForm, Value, regex};
use super::{pattern, toml_text};
use crate::base::problem::Source;
use crate::base::table::{Key as TomlKey, Reader, Value as TomlValue, in_order};
use crate::classify::profile::Statuses;
use crate::classify::{Channel, Class, ExitSpecs, PolicyRule, StreamPattern};

/// The rules of one policy, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyRules(pub Vec<PolicyRule>);

/// The keys of a rule.
const KEYS: &[&str] = &["class", "exit", "stderr", "stdout", "both", "http", "reason"];
/// The keys that are conditions, of which a rule needs at least one.
const CONDITIONS: &[&str] = &["exit", "stderr", "stdout", "both", "http"];
const CLASSES: [Class; 4] = [Class::Success, Class::Transient, Class::Throttled, Class::Permanent];

/// Parses the tables of `rule`. Rules with mistakes are omitted and all of their mistakes are reported; `None` if the value
/// is not a list of tables.
pub(super) fn read_all(reader: &mut Reader<'_>, value: &TomlValue<'_>) -> Option<PolicyRules> {
    let DeValue::Array(items) = value.get_ref() else { return None };
    let tables = items.iter().map(|item| match item.get_ref() {
        DeValue::Table(table) => Some((table, item.span())),
        _ => None,
    });
    let tables = tables.collect::<Option<Vec<_>>>()?;
    Some(PolicyRules(tables.into_iter().filter_map(|(table, span)| read(reader, table, span)).collect()))
}

/// Parses the output of [`PolicyRules::show`] like rules of a file. The error is text.
pub fn from_tables(tables: &[Json]) -> Result<PolicyRules, String> {
    let mut text = String::new();
    for table in tables {
        text.push_str("[[rule]]\n");
        for (name, value) in table.as_object().ok_or("a rule must be a table")? {
            // JSON strings and lists are valid TOML, except for one character that TOML requires to be escaped.
            let line = format!("{} = {value}\n", Json::String(name.clone()));
            text.push_str(&line.replace('\u{7f}', "\\u007f"));
        }
    }
    let source = Rc::new(Source { path: "rules".to_owned(), text });
    let mut reader = Reader::new(&source);
    let root = reader.root();
    let rules = in_order(&root).into_iter().find_map(|(_, value)| read_all(&mut reader, value));
    match reader.finish().into_iter().next() {
        Some(problem) => Err(problem.message),
        None => Ok(rules.unwrap_or_default()),
    }
}

/// Reads one table.
fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, span: Range<usize>) -> Option<PolicyRule> {
    let (mut class, mut exit, mut http, mut reason) = (None, None, None, None);
    let mut patterns = Vec::new();
    let before = reader.count();
    for (key, value) in in_order(table) {
        match key.get_ref().as_ref() {
            "class" => class = reader.one_of(key, value, &CLASSES.map(|class| (class.name(), class))),
            "exit" => exit = specs(reader, key, value, ExitSpecs::parse),
            "http" => http = specs(reader, key, value, Statuses::read),
            "reason" => reason = reader.text(key, value),
            name => match Channel::NAMES.iter().find(|(stream, _)| *stream == name) {
                Some((_, channel)) => patterns.extend(pattern_of(reader, key, value, *channel)),
                None => reader.unknown_key(key, KEYS),
            },
        }
    }
    reader.require(("rule", table, span), &["class"], CONDITIONS);
    let class = class.filter(|_| reader.count() == before)?;
    Some(PolicyRule { class, id: "rule", exit, patterns, http, reason })
}

/// Reads a list of specs: text, a number, or a list of both.
fn specs<T>(
    reader: &mut Reader<'_>,
    key: &TomlKey<'_>,
    value: &TomlValue<'_>,
    parse: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let (name, form) = (key.get_ref(), TomlForm::List);
    let texts = toml_text::texts(reader, form, value).unwrap_or_default();
    let [text] = &texts[..] else {
        toml_text::wrong_type(reader, name, form.describe(), form, value);
        return None;
    };
    parse(&text.to_string_lossy())
        .map_err(|why| reader.refuse(value.span(), format!("{name}: {why}"), None))
        .ok()
}

fn pattern_of(
    reader: &mut Reader<'_>,
    key: &TomlKey<'_>,
    value: &TomlValue<'_>,
    channel: Channel,
) -> Option<StreamPattern> {
    let text = reader.text(key, value)?;
    regex(channel, &text)
        .map_err(|why| reader.refuse(value.span(), format!("{}: {why}", key.get_ref()), None))
        .ok()
}

impl Value for PolicyRules {
    const FORM: TomlForm = TomlForm::Rules;

    fn parse(_text: &str) -> Result<Self, String> {
        Err("rules are tables; use [[policy.NAME.rule]] in a file".to_owned())
    }

    fn show(&self) -> Json {
        let rules = self.0.iter().map(|rule| {
            let mut fields = Map::new();
            fields.insert("class".to_owned(), json!(rule.class.name()));
            if let Some(exit) = &rule.exit {
                fields.insert("exit".to_owned(), json!(exit.items().collect::<Vec<_>>().join(",")));
            }
            for pattern in &rule.patterns {
                fields.insert(pattern.channel.name().to_owned(), json!(pattern.regex.text()));
            }
            if let Some(statuses) = &rule.http {
                fields.insert("http".to_owned(), json!(statuses.to_string()));
            }
            if let Some(reason) = &rule.reason {
                fields.insert("reason".to_owned(), json!(reason));
            }
            Json::Object(fields)
        });
        Json::Array(rules.collect())
    }
}

/// JSON Schema, draft-07.
pub(super) fn schema() -> Json {
    let text = |what: &str| json!({"type": "string", "description": what});
    let list = |mut schema: Json, what: &str| {
        schema["description"] = json!(what);
        schema
    };
    json!({"type": "array", "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["class"],
        "properties": {
            "class": {"enum": ["success", "transient", "throttled", "permanent"]},
            "exit": list(pattern::rule_exits(), "Exit specs"),
            "stderr": text("A regular expression for lines of stderr"),
            "stdout": text("A regular expression for lines of stdout"),
            "both": text("A regular expression for lines of stdout or stderr"),
            "http": list(pattern::statuses(), "HTTP statuses mentioned in the output"),
            "reason": text("The reason shown in messages"),
        },
    }})
}
