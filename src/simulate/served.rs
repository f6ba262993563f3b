//! The servers that clients call. Each receives requests, and determines when they are answered.

mod collapse;
mod failures;
mod occ;
mod queued;

use super::call::{Call, Draws};
use super::queue::{Answer, Queue, What};
use super::scenario::{Model, Scenario};

/// A server, as the simulation of one run sees it.
pub(super) trait Served {
    /// The network delay of this request in nanoseconds: to the server (0), or back (1).
    fn way(&self, call: Call, leg: u32, draws: &Draws) -> u64;

    /// A request arrives.
    fn arrival(&mut self, call: Call, at: &mut Moment<'_>);

    /// Continues a request whose work was postponed until now.
    fn goes_on(&mut self, call: Call, at: &mut Moment<'_>);

    /// The client has abandoned this request.
    fn cancel(&mut self, _call: Call, _at: &mut Moment<'_>) {}

    /// The number of requests that wait for a worker.
    fn waiting(&self) -> u32 {
        0
    }
}

/// The interface of a server to the simulation at one point in time.
pub(super) struct Moment<'a> {
    /// In nanoseconds.
    pub(super) now: u64,
    pub(super) queue: &'a mut Queue,
    pub(super) draws: &'a Draws,
    /// Requests that were refused at once, since the queue was full or there was an outage.
    pub(super) refused: u32,
}

impl Moment<'_> {
    /// Continues a request after this many nanoseconds.
    fn put_off(&mut self, call: Call, after: u64) {
        self.queue.push(self.now.saturating_add(after), call, What::Server);
    }

    /// Answers a request: the client receives it after this many nanoseconds.
    fn answer(&mut self, call: Call, answer: Answer, way: u64) {
        self.queue.push(self.now.saturating_add(way), call, What::Answer(answer));
    }
}

/// The server of a scenario.
pub(super) fn server_of(scenario: &Scenario) -> Box<dyn Served> {
    match &scenario.model {
        Model::Occ => Box::new(occ::Row::default()),
        Model::Failures(share) => Box::new(failures::Coin { share: *share }),
        Model::Collapse(_) => Box::new(collapse::Concurrent::default()),
        Model::Server(server) => Box::new(queued::Queued::new(server, scenario)),
    }
}
