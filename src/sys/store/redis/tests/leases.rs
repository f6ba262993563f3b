//! Leases: counted, renewed, given back, run out, lost.

use super::*;
use crate::sys::store::Patient as _;

const PERMITS: Leases = Leases::Take { permits: Some(3), probe: false };

/// Takes what is free of what is asked for.
fn take(store: &mut Redis, leases: Leases) -> Grant {
    let mut granted = Grant::default();
    store
        .transact("k", leases, &mut |transaction| {
            let wants_probe = matches!(leases, Leases::Take { probe: true, .. });
            granted =
                Grant { permit: transaction.free.permit && !wants_probe, probe: transaction.free.probe };
            granted
        })
        .expect("a transaction");
    granted
}

fn renew(store: &mut Redis) {
    let limit = Instant::now() + Duration::from_secs(30);
    while store.renew().expect("a server") == Done::Busy {
        assert!(Instant::now() < limit, "renewing has no end");
    }
}

fn held(store: &mut Redis) -> (u32, bool) {
    let entry = store.entry("k").expect("an entry");
    (entry.permits_held, entry.probe_held)
}

#[test]
fn the_fourth_of_three_has_to_wait_until_one_is_given_back() {
    let server = Server::start(&[]);
    let mut stores: Vec<_> = (0..4).map(|_| server.open()).collect();
    let granted: Vec<_> = stores.iter_mut().map(|store| take(store, PERMITS).permit).collect();
    assert_eq!(granted, [true, true, true, false]);
    assert_eq!(held(&mut stores[3]), (3, false));
    stores[0].transact("k", Leases::GiveBack, &mut |_| Grant::default()).unwrap();
    assert!(take(&mut stores[3], PERMITS).permit);
    assert!(!take(&mut stores[0], PERMITS).permit);
    stores[1].transact("other", Leases::GiveBack, &mut |_| Grant::default()).unwrap();
    assert_eq!(held(&mut stores[1]), (3, false), "of another key");
}

#[test]
fn there_is_one_probe() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.open(), server.open());
    let probe = Leases::Take { permits: None, probe: true };
    assert!(take(&mut one, probe).probe && !take(&mut other, probe).probe);
    assert_eq!(held(&mut other), (0, true));
    one.transact("k", Leases::GiveBack, &mut |_| Grant::default()).unwrap();
    assert!(take(&mut other, probe).probe);
}

#[test]
fn a_lease_whose_holder_is_gone_runs_out() {
    let server = Server::start(&[]);
    let mut gone = server.open();
    gone.lease = Duration::from_millis(300);
    assert!(take(&mut gone, Leases::Take { permits: Some(1), probe: false }).permit);
    drop(gone);
    let mut store = server.open();
    let limit = Instant::now() + Duration::from_secs(30);
    while !take(&mut store, Leases::Take { permits: Some(1), probe: false }).permit {
        assert!(Instant::now() < limit, "it never ran out");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(held(&mut store), (1, false));
}

#[test]
fn renewing_makes_leases_last() {
    let server = Server::start(&[]);
    let mut store = server.open();
    assert_eq!(store.renewal(), Some(Duration::from_secs(10)));
    assert!(take(&mut store, PERMITS).permit);
    let until = |store: &mut Redis| {
        let seen = store
            .talk(async |server: &mut crate::sys::store::redis::server::Server| server.read("k").await)
            .unwrap();
        let leases = store.server.record("k", &seen.value).leases;
        assert_eq!(leases.len(), 1);
        (seen.now, leases[0].until)
    };
    let (now, first) = until(&mut store);
    let left = first.since(now);
    assert!(left <= Duration::from_secs(30) && left > Duration::from_secs(5), "{left:?}");
    renew(&mut store);
    let (now, second) = until(&mut store);
    assert!(second > first && second.since(now) <= Duration::from_secs(30));
    assert_eq!(store.warnings(), Vec::<String>::new());
}

#[test]
fn a_lease_that_was_lost_is_taken_again_and_told() {
    let mut server = Server::start(&[]);
    let mut store = server.open();
    assert!(take(&mut store, PERMITS).permit);
    server.kill();
    server.start_again();
    assert_eq!(held(&mut server.open()), (0, false));
    renew(&mut store);
    assert_eq!(held(&mut server.open()), (1, false));
    let warnings = store.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains("expired and has been acquired again"),
        "{warnings:?}"
    );
    renew(&mut store);
    assert_eq!((held(&mut store), store.warnings()), ((1, false), vec![]));
    store.transact("k", Leases::GiveBack, &mut |_| Grant::default()).unwrap();
    assert_eq!(held(&mut store), (0, false));
}

#[test]
fn forgetting_a_key_takes_leases_from_nobody() {
    let server = Server::start(&[]);
    let mut store = server.open();
    add_one(&mut store, "k").unwrap();
    assert!(take(&mut store, PERMITS).permit);
    server.open().forget("k").unwrap();
    assert_eq!(count_of(&mut store, "k"), 0);
    assert_eq!(held(&mut store), (1, false));
}

#[test]
fn a_lease_of_a_clock_that_was_set_back_is_not_believed() {
    let mut record = Record::new("k");
    let now = StoreTime(1_000_000_000_000);
    let grant = Grant { permit: true, probe: true };
    record.take(grant, "past", now);
    record.take(grant, "live", now.plus(Duration::from_millis(1)));
    record.take(grant, "future", now.plus(Duration::from_secs(3600)));
    record.purge(now, LEASE_TIME);
    assert_eq!(record.leases.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(), ["live", "live"]);
    let again = Record::decode("k", &record.encode()).unwrap();
    assert_eq!(again, record);
    assert!(record.encode().starts_with(record.front().as_bytes()));
}
