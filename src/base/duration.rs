//! Durations as people write them: `500ms`, `1m 30s`, `2h`, or a bare number of seconds.

use std::time::Duration;

/// Larger values are capped at thirty years: long enough for any wait, and far from the overflow of any clock.
pub const MAX: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The pattern of the texts that [`parse`] accepts, for the JSON Schema: ECMA 262, without anchors and capture groups.
pub fn pattern() -> String {
    let blank = BLANK_PATTERN;
    let part = format!("{DECIMAL}{blank}(?:{}){blank}", units().collect::<Vec<_>>().join("|"));
    format!(r"{blank}(?:\+?{DECIMAL}{EXPONENT}{blank}|-(?:0+\.?0*|\.0+){EXPONENT}{blank}|(?:{part})+)")
}

/// The names of the units.
pub fn units() -> impl Iterator<Item = &'static str> {
    UNITS.iter().flat_map(|(names, _)| *names).copied()
}

/// The pattern of optional blanks around a number and its unit.
pub const BLANK_PATTERN: &str = r"[ \t\n\f\r]*";
/// A number without a sign or an exponent.
pub const DECIMAL: &str = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)";
const EXPONENT: &str = "(?:[eE][+-]?[0-9]+)?";

/// The accepted units in nanoseconds: those of humantime, and both letters for micro (U+00B5, U+03BC).
const UNITS: &[(&[&str], u128)] = &[
    (&["nanos", "nsec", "ns"], 1),
    (&["usec", "us", "\u{b5}s", "\u{3bc}s"], 1_000),
    (&["millis", "msec", "ms"], 1_000_000),
    (&["seconds", "second", "secs", "sec", "s"], SECOND),
    (&["minutes", "minute", "mins", "min", "m"], 60 * SECOND),
    (&["hours", "hour", "hrs", "hr", "h"], 3_600 * SECOND),
    (&["days", "day", "d"], 86_400 * SECOND),
    (&["weeks", "week", "wks", "wk", "w"], 7 * 86_400 * SECOND),
    (&["months", "month", "M"], 2_630_016 * SECOND),
    (&["years", "year", "yrs", "yr", "y"], 31_557_600 * SECOND),
];
const SECOND: u128 = 1_000_000_000;

/// Parses a duration. Negative, infinite and not-a-number values are refused; large ones are capped at [`MAX`]. Values are
/// rounded to the nanosecond, but a positive one never becomes 0, which may mean that there is no limit.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim_ascii();
    if let Some(nanos) = bare_seconds(text).or_else(|| with_units(text)) {
        return Ok(u64::try_from(nanos).map_or(MAX, Duration::from_nanos).min(MAX));
    }
    Err(if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
        format!("invalid duration '{text}': use a finite time such as 30s")
    } else if text.starts_with('-') {
        format!("the duration '{text}' is negative; use 0 or more, such as 500ms or 1m30s")
    } else {
        format!("invalid duration '{text}'; examples: 500ms, 1m30s, 2h, 10 (seconds)")
    })
}

/// The nanoseconds of a number of seconds: `90`, `0.5`, `.5`, `1e3`. The only signs are a plus, and the minus of `-0`.
fn bare_seconds(text: &str) -> Option<u128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let negative = mantissa.strip_prefix('-');
    let digits = negative.or_else(|| mantissa.strip_prefix('+')).unwrap_or(mantissa);
    let (nanos, rest) = decimal(digits, SECOND)?;
    let power = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    if !rest.is_empty() || !power || (negative.is_some() && nanos > 0) {
        return None;
    }
    if exponent.is_none() || nanos == 0 {
        return Some(nanos);
    }
    let seconds: f64 = text.parse().ok()?;
    let exact = Duration::try_from_secs_f64(seconds);
    Some(exact.map_or(u128::MAX, |duration| duration.as_nanos().max(1)))
}

/// The nanoseconds of numbers that each have a unit: `1m 30s`, `1.5h`, `12us`.
fn with_units(text: &str) -> Option<u128> {
    let (mut sum, mut rest) = (0_u128, text);
    while !rest.is_empty() {
        let number = rest;
        let (_, behind) = decimal(number, 1)?;
        let behind = behind.trim_ascii_start();
        let end = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(end);
        let (_, nanos) = UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        sum = sum.saturating_add(decimal(number, *nanos)?.0);
        rest = next.trim_ascii_start();
    }
    (!text.is_empty()).then_some(sum)
}

/// The number at the start of a text, times `unit`, rounded, and at least 1 unless it is 0; and the rest of the text.
fn decimal(text: &str, unit: u128) -> Option<(u128, &str)> {
    /// With this many digits no product overflows, and no nanosecond of any unit is lost.
    const MAX_DIGITS: usize = 21;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut rest) = text.split_at(digits(text));
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        (fraction, rest) = behind.split_at(digits(behind));
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let is_zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
    let whole_units = match whole.trim_start_matches('0') {
        "" => 0,
        digits => digits.parse::<u128>().map_or(u128::MAX, |number| number.saturating_mul(unit)),
    };
    let kept = &fraction[..fraction.len().min(MAX_DIGITS)];
    let scale = 10_u128.pow(u32::try_from(kept.len()).unwrap_or_default());
    let part = kept.parse::<u128>().unwrap_or_default().saturating_mul(unit);
    let sum = whole_units.saturating_add((part + scale / 2) / scale);
    let least = u128::from(!(is_zero(whole) && is_zero(fraction)));
    Some((sum.max(least), rest))
}

/// The exact duration, as it would be written in an option.
pub fn exact(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// The duration for a message, with no more precision than a reader needs: `450ms`, `1.8s`, `2m 5s`.
pub fn approximate(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1_000 {
        return format!("{millis}ms");
    }
    let seconds = duration.as_secs_f64();
    if seconds < 59.95 {
        let tenths = format!("{seconds:.1}");
        return format!("{}s", tenths.strip_suffix(".0").unwrap_or(&tenths));
    }
    let rounded = duration.saturating_add(Duration::from_millis(500));
    exact(Duration::from_secs(rounded.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_written() {
        for (text, millis) in [
            ("0", 0),
            ("0.5", 500),
            ("90", 90_000),
            ("1e3", 1_000_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
            (" 3s ", 3_000),
            (".1s", 100),
            ("5.s", 5_000),
            (".5", 500),
            ("5.", 5_000),
            ("+2", 2_000),
            ("1.5h 30 min", 7_200_000),
            ("2min3sec", 123_000),
            ("-0", 0),
            ("-0.0e5", 0),
        ] {
            assert_eq!(parse(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_what_to_use() {
        for text in [
            "", "s", "five", "-1", "-1s", "inf", "nan", "-inf", "1 parsec", "1s,2s", ".", ".s", "1..2s",
            "1e3s", "1 0s", "+5s", "-0s", "-1e-400", "1e", "1m 30", "5S",
        ] {
            assert!(parse(text).unwrap_err().contains("duration"), "{text}");
        }
    }

    #[test]
    fn a_fraction_finer_than_a_nanosecond_is_rounded_and_never_lost() {
        for (text, nanos) in [
            ("0.3333333333333333s", 333_333_333),
            ("0.3333333333333333333333333333333333333333m", 20_000_000_000),
            ("0.3333333333333333333333333333333333333333", 333_333_333),
            ("1.0000000006s", 1_000_000_001),
            ("0.00000000000000000000000000000000000000000001y", 1),
            ("1e-10", 1),
            ("1e-400", 1),
            ("0.1ns", 1),
            ("0.0000000000s", 0),
            ("0e9", 0),
            ("12us", 12_000),
            ("12\u{b5}s", 12_000),
            ("12\u{3bc}s", 12_000),
            ("1.5\u{3bc}s", 1_500),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_humantime_reads_is_read_as_the_same(nanos in 0..u64::try_from(MAX.as_nanos()).unwrap(), shift in 0..60_u32) {
            let duration = Duration::from_nanos(nanos >> shift);
            proptest::prop_assert_eq!(parse(&exact(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[0-9.+e \\-smhydMµ]{0,12}|.{0,12}") {
            let ours = parse(&text);
            // Blanks inside of a number are humantime's alone.
            if let Ok(theirs) = humantime::parse_duration(&text) && !text.contains(char::is_whitespace) {
                proptest::prop_assert_eq!(ours, Ok(theirs.min(MAX)));
            }
        }
    }

    #[test]
    fn a_large_value_is_thirty_years() {
        for text in
            ["1e30", "99999999999999", "40years", "99999999999999999999999s", "1e400", "1e99999999999"]
        {
            assert_eq!(parse(text).unwrap(), MAX, "{text}");
        }
    }

    #[test]
    fn a_message_says_no_more_digits_than_it_needs() {
        for (millis, text) in [
            (0, "0ms"),
            (12, "12ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_849, "1.8s"),
            (9_960, "10s"),
            (31_200, "31.2s"),
            (59_960, "1m"),
            (125_000, "2m 5s"),
        ] {
            assert_eq!(approximate(Duration::from_millis(millis)), text, "{millis}");
        }
        assert!(approximate(Duration::MAX).contains("year"));
    }
}
