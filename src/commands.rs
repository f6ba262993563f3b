//! The verbs, one file each.

mod classify;
mod explain;
mod generate;
mod leases;
mod profiles;
mod replay;
mod report;
mod run;
mod simulate;
mod state;
mod wait;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::problem::{did_you_mean, nearest};
use crate::classify::profile::{Knowledge, Profile, Selection};
use crate::cli::{self, Invocation, Row, Verb};
use crate::policy::layer::{Layer, Origin};
use crate::policy::settings::{SETTINGS, find};
use crate::policy::value::Key;
use crate::policy::{Host, Policy, Request, Resolved, builtin, resolve, user_profiles};
use crate::sys::config::Config;
use crate::sys::environment::{self, Outer};
use crate::sys::output;
use crate::sys::store::StoreLocation;

/// Carries out a command line.
pub(crate) fn dispatch(invocation: &Invocation) -> Result<Exit, Error> {
    match invocation.verb {
        Verb::Run | Verb::Until => run::run(invocation),
        Verb::Wait => wait::wait(invocation),
        Verb::Explain => explain::explain(invocation),
        Verb::Classify => classify::classify(invocation),
        Verb::Profiles => profiles::profiles(invocation),
        Verb::State => state::state(invocation),
        Verb::Replay => replay::replay(invocation),
        Verb::Report => report::report(invocation),
        Verb::Simulate => simulate::simulate(invocation),
        Verb::Generate => generate::generate(invocation),
    }
}

/// The request from all sources, its resolution, and warnings.
struct Setup {
    request: Request,
    resolved: Resolved,
    warnings: Vec<String>,
    /// The command is a shell string that contains more than one command.
    several: bool,
}

/// Gathers the layers and resolves them.
fn ask(invocation: &Invocation, outer: &Outer) -> Result<Setup, Error> {
    let (request, warnings) = gather(invocation, outer)?;
    let starts = matches!(invocation.verb, Verb::Run | Verb::Until);
    let words = invocation.command();
    setup(request, warnings, |policy| about_words(words, policy.shell.is_some()), starts, words.first())
}

/// Resolves the gathered layers. `about`: the words that identify the command's tool; `starts`: the command is going to be
/// run; `line`: the command's first word.
fn setup(
    mut request: Request,
    mut warnings: Vec<String>,
    about: impl Fn(&Policy) -> Vec<OsString>,
    starts: bool,
    line: Option<&OsString>,
) -> Result<Setup, Error> {
    let mut resolved = resolve(&request).map_err(Error::problems)?;
    let is_auto = resolved.policy.key == Some(Key::Auto);
    let words = if is_auto { about(&resolved.policy) } else { Vec::new() };
    if !words.is_empty() {
        let trouble = std::cell::RefCell::new(None);
        let host = knowledge(&request, &resolved, &words).host(&words, &|credentials| {
            who_asks(&resolved.policy, starts, credentials).unwrap_or_else(|why| {
                *trouble.borrow_mut() = Some(why);
                "unknown".to_owned()
            })
        });
        warnings.extend(
            trouble.into_inner().map(|why| format!("cannot derive a name from the credentials: {why}")),
        );
        if host.is_none() {
            warnings.push(
                "no host was found in the command's arguments (--key auto): nothing is shared".to_owned(),
            );
        }
        request.host = host.map_or(Host::Unknown, Host::Named);
        resolved = resolve(&request).map_err(Error::problems)?;
    }
    let line = line.filter(|_| resolved.policy.shell.is_some());
    let several = line.is_some_and(|line| has_several(line));
    Ok(Setup { request, resolved, warnings, several })
}

/// A name for the credentials in a command's arguments, the same for all users of the shared state. The key for it is only
/// created by runs.
fn who_asks(policy: &Policy, make: bool, credentials: &[u8]) -> Result<String, String> {
    let place = StoreLocation::new(policy.state.as_ref());
    let place = place.map_err(|_| "there is no directory for the shared state".to_owned())?;
    let secret = place.open().and_then(|mut store| store.secret(make)).map_err(|failure| failure.0)?;
    Ok(secret.map_or("new".to_owned(), |secret| crate::store::name_of(&secret, credentials)))
}

/// The layers and the warnings.
fn gather(invocation: &Invocation, outer: &Outer) -> Result<(Request, Vec<String>), Error> {
    let named_config = invocation.value("config").cloned().or_else(|| environment::get("RETRY_OPT_CONFIG"));
    let config = if invocation.is_set("no-config") {
        if let Some(file) = invocation.value("config") {
            let both = format!("--no-config and --config {} conflict", file.display());
            return Err(Error::usage(both).hint("drop one of them"));
        }
        Config::default()
    } else {
        Config::read(named_config.as_deref())?
    };
    let mut warnings = config.warnings;
    warnings.extend(unknown_variables());
    let request = Request {
        verb: (invocation.verb == Verb::Until).then_some(builtin::UNTIL),
        named: named_policy(invocation)?,
        files: config.files,
        env: env_layer()?,
        log: Layer::default(),
        letter: Layer::default(),
        flags: invocation.flags.clone(),
        for_letters: invocation.verb == Verb::Replay,
        outer_deadline: outer.time_left,
        host: Host::Unasked,
    };
    Ok((request, warnings))
}

/// The words that identify the tool of the invocation's command.
fn about(invocation: &Invocation, policy: &Policy) -> Vec<OsString> {
    about_words(invocation.command(), policy.shell.is_some())
}

/// The words that identify the command's tool: for a shell, those of its string.
fn about_words(words: &[OsString], in_shell: bool) -> Vec<OsString> {
    match words.first() {
        Some(line) if in_shell => words_of(line),
        _ => words.to_vec(),
    }
}

fn knowledge(request: &Request, resolved: &Resolved, argv: &[OsString]) -> Knowledge {
    let users = user_profiles(&request.files);
    let selection = Selection::choose(&resolved.policy.profile.0, argv, &users);
    Knowledge::new(selection, users)
}

impl Setup {
    /// The profiles of this command.
    fn knowledge(&self, argv: &[OsString]) -> Knowledge {
        knowledge(&self.request, &self.resolved, argv).among_others(self.several)
    }

    /// Prints the warnings on stderr.
    fn warn(&self) {
        for warning in self.warnings.iter().chain(&self.rule_warnings()) {
            warn(warning);
        }
    }

    /// Warnings about rules of the user's profiles that do not match their own examples.
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

/// The words of the first command of a shell string, without any expansion.
fn words_of(line: &OsStr) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = line.as_bytes().iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (None | Some(b'"'), b'\\') => word.get_or_insert_default().extend(bytes.next()),
            (None, b';' | b'|' | b'&' | b'<' | b'>' | b'\n' | b'(' | b')')
                if word.is_some() || !words.is_empty() =>
            {
                break;
            }
            (None, byte) if byte.is_ascii_whitespace() => words.extend(word.take()),
            (_, byte) => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words.into_iter().map(OsString::from_vec).collect()
}

/// Whether a shell string appears to contain more than one command. A guess: the string is not parsed.
fn has_several(line: &OsStr) -> bool {
    let bytes = line.as_bytes().trim_ascii().trim_ascii_end();
    let mut quote = None;
    let mut previous = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1);
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            // A command substitution is possible within double quotes.
            (None | Some(b'"'), b'$') if next == Some(&b'(') => return true,
            (None, b'"' | b'\'') => quote = Some(byte),
            // The `&` of `2>&1` and `&>` does not end a command.
            (None, b'&') if previous == b'>' || next == Some(&b'>') => {}
            (None | Some(b'"'), b'`') | (None, b';' | b'|' | b'&' | b'\n' | b'(' | b'{') => return true,
            _ => {}
        }
        previous = byte;
    }
    false
}

/// The policy that a flag or the environment names.
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

/// A warning for each unknown `RETRY_OPT_…`.
fn unknown_variables() -> Vec<String> {
    const PREFIX: &str = "RETRY_OPT_";
    let known = || cli::RUN.rows().into_iter().filter_map(Row::env);
    let unknown = environment::names(PREFIX).into_iter().filter(|name| !known().any(|known| known == name));
    let told = unknown.map(|name| {
        let key = name.trim_start_matches(PREFIX).to_lowercase().replace('_', "-");
        let by_alias = find(&key).and_then(|setting| SETTINGS[setting].env);
        match (by_alias.or_else(|| nearest(&name, known())), find(&key)) {
            (Some(near), _) if by_alias.is_some() || find(&key).is_none() => {
                format!("unknown variable {name} ignored; did you mean {near}?")
            }
            (_, Some(_)) => {
                format!("{name} ignored: this setting has no variable; use --{key} or a config file")
            }
            _ => format!("unknown variable {name} ignored; retry --help lists the variables"),
        }
    });
    let no_word = || format!("{} ignored: use 1 or 0", environment::DISABLE);
    told.chain(environment::is_disabled().is_none().then(no_word)).collect()
}

fn utf8(text: OsString) -> Result<String, Error> {
    text.into_string().map_err(|text| Error::usage(format!("'{}' is not UTF-8", text.display())))
}

/// The value of a `--format`, one of `known`.
fn format<'a>(invocation: &Invocation, known: &[&'a str]) -> Result<&'a str, Error> {
    let Some(asked) = invocation.value("format") else { return Ok(known[0]) };
    known.iter().find(|format| asked == **format).copied().ok_or_else(|| {
        let near = asked.to_str().map(|asked| did_you_mean(asked, known)).unwrap_or_default();
        Error::usage(format!("invalid --format '{}'{near} ({})", asked.display(), known.join(", ")))
    })
}

/// Prints the output of a verb, made safe for a terminal.
pub(crate) fn print(text: &str) -> Result<Exit, Error> {
    printed(output::to_stdout(text))
}

/// Prints bytes as they are.
fn print_bytes(bytes: &[u8]) -> Result<Exit, Error> {
    printed(output::bytes_to_stdout(bytes))
}

/// Prints the output of a verb for programs, on several lines or one.
fn print_json(answer: &serde_json::Value, pretty: bool) -> Result<Exit, Error> {
    let text = if pretty { format!("{answer:#}\n") } else { format!("{answer}\n") };
    printed(output::to_stdout_exactly(&output::printable_json(&text)))
}

/// Prints a generated file.
fn print_exactly(text: &str) -> Result<Exit, Error> {
    printed(output::to_stdout_exactly(text))
}

fn printed(written: std::io::Result<()>) -> Result<Exit, Error> {
    match written {
        Ok(()) => Ok(Exit::Status(0)),
        // A reader that closed the pipe has read enough.
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Status(0)),
        Err(why) => Err(Error::system("cannot write to stdout", &why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shells_string_may_have_several_commands() {
        for line in
            ["a && b", "a; b", "a | b", "a & b", "a\nb", "a $(b)", "a \"$(b)\"", "a `b`", "(a)", "a <(b)"]
        {
            assert!(has_several(OsStr::new(line)), "{line}");
        }
        for line in
            ["a", "a 'b; c'", "a \"b | c\"", "a 2>&1", "a &>f", "a >f 2>g", "A=1 a -d '{\"x\": 1}' $b", "a\n"]
        {
            assert!(!has_several(OsStr::new(line)), "{line}");
        }
    }

    #[test]
    fn the_words_of_a_shells_string_are_those_of_its_first_command() {
        for (line, expected) in [
            ("", &[][..]),
            ("curl -f x", &["curl", "-f", "x"]),
            ("  curl\t-f  ", &["curl", "-f"]),
            ("curl;true", &["curl"]),
            ("curl|cat", &["curl"]),
            ("curl&", &["curl"]),
            ("curl -s x>f", &["curl", "-s", "x"]),
            ("curl x && git pull", &["curl", "x"]),
            ("A='b c' curl x", &["A=b c", "curl", "x"]),
            ("'curl' \"a b\" c\\ d \"e\\\"f\" ''", &["curl", "a b", "c d", "e\"f", ""]),
            ("\ncurl\ntrue", &["curl"]),
            ("it's", &["its"]),
        ] {
            assert_eq!(words_of(OsStr::new(line)), expected, "{line}");
        }
    }
}
