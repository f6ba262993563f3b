//! The scenario of a simulation: the clients, their arrivals, the server and its outages.

use std::sync::Arc;
use std::time::Duration;

use super::distribution::Distribution;
use super::replay::Replay;

/// Everything except the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub model: Model,
    /// At least 1.
    pub clients: u32,
    pub arrivals: Arrivals,
    pub pattern: ClientLoop,
    /// In the order in which they were given; if two overlap, the first one applies.
    pub outages: Vec<Outage>,
    /// Whether a client's timeout frees the server.
    pub cancel: bool,
    /// The warm-up before time 0, in which nothing is counted.
    pub warm_up: Duration,
    /// The time until which operations begin.
    pub length: Duration,
    /// The end of the simulation.
    pub horizon: Duration,
    pub sharing: Sharing,
    pub hint: HintUse,
    /// The log that is played back, if one is.
    pub replay: Option<Arc<Replay>>,
}

/// The server that clients meet.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// Optimistic concurrency on one row (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    Occ,
    /// Calls fail with this probability whatever the load (Brooker, "Fixing retries with token buckets", 2022).
    Failures(f64),
    /// Latency grows with concurrency, and abandoned work goes on (Brooker, simulator_example).
    Collapse(Load),
    Server(Server),
}

impl Model {
    pub fn name(&self) -> &'static str {
        match self {
            Model::Occ => "occ",
            Model::Failures(_) => "failures",
            Model::Collapse(_) => "collapse",
            Model::Server(_) => "server",
        }
    }
}

/// The load of the model `collapse`, in operations per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// From 40 up to 80 at 25 s, and down again, by 1.6 per second.
    Ramp,
    /// 40, and 80 from 20 s to 25 s.
    Spike,
}

/// A server with workers and a queue before them.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// At least 1.
    pub workers: u32,
    pub service: Distribution,
    /// Requests are attempts from the log, with their durations and results. The service time above is their mean.
    pub replay: Option<Arc<Replay>>,
    /// The most requests that may wait; further ones are refused at once.
    pub queue: u32,
    /// Last in, first out.
    pub lifo: bool,
    /// Each way.
    pub latency: Distribution,
    /// How much slower a full queue makes the server: service time × (1 + this · filled share of the queue).
    pub overload: f64,
}

impl Server {
    /// Requests per second.
    pub fn capacity(&self) -> f64 {
        f64::from(self.workers) / self.service.mean.as_secs_f64()
    }
}

/// When clients come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    All,
    /// Evenly over this time.
    Spread(Duration),
    /// New operations per second; in the model `failures`, per client.
    Poisson(f64),
    /// All within this time of each full minute.
    Cron(Duration),
    /// The load of the model `collapse`.
    Load(Load),
    /// The arrivals of the log that is played back.
    Log,
}

/// What a client does after its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientLoop {
    /// Nothing.
    Once,
    /// The client begins its next operation this long after the end of the last.
    Closed(Duration),
    /// Every arrival is a new client.
    Open,
}

/// The clients that share limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// None: there are no limits.
    Off,
    /// All clients share one key.
    All,
    /// The clients are spread over this many keys.
    Groups(u32),
}

/// How clients treat a server's Retry-After.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintUse {
    /// Clients do not see it.
    Off,
    /// As in real runs: the client respects it, and so do all others with the same key.
    On,
    /// All clients have a key because of it.
    Shared,
}

/// A time of trouble of the server, relative to time 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    pub from: Duration,
    /// `None`: it does not end.
    pub until: Option<Duration>,
    pub kind: Trouble,
}

/// The kind of an outage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// Requests fail at once.
    Refuse,
    /// Requests are never answered.
    Hang,
    /// Requests fail at once, and the answer may say when to come back.
    Unavailable(Option<Duration>),
    /// Service takes this many times as long.
    Slow(f64),
    /// This share of the requests is lost without an answer.
    Lose(f64),
    /// This share of the capacity is left.
    Capacity(f64),
}

impl Scenario {
    /// When the last outage is over; `None` if one never ends. Zero without any.
    pub fn outages_end(&self) -> Option<Duration> {
        self.outages
            .iter()
            .map(|outage| outage.until)
            .try_fold(Duration::ZERO, |end, until| Some(end.max(until?)))
    }

    /// The start and end of each outage in seconds, clipped at the horizon, and a description.
    pub fn outage_spans(&self) -> Vec<(f64, f64, String)> {
        let span = |outage: &Outage| {
            let until = outage.until.unwrap_or(self.horizon);
            (outage.from.as_secs_f64(), until.as_secs_f64(), outage.to_string())
        };
        self.outages.iter().map(span).collect()
    }

    /// The server's capacity in requests per second, if it is bounded.
    pub fn capacity(&self) -> Option<f64> {
        match &self.model {
            Model::Server(server) => Some(server.capacity()),
            Model::Occ | Model::Failures(_) | Model::Collapse(_) => None,
        }
    }

    /// Whether each operation has a client of its own, and clients come for as long as that is asked.
    pub fn is_open(&self) -> bool {
        matches!(self.arrivals, Arrivals::Poisson(_) | Arrivals::Load(_) | Arrivals::Log)
    }
}

/// A share in percent, without the error of a float: 7 for 0.07.
pub(super) fn percents(share: f64) -> f64 {
    (share * 1e11).round() / 1e9
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let exact = crate::base::duration::exact;
        match self {
            Trouble::Refuse => f.write_str("refuse"),
            Trouble::Hang => f.write_str("hang"),
            Trouble::Unavailable(None) => f.write_str("503"),
            Trouble::Unavailable(Some(time)) => write!(f, "503:{}", exact(*time)),
            Trouble::Slow(factor) => write!(f, "slow:{factor}"),
            Trouble::Lose(share) => write!(f, "lose:{}%", percents(*share)),
            Trouble::Capacity(share) => write!(f, "capacity:{}%", percents(*share)),
        }
    }
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let until = self.until.map_or("inf".to_owned(), crate::base::duration::exact);
        write!(f, "{}..{until}:{}", crate::base::duration::exact(self.from), self.kind)
    }
}
