//! A request, and the random numbers that belong to it.
//!
//! Each number is a function of the seed, the run and its purpose, rather than taken from a common stream. So every variant
//! of a comparison sees the same arrivals, service times and losses, and their differences are paired.

use std::f64::consts::TAU;

/// A request of a client: its operation, counted from 0, and its attempt, counted from 1. Attempt 0 stands for the start of
/// an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) client: u32,
    pub(super) turn: u32,
    pub(super) attempt: u32,
    /// Where the client stands during the operation.
    pub(super) place: u32,
}

impl Call {
    /// The start of an operation whose client has no place yet.
    pub(super) const fn begin(client: u32, turn: u32) -> Self {
        Self { client, turn, attempt: 0, place: 0 }
    }

    /// A client's first attempt.
    #[cfg(test)]
    pub(super) const fn first(client: u32) -> Self {
        Self { attempt: 1, ..Self::begin(client, 0) }
    }
}

/// The purpose of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Session = 1,
    Arrival,
    Service,
    Loss,
    /// A way between client and server, and those that follow it.
    Hop,
}

/// The random numbers of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    seed: u64,
    run: u32,
}

impl Draws {
    pub(super) fn new(seed: u64, run: u32) -> Self {
        Self { seed, run }
    }

    /// The seed of a client's session. The very first has the seed itself: it draws what `retry --seed` draws.
    pub(super) fn session(&self, call: Call) -> u64 {
        if (self.run, call.client, call.turn) == (0, 0, 0) {
            return self.seed;
        }
        self.bits(Purpose::Session, Call { attempt: 0, ..call }, 0)
    }

    /// A number in [0, 1); `which` tells several of one purpose apart.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&self, purpose: Purpose, call: Call, which: u32) -> f64 {
        (self.bits(purpose, call, which) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A draw of the standard normal distribution (Box and Muller).
    pub(super) fn normal(&self, purpose: Purpose, call: Call, which: u32) -> f64 {
        let [u, v] = [which * 2, which * 2 + 1].map(|which| self.unit(purpose, call, which + 8));
        (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
    }

    fn bits(&self, purpose: Purpose, call: Call, which: u32) -> u64 {
        let words = [
            u64::from(self.run) << 32 | u64::from(which) << 8 | purpose as u64,
            u64::from(call.client) << 32 | u64::from(call.turn),
            u64::from(call.attempt),
        ];
        words.iter().fold(mixed(self.seed), |state, word| mixed(state ^ mixed(*word)))
    }
}

/// A step of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same numbers, or others")]
mod tests {
    use super::*;

    const CALL: Call = Call::first(3);

    #[test]
    fn only_the_first_client_of_the_first_run_has_the_seed_itself() {
        let first = Call::begin(0, 0);
        assert_eq!(Draws::new(7, 0).session(first), 7);
        let others = [(0, Call { client: 1, ..first }), (1, first), (0, Call { turn: 1, ..first })];
        for (run, call) in others {
            assert_ne!(Draws::new(7, run).session(call), 7);
        }
    }

    #[test]
    fn numbers_differ_by_what_they_are_for_and_are_spread_evenly() {
        let draws = Draws::new(1, 0);
        let one = draws.unit(Purpose::Service, CALL, 0);
        assert_eq!(one, draws.unit(Purpose::Service, CALL, 0));
        assert_ne!(one, draws.unit(Purpose::Loss, CALL, 0));
        assert_ne!(one, draws.unit(Purpose::Service, CALL, 1));
        assert_ne!(one, draws.unit(Purpose::Service, Call { attempt: 2, ..CALL }, 0));
        let sum = |number: &dyn Fn(Call) -> f64| {
            (0..10_000).map(|client| number(Call { client, ..CALL })).sum::<f64>() / 10_000.0
        };
        let mean = sum(&|call| draws.unit(Purpose::Hop, call, 0));
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let mean = sum(&|call| draws.normal(Purpose::Hop, call, 0));
        let square = sum(&|call| draws.normal(Purpose::Hop, call, 0).powi(2));
        assert!(mean.abs() < 0.04 && (square - 1.0).abs() < 0.06, "{mean} {square}");
    }
}
