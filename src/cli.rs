//! Every flag and verb. Flags that are settings come from THE list (`policy/settings.rs`); the few that are not
//! stand here. Help, man page and completions are made of the same commands.

mod habits;
mod quick;

use std::cell::LazyCell;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use crate::error::Error;
use crate::policy::layer::{Layer, Origin, RETRIES};
use crate::policy::problem::{Problem, nearest};
use crate::policy::settings::{Group, SETTINGS, Setting};
use crate::policy::value::Form;
use crate::policy::{Policy, builtin};

/// What can be typed as the very first word, besides a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Run,
    Until,
    Wait,
    Explain,
    Classify,
    Profiles,
    State,
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
    ("generate", Verb::Generate),
];

/// What was typed, and nothing done about it yet.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) verb: Verb,
    words: Words,
    /// The settings among the flags.
    pub(crate) flags: Layer,
}

/// Who has read the words.
#[derive(Debug)]
enum Words {
    Plain(quick::Plain),
    Parsed(ArgMatches),
}

/// What the command line comes to.
#[derive(Debug)]
pub(crate) enum Parsed {
    Invocation(Box<Invocation>),
    /// Help or the version: to stdout.
    Text(String),
}

/// Reads a command line, the program's own name first.
pub(crate) fn parse(args: &[OsString]) -> Result<Parsed, Error> {
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
    pub(crate) fn command(&self) -> Vec<OsString> {
        match &self.words {
            Words::Plain(plain) => plain.command().to_vec(),
            Words::Parsed(_) => self.values("command"),
        }
    }

    /// The words at a place that a run does not have, in their order. A place that this verb does not have is empty.
    pub(crate) fn values(&self, id: &str) -> Vec<OsString> {
        match &self.words {
            Words::Plain(_) => Vec::new(),
            Words::Parsed(matches) => {
                matches.try_get_many(id).ok().flatten().into_iter().flatten().cloned().collect()
            }
        }
    }

    /// The value of an option that is no setting, the last one. An option that this verb does not have was not given.
    pub(crate) fn value(&self, id: &str) -> Option<&OsString> {
        match &self.words {
            Words::Plain(plain) => plain.value(id),
            Words::Parsed(matches) => last(matches, id),
        }
    }

    pub(crate) fn is_set(&self, id: &str) -> bool {
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
    // The last one wins, whichever its name.
    let other_names = [("stdout", HELD), ("deadline", "for")];
    let place = |id| matches.try_contains_id(id).ok().and_then(|_| matches.indices_of(id)?.next_back());
    let beaten = |key: &&str| {
        let other = other_names.iter().find(|(name, _)| name == key);
        other.is_some_and(|(key, other)| place(other) > place(key))
    };
    for key in keys.filter(typed).filter(|key| !beaten(key)) {
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
    let last_of = |key: &'static str, other: &'static str| {
        let mut texts = matches.try_get_many::<OsString>(other).ok().flatten()?;
        (place(other) > place(key)).then(|| texts.next_back()).flatten()
    };
    if let Some(mode) = last_of("stdout", HELD) {
        let written = if mode == "success" { "-O".to_owned() } else { format!("-O={}", mode.display()) };
        add("stdout", vec![mode.clone()], written);
    }
    if matches.try_get_one::<bool>("no-retry").ok().flatten() == Some(&true) {
        add("enabled", vec!["false".into()], "--no-retry".to_owned());
    }
    if let Some(time) = last_of("deadline", "for") {
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

/// The command line of a verb.
pub(crate) fn command(verb: Verb) -> Command {
    command_with(verb, |_| true)
}

/// The command line of a verb, with these of the settings.
fn command_with(verb: Verb, wanted: impl Fn(&Setting) -> bool) -> Command {
    let defaults = LazyCell::new(|| {
        let mut defaults = Policy::default();
        if verb == Verb::Until {
            builtin::apply(builtin::UNTIL, &mut defaults);
        }
        defaults
    });
    let settings = |groups: &'static [Group]| {
        settings(groups).filter(|setting| wanted(setting)).flat_map(|setting| {
            let held = (setting.key == "stdout").then(held_flag);
            std::iter::once(argument(setting, &defaults)).chain(held)
        })
    };
    let base = Command::new("retry")
        .max_term_width(100)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .disable_help_flag(true)
        .args_override_self(true);
    let command = match verb {
        Verb::Run => base
            .version(env!("CARGO_PKG_VERSION"))
            .about("Run a command again until it works")
            .override_usage("retry [OPTIONS] [--] COMMAND [ARG]...\n       retry until|wait|explain|classify|profiles|state … (--help says more)")
            .after_help(AFTER_SHORT)
            .after_long_help(AFTER_LONG)
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
            .arg(shell_flag())
            .arg(wrapped_command())
            .arg(switch("version", "Print the version").short('V').action(ArgAction::Version).help_heading(OTHER)),
        Verb::Until => base
            .about("Run a command until it works: any failure is tried again, every second, for five minutes")
            .override_usage("retry until [OPTIONS] [--] COMMAND [ARG]...")
            .arg(valued("for", "DURATION", "Time for the whole run; the same as --deadline [default: 5m]"))
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
            .arg(shell_flag())
            .arg(wrapped_command()),
        Verb::Wait => base
            .about("Wait as long as the policy would before retry N; exit 1 at once when no attempt is left")
            .override_usage("retry wait N [OPTIONS]")
            .after_help(AFTER_WAIT)
            .arg(valued_positional("n", "N", "The number of the retry, from 1"))
            .args(settings(&[Group::Schedule]))
            .args(retry_flags())
            .args(source_flags()),
        Verb::Explain => base
            .about("Show the resolved policy: each value, where it came from, and the waits it makes")
            .override_usage("retry explain [OPTIONS] [--] [COMMAND]...")
            .arg(valued("format", "FORMAT", "text, json, or delays: the mean waits in seconds on one line"))
            .arg(switch("all", "List every policy, and the file it is from"))
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
            .arg(shell_flag())
            .arg(wrapped_command()),
        Verb::Classify => base
            .about("Say what a result would be judged as, and by which rule")
            .override_usage("retry classify [OPTIONS] --exit CODE [--] [COMMAND]...")
            .arg(valued("exit", "CODE", "The command returned this status"))
            .arg(valued("killed-by", "SIGNAL", "The command died of this signal"))
            .arg(switch("timed-out", "The command was stopped because its time was over"))
            .arg(file("stderr-file", "What it wrote to stderr"))
            .arg(file("stdout-file", "What it wrote to stdout"))
            .arg(valued("now", "TIME", "When that was, RFC 3339; dates in the output are read against it [default: now]"))
            .arg(file("batch", "Judge many results: JSON lines with argv, exit_code or signal, stdout, stderr, now; - is stdin"))
            .arg(valued("format", "FORMAT", "text or json, an object a line"))
            .args(settings(&[Group::Judging]))
            .args(source_flags())
            .arg(shell_flag())
            .arg(wrapped_command()),
        Verb::Profiles => base
            .about("Show what is known of tools: every profile, or the rules of one in their order")
            .override_usage("retry profiles [OPTIONS] [NAME]")
            .arg(valued("format", "FORMAT", "text or json"))
            .args(profile_source_flags())
            .arg(valued_positional("name", "NAME", "The profile, or a command that it is for")),
        Verb::State => base
            .about("Show and change what is shared by key: who may start when")
            .override_usage("retry state [OPTIONS] list|show KEY|check KEY|close KEY --for DURATION|wait KEY|reset KEY")
            .after_help(AFTER_STATE)
            .arg(valued("format", "FORMAT", "text or json"))
            .arg(
                valued(CLOSE_FOR, "DURATION", "How long close closes the key, from now on; 0 opens it")
                    .long("for"),
            )
            // The key has a place of its own, and a store that cannot be reached is always an error.
            .args(settings(&[Group::Shared]).filter(|arg| !["key", "on-state-error"].contains(&arg.get_id().as_str())))
            .args(source_flags())
            .arg(valued_positional("action", "ACTION", "What to do: list, show, check, close, wait or reset"))
            .arg(valued_positional("of", "KEY", "What is shared").num_args(0..).action(ArgAction::Append)),
        Verb::Generate => base
            .about("Print the man page, a shell's completions, or a JSON Schema")
            .override_usage("retry generate man|bash|zsh|fish|powershell|elvish|schema|log-schema")
            .arg(valued_positional("what", "WHAT", "What to print")),
    };
    command.arg(help_flag())
}

/// The whole program with its verbs, for the man page and the completions.
pub(crate) fn documented() -> Command {
    let visible = VERBS.iter().filter(|(_, verb)| *verb != Verb::Generate);
    let verbs = visible.map(|(word, verb)| command(*verb).name(*word).display_name(format!("retry-{word}")));
    command(Verb::Run).override_usage("retry [OPTIONS] [--] COMMAND [ARG]...").subcommands(verbs)
}

/// The same with the words that values may be, for completions.
pub(crate) fn completed() -> Command {
    with_words(documented())
}

fn with_words(command: Command) -> Command {
    let words = |arg: Arg| {
        let setting = SETTINGS.iter().find(|setting| arg.get_id() == setting.key);
        match setting.map(|setting| (setting.words)()).filter(|words| !words.is_empty()) {
            Some(words) => arg.value_parser(PossibleValuesParser::new(words)),
            None => arg,
        }
    };
    command.mut_args(words).mut_subcommands(with_words)
}

const OTHER: &str = "Other";

const AFTER_SHORT: &str = "\
Exit status: the command's own; 75 refused by a shared limit, 124 timed out, 125 retry itself failed, 126 not executable, 127 not found.
--help shows every option.";

const AFTER_LONG: &str = "\
Durations are written 500ms, 1m 30s or 2h; a bare number is seconds.

Exit status:
  the command's own   it succeeded, or failed and was not tried again
  128+n               the command died of signal n
  75                  a shared limit refused it before any attempt
  124                 the last attempt was stopped for time
  125                 retry itself failed: usage, configuration, processes that could not be killed
  126, 127            the command could not be executed, was not found

Verbs, as the very first word (a command of that name is reached with --):
  retry until COMMAND     readiness: any failure is tried again, for five minutes
  retry wait N            the wait before retry N, for loops in scripts
  retry explain           the resolved policy: each value, where it came from, the waits
  retry classify          what a result would be judged as, and by which rule
  retry profiles [NAME]   what is known of tools
  retry state list        what is shared by key; show, check, close, wait and reset take a KEY

Environment: RETRY_OPT_MAX and its like set options (see the man page); RETRY_DISABLE=1 runs the command once,
as if retry were not there.";

const AFTER_WAIT: &str = "\
Example: n=0; until deploy; do retry wait $((n += 1)) --max 5 || exit; done";

const AFTER_STATE: &str = "\
Actions:
  list         every key that has a state, and what holds attempts back
  show KEY     one key in full; one without a state is open
  check KEY    exit 0 when an attempt would be admitted now, 75 when not; spends nothing
  close KEY    --for DURATION: nobody starts an attempt before that is over
  wait KEY     wait until an attempt would be admitted, for --gate-wait at most (then exit 75); spends nothing
  reset KEY    forget the state: the key is as good as new

What limits a key is what a run with the same options would heed: flags, [limits.\"KEY\"] and policies.
Example: retry state close api.example.com --for 5m";

/// The option of `state close` that is `--for`; elsewhere that is the deadline.
pub(crate) const CLOSE_FOR: &str = "close-for";

/// The settings of these groups that are flags of their own name.
fn settings(groups: &'static [Group]) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| groups.contains(&setting.group) && setting.is_flag())
}

fn argument(setting: &Setting, defaults: &Policy) -> Arg {
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
    match (setting.form, setting.value_name) {
        (Form::Switch, _) => arg.action(ArgAction::SetTrue),
        (_, "") => arg.action(ArgAction::Count),
        (_, name) => {
            let hint = if setting.key == "log" { ValueHint::FilePath } else { ValueHint::Other };
            arg.value_name(name)
                .action(ArgAction::Append)
                .value_parser(ValueParser::os_string())
                .value_hint(hint)
                .allow_negative_numbers(true)
        }
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
fn retry_flags() -> [Arg; 2] {
    [
        valued(RETRIES, "N", "The same as --max N+1")
            .help_heading(Group::Schedule.heading())
            .hide_short_help(true),
        switch("no-retry", "One attempt, all else as usual")
            .help_heading(Group::Schedule.heading())
            .hide_short_help(true),
    ]
}

/// The options that say where settings come from.
fn source_flags() -> [Arg; 3] {
    [
        valued("policy", "NAME", "Take the settings of this policy")
            .long_help("Take the settings of this policy [env: RETRY_OPT_POLICY]")
            .help_heading(Group::Surroundings.heading()),
        valued("config", "FILE", "Read this configuration, too")
            .long_help("Read this configuration, too [env: RETRY_OPT_CONFIG]")
            .help_heading(Group::Surroundings.heading())
            .value_hint(ValueHint::FilePath)
            .hide_short_help(true),
        switch("no-config", "Read no configuration file")
            .help_heading(Group::Surroundings.heading())
            .hide_short_help(true),
    ]
}

/// Where profiles come from.
fn profile_source_flags() -> [Arg; 2] {
    let [_, config, no_config] = source_flags();
    [config, no_config]
}

fn file(id: &'static str, help: &'static str) -> Arg {
    valued(id, "FILE", help).value_hint(ValueHint::FilePath)
}

fn shell_flag() -> Arg {
    valued(
        "shell",
        "SHELL",
        "COMMAND is one string for sh -c, or for another shell; further words are $1, $2, …",
    )
    .short('c')
    .help_heading(Group::Surroundings.heading())
    .num_args(0..=1)
    .require_equals(true)
    .default_missing_value("sh")
    .action(ArgAction::Set)
}

/// The option that is `--stdout success` in one letter.
const HELD: &str = "stdout-success";

/// Its value only follows a `=`, so that it can stand before a command.
fn held_flag() -> Arg {
    Arg::new(HELD)
        .short('O')
        .value_name("MODE")
        .help("Only the successful attempt's stdout: the same as --stdout success")
        .help_heading(Group::Surroundings.heading())
        .hide_short_help(true)
        .value_parser(ValueParser::os_string())
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("success")
        .action(ArgAction::Set)
}

fn help_flag() -> Arg {
    switch("help", "Print help: -h the most needed, --help all")
        .short('h')
        .action(ArgAction::Help)
        .help_heading(OTHER)
}

/// The rest of the line: from the command's name on, nothing is an option of ours.
fn wrapped_command() -> Arg {
    Arg::new("command")
        .value_name("COMMAND")
        .value_parser(ValueParser::os_string())
        .num_args(0..)
        .trailing_var_arg(true)
        .value_hint(ValueHint::CommandWithArguments)
        .hide(true)
}

fn valued(id: &'static str, value_name: &'static str, help: &'static str) -> Arg {
    Arg::new(id)
        .long(id)
        .value_name(value_name)
        .value_parser(ValueParser::os_string())
        .action(ArgAction::Append)
        .allow_negative_numbers(true)
        .help(help)
        .long_help(help)
}

fn valued_positional(id: &'static str, value_name: &'static str, help: &'static str) -> Arg {
    Arg::new(id)
        .value_name(value_name)
        .value_parser(ValueParser::os_string())
        .allow_negative_numbers(true)
        .help(help)
}

fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help).long_help(help)
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
                    "retry --help lists the options; write -- before a command that begins with a dash"
                        .to_owned()
                },
                |near| format!("did you mean --{near}?"),
            );
            Problem::new(format!("there is no option {argument}")).hint(hint)
        }
        ErrorKind::InvalidValue | ErrorKind::TooFewValues | ErrorKind::NoEquals => {
            let flag = argument.split(' ').next().unwrap_or_default();
            Problem::new(format!("{argument}: the value is missing"))
                .hint(format!("retry --help says what {flag} takes"))
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
    Some(problem.hint("write 0 or more; write -- before a command that begins with a dash"))
}

#[cfg(test)]
#[path = "cli/tests.rs"]
mod tests;
