//! Durations as people write them: `500ms`, `1m 30s`, `2h`, or a bare number of seconds.

use std::time::Duration;

/// Large values are held at thirty years: long enough for any wait, far from every clock's overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Reads a duration. Negative, infinite and not-a-number values are refused, large ones are held at [`LONGEST`].
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        if !seconds.is_finite() {
            return Err(format!("invalid duration '{text}': use a finite time such as 30s"));
        }
        if seconds < 0.0 {
            return Err(format!("the duration '{text}' is negative; use 0 or more, such as 500ms or 1m30s"));
        }
        return Ok(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |duration| duration.min(LONGEST)));
    }
    match humantime::parse_duration(text) {
        Ok(duration) => Ok(duration.min(LONGEST)),
        Err(humantime::DurationError::NumberOverflow) => Ok(LONGEST),
        Err(_) if text.starts_with('-') => {
            Err(format!("the duration '{text}' is negative; use 0 or more, such as 500ms or 1m30s"))
        }
        Err(_) => Err(format!("invalid duration '{text}'; examples: 500ms, 1m30s, 2h, 10 (seconds)")),
    }
}

/// The duration as it would be written in an option, exact.
pub(crate) fn exact(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// The duration as it is said in a message, no finer than anyone reads it: `450ms`, `1.8s`, `2m 5s`.
pub(crate) fn approximate(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1_000 {
        return format!("{millis}ms");
    }
    let seconds = duration.as_secs_f64();
    if seconds < 59.95 {
        let tenths = format!("{seconds:.1}");
        return format!("{}s", tenths.strip_suffix(".0").unwrap_or(&tenths));
    }
    let rounded = duration + Duration::from_millis(500);
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
        ] {
            assert_eq!(parse(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_what_to_write() {
        for text in ["", "s", "five", "-1", "-1s", "inf", "nan", "1e400", "-inf", "1 parsec", "1s,2s"] {
            assert!(parse(text).unwrap_err().contains("duration"), "{text}");
        }
    }

    #[test]
    fn a_large_value_is_thirty_years() {
        for text in ["1e30", "99999999999999", "40years", "99999999999999999999999s"] {
            assert_eq!(parse(text).unwrap(), LONGEST, "{text}");
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
    }
}
