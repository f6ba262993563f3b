//! Reads a scenario from the values of options.

mod logged;
mod values;

pub use values::share;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::distribution::Distribution;
use super::replay::Replay;
use super::scenario::{
    Arrivals, ClientLoop, HintUse, Load, Model, Outage, Scenario, Server, Sharing, Trouble,
};
use crate::base::duration::exact;
use crate::base::problem::{Problem, did_you_mean};
use values::{
    arrivals, bounded, capacity, clients_of, hint_use, load, on_or_off, outage, overload, pattern, sharing,
    whole, whole_or_zero, word,
};

/// The options that define a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// The texts given to its options, by name without dashes. Several occurrences accumulate.
    pub given: BTreeMap<String, Vec<String>>,
    /// The log that is played back, if one is.
    pub replay: Option<Arc<Replay>>,
}

/// All parameters, and the models that have each.
const KNOWN: &[(&str, &[&str])] = &[
    ("clients", &["occ", "failures", "server"]),
    ("arrive", &["failures", "server"]),
    ("loop", &["server"]),
    ("capacity", &["server"]),
    ("workers", &["server"]),
    ("service", &["server"]),
    ("queue", &["server"]),
    ("queue-order", &["server"]),
    ("latency", &["server"]),
    ("outage", &["server"]),
    ("overload", &["server"]),
    ("cancel", &["server"]),
    ("warm-up", &["failures", "collapse", "server"]),
    ("for", &["failures", "collapse", "server"]),
    ("horizon", &["occ", "failures", "collapse", "server"]),
    ("shared", &["occ", "failures", "collapse", "server"]),
    ("hint", &["server"]),
    ("failure", &["failures"]),
    ("load", &["collapse"]),
];

/// The models.
pub const MODELS: [&str; 4] = ["server", "occ", "failures", "collapse"];

/// The most clients that can be numbered.
const MAX_CLIENTS: u32 = 100_000_000;
/// The longest simulated time.
pub const MAX_HORIZON: Duration = Duration::from_secs(7 * 86_400);
/// Simulated time after the last outage, or the last arrival.
pub const AFTERMATH: Duration = Duration::from_secs(600);

/// Whether this is a parameter of a scenario rather than a setting.
pub fn is_parameter(name: &str) -> bool {
    KNOWN.iter().any(|(known, _)| *known == name)
}

/// The names of all parameters.
pub fn parameters() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, _)| *name)
}

impl Parameters {
    /// The last value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name)?.last().map(String::as_str)
    }

    fn all(&self, name: &str) -> &[String] {
        self.given.get(name).map_or(&[], Vec::as_slice)
    }

    /// Replaces the values of a parameter.
    pub fn set(&mut self, name: &str, value: String) {
        self.given.insert(name.to_owned(), vec![value]);
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        read(text.trim()).map(Some).map_err(|why| Problem::new(format!("--{name} {text}: {why}")))
    }

    /// The scenario of this model.
    pub fn scenario(&self, model: &str) -> Result<Scenario, Problem> {
        self.check_model(model)?;
        let load = self.read("load", load)?.unwrap_or(Load::Spike);
        let (model, clients, length) = match model {
            "occ" => (Model::Occ, 100, None),
            "failures" => {
                let share = self.read("failure", |text| share(text, "30%"))?.unwrap_or(0.3);
                (Model::Failures(share), 100, Some(Duration::from_secs(10)))
            }
            "collapse" => (Model::Collapse(load), 1, Some(Duration::from_secs(80))),
            _ => (Model::Server(self.server()?), 1000, None),
        };
        let arrivals = match (&model, self.read("arrive", arrivals)?) {
            (_, Some(given)) => given,
            (Model::Failures(_), None) => Arrivals::Poisson(10.0),
            (Model::Collapse(load), None) => Arrivals::Load(*load),
            (Model::Server(_), None) if self.replay.is_some() => Arrivals::Log,
            _ => Arrivals::All,
        };
        let mut scenario = Scenario {
            clients: self.read("clients", clients_of)?.unwrap_or(clients),
            arrivals,
            pattern: self.read("loop", pattern)?.unwrap_or(ClientLoop::Once),
            outages: if matches!(model, Model::Server(_)) { self.outages()? } else { Vec::new() },
            cancel: self.read("cancel", on_or_off)?.unwrap_or(false),
            warm_up: self.read("warm-up", bounded)?.unwrap_or_default(),
            length: Duration::ZERO,
            horizon: Duration::ZERO,
            sharing: self.read("shared", sharing)?.unwrap_or(Sharing::Off),
            hint: self.read("hint", hint_use)?.unwrap_or(HintUse::On),
            replay: self.replay.clone(),
            model,
        };
        self.follow_log(&mut scenario)?;
        self.check_clients(&scenario)?;
        if scenario.hint == HintUse::Shared && scenario.sharing == Sharing::Off {
            if self.get("shared").is_some() {
                return Err(Problem::new(
                    "--hint shared and --shared off conflict: the hint is shared through a key",
                )
                .hint("drop --shared off, or use --hint on"));
            }
            scenario.sharing = Sharing::All;
        }
        self.times(&mut scenario, length)?;
        check(&scenario)?;
        Ok(scenario)
    }

    fn check_model(&self, model: &str) -> Result<(), Problem> {
        if !MODELS.contains(&model) {
            let near = did_you_mean(model, &MODELS);
            return Err(Problem::new(format!("invalid --model '{model}'{near}"))
                .hint(format!("use {}", MODELS.join(", "))));
        }
        if self.replay.is_some() && model != "server" {
            return Err(logged::belongs_to_server(model));
        }
        for name in self.given.keys() {
            if let Some((_, models)) = KNOWN.iter().find(|(known, _)| known == name)
                && !models.contains(&model)
            {
                return Err(Problem::new(format!("--{name} has no effect with --model {model}"))
                    .hint(format!("it belongs to --model {}", models.join(", "))));
            }
        }
        Ok(())
    }

    /// A number of clients, where each arrival is a new one; in the model `failures`, each client has arrivals of its own.
    fn check_clients(&self, scenario: &Scenario) -> Result<(), Problem> {
        match (self.get("clients"), scenario.arrivals, &scenario.model) {
            (Some(clients), Arrivals::Poisson(_), Model::Server(_)) => Err(Problem::new(format!(
                "--clients {clients} has no effect with --arrive poisson: each arrival is a new client"
            ))
            .hint("drop it, or use --arrive all, spread:10s or cron:10s")),
            _ => Ok(()),
        }
    }

    fn server(&self) -> Result<Server, Problem> {
        let replay = self.logged_service()?;
        let workers = self.read("workers", |text| whole(text, 1_000_000))?;
        let workers = workers.or(replay.as_ref().map(|replay| replay.at_once));
        let service = self.read("service", |text| {
            let read = match &replay {
                Some(replay) if text == "log" => Distribution::fixed(replay.mean),
                _ => Distribution::parse(text)?,
            };
            if read.mean.is_zero() { Err("it takes no time; use more than 0".to_owned()) } else { Ok(read) }
        })?;
        let capacity = self.read("capacity", capacity)?;
        if capacity.is_some() && service.is_some() {
            return Err(Problem::new(
                "--capacity and --service conflict: workers and service time make the capacity",
            )
            .hint("use --capacity 100/s, or --workers 2 --service exp:20ms"));
        }
        let workers = workers.unwrap_or(1);
        let mean = f64::from(workers) / capacity.unwrap_or(100.0);
        let usual = replay.as_ref().map_or_else(
            || Distribution::exponential(Duration::from_secs_f64(mean)),
            |replay| Distribution::fixed(replay.mean),
        );
        // The times in a log include the network.
        let way = Duration::from_millis(u64::from(replay.is_none()));
        Ok(Server {
            workers,
            service: service.unwrap_or(usual),
            replay,
            queue: self.read("queue", |text| whole_or_zero(text, MAX_CLIENTS))?.unwrap_or(1000),
            lifo: self
                .read("queue-order", |text| word(text, &[("fifo", false), ("lifo", true)]))?
                .unwrap_or(false),
            latency: self.read("latency", Distribution::parse)?.unwrap_or(Distribution::fixed(way)),
            overload: self.read("overload", overload)?.unwrap_or(0.0),
        })
    }

    fn outages(&self) -> Result<Vec<Outage>, Problem> {
        let given = self.all("outage");
        if given.is_empty() && self.replay.is_some() {
            return Ok(Vec::new());
        }
        if given.is_empty() {
            let until = Some(Duration::from_secs(30));
            return Ok(vec![Outage { from: Duration::ZERO, until, kind: Trouble::Refuse }]);
        }
        let is_none = |text: &&String| text.trim() == "none";
        if given.iter().any(|text| is_none(&text))
            && let Some(other) = given.iter().find(|text| !is_none(text))
        {
            return Err(
                Problem::new(format!("--outage none and --outage {other} conflict")).hint("drop one of them")
            );
        }
        let read = given
            .iter()
            .filter(|text| !is_none(text))
            .map(|text| outage(text).map_err(|why| Problem::new(format!("--outage {text}: {why}"))));
        read.collect()
    }

    fn times(&self, scenario: &mut Scenario, length: Option<Duration>) -> Result<(), Problem> {
        let given = self.read("for", bounded)?;
        let horizon = self.read("horizon", bounded)?;
        let last = scenario.outages.iter().map(|outage| outage.until.unwrap_or(outage.from)).max();
        let logged = if scenario.arrivals == Arrivals::Log { self.replay.as_ref() } else { None };
        let length = length.or(logged.map(|replay| replay.span().saturating_add(Duration::from_nanos(1))));
        let last = last.unwrap_or_default();
        let length = given.or(length);
        // That model's published results are cut off there.
        let aftermath = if matches!(scenario.model, Model::Collapse(_)) { Duration::ZERO } else { AFTERMATH };
        scenario.horizon = horizon
            .unwrap_or(last.max(length.unwrap_or_default()).saturating_add(aftermath))
            .min(MAX_HORIZON);
        scenario.length = length.unwrap_or(scenario.horizon).min(scenario.horizon);
        if scenario.horizon <= last {
            let hint = format!("use --horizon {} or more, or drop it", exact(last.saturating_add(AFTERMATH)));
            let horizon = exact(scenario.horizon);
            return Err(Problem::new(format!(
                "--horizon {horizon} is not after the end of the last outage ({})",
                exact(last)
            ))
            .hint(hint));
        }
        let comes_later = scenario.is_open() || scenario.arrivals != Arrivals::All;
        if length.is_some_and(|length| length.is_zero()) && comes_later {
            return Err(Problem::new("--for 0s: nobody would come").hint("use a longer --for, or drop it"));
        }
        if let Some(given) = given
            && scenario.arrivals == Arrivals::All
            && !matches!(scenario.pattern, ClientLoop::Closed(_))
        {
            return Err(Problem::new(format!(
                "--for {} has no effect: all clients come at once",
                exact(given)
            ))
            .hint("use --arrive poisson:100, or --loop closed:1s"));
        }
        Ok(())
    }
}

/// Refuses values that contradict each other.
fn check(scenario: &Scenario) -> Result<(), Problem> {
    let closed = matches!(scenario.pattern, ClientLoop::Closed(_));
    if closed && scenario.is_open() {
        let arrive = if scenario.arrivals == Arrivals::Log { "log" } else { "poisson" };
        return Err(Problem::new(format!(
            "--arrive {arrive} and --loop closed conflict: each arrival is a new client"
        ))
        .hint("use --loop once, or --arrive all, spread:10s or cron:10s"));
    }
    if closed && matches!(scenario.arrivals, Arrivals::Cron(_)) {
        return Err(Problem::new(
            "--arrive cron and --loop closed conflict: both say when the next operation begins",
        )
        .hint("use --loop once"));
    }
    if scenario.pattern == ClientLoop::Open && !scenario.is_open() {
        return Err(Problem::new("--loop open needs --arrive poisson:RATE")
            .hint("use --arrive poisson:50, or --loop once"));
    }
    if !scenario.warm_up.is_zero() && !scenario.is_open() && !closed {
        return Err(Problem::new("--warm-up needs clients that come again and again")
            .hint("use --arrive poisson:50, or --loop closed:1s"));
    }
    if let Sharing::Groups(groups) = scenario.sharing
        && groups > scenario.clients
        && !scenario.is_open()
    {
        return Err(Problem::new(format!(
            "--shared groups:{groups} is more than the {} clients",
            scenario.clients
        ))
        .hint(format!("use groups:{} or less", scenario.clients)));
    }
    Ok(())
}
