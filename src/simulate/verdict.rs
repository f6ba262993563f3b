//! The verdict on a simulation, in words.

use super::answer::mean;
use super::scenario::{Arrivals, ClientLoop, Model, Outage, Scenario, Trouble};
use super::summary::Summary;
use super::variant::Variant;
use crate::base::duration::approximate;
use crate::base::words::plural;
use crate::policy::Policy;
use crate::report::figures::grouped;
use std::time::Duration;

/// The verdict on a variant, in a sentence.
pub(super) fn verdict(variant: &Variant, runs: &[Summary]) -> String {
    let scenario = &variant.scenario;
    let good = runs.iter().filter(|run| run.recovered_at.is_some()).count();
    let bad: Vec<_> = runs.iter().filter(|run| run.recovered_at.is_none()).cloned().collect();
    if good == runs.len() {
        return recovers(scenario, runs);
    }
    let told = fails(scenario, &variant.policy, &bad);
    if good == 0 {
        told
    } else {
        format!("recovers in {good} of {} runs; in the others it {told}", runs.len())
    }
}

fn mean_of(runs: &[Summary], number: impl Fn(&Summary) -> f64) -> f64 {
    mean(runs.iter().map(number)).unwrap_or_default()
}

fn recovers(scenario: &Scenario, runs: &[Summary]) -> String {
    if runs.iter().all(|run| run.operations == 0) {
        return format!("{}: nobody came, none gave up", subject(scenario, runs));
    }
    if runs.iter().all(|run| run.lost == run.operations && run.lost > 0) {
        let calls = times(mean_of(runs, |run| run.amplification));
        return format!("{}: does not survive it; {calls} calls each, all gave up", subject(scenario, runs));
    }
    let peak = mean_of(runs, |run| f64::from(run.peak));
    let mut told = format!("{}: ", subject(scenario, runs));
    let at = runs.first().map_or(0, |run| run.peak_at);
    if !matches!(scenario.model, Model::Occ) {
        told += &format!("peak {}/s at {}", whole(peak), seconds(to_float(at)));
        if let Some(capacity) = scenario.capacity() {
            told += &format!(" ({} × capacity)", times(peak / capacity));
        }
        told += ", ";
    }
    let end = scenario.outages_end().unwrap_or_default().as_secs_f64();
    let behind = |moment: f64| match moment - end {
        _ if end == 0.0 => format!("at {}", seconds(moment)),
        after if after < 0.0 => "before the outage was over".to_owned(),
        after => format!("{} after the outage", seconds(after)),
    };
    if let Some(last) = mean(runs.iter().filter_map(|run| run.last)) {
        let all =
            if runs.iter().all(|run| run.lost + run.unfinished == 0) { "all done" } else { "last success" };
        told += &match mean(runs.iter().filter_map(|run| run.recovered_at).map(to_float)) {
            Some(at) if scenario.is_open() || matches!(scenario.pattern, ClientLoop::Closed(_)) => {
                format!("recovered {}", behind(at))
            }
            _ => format!("{all} {}", behind(last)),
        };
        told += ", ";
    }
    told + &format!("{} calls each, {}", times(mean_of(runs, |run| run.amplification)), gave_up(runs))
}

fn fails(scenario: &Scenario, policy: &Policy, runs: &[Summary]) -> String {
    let lost = gave_up(runs);
    let horizon = approximate(scenario.horizon);
    let unfinished = mean_of(runs, |run| to_float(run.unfinished));
    let operations = mean_of(runs, |run| to_float(run.operations));
    let loses = |outage: &Outage| matches!(outage.kind, Trouble::Hang | Trouble::Lose(_));
    let is_bounded = policy.timeout.0.or(policy.deadline.0).is_some();
    let why = if !is_bounded && scenario.outages.iter().any(loses) { ", without a --timeout" } else { "" };
    let trying = format!(
        "{} of {} still trying at the horizon ({horizon}){why}",
        whole(unfinished),
        whole(operations)
    );
    let Some(end) = scenario.outages_end() else {
        let never = if unfinished > 0.0 {
            format!("never ends: {trying}")
        } else {
            "the outage does not end".to_owned()
        };
        return format!("{never}; {lost}");
    };
    let goodput = mean_of(runs, |run| run.goodput_at_end);
    let load = mean_of(runs, |run| run.load_at_end);
    let after = approximate(scenario.horizon.saturating_sub(end));
    let since = if end.is_zero() { format!("after {horizon}") } else { format!("{after} after the outage") };
    match scenario.capacity() {
        Some(capacity) if load > capacity => format!(
            "does not recover: {since} goodput is {} of capacity while load is {} ×: metastable; {lost}",
            percent(goodput / capacity),
            times(load / capacity)
        ),
        Some(capacity) => format!(
            "does not recover: {since} goodput is {} of capacity, load {} ×; {trying}; {lost}",
            percent(goodput / capacity),
            times(load / capacity)
        ),
        None => format!(
            "does not recover: goodput at the end is {}/s while {}/s are sent; {lost}",
            whole(goodput),
            whole(load)
        ),
    }
}

/// The subject of the verdict.
fn subject(scenario: &Scenario, runs: &[Summary]) -> String {
    let mut parts = vec![match scenario.arrivals {
        Arrivals::Poisson(_) | Arrivals::Load(_) | Arrivals::Log => {
            counted(mean_of(runs, |run| to_float(run.operations)), "operation")
        }
        _ => counted(f64::from(scenario.clients), "client"),
    }];
    for outage in &scenario.outages {
        let length = outage.until.map(|until| approximate(until.saturating_sub(outage.from)));
        parts.extend(length.map(|length| format!("{length} outage")));
    }
    if let Some(capacity) = scenario.capacity() {
        parts.push(format!("capacity {}/s", rate(capacity)));
    }
    parts.join(", ")
}

/// The share that gave up, which every verdict names.
fn gave_up(runs: &[Summary]) -> String {
    let share = mean_of(runs, Summary::lost_share);
    if share == 0.0 { "none gave up".to_owned() } else { format!("{} gave up", percent(share)) }
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn to_float(number: u64) -> f64 {
    number as f64
}

/// `1,000 clients`.
pub(super) fn counted(number: f64, noun: &str) -> String {
    let whole = round(number);
    plural(whole, noun).replacen(&whole.to_string(), &grouped(whole), 1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut at the ends")]
fn round(number: f64) -> u64 {
    number.round() as u64
}

/// `1,234`; a small number keeps one decimal, or two digits where that would be zero.
pub(super) fn whole(number: f64) -> String {
    match number {
        _ if number >= 9.95 || number.fract() == 0.0 => grouped(round(number)),
        _ if number >= 0.095 => format!("{number:.1}"),
        _ => digits(number, 2),
    }
}

pub(super) fn times(number: f64) -> String {
    match number {
        _ if number >= 99.5 => grouped(round(number)),
        _ if number >= 0.095 || number == 0.0 => format!("{number:.1}"),
        _ => digits(number, 2),
    }
}

/// A number per second in three digits, without the zeros at its end: `0.0025`, `33.3`, `713`, `1,234`.
pub(super) fn rate(number: f64) -> String {
    if number >= 99.5 { grouped(round(number)) } else { digits(number, 3) }
}

/// This many digits from the first that is not zero, up to twelve behind the point.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 12")]
fn digits(number: f64, count: i32) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let first = number.abs().log10().floor() as i32;
    let decimals = (count - 1 - first).clamp(0, 12) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        _ if percent < 0.05 => "under 0.1 %".to_owned(),
        _ if percent < 1.0 => format!("{percent:.1} %"),
        _ if percent > 99.0 && percent < 100.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

pub(super) fn seconds(seconds: f64) -> String {
    approximate(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_a_reader_needs() {
        for (number, as_whole, as_times, as_rate) in [
            (0.0, "0", "0.0", "0"),
            (0.000_002, "0.000002", "0.000002", "0.000002"),
            (0.01234, "0.012", "0.012", "0.0123"),
            (0.5, "0.5", "0.5", "0.5"),
            (1.0, "1", "1.0", "1"),
            (12.5, "13", "12.5", "12.5"),
            (33.333_333, "33", "33.3", "33.3"),
            (100.0, "100", "100", "100"),
            (713.266_762, "713", "713", "713"),
            (1_234_567.8, "1,234,568", "1,234,568", "1,234,568"),
        ] {
            assert_eq!(
                [whole(number), times(number), rate(number)],
                [as_whole, as_times, as_rate],
                "{number}"
            );
        }
    }
}
