//! Requests to wait in bodies and sentences.

use super::{Clock, until};
use crate::classify::date;

type Reading = fn(&str, Clock) -> Option<f64>;

pub(super) const FORMS: &[Reading] =
    &[key_ms, retry_delay, key, sentence, moment, bare, announced, few_minutes];

/// `"retry_after_ms": 5000`
fn key_ms(text: &str, _: Clock) -> Option<f64> {
    keyed(text, &["retry_after_ms", "retryafterms", "retry-after-ms"], false, |value| {
        Some(leading(value)?.0 / 1e3)
    })
}

/// google.rpc.RetryInfo: `"retryDelay": "30s"`, in YAML without quotes.
fn retry_delay(text: &str, _: Clock) -> Option<f64> {
    keyed(text, &["retrydelay", "retry_delay"], false, |value| {
        let (seconds, rest) = leading(value)?;
        (rest.starts_with('s') && !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric()))
            .then_some(seconds)
    })
}

/// `"retry_after": 1.5`, `retry-after="8"`
fn key(text: &str, _: Clock) -> Option<f64> {
    let names = ["retry_after", "retryafter", "retry-after", "retry_after_seconds", "retryafterseconds"];
    keyed(text, &names, true, |value| {
        let (seconds, rest) = leading(value)?;
        (!rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-' || c == ':')).then_some(seconds)
    })
}

/// The last value behind one of these names and `:` or `=`. Where a header may have the same name, a name before `:`
/// has to be quoted.
fn keyed(text: &str, names: &[&str], like_a_header: bool, read: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut found = None;
    for (at, _) in positions(text, "retry") {
        let rest = &text[at..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        if !names.iter().any(|name| rest[..end].eq_ignore_ascii_case(name)) {
            continue;
        }
        if like_a_header && rest[end..].starts_with([':', ' ']) {
            continue;
        }
        let value = rest[end..].trim_start_matches(['"', '\'', '\\']).trim_start();
        let Some(value) = value.strip_prefix([':', '=']) else { continue };
        found = read(value.trim_start().trim_start_matches(['"', '\'', '\\'])).or(found);
    }
    found
}

/// `Please try again in 20s`, `retry after 1m9.696s`, `wait 60 seconds`, `try again in 15 minutes 49 seconds`
fn sentence(text: &str, _: Clock) -> Option<f64> {
    requests(text)
        .filter_map(|rest| duration(rest.trim_start_matches('\'')).map(|(seconds, _)| seconds))
        .last()
}

/// `Please try again after Tue, 21 Nov 2028 18:04:27 GMT`, `retry after 2023-08-04T12:00:00Z`
fn moment(text: &str, clock: Clock) -> Option<f64> {
    let read = |rest| date::iso(rest).or_else(|| date::http(rest, clock.now));
    requests(text).filter_map(|rest| until(read(rest)?, clock)).last()
}

/// `retry after 134`
fn bare(text: &str, _: Clock) -> Option<f64> {
    let after = |at: usize| text.get(at + "retry after ".len()..);
    let found = positions(text, "retry after ").filter(|(at, _)| !is_own_wait(&text[..*at]));
    let numbers = found.filter_map(|(at, _)| leading(after(at)?));
    numbers.filter(|(_, rest)| !rest.starts_with(['T', ':', '-', '.'])).map(|(seconds, _)| seconds).last()
}

/// `Expected available in 42 seconds.`, `Expected time to availability: 37s`, `Greylisted for 300 seconds`
fn announced(text: &str, _: Clock) -> Option<f64> {
    const SAID: [&str; 8] = [
        "available in",
        "available again in",
        "time to availability:",
        "greylisted for",
        "greylisted, retry in",
        "greylist expires in",
        "limit resets in",
        "limit will reset in",
    ];
    let found = SAID.into_iter().flat_map(|said| positions(text, said));
    let waits = found.filter_map(|(at, rest)| Some((at, duration(rest.strip_prefix(' ')?)?.0)));
    waits.max_by_key(|(at, _)| *at).map(|(_, seconds)| seconds)
}

/// `Please try again in a few minutes`: a minute at least. "Wait a few minutes" is said of limits that tell no time.
fn few_minutes(text: &str, _: Clock) -> Option<f64> {
    let asked = ["try again in a few minutes", "retry in a few minutes", "come back in a few minutes"];
    let mut found = asked.into_iter().flat_map(|phrase| positions(text, phrase));
    found.any(|(at, _)| !is_own_wait(&text[..at])).then_some(60.0)
}

/// The text behind each request to come back later.
fn requests(text: &str) -> impl Iterator<Item = &str> {
    const ASKED: [&str; 7] =
        ["try again", "trying again", "retry again", "retry", "wait at least", "wait", "come back"];
    ASKED.into_iter().flat_map(move |asked| {
        positions(text, asked).filter(|(at, _)| !is_own_wait(&text[..*at])).filter_map(|(_, rest)| {
            let rest = rest.strip_prefix(' ')?;
            let joined =
                ["in ", "after ", "for ", "at "].into_iter().find_map(|word| rest.strip_prefix(word));
            Some(joined.unwrap_or(rest))
        })
    })
}

/// Whether the command announces a wait of its own, or counts the attempts that it has made.
fn is_own_wait(before: &str) -> bool {
    let nearby = &before.as_bytes()[before.len().saturating_sub(40)..];
    let before = String::from_utf8_lossy(nearby).to_ascii_lowercase();
    let before = before.trim_end_matches("please ").trim_end();
    let own = ["will", "retrying", "failed,", "next", "i'll", "we'll"];
    let counted = before.rsplit_once(' ').is_some_and(|(words, last)| {
        last.bytes().all(|byte| byte.is_ascii_digit()) && words.ends_with("after")
    });
    before.ends_with('-')
        || counted
        || own.iter().any(|word| before.split([' ', '(']).next_back() == Some(word))
}

/// Where a phrase stands as words of its own, and what follows it. In any case.
fn positions<'t>(text: &'t str, phrase: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    let (bytes, wanted) = (text.as_bytes(), phrase.as_bytes());
    let first = wanted[0];
    (0..bytes.len().saturating_sub(wanted.len() - 1))
        .filter(move |at| {
            bytes[*at].eq_ignore_ascii_case(&first)
                && bytes[*at..*at + wanted.len()].eq_ignore_ascii_case(wanted)
                && at
                    .checked_sub(1)
                    .is_none_or(|before| !bytes[before].is_ascii_alphanumeric() && bytes[before] != b'_')
        })
        .filter_map(move |at| Some((at, text.get(at + wanted.len()..)?)))
}

/// A number at the start, and what follows it.
fn leading(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let digits = text[..end].trim_end_matches('.');
    let starts = digits.starts_with(|c: char| c.is_ascii_digit());
    starts.then(|| Some((digits.parse().ok()?, &text[digits.len()..]))).flatten()
}

/// A duration at the start: `20s`, `1m9.696s`, `'372' seconds`, `15 minutes 49 seconds`. A number alone is none.
pub(super) fn duration(text: &str) -> Option<(f64, &str)> {
    let (mut total, mut rest) = part(text)?;
    loop {
        let more = rest.trim_start_matches([' ', ',']);
        let more = more.strip_prefix("and ").unwrap_or(more);
        match part(more) {
            Some((seconds, after)) => (total, rest) = (total + seconds, after),
            None => return Some((total, rest)),
        }
    }
}

/// A number and its unit, in seconds.
fn part(text: &str) -> Option<(f64, &str)> {
    const UNITS: [(&[&str], f64); 5] = [
        (&["ms", "msec", "msecs", "millis", "millisecond", "milliseconds"], 1e-3),
        (&["s", "sec", "secs", "second", "seconds"], 1.0),
        (&["m", "min", "mins", "minute", "minutes"], 60.0),
        (&["h", "hr", "hrs", "hour", "hours"], 3_600.0),
        (&["d", "day", "days"], 86_400.0),
    ];
    let (number, rest) = leading(text)?;
    let rest = rest.trim_start_matches('\'');
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let unit = rest[..end].to_ascii_lowercase();
    let (_, seconds) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    Some((number * seconds, &rest[end..]))
}
