//! Figures in a report: shares, counts and durations as text.

use super::model::Interval;
use super::time;
use crate::base::duration;
use crate::base::words::plural;

/// `31.0 % (17-49)`.
pub fn with_interval(share: &Interval) -> String {
    format!("{:.1} % ({:.0}-{:.0})", share.rate * 100.0, share.low * 100.0, share.high * 100.0)
}

/// `6.0 %`.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn percent(count: u64, of: u64) -> Option<String> {
    (of > 0).then(|| format!("{:.1} %", count as f64 * 100.0 / of as f64))
}

/// `1,104 runs`.
pub fn counted(count: u64, noun: &str) -> String {
    let text = plural(count, noun);
    text.replacen(&count.to_string(), &grouped(count), 1)
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds of a report are positive"
)]
fn micros(millis: f64) -> u64 {
    (millis * 1e3).round() as u64
}

/// A duration as shown to users.
pub fn span(millis: f64) -> String {
    time::span(micros(millis))
}

/// A duration for an option, in whole seconds, rounded up.
pub(super) fn option(millis: f64) -> String {
    let seconds = micros(millis).div_ceil(1_000_000);
    duration::exact(std::time::Duration::from_secs(seconds)).replace(' ', "")
}
