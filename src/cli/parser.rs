//! The parser of command lines: turns words into options and operands by the rows of the verb. Values are kept as they were
//! typed. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use lexopt::{Arg, Parser};

use super::mistakes;
use super::rows::{Arity, Effect, Row};
use super::verbs::{Line, Operands};
use crate::base::problem::Problem;

/// An occurrence of an option.
#[derive(Debug)]
pub(super) struct Occurrence {
    pub(super) row: Row,
    /// The value; empty for a switch.
    pub(super) value: OsString,
}

/// The words of a line, sorted.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) options: Vec<Occurrence>,
    /// The command and its arguments, or the operands of a verb that runs none.
    pub(super) operands: Vec<OsString>,
}

/// The request made by a command line.
pub(super) enum Reading {
    Words(Words),
    Help { long: bool },
    Version,
}

/// A part of a line.
enum Token {
    /// An option, by its one-letter name or its long one.
    Option {
        row: Row,
        is_short: bool,
    },
    /// A value after the `=` of the previous option, which takes none from the next word.
    Attached(OsString),
    Operand(OsString),
}

/// Parses the words after the verb, up to the first mistake.
pub(super) fn read(line: &'static Line, words: &[OsString]) -> Result<Reading, Problem> {
    let mut lexer = Parser::from_args(words.to_vec());
    let mut read = Words::default();
    while let Some(token) = next_token(line, &mut lexer)? {
        match token {
            Token::Option { row, is_short } => match row.effect() {
                Effect::Help => return Ok(Reading::Help { long: !is_short }),
                Effect::Version => return Ok(Reading::Version),
                Effect::Kept | Effect::Sets(_) | Effect::Clears(_) => {
                    let value = value(line, row, &mut lexer)?;
                    read.options.push(Occurrence { row, value });
                }
            },
            Token::Attached(value) => attach(&mut read.options, value)?,
            Token::Operand(word) => {
                read.operands.push(word);
                if matches!(line.operands, Operands::Command) {
                    read.operands.extend(lexer.try_raw_args().into_iter().flatten());
                    break;
                }
            }
        }
    }
    refuse_surplus(line, &read.operands)?;
    Ok(Reading::Words(read))
}

fn next_token(line: &'static Line, lexer: &mut Parser) -> Result<Option<Token>, Problem> {
    if let Some(number) = negative_operand(line, lexer) {
        return Ok(Some(Token::Operand(number)));
    }
    Ok(Some(match lexer.next() {
        Ok(None) => return Ok(None),
        Ok(Some(Arg::Value(word))) => Token::Operand(word),
        Ok(Some(Arg::Long(name))) => match line.long(name) {
            Some(row) => Token::Option { row, is_short: false },
            None => return Err(unknown(line, &format!("--{name}"), lexer)),
        },
        Ok(Some(Arg::Short(letter))) => match line.short(letter) {
            Some(row) => Token::Option { row, is_short: true },
            None => return Err(unknown(line, &format!("-{letter}"), lexer)),
        },
        Err(lexopt::Error::UnexpectedValue { value, .. }) => Token::Attached(value),
        Err(error) => return Err(Problem::new(error.to_string())),
    }))
}

/// The value of the option that was just read. If the value is optional, one after `=` is the next token.
fn value(line: &Line, row: Row, lexer: &mut Parser) -> Result<OsString, Problem> {
    match row.arity() {
        Arity::Switch | Arity::Counter => return Ok(OsString::new()),
        Arity::Optional(default) => return Ok(default.into()),
        Arity::OptionalWord(default) => {
            let next = lexer.try_raw_args().and_then(|mut rest| rest.next_if(|word| !is_option(word)));
            return Ok(next.unwrap_or_else(|| default.into()));
        }
        Arity::Value => {}
    }
    if let Some(attached) = lexer.optional_value() {
        return Ok(attached);
    }
    // In the middle of a word only while a value is attached, which was taken above.
    let Some(mut rest) = lexer.try_raw_args() else { return Ok(OsString::new()) };
    rest.next_if(|word| !is_option(word)).ok_or_else(|| mistakes::missing_value(line, row, rest.peek()))
}

fn attach(options: &mut [Occurrence], value: OsString) -> Result<(), Problem> {
    let Some(last) = options.last_mut() else { return Ok(()) };
    match last.row.arity() {
        Arity::Optional(_) | Arity::OptionalWord(_) => last.value = value,
        _ => return Err(mistakes::needless_value(last.row)),
    }
    Ok(())
}

fn unknown(line: &Line, option: &str, lexer: &mut Parser) -> Problem {
    let next = |lexer: &mut Parser| lexer.try_raw_args()?.peek().map(OsStr::to_owned);
    let value = lexer.optional_value().or_else(|| next(lexer));
    mistakes::unknown_option(line, option, value.as_ref().and_then(|value| value.to_str()))
}

/// A word like `-1`, if operands may come between options: no option begins with a digit.
fn negative_operand(line: &Line, lexer: &mut Parser) -> Option<OsString> {
    match line.operands {
        Operands::Command => None,
        Operands::Named(_) => lexer.try_raw_args()?.next_if(is_negative),
    }
}

/// Whether the word looks like an option. A single `-` is a value, and so is a negative number.
fn is_option(word: &OsStr) -> bool {
    matches!(word.as_bytes(), [b'-', _, ..]) && !is_negative(word)
}

fn is_negative(word: &OsStr) -> bool {
    matches!(word.as_bytes(), [b'-', b'0'..=b'9', ..] | [b'-', b'.', b'0'..=b'9', ..])
}

fn refuse_surplus(line: &Line, operands: &[OsString]) -> Result<(), Problem> {
    match line.operands {
        Operands::Named(known) if !known.iter().any(|operand| operand.is_repeated) => {
            operands.get(known.len()).map_or(Ok(()), |word| Err(mistakes::surplus_operand(line, word)))
        }
        _ => Ok(()),
    }
}
