//! Finds in a command's output how long the server asked to wait. The forms are tried in order of reliability; the last
//! occurrence of a form counts. Times that are in the past or absurdly far ahead are ignored, and so are the waits that a
//! command announces between its own attempts.

mod headers;
mod limits;
mod prose;

use std::time::Duration;

use super::date;
use super::normalise::Text;

use self::headers::Headers;
use self::limits::{rate_limit, reset};

/// The longest wait that is accepted, 30 days. A longer one is a mistake, such as a date read as seconds.
const MAX_WAIT_SECONDS: f64 = 30.0 * 86_400.0;

/// The farthest point in time that is accepted, a day ahead. A later one means that a clock is wrong.
const MAX_AHEAD_SECONDS: i64 = 86_400;

/// Finds the request in the streams, the more reliable one first. `now` is in seconds since the Unix epoch.
pub(super) fn retry_after(streams: &[&Text], now: i64) -> Option<Duration> {
    const WORDS: [&[u8]; 10] = [
        b"retry",
        b"try again",
        b"trying again",
        b"reset",
        b"ratelimit",
        b"wait",
        b"come back",
        b"available in",
        b"availability",
        b"greylist",
    ];
    let telling: Vec<_> =
        streams.iter().filter(|text| WORDS.iter().any(|word| text.may_hold(word))).collect();
    let headers: Vec<_> = telling.iter().map(|text| Headers::new(text)).collect();
    let from_headers = FORMS
        .iter()
        .find_map(|form| headers.iter().find_map(|headers| form(headers, now).and_then(sensible)));
    from_headers.or_else(|| {
        let flat: Vec<_> = telling.iter().map(|text| flat(text)).collect();
        prose::FORMS.iter().find_map(|form| flat.iter().find_map(|text| form(text, now).and_then(sensible)))
    })
}

/// The wait, if it is positive and not too long.
fn sensible(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= MAX_WAIT_SECONDS).then(|| Duration::from_secs_f64(seconds))
}

/// Seconds until a point in time; `None` if it has passed or one of the clocks must be wrong.
fn until(moment: i64, now: i64) -> Option<f64> {
    let ahead = moment.saturating_sub(now);
    #[expect(clippy::cast_precision_loss, reason = "at most a day")]
    (1..=MAX_AHEAD_SECONDS).contains(&ahead).then_some(ahead as f64)
}

/// The text as a single line, since tools wrap their messages.
fn flat(text: &Text) -> String {
    String::from_utf8_lossy(&text.plain).replace('\n', " ")
}

type Reading = fn(&Headers, i64) -> Option<f64>;

const FORMS: &[Reading] = &[milliseconds, pushback, delta, moment, rate_limit, reset];

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.starts_with(|first: char| first.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A number of seconds, or a number and its unit with nothing after it: `3.5s`.
fn seconds(text: &str) -> Option<f64> {
    let with_unit = || prose::duration(text).filter(|(_, rest)| rest.trim().is_empty());
    number(text).or_else(|| with_unit().map(|(seconds, _)| seconds))
}

fn milliseconds(headers: &Headers, _: i64) -> Option<f64> {
    let names = ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"];
    headers.last(&names, |_, value| Some(number(value)? / 1e3))
}

/// gRPC's pushback. A negative one forbids retries ([`forbidden`]) and is not a wait.
fn pushback(headers: &Headers, _: i64) -> Option<f64> {
    headers.last(&["grpc-retry-pushback-ms"], |_, value| Some(number(value)? / 1e3))
}

const RETRY_AFTER: &[&str] = &["retry-after", "x-retry-after"];

fn delta(headers: &Headers, _: i64) -> Option<f64> {
    headers.last(RETRY_AFTER, |_, value| seconds(value))
}

/// A date, relative to the server's clock if the response has a `Date`.
fn moment(headers: &Headers, now: i64) -> Option<f64> {
    let clock = headers.last(&["date"], |_, value| date::http(value, now)).unwrap_or(now);
    headers
        .last(RETRY_AFTER, |_, value| until(date::http(value, now).or_else(|| date::rfc3339(value))?, clock))
}

/// Whether the server forbids retries: `grpc-retry-pushback-ms: -1` (gRFC A6), `x-should-retry: false`.
pub(super) fn forbidden(streams: &[&Text]) -> bool {
    const WORDS: [&[u8]; 2] = [b"grpc-retry-pushback-ms", b"x-should-retry"];
    let telling = streams.iter().filter(|text| WORDS.iter().any(|word| text.may_hold(word)));
    telling.map(|text| Headers::new(text)).any(|headers| {
        let said = |name, is: fn(&str) -> bool| headers.last(&[name], |_, value| Some(is(value)));
        let negative = |value: &str| value.strip_prefix('-').and_then(number).is_some_and(|ms| ms > 0.0);
        said("grpc-retry-pushback-ms", negative) == Some(true)
            || said("x-should-retry", |value| value.eq_ignore_ascii_case("false")) == Some(true)
    })
}

#[cfg(test)]
mod tests;
