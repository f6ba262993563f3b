//! Performs the session's requests to shared limits as transactions on the store. The session decides what the answers
//! mean.

use super::Driver;
use crate::base::error::Error;
use crate::commands::leases;
use crate::event::Level;
use crate::gate::{Ask, Grant, Limits, Settlement};
use crate::policy::Policy;
use crate::policy::value::Key;
use crate::session::{Answer, Input, Pace};
use crate::store::{self, Done, Failure, Store};
use crate::sys::environment::Outer;
use crate::sys::store::StoreLocation;

pub(super) struct Gatekeeper {
    key: String,
    limits: Limits,
    /// Opened on first use.
    store: Option<Box<dyn Store>>,
    location: StoreLocation,
}

impl Gatekeeper {
    /// The gatekeeper of a run under this policy; `None` if it has no shared limits.
    pub(super) fn new(policy: &Policy) -> Result<Option<Self>, Error> {
        let Some(Key::Named(key)) = &policy.key else { return Ok(None) };
        let location = StoreLocation::new(policy.state.as_ref())?;
        Ok(Some(Self { key: key.clone(), limits: policy.limits(), store: None, location }))
    }

    /// The leases of an enclosing attempt, under the same key.
    pub(super) fn covered(&self, outer: &Outer) -> Grant {
        leases::covered(outer, &self.location, &self.key)
    }

    /// Asks whether an attempt may start.
    fn admit(&mut self, ask: &Ask) -> Input {
        let limits = self.limits.clone();
        let answer = self.at_the_store(|store, key| store::admit(store, key, &limits, ask));
        let store = self.store.as_ref();
        let pace = store.map(|store| Pace { pauses: store.patience(), renewal: store.renewal() });
        Input::Admission(answer, pace.unwrap_or_default())
    }

    /// Reports the end of an attempt, and gives its leases back.
    fn settle(&mut self, settlement: &Settlement) -> Input {
        let limits = self.limits.clone();
        Input::Settled(self.at_the_store(|store, key| store::settle(store, key, &limits, settlement)))
    }

    fn renew(&mut self) -> Input {
        let renewed = self.store.as_mut().map_or(Ok(Done::Done), |store| store.renew());
        Input::Renewed(Answer::of_store(renewed.map(|done| (done == Done::Done).then_some(()))))
    }

    fn at_the_store<T>(
        &mut self,
        act: impl FnOnce(&mut dyn Store, &str) -> Result<Option<T>, Failure>,
    ) -> Answer<T> {
        let store = match &mut self.store {
            Some(store) => Ok(store),
            None => self.location.open().map(|store| self.store.insert(store)),
        };
        Answer::of_store(store.and_then(|store| act(store.as_mut(), &self.key)))
    }

    /// See [`leases::permits`].
    fn permits(&self, granted: Grant, outer: &Outer) -> Option<String> {
        leases::permits(granted, outer, &self.location, &self.key)
    }
}

impl Driver<'_> {
    /// Puts the session's question to the limits.
    pub(super) fn admit(&mut self, ask: &Ask) -> Option<Input> {
        self.at_the_gate(|gatekeeper| gatekeeper.admit(ask))
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) -> Option<Input> {
        self.at_the_gate(|gatekeeper| gatekeeper.settle(settlement))
    }

    pub(super) fn renew(&mut self) -> Option<Input> {
        self.at_the_gate(Gatekeeper::renew)
    }

    fn at_the_gate(&mut self, act: impl FnOnce(&mut Gatekeeper) -> Input) -> Option<Input> {
        let gatekeeper = self.gatekeeper.as_mut()?;
        let answer = act(gatekeeper);
        for warning in gatekeeper.store.iter_mut().flat_map(|store| store.warnings()) {
            self.sinks.note(Level::Warn, &warning);
        }
        Some(answer)
    }

    /// The leases of this run's attempt and of enclosing ones, for `RETRY_PERMITS`.
    pub(super) fn permits(&self, granted: Grant) -> Option<String> {
        match &self.gatekeeper {
            Some(gatekeeper) => gatekeeper.permits(granted, &self.outer),
            None => Some(self.outer.permits.join(",")).filter(|all| !all.is_empty()),
        }
    }
}
