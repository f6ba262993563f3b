//! Simulates a run: events in their order, clients that are sessions, and the server that they meet. It carries out what the sessions
//! decide, as `commands/run.rs` does with a machine.

mod arrivals;
mod clients;

use std::rc::Rc;
use std::time::Duration;

use self::clients::{Client, Clients};
use super::call::{Call, Draws};
use super::nanos;
use super::queue::{Answer, Event, Queue, What};
use super::record::{Record, Waited};
use super::scenario::{ClientLoop, HintUse, Scenario, Sharing, Trouble};
use super::served::{Moment, Served, server_of};
use crate::base::Now;
use crate::base::exit_code::{self, Exit};
use crate::classify::{Class, Ending, Hint};
use crate::event::{Event as Told, Level};
use crate::gate::{Ask, Grant, Limits, Settlement, StoreTime};
use crate::policy::Policy;
use crate::report::traffic::Ending as Logged;
use crate::session::{Action, Answer as Reply, Delivered, Ended, Input, Kept, Pace, Sent, Session, Terms};
use crate::store::memory::{Clock, Memory};
use crate::store::{self, Store as _};

/// The time of day at the begin, in microseconds: what is before it has to be told, too.
const STORE_BEGIN: u64 = 1_000_000_000_000_000;
/// Fewer clients are in a processor's cache.
const FEW: usize = 2_000;
/// Events between two looks at who watches.
const WATCH_EVERY: u32 = 4096;

struct Engine<'a> {
    scenario: &'a Scenario,
    policy: &'a Policy,
    terms: Terms,
    limits: Limits,
    draws: Draws,
    clock: Clock,
    /// The store of shared state, where limits are shared.
    store: Option<Memory>,
    queue: Queue,
    clients: Clients,
    /// Where sessions put what they want, emptied each time.
    actions: Vec<Action>,
    server: Box<dyn Served>,
    record: Record,
    now: u64,
    /// The end of the warm-up.
    origin: u64,
    /// Operations begin before this moment.
    length: u64,
}

/// Simulates one run of a scenario under a policy. `watch` is told the moment that was reached, in nanoseconds, and says
/// whether to go on.
pub fn simulate(
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
    run: u32,
    watch: &dyn Fn(u64) -> bool,
) -> Record {
    let origin = nanos(scenario.warm_up);
    let end = origin.saturating_add(nanos(scenario.horizon));
    let clock = Clock::default();
    let mut engine = Engine {
        scenario,
        policy,
        terms: Terms::new(policy),
        limits: policy.limits(),
        draws: Draws::new(seed, run),
        store: (scenario.sharing != Sharing::Off).then(|| Memory::new(Rc::clone(&clock))),
        clock,
        queue: Queue::new(end),
        clients: Clients::default(),
        actions: Vec::new(),
        server: server_of(scenario),
        record: Record::default(),
        now: 0,
        origin,
        length: origin.saturating_add(nanos(scenario.length)),
    };
    engine.first_arrivals();
    let mut until_watch = WATCH_EVERY;
    while let Some(event) = engine.queue.pop() {
        engine.now = event.at;
        engine.touch_clients();
        engine.happens(&event, run);
        until_watch -= 1;
        if until_watch == 0 {
            until_watch = WATCH_EVERY;
            if !watch(engine.now) {
                break;
            }
        }
    }
    let mut record = engine.record;
    record.reached = engine.now.saturating_sub(origin);
    record.times.sort_unstable();
    record
}

impl Engine<'_> {
    fn happens(&mut self, event: &Event, run: u32) {
        let call = event.call();
        match event.what {
            What::Begin => self.begin(call, run),
            What::Timer => {
                if self.clients.sender(call).is_some_and(|client| client.timer == call.attempt) {
                    self.drive(call.place, Input::Woke);
                }
            }
            What::Arrival | What::Server | What::Cancel => self.at_the_server(event.what, call),
            What::Answer(answer) => {
                if let Some(client) = self.clients.sender(call)
                    && client.awaits
                    && client.attempt == call.attempt
                {
                    client.awaits = false;
                    self.answered(call, answer);
                }
            }
        }
    }

    /// Has the memory of the clients that wake next asked for at once. A million of them are in no cache, and each step would
    /// wait for its own.
    fn touch_clients(&mut self) {
        if self.clients.most() < FEW {
            return;
        }
        let waking = self.queue.coming().iter().filter(|event| event.what.reaches_client());
        let clients = waking.filter_map(|event| self.clients.at(event.place));
        std::hint::black_box(clients.fold(0, |sum, client| sum ^ client.touch()));
    }

    /// The record, and the moment to count at; `None` during the warm-up.
    fn counts(&mut self) -> Option<(&mut Record, u64)> {
        let at = self.now.checked_sub(self.origin)?;
        Some((&mut self.record, at))
    }

    fn begin(&mut self, call: Call, run: u32) {
        self.next_arrival(call);
        let mut session = Session::under(&self.terms, self.draws.session(call));
        let is_first = (run, call.client, call.turn) == (0, 0, 0);
        session = session.with_listeners(is_first.then_some(Level::Warn));
        let mut handle = None;
        if let Some(store) = &self.store {
            session = session.with_gate(self.policy, Grant::default());
            handle = Some(Box::new(store.another()));
        }
        let place = self.clients.keep(Client {
            session,
            store: handle,
            began: self.now,
            id: call.client,
            turn: call.turn,
            attempt: 0,
            timer: 0,
            awaits: false,
        });
        if let Some((record, at)) = self.counts() {
            record.begun(at);
        }
        self.drive(place, Input::Begin);
    }

    /// Tells a client's session what happened, and does what it says.
    fn drive(&mut self, place: u32, first: Input) {
        let elapsed = Duration::from_nanos(self.now);
        let now = Now { awake: elapsed, elapsed };
        let mut next = Some(first);
        let (mut wake, mut end) = (None, None);
        let mut actions = std::mem::take(&mut self.actions);
        while let Some(input) = next.take() {
            wake = None;
            let Some(client) = self.clients.at_mut(place) else { break };
            client.session.step_into(now, input, &mut actions);
            for action in actions.drain(..) {
                match action {
                    Action::Admit(ask) => next = self.admit(place, &ask),
                    Action::Settle(report) => next = self.settle(place, &report),
                    Action::Renew => next = Some(Input::Renewed(Reply::Done(()))),
                    Action::Spawn(_) => self.send(place),
                    Action::Stop => next = Some(self.stop(place)),
                    Action::WakeIn { after, .. } => wake = Some(after),
                    Action::Emit(event) => self.note(&event),
                    Action::Tell(..) | Action::PingStart | Action::StopHelper { .. } => {}
                    // Hooks take no time, a fallback fails, and a letter is written.
                    Action::RunHelper(_) => next = Some(Input::HelperEnded(Ending::Exited(1))),
                    Action::KeepLetter(_) => next = Some(Input::Kept(Kept::default())),
                    // Nobody is told of a simulated run.
                    Action::Ping(..) | Action::Export(_) => next = Some(Input::Sent(Sent::Taken)),
                    Action::Deliver(_) => next = Some(Input::Delivered(Delivered::All)),
                    Action::Finish(exit) => end = Some(exit),
                }
            }
        }
        self.actions = actions;
        if let Some(exit) = end {
            return self.finish(place, exit);
        }
        let Some(client) = self.clients.at_mut(place) else { return };
        client.timer = client.timer.wrapping_add(1);
        if let Some(after) = wake {
            let timer = Call { attempt: client.timer, ..client.call(place) };
            self.queue.push(self.now.saturating_add(nanos(after)), timer, What::Timer);
        }
    }

    fn send(&mut self, place: u32) {
        let Some(client) = self.clients.at_mut(place) else { return };
        client.attempt += 1;
        client.awaits = true;
        let call = client.call(place);
        let way = self.server.way(call, 0, &self.draws);
        self.queue.push(self.now.saturating_add(way), call, What::Arrival);
        if let Some((record, at)) = self.counts() {
            record.sent(at);
        }
    }

    /// A client stops waiting. Its server learns of it later, if at all.
    fn stop(&mut self, place: u32) -> Input {
        if let Some(client) = self.clients.at_mut(place) {
            client.awaits = false;
            if self.scenario.cancel {
                let call = client.call(place);
                let way = self.server.way(call, 0, &self.draws);
                self.queue.push(self.now.saturating_add(way), call, What::Cancel);
            }
        }
        Input::Ended(Ended::plainly(Ending::Signaled(libc::SIGTERM)))
    }

    fn answered(&mut self, call: Call, answer: Answer) {
        let mut ended = Ended::plainly(match answer {
            Answer::Success => Ending::Exited(0),
            Answer::Failure | Answer::RetryAfter(_) | Answer::Logged => Ending::Exited(exit_code::REFUSED),
        });
        if answer == Answer::Logged {
            ended.hint = self.logged_hint(call);
        }
        if let Answer::RetryAfter(outage) = answer
            && let Some(outage) = self.scenario.outages.get(usize::from(outage))
            && let Trouble::Unavailable(retry_after) = outage.kind
        {
            ended.hint = Some(Hint { class: Some(Class::Throttled), retry_after, reason: None });
        }
        if answer == Answer::Success
            && let Some((record, at)) = self.counts()
        {
            record.second(at).served += 1;
        }
        self.drive(call.place, Input::Ended(ended));
    }

    /// What the attempt in the log that a request is has to say of its failure.
    fn logged_hint(&self, call: Call) -> Option<Hint> {
        let (_, ending) = self.scenario.replay.as_ref()?.attempt(&self.draws, call);
        let (class, asked) = match ending {
            Logged::Permanent => (Class::Permanent, None),
            Logged::Throttled(asked) if self.scenario.hint != HintUse::Off => (Class::Throttled, asked),
            Logged::Throttled(_) | Logged::Transient | Logged::Success => return None,
        };
        Some(Hint { class: Some(class), retry_after: asked.map(Duration::from_micros), reason: None })
    }

    fn finish(&mut self, place: u32, exit: Exit) {
        let Some(Client { id, turn, began, .. }) = self.clients.leave(place) else { return };
        if let Some(began) = began.checked_sub(self.origin)
            && let Some((record, at)) = self.counts()
        {
            record.ended(began, at, exit == Exit::Status(0));
        }
        if let ClientLoop::Closed(pause) = self.scenario.pattern {
            let again = self.now.saturating_add(nanos(pause));
            if again < self.length {
                self.queue.push(again, Call::begin(id, turn + 1), What::Begin);
            }
        }
    }

    fn at_the_server(&mut self, what: What, call: Call) {
        let mut moment = Moment { now: self.now, queue: &mut self.queue, draws: &self.draws, refused: 0 };
        match what {
            What::Arrival => self.server.arrival(call, &mut moment),
            What::Server => self.server.goes_on(call, &mut moment),
            _ => self.server.cancel(call, &mut moment),
        }
        let (refused, waiting) = (moment.refused, self.server.waiting());
        if let Some((record, at)) = self.counts() {
            let second = record.second(at);
            second.refused += refused;
            second.queue = second.queue.max(waiting);
        }
    }

    fn admit(&mut self, place: u32, ask: &Ask) -> Option<Input> {
        let limits = self.limits.clone();
        let (key, store) = self.gate(place)?;
        let pace = Pace { pauses: store.patience(), renewal: store.renewal() };
        let answer = store::admit(store, &key, &limits, ask);
        Some(Input::Admission(Reply::of_store(answer), pace))
    }

    fn settle(&mut self, place: u32, settlement: &Settlement) -> Option<Input> {
        let limits = self.limits.clone();
        let (key, store) = self.gate(place)?;
        let answer = store::settle(store, &key, &limits, settlement);
        Some(Input::Settled(Reply::of_store(answer)))
    }

    /// The key that a client's limits are under, and its handle of the store.
    fn gate(&mut self, place: u32) -> Option<(String, &mut Memory)> {
        self.clock.set(StoreTime(STORE_BEGIN + self.now / 1000));
        let client = self.clients.at(place)?.id;
        let group = match self.scenario.sharing {
            Sharing::Off | Sharing::All => 0,
            Sharing::Groups(groups) => self.group(client, groups),
        };
        Some((group.to_string(), self.clients.at_mut(place)?.store.as_mut()?))
    }

    /// Keeps the waits of the first client, as the log of a run would have them.
    fn note(&mut self, event: &Told) {
        if let Told::AttemptRetry { failure, wait } = event {
            self.record.waits.push(Waited {
                attempt: failure.attempt,
                backoff_ms: wait.backoff_ms,
                delay_ms: wait.delay_ms,
            });
        }
    }
}
