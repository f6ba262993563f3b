//! The command line of each verb: its options, its operands, and the texts around them.

mod replay;
mod report;
mod texts;

use std::ffi::{OsStr, OsString};

use self::texts::{AFTER_LONG, AFTER_SHORT, AFTER_STATE, AFTER_WAIT};
use super::Verb;
use super::rows::{
    Arity, CONFIG, FOR, Flag, HELP, NO_CONFIG, NO_RETRY, ONLY_SUCCESS, POLICY, RETRIES_FLAG, Row, SHELL,
    VERSION,
};
use super::simulate_rows::{AFTER_SIMULATE, SIMULATE_FLAG, SIMULATE_FLAGS};
use crate::policy::settings::{Group, SETTINGS, Setting, find};
use crate::policy::{Policy, builtin};

/// A verb's command line.
pub struct Line {
    pub verb: Verb,
    /// The verb as it is typed; empty for a run.
    pub word: &'static str,
    pub about: &'static str,
    pub usage: &'static str,
    /// The text below the options in `-h`, and in `--help` unless that has its own.
    pub after: &'static str,
    pub after_long: &'static str,
    /// Options that help lists before the settings.
    first: &'static [&'static Flag],
    /// The settings that are options of this verb.
    has: fn(&Setting) -> bool,
    /// Options that help lists after the settings, or next to the setting that they are another spelling of.
    then: &'static [&'static Flag],
    pub operands: Operands,
}

/// The words of a command line that are not options.
#[derive(Clone, Copy, Debug)]
pub enum Operands {
    /// A command with its arguments: nothing from its name on is an option of ours.
    Command,
    /// Words between the options.
    Named(&'static [Operand]),
}

/// An operand.
#[derive(Debug)]
pub struct Operand {
    pub name: &'static str,
    pub help: &'static str,
    /// Whether any number of words is accepted, rather than at most one.
    pub is_repeated: bool,
}

const fn operand(name: &'static str, help: &'static str) -> Operand {
    Operand { name, help, is_repeated: false }
}

impl Line {
    /// Every option, in the order of help.
    pub fn rows(&self) -> Vec<Row> {
        let beside = |setting: &'static Setting| {
            let others = self.then.iter().filter(|flag| Row::Flag(flag).spells(setting.key));
            std::iter::once(Row::Setting(setting)).chain(others.map(|flag| Row::Flag(flag)))
        };
        let settings = SETTINGS.iter().filter(|setting| self.has_setting(setting));
        let alone =
            |flag: &&&'static Flag| !SETTINGS.iter().any(|setting| Row::Flag(flag).spells(setting.key));
        let first = self.first.iter().map(|flag| Row::Flag(flag));
        let then = self.then.iter().filter(alone).map(|flag| Row::Flag(flag));
        first.chain(settings.flat_map(beside)).chain(then).chain([Row::Flag(&HELP)]).collect()
    }

    /// The option of this name, given without dashes.
    pub fn long(&self, name: &str) -> Option<Row> {
        let setting = find(name).map(|index| &SETTINGS[index]).filter(|setting| self.has_setting(setting));
        let flag = || self.flags().find(|flag| flag.long == Some(name)).map(Row::Flag);
        setting.map(Row::Setting).or_else(flag)
    }

    /// The option of this letter. `-?` is help, as it is in many programs.
    pub(super) fn short(&self, letter: char) -> Option<Row> {
        let letter = if letter == '?' { 'h' } else { letter };
        let mut settings = SETTINGS.iter().filter(|setting| setting.short == Some(letter));
        let setting = settings.find(|setting| self.has_setting(setting));
        let flag = || self.flags().find(|flag| flag.short == Some(letter)).map(Row::Flag);
        setting.map(Row::Setting).or_else(flag)
    }

    fn flags(&self) -> impl Iterator<Item = &'static Flag> {
        self.first.iter().chain(self.then).copied().chain([&HELP])
    }

    /// Whether the setting is an option of this verb.
    fn has_setting(&self, setting: &Setting) -> bool {
        setting.is_flag() && (self.has)(setting)
    }

    /// The base policy of the verb.
    pub fn defaults(&self) -> Policy {
        let mut defaults = Policy::default();
        if self.verb == Verb::Until {
            builtin::apply(builtin::UNTIL, &mut defaults);
        }
        defaults
    }

    /// The program and the verb, as they are typed.
    pub(super) fn program(&self) -> String {
        if self.word.is_empty() { "retry".to_owned() } else { format!("retry {}", self.word) }
    }
}

/// The row for these words, which begin with the program's name, and the words after the verb.
pub(super) fn line_of(args: &[OsString]) -> (&'static Line, &[OsString]) {
    let [_, words @ ..] = args else { return (&RUN, &[]) };
    let [first, behind @ ..] = words else { return (&RUN, words) };
    let verb = VERBS.iter().find(|line| first == OsStr::new(line.word));
    verb.map_or((&RUN, words), |line| (line, behind))
}

/// The words of the verbs.
pub fn verb_words() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|line| line.word)
}

/// Every documented command line, that of a run first. Only packagers use `generate`.
pub fn documented_lines() -> impl Iterator<Item = &'static Line> {
    std::iter::once(&RUN).chain(VERBS.iter().filter(|line| line.verb != Verb::Generate))
}

/// Every command line.
pub(super) fn lines() -> impl Iterator<Item = &'static Line> {
    std::iter::once(&RUN).chain(VERBS)
}

/// A command line without a verb.
pub static RUN: Line = Line {
    verb: Verb::Run,
    word: "",
    about: "Run a command again until it works",
    usage: "retry [OPTIONS] [--] COMMAND [ARG]...\n       retry until|wait|explain|classify|profiles|state|replay|report|simulate … (--help says more)",
    after: AFTER_SHORT,
    after_long: AFTER_LONG,
    first: &[],
    has: |_| true,
    then: &[&ONLY_SUCCESS, &RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG, &VERSION],
    operands: Operands::Command,
};

/// The verbs. To run a command of the same name, put `--` before it.
static VERBS: &[Line] = &[
    Line {
        verb: Verb::Until,
        word: "until",
        about: "Run a command until it works: any failure is retried, about every second, for up to five minutes",
        usage: "retry until [OPTIONS] [--] COMMAND [ARG]...",
        after: "",
        after_long: "",
        first: &[],
        has: |_| true,
        then: &[&ONLY_SUCCESS, &FOR, &RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Command,
    },
    Line {
        verb: Verb::Wait,
        word: "wait",
        about: "Wait as long as the policy would before retry N; exit 1 at once if no attempts are left",
        usage: "retry wait N [OPTIONS]",
        after: AFTER_WAIT,
        after_long: "",
        first: &[],
        has: |setting| setting.group == Group::Schedule || matches!(setting.key, "quiet" | "verbose"),
        then: &[&RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Named(&[operand("N", "The number of the retry, from 1")]),
    },
    Line {
        verb: Verb::Explain,
        word: "explain",
        about: "Show the resolved policy: values that are not defaults, where each came from, and the waits",
        usage: "retry explain [OPTIONS] [--] [COMMAND]...",
        after: "",
        after_long: "",
        first: &[
            &Flag::format(
                &["text", "json", "delays"],
                "text, json, or delays: the mean waits in seconds on one line",
            ),
            &Flag::switch("full", "Show every setting, including those with default values"),
            &SIMULATE_FLAG,
            &Flag::switch("all", "List all policies, with the file that each comes from"),
        ],
        has: |_| true,
        then: &[&ONLY_SUCCESS, &RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Command,
    },
    Line {
        verb: Verb::Classify,
        word: "classify",
        about: "Show how a result would be classified, and by which rule",
        usage: "retry classify [OPTIONS] --exit CODE [--] [COMMAND]...",
        after: "",
        after_long: "",
        first: &[
            &Flag::value("exit", "CODE", "The command exited with this status"),
            &Flag::value("killed-by", "SIGNAL", "The command was killed by this signal"),
            &Flag::switch("timed-out", "The command was stopped by a time limit"),
            &Flag::file("stderr-file", "The command's stderr (- = stdin)"),
            &Flag::file("stdout-file", "The command's stdout (- = stdin)"),
            &Flag::value(
                "now",
                "TIME",
                "When the command ended, RFC 3339; dates in its output are relative to this [default: now]",
            ),
            &Flag::file(
                "batch",
                "Classify many results: JSON lines with argv, exit_code or signal, stdout, stderr, now; - is stdin",
            ),
            &Flag::format(&["text", "json"], "text, or json with one object per line"),
        ],
        has: |setting| setting.group == Group::Judging || setting.key == SHELL,
        then: &[&POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Command,
    },
    Line {
        verb: Verb::Profiles,
        word: "profiles",
        about: "List the tool profiles, or show the rules of one in the order in which they apply",
        usage: "retry profiles [OPTIONS] [NAME]",
        after: "",
        after_long: "",
        first: &[&FORMAT, &CONFIG, &NO_CONFIG],
        has: |_| false,
        then: &[],
        operands: Operands::Named(&[operand("NAME", "A profile, or a command that a profile is for")]),
    },
    Line {
        verb: Verb::State,
        word: "state",
        about: "Show and change the shared state of a key: what holds attempts back",
        usage: "retry state [OPTIONS] list|show KEY|check KEY|close KEY --for DURATION|wait KEY|reset KEY",
        after: AFTER_STATE,
        after_long: "",
        first: &[
            &FORMAT,
            &Flag::value("for", "DURATION", "How long close keeps the key closed, from now on; 0 opens it"),
        ],
        // The key is an operand, and a store that cannot be reached is always an error.
        has: |setting| setting.group == Group::Shared && !matches!(setting.key, "key" | "on-state-error"),
        then: &[&POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Named(&[
            operand("ACTION", "What to do: list, show, check, close, wait or reset"),
            Operand { name: "KEY", help: "The key whose state is shown or changed", is_repeated: true },
        ]),
    },
    Line {
        verb: Verb::Replay,
        word: "replay",
        about: "Replay dead letters, the runs that finally failed and were kept, oldest first",
        usage: "retry replay [OPTIONS] FILE|DIR...",
        after: replay::AFTER,
        after_long: "",
        first: replay::FLAGS,
        // A letter has its own shell and input, and its replay leaves no further letter.
        has: |setting| {
            let own = setting.key.starts_with("dead-letter") || setting.key.starts_with("stdin");
            !own && !matches!(setting.key, "shell" | "rate")
        },
        then: &[&ONLY_SUCCESS, &RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Named(&[Operand {
            name: "FILE|DIR",
            help: "Dead letters, or directories of them",
            is_repeated: true,
        }]),
    },
    Line {
        verb: Verb::Report,
        word: "report",
        about: "Summarise logs: which runs were rescued, what that cost, whether retrying helped, what other settings would change",
        usage: "retry report [OPTIONS] [LOG]...",
        after: report::AFTER,
        after_long: "",
        first: report::FLAGS,
        has: |setting| setting.group == Group::Judging,
        then: &[&POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Named(&[Operand {
            name: "LOG",
            help: "Logs, plain or gzip; stdin if - or none is given",
            is_repeated: true,
        }]),
    },
    Line {
        verb: Verb::Simulate,
        word: "simulate",
        about: "Show what many clients under this policy do to a server, in virtual time",
        usage: "retry simulate [OPTIONS]",
        after: AFTER_SIMULATE,
        after_long: "",
        first: SIMULATE_FLAGS,
        has: Setting::is_simulated,
        then: &[&RETRIES_FLAG, &NO_RETRY, &POLICY, &CONFIG, &NO_CONFIG],
        operands: Operands::Named(&[]),
    },
    Line {
        verb: Verb::Generate,
        word: "generate",
        about: "Print the man page, a shell's completions, a JSON Schema, or an example configuration",
        usage: "retry generate man|bash|zsh|fish|powershell|elvish|schema|log-schema|report-schema|simulate-schema|config",
        after: "",
        after_long: "",
        first: &[],
        has: |_| false,
        then: &[],
        operands: Operands::Named(&[operand("WHAT", "What to print")]),
    },
];

/// The actions of `retry state`. All except the first take a key.
pub const ACTIONS: [&str; 6] = ["list", "show", "check", "close", "wait", "reset"];

static FORMAT: Flag = Flag::format(&["text", "json"], "text or json");
