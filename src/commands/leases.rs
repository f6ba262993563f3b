//! The leases of enclosing attempts, passed in `RETRY_PERMITS`: a nested run does not wait for a permit under which it runs.

use crate::gate::Grant;
use crate::sys::environment::Outer;
use crate::sys::store::StoreLocation;

/// The leases of an enclosing attempt, under this key of this store.
pub(super) fn covered(outer: &Outer, location: &StoreLocation, key: &str) -> Grant {
    if outer.permits.is_empty() {
        return Grant::default();
    }
    let token = token(location, key);
    let holds = |suffix| outer.permits.iter().any(|held| *held == format!("{token}{suffix}"));
    Grant { permit: holds("p"), probe: holds("b") }
}

/// The value of `RETRY_PERMITS` for an attempt that holds `granted` under this key, in addition to those of enclosing
/// attempts; `None` if there are no leases.
pub(super) fn permits(granted: Grant, outer: &Outer, location: &StoreLocation, key: &str) -> Option<String> {
    let held = [(granted.permit, "p"), (granted.probe, "b")].into_iter().filter(|(held, _)| *held);
    let held = held.map(|(_, suffix)| format!("{}{suffix}", token(location, key)));
    let all: Vec<_> = outer.permits.iter().cloned().chain(held).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// The name of a store's key for a nested run.
fn token(location: &StoreLocation, key: &str) -> String {
    let bytes = location.identity().into_bytes().into_iter().chain([0]).chain(key.bytes());
    format!("{:016x}", crate::base::fnv::hash64(bytes))
}
