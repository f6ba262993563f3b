//! The stores for the states of keys: files of this host, or a server for many hosts. Their interface is in the pure room
//! `store/`.

mod local;
mod redis;

use std::time::Duration;

use crate::base::error::Error;
use crate::gate::Grant;
use crate::policy::value::StatePlace;
use crate::store::{Done, Failure, Leases, Location, Store, Transaction};
use crate::sys::{clock, identity};

/// The longest wait for other processes if the caller has no other work.
const MAX_BUSY_WAIT: Duration = Duration::from_secs(10);

/// Transactions that wait for other processes.
pub(crate) trait Patient: Store {
    /// Like [`Store::try_transact`], but repeated while the state is busy, for at most ten seconds.
    fn transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<(), Failure> {
        let began = clock::now().awake;
        while self.try_transact(key, leases, decide)? == Done::Busy {
            if clock::now().awake.saturating_sub(began) >= MAX_BUSY_WAIT {
                return Err(Failure(format!("the shared state of {key:?} is busy")));
            }
        }
        Ok(())
    }
}

impl<S: Store + ?Sized> Patient for S {}

/// The location of a store, determined without accessing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreLocation {
    /// Our default directory, or one that was named.
    Local(local::StateDir),
    Redis(Location),
}

impl StoreLocation {
    /// Fails if the location does not exist, such as the home directory of a user without one.
    pub(crate) fn new(named: Option<&StatePlace>) -> Result<Self, Error> {
        Ok(match named {
            None => StoreLocation::Local(local::StateDir::Default),
            Some(StatePlace::Directory(path)) => StoreLocation::Local(local::StateDir::Named(path.into())),
            Some(StatePlace::Server(url)) => {
                StoreLocation::Redis(Location::parse(url).map_err(Error::usage)?)
            }
        })
    }

    /// A name that is the same for every spelling of a location, as far as can be determined without opening it.
    pub(crate) fn identity(&self) -> String {
        match self {
            StoreLocation::Local(directory) => directory.identity(),
            StoreLocation::Redis(location) => location.to_string(),
        }
    }

    /// Opens the store.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(match self {
            StoreLocation::Local(directory) => Box::new(local::Local::open(directory)?),
            StoreLocation::Redis(location) => Box::new(redis::Redis::new(location.clone())),
        })
    }
}

impl std::fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreLocation::Local(directory) => directory.path().display().fmt(f),
            StoreLocation::Redis(location) => location.fmt(f),
        }
    }
}

/// A new random key, 128 bits.
fn new_secret() -> String {
    format!("{:032x}", u128::from_ne_bytes(identity::entropy()))
}

#[cfg(test)]
mod tests;
