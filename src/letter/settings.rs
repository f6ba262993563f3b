//! The settings of a run that a letter holds: how often, how long, how to judge, the limits, and stdin. Not those that tell
//! others of a run: their places may be secret, and belong to the run that failed.

use std::ffi::OsString;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::Mistake;
use crate::base::problem::Source;
use crate::policy::layer::{Layer, Origin};
use crate::policy::settings::{Group, SETTINGS, Setting};
use crate::policy::value::TomlForm;
use crate::policy::{Resolved, file};

/// The values that somebody gave, or that a built-in policy has, as a command line would have them; rules as their tables.
pub fn stored(resolved: &Resolved) -> Map<String, Json> {
    let given = SETTINGS.iter().enumerate().filter(|(at, setting)| {
        let origin = &resolved.origins[*at];
        !matches!(origin, Origin::Default | Origin::Outer) && is_kept(setting)
    });
    let mut all = Map::new();
    for (_, setting) in given {
        let value = match (setting.show)(&resolved.policy) {
            rules if setting.form == TomlForm::Rules => rules,
            Json::Array(items) => Json::Array(items.iter().map(|item| Json::String(text(item))).collect()),
            Json::Null if setting.form == TomlForm::Duration => Json::String("0".to_owned()),
            Json::Null => continue,
            value => Json::String(text(&value)),
        };
        let value = match value {
            Json::String(place) if setting.key == "state" => Json::String(without_user(&place)),
            value => value,
        };
        all.insert(setting.key.to_owned(), value);
    }
    all
}

/// The settings as a layer. A name or a value that this version does not take is a mistake.
pub fn layer(settings: &Map<String, Json>) -> Result<Layer, Mistake> {
    let mut layer = Layer::default();
    for (key, value) in settings {
        let known = SETTINGS.iter().any(|setting| setting.key == key && is_kept(setting));
        if !known {
            return Err(Mistake(format!("its settings hold '{key}', which no letter may set")));
        }
        let added = if is_rules(key) {
            rules(&mut layer, key, value)
        } else {
            let added = layer.add(key, texts(value), Origin::Letter, format!("{key} of the letter"));
            added.map_err(|problem| problem.message)
        };
        added.map_err(|why| Mistake(format!("its settings: {why}")))?;
    }
    Ok(layer)
}

fn is_rules(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key == key && setting.form == TomlForm::Rules)
}

/// Adds rules, which are read as those of a file are.
fn rules(layer: &mut Layer, key: &str, tables: &Json) -> Result<(), String> {
    let tables = tables.as_array().ok_or("its rules are no list of tables")?;
    let mut text = String::new();
    for table in tables {
        text.push_str(&format!("[[policy.letter.{key}]]\n"));
        for (name, value) in table.as_object().ok_or("a rule is no table")? {
            // A text or a list in JSON is one in TOML, but for a character that TOML wants escaped.
            let line = format!("{} = {value}\n", Json::String(name.clone()));
            text.push_str(&line.replace('\u{7f}', "\\u007f"));
        }
    }
    let (read, problems) = file::parse(&Rc::new(Source { path: "letter".to_owned(), text }));
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem.message);
    }
    for mut given in read.policies.into_iter().flat_map(|policy| policy.layer.0) {
        given.origin = Origin::Letter;
        layer.0.push(given);
    }
    Ok(())
}

/// Are there rules, for which there are no options?
pub(super) fn has_rules(settings: &Map<String, Json>) -> bool {
    settings.keys().any(|key| is_rules(key))
}

/// The settings as options on a command line, but for rules.
pub(super) fn layer_words(settings: &Map<String, Json>) -> Vec<OsString> {
    let mut words = Vec::new();
    for (key, value) in settings.iter().filter(|(key, _)| !is_rules(key)) {
        let switch = SETTINGS.iter().find(|setting| setting.key == key && setting.form == TomlForm::Switch);
        match (switch, key.as_str(), value.as_str()) {
            (Some(_), "enabled", Some("false")) => words.push("--no-retry".into()),
            (Some(_), _, Some("true")) => words.push(format!("--{key}").into()),
            (Some(_), ..) => {}
            (None, ..) => words.extend(texts(value).into_iter().map(|text| {
                let mut word = OsString::from(format!("--{key}="));
                word.push(text);
                word
            })),
        }
    }
    words
}

fn is_kept(setting: &Setting) -> bool {
    let group = matches!(setting.group, Group::Schedule | Group::Judging | Group::Shared);
    group || matches!(setting.key, "stdin" | "stdin-max")
}

fn texts(value: &Json) -> Vec<OsString> {
    match value {
        Json::Array(items) => items.iter().map(|item| text(item).into()).collect(),
        value => vec![text(value).into()],
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A place without the user and the password of a server's URL.
fn without_user(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let kept = query.split('&').filter(|part| part.starts_with("db=") || part.starts_with("password-file="));
    let kept = kept.collect::<Vec<_>>().join("&");
    format!("{scheme}://{host}{}{kept}", if kept.is_empty() { "" } else { "?" })
}
