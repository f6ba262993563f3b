//! What keeps an attempt from starting. Put into words only if somebody listens, since each attempt of a crowd that waits
//! for a rate asks again and again.

use std::time::Duration;

use crate::base::Now;
use crate::event::{GateHold, millis};
use crate::gate::{Limit, Reason, StoreTime};
use crate::session::Session;

/// A limit that keeps the next attempt from starting.
pub(in crate::session) struct Hold {
    pub(super) limit: Limit,
    pub(super) why: Reason,
    /// The earliest time at which the limit may admit it, and the time until then, if known.
    pub(super) until: Option<StoreTime>,
    pub(super) left: Duration,
    /// Time until the next check; for a refusal, how long the wait would be.
    pub(super) wait: Duration,
    /// For a refusal, why it does not wait.
    pub(super) verdict: String,
}

impl Hold {
    /// A hold of which only the limit and the reason are known.
    pub(in crate::session) fn new(limit: Limit, why: Reason) -> Self {
        let (left, wait) = (Duration::ZERO, Duration::ZERO);
        Self { limit, why, until: None, left, wait, verdict: String::new() }
    }

    /// The hold of this session's next attempt, in words.
    pub(in crate::session) fn told(self, session: &Session, now: Now) -> GateHold {
        let pending = session.gate.as_ref().filter(|gate| gate.pending.is_some());
        GateHold {
            attempt: session.attempts + 1,
            limit: self.limit,
            wait_ms: millis(self.wait),
            waited_ms: millis(pending.map(|gate| gate.held_for(now)).unwrap_or_default()),
            until: self.until.map(|until| until.to_string()),
            reason: self.why.to_string(),
            left: self.left,
            verdict: self.verdict,
            told: pending.is_none(),
        }
    }
}
