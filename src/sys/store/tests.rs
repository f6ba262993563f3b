//! All stores do the same: what one admits, every other one does.

use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::gate::{Admission, Ask, AttemptKind, Breaker, Health, Limits, Rate, Settled, Settlement};
use crate::gate::{StoreTime, Tripping};
use crate::store::memory::{Clock, Memory};

/// Processes at once.
const CLIENTS: usize = 4;

/// Something that one process does, or that happens to it.
#[derive(Clone, Debug)]
enum Step {
    /// Asks for an attempt, or settles the one that runs.
    GoOn { kind: AttemptKind, chance: f64, health: Health, retry_after: Option<u64> },
    /// Dies and is replaced.
    Die,
}

/// What a step is told.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Admission(Admission),
    Settled(Settled),
    Replaced,
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let seconds = Duration::from_secs;
    let rate = proptest::option::of((1u32..5).prop_map(move |count| Rate { count, per: seconds(10) }));
    let trips = prop_oneof![(1u32..4).prop_map(Tripping::InARow), Just(Tripping::Share(0.5))];
    let breaker = proptest::option::of(trips.prop_map(move |trips| Breaker { trips, open_for: seconds(5) }));
    (proptest::option::of(1u32..4), rate, breaker, proptest::option::of(0.1f64..1.0), any::<bool>()).prop_map(
        |(concurrency, rate, breaker, budget, adaptive)| Limits {
            concurrency,
            rate,
            breaker,
            budget,
            adaptive,
        },
    )
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(AttemptKind::First), Just(AttemptKind::Retry), Just(AttemptKind::Repeat)];
    let health = prop_oneof![Just(Health::Good), Just(Health::Bad), Just(Health::Unknown)];
    let go_on = (kind, 0.0f64..1.0, health, proptest::option::weighted(0.2, 0u64..10_000));
    let go_on = go_on.prop_map(|(kind, chance, health, retry_after)| Step::GoOn {
        kind,
        chance,
        health,
        retry_after,
    });
    prop_oneof![9 => go_on, 1 => Just(Step::Die)]
}

/// Processes of one store, and what each attempt under way was granted.
struct Clients<'a> {
    open: &'a dyn Fn() -> Box<dyn Store>,
    all: Vec<(Box<dyn Store>, Option<Grant>)>,
}

impl<'a> Clients<'a> {
    fn new(open: &'a dyn Fn() -> Box<dyn Store>) -> Self {
        Self { open, all: (0..CLIENTS).map(|_| (open(), None)).collect() }
    }

    /// Time is the same for all stores, whatever their own clocks tell.
    fn step(&mut self, client: usize, now: StoreTime, limits: &Limits, step: &Step) -> Told {
        let (store, running) = &mut self.all[client];
        match (step, running.take()) {
            (Step::Die, _) => {
                // Dies before it is replaced.
                drop(self.all.remove(client));
                self.all.insert(client, ((self.open)(), None));
                Told::Replaced
            }
            (Step::GoOn { kind, chance, .. }, None) => {
                let ask = Ask { kind: *kind, chance: *chance, rank: *chance, ..Ask::default() };
                let mut told = None;
                let done = store.transact("k", Leases::wanted(limits, &ask), &mut |seen| {
                    let admission = seen.state.admit(now, limits, &ask, seen.free);
                    let grant =
                        if let Admission::Proceed(grant) = admission { grant } else { Grant::default() };
                    told = Some(admission);
                    grant
                });
                done.expect("a transaction");
                let admission = told.expect("a decision");
                if let Admission::Proceed(grant) = admission {
                    *running = Some(grant);
                }
                Told::Admission(admission)
            }
            (Step::GoOn { health, retry_after, chance, .. }, Some(grant)) => {
                let settlement = Settlement {
                    health: *health,
                    retry_after: retry_after.map(Duration::from_millis),
                    probe: grant.probe,
                    rank: *chance,
                    began: Some(now),
                };
                let mut settled = Settled::default();
                let done = store.transact("k", Leases::GiveBack, &mut |seen| {
                    settled = seen.state.settle(now, limits, &settlement);
                    Grant::default()
                });
                done.expect("a transaction");
                Told::Settled(settled)
            }
        }
    }
}

/// Has random clients do the same with a store in memory and with another one.
#[track_caller]
fn is_like_memory(cases: u32, new: impl Fn() -> Box<dyn Fn() -> Box<dyn Store>>, dies_at_once: bool) {
    let steps = proptest::collection::vec((0..CLIENTS, 0u64..3000, any_step()), 1..40);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&(any_limits(), steps), |(limits, steps)| {
        let first = Memory::new(Clock::default());
        let (in_memory, other) = (move || -> Box<dyn Store> { Box::new(first.another()) }, new());
        let (mut ones, mut others) = (Clients::new(&in_memory), Clients::new(&*other));
        let mut now = StoreTime(1_700_000_000_000_000);
        for (client, millis, step) in steps {
            if matches!(step, Step::Die) && !dies_at_once {
                continue;
            }
            now = now.plus(Duration::from_millis(millis));
            let told = ones.step(client, now, &limits, &step);
            prop_assert_eq!(told, others.step(client, now, &limits, &step));
        }
        let (one, other) = (ones.all[0].0.entry("k"), others.all[0].0.entry("k"));
        let all = |entry: Result<crate::store::Entry, Failure>| {
            entry.map(|entry| (entry.state, entry.permits_held, entry.probe_held))
        };
        prop_assert_eq!(all(one), all(other));
        Ok(())
    });
    run.expect("the same answers");
}

#[test]
fn files_admit_what_memory_admits() {
    is_like_memory(
        64,
        || {
            let directory = Rc::new(tempfile::tempdir().expect("a directory"));
            Box::new(move || {
                let place = local::StateDir::Named(directory.path().join("store"));
                Box::new(local::Local::open(&place).expect("a store"))
            })
        },
        true,
    );
}

/// There, leases of the dead run out by the server's clock: nobody dies here.
#[test]
fn a_server_admits_what_memory_admits() {
    let server = redis::tests::server::Server::start(&[]);
    let server = Rc::new(server);
    is_like_memory(
        32,
        || {
            let server = Rc::clone(&server);
            let _: () = server.ask(&["FLUSHALL"]);
            Box::new(move || Box::new(server.open()))
        },
        false,
    );
}
