//! A resolved policy as the log tells it: the settings that are not what they are by default, without secrets, and a short
//! hash of them.

use serde_json::{Map, Value as Json};

use super::layer::Origin;
use super::resolve::Resolved;
use super::settings::{Policy, SETTINGS, plain};
use crate::base::fnv;
use crate::base::secrets::{HIDDEN, without_secrets};

/// Settings of which the log says only that they are there: commands, and addresses that are secrets.
const SECRET: [&str; 5] = ["ping", "on-retry", "on-success", "on-failure", "fallback"];
/// Settings that say nothing about the policy, and may be others in each run.
const OF_THE_RUN: [&str; 3] = ["name", "label", "seed"];

impl Resolved {
    /// The settings that are not what they are by default. A value is a text, or a list of texts.
    pub fn told(&self) -> Map<String, Json> {
        let defaults = Policy::default();
        let changed = SETTINGS.iter().filter_map(|setting| {
            let value = (setting.show)(&self.policy);
            let is_changed = value != (setting.show)(&defaults);
            is_changed.then(|| (setting.key.to_owned(), told(setting.key, &value)))
        });
        changed.collect()
    }

    /// A hash of what [`Resolved::told`] says, 16 hexadecimal digits: equal policies of one version have the same.
    pub fn digest(&self, told: &Map<String, Json>) -> String {
        let is_of_the_run =
            |key: &str| OF_THE_RUN.contains(&key) || key == "deadline" && *self.origin(key) == Origin::Outer;
        let kept: Map<_, _> = told.iter().filter(|(key, _)| !is_of_the_run(key)).map(owned).collect();
        format!("{:016x}", fnv::hash64(Json::Object(kept).to_string().into_bytes()))
    }
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
    use crate::policy::layer::Layer;
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
