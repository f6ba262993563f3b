//! The clocks.

use std::time::{Duration, SystemTime};

use super::supervise;
use crate::base::Now;

/// The current time, without the time for which we were stopped by Ctrl-Z.
pub(crate) fn now() -> Now {
    supervise::moment()
}

/// The time of day.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The time of day in RFC 3339, UTC, to the microsecond. Times before 1970 or after the year 9999, which the format cannot
/// express, are clamped to that range.
pub(crate) fn rfc3339_micros() -> String {
    rfc3339_before(Duration::ZERO)
}

/// The time of day this long ago, in RFC 3339.
pub(crate) fn rfc3339_before(ago: Duration) -> String {
    let since = wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    rfc3339(since.saturating_sub(ago)).to_string()
}

fn rfc3339(since: Duration) -> humantime::Rfc3339Timestamp {
    const LAST: Duration = Duration::new(253_402_300_799, 999_999_999);
    humantime::format_rfc3339_micros(SystemTime::UNIX_EPOCH + since.min(LAST))
}

/// The time of day as the time since the Unix epoch.
pub(crate) fn since_epoch() -> Duration {
    wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Milliseconds since the Unix epoch.
pub(crate) fn unix_millis() -> u64 {
    let since = wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Microseconds since the Unix epoch.
pub(crate) fn unix_micros() -> u64 {
    let since = wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Seconds since the Unix epoch.
pub(crate) fn unix_seconds() -> i64 {
    i64::try_from(unix_millis() / 1000).unwrap_or(i64::MAX)
}

/// The longest single sleep. The clock is read again after it, in case the machine was suspended.
pub(crate) const SLICE: Duration = Duration::from_secs(10);

/// Sleeps for `wait`, including time for which the machine is suspended.
pub(crate) fn sleep(wait: Duration) {
    let until = now().elapsed.saturating_add(wait);
    loop {
        let left = until.saturating_sub(now().elapsed);
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(SLICE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clock_can_be_told() {
        for (seconds, told) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
            (253_402_300_800, "9999-12-31T23:59:59.999999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)).to_string(), told);
        }
    }
}
