//! Completions for zsh: a list of `_arguments` specs for each verb, the rest in `completions.zsh`.

use super::words::{Line, Opt, POLICIES, PROFILE_WORDS, PROFILES, Takes, lines};
use crate::cli::ACTIONS;

pub(super) fn completions() -> String {
    let lines = lines();
    let verbs: Vec<_> = lines
        .iter()
        .filter(|line| !line.verb.is_empty())
        .map(|line| format!("    '{}:{}'\n", line.verb, quoted(line.about)))
        .collect();
    let wrapping: Vec<_> =
        lines.iter().filter(|line| line.wraps).map(|line| format!("'{}'", line.verb)).collect();
    let names: Vec<_> = lines.iter().map(|line| line.verb).filter(|verb| !verb.is_empty()).collect();
    include_str!("completions.zsh")
        .replace("@VERB_NAMES@", &names.join(" "))
        .replace("@VERBS@", &verbs.concat())
        .replace("@WRAPPING@", &wrapping.join(" | "))
        .replace("@OPTIONS@", &lines.iter().map(options).collect::<String>())
        .replace("@ACTIONS@", &ACTIONS.join(" "))
        .replace("@POLICIES@", POLICIES)
        .replace("@PROFILES@", PROFILES)
        .replace("@PROFILE_WORDS@", &PROFILE_WORDS.join(" "))
}

fn options(line: &Line) -> String {
    let specs: String =
        line.options.iter().flat_map(specs).map(|spec| format!("        '{spec}'\n")).collect();
    format!("    '{}')\n      options=(\n{specs}      )\n      ;;\n", line.verb)
}

/// An `_arguments` spec for each name of the option; any option may be repeated.
fn specs(option: &Opt) -> impl Iterator<Item = String> {
    let help = quoted(&option.help).replace('[', "\\[").replace(']', "\\]");
    let value = quoted(option.value);
    let action = match &option.takes {
        Takes::Nothing => String::new(),
        Takes::Optional => format!("::{value}: "),
        Takes::OptionalWord(words) => format!("::{value}:({})", words.join(" ")),
        Takes::Text => format!(":{value}: "),
        Takes::Words(words) => format!(":{value}:({})", words.join(" ")),
        Takes::File => format!(":{value}:_files"),
        Takes::Policy => format!(":{value}:_retry_policies"),
        Takes::Profile => format!(":{value}:_retry_profile_words"),
    };
    option
        .names
        .iter()
        .map(move |name| {
            let end = match (&option.takes, name.starts_with("--")) {
                (Takes::Nothing, _) => "",
                (Takes::Optional, true) => "=-",
                (Takes::Optional, false) => return format!("*{name}[{help}]"),
                (_, true) => "=",
                (_, false) => "+",
            };
            format!("*{name}{end}[{help}]{action}")
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// Escapes text for use within single quotes in a spec, where colons part its fields.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace(':', "\\:").replace('\'', "'\\''")
}
