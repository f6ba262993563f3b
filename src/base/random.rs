//! The generator of random numbers behind every draw of a run: one for the program and for clients in virtual time, so that
//! the same seed means the same waits in both.

/// xoshiro256++ (Blackman and Vigna), of 32 bytes. It is fast and small, and no secret comes from it.
pub use rand::rngs::Xoshiro256PlusPlus as Generator;
