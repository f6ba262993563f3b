//! A store in the memory of one process, with a clock that the caller sets: for tests and simulations.
//!
//! Each handle stands for a separate process. Dropping one frees its leases, like the death of a process.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use super::{Done, Entry, Failure, Leases, Store, Transaction};
use crate::gate::{Free, Grant, KeyState, StoreTime};

/// The clock of a store in memory, which sets the time for all handles.
pub type Clock = Rc<Cell<StoreTime>>;

/// A handle of a store in memory.
#[derive(Debug)]
pub struct Memory {
    keys: Rc<RefCell<BTreeMap<String, Key>>>,
    clock: Clock,
    holder: Holder,
}

/// A handle's identity, given by its address, which is unique while it lives.
#[derive(Clone, Debug)]
struct Holder(Rc<()>);

#[derive(Debug, Default)]
struct Key {
    /// `None` until it is used, and once it is forgotten.
    state: Option<KeyState>,
    permits: BTreeSet<*const ()>,
    probe: Option<*const ()>,
}

impl Holder {
    fn id(&self) -> *const () {
        Rc::as_ptr(&self.0)
    }
}

impl Key {
    /// Leases that `holder` has or could have.
    fn free(&self, leases: Leases, holder: *const ()) -> Free {
        let Leases::Take { permits, probe } = leases else { return self.held_by(holder) };
        let held = u32::try_from(self.permits.len()).unwrap_or(u32::MAX);
        let ours = self.held_by(holder);
        Free {
            permit: ours.permit || permits.is_some_and(|most| held < most),
            probe: ours.probe || probe && self.probe.is_none(),
        }
    }

    fn held_by(&self, holder: *const ()) -> Free {
        Free { permit: self.permits.contains(&holder), probe: self.probe == Some(holder) }
    }

    fn give_back(&mut self, holder: *const ()) {
        self.permits.remove(&holder);
        self.probe = self.probe.filter(|id| *id != holder);
    }

    fn entry(&self, key: &str, now: StoreTime) -> Entry {
        Entry {
            key: key.to_owned(),
            state: self.state.clone().unwrap_or_default(),
            permits_held: u32::try_from(self.permits.len()).unwrap_or(u32::MAX),
            probe_held: self.probe.is_some(),
            now,
        }
    }
}

impl Memory {
    /// The first handle of a new, empty store.
    pub fn new(clock: Clock) -> Self {
        Self { keys: Rc::default(), clock, holder: Holder(Rc::new(())) }
    }

    /// Another handle of the same store, which holds nothing yet.
    pub fn another(&self) -> Self {
        Self { keys: Rc::clone(&self.keys), clock: Rc::clone(&self.clock), holder: Holder(Rc::new(())) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let holder = self.holder.id();
        self.keys.borrow_mut().values_mut().for_each(|key| key.give_back(holder));
    }
}

impl Store for Memory {
    fn try_transact(
        &mut self,
        key: &str,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, Failure> {
        let (holder, now) = (self.holder.id(), self.clock.get());
        let mut keys = self.keys.borrow_mut();
        let key = keys.entry(key.to_owned()).or_default();
        if leases == Leases::GiveBack {
            key.give_back(holder);
        }
        let free = key.free(leases, holder);
        let mut state = key.state.clone().unwrap_or_default();
        let grant = decide(Transaction { state: &mut state, now, free });
        let takes = matches!(leases, Leases::Take { .. });
        // Once an attempt has asked, the key is known.
        if takes || state != key.state.clone().unwrap_or_default() {
            key.state = Some(state);
        }
        if takes && grant.permit && free.permit {
            key.permits.insert(holder);
        }
        if takes && grant.probe && free.probe {
            key.probe = Some(holder);
        }
        Ok(Done::Done)
    }

    fn patience(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(2)..=Duration::from_millis(250)
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Failure> {
        let (keys, now) = (self.keys.borrow(), self.clock.get());
        let known = keys.iter().filter(|(_, key)| key.state.is_some());
        Ok(known.map(|(name, key)| key.entry(name, now)).collect())
    }

    fn entry(&mut self, key: &str) -> Result<Entry, Failure> {
        let now = self.clock.get();
        Ok(self.keys.borrow().get(key).unwrap_or(&Key::default()).entry(key, now))
    }

    fn forget(&mut self, key: &str) -> Result<(), Failure> {
        if let Some(key) = self.keys.borrow_mut().get_mut(key) {
            key.state = None;
        }
        Ok(())
    }

    /// Constant, since the hashes made with it never leave the process.
    fn secret(&mut self, _make: bool) -> Result<Option<String>, Failure> {
        Ok(Some("0".repeat(32)))
    }

    fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Admission, Ask, Health, Limit, Limits, Rate, Settlement};

    const ONE: Leases = Leases::Take { permits: Some(1), probe: true };

    fn new() -> (Memory, Clock) {
        let clock = Clock::default();
        (Memory::new(Rc::clone(&clock)), clock)
    }

    /// Takes whatever is free.
    fn take(store: &mut Memory, leases: Leases) -> Free {
        let mut seen = Free::default();
        let done = store.try_transact("k", leases, &mut |transaction| {
            seen = transaction.free;
            Grant { permit: seen.permit, probe: seen.probe }
        });
        assert_eq!(done, Ok(Done::Done));
        seen
    }

    fn held(store: &mut Memory) -> (u32, bool) {
        let entry = store.entry("k").unwrap();
        (entry.permits_held, entry.probe_held)
    }

    #[test]
    fn leases_belong_to_a_handle_and_end_with_it() {
        let (mut one, _) = new();
        let (mut two, mut three) = (one.another(), one.another());
        let all = Free { permit: true, probe: true };
        assert_eq!((take(&mut one, ONE), take(&mut two, ONE)), (all, Free::default()));
        assert_eq!(take(&mut one, ONE), all, "asking again is no second one");
        assert_eq!(held(&mut two), (1, true));
        drop(one);
        assert_eq!((take(&mut three, ONE), take(&mut two, ONE)), (all, Free::default()));
        assert_eq!(take(&mut three, Leases::GiveBack), Free::default());
        assert_eq!(held(&mut two), (0, false));
        // Neither what was not asked for nor what the decision leaves is held.
        assert_eq!(take(&mut two, Leases::Take { permits: None, probe: false }), Free::default());
        let declined = two.try_transact("k", ONE, &mut |_| Grant::default());
        assert_eq!(declined, Ok(Done::Done));
        let unasked = two.try_transact("k", Leases::Keep, &mut |_| Grant { permit: true, probe: true });
        assert_eq!(unasked, Ok(Done::Done));
        assert_eq!(held(&mut three), (0, false));
    }

    #[test]
    fn all_handles_see_one_state_by_one_clock() {
        let (mut one, clock) = new();
        let mut two = one.another();
        let limits =
            Limits { rate: Some(Rate { count: 1, per: Duration::from_secs(5) }), ..Limits::default() };
        let admit = |store: &mut Memory| {
            let mut told = None;
            let wanted = Leases::wanted(&limits, &Ask::default());
            let done = store.try_transact("k", wanted, &mut |seen| {
                told = Some(seen.state.admit(seen.now, &limits, &Ask::default(), seen.free));
                Grant::default()
            });
            assert_eq!(done, Ok(Done::Done));
            told.unwrap()
        };
        clock.set(StoreTime(1_000_000));
        assert_eq!(admit(&mut one), Admission::Proceed(Grant::default()));
        let Admission::Wait(pause) = admit(&mut two) else { panic!("it is used up") };
        assert_eq!((pause.limit, pause.until), (Limit::Rate, Some(StoreTime(6_000_000))));
        clock.set(StoreTime(6_000_000));
        assert_eq!(admit(&mut two), Admission::Proceed(Grant::default()));
        assert_eq!(two.entries().unwrap().len(), 1);
        one.forget("k").unwrap();
        assert_eq!(two.entries(), Ok(Vec::new()));
        assert_eq!(admit(&mut two), Admission::Proceed(Grant::default()), "it begins anew");
    }

    #[test]
    fn a_key_that_nothing_was_done_to_is_not_listed() {
        let (mut store, _) = new();
        let nothing = Settlement { health: Health::Good, ..Settlement::UNKNOWN };
        let done = store.try_transact("k", Leases::GiveBack, &mut |seen| {
            seen.state.settle(seen.now, &Limits::default(), &nothing);
            Grant::default()
        });
        assert_eq!((done, store.entries()), (Ok(Done::Done), Ok(Vec::new())));
        assert_eq!(store.entry("k").unwrap().state, KeyState::default());
    }
}
