//! A moment.

use std::time::Duration;

/// A point in time, on the two clocks that matter. Both stand still while `retry` is stopped by Ctrl-Z.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Now {
    /// Time that the machine was awake. Used for an attempt's timeout.
    pub awake: Duration,
    /// All time, including suspension of the machine. Used for deadlines and waits.
    pub elapsed: Duration,
}
