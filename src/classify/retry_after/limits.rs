//! Requests to wait in rate limit headers: how much remains, and when more becomes available.

use super::headers::Headers;
use super::{Clock, EPOCH_SECONDS, clock_of, number, prose, until};
use crate::classify::date;

/// The IETF's `RateLimit: "default";r=0;t=30`: the longest wait of the policies of which nothing remains. In the earlier
/// drafts, `limit=100, remaining=0, reset=30`.
pub(super) fn rate_limit(headers: &Headers, _: Clock) -> Option<f64> {
    let value = headers.last_list("ratelimit")?;
    let items = split(&value, ',');
    let mut policies: Vec<(&str, Option<f64>)> = Vec::new();
    let parameters = |parts: &[&str], left: &str, time: &str| {
        // If a parameter is repeated, the last one counts (RFC 9651, section 4.2.3.2).
        let last = |name: &str| {
            let pairs = parts.iter().rev().filter_map(|part| part.split_once('='));
            let mut found = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            found.next().and_then(|(_, value)| number(value.trim()))
        };
        if last(left) == Some(0.0) { last(time) } else { None }
    };
    for item in &items {
        let parts = split(item, ';');
        let Some((name, rest)) = parts.split_first().filter(|(name, _)| !name.contains('=')) else {
            continue;
        };
        policies.retain(|(known, _)| known != name);
        policies.push((name, parameters(rest, "r", "t")));
    }
    if policies.is_empty() {
        let plain: Vec<&str> = items.iter().filter_map(|item| item.split(';').next()).collect();
        return parameters(&plain, "remaining", "reset")
            .or_else(|| parameters(&split(&value, ';'), "r", "t"));
    }
    policies.into_iter().filter_map(|(_, wait)| wait).max_by(f64::total_cmp)
}

/// Splits a list, leaving quoted strings whole.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    let parts = text.split(|c: char| {
        quoted ^= c == '"';
        c == at && !quoted
    });
    parts.map(str::trim).collect()
}

/// `RateLimit-Reset` and similar headers: seconds, or a point in time. Ignored while requests remain.
pub(super) fn reset(headers: &Headers, clock: Clock) -> Option<f64> {
    let clock = clock_of(headers, clock);
    // If several limits are used up, the wait lasts until the last one is lifted.
    let read = |name: &str, value: &str| {
        let left = remaining(headers, name);
        (left.is_none_or(|left| left <= 0.0)).then(|| wait(value, clock)).flatten()
    };
    let exhausted = headers.all_of(is_reset).filter(|(name, _)| remaining(headers, name) == Some(0.0));
    let longest = exhausted.filter_map(|(name, value)| read(name, value)).max_by(f64::total_cmp);
    longest.or_else(|| headers.last_of(is_reset, read))
}

/// Whether a header says when a limit is lifted: `x-ratelimit-reset`, `anthropic-ratelimit-tokens-reset`.
fn is_reset(name: &str) -> bool {
    let limit = name.contains("ratelimit") || name.contains("rate-limit");
    limit && name.split('-').any(|word| word == "reset") && !name.ends_with("-ms")
}

/// The number of requests left, by the `remaining` header that belongs to a `reset` header.
fn remaining(headers: &Headers, reset: &str) -> Option<f64> {
    let name = reset.trim_end_matches("-after").replace("reset", "remaining");
    headers.last(&[name.as_str()], |_, value| number(value))
}

/// Seconds, a duration, or a moment: of RFC 3339, or in seconds or milliseconds since the epoch.
fn wait(value: &str, clock: Clock) -> Option<f64> {
    if let Some(moment) = date::rfc3339(value).or_else(|| date::http(value, clock.now)) {
        return until(moment, clock);
    }
    let seconds = number(value).or_else(|| prose::duration(value).map(|(seconds, _)| seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "a moment of our age fits")]
    match seconds {
        ms if ms >= 1e12 => until((ms / 1e3) as i64, clock),
        epoch if epoch >= EPOCH_SECONDS => until(epoch as i64, clock),
        delta => Some(delta),
    }
}
