//! All that `retry` knows and decides, without the machine: a value in, a value out.
//!
//! The code answers five questions: what was asked ([`policy`]), what happened ([`classify`]), how long to wait
//! ([`backoff`]), may we go now ([`gate`]), and what next ([`session`]). [`cli`] reads what was typed, [`event`] is what is
//! told, [`ping`] and [`trace`] what others are told of a run, [`report`] what logs of it say, [`metrics`] what is counted of
//! it, [`letter`] what a failed run leaves, [`simulate`] what a herd of runs would do, [`store`] how shared state is kept, and [`base`] is the ground that all of them stand
//! on. What touches the machine belongs to the program (`main.rs`). ARCHITECTURE.md has the map, and the order in which rooms may
//! use each other.
//!
//! The library exists for the program, its benchmarks and its fuzz targets. Its interface may change with any version.

pub mod backoff;
pub mod base;
pub mod classify;
pub mod cli;
pub mod dialect;
pub mod event;
pub mod gate;
pub mod letter;
pub mod metrics;
pub mod ping;
pub mod policy;
pub mod report;
pub mod session;
pub mod simulate;
pub mod store;
pub mod trace;
