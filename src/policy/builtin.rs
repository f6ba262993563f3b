//! The built-in policies. They set nothing that a user could not set, and files can extend them.

use super::layer::{Layer, Origin};
use super::settings::Policy;

/// Name, purpose, and settings.
pub struct Builtin {
    pub name: &'static str,
    pub purpose: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// The base policy of `retry until`.
pub const UNTIL: &str = "until";

pub static BUILTIN: &[Builtin] = &[
    Builtin {
        name: "aggressive",
        purpose: "many quick attempts",
        settings: &[("max", "5"), ("delay", "100ms"), ("factor", "3")],
    },
    Builtin {
        name: "interactive",
        purpose: "interactive use",
        settings: &[("max", "3"), ("deadline", "30s")],
    },
    Builtin { name: "background", purpose: "background jobs", settings: &[("max", "8"), ("deadline", "2m")] },
    Builtin {
        name: "sdk",
        purpose: "like cloud SDKs: unlimited",
        settings: &[("max", "inf"), ("delay", "500ms"), ("max-delay", "10s"), ("jitter", "25%")],
    },
    Builtin {
        name: "database",
        purpose: "a busy or restarting database",
        settings: &[("max", "3"), ("delay", "500ms"), ("max-delay", "5s")],
    },
    Builtin {
        name: "messaging",
        purpose: "a busy or restarting message broker",
        settings: &[("max", "3"), ("delay", "1s"), ("max-delay", "10s")],
    },
    Builtin {
        name: UNTIL,
        purpose: "readiness: base of `retry until`",
        settings: &[
            ("max", "inf"),
            ("deadline", "5m"),
            ("backoff", "fixed"),
            ("delay", "1s"),
            ("jitter", "10%"),
            ("profile", "none"),
            ("retry-on", "not-found,not-executable"),
            ("otherwise", "retry"),
        ],
    },
];

impl Builtin {
    pub fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        for (key, text) in self.settings {
            let added = layer.add(key, vec![(*text).into()], Origin::Builtin(self.name), (*key).to_owned());
            debug_assert!(added.is_ok(), "{added:?}");
        }
        layer
    }
}

/// Adds a setting of a built-in policy.
pub fn apply(name: &str, policy: &mut Policy) {
    for given in layer(name).iter().flat_map(|layer| &layer.0) {
        given.value.apply(policy);
    }
}

/// The layer of a built-in policy.
pub fn layer(name: &str) -> Option<Layer> {
    BUILTIN.iter().find(|builtin| builtin.name == name).map(Builtin::layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_policy_is_made_of_settings_that_are_known_and_valid() {
        for builtin in BUILTIN {
            assert_eq!(builtin.layer().0.len(), builtin.settings.len(), "{}", builtin.name);
        }
    }
}
