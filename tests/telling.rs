//! What others are told of a run: traces for a collector, pings for a service that expects the job.

mod collector;
mod decode;
pub(crate) mod receiver;

mod pings;
mod pings_refused;
mod tls;
mod traces;
mod traces_refused;
