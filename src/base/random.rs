//! The random number generator of a run. The program and simulated clients use the same one, so that a seed gives the same
//! waits in both.

/// xoshiro256++ (Blackman and Vigna), of 32 bytes. Fast and small; not for secrets.
pub use rand::rngs::Xoshiro256PlusPlus as Generator;
