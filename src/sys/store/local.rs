//! Files of this host: one record per key, written in place under a lock, and a lock for each permit.
//!
//! No server, and nothing to clean up. Below the store's directory each key has one of its own:
//!
//! ```text
//! v1/<key>/state     the record, locked while it is changed
//! v1/<key>/probe     locked by the breaker's probe
//! v1/<key>/0 …       one for each permit, locked by its holder
//! ```
//!
//! A lock lives as long as the process that holds it, so nothing is renewed and nothing becomes stale. Nothing is created
//! before a key is used, and files of permits are never removed: they may be in use. There is no `fsync`: a host that loses
//! power also loses its running attempts, which are most of what the limits count.

mod directory;
mod files;
#[cfg(has_procfs)]
mod holder;
#[cfg(not(has_procfs))]
#[path = "local/holder_signed.rs"]
mod holder;
mod lock;
mod state_dir;
mod tree;

pub(crate) use state_dir::StateDir;

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use self::directory::Directory;
use self::files::{Files, Locking, PROBE};
use self::lock::{Lock, Standstill};
use super::MAX_BUSY_WAIT;
use crate::gate::{Free, Grant, KeyState, StoreTime};
use crate::store::file_record::{self as record, Found, Next};
use crate::store::key_name;
use crate::store::{Done, Entry, Failure, Leases, RETENTION, Store, Transaction};
use crate::sys::{clock, supervise};

/// How often a record is created again after other processes have removed it.
const MAX_REOPENS: u32 = 10;

/// The embedded store.
pub(crate) struct Local {
    directory: Directory,
    keys: BTreeMap<String, Key>,
    warnings: Warnings,
}

/// The open files of a key.
#[derive(Default)]
struct Key {
    files: Option<Files>,
    permit: Option<OwnedFd>,
    probe: Option<OwnedFd>,
    standstill: Standstill,
}

/// Warnings for the user. Each is reported once, however often the cause is seen.
#[derive(Default)]
struct Warnings {
    all: Vec<String>,
    taken: usize,
}

impl Warnings {
    fn push(&mut self, warning: String) {
        if !self.all.contains(&warning) {
            self.all.push(warning);
        }
    }

    fn take(&mut self) -> Vec<String> {
        let new = self.all[self.taken..].to_vec();
        self.taken = self.all.len();
        new
    }
}

impl Local {
    /// Opens the directory, or says why it cannot be used. A missing one is created when it is first needed.
    pub(crate) fn open(location: &StateDir) -> Result<Self, Failure> {
        let mut local = Self {
            directory: Directory::new(location),
            keys: BTreeMap::new(),
            warnings: Warnings::default(),
        };
        local.directory.open(false, &mut local.warnings)?;
        Ok(local)
    }

    fn transact_on(
        &mut self,
        ours: &mut Key,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure> {
        let name = key_name::of_key(key);
        for _ in 0..MAX_REOPENS {
            let files = ours.files.take().map_or_else(
                || self.directory.files(&name, true, &mut self.warnings),
                |files| Ok(Some(files)),
            )?;
            let Some(files) = files else { continue };
            let result = match files.lock(&mut ours.standstill)? {
                Locking::Gone => continue,
                Locking::Busy => Ok(Done::Busy),
                Locking::Locked(_lock) => {
                    transact(&files, &mut self.warnings, ours, key, leases, decide).map(|()| Done::Done)
                }
            };
            ours.files = Some(files);
            return result;
        }
        let path = self.directory.path_of(&name);
        Err(Failure(format!("{} keeps being removed", path.display())))
    }

    /// The entry of a key; `None` if there are no files or they are not in use. Without a key, it is the one that the
    /// record names.
    fn look(&mut self, name: &str, key: Option<&str>) -> Result<Option<Entry>, Failure> {
        let Some(files) = self.directory.files(name, false, &mut self.warnings)? else { return Ok(None) };
        let Some(_lock) = patiently_locked(&files)? else { return Ok(None) };
        let mut buffer = [0; record::FILE];
        let is_right = |found: &str| key.map_or_else(|| key_name::of_key(found) == name, |key| key == found);
        let (found, state) = match record::read(files.read(&mut buffer)?, is_right).0 {
            Found::State { key, state } => (Some(key), state),
            Found::Unusable(damage) => {
                self.warnings.push(format!("{} {}", files.state_path().display(), damage.words()));
                (None, KeyState::default())
            }
            Found::Nothing => (None, KeyState::default()),
        };
        let Some(key) = found.or_else(|| key.map(str::to_owned)) else { return Ok(None) };
        let (permits_held, probe_held) = files.held()?;
        Ok(Some(Entry { key, state, permits_held, probe_held, now: now() }))
    }

    /// Removes keys that have not been used for a week after their state ceased to matter. Failures are ignored.
    fn prune(&mut self) {
        let names = self.directory.names().unwrap_or_default();
        for name in names {
            let Ok(Some(files)) = self.directory.files(&name, false, &mut self.warnings) else { continue };
            let Ok(Locking::Locked(_lock)) = files.lock(&mut Standstill::default()) else { continue };
            if files.age().is_none_or(|age| age < RETENTION) || !matches!(files.held(), Ok((0, false))) {
                continue;
            }
            let mut buffer = [0; record::FILE];
            let Ok(bytes) = files.read(&mut buffer) else { continue };
            let last = match record::read(bytes, |_| true).0 {
                Found::State { state, .. } => state.matters_until(),
                Found::Unusable(record::Damage::Newer) => continue,
                Found::Nothing | Found::Unusable(_) => StoreTime::default(),
            };
            if now() > last.plus(RETENTION) {
                files.remove();
                self.directory.remove(&name);
            }
        }
    }
}

impl Store for Local {
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure> {
        let mut ours = self.keys.remove(key).unwrap_or_default();
        if leases == Leases::GiveBack {
            // Even if that cannot be recorded: the attempt is over.
            ours.permit = None;
        }
        let result = self.transact_on(&mut ours, key, leases, decide);
        if leases == Leases::GiveBack && !matches!(result, Ok(Done::Busy)) {
            // Not before its result is recorded, or another probe would start needlessly.
            ours.probe = None;
        }
        self.keys.insert(key.to_owned(), ours);
        result
    }

    fn patience(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(2)..=Duration::from_millis(250)
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Failure> {
        self.directory.open(false, &mut self.warnings)?;
        self.prune();
        let names =
            self.directory.names().map_err(|why| failure("cannot inspect", &self.directory.path, &why))?;
        let mut entries = Vec::new();
        for name in names {
            match self.look(&name, None) {
                Ok(entry) => entries.extend(entry),
                Err(Failure(why)) => self.warnings.push(why),
            }
        }
        Ok(entries)
    }

    fn entry(&mut self, key: &str) -> Result<Entry, Failure> {
        let as_new = || Entry {
            key: key.to_owned(),
            state: KeyState::default(),
            permits_held: 0,
            probe_held: false,
            now: now(),
        };
        Ok(self.look(&key_name::of_key(key), Some(key))?.unwrap_or_else(as_new))
    }

    fn forget(&mut self, key: &str) -> Result<(), Failure> {
        let Some(files) = self.directory.files(&key_name::of_key(key), false, &mut self.warnings)? else {
            return Ok(());
        };
        match patiently_locked(&files)? {
            Some(_lock) => files.clear(),
            None => Ok(()),
        }
    }

    fn secret(&mut self, make: bool) -> Result<Option<String>, Failure> {
        self.directory.open(make, &mut self.warnings)?;
        self.directory.secret(make)
    }

    fn warnings(&mut self) -> Vec<String> {
        self.warnings.take()
    }
}

/// Locks a record for reading; `None` if it was removed meanwhile.
fn patiently_locked(files: &Files) -> Result<Option<Lock<'_>>, Failure> {
    let (began, mut standstill) = (clock::now().awake, Standstill::default());
    loop {
        match files.lock(&mut standstill)? {
            Locking::Locked(lock) => return Ok(Some(lock)),
            Locking::Gone => return Ok(None),
            Locking::Busy if clock::now().awake.saturating_sub(began) < MAX_BUSY_WAIT => {}
            Locking::Busy => return Err(Failure(format!("{} is busy", files.state_path().display()))),
        }
    }
}

/// Performs a transaction while the record is locked.
fn transact(
    files: &Files,
    warnings: &mut Warnings,
    ours: &mut Key,
    key: &str,
    leases: Leases,
    decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
) -> Result<(), Failure> {
    let mut buffer = [0; record::FILE];
    let (found, next) = record::read(files.read(&mut buffer)?, |found| found == key);
    let was_sound = !matches!(found, Found::Unusable(_));
    let (before, mut state) = match found {
        Found::State { state, .. } => (Some(state.clone()), state),
        // Once an attempt has asked, the key is known.
        Found::Nothing if matches!(leases, Leases::Take { .. }) => (None, KeyState::default()),
        Found::Nothing => (Some(KeyState::default()), KeyState::default()),
        Found::Unusable(damage) => {
            let path = files.state_path();
            warnings.push(format!("{} {}; its limits are reset", path.display(), damage.words()));
            // Always written, so that no other process warns again.
            (None, KeyState::default())
        }
    };
    let (permit, probe) = match leases {
        Leases::Take { permits, probe } => (
            permits
                .filter(|_| ours.permit.is_none())
                .map(|most| files.try_permit(most))
                .transpose()?
                .flatten(),
            if probe && ours.probe.is_none() { files.try_lease(PROBE)? } else { None },
        ),
        Leases::Keep | Leases::GiveBack => (None, None),
    };
    let free = Free {
        permit: permit.is_some() || ours.permit.is_some(),
        probe: probe.is_some() || ours.probe.is_some(),
    };
    let grant = decide(Transaction { state: &mut state, now: now(), free });
    if before.as_ref() != Some(&state) {
        write(files, next, key, &state, was_sound)?;
    }
    if grant.permit && permit.is_some() {
        ours.permit = permit;
    }
    if grant.probe && probe.is_some() {
        ours.probe = probe;
    }
    Ok(())
}

fn write(files: &Files, next: Next, key: &str, state: &KeyState, was_sound: bool) -> Result<(), Failure> {
    let Some(slot) = record::slot(next, key, state) else {
        return Err(Failure("the key is too long".to_owned()));
    };
    files.write(&slot, next.offset(), was_sound && next.is_first())
}

/// The time that all users of this store agree on: the host's. A clock before 1970, as on a board without a battery, would
/// not advance for us, so the time since boot is used then.
fn now() -> StoreTime {
    match clock::unix_micros() {
        0 => StoreTime::default().plus(supervise::since_boot()),
        micros => StoreTime(micros),
    }
}

/// Describes a failure: the operation, the file, the reason, and what to do about it if known.
fn failure(what: &str, path: &Path, why: &io::Error) -> Failure {
    let way_out = match why.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => "; free some space, or use another directory with --state",
        Some(libc::EROFS | libc::EACCES | libc::EPERM | libc::ENOTDIR) => {
            "; use another directory with --state"
        }
        _ => "",
    };
    let why = match why.raw_os_error() {
        Some(libc::ELOOP) => "symbolic link; remove it".to_owned(),
        _ => crate::base::words::of_system(why),
    };
    Failure(format!("{what} {}: {why}{way_out}", path.display()))
}

#[cfg(test)]
mod tests;
