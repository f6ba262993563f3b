//! The settings that are stored in a letter: those on attempts, timing, judging, limits and stdin. Settings that report on
//! a run are not stored: their destinations may be secret, and belong to the run that failed.

use std::ffi::OsString;

use serde_json::{Map, Value as Json};

use super::Mistake;
use crate::policy::layer::{Layer, Origin};
use crate::policy::settings::{Group, SETTINGS, Setting, SettingValue, plain};
use crate::policy::value::TomlForm;
use crate::policy::{Resolved, from_tables, is_rules, texts};

/// The values that were given or come from a built-in policy, as texts for a command line; rules as tables.
pub fn stored(resolved: &Resolved) -> Map<String, Json> {
    let given = SETTINGS.iter().enumerate().filter(|(at, setting)| {
        let origin = &resolved.origins[*at];
        !matches!(origin, Origin::Default | Origin::Outer) && is_kept(setting)
    });
    let mut all = Map::new();
    for (_, setting) in given {
        let value = match (setting.show)(&resolved.policy) {
            rules if setting.form == TomlForm::Rules => rules,
            Json::Array(items) => Json::Array(items.iter().map(|item| Json::String(plain(item))).collect()),
            Json::Null if setting.form == TomlForm::Duration => Json::String("0".to_owned()),
            Json::Null => continue,
            value => Json::String(plain(&value)),
        };
        let value = match value {
            Json::String(place) if setting.key == "state" => Json::String(without_user(&place)),
            value => value,
        };
        all.insert(setting.key.to_owned(), value);
    }
    all
}

/// The settings as a layer. Names and values that this version does not accept are mistakes.
pub fn layer(settings: &Map<String, Json>) -> Result<Layer, Mistake> {
    let mut layer = Layer::default();
    for (key, value) in settings {
        let known = SETTINGS.iter().any(|setting| setting.key == key && is_kept(setting));
        if !known {
            return Err(Mistake(format!("its settings contain '{key}', which a letter cannot set")));
        }
        let added = if is_rules(key) {
            let tables = value.as_array().ok_or_else(|| format!("{key} must be a list of tables"));
            tables
                .and_then(|tables| from_tables(tables))
                .map(|rules| layer.add_parsed(key, SettingValue::rule(rules), Origin::Letter))
        } else {
            Ok(layer.add(
                key,
                texts(value).map(OsString::from).collect(),
                Origin::Letter,
                format!("{key} of the letter"),
            ))
        };
        added
            .and_then(|added| added.map_err(|problem| problem.message))
            .map_err(|why| Mistake(format!("its settings: {why}")))?;
    }
    Ok(layer)
}

fn is_kept(setting: &Setting) -> bool {
    let group = matches!(setting.group, Group::Schedule | Group::Judging | Group::Shared);
    group || matches!(setting.key, "stdin" | "stdin-max")
}

/// A location without the user and the password of a server's URL.
fn without_user(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let kept = query.split('&').filter(|part| part.starts_with("db=") || part.starts_with("password-file="));
    let kept = kept.collect::<Vec<_>>().join("&");
    format!("{scheme}://{host}{}{kept}", if kept.is_empty() { "" } else { "?" })
}
