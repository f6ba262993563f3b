//! The exit statuses of `retry` itself; all others are the command's.

/// A shared limit refused the run before any attempt: `EX_TEMPFAIL` of sysexits.h, for mail queues and schedulers.
pub const REFUSED: u8 = 75;
/// The last attempt was stopped by a timeout or the deadline, as in `timeout(1)`.
pub const TIMED_OUT: u8 = 124;
/// `retry` itself failed: usage, configuration, an internal error, a process tree that could not be killed.
pub const FAILURE: u8 = 125;
/// The command was found but could not be executed (POSIX `sh`, `env`, `timeout`).
pub const NOT_EXECUTABLE: u8 = 126;
/// The command was not found.
pub const NOT_FOUND: u8 = 127;
/// The command failed although its own status was 0: a failed run never exits 0.
pub const FAILED_WITH_ZERO: u8 = 1;

/// The status of a command that died of `signal`: `128 + n`, as in every shell.
pub fn killed_by(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(u8),
    /// By this signal, so that the shell waiting for us sees that we were interrupted.
    Signal(i32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_the_status_that_a_shell_gives_it() {
        for (signal, status) in [(libc::SIGINT, 130), (libc::SIGKILL, 137), (libc::SIGTERM, 143), (64, 192)] {
            assert_eq!(killed_by(signal), status);
        }
        assert_eq!(killed_by(1000), 255);
    }
}
