//! How a wait is drawn around its base, so that clients which failed together do not return together.

/// A uniform multiplier of the base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// The base itself.
    None,
    /// 0 to the base ("full jitter", AWS Architecture Blog, 2015).
    Full,
    /// Half the base to the base ("equal jitter", same source).
    Equal,
    /// The base to twice the base.
    Additive,
    /// The base ± this share of it, 0 to 1 (gRPC's A6 uses ± 0.2).
    Share(f64),
    /// Any two multipliers, the first not above the second.
    Multipliers(f64, f64),
}

impl Jitter {
    /// The names of the jitters that take no number.
    pub const NAMES: &[(&str, Jitter)] = &[
        ("none", Jitter::None),
        ("full", Jitter::Full),
        ("equal", Jitter::Equal),
        ("additive", Jitter::Additive),
    ];

    /// The lowest and the highest multiplier.
    pub fn multipliers(self) -> (f64, f64) {
        match self {
            Jitter::None => (1.0, 1.0),
            Jitter::Full => (0.0, 1.0),
            Jitter::Equal => (0.5, 1.0),
            Jitter::Additive => (1.0, 2.0),
            Jitter::Share(share) => (1.0 - share, 1.0 + share),
            Jitter::Multipliers(low, high) => (low, high),
        }
    }
}
