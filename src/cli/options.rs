//! Options as clap has them: those that are settings, made of THE list, and the few that are not.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ValueHint};

use super::verbs::OTHER;
use crate::policy::Policy;
use crate::policy::layer::RETRIES;
use crate::policy::settings::{Group, SETTINGS, Setting};
use crate::policy::value::TomlForm;

/// The settings of these groups that are flags of their own name.
pub(super) fn settings(groups: &'static [Group]) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| groups.contains(&setting.group) && setting.is_flag())
}

pub(super) fn argument(setting: &Setting, defaults: &Policy) -> Arg {
    let default =
        setting.default(defaults).map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let env = setting.env.map(|env| format!(" [env: {env}]")).unwrap_or_default();
    let text = paragraphs(setting.help.iter().map(|line| line.trim()));
    let mut arg = Arg::new(setting.key)
        .long(setting.key)
        .help_heading(setting.group.heading())
        .hide_short_help(!setting.basic)
        .help(format!("{}{default}", setting.summary()))
        .long_help(format!("{text}{default}{env}"));
    if let Some(short) = setting.short.filter(|_| setting.key != "stdout") {
        arg = arg.short(short);
    }
    if let Some(alias) = setting.alias {
        arg = arg.visible_alias(alias);
    }
    let arg = match (setting.form, setting.value_name) {
        (TomlForm::Switch, _) => arg.action(ArgAction::SetTrue),
        (_, "") => arg.action(ArgAction::Count),
        (_, name) => {
            let hint = if setting.key == "log" { ValueHint::FilePath } else { ValueHint::Other };
            arg.value_name(name)
                .action(ArgAction::Append)
                .value_parser(ValueParser::os_string())
                .value_hint(hint)
                .allow_negative_numbers(true)
        }
    };
    if setting.key == SHELL {
        arg.num_args(0..=1).require_equals(true).default_missing_value("sh")
    } else {
        arg
    }
}

/// Joins the lines of a doc comment: an empty one parts paragraphs.
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

/// The options that are settings in other words.
pub(super) fn retry_flags() -> [Arg; 2] {
    [
        valued(RETRIES, "N", "The same as --max N+1")
            .help_heading(Group::Schedule.heading())
            .hide_short_help(true),
        switch("no-retry", "Run once without retrying")
            .help_heading(Group::Schedule.heading())
            .hide_short_help(true),
    ]
}

/// The options that say where settings come from.
pub(super) fn source_flags() -> [Arg; 3] {
    [
        valued("policy", "NAME", "Use this named policy")
            .long_help("Use this named policy [env: RETRY_OPT_POLICY]")
            .help_heading(Group::Surroundings.heading()),
        valued("config", "FILE", "Also read this config file")
            .long_help("Also read this config file [env: RETRY_OPT_CONFIG]")
            .help_heading(Group::Surroundings.heading())
            .value_hint(ValueHint::FilePath)
            .hide_short_help(true),
        switch("no-config", "Read no configuration file")
            .help_heading(Group::Surroundings.heading())
            .hide_short_help(true),
    ]
}

/// Where profiles come from.
pub(super) fn profile_source_flags() -> [Arg; 2] {
    let [_, config, no_config] = source_flags();
    [config, no_config]
}

pub(super) fn file(id: &'static str, help: &'static str) -> Arg {
    valued(id, "FILE", help).value_hint(ValueHint::FilePath)
}

/// The option whose value only follows a `=`, so that it can stand before a command.
pub(super) const SHELL: &str = "shell";

/// For a verb that has no other setting of its group.
pub(super) fn shell_flag() -> Option<Arg> {
    SETTINGS.iter().find(|setting| setting.key == SHELL).map(|setting| argument(setting, &Policy::default()))
}

/// The option that is `--stdout success` in one letter.
pub(super) const HELD: &str = "stdout-success";

/// Its value only follows a `=`, so that it can stand before a command.
pub(super) fn held_flag() -> Arg {
    Arg::new(HELD)
        .short('O')
        .value_name("MODE")
        .long_help("Only the successful attempt's stdout: the same as --stdout success")
        .help("Only the successful attempt's stdout: the same as --stdout success")
        .help_heading(Group::Surroundings.heading())
        .hide_short_help(true)
        .value_parser(ValueParser::os_string())
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("success")
        .action(ArgAction::Set)
}

/// The deadline, as `retry until` calls it.
pub(super) const FOR: &str = "for";

pub(super) fn for_flag() -> Arg {
    valued(FOR, "DURATION", "Total time limit; the same as --deadline [default: 5m]")
}

pub(super) fn help_flag() -> Arg {
    switch("help", "Print help (-h: summary, --help: all options)")
        .short('h')
        .action(ArgAction::Help)
        .help_heading(OTHER)
}

/// The rest of the line: from the command's name on, nothing is an option of ours.
pub(super) fn wrapped_command() -> Arg {
    Arg::new("command")
        .value_name("COMMAND")
        .value_parser(ValueParser::os_string())
        .num_args(0..)
        .trailing_var_arg(true)
        .value_hint(ValueHint::CommandWithArguments)
        .hide(true)
}

pub(super) fn valued(id: &'static str, value_name: &'static str, help: &'static str) -> Arg {
    Arg::new(id)
        .long(id)
        .value_name(value_name)
        .value_parser(ValueParser::os_string())
        .action(ArgAction::Append)
        .allow_negative_numbers(true)
        .help(help)
        .long_help(help)
}

/// An option with a value that only follows a `=`; without one it is `default`.
pub(super) fn optional(
    id: &'static str,
    value_name: &'static str,
    default: &'static str,
    help: &'static str,
) -> Arg {
    valued(id, value_name, help).num_args(0..=1).require_equals(true).default_missing_value(default)
}

pub(super) fn valued_positional(id: &'static str, value_name: &'static str, help: &'static str) -> Arg {
    Arg::new(id)
        .value_name(value_name)
        .value_parser(ValueParser::os_string())
        .allow_negative_numbers(true)
        .help(help)
}

pub(super) fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help).long_help(help)
}
