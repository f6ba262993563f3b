//! The driver's part in limits that are shared: it puts the session's questions to the store, and keeps a run going
//! whose store cannot be reached.

use std::time::Duration;

use super::{Doing, Driver};
use crate::base::error::Error;
use crate::event::{Bypassed, Event, Level};
use crate::gate::{
    Admission, Ask, Delay, Grant, Limit, Limits, Pause, Refusal, Settled, Settlement, StoreTime,
};
use crate::policy::Policy;
use crate::policy::value::{Key, OnStateError};
use crate::session::{Answer, Input, Wait};
use crate::store::{Done, Leases, Store, Transaction};
use crate::sys::clock;
use crate::sys::environment::Outer;
use crate::sys::store::StoreLocation;
use crate::sys::supervise;

/// A store that failed is left alone for this long: each look may cost its whole patience.
const STORE_BACKOFF: Duration = Duration::from_secs(5);
/// Time between two looks after leases that are being renewed.
const RENEWAL_PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Gatekeeper {
    key: String,
    limits: Limits,
    on_error: OnStateError,
    /// Opened when it is first needed.
    store: Option<Box<dyn Store>>,
    place: StoreLocation,
    /// What the running attempt was granted.
    held: Grant,
    /// When it was, on the store's clock.
    began: Option<StoreTime>,
    /// An attempt of a run around this one, under the same key, holds a permit, and is the breaker's probe.
    covered: Grant,
    /// On the elapsed clock.
    left_alone_until: Option<Duration>,
    renew_at: Option<Duration>,
    /// One warning of a store that failed is enough.
    warned: bool,
    /// What was done without the limits since they were asked last.
    bypassed: Option<Bypassed>,
}

impl Gatekeeper {
    /// Nobody, where nothing is shared.
    pub(super) fn new(policy: &Policy, outer: &Outer) -> Result<Option<Self>, Error> {
        let Some(Key::Named(key)) = &policy.key else { return Ok(None) };
        let place = StoreLocation::new(policy.state.as_ref())?;
        let covered = covered(outer, &place, key);
        Ok(Some(Self {
            key: key.clone(),
            limits: policy.limits(),
            on_error: policy.on_state_error,
            store: None,
            place,
            held: Grant::default(),
            began: None,
            covered,
            left_alone_until: None,
            renew_at: None,
            warned: false,
            bypassed: None,
        }))
    }

    /// May the attempt start?
    pub(super) fn admit(&mut self, ask: Ask) -> Answer {
        let ask = Ask { covered: self.covered.permit, covered_by_probe: self.covered.probe, ..ask };
        let limits = self.limits.clone();
        let wanted = Leases::wanted(&limits, &ask);
        let mut decided = None;
        let done = self.try_transact(wanted, &mut |seen| {
            let admission = seen.state.admit(seen.now, &limits, &ask, seen.free);
            let grant = if let Admission::Proceed(grant) = &admission { *grant } else { Grant::default() };
            decided = Some((admission, seen.now));
            grant
        });
        match (done, decided) {
            (Ok(Done::Busy), _) => Answer::Wait(self.busy(&ask)),
            (Ok(Done::Done), Some((Admission::Proceed(grant), now))) => {
                (self.held, self.began) = (grant, Some(now));
                let leased = grant != Grant::default();
                self.renew_at = self.renewal().filter(|_| leased).map(|every| clock::now().elapsed + every);
                Answer::Proceed
            }
            (Ok(Done::Done), Some((Admission::Wait(pause), now))) => {
                Answer::Wait(self.wait(&ask, pause, now))
            }
            (Ok(Done::Done), Some((Admission::Refuse(refusal), _))) => Answer::Refuse(refusal),
            (Err(why), _) if self.on_error == OnStateError::Fail => {
                Answer::Refuse(Refusal { limit: Limit::State, why })
            }
            (Err(why), _) => {
                self.bypass(&why);
                Answer::Proceed
            }
            (Ok(Done::Done), None) => Answer::Proceed,
        }
    }

    /// Others are at the state: that is no reason to go without it.
    fn busy(&self, ask: &Ask) -> Wait {
        let why = "the shared state is busy".to_owned();
        let pause = Pause { limit: Limit::State, until: None, spread: Duration::ZERO, why };
        self.wait(ask, pause, StoreTime::default())
    }

    fn wait(&self, ask: &Ask, pause: Pause, now: StoreTime) -> Wait {
        let patience = self.store.as_ref().map(|store| store.patience());
        Wait {
            limit: pause.limit,
            delay: pause.delay(now, ask, &patience.unwrap_or(Duration::ZERO..=Duration::ZERO)),
            until: pause.until.map(|until| until.to_string()),
            why: pause.why,
        }
    }

    /// The attempt is over.
    pub(super) fn settle(&mut self, settlement: Settlement) -> Settled {
        let probe = self.held.probe || self.covered.probe;
        let settlement = Settlement { probe, began: self.began.take(), ..settlement };
        let held = std::mem::take(&mut self.held);
        self.renew_at = None;
        if held == Grant::default() && self.limits.learn_nothing_from(&settlement) {
            return Settled::default();
        }
        let limits = self.limits.clone();
        let mut settled = Settled::default();
        let done = self.transact(Leases::GiveBack, &mut |seen| {
            settled = seen.state.settle(seen.now, &limits, &settlement);
            Grant::default()
        });
        match done {
            Ok(Done::Done) => settled,
            Ok(Done::Busy) => Settled::default(),
            Err(why) => {
                self.bypass(&why);
                Settled::default()
            }
        }
    }

    /// Until leases have to be renewed.
    pub(super) fn due(&self) -> Option<Duration> {
        self.renew_at.map(|at| at.saturating_sub(clock::now().elapsed))
    }

    /// Renews them, if it is time.
    pub(super) fn renew(&mut self) {
        let now = clock::now().elapsed;
        if self.renew_at.is_none_or(|at| now < at) {
            return;
        }
        self.renew_at = self.renewal().map(|every| now + every);
        match self.store.as_mut().map_or(Ok(Done::Done), |store| store.renew()) {
            Ok(Done::Done) => {}
            Ok(Done::Busy) => self.renew_at = Some(now + RENEWAL_PAUSE),
            Err(failure) => self.bypass(&failure.0),
        }
    }

    /// What the command's own `retry`s are told, so that none waits for the permit that it runs under.
    pub(super) fn permits(&self, outer: &Outer) -> Option<String> {
        let held = [(self.held.permit, "p"), (self.held.probe, "b")];
        let held = held.iter().filter(|(held, _)| *held);
        let held = held.map(|(_, suffix)| format!("{}{suffix}", token(&self.place, &self.key)));
        let all: Vec<_> = outer.permits.iter().cloned().chain(held).collect();
        (!all.is_empty()).then(|| all.join(","))
    }

    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.store.as_mut().map(|store| store.warnings()).unwrap_or_default()
    }

    pub(super) fn take_bypassed(&mut self) -> Option<Bypassed> {
        self.bypassed.take()
    }

    fn renewal(&self) -> Option<Duration> {
        self.store.as_ref().and_then(|store| store.renewal())
    }

    /// A transaction that waits for others. Busy: not for long enough, since a signal told us to stop.
    fn transact(
        &mut self,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, String> {
        const MAX_BUSY_WAIT: Duration = Duration::from_secs(10);
        let (began, signals) = (clock::now().awake, supervise::stop_signals());
        while self.try_transact(leases, decide)? == Done::Busy {
            if supervise::stop_signals() != signals {
                return Ok(Done::Busy);
            }
            if clock::now().awake.saturating_sub(began) >= MAX_BUSY_WAIT {
                return Err("the shared state is busy".to_owned());
            }
        }
        Ok(Done::Done)
    }

    fn try_transact(
        &mut self,
        leases: Leases,
        decide: &mut dyn FnMut(Transaction<'_>) -> Grant,
    ) -> Result<Done, String> {
        let now = clock::now().elapsed;
        if self.left_alone_until.is_some_and(|until| now < until) {
            return Err("the shared state could not be reached a moment ago".to_owned());
        }
        let done = match &mut self.store {
            Some(store) => store.try_transact(&self.key, leases, decide),
            None => self
                .place
                .open()
                .and_then(|store| self.store.insert(store).try_transact(&self.key, leases, decide)),
        };
        done.map_err(|failure| {
            self.left_alone_until = Some(clock::now().elapsed + STORE_BACKOFF);
            failure.0
        })
    }

    /// Something is done without the limits. Where that is a reason to refuse, the refusal tells of it.
    fn bypass(&mut self, why: &str) {
        if self.on_error == OnStateError::Proceed {
            let told = std::mem::replace(&mut self.warned, true);
            self.bypassed = Some(Bypassed { reason: why.to_owned(), told });
        }
    }
}

impl Driver<'_> {
    /// Puts the session's question to the limits.
    pub(super) fn admit(&mut self, ask: Ask) -> Option<Answer> {
        let answer = self.gatekeeper.as_mut()?.admit(ask);
        let delay = if let Answer::Wait(wait) = &answer { wait.delay } else { Delay::default() };
        let is_known = delay.least.is_some();
        self.doing = if delay.look.is_zero() || is_known { Doing::Waiting } else { Doing::Looking };
        self.comes_back_at = is_known.then(|| clock::now().elapsed.saturating_add(delay.wait));
        self.warn_of_state();
        Some(answer)
    }

    pub(super) fn settle(&mut self, settlement: Settlement) -> Option<Input> {
        let settled = self.gatekeeper.as_mut()?.settle(settlement);
        self.warn_of_state();
        Some(Input::Settled(settled))
    }

    fn warn_of_state(&mut self) {
        let warnings = self.gatekeeper.as_mut().map(Gatekeeper::take_warnings).unwrap_or_default();
        for warning in &warnings {
            self.sinks.note(Level::Warn, warning);
        }
        let bypassed = self.gatekeeper.as_mut().and_then(Gatekeeper::take_bypassed);
        if let Some(bypassed) = bypassed {
            self.sinks.emit(&Event::GateBypassed(bypassed));
        }
    }

    /// What is held of shared limits, by us and by those around us.
    pub(super) fn permits(&self) -> Option<String> {
        match &self.gatekeeper {
            Some(gatekeeper) => gatekeeper.permits(&self.outer),
            None => Some(self.outer.permits.join(",")).filter(|all| !all.is_empty()),
        }
    }

    pub(super) fn renew(&mut self) {
        if let Some(gatekeeper) = &mut self.gatekeeper {
            gatekeeper.renew();
            self.warn_of_state();
        }
    }
}

/// What an attempt of a run around us holds under this key.
pub(in crate::commands) fn covered(outer: &Outer, place: &StoreLocation, key: &str) -> Grant {
    if outer.permits.is_empty() {
        return Grant::default();
    }
    let token = token(place, key);
    let holds = |suffix| outer.permits.iter().any(|held| *held == format!("{token}{suffix}"));
    Grant { permit: holds("p"), probe: holds("b") }
}

/// What names a key of a store to a `retry` below.
fn token(place: &StoreLocation, key: &str) -> String {
    let bytes = place.identity().into_bytes().into_iter().chain([0]).chain(key.bytes());
    format!("{:016x}", crate::base::fnv::hash64(bytes))
}
