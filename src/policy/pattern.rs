//! The patterns of the configuration's JSON Schema, so that editors refuse what the program refuses. ECMA 262, without
//! capture groups. A comparison of two numbers in one text (`9-5`) is beyond any pattern.

use serde_json::{Value as Json, json};

use super::value::Value;
use crate::backoff::{Jitter, Strategy};
use crate::base::duration;
use crate::classify::signal;

/// White space around a value, ASCII only.
const BLANK: &str = duration::BLANK_PATTERN;
const DECIMAL: &str = duration::DECIMAL;
/// 0 to 255.
const STATUS: &str = "0*(?:[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
/// 100 to 599.
const HTTP: &str = "0*[1-5][0-9]{2}";
/// 1 or more.
const COUNT: &str = "0*[1-9][0-9]{0,9}";
/// 0 to 100.
const PERCENT: &str = r"(?:0*(?:[0-9]{1,2}(?:\.[0-9]*)?|100(?:\.0*)?)|\.[0-9]+)";
/// A percentage of more than 0.
const SOME_PERCENT: &str = r"0*(?:[1-9][0-9]?(?:\.[0-9]*)?|100(?:\.0*)?|\.[0-9]*[1-9][0-9]*)";
/// More than 0, at most 1.
const SHARE: &str = r"0*(?:1(?:\.0*)?|\.[0-9]*[1-9][0-9]*)";

/// Anchors a pattern at both ends.
fn text(pattern: &str) -> Json {
    json!({"type": "string", "pattern": format!("^(?:{pattern})$")})
}

/// Makes letters match in any case.
fn any_case(word: &str) -> String {
    word.chars()
        .map(|c| match (c.to_ascii_lowercase(), c.to_ascii_uppercase()) {
            (same, other) if same == other => c.to_string(),
            (lower, upper) => format!("[{lower}{upper}]"),
        })
        .collect()
}

fn one_of<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    format!("(?:{})", words.join("|"))
}

/// Items separated by commas, with optional blanks around each.
fn list(item: &str) -> String {
    let item = format!("{BLANK}(?:{item}){BLANK}");
    format!("{item}(?:,{item})*")
}

pub(super) fn duration() -> Json {
    json!({"anyOf": [text(&duration::pattern()), {"type": "number", "minimum": 0}]})
}

pub(super) fn size(units: &[(&str, u64)]) -> Json {
    let units = one_of(units.iter().map(|(unit, _)| any_case(unit)));
    let size = format!("{BLANK}[0-9]+{BLANK}{units}{BLANK}");
    json!({"anyOf": [text(&size), {"type": "integer", "minimum": 0, "maximum": u64::MAX}]})
}

/// Names, comma-separated durations, or a list of durations.
pub(super) fn strategy() -> Json {
    let names = one_of(Strategy::words());
    let waits = list(&duration::pattern());
    let number = json!({"type": "number", "minimum": 0});
    json!({"anyOf": [
        text(&format!("{BLANK}{names}{BLANK}|{waits}")),
        number,
        {"type": "array", "minItems": 1, "items": {"anyOf": [text(&waits), number]}},
        {"type": "array", "minItems": 1, "maxItems": 1, "items": text(&format!("{BLANK}{names}{BLANK}"))},
    ]})
}

pub(super) fn jitter() -> Json {
    let names = one_of(Jitter::words());
    // The first number is followed by two dots, so it does not end in one.
    let low = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)";
    text(&format!("{BLANK}(?:{names}|{PERCENT}{BLANK}%|{low}{BLANK}\\.\\.{BLANK}{DECIMAL}){BLANK}"))
}

/// Exit specs, as text, a number, or a list of both.
pub(super) fn exits() -> Json {
    let words = one_of(crate::classify::exit_words());
    specs(&format!("!?(?:{words}|{}|{})", range(STATUS), signals()), 0, 255)
}

/// Exit codes only.
pub(super) fn codes() -> Json {
    specs(&format!("!?{}", range(STATUS)), 0, 255)
}

/// HTTP statuses.
pub fn statuses() -> Json {
    let mut schema = specs(&range(HTTP), 100, 599);
    schema["anyOf"][2]["minItems"] = json!(1);
    schema
}

/// The exit specs of a rule, which has to name one.
pub fn rule_exits() -> Json {
    let mut schema = exits();
    schema["anyOf"][2]["minItems"] = json!(1);
    schema
}

fn range(number: &str) -> String {
    format!("{number}(?:{BLANK}-{BLANK}{number})?")
}

fn specs(item: &str, least: u16, most: u16) -> Json {
    let list = text(&list(item));
    let number = json!({"type": "integer", "minimum": least, "maximum": most});
    json!({"anyOf": [list, number, {"type": "array", "items": {"anyOf": [list, number]}}]})
}

/// The names of signals in any case, with and without SIG.
fn signals() -> String {
    let real_time = [
        format!(r"{}(?:\+0*(?:[0-9]|[12][0-9]|30))?", any_case("RTMIN")),
        format!("{}(?:-0*(?:[0-9]|[12][0-9]|30))?", any_case("RTMAX")),
    ];
    let names =
        signal::names().map(any_case).chain(real_time.into_iter().filter(|_| cfg!(target_os = "linux")));
    format!("(?:{})?{}", any_case("SIG"), one_of(names))
}

pub(super) fn signal() -> Json {
    text(&format!("{BLANK}(?:0*(?:[1-9]|[1-5][0-9]|6[0-4])|{}){BLANK}", signals()))
}

/// `N/D`; a unit alone is one of it.
pub(super) fn rate() -> Json {
    text(&format!("{BLANK}{COUNT}{BLANK}/(?:{}|{BLANK}{}{BLANK})", some_time(), one_of(duration::units())))
}

/// `N/D` or `P%/D`.
pub(super) fn breaker() -> Json {
    let unit = one_of(duration::units());
    text(&format!(
        "{BLANK}(?:{COUNT}|{SOME_PERCENT}{BLANK}%){BLANK}/(?:{}|{BLANK}{unit}{BLANK})",
        some_time()
    ))
}

/// A positive duration: it has a non-zero digit before any exponent.
fn some_time() -> String {
    format!("(?=[^1-9eE]*[1-9]){}", duration::pattern())
}

pub(super) fn share() -> Json {
    json!({"anyOf": [
        text(&format!("{BLANK}(?:{SOME_PERCENT}{BLANK}%|{SHARE}){BLANK}")),
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    ]})
}
