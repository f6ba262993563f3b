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
            "conflict: the first delay would be longer than the longest".to_owned(),
            format!("use --max-delay {delay} or more, or a shorter --delay"),
        ));
    }
    let of_one_layer = |one: &str, other: &str| {
        let (one, other) = (find(one), find(other));
        layers.iter().any(|layer| {
            one.is_some_and(|one| layer.get(one).is_some())
                && other.is_some_and(|other| layer.get(other).is_some())
        })
    };
    if let Strategy::List(waits) = &policy.backoff
        && of_one_layer("backoff", "delay")
    {
        let hint = match &waits[..] {
            [only] if only.subsec_nanos() == 0 => {
                format!("for growth use --factor {}; for a list of delays drop --delay", only.as_secs())
            }
            _ => "a list of delays needs no --delay: drop one of them".to_owned(),
        };
        problems.push(refuse("backoff", "delay", "conflict: both set the first delay".to_owned(), hint));
    }
    if policy.backoff == Strategy::Decorrelated && resolved.origin("jitter").is_given() {
        problems.push(refuse(
            "backoff",
            "jitter",
            "conflict: decorrelated delays are random already".to_owned(),
            "drop --jitter, or use --backoff exponential".to_owned(),
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
            "belong together: without a time limit missing progress is never noticed".to_owned(),
            "use --progress-timeout 10m, or drop --progress-match".to_owned(),
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
            "conflict: that many successes need as many attempts".to_owned(),
            format!("use --max {} or more", policy.successes.0),
        ));
    }
    if policy.chronic && policy.stdout == StdoutMode::Success {
        problems.push(refuse(
            "chronic",
            "stdout",
            "conflict: one shows stdout only after a failure, the other only after a success".to_owned(),
            "drop one of them".to_owned(),
        ));
    }
    if policy.chronic && policy.stderr == StderrMode::Last {
        problems.push(refuse(
            "chronic",
            "stderr",
            "conflict: one shows the stderr of all attempts, the other that of the last".to_owned(),
            "drop one of them".to_owned(),
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
            let problem = Problem::new(format!(
                "{} needs --key NAME (limits are shared by all processes with the same key)",
                tell(key, layers)
            ))
            .at(place);
            problems.push(problem.hint("use --key NAME, or --key auto for the command's host"));
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
