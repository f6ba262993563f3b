//! Combines layers by precedence, follows chains of `inherits`, and records where each value came from.
//!
//! Built-in < `[policy.default]` of each file < parents < the named policy < environment < a replayed letter < flags. A
//! built-in policy is a weaker layer of the policy with the same name.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::builtin::{self, BUILTIN};
use super::check;
use super::file::{File, FilePolicy};
use super::layer::{Layer, Origin};
use super::settings::{Policy, SETTINGS, SettingValue, find};
use super::value::{Key, MaxAttempts, TimeLimit};
use crate::backoff::Strategy;
use crate::base::problem::{Problem, SourceSpan, nearest};
use crate::classify::ExitSpecs;
use crate::classify::profile::{self, Profile};

/// The host that the command's arguments name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// Not determined, or there is no command.
    #[default]
    Unasked,
    Unknown,
    Named(String),
}

/// The settings from all sources.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The base policy of the verb, if it has one.
    pub verb: Option<&'static str>,
    /// The named policy, and what names it.
    pub named: Option<(String, Origin)>,
    /// The settings recorded in the log of a run, which all others override.
    pub log: Layer,
    /// In ascending precedence.
    pub files: Vec<File>,
    pub env: Layer,
    /// The settings of a replayed dead letter.
    pub letter: Layer,
    pub flags: Layer,
    /// The flags supplement the settings of dead letters: a flag that needs another setting may stand alone.
    pub for_letters: bool,
    /// The key that `auto` stands for.
    pub host: Host,
    /// Time left until the deadline of an enclosing `retry`.
    pub outer_deadline: Option<Duration>,
}

/// The policy of a run, and the origin of each of its values.
#[derive(Debug)]
pub struct Resolved {
    pub policy: Policy,
    /// The origin of each value, by the setting's index.
    pub origins: Vec<Origin>,
    /// The named policy, if any.
    pub name: Option<String>,
}

const DEFAULT: &str = "default";

/// The progress timeout of a run without any limit, as in cloud SDKs.
const ENDLESS_RUNS_STALL_AFTER: Duration = Duration::from_secs(2 * 3600);

/// Resolves a request. The error has all of its mistakes.
pub fn resolve(request: &Request) -> Result<Resolved, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut order: Vec<&str> = Vec::new();
    // Without files there is no inheritance.
    let mut parents_of = None;
    if !request.files.is_empty() {
        problems = inheritance_problems(&request.files);
        parents_of = Some(parents(&request.files));
    }
    let parents = parents_of.as_ref();
    chain(DEFAULT, parents, &mut order);
    if let Some(verb) = request.verb {
        chain(verb, parents, &mut order);
    }
    if let Some((name, origin)) = &request.named {
        if exists(name, &request.files) {
            chain(name, parents, &mut order);
        } else {
            problems.push(unknown_policy(name, origin, &request.files));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let mut layers: Vec<Cow<'_, Layer>> = vec![Cow::Borrowed(&request.log)];
    for name in order {
        layers.extend(builtin::layer(name).map(Cow::Owned));
        layers.extend(named(name, &request.files).map(|policy| Cow::Borrowed(&policy.layer)));
    }
    let files = layers.len();
    layers.extend([&request.env, &request.letter, &request.flags].map(Cow::Borrowed));
    // A key's own limits override those of a policy, which apply to any key.
    let key = key(&layers, request);
    let tables = request.files.iter().flat_map(|file| &file.limits);
    let of_key = tables.filter(|table| Some(&table.key) == key.as_ref());
    let of_key: Vec<_> = of_key.map(|table| Cow::Borrowed(&table.layer)).collect();
    layers.splice(files..files, of_key);

    let mut resolved = Resolved {
        policy: Policy::default(),
        origins: vec![Origin::Default; SETTINGS.len()],
        name: request.named.as_ref().map(|(name, _)| name.clone()),
    };
    combine(&layers, &mut resolved);
    imply_attempts(&mut resolved);
    problems.extend(check::contradictions(&resolved, &layers, request.for_letters));
    if resolved.policy.key == Some(Key::Auto) && request.host != Host::Unasked {
        resolved.policy.key = key.map(Key::Named);
    }
    problems.extend(unknown_profiles(&resolved, &request.files));
    if !problems.is_empty() {
        return Err(problems);
    }
    imply(&mut resolved, request.verb, request.outer_deadline);
    Ok(resolved)
}

impl Resolved {
    /// The origin of a setting's value.
    pub fn origin(&self, key: &str) -> &Origin {
        find(key).map_or(&Origin::Default, |setting| &self.origins[setting])
    }

    fn set_origin(&mut self, key: &str, origin: Origin) {
        if let Some(setting) = find(key) {
            self.origins[setting] = origin;
        }
    }
}

/// Applies all values in ascending precedence.
fn combine(layers: &[Cow<'_, Layer>], resolved: &mut Resolved) {
    let displaced = displaced(layers);
    for given in layers.iter().flat_map(|layer| &layer.0) {
        let is_displaced = match displaced {
            Some(Displaced::Lists) => matches!(given.value, SettingValue::backoff(Strategy::List(_))),
            Some(Displaced::Delays) => matches!(given.value, SettingValue::delay(_)),
            None => false,
        };
        if !is_displaced {
            given.value.apply(&mut resolved.policy);
            resolved.origins[given.setting] = given.origin.clone();
        }
    }
}

/// Values that are ignored.
#[derive(Clone, Copy)]
enum Displaced {
    /// A stronger layer gives a delay.
    Lists,
    /// A stronger layer gives a list of delays.
    Delays,
}

/// A list of delays and a delay both set the first delay, so the one of the stronger layer wins.
fn displaced(layers: &[Cow<'_, Layer>]) -> Option<Displaced> {
    let strongest = |key| {
        let setting = find(key)?;
        let found = |(at, layer)| Some((at, Layer::get(layer, setting)?));
        layers.iter().map(|layer| &**layer).enumerate().rev().find_map(found)
    };
    let ((list, given), (delay, _)) = (strongest("backoff")?, strongest("delay")?);
    match (&given.value, list.cmp(&delay)) {
        (SettingValue::backoff(Strategy::List(_)), Ordering::Less) => Some(Displaced::Lists),
        (SettingValue::backoff(Strategy::List(_)), Ordering::Greater) => Some(Displaced::Delays),
        _ => None,
    }
}

/// The key of shared limits; `None` if there is none, or if the host for `auto` is unknown.
fn key(layers: &[Cow<'_, Layer>], request: &Request) -> Option<String> {
    let setting = find("key")?;
    let given = layers.iter().rev().find_map(|layer| layer.get(setting))?;
    match (&given.value, &request.host) {
        (SettingValue::key(Some(Key::Named(key))), _)
        | (SettingValue::key(Some(Key::Auto)), Host::Named(key)) => Some(key.clone()),
        _ => None,
    }
}

/// A deadline without `max` implies unlimited attempts.
fn imply_attempts(resolved: &mut Resolved) {
    if resolved.policy.deadline.0.is_some() && *resolved.origin("max") == Origin::Default {
        resolved.policy.max = MaxAttempts::Unlimited;
    }
}

/// Derives values that were not given from others.
fn imply(resolved: &mut Resolved, verb: Option<&str>, outer_deadline: Option<Duration>) {
    // When waiting for readiness, a command that does not exist yet is no reason to stop, whatever other statuses are named.
    if verb == Some(builtin::UNTIL) && resolved.origin("retry-on").is_given() {
        resolved.policy.retry_on.begin_with(&ExitSpecs::unstartable());
    }
    if !resolved.origin("max-delay").is_given() {
        let policy = &mut resolved.policy;
        let longest = match &policy.backoff {
            Strategy::List(waits) => waits.iter().copied().max().unwrap_or_default(),
            _ => policy.delay,
        };
        policy.max_delay = policy.max_delay.max(longest);
    }
    if resolved.policy.attempts() == MaxAttempts::Unlimited
        && resolved.policy.deadline.0.is_none()
        && !resolved.origin("progress-timeout").is_given()
    {
        resolved.policy.progress_timeout = TimeLimit(Some(ENDLESS_RUNS_STALL_AFTER));
    }
    // The deadline of an enclosing run does not change the number of attempts.
    if let Some(left) = outer_deadline
        && resolved.policy.deadline.0.is_none_or(|own| left < own)
    {
        resolved.policy.deadline = TimeLimit(Some(left));
        resolved.set_origin("deadline", Origin::Outer);
    }
}

/// The tables with this name, in ascending precedence of their files.
fn named<'a>(name: &'a str, files: &'a [File]) -> impl DoubleEndedIterator<Item = &'a FilePolicy> {
    files.iter().flat_map(|file| &file.policies).filter(move |policy| policy.name == name)
}

/// Adds a policy after its ancestors. Cycles are cut; `inheritance_problems` has reported them.
fn chain<'a>(name: &'a str, parents: Option<&BTreeMap<&'a str, &'a str>>, order: &mut Vec<&'a str>) {
    let Some(parents) = parents else {
        order.extend((!order.contains(&name)).then_some(name));
        return;
    };
    let mut seen: BTreeSet<&str> = order.iter().copied().collect();
    let mut ancestry = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next.filter(|name| seen.insert(name)) {
        ancestry.push(name);
        next = parents.get(name).copied();
    }
    order.extend(ancestry.into_iter().rev());
}

fn exists(name: &str, files: &[File]) -> bool {
    name == DEFAULT
        || BUILTIN.iter().any(|builtin| builtin.name == name)
        || named(name, files).next().is_some()
}

/// The names of all policies: built-in ones first, then those of files.
pub fn policy_names(files: &[File]) -> Vec<&str> {
    let mut names = vec![DEFAULT];
    names.extend(BUILTIN.iter().map(|builtin| builtin.name));
    for policy in files.iter().flat_map(|file| &file.policies) {
        if !names.contains(&policy.name.as_str()) {
            names.push(&policy.name);
        }
    }
    names
}

fn unknown_policy(name: &str, origin: &Origin, files: &[File]) -> Problem {
    let names = policy_names(files);
    Problem::new(format!("unknown policy '{name}' ({origin})")).hint(near_or_all(name, &names))
}

/// The hint for an unknown policy.
fn near_or_all(name: &str, names: &[&str]) -> String {
    nearest(name, names.iter().copied()).map_or_else(
        || format!("available: {}; retry explain --all describes them", names.join(", ")),
        |near| format!("did you mean {near}?"),
    )
}

/// All profiles of the files, in ascending precedence.
pub fn user_profiles(files: &[File]) -> Vec<Rc<Profile>> {
    files.iter().flat_map(|file| &file.profiles).cloned().collect()
}

fn unknown_profiles(resolved: &Resolved, files: &[File]) -> Vec<Problem> {
    let users = || files.iter().flat_map(|file| &file.profiles).map(|profile| &*profile.name);
    let is_known = |name: &str| profile::is_known(name) || users().any(|known| known == name);
    let unknown = resolved.policy.profile.0.iter().filter(|name| !is_known(name));
    unknown
        .map(|name| {
            let known = profile::known_names(users());
            let hint = nearest(name, known.iter().copied()).map_or_else(
                || "retry profiles lists them".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            let origin = resolved.origin("profile");
            Problem::new(format!("no profile named '{name}' ({origin})")).at(origin.place()).hint(hint)
        })
        .collect()
}

/// Unknown parents and cycles, each once, at the place where the parent is named.
pub fn inheritance_problems(files: &[File]) -> Vec<Problem> {
    let parents = parents(files);
    let mut problems = Vec::new();
    // Policies whose ancestry has been followed to its end, so that each is followed once.
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    for policy in files.iter().flat_map(|file| &file.policies) {
        let Some((parent_name, place)) = &policy.inherits else { continue };
        if !exists(parent_name, files) {
            // If the parent is this policy or one of its descendants, there is a cycle.
            let descendants = descendants(&policy.name, &parents);
            let mut names = policy_names(files);
            names.retain(|name| !descendants.contains(name));
            let message = format!("policy '{}' inherits unknown policy '{parent_name}'", policy.name);
            let problem = Problem::new(message).at(Some(place.clone()));
            problems.push(problem.hint(near_or_all(parent_name, &names)));
            continue;
        }
        let mut way = vec![policy.name.as_str()];
        let mut on_way: BTreeSet<&str> = way.iter().copied().collect();
        while let Some(parent) = parents.get(way[way.len() - 1]).filter(|parent| !settled.contains(*parent)) {
            way.push(parent);
            if !on_way.insert(parent) {
                break;
            }
        }
        let last = way[way.len() - 1];
        if way.len() > on_way.len() && !settled.contains(last) {
            let begin = way.iter().position(|name| *name == last).unwrap_or_default();
            let message = format!("policies inherit each other: {}", way[begin..].join(" -> "));
            problems.push(Problem::new(message).at(place_of(last, files)).hint("remove one inherits"));
        }
        settled.extend(way);
    }
    problems
}

/// The parent that the strongest file names for each policy.
fn parents(files: &[File]) -> BTreeMap<&str, &str> {
    let policies = files.iter().flat_map(|file| &file.policies);
    policies.filter_map(|policy| Some((policy.name.as_str(), policy.inherits.as_ref()?.0.as_str()))).collect()
}

/// The policy and all of its descendants.
fn descendants<'a>(name: &'a str, parents: &BTreeMap<&'a str, &'a str>) -> BTreeSet<&'a str> {
    let mut children: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (child, parent) in parents {
        children.entry(parent).or_default().push(child);
    }
    let (mut found, mut next) = (BTreeSet::from([name]), vec![name]);
    while let Some(name) = next.pop() {
        let new = children.get(name).into_iter().flatten().filter(|child| found.insert(child));
        next.extend(new.copied());
    }
    found
}

/// The place where a policy names its parent.
fn place_of(name: &str, files: &[File]) -> Option<SourceSpan> {
    named(name, files).rev().find_map(|policy| policy.inherits.as_ref()).map(|(_, place)| place.clone())
}

#[cfg(test)]
mod tests;
