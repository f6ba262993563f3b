//! THE table of settings. One row makes a field of [`Policy`], a flag, a TOML key, an environment variable, its
//! default, its help, its place in the man page and the completions, and its line in `retry explain`. The rows of a
//! group stand in a file of their own: `schedule.rs`, `judging.rs`, `surroundings.rs`, `recovery.rs`, `shared.rs`.
//!
//! A row: the doc comment is the help (its first line alone is `-h`'s); then the name, its type, its default; then
//! in braces what the flag is like: its value's name, and any of `short`, `alias`, `env`, `basic` (shown by `-h`).

use std::ffi::OsString;
use std::time::Duration;

use serde_json::Value as Json;

use super::rule::PolicyRules;
use super::value::{
    CiGroups, Color, CommandLine, CommandLines, Count, DemandedPatterns, EnvNames, ExitCodes, ExitStatus,
    Factor, FilePath, GateWait, Key, Labels, LetterOutcomes, MaxAttempts, MessageFormat, MessagesTo,
    MetricsFile, MetricsLabels, Name, OnStateError, OutputsTo, Patterns, Permits, PingKind, PingUrl,
    ProfileNames, Share, Shell, Signal, Size, StatePlace, StderrMode, StdinMode, StdoutMode, Summary,
    TimeLimit, TomlForm, Traces, Value,
};
use crate::backoff::{Backoff, Jitter, Strategy};
use crate::classify::{Class, ExitSpecs, Otherwise, PolicyRule, RETRY_MATCH, Rules};
use crate::gate::{self, Breaker, Rate};

/// The headings of `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Schedule,
    Judging,
    Surroundings,
    Recovery,
    Shared,
}

impl Group {
    pub const ALL: [Group; 5] =
        [Group::Schedule, Group::Judging, Group::Surroundings, Group::Recovery, Group::Shared];

    pub fn heading(self) -> &'static str {
        match self {
            Group::Schedule => "Attempts and timing",
            Group::Judging => "What counts as failure",
            Group::Surroundings => "Input, output and logging",
            Group::Recovery => "Hooks and what follows a failure",
            Group::Shared => "Shared limits",
        }
    }
}

/// A setting: everything about it but its value.
pub struct Setting {
    /// The name, as flag (with `--`) and TOML key.
    pub key: &'static str,
    pub short: Option<char>,
    /// A second name of the flag and the key.
    pub alias: Option<&'static str>,
    /// The environment variable, where there is one.
    pub env: Option<&'static str>,
    pub group: Group,
    /// The name of the value in help; empty for a switch.
    pub value_name: &'static str,
    /// The settings of which at least one must be in use for this one to have any effect; empty if it needs none.
    pub needs: &'static [&'static str],
    /// Shown by `-h`.
    pub basic: bool,
    /// Help, a line an entry.
    pub help: &'static [&'static str],
    pub form: TomlForm,
    /// The value is never shown.
    pub is_secret: bool,
    /// JSON Schema, draft-07, of its value in TOML.
    pub schema: fn() -> Json,
    /// The words that it may be.
    pub words: fn() -> Vec<&'static str>,
    /// Reads the texts that one layer gives; else why they are refused.
    pub parse: fn(&[OsString]) -> Result<SettingValue, String>,
    /// The value as TOML would have it.
    pub show: fn(&Policy) -> Json,
}

impl Setting {
    /// Whether the clients of a simulation have it: those about the output and result of a real command they have not.
    pub fn is_simulated(&self) -> bool {
        match self.group {
            Group::Schedule => !matches!(
                self.key,
                "idle-timeout" | "progress-timeout" | "progress-match" | "signal" | "kill-after"
            ),
            Group::Shared => !matches!(self.key, "state" | "on-state-error"),
            Group::Judging | Group::Surroundings | Group::Recovery => false,
        }
    }

    /// Whether there is an option of the same name. Retries are switched off with `--no-retry`, and tables are found in
    /// files only.
    pub fn is_flag(&self) -> bool {
        self.key != "enabled" && self.form != TomlForm::Rules
    }

    /// The help's first line.
    pub fn summary(&self) -> &'static str {
        self.help.first().map_or("", |line| line.trim())
    }

    /// The value where nobody gives one, as help shows it; `None` for switches, and where there is none. `defaults` is
    /// the policy that the verb begins with.
    pub fn default(&self, defaults: &Policy) -> Option<String> {
        let has_value = !self.value_name.is_empty() && self.key != "max-delay";
        let shown = has_value.then(|| plain(&(self.show)(defaults)));
        shown.filter(|text| text != NOTHING)
    }
}

/// How no value is shown.
pub const NOTHING: &str = "-";

/// A value as a person reads it.
pub fn plain(value: &Json) -> String {
    match value {
        Json::Null => NOTHING.to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Json::Object(fields) if fields.is_empty() => NOTHING.to_owned(),
        Json::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
            fields.join(",")
        }
        other => other.to_string(),
    }
}

/// The place of a setting in [`SETTINGS`].
pub type Index = usize;

/// Finds a setting by its key or alias.
pub fn find(key: &str) -> Option<Index> {
    SETTINGS.iter().position(|setting| setting.key == key || setting.alias == Some(key))
}

/// The one item, if there is one.
const fn only<T: Copy>(items: &[T]) -> Option<T> {
    match items {
        [item] => Some(*item),
        _ => None,
    }
}

/// The rows of one group, in a file of its own. A macro cannot see into another file: so this makes a macro that adds
/// the rows to those `before` and goes on with the groups that are left (the `$` handed in lets a macro write a macro).
macro_rules! rows {
    ($d:tt $group:ident $($row:tt)+) => {
        macro_rules! then {
            ({ $d($d before:tt)* } $d($d left:ident)*) => {
                gather! { { $d($d before)* $group { $($row)+ } } $d($d left)* }
            };
        }
        pub(super) use then;
    };
}

/// Hands the rows of all groups to [`settings!`], in the order of `--help`.
macro_rules! gather {
    ({ $($rows:tt)+ }) => { settings! { $($rows)+ } };
    ({ $($rows:tt)* } $group:ident $($left:ident)*) => { $group::then! { { $($rows)* } $($left)* } };
}

macro_rules! settings {
    ($($group:ident { $(
        $(#[doc = $help:literal])+
        $field:ident / $key:literal: $type:ty = $default:expr,
        { $value_name:literal $(short $short:literal)? $(alias $alias:literal)? $(env $env:literal)? $(needs $($needs:literal)|+)?
            $(; $basic:ident)? }
    )+ })+) => {
        /// Everything that was asked, resolved.
        #[derive(Clone, Debug)]
        pub struct Policy { $($( $(#[doc = $help])+ pub $field: $type, )+)+ }

        impl Default for Policy {
            fn default() -> Self {
                Policy { $($( $field: $default, )+)+ }
            }
        }

        /// The value of one setting, as one layer gives it.
        #[expect(non_camel_case_types, reason = "the variants are the fields of the policy")]
        #[derive(Clone, Debug)]
        pub enum SettingValue { $($( $field($type), )+)+ }

        impl SettingValue {
            /// Puts the value into the policy.
            pub fn apply(&self, policy: &mut Policy) {
                match self {
                    $($( SettingValue::$field(value) => policy.$field = value.clone(), )+)+
                }
            }
        }

        /// Every setting, in the order of `--help` and `retry explain`.
        pub static SETTINGS: &[Setting] = &[$($(Setting {
            key: $key,
            short: only(&[$($short)?]),
            alias: only(&[$($alias)?]),
            env: only(&[$($env)?]),
            group: Group::$group,
            value_name: $value_name,
            needs: &[$($($needs),+)?],
            basic: false $(|| !stringify!($basic).is_empty())?,
            help: &[$($help),+],
            form: <$type as Value>::FORM,
            is_secret: <$type as Value>::IS_SECRET,
            schema: <$type as Value>::schema,
            words: <$type as Value>::words,
            parse: |texts| <$type as Value>::read(texts).map(SettingValue::$field),
            show: |policy| Value::show(&policy.$field),
        },)+)+];
    };
}

mod judging;
mod recovery;
mod schedule;
mod shared;
mod surroundings;

gather! { {} schedule judging surroundings recovery shared }

impl Policy {
    /// How many attempts there may be in all.
    pub fn attempts(&self) -> MaxAttempts {
        if self.enabled { self.max } else { MaxAttempts::Times(1) }
    }

    /// The limits of the key.
    pub fn limits(&self) -> gate::Limits {
        gate::Limits {
            concurrency: self.concurrency.map(|permits| permits.0),
            rate: self.rate,
            breaker: self.breaker,
            budget: self.budget.map(|share| share.0),
            adaptive: self.adaptive,
        }
    }

    /// How long to wait.
    pub fn schedule(&self) -> Backoff {
        Backoff {
            strategy: self.backoff.clone(),
            // With a list, the wait between successes is its first entry.
            delay: match &self.backoff {
                Strategy::List(waits) => waits.first().copied().unwrap_or(self.delay),
                _ => self.delay,
            },
            max_delay: self.max_delay,
            factor: self.factor.0,
            jitter: self.jitter,
        }
    }

    /// How to judge.
    pub fn rules(&self) -> Rules {
        Rules {
            success_on: self.success_on.0.clone(),
            permanent_on: self.permanent_on.clone(),
            retry_on: self.retry_on.clone(),
            texts: self.text_rules(),
            success_match: self.success_match.0.clone(),
            otherwise: self.otherwise,
            non_idempotent: self.non_idempotent,
            knowledge: std::rc::Rc::default(),
            quotes: false,
        }
    }

    /// The options' patterns, then the tables.
    fn text_rules(&self) -> Vec<PolicyRule> {
        let options = [
            (Class::Transient, RETRY_MATCH, &self.retry_match),
            (Class::Permanent, "permanent-match", &self.permanent_match),
            (Class::Throttled, "throttle-match", &self.throttle_match),
        ];
        let of_options = options.into_iter().flat_map(|(class, id, patterns)| {
            patterns.0.iter().map(move |pattern| PolicyRule {
                class,
                id,
                exit: None,
                patterns: vec![pattern.clone()],
                http: None,
                reason: None,
            })
        });
        of_options.chain(self.rule.0.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests;
