//! Turns the sums into the report: names for numbers, shares, quantiles, and a deterministic order.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::analysis::Input;
use super::filter::Filter;
use super::model::{
    self, AtLimit, Attempts, Bin, Change, Count, Durations, Group, Interval, Kind, Quantiles, Report, Rule,
    SCHEMA, Spread, Suggested, Timeline, Trend, WhatIf, Window,
};
use super::names::Names;
use super::rules::{Followed, Helped};
use super::runs::{Dictionary, Exit};
use super::sketch::{Bins, Exact, Sketch, ranked, share};
use super::stats::{Counts, Operation, Stats};
use super::time;
use super::unmatched::{Template, without_secrets};
use super::what_if::{self, Effect, Setting};
use crate::base::duration;

/// The number of retried runs from which a rule is reported as never helping, and the share that still counts as never.
const MIN_RETRIED: u64 = 20;
const NEVER_PERCENT: u64 = 2;
/// The number of successes in each half of the window from which the halves are compared.
const MIN_SUCCESSES: u64 = 5;
/// The number of runs that followed a verdict from which it is doubted.
const MIN_FOLLOWED: u64 = 3;

/// The report on all that was added.
pub(super) fn report(
    stats: &Stats,
    names: &Dictionary,
    filter: &Filter,
    input: &Input,
    unfinished: u64,
) -> Report {
    let total = &stats.total;
    let [first_try, rescued, failed] = total.fates;
    let runs = total.runs();
    let middle = stats.span.map(|(first, last)| (first / 2 + last / 2).div_euclid(time::SECOND));
    let overflowed = [&names.names, &names.keys, &names.hosts, &names.labels, &names.kinds, &names.rules];
    Report {
        schema: SCHEMA,
        window: window(stats, filter),
        runs,
        succeeded: first_try + rescued,
        first_try,
        rescued,
        failed,
        unfinished,
        success_rate: share(first_try + rescued, runs).map(|share| share.rate),
        flake_rate: interval(rescued, first_try + rescued),
        outcomes: stats.outcomes.clone(),
        attempts: attempts(stats),
        waited_ms: millis(total.waited),
        lost_ms: millis(total.lost),
        durations: Durations {
            run: quantiles(&stats.run_durations),
            successful_attempt: quantiles(&stats.success_durations),
            failed_attempt: quantiles(&stats.failure_durations),
            histogram: stats.run_steps.iter().map(spread).collect(),
        },
        operations: stats.operations.len() as u64,
        by_name: operations(&stats.operations, &names.names, middle),
        by_key: groups(&stats.keys, &names.keys),
        by_host: groups(&stats.hosts, &names.hosts),
        by_label: groups(&stats.labels, &names.labels),
        by_hour: hours(&stats.hours),
        rules: rules(stats, &names.rules),
        kinds: kinds(stats, &names.kinds),
        templates: Vec::new(),
        unmatched_without_output: 0,
        rejudged: None,
        what_if: what_if(stats, rescued),
        timeline: timeline(&stats.timeline),
        skipped_lines: input.skipped,
        newer_lines: input.newer,
        too_long_lines: input.too_long,
        cut_off_lines: input.cut_off,
        interrupted: input.interrupted,
        groups_overflowed: overflowed.iter().any(|names| names.overflowed),
    }
}

/// A template for the report, with secrets removed from its example.
pub(super) fn template(template: &Template) -> model::Template {
    model::Template {
        program: template.program.clone(),
        template: template.words.join(" "),
        example: without_secrets(template.samples.first().map(String::as_str).unwrap_or_default()),
        exit_code: template.exit,
        attempts: template.attempts,
        runs: template.runs,
        retried_runs: template.retried,
        helped_runs: template.helped,
        helped: share(template.helped, template.retried).map(|share| share.rate),
        lost_ms: millis(template.lost),
        first: time::second(template.first),
    }
}

/// Milliseconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "a sum of microseconds is below 2^53 for 285 years")]
pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

fn window(stats: &Stats, filter: &Filter) -> Window {
    Window {
        since: filter.since.map(time::second),
        until: filter.until.map(time::second),
        first: stats.span.map(|(first, _)| time::second(first)),
        last: stats.span.map(|(_, last)| time::second(last)),
    }
}

fn interval(hits: u64, trials: u64) -> Option<Interval> {
    share(hits, trials).map(|share| Interval { rate: share.rate, low: share.low, high: share.high })
}

fn attempts(stats: &Stats) -> Attempts {
    let runs = stats.total.runs();
    let by_number = stats.attempts.iter().map(|(attempts, fates)| (*attempts, fates.iter().sum()));
    let by_number: Exact = by_number.collect();
    let percentile = |percent| ranked(&by_number, runs, percent).filter(|_| runs > 0);
    Attempts {
        total: stats.total.attempts,
        p50: percentile(50),
        p95: percentile(95),
        max: stats.attempts.last_key_value().map(|(attempts, _)| *attempts),
        histogram: stats
            .attempts
            .iter()
            .map(|(attempts, [first_try, rescued, failed])| Count {
                attempts: *attempts,
                runs: first_try + rescued + failed,
                first_try: *first_try,
                rescued: *rescued,
                failed: *failed,
            })
            .collect(),
    }
}

fn quantiles(sketch: &Sketch) -> Quantiles {
    let at = |percent| sketch.percentile(percent).filter(|_| sketch.count() > 0).map(millis);
    Quantiles {
        count: sketch.count(),
        p50_ms: at(50),
        p95_ms: at(95),
        p99_ms: at(99),
        max_ms: sketch.max().map(millis),
    }
}

fn spread((bound, counts): (&u64, &[u64; 3])) -> Spread {
    let [first_try, rescued, failed] = *counts;
    Spread { up_to_ms: millis(*bound), first_try, rescued, failed }
}

fn group(name: String, counts: &Counts) -> Group {
    let [first_try, rescued, failed] = counts.fates;
    let succeeded = first_try + rescued;
    Group {
        name,
        runs: counts.runs(),
        succeeded,
        first_try,
        rescued,
        failed,
        success_rate: share(succeeded, counts.runs()).map(|share| share.rate),
        flake_rate: interval(rescued, succeeded),
        attempts: counts.attempts,
        waited_ms: millis(counts.waited),
        lost_ms: millis(counts.lost),
        duration: None,
        trend: None,
    }
}

/// The most certainly and most often flaky ones first: by the lower bound of the flake rate times the runs, then by runs
/// and name.
fn rank(groups: &mut [Group]) {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let weight = |group: &Group| group.flake_rate.map_or(0.0, |share| share.low * group.runs as f64);
    groups.sort_by(|a, b| {
        weight(b).total_cmp(&weight(a)).then_with(|| {
            (Reverse(a.failed), Reverse(a.runs), &a.name).cmp(&(Reverse(b.failed), Reverse(b.runs), &b.name))
        })
    });
}

fn groups(counts: &BTreeMap<u32, Counts>, names: &Names) -> Vec<Group> {
    let named = counts.iter().map(|(number, counts)| group(names.text(*number).to_owned(), counts));
    let mut groups: Vec<_> = named.collect();
    rank(&mut groups);
    groups
}

fn hours(hours: &[Counts; 24]) -> Vec<Group> {
    let with_runs = hours.iter().enumerate().filter(|(_, counts)| counts.runs() > 0);
    with_runs.map(|(hour, counts)| group(format!("{hour:02}"), counts)).collect()
}

fn operations(operations: &BTreeMap<u32, Operation>, names: &Names, middle: Option<i64>) -> Vec<Group> {
    let named = operations.iter().map(|(number, operation)| Group {
        duration: Some(quantiles(&operation.durations)),
        trend: middle.and_then(|middle| trend(&operation.trend, middle)),
        ..group(names.text(*number).to_owned(), &operation.counts)
    });
    let mut groups: Vec<_> = named.collect();
    rank(&mut groups);
    groups
}

/// The flake rate of the second half of the window compared with the first; `None` if one of them has few successes.
fn trend(bins: &Bins, middle: i64) -> Option<Trend> {
    let mut halves = [[0; 3]; 2];
    for (from, counts) in bins.iter() {
        let half = &mut halves[usize::from(from + bins.width() / 2 >= middle)];
        for (sum, count) in half.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [first, second] = halves.map(|[first_try, rescued, _]| {
        interval(rescued, first_try + rescued).filter(|_| first_try + rescued >= MIN_SUCCESSES)
    });
    let (first, second) = (first?, second?);
    Some(if second.low > first.high {
        Trend::Rising
    } else if second.high < first.low {
        Trend::Falling
    } else {
        Trend::Steady
    })
}

fn rules(stats: &Stats, names: &Names) -> Vec<Rule> {
    let rules = stats.rules.by_rule.iter().map(|(number, helped)| {
        let text = names.text(*number);
        let mut parts = text.split('\0').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (source, profile, id, class) = (part(), part(), part(), part());
        let followed = stats.rules.followed.get(number).copied().unwrap_or_default();
        let profile = Some(profile).filter(|profile| !profile.is_empty());
        let suggestion = suggestion(stats, *number, profile.as_deref(), &class, helped, followed);
        // The name of the overflow has no parts.
        let id = if id.is_empty() { source.clone() } else { id };
        Rule {
            source,
            profile,
            id,
            class,
            attempts: helped.attempts,
            runs: helped.runs,
            retried_runs: helped.retried,
            helped: share(helped.successes, helped.retried).map(|share| share.rate),
            helped_runs: helped.successes,
            lost_ms: millis(helped.lost),
            followed_runs: followed.runs,
            followed_by_success: followed.succeeded,
            until_success_ms: followed.until.checked_div(followed.succeeded).map(millis),
            suggestion,
        }
    });
    let mut rules: Vec<_> = rules.collect();
    rules.sort_by(|a, b| {
        let key = |rule: &Rule| {
            (
                Reverse(rule.attempts),
                rule.source.clone(),
                rule.profile.clone(),
                rule.id.clone(),
                rule.class.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    rules
}

/// The change that the numbers of a rule suggest, if any.
fn suggestion(
    stats: &Stats,
    rule: u32,
    profile: Option<&str>,
    class: &str,
    helped: &Helped,
    followed: Followed,
) -> Option<String> {
    if class == "permanent" {
        let doubted = followed.runs >= MIN_FOLLOWED && followed.succeeded * 2 >= followed.runs;
        return doubted.then(|| "consider transient".to_owned());
    }
    if helped.retried < MIN_RETRIED || helped.successes * 100 > helped.retried * NEVER_PERCENT {
        return None;
    }
    let mut exits =
        stats.rules.exits.range((rule, Exit::Status(0))..=(rule, Exit::Other)).map(|((_, exit), _)| *exit);
    let only = exits.next().filter(|_| exits.next().is_none());
    let others_helped = |exit: Exit| {
        stats
            .rules
            .exits
            .iter()
            .any(|((other, at), seen)| *other != rule && *at == exit && seen.successes > 0)
    };
    Some(match only {
        Some(exit @ Exit::Status(status)) if !others_helped(exit) => {
            format!("consider --permanent-on {status}")
        }
        _ => format!("consider a permanent [[profile.{}.rule]]", profile.unwrap_or("NAME")),
    })
}

fn kinds(stats: &Stats, names: &Names) -> Vec<Kind> {
    let kinds = stats.rules.kinds.iter().map(|(number, helped)| Kind {
        kind: names.text(*number).to_owned(),
        attempts: helped.attempts,
        runs: helped.runs,
        lost_ms: millis(helped.lost),
    });
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_by(|a, b| (Reverse(a.attempts), &a.kind).cmp(&(Reverse(b.attempts), &b.kind)));
    kinds
}

fn what_if(stats: &Stats, rescued: u64) -> WhatIf {
    let asked = stats.what_ifs.asked();
    let suggested = stats.what_ifs.suggested_max(rescued);
    let one_less = suggested.map(|max| max - 1).filter(|max| *max > 0).map(Setting::Max);
    let rows = if asked.is_empty() {
        one_less.into_iter().map(|setting| (setting, effect_of(stats, setting))).collect()
    } else {
        asked
    };
    let succeeded = stats.total.fates[0] + stats.total.fates[1];
    WhatIf {
        rows: rows.iter().map(|(setting, effect)| change(*setting, effect, succeeded)).collect(),
        suggested: Suggested {
            max: suggested,
            timeout_ms: what_if::suggested_timeout(&stats.success_durations).map(millis),
        },
        limit: stats.what_ifs.at_limit().map(|(limit, runs, reached, passed)| AtLimit {
            limit,
            runs,
            reached,
            passed,
            passed_rate: interval(passed, reached),
        }),
    }
}

fn effect_of(stats: &Stats, setting: Setting) -> Effect {
    match setting {
        Setting::Max(max) => stats.what_ifs.of_max(max),
        Setting::Timeout(_) | Setting::Deadline(_) => Effect::default(),
    }
}

fn change(setting: Setting, effect: &Effect, succeeded: u64) -> Change {
    let time = |micros| duration::exact(Duration::from_micros(micros));
    let (setting, value) = match setting {
        Setting::Max(max) => ("max", max.to_string()),
        Setting::Timeout(micros) => ("timeout", time(micros)),
        Setting::Deadline(micros) => ("deadline", time(micros)),
    };
    Change {
        setting,
        value,
        runs_lost: effect.runs_lost,
        share_lost: share(effect.runs_lost, succeeded).map(|share| share.rate),
        attempts_at_risk: effect.attempts_at_risk,
        attempts_saved: effect.attempts_saved,
        saved_ms: millis(effect.saved),
    }
}

fn timeline(bins: &Bins) -> Timeline {
    let bin = |(from, [first_try, rescued, failed]): (i64, [u64; 3])| Bin {
        from: time::second(from * time::SECOND),
        first_try,
        rescued,
        failed,
    };
    Timeline { bin_seconds: bins.width(), bins: bins.iter().map(bin).collect() }
}
