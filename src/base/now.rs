//! A moment.

use std::time::Duration;

/// A moment, on the two clocks that matter. Both stand still while `retry` is stopped by Ctrl-Z.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Now {
    /// Time that the machine was awake: what an attempt's timeout counts.
    pub awake: Duration,
    /// All time, the machine's sleep included: what deadlines and waits count.
    pub elapsed: Duration,
}
