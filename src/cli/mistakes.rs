//! Mistakes in a command line: what was typed, and how to mend it.

use std::ffi::OsStr;

use super::habits;
use super::rows::{Arity, Row};
use super::verbs::{Line, Operands, lines};
use crate::base::problem::{Problem, nearest};

/// An option that the verb does not have, with the word that may be its value.
pub(super) fn unknown_option(line: &Line, option: &str, value: Option<&str>) -> Problem {
    if let Some(answer) = habits::answer(option, value) {
        return answer;
    }
    let program = line.program();
    if let Some(elsewhere) = elsewhere(option) {
        return Problem::new(format!("{program} has no {option}")).hint(elsewhere);
    }
    let rows = line.rows();
    let longs = rows.iter().flat_map(|row| row.long().into_iter().chain(row.alias()));
    let hint = match (nearest(option.trim_start_matches('-'), longs), line.operands) {
        (Some(near), _) => format!("did you mean --{near}?"),
        (None, Operands::Named(_)) => format!("{program} --help lists the options"),
        (None, Operands::Command) => {
            format!("{program} --help lists the options; use -- before a command that begins with a dash")
        }
    };
    Problem::new(format!("unknown option {option}")).hint(hint)
}

/// The verbs that have the option, if this one does not.
fn elsewhere(option: &str) -> Option<String> {
    let found: Vec<_> = lines().filter(|line| has(line, option)).map(Line::program).collect();
    (!found.is_empty()).then(|| format!("{option} is an option of {}", found.join(", ")))
}

/// An option at the end of its line, or before a word that begins with a dash.
pub(super) fn missing_value(line: &Line, row: Row, next: Option<&OsStr>) -> Problem {
    let option = row.dashed();
    let hint = match next.and_then(OsStr::to_str).filter(|next| *next != "--" && !has(line, next)) {
        Some(next) => format!("if '{next}' is the value, use {option}={next}"),
        None => format!("{} --help shows what {option} takes", line.program()),
    };
    Problem::new(format!("{option} <{}>: the value is missing", row.value_name())).hint(hint)
}

/// Whether this word, or the part before its value, is an option of the verb.
fn has(line: &Line, word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => line.long(long.split('=').next().unwrap_or_default()).is_some(),
        None => word.chars().nth(1).is_some_and(|letter| line.short(letter).is_some()),
    }
}

/// `--quiet=yes`
pub(super) fn needless_value(row: Row) -> Problem {
    let option = row.dashed();
    let hint = match row.arity() {
        Arity::Counter => "for more messages use -v, for every step -vv".to_owned(),
        _ => format!("use {option} alone"),
    };
    Problem::new(format!("{option} takes no value")).hint(hint)
}

/// A surplus word.
pub(super) fn surplus_operand(line: &Line, word: &OsStr) -> Problem {
    Problem::new(format!("unexpected argument '{}'", word.display())).hint(format!("usage: {}", line.usage))
}
