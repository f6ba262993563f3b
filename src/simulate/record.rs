//! The counts of a simulated run, second by second.

use crate::base::words::plural;

/// A second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Requests that clients sent.
    pub offered: u32,
    /// Answers of success that a client waited for.
    pub served: u32,
    /// Requests that the server refused at once.
    pub refused: u32,
    /// The most requests that waited at the server.
    pub queue: u32,
    /// Operations that began, and those that ended, well and not.
    pub begun: u32,
    pub succeeded: u32,
    pub lost: u32,
}

/// The wait that a run of the first client made after a failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Waited {
    /// The attempt that failed.
    pub attempt: u64,
    /// As drawn by the policy, in milliseconds.
    pub backoff_ms: f64,
    /// As it was actually waited.
    pub delay_ms: f64,
}

/// A simulated run. Time 0 is the end of the warm-up, before which nothing is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub seconds: Vec<Second>,
    /// Requests.
    pub calls: u64,
    pub operations: u64,
    pub succeeded: u64,
    pub lost: u64,
    /// The duration of each successful operation in nanoseconds, sorted once the run is over.
    pub times: Vec<u64>,
    /// When the first and the last operation succeeded, in nanoseconds.
    pub first: Option<u64>,
    pub last: Option<u64>,
    /// The waits of the first client's first operation.
    pub waits: Vec<Waited>,
    /// The simulated time that was reached, in nanoseconds: the end, or the time of an interruption.
    pub reached: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Record {
    /// The second of this moment.
    pub(super) fn second(&mut self, at: u64) -> &mut Second {
        let place = usize::try_from(at / SECOND).unwrap_or_default();
        if place >= self.seconds.len() {
            self.seconds.resize(place + 1, Second::default());
        }
        &mut self.seconds[place]
    }

    pub(super) fn sent(&mut self, at: u64) {
        self.calls += 1;
        self.second(at).offered += 1;
    }

    pub(super) fn begun(&mut self, at: u64) {
        self.operations += 1;
        self.second(at).begun += 1;
    }

    /// An operation that began at `began` is over.
    pub(super) fn ended(&mut self, began: u64, at: u64, well: bool) {
        if well {
            self.succeeded += 1;
            self.times.push(at - began);
            self.first.get_or_insert(at);
            self.last = Some(at);
            self.second(at).succeeded += 1;
        } else {
            self.lost += 1;
            self.second(at).lost += 1;
        }
    }

    /// Operations that were neither over nor given up at the end.
    pub fn unfinished(&self) -> u64 {
        self.operations - self.succeeded - self.lost
    }

    /// Calls per operation.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub fn amplification(&self) -> f64 {
        self.calls as f64 / self.operations.max(1) as f64
    }

    /// The time within which this share of the operations was done, in nanoseconds; `None` if fewer were.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank"
    )]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = (share * self.operations as f64).ceil().max(1.0) as usize;
        self.times.get(rank - 1).copied()
    }

    /// The operations in words: `1,000 operations`.
    pub fn told(&self) -> String {
        plural(self.operations, "operation")
    }
}
