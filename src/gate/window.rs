//! The window that a server, or a person, closed a key for: nobody starts an attempt before it is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{At, Limit, Pause};

/// Who waited comes back spread over a share of the window, so that the server does not meet all of them at once.
const SPREAD_SHARE: f64 = 0.5;
const SPREAD_LEAST: Duration = Duration::from_secs(1);
const SPREAD_MOST: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) from: At,
    pub(super) until: At,
    /// Closed by a person or another program, not by a server's answer.
    #[serde(default)]
    pub(super) by_hand: bool,
}

impl Window {
    pub(super) fn new(now: At, time: Duration, by_hand: bool) -> Self {
        Self { from: now, until: now.plus(time), by_hand }
    }

    /// Both: a window is never shortened by another one.
    pub(super) fn joined(self, other: Option<Window>) -> Self {
        other.filter(|other| other.until > self.until).unwrap_or(self)
    }

    /// Why to wait, if it is not over.
    pub(super) fn check(self, now: At) -> Option<Pause> {
        let spread = self.until.since(self.from).mul_f64(SPREAD_SHARE);
        (now < self.until).then(|| Pause {
            limit: Limit::Window,
            until: Some(self.until),
            spread: spread.clamp(SPREAD_LEAST, SPREAD_MOST),
            why: if self.by_hand { "the key was closed by hand" } else { "the server asked all to wait" }
                .to_owned(),
        })
    }
}
