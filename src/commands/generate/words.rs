//! What there is to complete: each verb's options and words, read from the command line that help is made of.

use clap::{Arg, ArgAction, Command, ValueHint};

use crate::cli;

/// A verb, or the plain run, whose name is empty.
pub(super) struct Line {
    pub(super) verb: String,
    pub(super) about: String,
    pub(super) options: Vec<Opt>,
    /// A command follows the options, and nothing behind its name is ours.
    pub(super) wraps: bool,
}

pub(super) struct Opt {
    /// With their dashes, short ones first.
    pub(super) names: Vec<String>,
    pub(super) takes: Takes,
    /// The value's name.
    pub(super) value: String,
    pub(super) help: String,
}

/// What the value of an option may be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Takes {
    Nothing,
    /// These words, others, or none behind a `=`.
    Optional,
    Words(Vec<String>),
    /// Anything.
    Text,
    File,
    Policy,
    Profile,
}

impl Takes {
    /// Is the next word its value?
    pub(super) fn is_valued(&self) -> bool {
        !matches!(self, Takes::Nothing | Takes::Optional)
    }
}

/// The shell command whose lines begin with the names of policies.
pub(super) const POLICIES: &str = "explain --all";
/// The same for profiles.
pub(super) const PROFILES: &str = "profiles";
/// The words of `--profile` that are no profiles.
pub(super) const PROFILE_WORDS: [&str; 2] = ["auto", "none"];
/// What `state` can do; all but the first take a key.
pub(super) const ACTIONS: [&str; 6] = ["list", "show", "check", "close", "wait", "reset"];
/// What `generate` can print is not offered: nobody types it.
pub(super) fn lines() -> Vec<Line> {
    let root = cli::completed();
    let verbs = root.get_subcommands().map(|verb| line(verb, verb.get_name()));
    std::iter::once(line(&root, "")).chain(verbs).collect()
}

fn line(command: &Command, verb: &str) -> Line {
    let (options, places): (Vec<_>, Vec<_>) = command.get_arguments().partition(|arg| !arg.is_positional());
    Line {
        verb: verb.to_owned(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        options: options.into_iter().map(option).collect(),
        wraps: places.iter().any(|place| place.get_id() == "command"),
    }
}

fn option(arg: &Arg) -> Opt {
    let longs = arg.get_long_and_visible_aliases().into_iter().flatten().map(|long| format!("--{long}"));
    let shorts = arg.get_short().map(|short| format!("-{short}"));
    Opt {
        names: shorts.into_iter().chain(longs).collect(),
        takes: takes(arg),
        value: arg
            .get_value_names()
            .and_then(|names| names.first())
            .map(ToString::to_string)
            .unwrap_or_default(),
        help: arg
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn takes(arg: &Arg) -> Takes {
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return Takes::Nothing;
    }
    if arg.is_require_equals_set() {
        return Takes::Optional;
    }
    match arg.get_id().as_str() {
        "policy" => return Takes::Policy,
        "profile" => return Takes::Profile,
        "format" => return Takes::Words(formats(arg)),
        _ => {}
    }
    let words: Vec<_> = arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
    match arg.get_value_hint() {
        _ if !words.is_empty() => Takes::Words(words),
        ValueHint::FilePath => Takes::File,
        _ => Takes::Text,
    }
}

/// The formats that a verb's help names.
fn formats(arg: &Arg) -> Vec<String> {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    ["text", "json", "delays", "markdown", "html", "junit", "prometheus", "trace"]
        .into_iter()
        .filter(|word| help.contains(word))
        .map(str::to_owned)
        .collect()
}
