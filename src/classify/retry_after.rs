//! Finds in a command's output how long the server asked to wait. The forms are tried in order of reliability; the last
//! occurrence of a form counts. Times in the past are ignored, and so are the waits that a command announces between its
//! own attempts. A time is relative to the server's clock if the response has a `Date`; by our own clock, one that is far
//! ahead is ignored.

mod headers;
mod limits;
mod prose;

use std::time::Duration;

use super::date;
use super::normalise::Text;

use self::headers::Headers;
use self::limits::{rate_limit, reset};

/// The first number of seconds that is not a wait but a moment, written where a wait belongs (2001 as an epoch).
pub(super) const EPOCH_SECONDS: f64 = 1e9;

/// The farthest moment that is accepted by our own clock, a day ahead. A later one means that a clock is wrong.
const MAX_AHEAD_SECONDS: i64 = 86_400;

/// What a moment is relative to.
#[derive(Clone, Copy)]
struct Clock {
    /// Seconds since the Unix epoch.
    now: i64,
    /// The farthest moment that is accepted, in seconds from now.
    most_ahead: i64,
}

/// The request in the streams, the more reliable stream first. `now` is in seconds since the Unix epoch.
pub(super) fn retry_after(streams: &[&Text], now: i64) -> Option<Duration> {
    find(streams, Clock { now, most_ahead: MAX_AHEAD_SECONDS })
}

/// Whether the streams have a request which is ignored, since by our clock it is too far ahead.
pub(super) fn is_too_far_ahead(streams: &[&Text], now: i64) -> bool {
    retry_after(streams, now).is_none() && find(streams, Clock { now, most_ahead: i64::MAX }).is_some()
}

fn find(streams: &[&Text], clock: Clock) -> Option<Duration> {
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
        .find_map(|form| headers.iter().find_map(|headers| form(headers, clock).and_then(sensible)));
    from_headers.or_else(|| {
        let flat: Vec<_> = telling.iter().map(|text| flat(text)).collect();
        prose::FORMS.iter().find_map(|form| flat.iter().find_map(|text| form(text, clock).and_then(sensible)))
    })
}

/// The wait, if it is positive and not a moment.
fn sensible(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds < EPOCH_SECONDS).then(|| Duration::from_secs_f64(seconds))
}

/// Seconds until a point in time; `None` if it has passed or one of the clocks must be wrong.
fn until(moment: i64, clock: Clock) -> Option<f64> {
    let ahead = moment.saturating_sub(clock.now);
    #[expect(clippy::cast_precision_loss, reason = "a wait of our age fits, and others are refused")]
    (1..=clock.most_ahead).contains(&ahead).then_some(ahead as f64)
}

/// The server's clock if the response has a `Date`, whatever ours says.
fn clock_of(headers: &Headers, ours: Clock) -> Clock {
    let said = headers.last(&["date"], |_, value| date::http(value, ours.now));
    said.map_or(ours, |now| Clock { now, most_ahead: i64::MAX })
}

/// The text as a single line, since tools wrap their messages.
fn flat(text: &Text) -> String {
    String::from_utf8_lossy(&text.plain).replace('\n', " ")
}

type Reading = fn(&Headers, Clock) -> Option<f64>;

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

fn milliseconds(headers: &Headers, _: Clock) -> Option<f64> {
    let names = ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"];
    headers.last(&names, |_, value| Some(number(value)? / 1e3))
}

/// gRPC's pushback. A negative one forbids retries ([`forbidden`]) and is not a wait.
fn pushback(headers: &Headers, _: Clock) -> Option<f64> {
    headers.last(&["grpc-retry-pushback-ms"], |_, value| Some(number(value)? / 1e3))
}

const RETRY_AFTER: &[&str] = &["retry-after", "x-retry-after"];

fn delta(headers: &Headers, _: Clock) -> Option<f64> {
    headers.last(RETRY_AFTER, |_, value| seconds(value))
}

fn moment(headers: &Headers, clock: Clock) -> Option<f64> {
    let clock = clock_of(headers, clock);
    let read = |value: &str| date::http(value, clock.now).or_else(|| date::rfc3339(value));
    headers.last(RETRY_AFTER, |_, value| until(read(value)?, clock))
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
