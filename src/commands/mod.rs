//! What can be typed, one file a verb.

mod classify;
mod explain;
mod generate;
mod profiles;
mod run;
mod state;
mod wait;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::classify::profile::{Knowledge, Profile, Selection};
use crate::cli::{Invocation, Verb};
use crate::error::Error;
use crate::exit_code::Exit;
use crate::policy::layer::{Layer, Origin};
use crate::policy::settings::SETTINGS;
use crate::policy::value::Key;
use crate::policy::{Host, Request, Resolved, builtin, resolve, user_profiles};
use crate::sys::config::Config;
use crate::sys::environment::{self, Outer};
use crate::sys::output;

/// Does what was typed.
pub(crate) fn dispatch(invocation: &Invocation) -> Result<Exit, Error> {
    match invocation.verb {
        Verb::Run | Verb::Until => run::run(invocation),
        Verb::Wait => wait::wait(invocation),
        Verb::Explain => explain::explain(invocation),
        Verb::Classify => classify::classify(invocation),
        Verb::Profiles => profiles::profiles(invocation),
        Verb::State => state::state(invocation),
        Verb::Generate => generate::generate(invocation),
    }
}

/// Everything that was asked, from everywhere, and what to warn of.
struct Asked {
    request: Request,
    resolved: Resolved,
    warnings: Vec<String>,
}

/// Gathers the layers and resolves them.
fn ask(invocation: &Invocation, outer: &Outer) -> Result<Asked, Error> {
    let (mut request, mut warnings) = gather(invocation, outer)?;
    let mut resolved = resolve(&request).map_err(Error::problems)?;
    let words = about(invocation);
    if resolved.policy.key == Some(Key::Auto) && !words.is_empty() {
        let host = knowledge(&request, &resolved, &words).host(&words);
        if host.is_none() {
            warnings.push(
                "no host was found in the command's arguments (--key auto): nothing is shared".to_owned(),
            );
        }
        request.host = host.map_or(Host::Unknown, Host::Named);
        resolved = resolve(&request).map_err(Error::problems)?;
    }
    Ok(Asked { request, resolved, warnings })
}

/// The layers, and what to warn of.
fn gather(invocation: &Invocation, outer: &Outer) -> Result<(Request, Vec<String>), Error> {
    let named_config = invocation.value("config").cloned().or_else(|| environment::get("RETRY_OPT_CONFIG"));
    let config = if invocation.is_set("no-config") {
        if let Some(file) = invocation.value("config") {
            let both = format!("--no-config and --config {} contradict each other", file.display());
            return Err(Error::usage(both).hint("leave one of them out"));
        }
        Config::default()
    } else {
        Config::read(named_config.as_deref())?
    };
    let request = Request {
        verb: (invocation.verb == Verb::Until).then_some(builtin::UNTIL),
        named: named_policy(invocation)?,
        files: config.files,
        env: env_layer()?,
        flags: invocation.flags.clone(),
        outer_deadline: outer.time_left,
        host: Host::Unasked,
    };
    Ok((request, config.warnings))
}

/// The words that say which tool the command is. In a shell they are those of its string.
fn about(invocation: &Invocation) -> Vec<OsString> {
    let words = invocation.command();
    match words.first() {
        Some(line) if invocation.value("shell").is_some() => words_of(line),
        _ => words,
    }
}

fn knowledge(request: &Request, resolved: &Resolved, argv: &[OsString]) -> Knowledge {
    let users = user_profiles(&request.files);
    let selection = Selection::choose(&resolved.policy.profile.0, argv, &users);
    Knowledge::new(selection, users)
}

impl Asked {
    /// What is known of this command.
    fn knowledge(&self, argv: &[OsString]) -> Knowledge {
        knowledge(&self.request, &self.resolved, argv)
    }

    /// Says on stderr what to warn of.
    fn warn(&self) {
        for warning in self.warnings.iter().chain(&self.rule_warnings()) {
            warn(warning);
        }
    }

    /// What to warn of besides: rules of the user's profiles that do not match their own examples.
    fn rule_warnings(&self) -> Vec<String> {
        user_profiles(&self.request.files).iter().flat_map(|profile| wrong_examples(profile)).collect()
    }
}

fn warn(warning: &str) {
    output::to_stderr(&format!("retry: warning: {}\n", output::printable(warning)));
}

fn wrong_examples(profile: &Profile) -> Vec<String> {
    let told = profile.wrong_examples().into_iter().map(|rule| {
        let place = rule.place.as_ref().map(|place| {
            let (line, column) = place.line_and_column();
            format!("{}:{line}:{column}: ", place.source.path)
        });
        let place = place.unwrap_or_default();
        format!("{place}rule '{}' of profile '{}' does not match its own example", rule.id, profile.name)
    });
    told.collect()
}

/// The words of a command that is one string for a shell.
fn words_of(line: &OsStr) -> Vec<OsString> {
    let words = line.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.map(|word| OsStr::from_bytes(unquoted(word)).to_owned()).collect()
}

/// A word without the quotes around it. What stands inside of quotes may be several words of ours: they are only
/// looked at.
fn unquoted(word: &[u8]) -> &[u8] {
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
    let word = if word.first().is_some_and(is_quote) { &word[1..] } else { word };
    if word.last().is_some_and(is_quote) { &word[..word.len() - 1] } else { word }
}

/// The policy that was named, by a flag or by the environment.
fn named_policy(invocation: &Invocation) -> Result<Option<(String, Origin)>, Error> {
    const VARIABLE: &str = "RETRY_OPT_POLICY";
    let flag = invocation.value("policy").map(|name| (name.clone(), Origin::Flag));
    let named = flag.or_else(|| environment::get(VARIABLE).map(|name| (name, Origin::Env(VARIABLE))));
    named.map(|(name, origin)| utf8(name).map(|name| (name, origin))).transpose()
}

/// The settings in the environment.
fn env_layer() -> Result<Layer, Error> {
    let mut layer = Layer::default();
    let mut problems = Vec::new();
    for setting in SETTINGS {
        let Some(variable) = setting.env else { continue };
        let Some(value) = environment::get(variable) else { continue };
        let written = format!("{variable}={}", value.display());
        problems.extend(layer.add(setting.key, vec![value], Origin::Env(variable), written).err());
    }
    if problems.is_empty() { Ok(layer) } else { Err(Error::problems(problems)) }
}

fn utf8(text: OsString) -> Result<String, Error> {
    text.into_string().map_err(|text| Error::usage(format!("'{}' is not UTF-8", text.display())))
}

/// The value of a `--format`, one of `known`.
fn format<'a>(invocation: &Invocation, known: &[&'a str]) -> Result<&'a str, Error> {
    let Some(asked) = invocation.value("format") else { return Ok(known[0]) };
    known.iter().find(|format| asked == **format).copied().ok_or_else(|| {
        Error::usage(format!("--format {} is no format of this verb", asked.display()))
            .hint(format!("write --format {}", known.join(" or ")))
    })
}

/// Prints the answer of a verb.
pub(crate) fn print(text: &str) -> Result<Exit, Error> {
    match output::to_stdout(text) {
        Ok(()) => Ok(Exit::Status(0)),
        // Who closed the pipe has read enough.
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Status(0)),
        Err(why) => Err(Error::system("cannot write to stdout", &why)),
    }
}
