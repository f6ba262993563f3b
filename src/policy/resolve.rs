//! Layers in their order of strength, chains of `inherits`, and where each value came from.
//!
//! Built-in < `[policy.default]` of each file < parents < the named policy < environment < flags. A built-in
//! policy is a weaker layer of the policy of its name.

use std::rc::Rc;
use std::time::Duration;

use super::builtin::{self, BUILTIN};
use super::check;
use super::file::{File, FilePolicy};
use super::layer::{Layer, Origin};
use super::problem::{Problem, nearest};
use super::settings::{Policy, SETTINGS, find};
use super::value::{Bound, Limit};
use crate::classify::profile::{self, Profile};

/// Everything that was given, from everywhere.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The policy that the verb begins with, if it has one.
    pub(crate) verb: Option<&'static str>,
    /// The policy that was named, and by what.
    pub(crate) named: Option<(String, Origin)>,
    /// From the weakest to the strongest.
    pub(crate) files: Vec<File>,
    pub(crate) env: Layer,
    pub(crate) flags: Layer,
    /// What is left of the deadline of a `retry` around this one.
    pub(crate) outer_deadline: Option<Duration>,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) policy: Policy,
    /// By the setting's index.
    pub(crate) origins: Vec<Origin>,
    /// The policy that was named, if one was.
    pub(crate) name: Option<String>,
}

const DEFAULT: &str = "default";

/// A run that nothing bounds ends after two hours without progress, as cloud SDKs do.
const ENDLESS_RUNS_STALL_AFTER: Duration = Duration::from_secs(2 * 3600);

/// Resolves a request, or says everything that is wrong with it.
pub(crate) fn resolve(request: &Request) -> Result<Resolved, Vec<Problem>> {
    let mut problems = inheritance_problems(&request.files);
    let mut order: Vec<&str> = Vec::new();
    chain(DEFAULT, &request.files, &mut order);
    if let Some(verb) = request.verb {
        chain(verb, &request.files, &mut order);
    }
    if let Some((name, origin)) = &request.named {
        if exists(name, &request.files) {
            chain(name, &request.files, &mut order);
        } else {
            problems.push(unknown_policy(name, origin, &request.files));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let mut layers: Vec<Layer> = Vec::new();
    for name in order {
        layers.extend(builtin::layer(name));
        layers.extend(named(name, &request.files).map(|policy| policy.layer.clone()));
    }
    layers.push(request.env.clone());
    layers.push(request.flags.clone());

    let mut resolved = Resolved {
        policy: Policy::default(),
        origins: vec![Origin::Default; SETTINGS.len()],
        name: request.named.as_ref().map(|(name, _)| name.clone()),
    };
    for given in layers.iter().flat_map(|layer| &layer.0) {
        if let Err(why) = (SETTINGS[given.setting].set)(&mut resolved.policy, &given.texts) {
            problems.push(Problem::new(format!("{}: {why}", given.written)));
        }
        resolved.origins[given.setting] = given.origin.clone();
    }
    problems.extend(check::contradictions(&resolved, &layers));
    problems.extend(unknown_profiles(&resolved, &request.files));
    if !problems.is_empty() {
        return Err(problems);
    }
    imply(&mut resolved, request.outer_deadline);
    Ok(resolved)
}

impl Resolved {
    /// Where a setting's value came from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        find(key).map_or(&Origin::Default, |setting| &self.origins[setting])
    }

    fn set_origin(&mut self, key: &str, origin: Origin) {
        if let Some(setting) = find(key) {
            self.origins[setting] = origin;
        }
    }
}

/// The values that follow from others where nobody gave them.
fn imply(resolved: &mut Resolved, outer_deadline: Option<Duration>) {
    use crate::backoff::Strategy;

    let policy = &resolved.policy;
    if policy.deadline.0.is_some() && *resolved.origin("max") == Origin::Default {
        resolved.policy.max = Limit::Unlimited;
    }
    if !resolved.origin("max-delay").is_given() {
        let policy = &mut resolved.policy;
        let longest = match &policy.backoff {
            Strategy::List(waits) => waits.iter().copied().max().unwrap_or_default(),
            _ => policy.delay,
        };
        policy.max_delay = policy.max_delay.max(longest);
    }
    if resolved.policy.attempts() == Limit::Unlimited
        && resolved.policy.deadline.0.is_none()
        && !resolved.origin("progress-timeout").is_given()
    {
        resolved.policy.progress_timeout = Bound(Some(ENDLESS_RUNS_STALL_AFTER));
    }
    // The bound of a run around this one is no wish for another number of attempts.
    if let Some(left) = outer_deadline
        && resolved.policy.deadline.0.is_none_or(|own| left < own)
    {
        resolved.policy.deadline = Bound(Some(left));
        resolved.set_origin("deadline", Origin::Outer);
    }
}

/// The tables of this name, from the weakest file to the strongest.
fn named<'a>(name: &'a str, files: &'a [File]) -> impl DoubleEndedIterator<Item = &'a FilePolicy> {
    files.iter().flat_map(|file| &file.policies).filter(move |policy| policy.name == name)
}

fn parent<'a>(name: &'a str, files: &'a [File]) -> Option<&'a (String, super::problem::Place)> {
    named(name, files).rev().find_map(|policy| policy.inherits.as_ref())
}

/// Adds a policy behind its ancestors. Cycles end where they begin; `inheritance_problems` has told of them.
fn chain<'a>(name: &'a str, files: &'a [File], order: &mut Vec<&'a str>) {
    let mut ancestry = vec![name];
    while let Some((parent, _)) = parent(ancestry[ancestry.len() - 1], files) {
        if ancestry.contains(&parent.as_str()) {
            break;
        }
        ancestry.push(parent);
    }
    for ancestor in ancestry.into_iter().rev() {
        if !order.contains(&ancestor) {
            order.push(ancestor);
        }
    }
}

fn exists(name: &str, files: &[File]) -> bool {
    name == DEFAULT
        || BUILTIN.iter().any(|builtin| builtin.name == name)
        || named(name, files).next().is_some()
}

/// The name of every policy there is: built in, then of the files.
pub(crate) fn policy_names(files: &[File]) -> Vec<&str> {
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
    let hint = nearest(name, names.iter().copied()).map_or_else(
        || format!("there are {}; retry explain --all shows them", names.join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Problem::new(format!("no policy is named '{name}' ({origin})")).hint(hint)
}

/// Every profile of the files, from the weakest file to the strongest.
pub(crate) fn user_profiles(files: &[File]) -> Vec<Rc<Profile>> {
    files.iter().flat_map(|file| &file.profiles).cloned().collect()
}

fn unknown_profiles(resolved: &Resolved, files: &[File]) -> Vec<Problem> {
    let users = || files.iter().flat_map(|file| &file.profiles).map(|profile| &*profile.name);
    let known = profile::known_names(users());
    let unknown = resolved.policy.profile.0.iter().filter(|name| !known.contains(&name.as_str()));
    unknown
        .map(|name| {
            let hint = nearest(name, known.iter().copied()).map_or_else(
                || "retry profiles lists them".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            let origin = resolved.origin("profile");
            let place = if let Origin::File(place) = origin { Some(place.clone()) } else { None };
            Problem::new(format!("no profile is named '{name}' ({origin})")).at(place).hint(hint)
        })
        .collect()
}

/// Unknown parents and cycles, each once, at the place where the parent is named.
pub(crate) fn inheritance_problems(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for policy in files.iter().flat_map(|file| &file.policies) {
        let Some((parent_name, place)) = &policy.inherits else { continue };
        if !exists(parent_name, files) {
            let hint = nearest(parent_name, policy_names(files)).map(|near| format!("did you mean {near}?"));
            let message = format!("policy '{}' inherits '{parent_name}', which is not there", policy.name);
            problems.push(Problem { hint, ..Problem::new(message).at(Some(place.clone())) });
        } else if let Some(cycle) = cycle(&policy.name, files)
            && !told.contains(&policy.name.as_str())
        {
            let message = format!("policies inherit each other: {}", cycle.join(" -> "));
            problems.push(Problem::new(message).at(Some(place.clone())).hint("take one inherits away"));
            told.extend(cycle);
        }
    }
    problems
}

/// The way from a policy back to itself, if there is one.
fn cycle<'a>(name: &'a str, files: &'a [File]) -> Option<Vec<&'a str>> {
    let mut way = vec![name];
    while let Some((parent, _)) = parent(way[way.len() - 1], files) {
        way.push(parent);
        if parent == name {
            return Some(way);
        }
        if way[..way.len() - 1].contains(&parent.as_str()) {
            return None;
        }
    }
    None
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
