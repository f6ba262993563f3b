//! A store on a Redis or Valkey server: one value per key, changed by compare-and-swap, with leases that expire.
//!
//! The server compares and stores (`server.rs`); a lease is an entry of the value, which its holder has to renew. No
//! conversation blocks for long while a command runs: a renewal continues where it stopped (`talk.rs`).

mod link;
mod password;
mod server;
mod talk;
mod tls;

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::{Pin, pin};
use std::time::Duration;

use self::server::{Edit, Server};
use self::talk::Waits;
use super::MAX_BUSY_WAIT;
use crate::gate::{Free, Grant, StoreTime};
use crate::store::redis_answer::Found;
use crate::store::redis_record::{self as record, LeaseKind, Record};
use crate::store::redis_trouble::{Trouble, TroubleKind};
use crate::store::{Done, Entry, Failure, Leases, Location, Store, Transaction};
use crate::sys::identity;

/// The time after which a lease expires unless it is renewed.
const LEASE_TIME: Duration = Duration::from_secs(30);
/// The longest time for which a renewal blocks its caller. It continues at the next call.
const RENEWAL_SLICE: Duration = Duration::from_millis(20);
/// The longest wait for a name's addresses meanwhile. If that is too short, the known ones are tried.
const RENEWAL_RESOLVE_LIMIT: Duration = Duration::from_millis(100);

/// A server, and the leases that this process holds there.
pub(crate) struct Redis {
    server: Server,
    held: Vec<OwnLease>,
    /// Leases that may have been granted, because no answer arrived: key and id.
    doubtful: Vec<(String, String)>,
    lease: Duration,
    renewal: Option<Renewal>,
}

/// A lease of ours.
#[derive(Clone, Debug)]
struct OwnLease {
    key: String,
    id: String,
    grant: Grant,
}

/// A renewal in progress, on a connection that it has borrowed.
struct Renewal {
    waits: Waits,
    talk: Pin<Box<dyn Future<Output = Renewed>>>,
}

/// The connection, and the result.
type Renewed = (Server, Result<(), Trouble>);

impl Redis {
    /// Does not connect yet.
    pub(super) fn new(location: Location) -> Self {
        Self {
            server: Server::new(location),
            held: Vec::new(),
            doubtful: Vec::new(),
            lease: LEASE_TIME,
            renewal: None,
        }
    }

    #[cfg(test)]
    fn open(url: &str) -> Result<Self, Failure> {
        Location::parse(url).map(Self::new).map_err(Failure)
    }

    fn failure(&self, trouble: &Trouble) -> Failure {
        Failure(format!("cannot use the shared state at {}: {}", self.server.location, trouble.words))
    }

    /// Drives a conversation to its end, unless a signal ends the run. Abandons a renewal in progress.
    fn talk<T>(&mut self, talk: impl AsyncFnOnce(&mut Server) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.renewal = None;
        let waits = self.server.waits.clone();
        let result = talk::to_the_end(&waits, pin!(talk(&mut self.server)));
        result.unwrap_or_else(|| {
            self.server.hang_up();
            Err(Trouble::interrupted())
        })
    }

    fn shown(&self, mut record: Record, now: StoreTime) -> Entry {
        record.purge(now, self.lease);
        let permits_held = record.held(LeaseKind::Permit);
        let probe_held = record.held(LeaseKind::Probe) > 0;
        Entry { key: record.key, state: record.state, permits_held, probe_held, now }
    }

    /// Begins to renew all leases.
    fn begin_renewal(&mut self) -> Renewal {
        let (held, lease) = (self.held.clone(), self.lease);
        let mut server = self.server.lend(RENEWAL_RESOLVE_LIMIT);
        let waits = server.waits.clone();
        let talk = Box::pin(async move {
            let result = renew_all(&mut server, &held, lease).await;
            (server, result)
        });
        Renewal { waits, talk }
    }
}

async fn renew_all(server: &mut Server, held: &[OwnLease], lease: Duration) -> Result<(), Trouble> {
    let keys: BTreeSet<_> = held.iter().map(|held| held.key.as_str()).collect();
    for key in keys {
        let mut lost = false;
        let renewing = server.change_surely(key, |record, now| {
            lost = false;
            let until = now.plus(lease);
            for held in held.iter().filter(|held| held.key == key) {
                for kind in record::kinds(held.grant) {
                    lost |= !record.extend(&held.id, kind, until);
                }
            }
            record.purge(now, lease);
            Edit::Write
        });
        renewing.await?;
        if lost {
            let warning = format!(
                "this run's permit for {key:?} at {} expired and has been acquired again; other runs may have started \
                 in the meantime",
                server.location
            );
            server.warn(warning);
        }
    }
    Ok(())
}

impl Store for Redis {
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure> {
        let id = format!("{:032x}", u128::from_ne_bytes(identity::entropy()));
        let length = self.lease;
        // Dropped in any case: if the server cannot be reached, they expire.
        let (ours, others): (Vec<_>, _) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| leases == Leases::GiveBack && held.key == key);
        self.held = others;
        // Until the server has confirmed their release.
        self.doubtful.extend(ours.into_iter().map(|held| (held.key, held.id)));
        let doubtful: Vec<_> = self.doubtful.iter().filter(|(of, _)| of == key).cloned().collect();
        let ours: Vec<_> = doubtful.iter().map(|(_, id)| id.as_str()).collect();
        let mut granted = Grant::default();
        let edit = |record: &mut Record, now: StoreTime| {
            record.purge(now, length);
            let mut changed = record.give_back(&ours);
            let free = match leases {
                Leases::Take { permits, probe } => record.free(permits, probe),
                Leases::Keep | Leases::GiveBack => Free::default(),
            };
            let before = record.state.clone();
            let grant = decide(Transaction { state: &mut record.state, now, free });
            granted = if matches!(leases, Leases::Take { .. }) { grant } else { Grant::default() };
            changed |= record.take(granted, &id, now.plus(length));
            if changed || record.state != before { Edit::Write } else { Edit::Keep }
        };
        let result = self.talk(async |server: &mut Server| server.change(key, edit).await);
        match result {
            Ok(Done::Done) => self.doubtful.retain(|(of, _)| of != key),
            Ok(Done::Busy) => return Ok(Done::Busy),
            Err(trouble) => {
                if granted != Grant::default() {
                    self.doubtful.push((key.to_owned(), id));
                }
                return match trouble.kind {
                    TroubleKind::Interrupted => Ok(Done::Busy),
                    _ => Err(self.failure(&trouble)),
                };
            }
        }
        if granted != Grant::default() {
            self.held.push(OwnLease { key: key.to_owned(), id, grant: granted });
        }
        Ok(Done::Done)
    }

    fn renew(&mut self) -> Result<Done, Failure> {
        if self.held.is_empty() {
            return Ok(Done::Done);
        }
        let mut renewal = self.renewal.take().unwrap_or_else(|| self.begin_renewal());
        let Some((server, result)) = talk::for_a_while(&renewal.waits, renewal.talk.as_mut(), RENEWAL_SLICE)
        else {
            self.renewal = Some(renewal);
            return Ok(Done::Busy);
        };
        self.server.take_back(server);
        result.map(|()| Done::Done).map_err(|trouble| self.failure(&trouble))
    }

    fn renewal(&self) -> Option<Duration> {
        Some(self.lease / 3)
    }

    fn patience(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(20)..=Duration::from_millis(200)
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Failure> {
        let found = self.talk(async |server: &mut Server| server.every().await);
        let (found, now) = found.map_err(|trouble| self.failure(&trouble))?;
        let mut entries = Vec::new();
        for (name, value) in found {
            let Some(key) = record::key_of(&name) else { continue };
            let record = match value {
                // It expired between the search and the check.
                Found::Nothing => continue,
                Found::Text(bytes) => Record::decode(key, &bytes),
                Found::Odd => None,
            };
            match record {
                Some(record) => entries.push(self.shown(record, now)),
                None => self.server.tell_damaged(key),
            }
        }
        Ok(entries)
    }

    fn entry(&mut self, key: &str) -> Result<Entry, Failure> {
        let seen = self.talk(async |server: &mut Server| server.read(key).await);
        let seen = seen.map_err(|trouble| self.failure(&trouble))?;
        let record = self.server.record(key, &seen.value);
        Ok(self.shown(record, seen.now))
    }

    fn forget(&mut self, key: &str) -> Result<(), Failure> {
        let length = self.lease;
        let edit = |record: &mut Record, now| {
            record.purge(now, length);
            record.state = crate::gate::KeyState::default();
            if record.leases.is_empty() { Edit::Delete } else { Edit::Write }
        };
        let result = self.talk(async |server: &mut Server| server.change_surely(key, edit).await);
        result.map_err(|trouble| self.failure(&trouble))
    }

    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure> {
        let made = make.then(super::new_secret);
        let found = self.talk(async |server: &mut Server| server.secret(made).await);
        found.map_err(|trouble| self.failure(&trouble))
    }

    fn warnings(&mut self) -> Vec<String> {
        self.server.take_warnings()
    }
}

#[cfg(test)]
pub(super) mod tests;
