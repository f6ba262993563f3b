//! How long the server asked to wait, in what the command printed. The forms are tried in the order of their
//! worth; of one form the last occurrence counts. What is not ahead of us, or absurdly far, is no request; nor are
//! the waits that the command itself announces between its own tries.

mod prose;

use std::time::Duration;

use super::date;
use super::normalise::Text;

/// A request for more than this is a mistake: a date that was read as seconds, say.
const LONGEST: f64 = 30.0 * 86_400.0;

/// A moment farther away than this is a clock that is wrong, not a request.
const FARTHEST: i64 = 86_400;

/// Finds the request in the streams, the more telling one first. `now` is in seconds since the Unix epoch.
pub(crate) fn retry_after(streams: &[&Text], now: i64) -> Option<Duration> {
    const WORDS: [&[u8]; 7] =
        [b"retry", b"try again", b"trying again", b"reset", b"ratelimit", b"wait", b"come back"];
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

/// Seconds that may be waited.
fn sensible(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= LONGEST).then(|| Duration::from_secs_f64(seconds))
}

/// Seconds until a moment, unless one of the clocks must be wrong.
fn until(moment: i64, now: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "at most a day")]
    (1..=FARTHEST).contains(&(moment - now)).then_some((moment - now) as f64)
}

/// One line, for words that may be wrapped.
fn flat(text: &Text) -> String {
    String::from_utf8_lossy(&text.plain).replace('\n', " ")
}

/// The lines that may be headers, `Name: value`, as curl -v, wget -S and their like show them.
struct Headers(Vec<(String, String)>);

impl Headers {
    fn new(text: &Text) -> Self {
        let lines = text.plain.split(|byte| *byte == b'\n').filter_map(|line| {
            let start = line.iter().position(|byte| !matches!(byte, b'<' | b'*' | b' '))?;
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = line.get(start..colon)?;
            let is_name = !name.is_empty()
                && name.len() <= 40
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            is_name.then(|| {
                let value = String::from_utf8_lossy(&line[colon + 1..]);
                let value = value.trim().trim_matches('"').to_owned();
                (String::from_utf8_lossy(name).to_ascii_lowercase(), value)
            })
        });
        Self(lines.collect())
    }

    /// The last value of these names that can be read.
    fn last<T>(&self, names: &[&str], read: impl Fn(&str, &str) -> Option<T>) -> Option<T> {
        let mut lines = self.0.iter().rev().filter(|(name, _)| names.contains(&name.as_str()));
        lines.find_map(|(name, value)| read(name, value))
    }
}

type Form = fn(&Headers, i64) -> Option<f64>;

const FORMS: &[Form] = &[milliseconds, pushback, delta, moment, rate_limit, reset];

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.starts_with(|first: char| first.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn milliseconds(headers: &Headers, _: i64) -> Option<f64> {
    let names = ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"];
    headers.last(&names, |_, value| Some(number(value)? / 1e3))
}

/// gRPC's; a negative one says not to retry, which is no wait.
fn pushback(headers: &Headers, _: i64) -> Option<f64> {
    headers.last(&["grpc-retry-pushback-ms"], |_, value| Some(number(value)? / 1e3))
}

fn delta(headers: &Headers, _: i64) -> Option<f64> {
    headers.last(&["retry-after"], |_, value| number(value))
}

/// A date, read against the clock of the server where it shows one.
fn moment(headers: &Headers, now: i64) -> Option<f64> {
    let clock = headers.last(&["date"], |_, value| date::http(value, now)).unwrap_or(now);
    headers.last(&["retry-after"], |_, value| until(date::http(value, now)?, clock))
}

/// The IETF's `RateLimit: "default";r=0;t=30`, when nothing remains.
fn rate_limit(headers: &Headers, _: i64) -> Option<f64> {
    headers.last(&["ratelimit"], |_, value| {
        let field = |name: &str| {
            value
                .split([';', ','])
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, _)| *key == name)
        };
        (field("r")?.1 == "0").then(|| number(field("t")?.1)).flatten()
    })
}

/// `RateLimit-Reset` and its kin: seconds, or a moment in seconds or milliseconds; only when nothing remains.
fn reset(headers: &Headers, now: i64) -> Option<f64> {
    let names = [
        "ratelimit-reset",
        "x-ratelimit-reset",
        "x-rate-limit-reset",
        "x-ratelimit-reset-after",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
    ];
    headers.last(&names, |name, value| {
        let remaining = name.trim_end_matches("-after").replace("reset", "remaining");
        let remains = headers.last(&[remaining.as_str()], |_, value| number(value));
        if remains.is_some_and(|left| left > 0.0) {
            return None;
        }
        let seconds = number(value).or_else(|| prose::duration(value).map(|(seconds, _)| seconds))?;
        #[expect(clippy::cast_possible_truncation, reason = "a moment of our age fits")]
        match seconds {
            ms if ms >= 1e12 => until((ms / 1e3) as i64, now),
            epoch if epoch >= 1e9 => until(epoch as i64, now),
            delta => Some(delta),
        }
    })
}

#[cfg(test)]
mod tests;
