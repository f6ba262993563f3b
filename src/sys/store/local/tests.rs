//! Through real files, and processes that are killed and stopped.

mod permits;
mod processes;
mod trouble;
mod upkeep;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::directory::LAYOUT;
use super::*;
use crate::gate::Limits;
use crate::sys::environment;
use crate::sys::store::Patient as _;

/// A directory of a test's own, with a store in it.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The file that holds a key's state.
    fn state(&self, key: &str) -> PathBuf {
        self.store().join(LAYOUT).join(key_name::of_key(key)).join("state")
    }

    fn local(&self) -> Local {
        open(&self.store()).unwrap()
    }
}

fn open(path: &Path) -> Result<Local, Failure> {
    Local::open(&StateDir::Named(path.to_owned()))
}

/// Counts in the state: the moment until which a window is closed does as a counter.
fn count_in(state: &KeyState) -> u64 {
    state.view(StoreTime(0), &Limits::default()).window_until.map_or(0, |until| until.0)
}

fn increment(state: &mut KeyState) {
    state.close(StoreTime(0), Duration::from_micros(count_in(state) + 1));
}

/// One transaction that counts, and says how far it came.
fn count(local: &mut Local, key: &str) -> Result<u64, Failure> {
    let mut counted = 0;
    local.transact(key, Leases::Keep, &mut |transaction| {
        increment(transaction.state);
        counted = count_in(transaction.state);
        Grant::default()
    })?;
    Ok(counted)
}

/// The same, however busy the machine is: one that could not write for a while may try again.
fn count_surely(local: &mut Local, key: &str) {
    let limit = std::time::Instant::now() + Duration::from_secs(30);
    while let Err(Failure(why)) = count(local, key) {
        assert!(why.contains("is locked") && std::time::Instant::now() < limit, "{why}");
    }
}

/// Asks for leases, and takes what is free: which were they?
fn take(local: &mut Local, key: &str, permits: u32) -> Free {
    let mut seen = Free::default();
    let leases = Leases::Take { permits: Some(permits), probe: true };
    let decided = local.transact(key, leases, &mut |transaction| {
        seen = transaction.free;
        Grant { permit: transaction.free.permit, probe: transaction.free.probe }
    });
    decided.unwrap();
    seen
}

fn give_back(local: &mut Local, key: &str) {
    local.transact(key, Leases::GiveBack, &mut |_| Grant::default()).unwrap();
}

/// This program once more, in a process of its own that does one thing with a store.
struct Helper(Child);

impl Helper {
    fn command(act: &str, store: &Path) -> Command {
        let this = std::env::current_exe().unwrap();
        // Another user may not reach the path, but may well run the file.
        let mut command = Command::new(if cfg!(has_procfs) { "/proc/self/exe".into() } else { this });
        command
            .args(["--ignored", "--exact", "sys::store::local::tests::helper"])
            .env("RETRY_TEST_ACT", act)
            .env("RETRY_TEST_STORE", store)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    fn start(act: &str, store: &Path) -> Self {
        Self(Self::command(act, store).spawn().unwrap())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _dead_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// How high "count" counts.
const COUNTS: u64 = 200;

#[test]
#[ignore = "what Helper runs"]
fn helper() {
    let Some(act) = environment::get("RETRY_TEST_ACT") else { return };
    let store = PathBuf::from(environment::get("RETRY_TEST_STORE").unwrap());
    match act.to_str().unwrap() {
        "hold" => {
            let mut local = open(&store).unwrap();
            take(&mut local, "key", 1);
            fs::write(store.with_file_name("holds"), "").unwrap();
            loop {
                std::thread::park();
            }
        }
        "linger" => {
            let mut local = open(&store).unwrap();
            let result = local.transact("key", Leases::Keep, &mut |transaction| {
                fs::write(store.with_file_name("lingers"), "").unwrap();
                while !store.with_file_name("go on").exists() {
                    std::thread::yield_now();
                }
                increment(transaction.state);
                Grant::default()
            });
            result.unwrap();
        }
        "count" => {
            for _ in 0..COUNTS {
                count_surely(&mut open(&store).unwrap(), "key");
            }
        }
        "acknowledge" => {
            let mut acknowledged = fs::File::create(environment::get("RETRY_TEST_FILE").unwrap()).unwrap();
            loop {
                count_surely(&mut open(&store).unwrap(), "key");
                acknowledged.write_all(b".").unwrap();
            }
        }
        "default" => {
            let local = Local::open(&StateDir::Default).unwrap();
            fs::write(store, local.directory.path.to_str().unwrap()).unwrap();
        }
        "make default" => {
            count(&mut Local::open(&StateDir::Default).unwrap(), "key").unwrap();
        }
        other => panic!("{other}?"),
    }
}

#[test]
fn a_state_stays_and_keys_are_apart() {
    let sandbox = Sandbox::new();
    let mut one = sandbox.local();
    assert_eq!(count(&mut one, "key"), Ok(1));
    assert_eq!(count(&mut sandbox.local(), "key"), Ok(2));
    assert_eq!(count(&mut one, "key"), Ok(3));
    assert_eq!(count(&mut one, "other"), Ok(1));
    assert_eq!(count_in(&one.entry("key").unwrap().state), 3);
    assert_eq!(one.warnings(), Vec::<String>::new());
}

#[test]
fn what_does_not_change_is_not_written() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    give_back(&mut local, "key");
    assert_eq!(fs::read(sandbox.state("key")).unwrap(), b"");
    count(&mut local, "key").unwrap();
    let before = fs::read(sandbox.state("key")).unwrap();
    assert_eq!(before.len(), record::SLOT);
    give_back(&mut local, "key");
    take(&mut local, "key", 3);
    assert_eq!(fs::read(sandbox.state("key")).unwrap()[..record::SLOT], before);
}

#[test]
fn a_look_makes_nothing() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    assert_eq!(local.entries(), Ok(Vec::new()));
    let entry = local.entry("key").unwrap();
    assert_eq!((entry.key.as_str(), entry.state), ("key", KeyState::default()));
    local.forget("key").unwrap();
    assert!(!sandbox.store().exists());
    count(&mut local, "other").unwrap();
    local.entry("key").unwrap();
    local.forget("key").unwrap();
    assert!(!sandbox.state("key").parent().unwrap().exists());
}

#[test]
fn entries_are_all_keys_with_a_state_and_nothing_else() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    let keys = ["", "..", "a/b", "key", &"é\n".repeat(85), "only asked", "~"];
    for key in keys.into_iter().filter(|key| *key != "only asked") {
        count(&mut local, key).unwrap();
    }
    take(&mut local, "only asked", 1);
    give_back(&mut local, "only told of");
    let elsewhere = sandbox.store().join(LAYOUT);
    fs::write(elsewhere.join("a file"), "").unwrap();
    fs::create_dir_all(elsewhere.join("a directory")).unwrap();
    fs::create_dir_all(elsewhere.join("a copy")).unwrap();
    fs::copy(sandbox.state("key"), elsewhere.join("a copy/state")).unwrap();

    let mut found: Vec<_> = local.entries().unwrap().into_iter().map(|entry| entry.key).collect();
    found.sort();
    let mut wanted = keys.map(str::to_owned);
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn a_forgotten_key_begins_anew_without_a_warning() {
    let sandbox = Sandbox::new();
    let (mut local, mut other) = (sandbox.local(), sandbox.local());
    count(&mut local, "key").unwrap();
    take(&mut local, "key", 1);
    other.forget("key").unwrap();
    assert_eq!(other.entries(), Ok(Vec::new()));
    // What is held stays held.
    assert_eq!(take(&mut other, "key", 1), Free::default());
    assert_eq!(other.entry("key").unwrap().permits_held, 1);
    assert_eq!(count(&mut local, "key"), Ok(1));
    assert_eq!([local.warnings(), other.warnings()].concat(), Vec::<String>::new());
}

#[test]
fn the_time_is_that_of_the_host() {
    let sandbox = Sandbox::new();
    let before = clock::unix_micros();
    let mut seen = StoreTime(0);
    let result = sandbox.local().transact("key", Leases::Keep, &mut |transaction| {
        seen = transaction.now;
        Grant::default()
    });
    result.unwrap();
    assert!((before..=clock::unix_micros()).contains(&seen.0));
}
