//! Help, rendered by clap from the rows. clap parses nothing: this is only for `--help`, the man page and completions.

use std::cell::LazyCell;

use clap::{Arg, ArgAction, Command};

use super::Verb;
use super::rows::{Arity, Row};
use super::verbs::{Line, Operand, Operands, RUN, documented_lines};
use crate::policy::Policy;

/// The width of help in columns, if the terminal is wide enough.
pub(super) const MAX_WIDTH: usize = 100;

/// The help of a verb: all of it, or a summary.
pub(super) fn text(line: &'static Line, long: bool) -> String {
    let mut command = command(line);
    let help = if long { command.render_long_help() } else { command.render_help() };
    help.to_string()
}

/// The whole program with its verbs, for the man page and the completions.
pub fn documented() -> Command {
    let verbs = documented_lines().filter(|line| line.verb != Verb::Run);
    let verbs = verbs.map(|line| command(line).name(line.word).display_name(format!("retry-{}", line.word)));
    command(&RUN).override_usage("retry [OPTIONS] [--] COMMAND [ARG]...").subcommands(verbs)
}

pub(super) fn command(line: &'static Line) -> Command {
    let defaults = LazyCell::new(|| line.defaults());
    let command = Command::new("retry")
        .max_term_width(MAX_WIDTH)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .disable_help_flag(true)
        .version(super::VERSION)
        .about(line.about)
        .override_usage(line.usage)
        .after_help(line.after)
        .args(operands(line))
        .args(line.rows().into_iter().map(|row| option(row, &defaults)));
    if line.after_long.is_empty() { command } else { command.after_long_help(line.after_long) }
}

fn option(row: Row, defaults: &Policy) -> Arg {
    let arg = Arg::new(row.name())
        .long(row.long())
        .short(row.short())
        .visible_aliases(row.alias())
        .help(row.summary(defaults))
        .long_help(row.description(defaults))
        .help_heading(row.section().heading())
        .hide_short_help(!row.is_basic());
    match row.arity() {
        Arity::Switch => arg.action(ArgAction::SetTrue),
        Arity::Counter => arg.action(ArgAction::Count),
        Arity::Value => arg.action(ArgAction::Append).value_name(row.value_name()),
        Arity::Optional(_) => {
            arg.action(ArgAction::Append).value_name(row.value_name()).num_args(0..=1).require_equals(true)
        }
        Arity::OptionalWord(_) => arg.action(ArgAction::Append).value_name(row.value_name()).num_args(0..=1),
    }
}

/// The operands of a verb. A command needs no help.
fn operands(line: &Line) -> Vec<Arg> {
    let Operands::Named(operands) = line.operands else { return Vec::new() };
    let argument = |operand: &'static Operand| {
        let arg = Arg::new(operand.name).value_name(operand.name).help(operand.help);
        if operand.is_repeated { arg.num_args(0..).action(ArgAction::Append) } else { arg }
    };
    operands.iter().map(argument).collect()
}
