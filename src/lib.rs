//! The decisions of `retry`, as pure functions of values: nothing here touches the machine.
//!
//! The code answers five questions: what was asked ([`policy`]), what happened ([`classify`]), how long to wait
//! ([`backoff`]), may we go now ([`gate`]), and what next ([`session`]). [`cli`] parses the command line, [`event`] has the
//! events of a run, [`ping`], [`trace`] and [`metrics`] report a run to other services, [`report`] summarises logs,
//! [`letter`] has dead letters, [`simulate`] predicts many runs, [`store`] is the interface of shared state, and [`base`]
//! is what all of them use. What touches the machine belongs to the program (`main.rs`). ARCHITECTURE.md has the map, and
//! the order in which rooms may use each other.
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
