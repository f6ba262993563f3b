//! Contradictions: settings that are each fine and make no sense together.

use super::duration;
use super::file::LIMITS;
use super::layer::{Given, Layer, Origin};
use super::problem::Problem;
use super::resolve::Resolved;
use super::settings::{SETTINGS, find};
use super::value::{Limit, StderrMode, StdoutMode, without_password};
use crate::backoff::Strategy;

/// Everything that contradicts itself in what was resolved.
pub(super) fn contradictions(resolved: &Resolved, layers: &[Layer]) -> Vec<Problem> {
    let policy = &resolved.policy;
    let mut problems = Vec::new();
    // What nobody gave makes sense together.
    if layers.iter().all(|layer| layer.0.is_empty()) {
        return problems;
    }
    let refuse = |one: &str, other: &str, why: String, hint: String| {
        let told = format!("{} and {} {why}", tell(one, layers), tell(other, layers));
        let place = [one, other].iter().rev().find_map(|key| match resolved.origin(key) {
            Origin::File(place) => Some(place.clone()),
            _ => None,
        });
        Problem::new(told).at(place).hint(hint)
    };

    let list = matches!(policy.backoff, Strategy::List(_));
    let both_given = resolved.origin("max-delay").is_given() && resolved.origin("delay").is_given();
    if both_given && !list && policy.max_delay < policy.delay {
        let delay = duration::exact(policy.delay);
        problems.push(refuse(
            "max-delay",
            "delay",
            "contradict each other: the first wait would be longer than the longest".to_owned(),
            format!("write --max-delay {delay} or more, or a shorter --delay"),
        ));
    }
    if policy.backoff == Strategy::Decorrelated && resolved.origin("jitter").is_given() {
        problems.push(refuse(
            "backoff",
            "jitter",
            "contradict each other: decorrelated waits are drawn already".to_owned(),
            "leave --jitter out, or write --backoff exponential".to_owned(),
        ));
    }
    if !policy.progress_match.0.is_empty()
        && policy.progress_timeout.0.is_none()
        && resolved.origin("progress-match").is_given()
        && (policy.attempts() != Limit::Unlimited || policy.deadline.0.is_some())
    {
        problems.push(refuse(
            "progress-match",
            "progress-timeout",
            "belong together: without a time no progress is missed".to_owned(),
            "write --progress-timeout 10m, or leave --progress-match out".to_owned(),
        ));
    }
    if let (Some(splay), Some(deadline)) = (policy.splay.0, policy.deadline.0)
        && splay >= deadline
        && *resolved.origin("deadline") != Origin::Outer
    {
        problems.push(refuse(
            "splay",
            "deadline",
            "contradict each other: the deadline could pass before the first attempt".to_owned(),
            "use a --splay well below the --deadline".to_owned(),
        ));
    }
    if let Limit::Times(attempts) = policy.attempts()
        && policy.successes.0 > attempts
    {
        let other = if policy.enabled { "max" } else { "enabled" };
        problems.push(refuse(
            "successes",
            other,
            "contradict each other: so many successes need as many attempts".to_owned(),
            format!("write --max {} or more", policy.successes.0),
        ));
    }
    if policy.chronic && policy.stdout == StdoutMode::Success {
        problems.push(refuse(
            "chronic",
            "stdout",
            "contradict each other: one shows stdout after a failure only, the other after a success only"
                .to_owned(),
            "leave one of them out".to_owned(),
        ));
    }
    if policy.chronic && policy.stderr == StderrMode::Last {
        problems.push(refuse(
            "chronic",
            "stderr",
            "contradict each other: one shows the stderr of all attempts, the other that of the last"
                .to_owned(),
            "leave one of them out".to_owned(),
        ));
    }
    if policy.key.is_none() {
        // What a file says of waiting for admission is no mistake where nothing is shared.
        let idle =
            ["gate-wait", "on-state-error"].into_iter().find(|key| *resolved.origin(key) == Origin::Flag);
        let limit = LIMITS.iter().find(|key| resolved.origin(key).is_given());
        if let Some(key) = limit.copied().or(idle) {
            let place =
                if let Origin::File(place) = resolved.origin(key) { Some(place.clone()) } else { None };
            let problem = Problem::new(format!("{} needs a key", tell(key, layers))).at(place);
            problems.push(
                problem.hint("write --key NAME for what is shared, or --key auto for the command's host"),
            );
        }
    }
    problems
}

/// A setting as its strongest layer wrote it, and where.
fn tell(key: &str, layers: &[Layer]) -> String {
    let Some(setting) = find(key) else { return key.to_owned() };
    let strongest = layers.iter().rev().find_map(|layer| layer.get(setting));
    match strongest {
        Some(Given { origin: Origin::File(_), .. }) | None => {
            let origin = strongest.map_or(Origin::Default, |given| given.origin.clone());
            let key = SETTINGS[setting].key;
            let value = strongest.map(|given| given.texts.join(std::ffi::OsStr::new(",")));
            let value = value.map(|value| format!(" = {}", value.display())).unwrap_or_default();
            format!("{key}{} ({origin})", without_password(value))
        }
        Some(given) => format!("{} ({})", given.written, given.origin),
    }
}
