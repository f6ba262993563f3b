//! A resolved policy for the log: the settings that differ from their defaults, without secrets, and a short hash of them.

use serde_json::{Map, Value as Json};

use super::layer::{Layer, Origin};
use super::resolve::Resolved;
use super::rule::from_tables;
use super::settings::{Group, Policy, SETTINGS, SettingValue, find, plain};
use super::value::TomlForm;
use crate::base::fnv;
use crate::base::secrets::{HIDDEN, without_secrets};

/// Settings that the log only mentions without their values: commands, and secret addresses.
const SECRET: [&str; 5] = ["ping", "on-retry", "on-success", "on-failure", "fallback"];
/// Settings that are not part of the policy and may differ from run to run.
const OF_THE_RUN: [&str; 3] = ["name", "label", "seed"];

impl Resolved {
    /// The settings that differ from their defaults. A value is a string or a list of strings.
    pub fn told(&self) -> Map<String, Json> {
        let defaults = Policy::default();
        let changed = SETTINGS.iter().filter_map(|setting| {
            let value = (setting.show)(&self.policy);
            let is_changed = value != (setting.show)(&defaults);
            is_changed.then(|| (setting.key.to_owned(), told(setting.key, &value)))
        });
        changed.collect()
    }

    /// A hash of [`Resolved::told`], 16 hexadecimal digits: equal policies of one version have the same.
    pub fn digest(&self, told: &Map<String, Json>) -> String {
        let is_of_the_run =
            |key: &str| OF_THE_RUN.contains(&key) || key == "deadline" && *self.origin(key) == Origin::Outer;
        let kept: Map<_, _> = told.iter().filter(|(key, _)| !is_of_the_run(key)).map(owned).collect();
        format!("{:016x}", fnv::hash64(Json::Object(kept).to_string().into_bytes()))
    }
}

/// Whether this setting decides how a run is judged.
pub fn is_judging(key: &str) -> bool {
    find(key).is_some_and(|setting| SETTINGS[setting].group == Group::Judging)
}

/// Whether the setting consists of tables of rules, which no option can express.
pub fn is_rules(key: &str) -> bool {
    find(key).is_some_and(|setting| SETTINGS[setting].form == TomlForm::Rules)
}

/// The strings of a value that is a string or a list of strings.
pub fn texts(value: &Json) -> impl Iterator<Item = String> {
    value.as_array().map_or(std::slice::from_ref(value), |texts| texts).iter().map(plain)
}

/// Settings as options on a command line, except rules.
pub fn options(settings: &Map<String, Json>) -> impl Iterator<Item = String> {
    settings.iter().filter(|(key, _)| !is_rules(key)).flat_map(|(key, value)| {
        let is_switch = find(key).is_some_and(|setting| SETTINGS[setting].form == TomlForm::Switch);
        match (key.as_str(), value.as_str()) {
            ("enabled", Some("false")) => vec!["--no-retry".to_owned()],
            (_, Some("true")) if is_switch => vec![format!("--{key}")],
            _ if is_switch => Vec::new(),
            _ => texts(value).map(|text| format!("--{key}={text}")).collect(),
        }
    })
}

/// The settings on judging from [`Resolved::told`], as a layer. Unknown ones are ignored.
pub fn judging(told: &Map<String, Json>) -> Layer {
    let mut layer = Layer::default();
    for (key, value) in told.iter().filter(|(key, _)| is_judging(key)) {
        let _unknown = if is_rules(key) {
            let table = |text: &Json| serde_json::from_str(text.as_str()?).ok();
            let tables: Option<Vec<Json>> =
                value.as_array().map(|texts| texts.iter().filter_map(table).collect());
            let rules = from_tables(&tables.unwrap_or_default()).unwrap_or_default();
            layer.add_parsed(key, SettingValue::rule(rules), Origin::Log)
        } else {
            layer.add(key, texts(value).map(Into::into).collect(), Origin::Log, key.clone())
        };
    }
    layer
}

fn owned((key, value): (&String, &Json)) -> (String, Json) {
    (key.clone(), value.clone())
}

fn told(key: &str, value: &Json) -> Json {
    if SECRET.contains(&key) {
        return HIDDEN.into();
    }
    let text = |value: &Json| match value {
        Json::Object(_) | Json::Array(_) => value.to_string(),
        value => plain(value),
    };
    match value {
        Json::Array(items) => items.iter().map(text).collect(),
        Json::Object(fields) => fields.iter().map(|(key, value)| format!("{key}={}", text(value))).collect(),
        value if key == "state" => without_secrets(&text(value)).into(),
        value => text(value).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::{Request, resolve};

    fn resolved(given: &[(&'static str, &str)]) -> Resolved {
        let mut flags = Layer::default();
        for (key, value) in given {
            flags.add(key, vec![value.into()], Origin::Flag, format!("--{key} {value}")).expect("a value");
        }
        resolve(&Request { flags, ..Request::default() }).expect("a policy")
    }

    #[test]
    fn only_what_is_no_default_is_told_and_no_secret() {
        assert_eq!(resolved(&[]).told(), Map::new());
        let told = resolved(&[
            ("max", "5"),
            ("delay", "1s"),
            ("backoff", "fixed"),
            ("retry-on", "1,5-9"),
            ("label", "team=data"),
            ("state", "redis://me:s3cret@host/1"),
            ("quiet", "true"),
        ])
        .told();
        let expected = json!({
            "max": "5",
            "backoff": "fixed",
            "retry-on": ["1", "5-9"],
            "label": ["team=data"],
            "state": "redis://***@host/1",
            "quiet": "true",
        });
        assert_eq!(Json::Object(told), expected);
    }

    #[test]
    fn a_run_is_judged_again_as_it_was() {
        let mut given = resolved(&[
            ("max", "5"),
            ("retry-on", "1,5-9"),
            ("permanent-match", "stdout:no, never"),
            ("profile", "none"),
            ("non-idempotent", "true"),
        ]);
        let rule = json!([{"class": "throttled", "stderr": "quota \"x\"", "exit": "3-4"}]);
        given.policy.rule = from_tables(rule.as_array().expect("a list")).expect("rules");
        let told = given.told();
        let again = resolve(&Request { log: judging(&told), ..Request::default() }).expect("a policy");
        for setting in SETTINGS.iter().filter(|setting| setting.group == Group::Judging) {
            assert_eq!((setting.show)(&again.policy), (setting.show)(&given.policy), "{}", setting.key);
        }
        assert_eq!(again.policy.max, Policy::default().max, "how often is no matter of judgement");
        assert_eq!(again.policy.rule.0.len(), 1);
        let newer = json!({"profile": ["none"], "not-known": "x", "otherwise": "wonder", "rule": ["{"]});
        assert_eq!(judging(newer.as_object().expect("a table")).0.len(), 2);
    }

    #[test]
    fn the_digest_is_that_of_the_policy_and_not_of_the_run() {
        let digest = |given: &[(&'static str, &str)]| {
            let resolved = resolved(given);
            resolved.digest(&resolved.told())
        };
        let plain = digest(&[("max", "5")]);
        assert_eq!(plain.len(), 16);
        assert_eq!(plain, digest(&[("max", "5"), ("name", "x"), ("label", "build=7"), ("seed", "1")]));
        assert_ne!(plain, digest(&[("max", "6")]));
        assert_ne!(plain, digest(&[]));
        let within = |seconds| {
            let outer_deadline = Some(std::time::Duration::from_secs(seconds));
            let resolved = resolve(&Request { outer_deadline, ..Request::default() }).expect("a policy");
            resolved.digest(&resolved.told())
        };
        assert_eq!(within(5), within(7), "the time that an enclosing run leaves is not the policy's");
    }

    #[test]
    fn what_is_secret_is_hidden_as_a_whole() {
        assert_eq!(told("on-failure", &json!(["mail me", "curl x"])), json!("***"));
        assert_eq!(told("ping", &json!("https://hc-ping.com/uuid")), json!("***"));
        assert_eq!(told("on-state-error", &json!("fail")), json!("fail"));
    }
}
