//! TOML text to layers. Pure: the text has been read by `sys`. Every mistake of a file is found in one pass.

use std::ffi::OsString;
use std::ops::Range;
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use super::layer::{Layer, Origin, RETRIES};
use super::rule;
use super::settings::{SETTINGS, find};
use super::value::{self, TomlForm};
use crate::base::problem::{Place, Problem, Source, nearest};
use crate::base::table::{Key, Reader, Value, in_order, type_name};
use crate::classify::profile::{self, Profile};

/// A file's policies, profiles and limits.
#[derive(Debug, Default)]
pub struct File {
    pub policies: Vec<FilePolicy>,
    pub profiles: Vec<Rc<Profile>>,
    pub limits: Vec<KeyLimits>,
}

/// One `[limits."KEY"]` table.
#[derive(Debug)]
pub struct KeyLimits {
    pub key: String,
    pub layer: Layer,
}

/// One `[policy.NAME]` table.
#[derive(Debug)]
pub struct FilePolicy {
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// The parent, and where it is named.
    pub inherits: Option<(String, Place)>,
    pub layer: Layer,
}

/// The tables that a file may hold.
const TABLES: &[&str] = &["policy", "profile", "limits"];

/// The settings that a table of limits may hold.
pub const LIMITS: [&str; 5] = ["concurrency", "rate", "breaker", "budget", "adaptive"];

const INHERITS: &str = "inherits";

/// Reads a file's text.
pub fn parse(source: &Rc<Source>) -> (File, Vec<Problem>) {
    let mut file = FileReader { reader: Reader::new(source), file: File::default() };
    let root = file.reader.root();
    for (key, value) in in_order(&root) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("policy", DeValue::Table(policies)) => file.policies(policies),
            ("profile", DeValue::Table(profiles)) => file.profiles(profiles),
            ("limits", DeValue::Table(limits)) => file.limits(limits),
            (name, _) => file.unknown(name, key.span()),
        }
    }
    (file.file, file.reader.finish())
}

/// What to say of a key that stands at the top level.
fn setting_outside(key: &str) -> String {
    if find(key).is_some() || key == RETRIES {
        format!("settings belong to a policy: write [policy.default] above {key}")
    } else if let Some(near) = nearest(key, setting_keys()) {
        format!("did you mean {near}? settings belong to a policy: write [policy.default] above it")
    } else {
        format!(
            "a file holds {}",
            TABLES.iter().map(|table| format!("[{table}.NAME]")).collect::<Vec<_>>().join(", ")
        )
    }
}

/// What a policy's keys may be called, but for `inherits`.
fn setting_keys() -> impl Iterator<Item = &'static str> {
    let settings = SETTINGS.iter().flat_map(|setting| [Some(setting.key), setting.alias]);
    settings.flatten().chain([RETRIES])
}

/// A configuration that is being read.
struct FileReader<'s> {
    reader: Reader<'s>,
    file: File,
}

impl FileReader<'_> {
    /// Refuses a key of the top level.
    fn unknown(&mut self, name: &str, span: Range<usize>) {
        let (message, hint) = match name {
            "policy" => ("policy must be a table of policies", "use [policy.NAME], with its settings below"),
            "profile" => ("profile must be a table of profiles", "use [profile.NAME], with its rules below"),
            "limits" => ("limits must be a table of keys", "use [limits.\"KEY\"], with its limits below"),
            // A header that does not parse leaves its keys here, and has been reported.
            _ if self.reader.is_broken_before(&span) => return,
            _ => {
                let hint = nearest(name, TABLES.iter().copied())
                    .map_or_else(|| setting_outside(name), |near| format!("did you mean {near}?"));
                self.reader.refuse(span, format!("unknown table or key '{name}'"), Some(hint));
                return;
            }
        };
        self.reader.refuse(span, message, Some(hint.to_owned()));
    }

    fn policies(&mut self, policies: &DeTable<'_>) {
        for (name, value) in in_order(policies) {
            let DeValue::Table(table) = value.get_ref() else {
                let hint = format!("write [policy.{}] and its settings below", name.get_ref());
                self.reader.refuse(
                    name.span(),
                    format!("policy '{}' is a table", name.get_ref()),
                    Some(hint),
                );
                continue;
            };
            let mut policy = FilePolicy {
                name: name.get_ref().to_string(),
                place: self.reader.place(name.span()),
                inherits: None,
                layer: Layer::default(),
            };
            for (key, value) in in_order(table) {
                if key.get_ref() == INHERITS {
                    policy.inherits = self.parent(value);
                } else {
                    self.setting(&mut policy.layer, key, value);
                }
            }
            self.file.policies.push(policy);
        }
    }

    /// What is shared by key: `[limits."KEY"]`.
    fn limits(&mut self, limits: &DeTable<'_>) {
        for (name, value) in in_order(limits) {
            let DeValue::Table(table) = value.get_ref() else {
                let hint = "write [limits.\"KEY\"] and its limits below".to_owned();
                self.reader.refuse(
                    name.span(),
                    format!("limits '{}' is a table", name.get_ref()),
                    Some(hint),
                );
                continue;
            };
            if let Err(why) = value::Key::named(name.get_ref()) {
                self.reader.refuse(name.span(), &why, None);
                continue;
            }
            let mut layer = Layer::default();
            for (key, value) in in_order(table) {
                if LIMITS.contains(&key.get_ref().as_ref()) {
                    self.setting(&mut layer, key, value);
                } else {
                    let hint = nearest(key.get_ref(), LIMITS).map(|near| format!("did you mean {near}?"));
                    let hint = hint.unwrap_or_else(|| format!("limits are {}", LIMITS.join(", ")));
                    self.reader.refuse(key.span(), format!("'{}' is no limit", key.get_ref()), Some(hint));
                }
            }
            self.file.limits.push(KeyLimits { key: name.get_ref().to_string(), layer });
        }
    }

    /// The policy that one inherits, and where it is named.
    fn parent(&mut self, value: &Value<'_>) -> Option<(String, Place)> {
        if let DeValue::String(parent) = value.get_ref() {
            return Some((parent.to_string(), self.reader.place(value.span())));
        }
        self.reader.refuse(value.span(), "inherits takes text in quotes", Some("name one policy".into()));
        None
    }

    /// What is known of tools: `[profile.NAME]`.
    fn profiles(&mut self, profiles: &DeTable<'_>) {
        for (name, value) in in_order(profiles) {
            let (word, reserved) = (name.get_ref().as_ref(), [profile::AUTO, profile::NONE]);
            let DeValue::Table(table) = value.get_ref() else {
                let hint = format!("write [profile.{word}] and its rules below");
                self.reader.refuse(name.span(), format!("profile '{word}' is a table"), Some(hint));
                continue;
            };
            if reserved.contains(&word) {
                let message = format!("'{word}' is a word of --profile, and no profile's name");
                self.reader.refuse(name.span(), &message, Some("take another name".into()));
                continue;
            }
            self.file.profiles.push(Rc::new(profile::read(word, table, &mut self.reader)));
        }
    }

    fn setting(&mut self, layer: &mut Layer, key: &Key<'_>, value: &Value<'_>) {
        let name = key.get_ref().as_ref();
        let form = match find(name) {
            Some(setting) => SETTINGS[setting].form,
            None if name == RETRIES => TomlForm::MaxAttempts,
            None => {
                let hint = nearest(name, setting_keys().chain([INHERITS]));
                let hint = hint.map(|near| format!("did you mean {near}?"));
                let hint = hint.unwrap_or_else(|| "retry explain lists every key".to_owned());
                self.reader.refuse(key.span(), format!("unknown key '{name}'"), Some(hint));
                return;
            }
        };
        let texts = if form == TomlForm::Rules { self.rules(value) } else { texts(form, value.get_ref()) };
        let Some(texts) = texts else {
            self.wrong_type(name, form, value);
            return;
        };
        let origin = Origin::File(self.reader.place(value.span()));
        if let Err(problem) = layer.add(name, texts, origin, name.to_owned()) {
            self.reader.push(problem);
        }
    }
}

impl FileReader<'_> {
    /// The tables of rules, each as a text. A rule that is wrong is told here, where its place is known, and left out.
    fn rules(&mut self, value: &Value<'_>) -> Option<Vec<OsString>> {
        let DeValue::Array(tables) = value.get_ref() else { return None };
        let mut texts = Vec::new();
        for table in tables {
            let DeValue::Table(fields) = table.get_ref() else { return None };
            let entries = in_order(fields);
            let Some(fields) = self.rule_fields(&entries) else { continue };
            match rule::from_fields(&fields) {
                Ok(_) => texts.push(rule::encode(&fields)),
                Err((key, why)) => {
                    let wrong = entries.iter().find(|(name, _)| key == Some(name.get_ref().as_ref()));
                    let span = wrong.map_or_else(|| table.span(), |(_, value)| value.span());
                    let what = key.map_or_else(|| "rule".to_owned(), str::to_owned);
                    self.reader.refuse(span, format!("{what}: {why}"), None);
                }
            }
        }
        Some(texts)
    }

    /// Refuses a value, or the first entry of a list that is wrong.
    fn wrong_type(&mut self, name: &str, form: TomlForm, value: &Value<'_>) {
        let entries = match value.get_ref() {
            DeValue::Array(entries) if matches!(form, TomlForm::List | TomlForm::Patterns) => entries.iter(),
            _ => [].iter(),
        };
        let is_text = |entry: &&Value<'_>| {
            let number = matches!(entry.get_ref(), DeValue::Integer(_) | DeValue::Float(_));
            matches!(entry.get_ref(), DeValue::String(_)) || number && form == TomlForm::List
        };
        let wrong = entries.clone().find(|entry| !is_text(entry)).unwrap_or(value);
        let found = type_name(wrong.get_ref());
        self.reader.refuse(wrong.span(), format!("{name} takes {}, not {found}", form.describe()), None);
    }

    /// The fields of a rule as texts; `None` when one is unknown or no text, which has been told then.
    fn rule_fields<'k>(&mut self, entries: &[(&'k Key<'k>, &Value<'_>)]) -> Option<Vec<(&'k str, String)>> {
        let before = self.reader.count();
        let mut fields = Vec::new();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let form = if ["exit", "http"].contains(&name) { TomlForm::List } else { TomlForm::Text };
            if !rule::KEYS.contains(&name) {
                let hint =
                    nearest(name, rule::KEYS.iter().copied()).map(|near| format!("did you mean {near}?"));
                let hint = hint.unwrap_or_else(|| format!("a rule holds {}", rule::KEYS.join(", ")));
                self.reader.refuse(key.span(), format!("unknown key '{name}'"), Some(hint));
            } else if let Some([text]) = texts(form, value.get_ref()).as_deref() {
                fields.push((name, text.to_string_lossy().into_owned()));
            } else {
                self.wrong_type(name, form, value);
            }
        }
        (self.reader.count() == before).then_some(fields)
    }
}

/// The value as the texts that the command line would have; `None` when it is of the wrong type.
fn texts(form: TomlForm, value: &DeValue<'_>) -> Option<Vec<OsString>> {
    let scalar = |value: &DeValue<'_>| -> Option<String> {
        match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => {
                i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
            }
            // As plain digits: `1e-1` is 0.1, and `3.0` is 3.
            DeValue::Float(number) => Some(match number.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => (value + 0.0).to_string(),
                _ => number.as_str().to_owned(),
            }),
            _ => None,
        }
    };
    match (form, value) {
        (TomlForm::MaxAttempts, DeValue::String(text)) => (text == "inf").then(|| vec!["inf".into()]),
        (TomlForm::MaxAttempts | TomlForm::Whole | TomlForm::Size, DeValue::Float(_)) => {
            let number = scalar(value)?;
            number.bytes().all(|digit| digit.is_ascii_digit()).then(|| vec![number.into()])
        }
        (TomlForm::MaxAttempts | TomlForm::Whole | TomlForm::Size, DeValue::Integer(_))
        | (TomlForm::Number | TomlForm::Share, DeValue::Integer(_) | DeValue::Float(_))
        | (
            TomlForm::Duration | TomlForm::List,
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_),
        )
        | (TomlForm::Text | TomlForm::Size | TomlForm::Share, DeValue::String(_)) => {
            Some(vec![scalar(value)?.into()])
        }
        (TomlForm::List, DeValue::Array(items)) if items.is_empty() => Some(Vec::new()),
        (TomlForm::List, DeValue::Array(items)) => {
            let items = items.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<_>>>()?;
            Some(vec![items.join(",").into()])
        }
        (TomlForm::Patterns, DeValue::String(text)) => Some(vec![text.to_string().into()]),
        (TomlForm::Patterns, DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string().into()),
                _ => None,
            })
            .collect(),
        (TomlForm::Switch, DeValue::Boolean(on)) => Some(vec![on.to_string().into()]),
        (TomlForm::Table, DeValue::Table(table)) => in_order(table)
            .into_iter()
            .map(|(key, value)| Some(format!("{}={}", key.get_ref(), scalar(value.get_ref())?).into()))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
