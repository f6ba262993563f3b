//! Permits and the probe.

use super::*;
use crate::sys::store::Patient as _;

#[test]
fn there_are_as_many_permits_as_were_asked_for_and_one_probe() {
    let sandbox = Sandbox::new();
    let mut holders: Vec<_> = (0..3).map(|_| sandbox.local()).collect();
    let seen: Vec<_> = holders.iter_mut().map(|holder| take(holder, "key", 3)).collect();
    assert_eq!(seen.iter().map(|free| free.permit).collect::<Vec<_>>(), [true; 3]);
    assert_eq!(seen.iter().map(|free| free.probe).collect::<Vec<_>>(), [true, false, false]);
    let mut late = sandbox.local();
    assert_eq!(take(&mut late, "key", 3), Free::default());
    // Keys are apart.
    assert_eq!(take(&mut late, "other", 1), Free { permit: true, probe: true });

    let entry = late.entry("key").unwrap();
    assert_eq!((entry.permits_held, entry.probe_held), (3, true));
    give_back(&mut holders[0], "key");
    let entry = late.entry("key").unwrap();
    assert_eq!((entry.permits_held, entry.probe_held), (2, false));
    // Counting them held none.
    assert_eq!(take(&mut late, "key", 3), Free { permit: true, probe: true });
    drop(holders);
    assert_eq!(late.entry("key").unwrap().permits_held, 1);
}

#[test]
fn permits_of_a_limit_that_was_higher_count() {
    let sandbox = Sandbox::new();
    let mut holders: Vec<_> = (0..5).map(|_| sandbox.local()).collect();
    assert!(holders.iter_mut().all(|holder| take(holder, "key", 5).permit));
    let mut late = sandbox.local();
    for freed in 0..5 {
        for most in 1..5 {
            let held = 5 - freed;
            assert_eq!(take(&mut late, "key", most).permit, held < most, "{held} of {most}");
            give_back(&mut late, "key");
        }
        give_back(&mut holders[freed as usize], "key");
    }
}

#[test]
fn what_the_decision_does_not_grant_is_not_held() {
    let sandbox = Sandbox::new();
    let (mut local, mut other) = (sandbox.local(), sandbox.local());
    let leases = Leases::Take { permits: Some(1), probe: true };
    let mut free = Free::default();
    let result = local.transact("key", leases, &mut |transaction| {
        free = transaction.free;
        Grant::default()
    });
    result.unwrap();
    assert_eq!(free, Free { permit: true, probe: true });
    assert_eq!(take(&mut other, "key", 1), Free { permit: true, probe: true });
}

#[test]
fn what_was_not_asked_for_is_not_free() {
    let sandbox = Sandbox::new();
    for leases in [Leases::Keep, Leases::GiveBack, Leases::Take { permits: None, probe: false }] {
        let result = sandbox.local().transact("key", leases, &mut |transaction| {
            assert_eq!(transaction.free, Free::default());
            Grant { permit: true, probe: true }
        });
        result.unwrap();
    }
    assert_eq!(sandbox.local().entry("key").unwrap().permits_held, 0);
}

#[test]
fn what_is_ours_stays_ours_until_it_is_given_back() {
    let sandbox = Sandbox::new();
    let (mut local, mut other) = (sandbox.local(), sandbox.local());
    take(&mut local, "key", 1);
    count(&mut local, "key").unwrap();
    assert_eq!(take(&mut other, "key", 1), Free::default());
    // Asking again is no second one.
    assert_eq!(take(&mut local, "key", 2), Free { permit: true, probe: true });
    assert_eq!(other.entry("key").unwrap().permits_held, 1);
    give_back(&mut local, "key");
    assert_eq!(take(&mut other, "key", 1), Free { permit: true, probe: true });
}

#[test]
fn leases_are_given_back_even_when_that_cannot_be_noted() {
    let sandbox = Sandbox::new();
    let (mut local, mut other) = (sandbox.local(), sandbox.local());
    take(&mut local, "key", 1);
    let state = sandbox.state("key");
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    assert!(local.transact("key", Leases::GiveBack, &mut |_| Grant::default()).is_err());
    fs::remove_dir(&state).unwrap();
    assert_eq!(take(&mut other, "key", 1), Free { permit: true, probe: true });
}
