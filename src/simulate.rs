//! `retry simulate`: many clients with one policy call a modelled server, in virtual time.
//!
//! The clients are the same [`Session`](crate::session::Session)s that run commands, with the real waits and shared limits;
//! only the command, the server and the clock are models. Pure: the same scenario, policy and seed give the same
//! [`Record`]. Threads and output are handled by `commands/simulate.rs`.

pub mod answer;
mod call;
pub mod csv;
pub mod distribution;
mod engine;
pub mod html;
pub mod map;
pub mod plan;
mod queue;
pub mod read;
mod record;
pub mod replay;
pub mod scenario;
pub mod search;
mod served;
mod summary;
pub mod text;
mod variant;
mod verdict;

use std::time::Duration;

pub use engine::simulate;
pub use record::{Record, Second, Waited};
pub use summary::Summary;
pub use variant::{Template, Variant};

/// A client that waits: its session and what stands in the queue for it, in bytes.
const CLIENT: u64 = 800;
/// What a client has besides where limits are shared: its handle of the store, and what it knows of them.
const SHARER: u64 = 300;
/// A finished operation.
const OPERATION: u64 = 64;
/// What a run takes however small it is, and the program.
const BASE: u64 = 16_000_000;

/// The memory that a run of a scenario takes, in bytes: roughly, and rather too much.
pub fn bytes_of(scenario: &scenario::Scenario) -> u64 {
    let clients = if scenario.is_open() { 0 } else { u64::from(scenario.clients) };
    clients.saturating_mul(bytes_of_client(scenario)).saturating_add(bytes_beside_clients(scenario))
}

/// How many clients a run of a scenario may have in so many bytes.
pub fn clients_in(scenario: &scenario::Scenario, bytes: u64) -> u64 {
    bytes.saturating_sub(bytes_beside_clients(scenario)) / bytes_of_client(scenario)
}

fn bytes_of_client(scenario: &scenario::Scenario) -> u64 {
    if scenario.sharing == scenario::Sharing::Off { CLIENT } else { CLIENT + SHARER }
}

fn bytes_beside_clients(scenario: &scenario::Scenario) -> u64 {
    let seconds = scenario.length.as_secs_f64();
    let arrivals = match scenario.arrivals {
        scenario::Arrivals::Poisson(rate) => rate * seconds,
        scenario::Arrivals::Load(_) => 80.0 * seconds,
        scenario::Arrivals::Log => f64::from(scenario.clients),
        _ => 0.0,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rough number")]
    let arrivals = arrivals as u64;
    arrivals.saturating_mul(OPERATION).saturating_add(BASE)
}

/// A duration in nanoseconds, the unit of all times here.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
