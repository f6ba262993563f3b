//! Simulates a run: events in their order, clients that are sessions, and the server that they meet. It carries out what the sessions
//! decide, as `commands/run.rs` does with a machine.

mod arrivals;
mod sessions;

use std::rc::Rc;
use std::time::Duration;

use self::sessions::Sessions;
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
/// The sessions of fewer clients are in a processor's cache.
const FEW: usize = 2_000;
/// Events between two looks at who watches.
const WATCH_EVERY: u32 = 4096;

/// A client's operation; a closed client has one after the other.
#[derive(Default)]
struct Client {
    /// The place of its session, while it has one.
    session: Option<u32>,
    /// The client's handle of the shared state.
    store: Option<Box<Memory>>,
    /// When the operation began.
    began: u64,
    turn: u32,
    /// Attempts of this operation.
    attempt: u32,
    /// The timer that counts; earlier ones do not.
    generation: u32,
    /// An attempt is under way.
    awaits: bool,
}

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
    clients: Vec<Client>,
    sessions: Sessions,
    /// Those of a bucket.
    places: Vec<Option<u32>>,
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
        clients: Vec::new(),
        sessions: Sessions::default(),
        places: Vec::new(),
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
        engine.touch_sessions();
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
                if self.client(call.client).generation == call.attempt {
                    self.drive(call.client, Input::Woke);
                }
            }
            What::Arrival | What::Server | What::Cancel => self.at_the_server(event.what, call),
            What::Answer(answer) => {
                let client = self.client(call.client);
                if client.awaits && (client.turn, client.attempt) == (call.turn, call.attempt) {
                    client.awaits = false;
                    self.answered(call, answer);
                }
            }
        }
    }

    /// Has the memory of all sessions that wake in the bucket which was just opened asked for at once. A million of them are
    /// in no cache, and each step would wait for its own.
    fn touch_sessions(&mut self) {
        if self.clients.len() < FEW {
            return;
        }
        let touched = self.queue.opened().iter().filter(|event| event.what.reaches_client());
        self.places.clear();
        self.places.extend(
            touched.filter_map(|event| self.clients.get(event.client as usize).map(|client| client.session)),
        );
        let sessions = self.places.iter().filter_map(|place| self.sessions.get((*place)?));
        std::hint::black_box(sessions.fold(0, |sum, session| sum ^ session.touch()));
    }

    fn client(&mut self, id: u32) -> &mut Client {
        let place = id as usize;
        if place >= self.clients.len() {
            self.clients.resize_with(place + 1, Client::default);
        }
        &mut self.clients[place]
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
        let now = self.now;
        self.leave(call.client);
        let place = self.sessions.keep(session);
        let client = self.client(call.client);
        client.generation = client.generation.wrapping_add(1);
        let generation = client.generation;
        *client = Client {
            session: Some(place),
            store: handle,
            began: now,
            turn: call.turn,
            generation,
            ..Client::default()
        };
        if let Some((record, at)) = self.counts() {
            record.begun(at);
        }
        self.drive(call.client, Input::Begin);
    }

    /// Tells a client's session what happened, and does what it says.
    fn drive(&mut self, id: u32, first: Input) {
        let Some(place) = self.client(id).session else { return };
        let elapsed = Duration::from_nanos(self.now);
        let now = Now { awake: elapsed, elapsed };
        let mut next = Some(first);
        let (mut wake, mut end) = (None, None);
        let mut actions = std::mem::take(&mut self.actions);
        while let Some(input) = next.take() {
            wake = None;
            let Some(session) = self.sessions.get_mut(place) else { break };
            session.step_into(now, input, &mut actions);
            for action in actions.drain(..) {
                match action {
                    Action::Admit(ask) => next = self.admit(id, &ask),
                    Action::Settle(report) => next = self.settle(id, &report),
                    Action::Renew => next = Some(Input::Renewed(Reply::Done(()))),
                    Action::Spawn(_) => self.send(id),
                    Action::Stop => next = Some(self.stop(id)),
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
            return self.finish(id, exit);
        }
        let now = self.now;
        let client = self.client(id);
        client.generation = client.generation.wrapping_add(1);
        let timer = Call { client: id, turn: client.turn, attempt: client.generation };
        if let Some(after) = wake {
            self.queue.push(now.saturating_add(nanos(after)), timer, What::Timer);
        }
    }

    /// A client's session is over.
    fn leave(&mut self, id: u32) {
        if let Some(place) = self.client(id).session.take() {
            self.sessions.drop(place);
        }
    }

    fn send(&mut self, id: u32) {
        let client = self.client(id);
        client.attempt += 1;
        client.awaits = true;
        let call = Call { client: id, turn: client.turn, attempt: client.attempt };
        let way = self.server.way(call, 0, &self.draws);
        self.queue.push(self.now.saturating_add(way), call, What::Arrival);
        if let Some((record, at)) = self.counts() {
            record.sent(at);
        }
    }

    /// A client stops waiting. Its server learns of it later, if at all.
    fn stop(&mut self, id: u32) -> Input {
        let client = self.client(id);
        client.awaits = false;
        let call = Call { client: id, turn: client.turn, attempt: client.attempt };
        if self.scenario.cancel {
            let way = self.server.way(call, 0, &self.draws);
            self.queue.push(self.now.saturating_add(way), call, What::Cancel);
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
        self.drive(call.client, Input::Ended(ended));
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

    fn finish(&mut self, id: u32, exit: Exit) {
        let now = self.now;
        self.leave(id);
        let client = self.client(id);
        client.store = None;
        client.generation = client.generation.wrapping_add(1);
        let (began, turn) = (client.began, client.turn);
        if let Some(began) = began.checked_sub(self.origin)
            && let Some((record, at)) = self.counts()
        {
            record.ended(began, at, exit == Exit::Status(0));
        }
        if let ClientLoop::Closed(pause) = self.scenario.pattern {
            let again = now.saturating_add(nanos(pause));
            if again < self.length {
                self.queue.push(again, Call { client: id, turn: turn + 1, attempt: 0 }, What::Begin);
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

    fn admit(&mut self, id: u32, ask: &Ask) -> Option<Input> {
        let limits = self.limits.clone();
        let (key, store) = self.gate(id)?;
        let pace = Pace { pauses: store.patience(), renewal: store.renewal() };
        let answer = store::admit(store, &key, &limits, ask);
        Some(Input::Admission(Reply::of_store(answer), pace))
    }

    fn settle(&mut self, id: u32, settlement: &Settlement) -> Option<Input> {
        let limits = self.limits.clone();
        let (key, store) = self.gate(id)?;
        let answer = store::settle(store, &key, &limits, settlement);
        Some(Input::Settled(Reply::of_store(answer)))
    }

    /// The key that a client's limits are under, and its handle of the store.
    fn gate(&mut self, id: u32) -> Option<(String, &mut Memory)> {
        self.clock.set(StoreTime(STORE_BEGIN + self.now / 1000));
        let group = match self.scenario.sharing {
            Sharing::Off | Sharing::All => 0,
            Sharing::Groups(groups) => self.group(id, groups),
        };
        Some((group.to_string(), self.client(id).store.as_mut()?))
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
