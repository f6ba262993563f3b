//! The command line of each verb, with the texts around its options.

use std::cell::LazyCell;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::options::{
    argument, file, for_flag, held_flag, help_flag, optional, profile_source_flags, retry_flags, settings,
    shell_flag, source_flags, switch, valued, valued_positional, wrapped_command,
};
use super::{VERBS, Verb};
use crate::policy::settings::{Group, SETTINGS, Setting};
use crate::policy::{Policy, builtin};

/// The command line of a verb.
pub(super) fn command(verb: Verb) -> Command {
    command_with(verb, |_| true)
}

/// The command line of a verb, with these of the settings.
pub(super) fn command_with(verb: Verb, wanted: impl Fn(&Setting) -> bool) -> Command {
    let defaults = LazyCell::new(|| {
        let mut defaults = Policy::default();
        if verb == Verb::Until {
            builtin::apply(builtin::UNTIL, &mut defaults);
        }
        defaults
    });
    let settings = |groups: &'static [Group]| {
        settings(groups)
            .filter(|setting| wanted(setting))
            .flat_map(|setting| spellings(verb, argument(setting, &defaults)))
    };
    let base = Command::new("retry")
        .max_term_width(100)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .disable_help_flag(true)
        .args_override_self(true);
    let command = match verb {
        Verb::Run => base
            .version(concat!(env!("CARGO_PKG_VERSION"), " (retry-command)"))
            .about("Run a command again until it works")
            .override_usage("retry [OPTIONS] [--] COMMAND [ARG]...\n       retry until|wait|explain|classify|profiles|state|report … (--help says more)")
            .after_help(AFTER_SHORT)
            .after_long_help(AFTER_LONG)
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
            .arg(wrapped_command())
            .arg(switch("version", "Print the version").short('V').action(ArgAction::Version).help_heading(OTHER)),
        Verb::Until => base
            .about("Run a command until it works: any failure is tried again, every second, for five minutes")
            .override_usage("retry until [OPTIONS] [--] COMMAND [ARG]...")
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
            .arg(wrapped_command()),
        Verb::Wait => base
            .about("Wait as long as the policy would before retry N; exit 1 at once when no attempt is left")
            .override_usage("retry wait N [OPTIONS]")
            .after_help(AFTER_WAIT)
            .arg(valued_positional("n", "N", "The number of the retry, from 1"))
            .args(settings(&[Group::Schedule]))
            .args(settings(&[Group::Surroundings]).filter(|arg| ["quiet", "verbose"].contains(&arg.get_id().as_str())))
            .args(retry_flags())
            .args(source_flags()),
        Verb::Explain => base
            .about("Show the resolved policy: what is not default, where it came from, and the waits it makes")
            .override_usage("retry explain [OPTIONS] [--] [COMMAND]...")
            .arg(valued("format", "FORMAT", "text, json, or delays: the mean waits in seconds on one line"))
            .arg(switch("full", "Show every setting, also those that have their default values"))
            .arg(switch("all", "List every policy, and the file it is from"))
            .args(settings(&Group::ALL))
            .args(retry_flags())
            .args(source_flags())
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
            .args(shell_flag())
            .args(source_flags())
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
        Verb::Report => report(base).args(settings(&[Group::Judging])).args(source_flags()),
        Verb::Generate => base
            .about("Print the man page, a shell's completions, a JSON Schema, or an example configuration")
            .override_usage("retry generate man|bash|zsh|fish|powershell|elvish|schema|log-schema|report-schema|config")
            .arg(valued_positional("what", "WHAT", "What to print")),
    };
    command.arg(help_flag())
}

/// The command line of `report`.
fn report(base: Command) -> Command {
    base
            .about("Show what logs say: what was rescued, what it cost, whether retrying helped, what other settings would do")
            .override_usage("retry report [OPTIONS] [LOG]...")
            .after_help(AFTER_REPORT)
            .arg(valued("format", "FORMAT", "text, json, markdown, html, junit, prometheus or trace (for ui.perfetto.dev)"))
            .arg(file("output", "Write to FILE instead of stdout, as a whole or not at all").short('o'))
            .arg(valued("top", "N", "Rows of a table [default: 10]"))
            .arg(valued("since", "TIME", "Only runs that ended at or after TIME: RFC 3339, a date, today, yesterday (UTC), or a duration back from now"))
            .arg(valued("until", "TIME", "Only runs that ended before TIME"))
            .arg(valued(report_ids::NAME, "GLOB", "Only runs of this name; repeatable: any of them").long("name"))
            .arg(valued(report_ids::KEY, "GLOB", "Only runs with this key; repeatable").long("key"))
            .arg(valued(report_ids::LABEL, "K=GLOB", "Only runs with this label; repeatable").long("label"))
            .arg(valued("host", "GLOB", "Only runs on this host; repeatable"))
            .arg(valued("outcome", "OUTCOME", "Only runs that ended so: succeeded, exhausted, permanent, deadline, stalled, throttled, refused, interrupted or error; repeatable"))
            .arg(valued("what-if", "SETTINGS", "What other settings would have changed, such as max=3,timeout=30s,deadline=5m"))
            .arg(valued("run", "ID", "Tell of one run: last, or the begin of its id; with another format, only that run"))
            .arg(valued("max-rescued", "N|N%", "Exit 1 if more runs than this were rescued: a number, or a share of all runs"))
            .arg(valued("max-failed", "N|N%", "Exit 1 if more runs than this failed"))
            .arg(optional("draft-rules", "FILE", "-", "Only print rules for what no rule knows, as TOML; with =FILE, add those that are usable to this configuration").value_hint(clap::ValueHint::FilePath))
            .arg(switch("rejudge", "Judge each failed attempt by the rules of now, and show which verdicts change"))
            .arg(file("checkpoint", "With --format prometheus, go on from where the last report stopped, as noted in FILE, and note it anew; LOG may be rotated meanwhile"))
            .arg(valued("junit-flaky", "AS", "With --format junit, count rescued runs as success or failure [default: success]"))
            .arg(valued(report_ids::COLOR, "WHEN", "When the text is coloured: auto, always or never [default: auto]").long("color"))
            .arg(switch("rotated", "For each LOG, also read LOG.1, LOG.2.gz, LOG-20261101.gz and so on"))
            .arg(valued_positional(report_ids::LOG, "LOG", "Logs, plain or gzip; - or none is stdin").value_hint(clap::ValueHint::FilePath).num_args(0..).action(ArgAction::Append))
}

/// A setting's option, and the other one that says the same. The last one wins, whichever its name.
fn spellings(verb: Verb, option: Arg) -> Vec<Arg> {
    let other = match option.get_id().as_str() {
        "stdout" => held_flag(),
        "deadline" if verb == Verb::Until => for_flag(),
        _ => return vec![option],
    };
    let other = other.overrides_with(option.get_id());
    vec![option.overrides_with(other.get_id()), other]
}

/// The whole program with its verbs, for the man page and the completions.
pub fn documented() -> Command {
    let visible = VERBS.iter().filter(|(_, verb)| *verb != Verb::Generate);
    let verbs = visible.map(|(word, verb)| command(*verb).name(*word).display_name(format!("retry-{word}")));
    command(Verb::Run).override_usage("retry [OPTIONS] [--] COMMAND [ARG]...").subcommands(verbs)
}

/// The same with the words that values may be, for completions.
pub fn completed() -> Command {
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

pub(super) const OTHER: &str = "General";

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

Subcommands (must be the first argument; use -- to run a command of the same name):
  retry until COMMAND     readiness: any failure is tried again, for five minutes
  retry wait N            the wait before retry N, for loops in scripts
  retry explain           the resolved policy: each value, where it came from, the waits
  retry classify          what a result would be judged as, and by which rule
  retry profiles [NAME]   what is known of tools
  retry state list        what is shared by key; show, check, close, wait and reset take a KEY
  retry report LOG        what logs say: rescued runs, lost time, whether retrying helped

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
pub const CLOSE_FOR: &str = "close-for";

const AFTER_REPORT: &str = "\
Exit status: 0; 1 when --max-rescued or --max-failed is exceeded; 125 when a file cannot be read or holds no log.

Example: retry report --rotated --since 7d --name 'nightly-*' /var/log/retry.jsonl";

/// The ids of the options of `report` whose names are those of settings elsewhere.
pub mod report_ids {
    pub const NAME: &str = "of-name";
    pub const KEY: &str = "of-key";
    pub const LABEL: &str = "of-label";
    pub const LOG: &str = "logs";
    pub const COLOR: &str = "of-color";
}
