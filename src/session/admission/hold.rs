//! What keeps an attempt from starting. It is put into words only for those who listen: of a crowd that waits for a rate, each
//! asks again and again.

use std::time::Duration;

use crate::base::Now;
use crate::event::{GateHold, millis};
use crate::gate::{Limit, Reason, StoreTime};
use crate::session::Session;

/// A limit that keeps the next attempt from starting.
pub(in crate::session) struct Hold {
    pub(super) limit: Limit,
    pub(super) why: Reason,
    /// When the limit lets it go at the earliest, and the time until then, where they are known.
    pub(super) until: Option<StoreTime>,
    pub(super) left: Duration,
    /// Until the next look; of a refusal, how long there would be to wait.
    pub(super) wait: Duration,
    /// Of a refusal, why it does not wait.
    pub(super) verdict: String,
}

impl Hold {
    /// A hold of which nothing but the reason is known.
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
