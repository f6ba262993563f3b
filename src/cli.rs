//! What was typed: the verb, its options and the command, or what is wrong with them. Help, man page and completions are
//! made of the same verbs and options.

mod habits;
mod options;
mod quick;
mod verbs;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use crate::base::error::Error;
use crate::base::problem::{Problem, nearest};
use crate::policy::layer::{Layer, Origin, RETRIES};
use crate::policy::settings::{SETTINGS, Setting};
use options::{FOR, HELD};
/// The words of the verbs.
pub fn verb_words() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|(word, _)| *word)
}

pub use verbs::{CLOSE_FOR, completed, documented, report_ids};
use verbs::{command, command_with};

/// What can be typed as the very first word, besides a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Run,
    Until,
    Wait,
    Explain,
    Classify,
    Profiles,
    State,
    Report,
    Generate,
}

/// The words of the verbs. The list is closed: a command of such a name is reached with `--`.
const VERBS: &[(&str, Verb)] = &[
    ("until", Verb::Until),
    ("wait", Verb::Wait),
    ("explain", Verb::Explain),
    ("classify", Verb::Classify),
    ("profiles", Verb::Profiles),
    ("state", Verb::State),
    ("report", Verb::Report),
    ("generate", Verb::Generate),
];

/// What was typed, and nothing done about it yet.
#[derive(Debug)]
pub struct Invocation {
    pub verb: Verb,
    words: Words,
    /// The settings among the flags.
    pub flags: Layer,
}

/// Who has read the words.
#[derive(Debug)]
enum Words {
    Plain(quick::Plain),
    Parsed(ArgMatches),
}

/// What the command line comes to.
#[derive(Debug)]
pub enum Parsed {
    Invocation(Box<Invocation>),
    /// Help or the version: to stdout.
    Text(String),
}

/// Reads a command line, the program's own name first.
pub fn parse(args: &[OsString]) -> Result<Parsed, Error> {
    let first = args.get(1).map(OsString::as_os_str);
    let verb = VERBS.iter().find(|(word, _)| first == Some(OsStr::new(word)));
    let (verb, skip) = verb.map_or((Verb::Run, 1), |(_, verb)| (*verb, 2));
    let typed = args.get(skip..).unwrap_or_default();
    if let Some((plain, flags)) = quick::read(verb, typed) {
        return Ok(Parsed::Invocation(Box::new(Invocation { verb, words: Words::Plain(plain), flags })));
    }
    let matches = match matched(verb, typed) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Parsed::Text(error.render().to_string()));
        }
        Err(_) if typed.first().is_some_and(|word| word == "-?") => match matched(verb, &["-h".into()]) {
            Ok(_) => return Ok(Parsed::Text(String::new())),
            Err(help) => return Ok(Parsed::Text(help.render().to_string())),
        },
        Err(error) => return Err(usage_error(verb, &error, typed)),
    };
    let flags = settings_layer(&matches)?;
    Ok(Parsed::Invocation(Box::new(Invocation { verb, words: Words::Parsed(matches), flags })))
}

/// What clap makes of the words behind the verb.
fn matched(verb: Verb, typed: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let line = || std::iter::once(OsStr::new("retry")).chain(typed.iter().map(OsString::as_os_str));
    // Nearly every line is right and names few options: a command of those alone is made in no time. What it
    // refuses, the whole one explains.
    let few = command_with(verb, |setting| is_mentioned(setting, typed)).try_get_matches_from(line());
    few.or_else(|_| command(verb).try_get_matches_from(line()))
}

impl Invocation {
    /// The command to run, any bytes.
    pub fn command(&self) -> Vec<OsString> {
        match &self.words {
            Words::Plain(plain) => plain.command().to_vec(),
            Words::Parsed(_) => self.values("command"),
        }
    }

    /// The words at a place that a run does not have, in their order. A place that this verb does not have is empty.
    pub fn values(&self, id: &str) -> Vec<OsString> {
        match &self.words {
            Words::Plain(_) => Vec::new(),
            Words::Parsed(matches) => {
                matches.try_get_many(id).ok().flatten().into_iter().flatten().cloned().collect()
            }
        }
    }

    /// The value of an option that is no setting, the last one. An option that this verb does not have was not given.
    pub fn value(&self, id: &str) -> Option<&OsString> {
        match &self.words {
            Words::Plain(plain) => plain.value(id),
            Words::Parsed(matches) => last(matches, id),
        }
    }

    pub fn is_set(&self, id: &str) -> bool {
        match &self.words {
            Words::Plain(plain) => plain.is_set(id),
            Words::Parsed(matches) => {
                matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false)
            }
        }
    }
}

/// The last value: an option that takes one is overridden by another one behind it.
fn last<'m>(matches: &'m ArgMatches, id: &str) -> Option<&'m OsString> {
    matches.try_get_many::<OsString>(id).ok().flatten()?.next_back()
}

/// The flags that are settings, as a layer.
fn settings_layer(matches: &ArgMatches) -> Result<Layer, Error> {
    let mut layer = Layer::default();
    let mut problems = Vec::new();
    let mut add = |key: &str, texts: Vec<OsString>, written: String| {
        problems.extend(layer.add(key, texts, Origin::Flag, written).err());
    };
    let keys = SETTINGS.iter().map(|setting| setting.key).chain([RETRIES]);
    let typed = |key: &&str| {
        // Asking for the source of an option that this verb does not have would be a panic.
        matches.try_contains_id(key).unwrap_or(false)
            && matches.value_source(key) == Some(ValueSource::CommandLine)
    };
    for key in keys.filter(typed) {
        if let Ok(Some(texts)) = matches.try_get_many::<OsString>(key) {
            let texts: Vec<_> = texts.cloned().collect();
            let last = texts.last().map(|text| text.display().to_string()).unwrap_or_default();
            add(key, texts, format!("--{key} {last}"));
        } else if let Ok(Some(count)) = matches.try_get_one::<u8>(key) {
            add(key, vec![count.to_string().into()], format!("--{key}"));
        } else {
            add(key, vec!["true".into()], format!("--{key}"));
        }
    }
    if let Some(mode) = last(matches, HELD) {
        let written = if mode == "success" { "-O".to_owned() } else { format!("-O={}", mode.display()) };
        add("stdout", vec![mode.clone()], written);
    }
    if matches.try_get_one::<bool>("no-retry").ok().flatten() == Some(&true) {
        add("enabled", vec!["false".into()], "--no-retry".to_owned());
    }
    if let Some(time) = last(matches, FOR) {
        add("deadline", vec![time.clone()], format!("--for {}", time.display()));
    }
    if problems.is_empty() { Ok(layer) } else { Err(Error::problems(problems)) }
}

/// Could any word of the line be this option? Words of the command's own count as well, at no harm.
fn is_mentioned(setting: &Setting, typed: &[OsString]) -> bool {
    typed.iter().any(|word| {
        let word = word.as_bytes();
        match word.strip_prefix(b"--") {
            Some(long) => {
                let name = long.split(|byte| *byte == b'=').next().unwrap_or(long);
                name == setting.key.as_bytes() || setting.alias.is_some_and(|alias| name == alias.as_bytes())
            }
            None => {
                word.first() == Some(&b'-')
                    && setting.short.is_some_and(|short| word.contains(&(short as u8)))
            }
        }
    })
}

/// What is wrong with a command line, in our words.
fn usage_error(verb: Verb, error: &clap::Error, typed: &[OsString]) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let problem = match error.kind() {
        ErrorKind::UnknownArgument => {
            if let Some(problem) = negative(argument, typed) {
                return Error::problems(vec![problem]);
            }
            if let Some(answer) = habits::answer(argument, typed) {
                return Error::problems(vec![answer]);
            }
            let command = command(verb);
            let longs = command.get_arguments().filter_map(Arg::get_long);
            let hint = nearest(argument.trim_start_matches('-'), longs).map_or_else(
                || {
                    "retry --help lists the options; use -- before a command that begins with a dash"
                        .to_owned()
                },
                |near| format!("did you mean --{near}?"),
            );
            Problem::new(format!("unknown option {argument}")).hint(hint)
        }
        ErrorKind::InvalidValue | ErrorKind::TooFewValues | ErrorKind::NoEquals => {
            let flag = argument.split(' ').next().unwrap_or_default();
            Problem::new(format!("{argument}: the value is missing"))
                .hint(format!("retry --help shows what {flag} takes"))
        }
        ErrorKind::TooManyValues if argument.starts_with("--verbose") => {
            Problem::new("--verbose takes no value").hint("for more messages use -v, for every step -vv")
        }
        ErrorKind::TooManyValues => {
            let flag = argument.trim_end_matches('.');
            Problem::new(format!("{flag} takes no value")).hint("retry --help lists the options")
        }
        _ => {
            let rendered = error.render().to_string();
            let line = rendered.lines().next().unwrap_or_default();
            Problem::new(line.trim_start_matches("error: ").to_owned()).hint("retry --help lists the options")
        }
    };
    Error::problems(vec![problem])
}

/// `--timeout -1s`: no option, but a value of the one before it.
fn negative(argument: &str, typed: &[OsString]) -> Option<Problem> {
    argument.strip_prefix('-')?.parse::<u8>().ok()?;
    let at = typed.iter().position(|word| word.as_bytes().starts_with(argument.as_bytes()))?;
    let option = typed.get(at.checked_sub(1)?)?.to_str().filter(|word| word.starts_with('-'))?;
    let problem = Problem::new(format!("{option} {}: the value is negative", typed[at].display()));
    Some(problem.hint("use 0 or more; use -- before a command that begins with a dash"))
}

#[cfg(test)]
mod tests;
