//! Contradictions: settings that are each fine and make no sense together.

use std::borrow::Cow;

use super::file::LIMITS;
use super::layer::{Given, Layer, Origin};
use super::resolve::Resolved;
use super::settings::{SETTINGS, find};
use super::value::{MaxAttempts, StderrMode, StdoutMode};
use crate::backoff::Strategy;
use crate::base::duration;
use crate::base::problem::Problem;
use crate::base::words::without_password;

/// Everything that contradicts itself in what was resolved.
pub(super) fn contradictions(resolved: &Resolved, layers: &[Cow<'_, Layer>]) -> Vec<Problem> {
    // What nobody gave makes sense together.
    if layers.iter().all(|layer| layer.0.is_empty()) {
        return Vec::new();
    }
    let mut check = Check { resolved, layers, problems: Vec::new() };
    check.delays();
    check.times();
    check.streams();
    check.limits();
    check.problems
}

struct Check<'a> {
    resolved: &'a Resolved,
    layers: &'a [Cow<'a, Layer>],
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Two settings that can't be together: why, and the way out.
    fn refuse(&mut self, one: &str, other: &str, why: &str, hint: impl Into<String>) {
        let told = format!("{} and {} {why}", tell(one, self.layers), tell(other, self.layers));
        let place = [one, other].iter().rev().find_map(|key| match self.resolved.origin(key) {
            Origin::File(place) => Some(place.clone()),
            _ => None,
        });
        self.problems.push(Problem::new(told).at(place).hint(hint));
    }

    /// Whether one layer gives both settings.
    fn of_one_layer(&self, one: &str, other: &str) -> bool {
        let gives = |layer: &Layer, key| find(key).is_some_and(|setting| layer.get(setting).is_some());
        self.layers.iter().any(|layer| gives(layer, one) && gives(layer, other))
    }

    fn delays(&mut self) {
        let (resolved, policy) = (self.resolved, &self.resolved.policy);
        let list = matches!(policy.backoff, Strategy::List(_));
        let both_given = resolved.origin("max-delay").is_given() && resolved.origin("delay").is_given();
        if both_given && !list && policy.max_delay < policy.delay {
            let delay = duration::exact(policy.delay);
            self.refuse(
                "max-delay",
                "delay",
                "conflict: the first delay would be longer than the longest",
                format!("use --max-delay {delay} or more, or a shorter --delay"),
            );
        }
        if let Strategy::List(waits) = &policy.backoff
            && self.of_one_layer("backoff", "delay")
        {
            let hint = match &waits[..] {
                [only] if only.subsec_nanos() == 0 => {
                    format!("for growth use --factor {}; for a list of delays drop --delay", only.as_secs())
                }
                _ => "a list of delays needs no --delay: drop one of them".to_owned(),
            };
            self.refuse("backoff", "delay", "conflict: both set the first delay", hint);
        }
        if policy.backoff == Strategy::Decorrelated && resolved.origin("jitter").is_given() {
            self.refuse(
                "backoff",
                "jitter",
                "conflict: decorrelated delays are random already",
                "drop --jitter, or use --backoff exponential",
            );
        }
    }

    fn times(&mut self) {
        let (resolved, policy) = (self.resolved, &self.resolved.policy);
        if !policy.progress_match.0.is_empty()
            && policy.progress_timeout.0.is_none()
            && resolved.origin("progress-match").is_given()
            && (policy.attempts() != MaxAttempts::Unlimited || policy.deadline.0.is_some())
        {
            self.refuse(
                "progress-match",
                "progress-timeout",
                "belong together: without a time limit missing progress is never noticed",
                "use --progress-timeout 10m, or drop --progress-match",
            );
        }
        if let (Some(splay), Some(deadline)) = (policy.splay.0, policy.deadline.0)
            && splay >= deadline
            && *resolved.origin("deadline") != Origin::Outer
        {
            self.refuse(
                "splay",
                "deadline",
                "conflict: the deadline could pass before the first attempt",
                "use a --splay well below the --deadline",
            );
        }
        if let MaxAttempts::Times(attempts) = policy.attempts()
            && policy.successes.0 > attempts
        {
            let other = if policy.enabled { "max" } else { "enabled" };
            self.refuse(
                "successes",
                other,
                "conflict: that many successes need as many attempts",
                format!("use --max {} or more", policy.successes.0),
            );
        }
    }

    fn streams(&mut self) {
        let policy = &self.resolved.policy;
        if policy.chronic && policy.stdout == StdoutMode::Success {
            self.refuse(
                "chronic",
                "stdout",
                "conflict: one shows stdout only after a failure, the other only after a success",
                "drop one of them",
            );
        }
        if policy.chronic && policy.stderr == StderrMode::Last {
            self.refuse(
                "chronic",
                "stderr",
                "conflict: one shows the stderr of all attempts, the other that of the last",
                "drop one of them",
            );
        }
    }

    fn limits(&mut self) {
        let resolved = self.resolved;
        if resolved.policy.key.is_none() {
            // What a file says of waiting for admission is no mistake where nothing is shared.
            let idle =
                ["gate-wait", "on-state-error"].into_iter().find(|key| *resolved.origin(key) == Origin::Flag);
            let limit = LIMITS.iter().find(|key| resolved.origin(key).is_given());
            if let Some(key) = limit.copied().or(idle) {
                let place =
                    if let Origin::File(place) = resolved.origin(key) { Some(place.clone()) } else { None };
                let problem = Problem::new(format!(
                    "{} needs --key NAME (limits are shared by all processes with the same key)",
                    tell(key, self.layers)
                ))
                .at(place);
                self.problems.push(problem.hint("use --key NAME, or --key auto for the command's host"));
            }
        }
    }
}

/// A setting as its strongest layer wrote it, and where.
fn tell(key: &str, layers: &[Cow<'_, Layer>]) -> String {
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
