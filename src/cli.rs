//! The command line: the verb, its options and its operands, or the mistake in them. The parser, help, man page and
//! completions are derived from the same rows.

mod habits;
mod help;
mod mistakes;
mod parser;
mod rows;
mod simulate_rows;
mod verbs;

use std::ffi::OsString;

pub use help::documented;
pub use rows::{Arity, Row, Section};
pub use verbs::{ACTIONS, Line, Operands, RUN, documented_lines, verb_words};

use crate::base::error::Error;
use crate::policy::layer::{Layer, Origin};
use parser::{Occurrence, Reading, Words};
use rows::Effect;

/// The very first word, if it is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Run,
    Until,
    Wait,
    Explain,
    Classify,
    Profiles,
    State,
    Replay,
    Report,
    Simulate,
    Generate,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    pub verb: Verb,
    /// The options that are settings.
    pub flags: Layer,
    takes: Operands,
    words: Words,
}

/// A command line's meaning.
#[derive(Debug)]
pub enum Parsed {
    Invocation(Box<Invocation>),
    /// Help or the version, for stdout.
    Text(String),
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (retry-command)");

/// Parses a command line that begins with the program's name. The error is either the first word that cannot be understood,
/// or all values that settings refuse. Pure.
pub fn parse(args: &[OsString]) -> Result<Parsed, Error> {
    let (line, words) = verbs::line_of(args);
    match parser::read(line, words).map_err(|problem| Error::problems(vec![problem]))? {
        Reading::Help { long } => Ok(Parsed::Text(help::text(line, long))),
        Reading::Version => Ok(Parsed::Text(format!("retry {VERSION}\n"))),
        Reading::Words(words) => {
            let flags = layer(&words.options)?;
            Ok(Parsed::Invocation(Box::new(Invocation {
                verb: line.verb,
                flags,
                takes: line.operands,
                words,
            })))
        }
    }
}

impl Invocation {
    /// The command with its arguments, any bytes; empty if the verb runs none.
    pub fn command(&self) -> &[OsString] {
        match self.takes {
            Operands::Command => &self.words.operands,
            Operands::Named(_) => &[],
        }
    }

    /// The words of a verb that takes no command, options aside.
    pub fn operands(&self) -> &[OsString] {
        match self.takes {
            Operands::Command => &[],
            Operands::Named(_) => &self.words.operands,
        }
    }

    /// The last value of an option that is not a setting, by its name without dashes; `None` if it was not given or the
    /// verb does not have it.
    pub fn value(&self, name: &str) -> Option<&OsString> {
        self.words.options.iter().rfind(|option| option.row.name() == name).map(|option| &option.value)
    }

    /// All values of a repeatable option that is not a setting, in order, by its name without dashes.
    pub fn values(&self, name: &str) -> Vec<OsString> {
        let options = self.words.options.iter().filter(|option| option.row.name() == name);
        options.map(|option| option.value.clone()).collect()
    }

    /// Whether the option was given, by its name without dashes.
    pub fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

/// The options that are settings, in order. The error has all mistakes in their values.
fn layer(options: &[Occurrence]) -> Result<Layer, Error> {
    let mut layer = Layer::default();
    let mut problems = Vec::new();
    for (at, option) in options.iter().enumerate() {
        let Some(key) = key(option) else { continue };
        let same = || options.iter().filter(move |other| self::key(other) == Some(key));
        if options[..at].iter().any(|earlier| self::key(earlier) == Some(key)) {
            continue;
        }
        // Of two spellings, the last one counts.
        let last = same().next_back().unwrap_or(option);
        let values: Vec<_> = same().filter(|other| other.row.name() == last.row.name()).collect();
        let written = last.row.written(&last.value.to_string_lossy());
        problems.extend(layer.add(key, texts(last.row, &values), Origin::Flag, written).err());
    }
    if problems.is_empty() { Ok(layer) } else { Err(Error::problems(problems)) }
}

/// The key of an option in a layer; `None` if it is not a setting.
fn key(option: &Occurrence) -> Option<&'static str> {
    match option.row.effect() {
        Effect::Sets(key) | Effect::Clears(key) => Some(key),
        Effect::Kept | Effect::Help | Effect::Version => None,
    }
}

/// The texts that these occurrences of one option give to a setting.
fn texts(row: Row, given: &[&Occurrence]) -> Vec<OsString> {
    match (row.effect(), row.arity()) {
        (Effect::Clears(_), _) => vec!["false".into()],
        (_, Arity::Switch) => vec!["true".into()],
        (_, Arity::Counter) => vec![given.len().to_string().into()],
        (_, Arity::Value | Arity::Optional(_) | Arity::OptionalWord(_)) => {
            given.iter().map(|option| option.value.clone()).collect()
        }
    }
}

#[cfg(test)]
mod tests;
