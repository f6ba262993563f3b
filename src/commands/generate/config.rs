//! An example configuration: every setting with its help, as a comment that holds its default or an example.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::policy::Policy;
use crate::policy::settings::SETTINGS;
use crate::policy::value::TomlForm;

/// Examples, as TOML, for the settings that have no default.
const EXAMPLES: &[(&str, &str)] = &[
    ("deadline", "\"10m\""),
    ("timeout", "\"30s\""),
    ("idle-timeout", "\"1m\""),
    ("progress-timeout", "\"2h\""),
    ("progress-match", "\"[0-9]+%\""),
    ("reset-after", "\"5m\""),
    ("splay", "\"30s\""),
    ("seed", "42"),
    ("retry-on", "[6, 7, 28, \"timeout\"]"),
    ("permanent-on", "[2, \"not-found\"]"),
    ("retry-match", "\"(?i)connection reset\""),
    ("permanent-match", "\"(?i)no such table\""),
    ("throttle-match", "\"(?i)slow down\""),
    ("success-match", "\"ready\""),
    ("otherwise", "\"stop\""),
    ("shell", "\"bash\""),
    ("fail-if-flaky", "3"),
    ("exhausted-code", "4"),
    ("log", "\"/var/log/retry.jsonl\""),
    ("ping", "\"https://hc-ping.com/UUID\""),
    ("metrics-file", "\"/var/lib/prometheus/node-exporter/retry.prom\""),
    ("metrics-label", "[\"team\"]"),
    ("name", "\"nightly backup\""),
    ("label", "{ team = \"data\" }"),
    ("on-retry", "\"logger -t retry \\\"$RETRY_NAME: $RETRY_REASON\\\"\""),
    ("on-success", "\"touch /run/backup.ok\""),
    ("on-failure", "[\"notify-send failed\", \"rm -f /run/backup.ok\"]"),
    ("fallback", "\"cp backup.tar /mnt/usb/\""),
    ("fallback-timeout", "\"5m\""),
    ("dead-letter", "\"/var/spool/retry\""),
    ("dead-letter-env", "[\"PROFILE\", \"APP_*\"]"),
    ("dead-letter-redact", "\"token=[^ ]+\""),
    ("outputs", "\"retry.env\""),
    ("key", "\"api.example.com\""),
    ("concurrency", "20"),
    ("rate", "\"100/1m\""),
    ("breaker", "\"5/30s\""),
    ("budget", "\"20%\""),
    ("gate-wait", "\"1m\""),
    ("state", "\"redis://cache.example.com/0\""),
];

pub(super) fn example() -> String {
    let mut out = include_str!("config_head.toml").to_owned();
    let defaults = Policy::default();
    for setting in SETTINGS.iter().filter(|setting| setting.form != TomlForm::Rules) {
        let shown = toml(&(setting.show)(&defaults));
        let example =
            EXAMPLES.iter().find(|(key, _)| *key == setting.key).map(|(_, text)| (*text).to_owned());
        // A test covers every setting, so that one without a default or an example is noticed.
        let Some(value) = shown.or(example) else { continue };
        let _infallible = writeln!(out, "\n# {}\n#{} = {value}", setting.summary(), setting.key);
    }
    out.push_str(include_str!("config_tail.toml"));
    out
}

/// The value in TOML; `None` if a setting has none.
fn toml(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Array(items) if items.is_empty() => None,
        Json::Object(fields) if fields.is_empty() => None,
        // Strings, numbers, booleans and lists of them have the same syntax in JSON and TOML.
        other => Some(other.to_string()),
    }
}
