//! Where the states of keys are kept: files of this host, or a server for many hosts.
//!
//! A store only stores: it gives one process at a time a key's state to change, tells the time that all of its users
//! agree on, and frees leases when their holder dies. What the state means is decided in `gate/`.

mod digest;
mod local;
mod redis;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::error::Error;
use crate::gate::{Ask, At, Free, Grant, KeyState, Limits};
use crate::policy::value::StatePlace;
use crate::sys::{clock, identity};

/// What a transaction does with leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leases {
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
    /// What an attempt has to have under these limits, unless one around it has it.
    pub(crate) fn wanted(limits: &Limits, ask: &Ask) -> Self {
        Leases::Take {
            permits: limits.concurrency.filter(|_| !ask.covered),
            probe: limits.breaker.is_some() && !ask.covered_by_probe,
        }
    }
}

/// What a decision is told. It may be asked more than once, with a newer state, where another process was faster.
pub(crate) struct Sight<'a> {
    pub(crate) state: &'a mut KeyState,
    pub(crate) now: At,
    pub(crate) free: Free,
}

/// A key, as a person sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) state: KeyState,
    pub(crate) permits_held: u32,
    pub(crate) probe_held: bool,
    /// The store's time.
    pub(crate) now: At,
}

/// The state could not be reached, or not in time. Says what, where and why, and no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

/// What came of a transaction that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Done {
    Done,
    /// Others are at it: nothing was done, and another try will do. Each takes a fraction of a second.
    Busy,
}

/// How long is waited for others where the caller has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// States by key, shared by all processes that name the same store.
pub(crate) trait Store {
    /// One transaction: all of it happens, or nothing. What is granted is held until it is given back, or until this
    /// process dies.
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Sight<'_>) -> Grant,
    ) -> Result<Done, Failure>;

    /// The same, waiting for others.
    fn transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Sight<'_>) -> Grant,
    ) -> Result<(), Failure> {
        let began = clock::now().awake;
        while self.try_transact(key, leases, decide)? == Done::Busy {
            if clock::now().awake.saturating_sub(began) >= PATIENCE {
                return Err(Failure(format!("the shared state of {key:?} is busy")));
            }
        }
        Ok(())
    }

    /// Renews our leases, and says what was lost meanwhile.
    fn renew(&mut self) -> Result<(), Failure>;

    /// How often that must be, while leases are held.
    fn renewal(&self) -> Option<Duration>;

    /// How long to wait before another look where others must act first: the shortest and the longest pause.
    fn patience(&self) -> RangeInclusive<Duration>;

    /// Every key that has a state.
    fn entries(&mut self) -> Result<Vec<Entry>, Failure>;

    /// One key; one without a state is as good as new.
    fn entry(&mut self, key: &str) -> Result<Entry, Failure>;

    /// Forgets a key's state; leases that are held stay held.
    fn forget(&mut self, key: &str) -> Result<(), Failure>;

    /// The random key that this store's users hash credentials with, in hexadecimal digits; `None` where there is none
    /// yet, and none is to be made.
    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure>;

    /// What a person should know, once: a state that was damaged and begins anew, a lease that was lost.
    fn warnings(&mut self) -> Vec<String>;
}

/// Where a store is: found out without touching it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A directory of ours, or one that was named.
    Local(local::Place),
    Redis(redis::Location),
}

impl Place {
    /// Fails if there is no such place, as the home of somebody who has none.
    pub(crate) fn new(named: Option<&StatePlace>) -> Result<Self, Error> {
        Ok(match named {
            None => Place::Local(local::Place::Default),
            Some(StatePlace::Directory(path)) => Place::Local(local::Place::Named(path.into())),
            Some(StatePlace::Server(url)) => Place::Redis(redis::Location::parse(url).map_err(Error::usage)?),
        })
    }

    /// The same for every spelling of a place, as far as that can be told without opening it.
    pub(crate) fn identity(&self) -> String {
        match self {
            Place::Local(place) => place.identity(),
            Place::Redis(location) => location.to_string(),
        }
    }

    /// Opens the store.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(match self {
            Place::Local(place) => Box::new(local::Local::open(place)?),
            Place::Redis(location) => Box::new(redis::Redis::new(location.clone())),
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Local(place) => place.path().display().fmt(f),
            Place::Redis(location) => location.fmt(f),
        }
    }
}

/// A new random key, 128 bits.
fn new_secret() -> String {
    format!("{:032x}", u128::from_ne_bytes(identity::entropy()))
}

/// A name for credentials, 64 bits of a hash under a store's key: whoever sees the name and does not have the key cannot
/// try out passwords.
pub(crate) fn name_of(secret: &str, credentials: &[u8]) -> String {
    let hash = |bytes: &[u8]| digest::sha256(bytes);
    let inner = hash(&[secret.as_bytes(), &[0], credentials].concat());
    let outer = hash(&[secret.as_bytes(), &[1], &inner[..]].concat());
    outer.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with a server's URL, if anything; its password is not said.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    redis::Location::parse(url).map(|_| ())
}
