//! A policy and a scenario that are simulated together, and the values in which they differ from others.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::read::{Parameters, is_parameter};
use super::scenario::{Arrivals, ClientLoop, Load, Model, Outage, Scenario, Sharing, Trouble, percents};
use crate::base::duration::exact;
use crate::base::problem::Problem;
use crate::gate;
use crate::policy::layer::{Layer, Origin};
use crate::policy::settings::{NOTHING, SETTINGS, SettingValue, find, plain};
use crate::policy::value::{MaxAttempts, TimeLimit};
use crate::policy::{Policy, Request, Resolved, resolve};

/// A scenario and a policy that are simulated together.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The names and values in which it differs from the others.
    pub varied: Vec<(String, String)>,
    pub scenario: Scenario,
    /// Without a seed: each client has its own.
    pub policy: Policy,
}

/// The options as typed, before they are varied.
#[derive(Debug)]
pub struct Template {
    pub model: String,
    pub parameters: Parameters,
    /// The layers of the policy; flags are the last.
    pub request: Request,
}

/// The default name of the key that clients share.
const KEY: &str = "simulated";

/// Limits of a key, each of which implies one.
const LIMITS: [&str; 5] = ["concurrency", "rate", "breaker", "budget", "adaptive"];

impl Template {
    /// The variant with these values in place of the given ones.
    pub fn variant(&mut self, varied: &[(String, String)]) -> Result<Variant, Vec<Problem>> {
        let mut parameters = self.parameters.clone();
        let asked = (self.request.flags.clone(), self.request.named.clone());
        for (name, value) in varied {
            self.vary(name, value, &mut parameters).map_err(|problem| vec![problem])?;
        }
        let scenario = parameters.scenario(&self.model).map_err(|problem| vec![problem]);
        let resolved = scenario.and_then(|scenario| Ok((scenario, self.resolve()?)));
        (self.request.flags, self.request.named) = asked;
        let (mut scenario, (resolved, has_key)) = resolved?;
        let is_limited = has_key || resolved.policy.limits() != gate::Limits::default();
        if scenario.sharing == Sharing::Off && parameters.get("shared").is_none() && is_limited {
            scenario.sharing = Sharing::All;
        }
        let compares_sharing = varied.iter().any(|(name, _)| name == "shared");
        if scenario.sharing == Sharing::Off
            && !compares_sharing
            && let Some(limit) = limit_by_option(&resolved, has_key)
        {
            return Err(vec![
                Problem::new(format!(
                    "--{limit} and --shared off conflict: a limit is for clients that share it"
                ))
                .hint("drop one of them, or use --shared groups:N for N groups of clients"),
            ]);
        }
        let policy = Policy { seed: None, ..resolved.policy };
        if let Some(problem) = stands_still(&scenario, &policy) {
            return Err(vec![problem]);
        }
        Ok(Variant { varied: varied.to_vec(), scenario, policy })
    }

    /// The seed that a flag gives.
    pub fn seed(&self) -> Option<u64> {
        self.request.flags.0.iter().find_map(|given| match given.value {
            SettingValue::seed(seed) => seed,
            _ => None,
        })
    }

    /// The policy, with the model's values for settings that were not given; and whether a key was named.
    fn resolve(&mut self) -> Result<(Resolved, bool), Vec<Problem>> {
        let mut resolved = resolve(&self.request);
        let has_key = resolved.as_ref().is_ok_and(|resolved| resolved.policy.key.is_some());
        if !has_key {
            // Limits need a key, whose name makes no difference here.
            let key = vec![OsString::from(KEY)];
            let added = self.request.flags.add("key", key, Origin::Flag, "--shared".to_owned());
            added.map_err(|problem| vec![problem])?;
            resolved = resolve(&self.request);
        }
        let resolved = resolved?;
        if self.give_defaults(&resolved).map_err(|problem| vec![problem])? {
            return Ok((resolve(&self.request)?, has_key));
        }
        Ok((resolved, has_key))
    }

    /// Adds the values of a model's published results for settings that were not given.
    fn give_defaults(&mut self, resolved: &Resolved) -> Result<bool, Problem> {
        let defaults: &[(&str, &str)] = match self.model.as_str() {
            "occ" => &[("max", "inf"), ("delay", "10ms"), ("max-delay", "2s"), ("progress-timeout", "0")],
            "failures" => &[("max", "4"), ("delay", "0")],
            "collapse" => &[("max", "3"), ("delay", "0"), ("timeout", "3s")],
            _ => &[],
        };
        let mut changed = false;
        for (key, value) in defaults {
            if !resolved.origin(key).is_given() {
                set(&mut self.request.flags, key, value)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Gives a parameter or a setting another value.
    fn vary(&mut self, name: &str, value: &str, parameters: &mut Parameters) -> Result<(), Problem> {
        match name {
            "load" if self.model == "server" => parameters.set("arrive", format!("poisson:{value}")),
            "outage" if !value.contains("..") && value != "none" => {
                let outage = self.last_outage()?;
                let length = crate::base::duration::parse(value)
                    .map_err(|why| Problem::new(format!("--outage {value}: {why}")))?;
                let until = Some(outage.from.saturating_add(length)).filter(|until| *until > outage.from);
                let text = until.map_or("none".to_owned(), |_| Outage { until, ..outage }.to_string());
                parameters.set("outage", text);
            }
            "policy" => self.request.named = Some((value.to_owned(), Origin::Flag)),
            name if is_parameter(name) => parameters.set(name, value.to_owned()),
            name => return set(&mut self.request.flags, name, value),
        }
        Ok(())
    }

    fn last_outage(&self) -> Result<Outage, Problem> {
        let scenario = self.parameters.scenario(&self.model)?;
        let first = Parameters::default().scenario(&self.model)?;
        let outage = scenario.outages.last().or(first.outages.last()).cloned();
        outage.ok_or_else(|| Problem::new(format!("the model {} has no outages", self.model)))
    }
}

/// A shared limit that an option gives, or a key. A limit out of a file may well be switched off by an option.
fn limit_by_option(resolved: &Resolved, has_key: bool) -> Option<&'static str> {
    let is_set = |key: &str| !matches!(shown(key, &resolved.policy).as_str(), NOTHING | "false");
    let limits = LIMITS.into_iter().filter(|key| is_set(key));
    limits.chain(has_key.then_some("key")).find(|key| *resolved.origin(key) == Origin::Flag)
}

/// A setting's value for people.
fn shown(key: &str, policy: &Policy) -> String {
    find(key).map_or(String::new(), |setting| plain(&(SETTINGS[setting].show)(policy)))
}

/// Why time would stand still, if so: clients that are refused at once would retry at the same time, forever.
fn stands_still(scenario: &Scenario, policy: &Policy) -> Option<Problem> {
    /// As often it does no harm.
    const OFTEN: u64 = 100_000;
    let (way, refuses) = match &scenario.model {
        Model::Server(server) => {
            let outage = scenario
                .outages
                .iter()
                .any(|outage| matches!(outage.kind, Trouble::Refuse | Trouble::Unavailable(_)));
            let room = server.queue.saturating_add(server.workers);
            (
                "--latency 0",
                server.latency.mean.is_zero() && (outage || scenario.is_open() || scenario.clients > room),
            )
        }
        Model::Failures(share) => ("--failure 100%", *share >= 1.0),
        Model::Occ | Model::Collapse(_) => return None,
    };
    let waits = policy.schedule().ranges().of(u64::MAX).max;
    let often = policy.attempts().times().is_none_or(|max| max > OFTEN);
    let again = match scenario.pattern {
        _ if waits.is_zero() && often => "--delay 0",
        ClientLoop::Closed(pause) if pause.is_zero() => "--loop closed:0",
        _ => return None,
    };
    refuses.then(|| {
        Problem::new(format!(
            "{way} and {again}: time would stand still, with the same client tried again and again"
        ))
        .hint("use --latency 1ms, or a wait of 1ms or more")
    })
}

/// Gives a setting another value; `off` switches a setting off, if possible.
fn set(flags: &mut Layer, name: &str, value: &str) -> Result<(), Problem> {
    let key = SETTINGS.iter().find(|setting| setting.key == name || setting.alias == Some(name));
    let key =
        key.map(|setting| setting.key).ok_or_else(|| Problem::new(format!("unknown setting '{name}'")))?;
    let setting = find(key);
    flags.0.retain(|given| Some(given.setting) != setting);
    let switched_off = match (key, value) {
        ("concurrency", "off" | "none") => Some(SettingValue::concurrency(None)),
        ("rate", "off" | "none") => Some(SettingValue::rate(None)),
        ("breaker", "off" | "none") => Some(SettingValue::breaker(None)),
        ("budget", "off" | "none") => Some(SettingValue::budget(None)),
        ("adaptive", "off" | "none") => Some(SettingValue::adaptive(false)),
        ("adaptive", "on") => Some(SettingValue::adaptive(true)),
        ("timeout", "off" | "none") => Some(SettingValue::timeout(TimeLimit(None))),
        ("deadline", "off" | "none") => Some(SettingValue::deadline(TimeLimit(None))),
        ("max", "off" | "none") => Some(SettingValue::max(MaxAttempts::Times(1))),
        _ => None,
    };
    match switched_off {
        Some(value) => flags.add_parsed(key, value, Origin::Flag),
        None => flags.add(key, vec![value.into()], Origin::Flag, format!("--{key} {value}")),
    }
}

impl Variant {
    /// A setting's value for people.
    pub fn setting(&self, key: &str) -> String {
        shown(key, &self.policy)
    }

    /// The shared limits, by the names of options.
    pub fn limits(&self) -> BTreeMap<String, String> {
        let keys = LIMITS.iter().filter(|_| self.scenario.sharing != Sharing::Off);
        let given = keys.map(|key| ((*key).to_owned(), self.setting(key)));
        given.filter(|(_, value)| value != NOTHING && value != "false").collect()
    }

    /// The scenario, by the names of options.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let scenario = &self.scenario;
        let mut told: Vec<(&str, String)> = vec![
            ("clients", scenario.clients.to_string()),
            ("arrive", arrivals(scenario.arrivals)),
            ("loop", pattern(scenario)),
            ("horizon", exact(scenario.horizon)),
            ("shared", sharing(scenario.sharing)),
        ];
        match &scenario.model {
            Model::Server(server) => {
                told.extend([
                    ("capacity", format!("{}/s", (server.capacity() * 1e6).round() / 1e6)),
                    ("workers", server.workers.to_string()),
                    (
                        "service",
                        server.replay.as_ref().map_or(server.service.to_string(), |_| "log".to_owned()),
                    ),
                    ("queue", server.queue.to_string()),
                    ("queue-order", if server.lifo { "lifo" } else { "fifo" }.to_owned()),
                    ("latency", server.latency.to_string()),
                    (
                        "overload",
                        if server.overload > 0.0 {
                            format!("collapse:{}", server.overload)
                        } else {
                            "none".to_owned()
                        },
                    ),
                    ("cancel", if scenario.cancel { "on" } else { "off" }.to_owned()),
                    ("hint", format!("{:?}", scenario.hint).to_lowercase()),
                ]);
                let outages: Vec<_> = scenario.outages.iter().map(ToString::to_string).collect();
                let none = "none".to_owned();
                told.push(("outage", if outages.is_empty() { none } else { outages.join(" ") }));
            }
            Model::Failures(share) => told.push(("failure", format!("{}%", percents(*share)))),
            Model::Collapse(_) | Model::Occ => {}
        }
        if let Some(replay) = &scenario.replay {
            told.push(("from-log", replay.told()));
        }
        if scenario.is_open() || matches!(scenario.pattern, ClientLoop::Closed(_)) {
            told.extend([("warm-up", exact(scenario.warm_up)), ("for", exact(scenario.length))]);
        }
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn arrivals(arrivals: Arrivals) -> String {
    match arrivals {
        Arrivals::All => "all".to_owned(),
        Arrivals::Spread(time) => format!("spread:{}", exact(time)),
        Arrivals::Poisson(rate) => format!("poisson:{rate}"),
        Arrivals::Cron(time) => format!("cron:{}", exact(time)),
        Arrivals::Load(Load::Ramp) => "ramp".to_owned(),
        Arrivals::Load(Load::Spike) => "spike".to_owned(),
        Arrivals::Log => "log".to_owned(),
    }
}

fn pattern(scenario: &Scenario) -> String {
    match scenario.pattern {
        _ if scenario.is_open() => "open".to_owned(),
        ClientLoop::Once => "once".to_owned(),
        ClientLoop::Open => "open".to_owned(),
        ClientLoop::Closed(pause) => format!("closed:{}", exact(pause)),
    }
}

fn sharing(sharing: Sharing) -> String {
    match sharing {
        Sharing::Off => "off".to_owned(),
        Sharing::All => "all".to_owned(),
        Sharing::Groups(groups) => format!("groups:{groups}"),
    }
}
