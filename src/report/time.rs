//! Times as in the log, in microseconds since the Unix epoch, and as shown in a report, in UTC.

use std::time::Duration;

use crate::base::duration;
use crate::classify::date;

pub const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A timestamp of RFC 3339 with its fraction.
pub fn micros(text: &str) -> Option<i64> {
    as_logged(text.as_bytes()).or_else(|| of_rfc3339(text))
}

/// A timestamp as in our log, `2026-11-26T14:56:07.123456Z`. A fast path, since there is one in every line.
fn as_logged(text: &[u8]) -> Option<i64> {
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    if text.len() != 27 || marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Days that some months lack are left to the slow path.
    if !(1..=12).contains(&month) || !(1..=28).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    Some(((days * 24 + hour) * 60 + minute) * 60 * SECOND + second * SECOND + number(20, 26)?)
}

/// Days since the Unix epoch, after Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn of_rfc3339(text: &str) -> Option<i64> {
    let seconds = date::rfc3339(text)?;
    let fraction = text.get(19..)?.strip_prefix('.').unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).take(6);
    let (value, count) =
        digits.fold((0, 0), |(value, count), digit| (value * 10 + i64::from(digit - b'0'), count + 1));
    Some(seconds * SECOND + value * 10_i64.pow(6 - count))
}

/// A bound of the window: RFC 3339, a date, `today`, `yesterday`, or a duration back from `now`. Days are those of UTC.
pub fn bound(text: &str, now: i64) -> Result<i64, String> {
    let today = now.div_euclid(DAY) * DAY;
    let midnight = || micros(&format!("{text}T00:00:00Z")).filter(|_| text.len() == 10);
    match text {
        "today" => Ok(today),
        "yesterday" => Ok(today - DAY),
        _ => micros(text).or_else(midnight).map_or_else(
            || {
                let back = duration::parse(text).map_err(|_| {
                    format!("invalid time '{text}': use 2026-11-21T21:33:09Z, 2026-11-21, a duration back from now such as 24h, today or yesterday")
                })?;
                Ok(now - i64::try_from(back.as_micros()).unwrap_or(now))
            },
            Ok,
        ),
    }
}

/// `2026-11-26 14:56`.
pub fn minute(at: i64) -> String {
    second(at)[..16].replace('T', " ")
}

/// `2026-11-26T14:56:07Z`.
pub fn second(at: i64) -> String {
    let seconds = at.div_euclid(SECOND);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hours, minutes, seconds) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// `2026-11-26`.
pub fn day(at: i64) -> String {
    second(at)[..10].to_owned()
}

/// The hour of the day, from 0.
pub fn hour(at: i64) -> usize {
    usize::try_from(at.div_euclid(3_600 * SECOND).rem_euclid(24)).unwrap_or_default()
}

/// The date of a day since the Unix epoch, after Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A duration as shown to users, in its two largest units: `41m`, `3h 12m`, `25d`, `1.8s`.
pub fn span(micros: u64) -> String {
    let seconds = (micros + 500_000) / 1_000_000;
    let pair = |large: u64, unit: char, rest: u64, small: char| match rest {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit} {rest}{small}"),
    };
    match seconds {
        0..60 => duration::approximate(Duration::from_micros(micros)),
        60..3_600 => pair(seconds / 60, 'm', seconds % 60, 's'),
        3_600..86_400 => pair(seconds / 3_600, 'h', seconds / 60 % 60, 'm'),
        _ => pair(seconds / 86_400, 'd', seconds / 3_600 % 24, 'h'),
    }
}
