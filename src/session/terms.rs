//! The parts of a policy that a session needs, shared by all of its runs.

use std::rc::Rc;
use std::time::Duration;

use rand::{RngExt, SeedableRng};

use super::RunBounds;
use crate::backoff::Backoff;
use crate::base::random::Generator;
use crate::classify::Rules;
use crate::policy::Policy;

/// The bounds, rules and waits of a policy. A million simulated clients share one.
#[derive(Clone, Debug)]
pub struct Terms {
    pub(super) bounds: Rc<RunBounds>,
    pub(super) rules: Rc<Rules>,
    pub(super) backoff: Rc<Backoff>,
    /// The longest wait before the first attempt.
    splay: Option<Duration>,
}

impl Terms {
    pub fn new(policy: &Policy) -> Self {
        Self {
            bounds: Rc::new(RunBounds::new(policy)),
            rules: Rc::new(policy.rules()),
            backoff: Rc::new(policy.schedule()),
            splay: policy.splay.0,
        }
    }

    /// The wait before the first attempt of the run with this seed. Drawn from a separate generator, so that the run's
    /// other draws do not depend on it.
    pub(super) fn splay(&self, seed: u64) -> Duration {
        /// Separates this generator from the run's, which has the same seed.
        const APART: u64 = 0x5350_4C41_5953_504C;
        let Some(most) = self.splay else { return Duration::ZERO };
        let share: f64 = Generator::seed_from_u64(seed ^ APART).random();
        most.mul_f64(share)
    }
}
