//! The content of completions, independent of the shell: each verb's options and the possible words of their values.

use crate::cli::{self, Arity, Operands, Row};
use crate::policy::Policy;

/// A verb, or the plain run, whose name is empty.
pub(super) struct Line {
    pub(super) verb: &'static str,
    pub(super) about: &'static str,
    pub(super) options: Vec<Opt>,
    /// A command follows the options, and is completed by its own completions.
    pub(super) wraps: bool,
}

pub(super) struct Opt {
    /// With their dashes, short ones first.
    pub(super) names: Vec<String>,
    pub(super) takes: Takes,
    /// The value's name in help.
    pub(super) value: &'static str,
    pub(super) help: String,
}

/// How the value of an option can be completed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Takes {
    Nothing,
    /// An optional word after `=`.
    Optional,
    /// An optional word after `=`, or the next word: one of these, or another.
    OptionalWord(Vec<&'static str>),
    Words(Vec<&'static str>),
    /// Anything.
    Text,
    File,
    Policy,
    Profile,
}

impl Takes {
    /// Whether the next word is its value.
    pub(super) fn is_valued(&self) -> bool {
        !matches!(self, Takes::Nothing | Takes::Optional | Takes::OptionalWord(_))
    }
}

/// A shell command that prints lines which begin with the names of policies.
pub(super) const POLICIES: &str = "explain --all";
/// A shell command that prints lines which begin with the names of profiles.
pub(super) const PROFILES: &str = "profiles";
/// Words of `--profile` that are not names of profiles.
pub(super) const PROFILE_WORDS: [&str; 2] = ["auto", "none"];

/// Every documented command line. `generate` is for packagers and is not offered.
pub(super) fn lines() -> Vec<Line> {
    cli::documented_lines().map(line).collect()
}

fn line(line: &cli::Line) -> Line {
    let defaults = line.defaults();
    Line {
        verb: line.word,
        about: line.about,
        options: line.rows().into_iter().map(|row| option(row, &defaults)).collect(),
        wraps: matches!(line.operands, Operands::Command),
    }
}

fn option(row: Row, defaults: &Policy) -> Opt {
    let short = row.short().map(|letter| format!("-{letter}"));
    let longs = row.long().into_iter().chain(row.alias()).map(|long| format!("--{long}"));
    Opt {
        names: short.into_iter().chain(longs).collect(),
        takes: takes(row),
        value: row.value_name(),
        help: row.summary(defaults),
    }
}

fn takes(row: Row) -> Takes {
    match row.arity() {
        Arity::Switch | Arity::Counter => return Takes::Nothing,
        Arity::Optional(_) => return Takes::Optional,
        Arity::OptionalWord(_) => return Takes::OptionalWord(row.words()),
        Arity::Value => {}
    }
    let words = row.words();
    match row.name() {
        "policy" => Takes::Policy,
        "profile" => Takes::Profile,
        _ if !words.is_empty() => Takes::Words(words),
        _ if row.is_file() => Takes::File,
        _ => Takes::Text,
    }
}
