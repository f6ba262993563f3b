//! The stores of shared state as everyone sees them: what a transaction is, what leases are, where a server is, and how a
//! state is written down. Pure; the stores themselves are in `sys/store/`, and one in memory is here.
//!
//! A store only stores: it gives one process at a time a key's state to change, tells the time that all of its users
//! agree on, and frees leases when their holder dies. What the state means is decided in `gate/`.

mod digest;
pub mod file_record;
pub mod key_name;
mod location;
pub mod memory;
pub mod redis_answer;
pub mod redis_record;
pub mod redis_trouble;
pub mod resp;
mod transactions;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::gate::{Ask, Free, Grant, KeyState, Limits, StoreTime};

pub use location::{Address, Location, Login, Secret, Trust};
pub use transactions::{admit, settle};

/// Time that a store keeps a key that nobody uses, after its state has ceased to matter.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The use that a transaction makes of leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leases {
    /// Ours stay as they are.
    #[default]
    Keep,
    /// Leases are wanted; the decision says which are taken.
    Take {
        /// How many permits there are in all, if they are counted.
        permits: Option<u32>,
        probe: bool,
    },
    /// Ours on this key are given back.
    GiveBack,
}

impl Leases {
    /// The leases that an attempt has to have under these limits, unless one around it has them.
    pub fn wanted(limits: &Limits, ask: &Ask) -> Self {
        Leases::Take {
            permits: limits.concurrency.filter(|_| !ask.covered),
            probe: limits.breaker.is_some() && !ask.covered_by_probe,
        }
    }
}

/// A transaction as its decision sees it. The decision may be asked more than once, with a newer state, where another process was faster.
pub struct Transaction<'a> {
    pub state: &'a mut KeyState,
    pub now: StoreTime,
    pub free: Free,
}

/// A key, as a person sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub state: KeyState,
    pub permits_held: u32,
    pub probe_held: bool,
    /// The store's time.
    pub now: StoreTime,
}

/// The state could not be reached, or not in time. Says what, where and why, and no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// The result of a transaction or of renewing, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Done {
    Done,
    /// Nothing was done, or not all: others are at it, or the server takes its time. The next call goes on.
    Busy,
}

/// States by key, shared by all processes that name the same store.
pub trait Store {
    /// Makes a transaction: all of it happens, or nothing. What is granted is held until it is given back, or until this
    /// process dies.
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure>;

    /// Renews our leases; what was lost meanwhile is among the warnings. It takes 20 ms at most: where that is not enough,
    /// it is [`Done::Busy`], and the next call goes on. A store whose leases end with their holder has nothing to do.
    fn renew(&mut self) -> Result<Done, Failure> {
        Ok(Done::Done)
    }

    /// Time between two renewals while leases are held; `None` if there need be none.
    fn renewal(&self) -> Option<Duration> {
        None
    }

    /// The shortest and the longest pause before another look where others must act first.
    fn patience(&self) -> RangeInclusive<Duration>;

    /// Every key that has a state.
    fn entries(&mut self) -> Result<Vec<Entry>, Failure>;

    /// The entry of one key; one without a state is as good as new.
    fn entry(&mut self, key: &str) -> Result<Entry, Failure>;

    /// Forgets a key's state; leases that are held stay held.
    fn forget(&mut self, key: &str) -> Result<(), Failure>;

    /// The random key that this store's users hash credentials with, in hexadecimal digits; `None` where there is none
    /// yet, and none is to be made.
    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure>;

    /// Takes the warnings for a person: a state that was damaged and begins anew, a lease that was lost.
    fn warnings(&mut self) -> Vec<String>;
}

/// A name for credentials, 64 bits of a hash under a store's key: whoever sees the name and does not have the key cannot
/// try out passwords.
pub fn name_of(secret: &str, credentials: &[u8]) -> String {
    let hash = |bytes: &[u8]| digest::sha256(bytes);
    let inner = hash(&[secret.as_bytes(), &[0], credentials].concat());
    let outer = hash(&[secret.as_bytes(), &[1], &inner[..]].concat());
    outer.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
