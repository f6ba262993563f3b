//! A server that compares and swaps one value per key. Other modules decide what a state means; the time is the server's. A
//! dead connection is replaced once per step. Connects only when needed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::link::{self, Link};
use super::talk::Waits;
use crate::gate::StoreTime;
use crate::store::redis_answer::{self as answer, Found, Seen};
use crate::store::redis_record::{self as record, Record};
use crate::store::redis_trouble::{Trouble, TroubleKind};
use crate::store::resp::Reply;
use crate::store::{Done, Location};
use crate::sys::identity;

/// The two scripts: one reads a key's value and the server's time, the other changes the value if it is still the same.
/// They work with Redis 5, and decide nothing except whether the value is the same.
const READ: &str = concat!(include_str!("look.lua"), include_str!("tell.lua"));
const SWAP: &str = concat!(include_str!("look.lua"), include_str!("swap.lua"), include_str!("tell.lua"));

/// How long a change is retried while other processes interfere, before control returns to the caller.
const CONTENTION_LIMIT: Duration = Duration::from_millis(500);
/// The pauses between tries are drawn from zero to a bound that doubles from the first value to the last.
const CONTENTION_PAUSES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(400);
/// Keys per step of a search for all of them.
const SCAN_BATCH_KEYS: &[u8] = b"1000";

pub(super) struct Server {
    pub(super) location: Location,
    pub(super) waits: Waits,
    link: Option<Link>,
    /// The addresses to which the name last resolved.
    addresses: Vec<IpAddr>,
    /// The longest wait for a name's addresses, after which known ones are used.
    resolve_limit: Duration,
    warnings: Vec<String>,
    /// Keys whose damaged value was reported.
    damaged: BTreeSet<String>,
}

/// The decision about a value.
pub(super) enum Edit {
    Keep,
    Write,
    Delete,
}

impl Server {
    pub(super) fn new(location: Location) -> Self {
        Self {
            location,
            waits: Waits::default(),
            link: None,
            addresses: Vec::new(),
            resolve_limit: link::STEP_LIMIT,
            warnings: Vec::new(),
            damaged: BTreeSet::new(),
        }
    }

    /// Lends the server to a background conversation, with the connection if there is one, and with short waits for names.
    /// This one has to reconnect.
    pub(super) fn lend(&mut self, resolve_limit: Duration) -> Self {
        Self {
            link: self.link.take(),
            addresses: self.addresses.clone(),
            resolve_limit,
            damaged: self.damaged.clone(),
            ..Self::new(self.location.clone())
        }
    }

    /// Takes back what was lent.
    pub(super) fn take_back(&mut self, lent: Self) {
        (self.link, self.addresses, self.damaged) = (lent.link, lent.addresses, lent.damaged);
        self.warnings.extend(lent.warnings);
    }

    /// The connection is in the middle of a conversation and cannot be used any more.
    pub(super) fn hang_up(&mut self) {
        self.link = None;
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    async fn link(&mut self) -> Result<&mut Link, Trouble> {
        if self.link.is_none() {
            match link::resolve(&self.location.address, self.resolve_limit) {
                Ok(addresses) => self.addresses = addresses,
                Err(trouble) if self.addresses.is_empty() => return Err(trouble),
                Err(_) => {}
            }
            self.link = Some(Link::connect(&self.location, &self.addresses, &self.waits).await?);
        }
        self.link.as_mut().ok_or_else(|| Trouble::lasting("no connection"))
    }

    /// Performs a command on a connection. A connection that failed is not used again.
    async fn call(&mut self, words: &[&[u8]]) -> Result<Reply, Trouble> {
        let result = match self.link().await {
            Ok(link) => link.call(words).await,
            Err(trouble) => return Err(trouble),
        };
        if result.as_ref().is_err_and(|trouble| !trouble.is_an_answer()) {
            self.link = None;
        }
        result
    }

    /// Performs a command that may be repeated: if the connection turns out to be dead, once more on another one.
    pub(super) async fn ask(&mut self, words: &[&[u8]]) -> Result<Reply, Trouble> {
        match self.call(words).await {
            Err(trouble) if trouble.kind == TroubleKind::Dead => self.call(words).await,
            other => other,
        }
    }

    async fn ask_all(&mut self, commands: &[Vec<&[u8]>]) -> Result<Vec<Reply>, Trouble> {
        let mut is_last = false;
        loop {
            let result = self.link().await?.call_all(commands).await;
            if result.is_err() {
                self.link = None;
            }
            match result {
                Err(trouble) if trouble.kind == TroubleKind::Dead && !is_last => is_last = true,
                other => return other,
            }
        }
    }

    /// Reads the value of a key.
    pub(super) async fn read(&mut self, key: &str) -> Result<Seen, Trouble> {
        let reply = self.ask(&[b"EVAL", READ.as_bytes(), b"1", record::name(key).as_bytes()]).await?;
        answer::of_script(&reply)?.ok_or_else(Trouble::not_redis)
    }

    /// Replaces the value that was read, identified by its `front`, with `value`, or deletes it if that is empty. If it has
    /// changed meanwhile, returns the new one.
    async fn swap(
        &mut self,
        key: &str,
        (seen, front): (&Found, &[u8]),
        (value, kept): (&[u8], Duration),
    ) -> Result<Option<Seen>, Trouble> {
        let (name, kept) = (record::name(key), kept.as_millis().to_string());
        let words: [&[u8]; 8] = [
            b"EVAL",
            SWAP.as_bytes(),
            b"1",
            name.as_bytes(),
            seen.name().as_bytes(),
            front,
            value,
            kept.as_bytes(),
        ];
        answer::of_script(&self.call(&words).await?)
    }

    /// The record that was read; a new one if there is none or it is not a record.
    pub(super) fn record(&mut self, key: &str, seen: &Found) -> Record {
        let found = match seen {
            Found::Nothing => return Record::new(key),
            Found::Text(bytes) => Record::decode(key, bytes),
            Found::Odd => None,
        };
        found.unwrap_or_else(|| {
            self.tell_damaged(key);
            Record::new(key)
        })
    }

    pub(super) fn tell_damaged(&mut self, key: &str) {
        if self.damaged.insert(key.to_owned()) {
            let what = "is damaged or from another version of retry; it is reset";
            self.warn(format!("shared state of {key:?} at {} {what}", self.location));
        }
    }

    /// Changes a key's record by `edit`, which is called again with a newer one if another process has changed it.
    pub(super) async fn change(
        &mut self,
        key: &str,
        mut edit: impl FnMut(&mut Record, StoreTime) -> Edit,
    ) -> Result<Done, Trouble> {
        let mark = format!("{:016x}", u64::from_ne_bytes(identity::entropy()));
        let mut reconnected = false;
        let mut seen = self.read(key).await?;
        let mut contention = Contention::default();
        loop {
            let mut record = self.record(key, &seen.value);
            if reconnected && record.by == mark {
                // The connection died after our write, but before its answer.
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
            seen = match self.swap(key, (&seen.value, &front), new).await {
                Ok(None) => return Ok(Done::Done),
                Ok(Some(_)) if contention.is_lasting() => return Ok(Done::Busy),
                Ok(Some(newer)) => match contention.pause() {
                    None => newer,
                    Some(pause) => {
                        self.waits.pass(pause).await;
                        self.read(key).await?
                    }
                },
                Err(trouble) if trouble.kind == TroubleKind::Dead && !reconnected => {
                    reconnected = true;
                    self.read(key).await?
                }
                Err(trouble) => return Err(trouble),
            };
        }
    }

    /// [`Server::change`], repeated while the record is busy, for at most [`super::MAX_BUSY_WAIT`].
    pub(super) async fn change_surely(
        &mut self,
        key: &str,
        mut edit: impl FnMut(&mut Record, StoreTime) -> Edit,
    ) -> Result<(), Trouble> {
        let began = Instant::now();
        while self.change(key, &mut edit).await? == Done::Busy {
            if began.elapsed() >= super::MAX_BUSY_WAIT {
                return Err(Trouble::lasting("too many processes change this key at once"));
            }
        }
        Ok(())
    }

    /// The values of all keys that are ours, by the name of the key, and the server's time.
    pub(super) async fn every(&mut self) -> Result<(BTreeMap<String, Found>, StoreTime), Trouble> {
        let mut found = BTreeMap::new();
        let mut cursor = 0_u64;
        loop {
            let from = cursor.to_string();
            let scan = [
                &b"SCAN"[..],
                from.as_bytes(),
                b"MATCH",
                record::EVERY.as_bytes(),
                b"COUNT",
                SCAN_BATCH_KEYS,
            ];
            let (next, names) = answer::of_scan(self.ask(&scan).await?)?;
            let reads: Vec<_> = names.iter().map(|name| vec![&b"GET"[..], name.as_bytes()]).collect();
            let values = self.ask_all(&reads).await?;
            found.extend(names.into_iter().zip(values.into_iter().map(Found::of_get)));
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let time = answer::of_time(&self.ask(&[b"TIME"]).await?)?;
        Ok((found, time))
    }

    /// The random key for credentials, created by the first process that needs it; `None` if there is none and `made` is
    /// `None`.
    pub(super) async fn secret(&mut self, made: Option<String>) -> Result<Option<String>, Trouble> {
        if let Some(made) = made {
            self.ask(&[b"SET", record::SECRET.as_bytes(), made.as_bytes(), b"NX"]).await?;
        }
        answer::of_text(self.ask(&[b"GET", record::SECRET.as_bytes()]).await?)
    }
}

/// The unique beginning of the value that was read.
fn front(seen: &Found, record: &Record) -> Vec<u8> {
    let Found::Text(bytes) = seen else { return Vec::new() };
    let front = record.front().into_bytes();
    if bytes.starts_with(&front) { front } else { bytes.clone() }
}

/// Contention with other writers of the same key.
#[derive(Default)]
struct Contention {
    began: Option<Instant>,
    misses: u32,
}

impl Contention {
    fn is_lasting(&mut self) -> bool {
        self.began.get_or_insert_with(Instant::now).elapsed() > CONTENTION_LIMIT
    }

    /// How long to back off, depending on the number of other writers. The first time there is nothing to wait for.
    fn pause(&mut self) -> Option<Duration> {
        self.misses += 1;
        if self.misses == 1 {
            return None;
        }
        let (shortest, longest) = (*CONTENTION_PAUSES.start(), *CONTENTION_PAUSES.end());
        let most = shortest.saturating_mul(1 << self.misses.min(16)).min(longest);
        let share = f64::from(u32::from_ne_bytes(identity::entropy())) / f64::from(u32::MAX);
        Some(most.mul_f64(share))
    }
}
