//! `retry state check` and `wait`: ask whether an attempt would be admitted, without making one.

use std::time::Duration;

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};

use crate::base::duration::{approximate, exact};
use crate::event::{self, millis};
use crate::gate::{self, Admission, Ask, Delay, Free, Grant, Limit, Limits, Reason, StoreTime};
use crate::policy::Policy;
use crate::store::{Failure, Leases, Store};
use crate::sys::store::Patient;
use crate::sys::{clock, identity};

/// A view of a key from an attempt under these limits.
pub(super) struct Watch<'a> {
    pub(super) store: &'a mut dyn Store,
    pub(super) key: &'a str,
    pub(super) limits: Limits,
    /// The question of an attempt, including the leases of enclosing attempts.
    pub(super) ask: Ask,
}

/// The answer to a check.
pub(super) struct Look {
    /// Why an attempt is held back, if it is.
    pub(super) held: Option<Blocked>,
    /// The length of the wait, if waiting would help.
    delay: Option<Delay>,
}

/// Why an attempt is held back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blocked {
    limit: Limit,
    why: Reason,
    /// The earliest time at which it may be admitted, and the time until then, if known.
    until: Option<(StoreTime, Duration)>,
}

impl Watch<'_> {
    /// The answer that an attempt would get now. Spends nothing, and holds nothing afterwards.
    pub(super) fn look(&mut self, looks: u32) -> Result<Look, Failure> {
        let chance = StdRng::seed_from_u64(u64::from_ne_bytes(identity::entropy())).random();
        let ask = Ask { looks, chance, ..self.ask };
        let (admission, now) = self.ask(&ask)?;
        Ok(match admission {
            Admission::Proceed(_) => Look { held: None, delay: None },
            Admission::Wait(pause) => {
                let delay = pause.delay(now, &ask, &self.store.patience());
                let until = pause.until.map(|until| (until, until.since(now)));
                Look { held: Some(Blocked { limit: pause.limit, why: pause.why, until }), delay: Some(delay) }
            }
            Admission::Refuse(refusal) => Look {
                held: Some(Blocked { limit: refusal.limit, why: refusal.why, until: None }),
                delay: None,
            },
        })
    }

    fn ask(&mut self, ask: &Ask) -> Result<(Admission, StoreTime), Failure> {
        let mut entry = self.store.entry(self.key)?;
        if entry.state.is_ahead_of(entry.now) {
            // The clock was set back. Until the state is adjusted, a closed key would not open any sooner.
            self.store.transact(self.key, Leases::Keep, &mut |transaction| {
                transaction.state.mind_the_clock(transaction.now);
                Grant::default()
            })?;
            entry = self.store.entry(self.key)?;
        }
        let all = Free { permit: true, probe: true };
        let mut told = (entry.state.look(entry.now, &self.limits, ask, all), entry.now);
        // If nothing is held, everything is free, and the store need not create files for leases.
        let is_contested = entry.permits_held > 0 || entry.probe_held;
        let wanted = Leases::wanted(&self.limits, ask);
        if is_contested && wanted != (Leases::Take { permits: None, probe: false }) {
            self.store.transact(self.key, wanted, &mut |transaction| {
                told = (
                    transaction.state.look(transaction.now, &self.limits, ask, transaction.free),
                    transaction.now,
                );
                Grant::default()
            })?;
        }
        Ok(told)
    }

    /// Waits until an attempt would be admitted. `Some` if that would take too long: what holds it back, and the bound.
    pub(super) fn wait(&mut self, bound: Option<&WaitBound>) -> Result<Option<(Blocked, String)>, Failure> {
        let began = clock::now().elapsed;
        for looks in 0.. {
            let waited = clock::now().elapsed.saturating_sub(began);
            self.ask.patience = bound.map(|bound| bound.most.saturating_sub(waited));
            let Look { held: Some(held), delay } = self.look(looks)? else { break };
            let Some(delay) = delay else {
                return Ok(Some((held, "waiting would not help".to_owned())));
            };
            let waited = clock::now().elapsed.saturating_sub(began);
            let Some(bound) = bound else {
                clock::sleep(delay.look);
                continue;
            };
            if delay.is_too_long(waited, bound.most) {
                return Ok(Some((held, gate::not_waiting(&bound.words, looks > 0))));
            }
            clock::sleep(delay.look.min(bound.most.saturating_sub(waited)));
        }
        Ok(None)
    }
}

/// The longest wait, and the setting that bounds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WaitBound {
    most: Duration,
    /// The setting, in words.
    words: String,
}

impl WaitBound {
    /// `--gate-wait`, or the deadline of the policy or of an enclosing run, whichever is shorter.
    pub(super) fn new(policy: &Policy) -> Option<Self> {
        let gate_wait = policy.gate_wait.0.map(|most| (most, format!("--gate-wait {}", exact(most))));
        let deadline = policy.deadline.0.map(|most| (most, format!("deadline in {}", approximate(most))));
        let (most, words) = [gate_wait, deadline].into_iter().flatten().min()?;
        Some(Self { most, words })
    }
}

impl Blocked {
    pub(super) fn words(&self) -> String {
        let until = self.until.map(|(until, _)| until.to_string());
        let wait = self.until.map(|(_, wait)| wait).unwrap_or_default();
        event::held_back(self.limit, &self.why.to_string(), until.as_deref(), wait)
    }

    /// The answer for programs. `until` and `wait_ms` are null if the wait depends on others.
    pub(super) fn json(key: &str, held: Option<&Blocked>) -> Json {
        let Some(held) = held else {
            return json!({
                "key": key, "admitted": true, "limit": null, "reason": null, "until": null, "wait_ms": 0.0,
            });
        };
        json!({
            "key": key,
            "admitted": false,
            "limit": held.limit,
            "reason": held.why.to_string(),
            "until": held.until.map(|(until, _)| until.to_string()),
            "wait_ms": held.until.map(|(_, wait)| millis(wait)),
        })
    }
}
