//! The interface of stores of shared state: transactions, leases, the location of a server, and the format in which states
//! are stored. Pure; the stores themselves are in `sys/store/`, except the one in memory.
//!
//! A store only stores: it lets one process at a time change the state of a key, provides a clock on which all of its users
//! agree, and frees leases when their holder dies. `gate/` decides what the state means.

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

/// How long a store keeps an unused key after its state has ceased to matter.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a transaction does with leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leases {
    /// Keeps ours as they are.
    #[default]
    Keep,
    /// Takes leases; the decision says which.
    Take {
        /// The total number of permits, if they are counted.
        permits: Option<u32>,
        probe: bool,
    },
    /// Gives back ours on this key.
    GiveBack,
}

impl Leases {
    /// The leases that an attempt needs under these limits, except those that an enclosing attempt holds.
    pub fn wanted(limits: &Limits, ask: &Ask) -> Self {
        Leases::Take {
            permits: limits.concurrency.filter(|_| !ask.covered),
            probe: limits.breaker.is_some() && !ask.covered_by_probe,
        }
    }
}

/// A transaction as seen by its decision. If another process was faster, the decision is asked again with the newer state.
pub struct Transaction<'a> {
    pub state: &'a mut KeyState,
    pub now: StoreTime,
    pub free: Free,
}

/// A key for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub state: KeyState,
    pub permits_held: u32,
    pub probe_held: bool,
    /// The store's time.
    pub now: StoreTime,
}

/// The state could not be reached, or not in time. Says what, where and why, without any password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// The result of a transaction or a renewal that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Done {
    Done,
    /// Nothing, or not everything, was done: the state is busy, or the server is slow. The next call continues.
    Busy,
}

/// States by key, shared by all processes that name the same store.
pub trait Store {
    /// Performs a transaction atomically. Granted leases are held until they are given back, or until this process dies.
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure>;

    /// Renews our leases; lost ones are reported as warnings. Takes at most 20 ms: if that is not enough, the result is
    /// [`Done::Busy`] and the next call continues. A no-op for stores whose leases end with their holder.
    fn renew(&mut self) -> Result<Done, Failure> {
        Ok(Done::Done)
    }

    /// Time between two renewals while leases are held; `None` if none are needed.
    fn renewal(&self) -> Option<Duration> {
        None
    }

    /// The shortest and the longest pause before asking again, if others must act first.
    fn patience(&self) -> RangeInclusive<Duration>;

    /// Every key that has a state.
    fn entries(&mut self) -> Result<Vec<Entry>, Failure>;

    /// The entry of one key; without a state it counts as new.
    fn entry(&mut self, key: &str) -> Result<Entry, Failure>;

    /// Forgets a key's state; leases stay held.
    fn forget(&mut self, key: &str) -> Result<(), Failure>;

    /// The random key with which this store's users hash credentials, in hexadecimal digits; `None` if there is none yet
    /// and none is to be created.
    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure>;

    /// Takes the pending warnings: a damaged state that was reset, a lease that was lost.
    fn warnings(&mut self) -> Vec<String>;
}

/// A name for credentials, 64 bits of a hash under a store's key: without the key, the name does not help to guess
/// passwords.
pub fn name_of(secret: &str, credentials: &[u8]) -> String {
    let hash = |bytes: &[u8]| digest::sha256(bytes);
    let inner = hash(&[secret.as_bytes(), &[0], credentials].concat());
    let outer = hash(&[secret.as_bytes(), &[1], &inner[..]].concat());
    outer.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
