//! Options as rows: settings, and the few options that are not a setting of the same name. The parser, help, man page and
//! completions are derived from the same rows.

use std::fmt;

use crate::policy::Policy;
use crate::policy::layer::RETRIES;
use crate::policy::settings::{Group, Setting};
use crate::policy::value::TomlForm;

/// Whether an option takes a value, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Switch,
    /// A switch whose occurrences are counted.
    Counter,
    /// A value in the same word or the next.
    Value,
    /// An optional value after `=`, so that a command can follow; the default is this value.
    Optional(&'static str),
    /// The same, but the next word may be the value, too: for verbs without operands.
    OptionalWord(&'static str),
}

/// How an option takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The verb looks the value up by name.
    Kept,
    /// The value sets this key of a layer.
    Sets(&'static str),
    /// Switches this setting off.
    Clears(&'static str),
    Help,
    Version,
}

/// The heading of an option in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The first heading of every verb.
    Options,
    Of(Group),
    General,
}

impl Section {
    /// `None` is clap's own heading.
    pub fn heading(self) -> Option<&'static str> {
        match self {
            Section::Options => None,
            Section::Of(group) => Some(group.heading()),
            Section::General => Some("General"),
        }
    }
}

/// An option that is not a setting of the same name.
#[derive(Debug)]
pub struct Flag {
    /// The name without dashes; only `-O` has none.
    pub long: Option<&'static str>,
    pub short: Option<char>,
    pub arity: Arity,
    /// The name of the value in help; empty if there is none.
    pub value_name: &'static str,
    pub help: &'static str,
    pub env: Option<&'static str>,
    pub section: Section,
    /// Shown by `-h`.
    pub basic: bool,
    pub is_file: bool,
    /// The words that the value may be; none where it is free.
    pub words: &'static [&'static str],
    pub effect: Effect,
}

impl Flag {
    pub(super) const fn switch(long: &'static str, help: &'static str) -> Self {
        Flag {
            long: Some(long),
            short: None,
            arity: Arity::Switch,
            value_name: "",
            help,
            env: None,
            section: Section::Options,
            basic: true,
            is_file: false,
            words: &[],
            effect: Effect::Kept,
        }
    }

    pub(super) const fn value(long: &'static str, value_name: &'static str, help: &'static str) -> Self {
        Flag { arity: Arity::Value, value_name, ..Flag::switch(long, help) }
    }

    pub(super) const fn file(long: &'static str, help: &'static str) -> Self {
        Flag { is_file: true, ..Flag::value(long, "FILE", help) }
    }

    pub(super) const fn format(words: &'static [&'static str], help: &'static str) -> Self {
        Flag { words, ..Flag::value("format", "FORMAT", help) }
    }

    const fn hidden_in(self, group: Group) -> Self {
        Flag { basic: false, section: Section::Of(group), ..self }
    }
}

pub(super) static RETRIES_FLAG: Flag = Flag {
    effect: Effect::Sets(RETRIES),
    ..Flag::value(RETRIES, "N", "The same as --max N+1").hidden_in(Group::Schedule)
};
pub(super) static NO_RETRY: Flag = Flag {
    effect: Effect::Clears("enabled"),
    ..Flag::switch("no-retry", "Run once without retrying").hidden_in(Group::Schedule)
};
pub(super) static POLICY: Flag = Flag {
    env: Some("RETRY_OPT_POLICY"),
    section: Section::Of(Group::Surroundings),
    ..Flag::value("policy", "NAME", "Use this named policy")
};
pub(super) static CONFIG: Flag = Flag {
    env: Some("RETRY_OPT_CONFIG"),
    ..Flag::file("config", "Also read this config file").hidden_in(Group::Surroundings)
};
pub(super) static NO_CONFIG: Flag =
    Flag::switch("no-config", "Read no configuration file").hidden_in(Group::Surroundings);
/// Short for `--stdout success`.
pub(super) static ONLY_SUCCESS: Flag = Flag {
    long: None,
    short: Some('O'),
    arity: Arity::Optional("success"),
    value_name: "MODE",
    effect: Effect::Sets("stdout"),
    ..Flag::switch("", "Only the successful attempt's stdout: the same as --stdout success")
        .hidden_in(Group::Surroundings)
};
/// The name of the deadline in `retry until`.
pub(super) static FOR: Flag = Flag {
    effect: Effect::Sets("deadline"),
    ..Flag::value("for", "DURATION", "Total time limit; the same as --deadline [default: 5m]")
};
pub(super) static HELP: Flag = Flag {
    short: Some('h'),
    section: Section::General,
    effect: Effect::Help,
    ..Flag::switch("help", "Print help (-h: summary, --help: all options)")
};
pub(super) static VERSION: Flag = Flag {
    short: Some('V'),
    section: Section::General,
    effect: Effect::Version,
    ..Flag::switch("version", "Print the version")
};

/// The settings whose value is only accepted after `=`.
pub(super) const SHELL: &str = "shell";
const OUTPUTS: &str = "outputs";

/// An option of a verb.
#[derive(Clone, Copy)]
pub enum Row {
    Setting(&'static Setting),
    Flag(&'static Flag),
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Row {
    /// The name without its dashes, unique within the verb.
    pub fn name(self) -> &'static str {
        match self {
            Row::Setting(setting) => setting.key,
            Row::Flag(flag) => flag.long.unwrap_or("O"),
        }
    }

    /// The name with its dashes, for messages.
    pub fn dashed(self) -> String {
        if self.long().is_some() { format!("--{}", self.name()) } else { format!("-{}", self.name()) }
    }

    pub fn long(self) -> Option<&'static str> {
        match self {
            Row::Setting(setting) => Some(setting.key),
            Row::Flag(flag) => flag.long,
        }
    }

    pub fn alias(self) -> Option<&'static str> {
        match self {
            Row::Setting(setting) => setting.alias,
            Row::Flag(_) => None,
        }
    }

    pub fn short(self) -> Option<char> {
        match self {
            Row::Setting(setting) => setting.short,
            Row::Flag(flag) => flag.short,
        }
    }

    pub fn arity(self) -> Arity {
        match self {
            Row::Setting(setting) => match (setting.form, setting.value_name) {
                (TomlForm::Switch, _) => Arity::Switch,
                (_, "") => Arity::Counter,
                _ if setting.key == SHELL => Arity::Optional("sh"),
                _ if setting.key == OUTPUTS => Arity::Optional("github"),
                _ => Arity::Value,
            },
            Row::Flag(flag) => flag.arity,
        }
    }

    pub fn value_name(self) -> &'static str {
        match self {
            Row::Setting(setting) => setting.value_name,
            Row::Flag(flag) => flag.value_name,
        }
    }

    pub fn section(self) -> Section {
        match self {
            Row::Setting(setting) => Section::Of(setting.group),
            Row::Flag(flag) => flag.section,
        }
    }

    pub fn is_basic(self) -> bool {
        match self {
            Row::Setting(setting) => setting.basic,
            Row::Flag(flag) => flag.basic,
        }
    }

    /// The environment variable that sets the option.
    pub fn env(self) -> Option<&'static str> {
        match self {
            Row::Setting(setting) => setting.env,
            Row::Flag(flag) => flag.env,
        }
    }

    /// Whether the value is the name of a file.
    pub fn is_file(self) -> bool {
        match self {
            Row::Setting(setting) => matches!(setting.key, "log" | "dead-letter"),
            Row::Flag(flag) => flag.is_file,
        }
    }

    /// The words that the value may be; none where it is free.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Row::Setting(setting) => (setting.words)(),
            Row::Flag(flag) => flag.words.to_vec(),
        }
    }

    pub fn effect(self) -> Effect {
        match self {
            Row::Setting(setting) => Effect::Sets(setting.key),
            Row::Flag(flag) => flag.effect,
        }
    }

    /// Whether it is another spelling of this setting.
    pub(super) fn spells(self, key: &str) -> bool {
        matches!(self, Row::Flag(Flag { effect: Effect::Sets(other), .. }) if *other == key)
    }

    /// The first line of help, with the default of the verb's policy.
    pub fn summary(self, defaults: &Policy) -> String {
        match self {
            Row::Setting(setting) => format!("{}{}", setting.summary(), default(setting, defaults)),
            Row::Flag(flag) => flag.help.to_owned(),
        }
    }

    /// The complete help: paragraphs, separated by empty lines.
    pub fn description(self, defaults: &Policy) -> String {
        let text = match self {
            Row::Setting(setting) => {
                paragraphs(setting.help.iter().map(|line| line.trim())) + &default(setting, defaults)
            }
            Row::Flag(flag) => flag.help.to_owned(),
        };
        text + &self.env().map(|env| format!(" [env: {env}]")).unwrap_or_default()
    }

    /// The option as it is quoted in messages, with its last value.
    pub(super) fn written(self, value: &str) -> String {
        let name = self.dashed();
        match self.arity() {
            Arity::Switch | Arity::Counter => name,
            Arity::Optional(default) | Arity::OptionalWord(default) if value == default => name,
            Arity::Optional(_) | Arity::OptionalWord(_) => format!("{name}={value}"),
            Arity::Value => format!("{name} {value}"),
        }
    }
}

fn default(setting: &Setting, defaults: &Policy) -> String {
    setting.default(defaults).map(|default| format!(" [default: {default}]")).unwrap_or_default()
}

/// Joins the lines of a doc comment. Empty ones separate paragraphs.
fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
        text
    })
}
