//! Parses TOML text into layers. Pure: `sys` reads the text. All mistakes in a file are found in one pass.

use std::ops::Range;
use std::rc::Rc;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::layer::{Layer, Origin, RETRIES};
use super::settings::{Policy, SETTINGS, Setting, SettingValue, find};
use super::value::{self, TomlForm};
use super::{rule, toml_text};
use crate::base::problem::{Problem, Source, SourceSpan, nearest};
use crate::base::table::{Key, Reader, Value, in_order};
use crate::classify::profile::{self, Profile};

/// A file's policies, profiles and limits.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub policies: Vec<FilePolicy>,
    pub profiles: Vec<Rc<Profile>>,
    pub limits: Vec<KeyLimits>,
}

/// A `[limits."KEY"]` table.
#[derive(Clone, Debug)]
pub struct KeyLimits {
    pub key: String,
    pub layer: Layer,
}

/// A `[policy.NAME]` table.
#[derive(Clone, Debug)]
pub struct FilePolicy {
    pub name: String,
    /// The place of the name in the file.
    pub place: SourceSpan,
    /// The parent, and the place where it is named.
    pub inherits: Option<(String, SourceSpan)>,
    pub layer: Layer,
}

/// The tables that a file may contain.
const TABLES: &[&str] = &["policy", "profile", "limits"];

/// The settings that a table of limits may contain.
pub const LIMITS: [&str; 5] = ["concurrency", "rate", "breaker", "budget", "adaptive"];

const INHERITS: &str = "inherits";

/// Parses the text of a file.
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

/// The hint for an unknown top-level key.
fn setting_outside(key: &str) -> String {
    if find(key).is_some() || key == RETRIES {
        format!("settings belong to a policy: use [policy.default] above {key}")
    } else if let Some(near) = nearest(key, setting_keys()) {
        format!("did you mean {near}? settings belong to a policy: use [policy.default] above it")
    } else {
        let tables: Vec<_> = TABLES.iter().map(|table| format!("[{table}.NAME]")).collect();
        format!("the tables are {}", tables.join(", "))
    }
}

/// The keys of a policy, without `inherits`.
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
    /// Refuses a top-level key.
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

    /// The tables of `[KIND.NAME]`; other values are refused.
    fn tables<'t, 'i>(&mut self, kind: &str, all: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t DeTable<'i>)> {
        let mut tables = Vec::new();
        for (name, value) in in_order(all) {
            if let DeValue::Table(table) = value.get_ref() {
                tables.push((name, table));
            } else {
                let word = name.get_ref();
                let hint = format!("use [{kind}.{word}], with its keys below");
                self.reader.refuse(name.span(), format!("{kind} '{word}' must be a table"), Some(hint));
            }
        }
        tables
    }

    fn policies(&mut self, policies: &DeTable<'_>) {
        for (name, table) in self.tables("policy", policies) {
            let mut policy = FilePolicy {
                name: name.get_ref().to_string(),
                place: self.reader.place(name.span()),
                inherits: None,
                layer: Layer::default(),
            };
            for (key, value) in in_order(table) {
                if key.get_ref() == INHERITS {
                    let place = self.reader.place(value.span());
                    policy.inherits = self.reader.text(key, value).map(|parent| (parent, place));
                } else {
                    self.setting(&mut policy.layer, key, value);
                }
            }
            self.file.policies.push(policy);
        }
    }

    fn limits(&mut self, limits: &DeTable<'_>) {
        for (name, table) in self.tables("limits", limits) {
            if let Err(why) = value::Key::named(name.get_ref()) {
                self.reader.refuse(name.span(), why, None);
                continue;
            }
            let mut layer = Layer::default();
            for (key, value) in in_order(table) {
                if LIMITS.contains(&key.get_ref().as_ref()) {
                    self.setting(&mut layer, key, value);
                } else {
                    let hint = nearest(key.get_ref(), LIMITS).map(|near| format!("did you mean {near}?"));
                    let hint = hint.unwrap_or_else(|| format!("the limits are {}", LIMITS.join(", ")));
                    self.reader.refuse(key.span(), format!("unknown limit '{}'", key.get_ref()), Some(hint));
                }
            }
            self.file.limits.push(KeyLimits { key: name.get_ref().to_string(), layer });
        }
    }

    fn profiles(&mut self, profiles: &DeTable<'_>) {
        for (name, table) in self.tables("profile", profiles) {
            let word = name.get_ref().as_ref();
            if [profile::AUTO, profile::NONE].contains(&word) {
                let message = format!("invalid profile name '{word}': it has a meaning for --profile");
                self.reader.refuse(name.span(), message, Some("use another name".into()));
                continue;
            }
            self.file.profiles.push(Rc::new(profile::read(word, table, &mut self.reader)));
        }
    }

    fn setting(&mut self, layer: &mut Layer, key: &Key<'_>, value: &Value<'_>) {
        let name = key.get_ref().as_ref();
        let Some(setting) = find(if name == RETRIES { "max" } else { name }) else {
            let hint = nearest(name, setting_keys().chain([INHERITS])).map_or_else(
                || "retry explain --full lists every key".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            self.reader.refuse(key.span(), format!("unknown key '{name}'"), Some(hint));
            return;
        };
        let (setting, origin) = (&SETTINGS[setting], Origin::File(self.reader.place(value.span())));
        let added = if setting.form == TomlForm::Rules {
            rule::read_all(&mut self.reader, value)
                .map(|rules| layer.add_parsed(name, SettingValue::rule(rules), origin))
        } else {
            toml_text::texts(&self.reader, setting.form, value)
                .map(|texts| layer.add(name, texts, origin, name.to_owned()))
        };
        match added {
            Some(Ok(())) => {}
            Some(Err(problem)) => self.reader.push(problem),
            None => toml_text::wrong_type(&mut self.reader, name, &wanted(setting), setting.form, value),
        }
    }
}

/// The TOML that a setting accepts, for messages; for a string, with the default as an example.
fn wanted(setting: &Setting) -> String {
    let is_text = matches!(setting.form, TomlForm::Text | TomlForm::Word);
    match (setting.show)(&Policy::default()) {
        Json::String(default) if is_text => format!("a string such as \"{default}\""),
        _ => setting.form.describe().to_owned(),
    }
}

#[cfg(test)]
mod tests;
