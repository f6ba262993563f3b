//! Parses dates as servers write them, into seconds since the Unix epoch.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date in one of the three forms of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37
/// GMT`, `Sun Nov  6 08:49:37 1994`. `now` resolves two-digit years: a date more than 50 years ahead is in the past.
pub fn http(text: &str, now: i64) -> Option<i64> {
    // No date has more words, and the text after it may be long.
    let words: Vec<&str> = text.split_ascii_whitespace().take(8).collect();
    match words[..] {
        [weekday, date, time, zone, ..] if weekday.ends_with(',') && date.contains('-') && is_gmt(zone) => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let (short, exact): (i64, bool) = (digits(year)?, year.len() > 2);
            let year = if exact { short } else { century(short, now) };
            moment(year, self::month(month)?, digits(day)?, time)
        }
        [weekday, day, month, year, time, zone, ..] if weekday.ends_with(',') && is_gmt(zone) => {
            moment(digits(year)?, self::month(month)?, digits(day)?, time)
        }
        [weekday, month, day, time, year, ..] if weekday.len() == 3 => {
            moment(digits(year)?, self::month(month)?, digits(day)?, time)
        }
        _ => None,
    }
}

/// `2023-08-04T12:00:00Z` or `2024-12-01 10:11:12 UTC`; UTC if no zone is given.
pub fn iso(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let time = text.get(11..19)?;
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ' | b'\n') {
        return None;
    }
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = u32::try_from(digits(month)?).ok()?;
    moment(digits(year)?, month, digits(day)?, time)
}

/// A timestamp of RFC 3339, `2026-11-21T21:33:09.5+02:00`; UTC if no zone is given.
pub fn rfc3339(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = iso(text)?;
    let zone = text.get(19..)?;
    let zone =
        zone.strip_prefix('.').map_or(zone, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let (sign, offset) = match zone.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(at),
        [b'+', ..] => (1, &zone[1..]),
        [b'-', ..] => (-1, &zone[1..]),
        _ => return None,
    };
    let (hours, minutes) =
        offset.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then(|| at - sign * (hours * 3_600 + minutes * 60))
}

fn is_gmt(zone: &str) -> bool {
    let zone = zone.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    matches!(zone, "GMT" | "UTC" | "gmt" | "utc")
}

fn month(name: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    u32::try_from(at + 1).ok()
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn century(short: i64, now: i64) -> i64 {
    // A year has 31,556,952 seconds on average.
    let this_year = (1970 + now / 31_556_952).clamp(0, 9_999);
    let year = this_year - this_year % 100 + short;
    if year > this_year + 50 { year - 100 } else { year }
}

fn moment(year: i64, month: u32, day: i64, time: &str) -> Option<i64> {
    let mut parts = time.trim_end_matches(|c: char| !c.is_ascii_digit()).split(':');
    let (hour, minute, second) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    valid.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is the last day.
fn days(year: i64, month: u32, day: i64) -> i64 {
    let month = i64::from(month);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_297_517;

    #[test]
    fn the_three_dates_of_http_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 GMT and see",
        ] {
            assert_eq!(http(text, NOW), Some(784_111_777), "{text}");
        }
        assert_eq!(http("Thu, 01 Jan 1970 00:00:00 GMT", NOW), Some(0));
        assert_eq!(http("Tue, 29 Feb 2028 12:00:00 GMT", NOW), Some(1_835_438_400));
        // Two digits: at most 50 years ahead.
        assert_eq!(http("Friday, 06-Nov-76 00:00:00 GMT", NOW), Some(3_371_846_400));
        assert_eq!(http("Sunday, 06-Nov-77 00:00:00 GMT", NOW), Some(247_622_400));
    }

    #[test]
    fn a_moment_with_an_offset_is_that_moment_elsewhere() {
        let noon = iso("2026-11-21T12:00:00Z");
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T12:00:00",
            "2026-11-21 12:00:00.123z",
            "2026-11-21T14:00:00+02:00",
            "2026-11-21T02:30:00.5-09:30",
            "2026-11-22T00:00:00+12:00",
        ] {
            assert_eq!(rfc3339(text), noon, "{text}");
        }
        for text in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T12:00:00+2",
            "2026-11-21T12:00:00+02",
            "2026-11-21T12:00:00+25:00",
            "2026-11-21T12:00:00 CET",
            "2026-13-21T12:00:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "120",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994",
        ] {
            assert_eq!(http(text, NOW), None, "{text}");
        }
        assert_eq!(iso("2023-08-04T12:00:00Z"), Some(1_691_150_400));
        assert_eq!(iso("2024-12-01 10:11:12 UTC"), Some(1_733_047_872));
        assert_eq!(iso("2024-12-01"), None);
        assert_eq!(iso("2024-13-01T10:11:12Z"), None);
    }

    #[test]
    fn another_zone_than_gmt_is_no_http_date() {
        for text in ["Sun, 06 Nov 1994 08:49:37 EST", "Sunday, 06-Nov-94 08:49:37 EST"] {
            assert_eq!(http(text, NOW), None, "{text}");
        }
        assert_eq!(http("Sun, 06 Nov 1994 08:49:37 UTC.", NOW), http("Sun, 06 Nov 1994 08:49:37 GMT", NOW));
    }
}
