//! Finds contradictions: settings that are valid separately but make no sense together.

use std::borrow::Cow;

use super::file::LIMITS;
use super::layer::{Given, Layer, Origin};
use super::resolve::Resolved;
use super::settings::{Policy, SETTINGS, Setting, SettingValue, find, plain};
use super::value::{MaxAttempts, MessagesTo, StderrMode, StdoutMode};
use crate::backoff::Strategy;
use crate::base::duration;
use crate::base::problem::Problem;
use crate::base::secrets::HIDDEN;
use crate::base::words::without_password;

/// All contradictions among the resolved settings.
pub(super) fn contradictions(
    resolved: &Resolved,
    layers: &[Cow<'_, Layer>],
    for_letters: bool,
) -> Vec<Problem> {
    // Defaults do not contradict each other.
    if layers.iter().all(|layer| layer.0.is_empty()) {
        return Vec::new();
    }
    let mut check = Check { resolved, layers, problems: Vec::new() };
    check.delays();
    check.times();
    check.streams();
    check.limits();
    if !for_letters {
        check.partners();
    }
    check.problems
}

struct Check<'a> {
    resolved: &'a Resolved,
    layers: &'a [Cow<'a, Layer>],
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Refuses two settings that conflict. In the message, `link` is between them and `why` after them.
    fn refuse(&mut self, [one, other]: [&str; 2], link: &str, why: &str, hint: impl Into<String>) {
        let told = format!("{} {link} {}{why}", tell(one, self.layers), tell(other, self.layers));
        let place = [other, one].iter().find_map(|key| self.resolved.origin(key).place());
        self.problems.push(Problem::new(told).at(place).hint(hint));
    }

    /// The list of delays and the delay of the same layer, if the strongest backoff is a list.
    fn list_beside_delay(&self) -> Option<(&'_ Given, &'_ Given)> {
        let (backoff, delay) = (find("backoff")?, find("delay")?);
        let is_list = |given: &&Given| matches!(given.value, SettingValue::backoff(Strategy::List(_)));
        let strongest = self.layers.iter().rev().find_map(|layer| layer.get(backoff))?;
        let mut layers = self.layers.iter().rev().filter(|_| is_list(&strongest));
        layers.find_map(|layer| Some((layer.get(backoff).filter(is_list)?, layer.get(delay)?)))
    }

    fn delays(&mut self) {
        let (resolved, policy) = (self.resolved, &self.resolved.policy);
        let list = matches!(policy.backoff, Strategy::List(_));
        let both_given = resolved.origin("max-delay").is_given() && resolved.origin("delay").is_given();
        if both_given && !list && policy.max_delay < policy.delay {
            let delay = duration::exact(policy.delay);
            let hint = format!("use --max-delay {delay} or more, or a shorter --delay");
            self.refuse(["max-delay", "delay"], "is shorter than", "", hint);
        }
        if let Some((list, delay)) = self.list_beside_delay() {
            let hint = match &list.value {
                SettingValue::backoff(Strategy::List(waits))
                    if waits.len() == 1 && waits[0].subsec_nanos() == 0 =>
                {
                    format!(
                        "for growth use --factor {}; for a list of delays drop --delay",
                        waits[0].as_secs()
                    )
                }
                _ => "a list of delays needs no --delay: drop one of them".to_owned(),
            };
            let told =
                format!("{} and {} conflict: both set the first delay", tell_given(list), tell_given(delay));
            self.problems.push(Problem::new(told).at(delay.origin.place()).hint(hint));
        }
        if policy.backoff == Strategy::Decorrelated && resolved.origin("jitter").is_given() {
            self.refuse(
                ["backoff", "jitter"],
                "and",
                " conflict: decorrelated delays are random already",
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
                ["progress-match", "progress-timeout"],
                "has no effect with",
                ": without a time limit missing progress is never noticed",
                "use --progress-timeout 10m, or drop --progress-match",
            );
        }
        if let (Some(splay), Some(deadline)) = (policy.splay.0, policy.deadline.0)
            && splay >= deadline
            && *resolved.origin("deadline") != Origin::Outer
        {
            self.refuse(
                ["splay", "deadline"],
                "and",
                " conflict: the deadline could pass before the first attempt",
                "use a --splay well below the --deadline",
            );
        }
        if let MaxAttempts::Times(attempts) = policy.attempts()
            && policy.successes.0 > attempts
        {
            let other = if policy.enabled { "max" } else { "enabled" };
            self.refuse(
                ["successes", other],
                "and",
                " conflict: that many successes need as many attempts",
                format!("use --max {} or more", policy.successes.0),
            );
        }
    }

    fn streams(&mut self) {
        let policy = &self.resolved.policy;
        if policy.stdout == StdoutMode::Success && policy.messages_to == MessagesTo::Stdout {
            self.refuse(
                ["messages-to", "stdout"],
                "and",
                " conflict: stdout must contain only the command's output",
                "use --messages-to stderr, another descriptor or a file",
            );
        }
        if policy.chronic && policy.stdout == StdoutMode::Success {
            self.refuse(
                ["chronic", "stdout"],
                "and",
                " conflict: one shows stdout only after a failure, the other only after a success",
                "drop one of them",
            );
        }
        if policy.chronic && policy.stderr == StderrMode::Last {
            self.refuse(
                ["chronic", "stderr"],
                "and",
                " conflict: one shows the stderr of all attempts, the other that of the last",
                "drop one of them",
            );
        }
    }

    /// The settings given by flags that have no effect, since none of those that they need is in use. In files and in the
    /// environment they are defaults for runs that have their partners.
    fn idle(&self) -> impl Iterator<Item = &'static Setting> {
        let Resolved { policy, origins, .. } = self.resolved;
        let is_used = |key: &&str| find(key).is_some_and(|partner| !is_idle(&SETTINGS[partner], policy));
        let lacks = move |setting: &&Setting| !setting.needs.is_empty() && !setting.needs.iter().any(is_used);
        let flags = SETTINGS.iter().zip(origins).filter(|(_, origin)| **origin == Origin::Flag);
        flags.map(|(setting, _)| setting).filter(lacks).filter(|setting| !is_idle(setting, policy))
    }

    /// Refuses flags that silently do nothing. Limits have words of their own for the key.
    fn partners(&mut self) {
        let idle: Vec<_> = self.idle().filter(|setting| setting.needs != ["key"]).collect();
        for setting in idle {
            let (told, needs) = (tell(setting.key, self.layers), any_of(setting.needs));
            let problem = Problem::new(format!("{told} has no effect without {needs}"));
            self.problems.push(problem.hint(format!("add {needs}, or drop --{}", setting.key)));
        }
    }

    fn limits(&mut self) {
        let resolved = self.resolved;
        if resolved.policy.key.is_none() {
            let idle = self.idle().find(|setting| setting.needs == ["key"]).map(|setting| setting.key);
            let limit = LIMITS.iter().find(|key| resolved.origin(key).is_given());
            if let Some(key) = limit.copied().or(idle) {
                let problem = Problem::new(format!(
                    "{} needs --key NAME (limits are shared by all processes with the same key)",
                    tell(key, self.layers)
                ));
                self.problems.push(
                    problem
                        .at(resolved.origin(key).place())
                        .hint("use --key NAME, or --key auto for the command's host"),
                );
            }
        }
    }
}

/// Whether the value has no effect by itself: it is the default, or switches something off.
fn is_idle(setting: &Setting, policy: &Policy) -> bool {
    let shown = plain(&(setting.show)(policy));
    shown == plain(&(setting.show)(&Policy::default())) || shown == "never"
}

/// `--on-retry COMMAND, --on-success COMMAND or --on-failure COMMAND`
fn any_of(keys: &[&str]) -> String {
    let setting = |key: &&str| find(key).map(|setting| &SETTINGS[setting]);
    let options = keys.iter().filter_map(setting).map(|row| format!("--{} {}", row.key, row.value_name));
    let options: Vec<_> = options.collect();
    match &options[..] {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => options.concat(),
    }
}

/// A setting as written in its strongest layer, with its origin.
fn tell(key: &str, layers: &[Cow<'_, Layer>]) -> String {
    let strongest = find(key).and_then(|setting| layers.iter().rev().find_map(|layer| layer.get(setting)));
    strongest.map_or_else(|| format!("{key} ({})", Origin::Default), tell_given)
}

/// A value as it was written, with its origin.
pub(super) fn tell_given(given: &Given) -> String {
    if matches!(given.origin, Origin::File(_)) && SETTINGS[given.setting].is_secret {
        return format!("{} = {HIDDEN} ({})", SETTINGS[given.setting].key, given.origin);
    }
    if matches!(given.origin, Origin::File(_)) {
        let value = given.texts.join(std::ffi::OsStr::new(","));
        let told = format!("{} = {} ({})", SETTINGS[given.setting].key, value.display(), given.origin);
        return without_password(told);
    }
    format!("{} ({})", given.written, given.origin)
}
