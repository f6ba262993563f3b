//! A Redis or Valkey server: one value per key, changed by compare-and-swap; leases that run out.
//!
//! The server compares and stores; what a state means is decided here, and time is the server's. A dead connection is
//! made again once per transaction. Nothing connects before it is needed, and nothing waits longer than [`link::LIMIT`]
//! for one step.

mod link;
mod password;
mod scripts;
mod tls;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use ::redis::{Value, cmd, from_redis_value};

use self::link::Link;
use self::scripts::{Found, Scripts, Seen};
use self::trouble::Trouble;
use super::MAX_BUSY_WAIT;
use crate::gate::{Free, Grant, StoreTime};
use crate::store::Location;
use crate::store::redis_record::{self as record, LeaseKind, Record};
use crate::store::{Done, Entry, Failure, Leases, Store, Transaction};
use crate::sys::identity;

/// How long a lease lasts that is not renewed.
const LEASE_TIME: Duration = Duration::from_secs(30);
/// How long one transaction tries again where others keep being faster, before it lets its caller look around.
const CONTENDED: Duration = Duration::from_millis(500);
/// The pauses between tries are drawn from zero to a bound, which doubles from the first to the last.
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(400);
/// Keys per step of a search for all of them.
const SCAN_BATCH_KEYS: u32 = 1000;

/// A server, and what this process holds there.
pub(crate) struct Redis {
    location: Location,
    link: Option<(Link, Scripts)>,
    held: Vec<OwnLease>,
    /// Leases that may have been granted: the answer did not come. Key and id.
    doubtful: Vec<(String, String)>,
    lease: Duration,
    warnings: Vec<String>,
    /// Keys whose damaged value was told of.
    damaged: BTreeSet<String>,
}

/// A lease of ours.
#[derive(Clone, Debug)]
struct OwnLease {
    key: String,
    id: String,
    grant: Grant,
}

/// What is to become of a value.
enum Edit {
    Keep,
    Write,
    Delete,
}

impl Redis {
    /// Connects to nothing yet.
    pub(super) fn new(location: Location) -> Self {
        Self {
            location,
            link: None,
            held: Vec::new(),
            doubtful: Vec::new(),
            lease: LEASE_TIME,
            warnings: Vec::new(),
            damaged: BTreeSet::new(),
        }
    }

    #[cfg(test)]
    fn open(url: &str) -> Result<Self, Failure> {
        Location::parse(url).map(Self::new).map_err(Failure)
    }

    fn failure(&self, trouble: &Trouble) -> Failure {
        Failure(format!("cannot use the shared state at {}: {}", self.location, trouble.words))
    }

    /// Something to do on a connection; one that failed us is not used again.
    fn on_link<T>(
        &mut self,
        step: impl FnOnce(&mut Link, &Scripts) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let (link, scripts) = match &mut self.link {
            Some(made) => made,
            none => none.insert((Link::connect(&self.location)?, Scripts::new())),
        };
        let result = step(link, scripts);
        if result.as_ref().is_err_and(|trouble| !trouble.is_an_answer()) {
            self.link = None;
        }
        result
    }

    /// The same; once more on another connection, if this one turns out to be dead.
    fn on_live_link<T>(
        &mut self,
        mut step: impl FnMut(&mut Link, &Scripts) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        match self.on_link(&mut step) {
            Err(trouble) if trouble.kind == trouble::Kind::Dead => self.on_link(step),
            other => other,
        }
    }

    /// The record of what was seen; a new one where it is nothing, or no record.
    fn record(&mut self, key: &str, seen: &Seen) -> Record {
        let found = match &seen.value {
            Found::Nothing => return Record::new(key),
            Found::Text(bytes) => Record::decode(key, bytes),
            Found::Odd => None,
        };
        found.unwrap_or_else(|| {
            self.tell_damaged(key);
            Record::new(key)
        })
    }

    fn tell_damaged(&mut self, key: &str) {
        if self.damaged.insert(key.to_owned()) {
            let what = "is damaged, or of another version";
            let warning = format!("the shared state of {key:?} at {} {what}: it begins anew", self.location);
            self.warnings.push(warning);
        }
    }

    /// Changes a key's record as `edit` says, which is asked again with a newer one where others were faster.
    fn change(
        &mut self,
        key: &str,
        mut edit: impl FnMut(&mut Record, StoreTime) -> Edit,
    ) -> Result<Done, Trouble> {
        let name = record::name(key);
        let mark = format!("{:016x}", u64::from_ne_bytes(identity::entropy()));
        let mut reconnected = false;
        let mut seen = self.on_live_link(|link, scripts| scripts.read(link, &name))?;
        let mut contention = Contention::default();
        loop {
            let mut record = self.record(key, &seen);
            if reconnected && record.by == mark {
                // The connection died behind our write, and before its answer.
                return Ok(Done::Done);
            }
            let front = front(&seen.value, &record);
            let value = match edit(&mut record, seen.now) {
                Edit::Keep => return Ok(Done::Done),
                Edit::Delete => Vec::new(),
                Edit::Write => {
                    record.seq += 1;
                    record.by.clone_from(&mark);
                    record.encode()
                }
            };
            let new = (value.as_slice(), record.kept(seen.now));
            let swapped = self.on_link(|link, scripts| scripts.swap(link, &name, (&seen.value, &front), new));
            seen = match swapped {
                Ok(None) => return Ok(Done::Done),
                Ok(Some(_)) if contention.is_lasting() => return Ok(Done::Busy),
                Ok(Some(newer)) if !contention.pause() => newer,
                Ok(Some(_)) => self.on_live_link(|link, scripts| scripts.read(link, &name))?,
                Err(trouble) if trouble.kind == trouble::Kind::Dead && !reconnected => {
                    reconnected = true;
                    self.on_link(|link, scripts| scripts.read(link, &name))?
                }
                Err(trouble) => return Err(trouble),
            };
        }
    }

    /// The same, waiting for others.
    fn change_surely(
        &mut self,
        key: &str,
        mut edit: impl FnMut(&mut Record, StoreTime) -> Edit,
    ) -> Result<(), Trouble> {
        let began = Instant::now();
        while self.change(key, &mut edit)? == Done::Busy {
            if began.elapsed() >= MAX_BUSY_WAIT {
                return Err(Trouble::lasting("too many others change this key"));
            }
        }
        Ok(())
    }

    /// Keys by what they are called on the server, with their values: those that are ours and can be read.
    fn every(&mut self) -> Result<(BTreeMap<String, Value>, StoreTime), Trouble> {
        let mut found = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let (next, names): (u64, Vec<Vec<u8>>) = self.on_live_link(|link, _| {
                let mut scan = cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(record::EVERY).arg("COUNT").arg(SCAN_BATCH_KEYS);
                from_redis_value(link.call(&scan)?).map_err(|_| scripts::not_understood())
            })?;
            let names: Vec<_> = names.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
            let reads: Vec<_> = names.iter().map(|name| cmd("GET").arg(name).take()).collect();
            let values = self.on_live_link(|link, _| link.call_all(&reads))?;
            for (name, value) in names.into_iter().zip(values) {
                // What is no text is told of like what cannot be read.
                found.insert(name, value.unwrap_or(Value::Okay));
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let time = self.on_live_link(|link, _| link.call(&cmd("TIME")))?;
        let (seconds, micros) = from_redis_value(time).map_err(|_| scripts::not_understood())?;
        Ok((found, scripts::at(seconds, micros)))
    }

    fn shown(&self, mut record: Record, now: StoreTime) -> Entry {
        record.purge(now, self.lease);
        let permits_held = record.held(LeaseKind::Permit);
        let probe_held = record.held(LeaseKind::Probe) > 0;
        Entry { key: record.key, state: record.state, permits_held, probe_held, now }
    }

    fn renew_key(&mut self, key: &str) -> Result<(), Trouble> {
        let ours: Vec<_> = self.held.iter().filter(|held| held.key == key).cloned().collect();
        let length = self.lease;
        let mut lost = false;
        self.change_surely(key, |record, now| {
            lost = false;
            let until = now.plus(length);
            for held in &ours {
                for kind in record::kinds(held.grant) {
                    lost |= !record.extend(&held.id, kind, until);
                }
            }
            record.purge(now, length);
            Edit::Write
        })?;
        if lost {
            let warning = format!(
                "the place of this run under {key:?} was lost at {} and taken again: others may have run beside it",
                self.location
            );
            self.warnings.push(warning);
        }
        Ok(())
    }
}

/// How the value that was seen begins, and no other does.
fn front(seen: &Found, record: &Record) -> Vec<u8> {
    let Found::Text(bytes) = seen else { return Vec::new() };
    let front = record.front().into_bytes();
    if bytes.starts_with(&front) { front } else { bytes.clone() }
}

/// Others write the same key.
#[derive(Default)]
struct Contention {
    began: Option<Instant>,
    misses: u32,
}

impl Contention {
    fn is_lasting(&mut self) -> bool {
        self.began.get_or_insert_with(Instant::now).elapsed() > CONTENDED
    }

    /// Gives way to the others, the longer the more they are. The first time there is nothing to wait for: false.
    fn pause(&mut self) -> bool {
        self.misses += 1;
        if self.misses == 1 {
            return false;
        }
        let most = (*PAUSES.start()).saturating_mul(1 << self.misses.min(16)).min(*PAUSES.end());
        let share = f64::from(u32::from_ne_bytes(identity::entropy())) / f64::from(u32::MAX);
        std::thread::sleep(most.mul_f64(share));
        true
    }
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
        // Given back in any case: where the server cannot be told, they run out.
        let (ours, others): (Vec<_>, _) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| leases == Leases::GiveBack && held.key == key);
        self.held = others;
        // Until it is known that they are given back.
        self.doubtful.extend(ours.into_iter().map(|held| (held.key, held.id)));
        let doubtful: Vec<_> = self.doubtful.iter().filter(|(of, _)| of == key).cloned().collect();
        let ours: Vec<_> = doubtful.iter().map(|(_, id)| id.as_str()).collect();
        let mut granted = Grant::default();
        let result = self.change(key, |record, now| {
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
        });
        match result {
            Ok(Done::Done) => self.doubtful.retain(|(of, _)| of != key),
            Ok(Done::Busy) => return Ok(Done::Busy),
            Err(trouble) => {
                if granted != Grant::default() {
                    self.doubtful.push((key.to_owned(), id));
                }
                return match trouble.kind {
                    trouble::Kind::Interrupted => Ok(Done::Busy),
                    _ => Err(self.failure(&trouble)),
                };
            }
        }
        if granted != Grant::default() {
            self.held.push(OwnLease { key: key.to_owned(), id, grant: granted });
        }
        Ok(Done::Done)
    }

    fn renew(&mut self) -> Result<(), Failure> {
        let keys: BTreeSet<_> = self.held.iter().map(|held| held.key.clone()).collect();
        for key in keys {
            self.renew_key(&key).map_err(|trouble| self.failure(&trouble))?;
        }
        Ok(())
    }

    fn renewal(&self) -> Option<Duration> {
        Some(self.lease / 3)
    }

    fn patience(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(20)..=Duration::from_millis(200)
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Failure> {
        let (found, now) = self.every().map_err(|trouble| self.failure(&trouble))?;
        let mut entries = Vec::new();
        for (name, value) in found {
            let Some(key) = record::key_of(&name) else { continue };
            let record = match value {
                // It ran out between the search and the look.
                Value::Nil => continue,
                Value::BulkString(bytes) => Record::decode(key, &bytes),
                _ => None,
            };
            match record {
                Some(record) => entries.push(self.shown(record, now)),
                None => self.tell_damaged(key),
            }
        }
        Ok(entries)
    }

    fn entry(&mut self, key: &str) -> Result<Entry, Failure> {
        let name = record::name(key);
        let seen = self.on_live_link(|link, scripts| scripts.read(link, &name));
        let seen = seen.map_err(|trouble| self.failure(&trouble))?;
        let record = self.record(key, &seen);
        Ok(self.shown(record, seen.now))
    }

    fn forget(&mut self, key: &str) -> Result<(), Failure> {
        let length = self.lease;
        let result = self.change_surely(key, |record, now| {
            record.purge(now, length);
            record.state = crate::gate::KeyState::default();
            if record.leases.is_empty() { Edit::Delete } else { Edit::Write }
        });
        result.map_err(|trouble| self.failure(&trouble))
    }

    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure> {
        let mut set = cmd("SET");
        set.arg(record::SECRET).arg(super::new_secret()).arg("NX");
        let found = self.on_live_link(|link, _| {
            if make {
                link.call(&set)?;
            }
            let found = link.call(cmd("GET").arg(record::SECRET))?;
            from_redis_value(found).map_err(|_| scripts::not_understood())
        });
        found.map_err(|trouble| self.failure(&trouble))
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

#[cfg(test)]
pub(super) mod tests;
