//! What is removed, what is kept beside the keys, and how directories are made.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::sys::store::Patient as _;

/// Sets a key's record to have been written so many days ago.
fn age(sandbox: &Sandbox, key: &str, days: u64) {
    let file = fs::File::options().write(true).open(sandbox.state(key)).unwrap();
    let then = clock::wall() - Duration::from_secs(days * 24 * 60 * 60);
    file.set_modified(then).unwrap();
}

#[test]
fn keys_that_nobody_uses_are_removed_after_a_week() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    for key in ["old", "young", "held", "closed"] {
        local
            .transact(key, Leases::Keep, &mut |transaction| {
                transaction.state.close(StoreTime(0), Duration::from_secs(1));
                Grant::default()
            })
            .unwrap();
    }
    take(&mut local, "held", 1);
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    local
        .transact("closed", Leases::Keep, &mut |transaction| {
            transaction.state.close(transaction.now, year);
            Grant::default()
        })
        .unwrap();
    for (key, days) in [("old", 8), ("young", 6), ("held", 8), ("closed", 8)] {
        age(&sandbox, key, days);
    }
    let keys = sandbox.local().entries().unwrap().into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    assert_eq!(keys, ["closed", "held", "young"]);
    assert!(!sandbox.state("old").parent().unwrap().exists());
    // Whoever has it open goes on with a new one.
    assert_eq!(count(&mut local, "old"), Ok(1));
}

#[test]
fn a_secret_is_made_once_and_read_by_all() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.local().secret(false), Ok(None));
    assert!(!sandbox.store().exists());
    let secrets: Vec<_> = std::thread::scope(|scope| {
        let made: Vec<_> =
            (0..8).map(|_| scope.spawn(|| sandbox.local().secret(true).unwrap().unwrap())).collect();
        made.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(secrets.iter().all(|secret| *secret == secrets[0] && secret.len() == 32), "{secrets:?}");
    assert_eq!(sandbox.local().secret(false), Ok(Some(secrets[0].clone())));
    assert_eq!(sandbox.local().entries(), Ok(Vec::new()), "it is no key");
    let name = |secret: &str| crate::store::name_of(secret, b"user:password");
    assert_eq!((name(&secrets[0]).len(), name(&secrets[0])), (16, name(&secrets[0])));
    assert_ne!(name(&secrets[0]), name("another"));
}

#[test]
fn parents_are_as_the_umask_has_them_and_the_store_is_ours() {
    let sandbox = Sandbox::new();
    let usual = sandbox.path("usual");
    fs::create_dir(&usual).unwrap();
    count(&mut open(&sandbox.path("a/b/store")).unwrap(), "key").unwrap();
    let mode = |path: &str| fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("a"), mode("a/b")], [mode("usual"); 2]);
    assert_eq!(mode("a/b/store"), 0o700);
}
