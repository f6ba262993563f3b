//! Against a real server.

mod failing;
mod leases;
pub(in crate::sys::store) mod server;

use std::collections::BTreeMap;
use std::time::Instant;

use super::*;
use crate::gate::{self, Breaker, KeyState, Limits, Settlement, Tripping};
use crate::sys::store::Patient as _;
use server::Server;

/// A breaker that never opens counts failures.
fn counting() -> Limits {
    let breaker = Breaker { trips: Tripping::InARow(u32::MAX), open_for: Duration::from_secs(1) };
    Limits { breaker: Some(breaker), ..Limits::default() }
}

fn add_one(store: &mut Redis, key: &str) -> Result<(), Failure> {
    store.transact(key, Leases::Keep, &mut |transaction| {
        let settlement = Settlement { health: gate::Health::Bad, ..Settlement::UNKNOWN };
        transaction.state.settle(transaction.now, &counting(), &settlement);
        Grant::default()
    })
}

fn count(state: &KeyState) -> u32 {
    state.view(StoreTime(0), &counting()).failures
}

fn count_of(store: &mut Redis, key: &str) -> u32 {
    count(&store.entry(key).expect("an entry").state)
}

#[test]
fn what_one_process_writes_another_one_reads() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.open(), server.open());
    assert_eq!(count_of(&mut other, "k"), 0);
    add_one(&mut one, "k").unwrap();
    add_one(&mut other, "k").unwrap();
    assert_eq!((count_of(&mut one, "k"), count_of(&mut other, "k")), (2, 2));
    assert!(one.warnings().is_empty() && other.warnings().is_empty());
    let kept: i64 = server.ask(&["PTTL", "retry:{k}:state"]);
    assert!(kept > 6 * 24 * 60 * 60 * 1000, "{kept}");
}

#[test]
fn the_time_is_the_servers() {
    let server = Server::start(&[]);
    let mut store = server.open();
    let time = || {
        let (seconds, micros): (u64, u64) = server.ask(&["TIME"]);
        StoreTime(seconds * 1_000_000 + micros)
    };
    let (before, mut told) = (time(), StoreTime(0));
    store
        .transact("k", Leases::Keep, &mut |transaction| {
            told = transaction.now;
            Grant::default()
        })
        .unwrap();
    assert!(before <= told && told <= time());
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    let server = Server::start(&[]);
    let mut store = server.open();
    store.transact("k", Leases::Take { permits: Some(1), probe: true }, &mut |_| Grant::default()).unwrap();
    assert_eq!(server.ask::<u32>(&["DBSIZE"]), 0);
    add_one(&mut store, "k").unwrap();
    let before: String = server.ask(&["GET", "retry:{k}:state"]);
    store.transact("k", Leases::GiveBack, &mut |_| Grant::default()).unwrap();
    assert_eq!(server.ask::<String>(&["GET", "retry:{k}:state"]), before);
}

#[test]
fn any_key_is_kept_listed_and_forgotten() {
    let server = Server::start(&[]);
    let mut store = server.open();
    let keys = ["k", "", "a b", "{x}y", "}", "ключ/🔑", "a*[?]\\", "line\nbreak", "retry:{k}:state"];
    for (key, times) in keys.iter().zip(1..) {
        (0..times).for_each(|_| add_one(&mut store, key).unwrap());
    }
    let _: String = server.ask(&["SET", "retry:other", "1"]);
    let entries = store.entries().unwrap();
    let found: BTreeMap<_, _> =
        entries.iter().map(|entry| (entry.key.as_str(), count(&entry.state))).collect();
    assert_eq!(found, keys.into_iter().zip(1..).collect());
    assert!(
        entries.iter().all(|entry| entry.now > StoreTime(0) && entry.permits_held == 0 && !entry.probe_held)
    );
    for key in keys {
        store.forget(key).unwrap();
        assert_eq!(count_of(&mut store, key), 0);
    }
    assert_eq!(store.entries().unwrap(), []);
    assert_eq!(server.ask::<u32>(&["DBSIZE"]), 1, "what is not ours stays");
}

#[test]
fn many_keys_are_listed() {
    let server = Server::start(&[]);
    let fill = "for i = 1, 5000 do redis.call('SET', 'foreign' .. i, 1) end \
        for i = 1, 2500 do redis.call('SET', 'retry:{' .. i .. '}:state', ARGV[1]) end return 1";
    let mut store = server.open();
    add_one(&mut store, "1").unwrap();
    let value: String = server.ask(&["GET", "retry:{1}:state"]);
    let _: u32 = server.ask(&["EVAL", fill, "0", &value]);
    let entries = store.entries().unwrap();
    assert_eq!(entries.len(), 2500);
    assert!(entries.iter().all(|entry| count(&entry.state) == 1));
    assert!(entries.iter().any(|entry| entry.key == "2500"), "keys are what they are called by");
}

#[test]
fn writers_at_once_lose_nothing() {
    const THREADS: u32 = 32;
    const EACH: u32 = 50;
    let server = Server::start(&[]);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut store = server.open();
                (0..EACH).for_each(|_| add_one(&mut store, "k").unwrap());
            });
        }
    });
    assert_eq!(count_of(&mut server.open(), "k"), THREADS * EACH);
    let value: String = server.ask(&["GET", "retry:{k}:state"]);
    assert!(value.starts_with(&format!(r#"{{"v":1,"seq":{},"by":""#, THREADS * EACH)), "{value}");
}

#[test]
fn scripts_may_vanish_at_any_time() {
    let server = Server::start(&[]);
    let mut store = server.open();
    for times in 1..4 {
        add_one(&mut store, "k").unwrap();
        assert_eq!(count_of(&mut store, "k"), times);
        let _: String = server.ask(&["SCRIPT", "FLUSH"]);
    }
}

#[test]
fn what_is_no_state_of_ours_begins_anew_with_one_warning() {
    let server = Server::start(&[]);
    let newer = r#"{"v":9,"seq":1,"by":"x","key":"k","state":{"v":1,"updated":0},"leases":[]}"#;
    let newer_state = r#"{"v":1,"seq":1,"by":"x","key":"k","state":{"v":9,"updated":0},"leases":[]}"#;
    let name = "retry:{k}:state";
    for words in [
        &["SET", name, "no JSON \u{1}"][..],
        &["SET", name, ""],
        &["SET", name, newer],
        &["SET", name, newer_state],
        &["HSET", name, "a", "b"],
        &["RPUSH", name, "a", "b"],
    ] {
        let _: () = server.ask(&["DEL", name]);
        let _: ::redis::Value = server.ask(words);
        let mut store = server.open();
        assert_eq!(store.entries().unwrap(), [], "{words:?}");
        assert_eq!(count_of(&mut store, "k"), 0, "{words:?}");
        add_one(&mut store, "k").unwrap();
        assert_eq!(count_of(&mut store, "k"), 1, "{words:?}");
        let warnings = store.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("it is reset"), "{words:?}: {warnings:?}");
        let mut next = server.open();
        add_one(&mut next, "k").unwrap();
        assert_eq!((count_of(&mut next, "k"), next.warnings()), (2, vec![]), "{words:?}");
    }
}

#[test]
fn a_value_in_another_order_is_read_and_replaced() {
    let server = Server::start(&[]);
    let mut store = server.open();
    add_one(&mut store, "k").unwrap();
    let value: String = server.ask(&["GET", "retry:{k}:state"]);
    let turned = value.replacen(r#"{"v":1,"#, r#"{ "new": [1], "v":1, "#, 1);
    let _: String = server.ask(&["SET", "retry:{k}:state", &turned]);
    add_one(&mut store, "k").unwrap();
    assert_eq!((count_of(&mut store, "k"), store.warnings()), (2, vec![]));
}

#[test]
fn a_state_is_kept_as_long_as_it_matters() {
    let server = Server::start(&[]);
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    server
        .open()
        .transact("k", Leases::Keep, &mut |transaction| {
            transaction.state.close(transaction.now, month);
            Grant::default()
        })
        .unwrap();
    let kept: u64 = server.ask(&["PTTL", "retry:{k}:state"]);
    assert!(u128::from(kept) > month.as_millis(), "{kept}");
}

#[test]
fn opening_connects_to_nothing() {
    assert!(Redis::open("redis+unix:///nowhere/r.sock").is_ok());
    assert!(Redis::open("redis://192.0.2.1").is_ok());
    let told = Redis::open("redis://u:s3cret/@host").err().expect("a failure").0;
    assert!(told.contains("invalid port") && !told.contains("s3cret"), "{told}");
}

#[test]
fn tcp_and_databases() {
    let (server, port) = Server::start_on_port(&[]);
    for host in ["127.0.0.1", "localhost"] {
        let mut store = Redis::open(&format!("redis://{host}:{port}/3")).unwrap();
        add_one(&mut store, "k").unwrap();
    }
    assert_eq!(count_of(&mut server.open(), "k"), 0);
    let mut third = Redis::open(&format!("{}?db=3", server.url())).unwrap();
    assert_eq!(count_of(&mut third, "k"), 2);
}
