//! The value of a key: its state, and the holders of leases with their expiry. JSON, so that people can read it with any
//! client.
//!
//! Each value begins with a random mark. A writer names the beginning that it has read: that is the comparison of
//! compare-and-swap, and it stays short however many leases there are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::{Free, Grant, KeyState, StoreTime};

/// The version of the format. Fields are only ever added; unknown ones are ignored.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    v: u32,
    /// Number of writes so far.
    pub seq: u64,
    /// The mark of the write.
    pub by: String,
    pub key: String,
    pub state: KeyState,
    #[serde(default)]
    pub leases: Vec<Lease>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub id: String,
    pub kind: LeaseKind,
    pub until: StoreTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaseKind {
    Permit,
    Probe,
}

impl Record {
    pub fn new(key: &str) -> Self {
        Self {
            v: VERSION,
            seq: 0,
            by: String::new(),
            key: key.to_owned(),
            state: KeyState::default(),
            leases: Vec::new(),
        }
    }

    /// None: not ours, damaged, or of a newer version.
    pub fn decode(key: &str, bytes: &[u8]) -> Option<Self> {
        let mut record: Self = serde_json::from_slice(bytes).ok()?;
        let known = record.v <= VERSION && record.state.v <= crate::gate::VERSION;
        key.clone_into(&mut record.key);
        known.then_some(record)
    }

    pub fn encode(&self) -> Vec<u8> {
        // A map with other keys than text, which could not be written, is not in it.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The beginning of this record's bytes, unique to this write.
    pub fn front(&self) -> String {
        format!(r#"{{"v":{},"seq":{},"by":"{}","#, self.v, self.seq, self.by)
    }

    /// Forgets expired leases. One that ends too late comes from before the clock was set back.
    pub fn purge(&mut self, now: StoreTime, lease: Duration) {
        let latest = now.plus(lease.max(Duration::from_secs(30)) * 2);
        self.leases.retain(|held| now < held.until && held.until <= latest);
    }

    pub fn held(&self, kind: LeaseKind) -> u32 {
        let count = self.leases.iter().filter(|held| held.kind == kind).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    pub fn free(&self, permits: Option<u32>, probe: bool) -> Free {
        Free {
            permit: permits.is_none_or(|most| self.held(LeaseKind::Permit) < most),
            probe: probe && self.held(LeaseKind::Probe) == 0,
        }
    }

    /// Takes leases; returns whether there were any to take.
    pub fn take(&mut self, grant: Grant, id: &str, until: StoreTime) -> bool {
        let before = self.leases.len();
        self.leases.extend(kinds(grant).map(|kind| Lease { id: id.to_owned(), kind, until }));
        self.leases.len() > before
    }

    /// Gives leases back; returns whether there were any.
    pub fn give_back(&mut self, ids: &[&str]) -> bool {
        let before = self.leases.len();
        self.leases.retain(|held| !ids.contains(&held.id.as_str()));
        self.leases.len() < before
    }

    /// Extends a lease until then, or takes it again if it is gone. Returns whether it was still there.
    pub fn extend(&mut self, id: &str, kind: LeaseKind, until: StoreTime) -> bool {
        let found = self.leases.iter_mut().find(|held| held.id == id && held.kind == kind);
        let was_there = found.is_some();
        match found {
            Some(held) => held.until = until,
            None => self.leases.push(Lease { id: id.to_owned(), kind, until }),
        }
        was_there
    }

    /// How long the server keeps it: while any part of it can matter.
    pub fn kept(&self, now: StoreTime) -> Duration {
        super::RETENTION + self.state.matters_until().since(now)
    }
}

pub fn kinds(grant: Grant) -> impl Iterator<Item = LeaseKind> {
    let all = [(grant.permit, LeaseKind::Permit), (grant.probe, LeaseKind::Probe)];
    all.into_iter().filter_map(|(granted, kind)| granted.then_some(kind))
}

const BEFORE: &str = "retry:{";
const BEHIND: &str = "}:state";

/// Name of the random key for credentials on the server.
pub const SECRET: &str = "retry:secret";

/// The server pattern for all keys.
pub const EVERY: &str = "retry:{*}:state";

/// The name of a key on the server. The braces place everything that belongs to a key on the same node of a cluster.
pub fn name(key: &str) -> String {
    format!("{BEFORE}{key}{BEHIND}")
}

pub fn key_of(name: &str) -> Option<&str> {
    name.strip_prefix(BEFORE)?.strip_suffix(BEHIND)
}
