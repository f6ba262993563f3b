//! The clocks.

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::supervise;
use crate::session::Now;

/// Linux's monotonic clock stands still while the machine sleeps; this one does not.
#[cfg(target_os = "linux")]
const CONTINUOUS: ClockId = ClockId::Boottime;
/// On macOS the monotonic clock goes on while the machine sleeps.
#[cfg(not(target_os = "linux"))]
const CONTINUOUS: ClockId = ClockId::Monotonic;

#[cfg(target_os = "linux")]
const AWAKE: ClockId = ClockId::Monotonic;
#[cfg(target_os = "macos")]
const AWAKE: ClockId = ClockId::UptimeRaw;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
const AWAKE: ClockId = ClockId::Monotonic;

/// This moment, less the time that we were stopped by Ctrl-Z.
pub(crate) fn now() -> Now {
    let stopped = supervise::time_stopped();
    Now {
        awake: read(AWAKE).saturating_sub(stopped.awake),
        elapsed: read(CONTINUOUS).saturating_sub(stopped.elapsed),
    }
}

/// The time of day.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
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

/// The longest sleep in one piece: the clock is looked at again after it, in case the machine slept.
pub(crate) const SLICE: Duration = Duration::from_secs(10);

/// Sleeps for `wait`, the machine's own sleep included.
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

fn read(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    Duration::new(u64::try_from(tv_sec).unwrap_or(0), u32::try_from(tv_nsec).unwrap_or(0))
}
