//! The transactions of attempts: asking to be admitted, and reporting how they ended. `gate/` makes the decisions.

use super::{Done, Failure, Leases, Store};
use crate::gate::{Admission, Ask, Grant, Limits, Settled, Settlement, StoreTime};

/// Asks whether an attempt may start. Returns the decision and the store's time at which it was made; `None` if the state
/// is busy and nothing was done.
pub fn admit(
    store: &mut dyn Store,
    key: &str,
    limits: &Limits,
    ask: &Ask,
) -> Result<Option<(Admission, StoreTime)>, Failure> {
    let mut decided = None;
    let done = store.try_transact(key, Leases::wanted(limits, ask), &mut |seen| {
        let admission = seen.state.admit(seen.now, limits, ask, seen.free);
        let grant = if let Admission::Proceed(grant) = &admission { *grant } else { Grant::default() };
        decided = Some((admission, seen.now));
        grant
    })?;
    Ok(decided.filter(|_| done == Done::Done))
}

/// Reports the end of an attempt, and gives its leases back. `None`: as above.
pub fn settle(
    store: &mut dyn Store,
    key: &str,
    limits: &Limits,
    settlement: &Settlement,
) -> Result<Option<Settled>, Failure> {
    let mut settled = Settled::default();
    let done = store.try_transact(key, Leases::GiveBack, &mut |seen| {
        settled = seen.state.settle(seen.now, limits, settlement);
        Grant::default()
    })?;
    Ok(Some(settled).filter(|_| done == Done::Done))
}
