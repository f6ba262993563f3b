//! What is summed up, held to sums made by hand.

use proptest::prelude::*;

use super::made::{Made, WAIT, log, read};
use crate::event::Outcome;
use crate::report::model::Trend;
use crate::report::sketch::{Bins, Sketch, share};
use crate::report::what_if::{Setting, suggested_timeout};
use crate::report::{Options, time};

fn plain(runs: &[Made]) -> crate::report::model::Report {
    read(&log(runs), &Options::default())
}

#[test]
fn runs_are_told_apart_by_how_they_went() {
    let mut runs: Vec<_> = (0..9).map(|n| Made::new(n, "a", 0, true)).collect();
    runs.extend([Made::new(20, "a", 2, true), Made::new(21, "b", 3, false)]);
    let mut text = log(&runs);
    text += Made::new(30, "c", 1, true).lines().split_inclusive('\n').next().unwrap();
    let report = read(&text, &Options::default());
    assert_eq!((report.runs, report.first_try, report.rescued, report.failed), (11, 9, 1, 1));
    assert_eq!((report.succeeded, report.unfinished, report.operations), (10, 1, 2));
    assert_eq!(report.outcomes["exhausted"], 1);
    assert_eq!(report.outcomes.len(), 9);
    assert_eq!(
        (report.attempts.total, report.attempts.p50, report.attempts.p95, report.attempts.max),
        (15, Some(1), Some(3), Some(3))
    );
    assert!((report.waited_ms - 4_000.0).abs() < 1e-6);
    assert!((report.lost_ms - 6_500.0).abs() < 1e-6);
    let named: Vec<_> = report.by_name.iter().map(|group| (&*group.name, group.runs)).collect();
    assert_eq!(named, [("a", 10), ("b", 1)]);
    assert_eq!(report.by_key[0].name, "api");
    assert_eq!(report.by_label[0].name, "team=data");
    assert_eq!((&*report.kinds[0].kind, report.kinds[0].attempts, report.kinds[0].runs), ("server", 5, 2));
    assert_eq!(report.window.first.as_deref(), Some(&*time::second(runs[0].started * time::SECOND)));
}

#[test]
fn nothing_is_a_report_of_zeros() {
    let report = plain(&[]);
    assert_eq!((report.runs, report.success_rate, report.flake_rate), (0, None, None));
    assert_eq!((report.attempts.p50, report.durations.run.p95_ms), (None, None));
    assert_eq!(report.outcomes.values().sum::<u64>(), 0);
}

#[test]
fn a_rule_helped_where_another_attempt_followed_and_the_run_succeeded() {
    let mut runs: Vec<_> = (0..3).map(|n| Made::new(n, "a", 1, true)).collect();
    runs.push(Made::new(4, "a", 2, false));
    // Its only attempt failed: nothing was tried again.
    runs.push(Made::new(5, "a", 1, false));
    let rule = &plain(&runs).rules[0];
    assert_eq!((rule.attempts, rule.runs, rule.retried_runs, rule.helped_runs), (6, 5, 4, 3));
    assert!(rule.helped.is_some_and(|share| (share - 0.75).abs() < 1e-9));
    assert_eq!((rule.profile.as_deref(), &*rule.id, &*rule.class), (Some("curl"), "http-5xx", "transient"));
    assert_eq!(rule.suggestion, None);
}

/// Runs that fail of a rule twice, in vain.
fn in_vain(count: usize, exit: u8) -> Vec<Made> {
    let run = |n| Made { failures: vec![("dns", "transient", 500, exit); 2], ..Made::new(n, "a", 0, false) };
    (0..count).map(|n| Made { success: None, ..run(n) }).collect()
}

#[test]
fn a_rule_that_never_helped_is_called_permanent_by_its_exit_unless_that_exit_has_helped_elsewhere() {
    let suggestion = |runs: &[Made]| {
        let report = plain(runs);
        report.rules.iter().find(|rule| rule.id == "dns").expect("the rule").suggestion.clone()
    };
    assert_eq!(suggestion(&in_vain(19, 6)), None, "too few");
    assert_eq!(suggestion(&in_vain(20, 6)).as_deref(), Some("consider --permanent-on 6"));
    let mut shared = in_vain(20, 22);
    shared.push(Made::new(99, "a", 1, true));
    assert_eq!(suggestion(&shared).as_deref(), Some("consider a permanent [[profile.curl.rule]]"));
    let mut helped = in_vain(20, 6);
    helped.push(Made { failures: vec![("dns", "transient", 500, 6)], ..Made::new(99, "a", 0, true) });
    assert_eq!(suggestion(&helped), None, "one of 21 is more than 2 %");
}

#[test]
fn a_verdict_is_doubted_when_the_next_run_succeeds_soon() {
    let stopped = |n, rule| Made {
        failures: vec![(rule, "permanent", 500, 1)],
        outcome: Outcome::Permanent,
        ..Made::new(n, "a", 1, false)
    };
    let mut runs = Vec::new();
    for n in 0..3 {
        runs.extend([stopped(4 * n, "gone"), Made::new(4 * n + 2, "a", 0, true)]);
    }
    let rule = plain(&runs).rules[0].clone();
    assert_eq!((rule.followed_runs, rule.followed_by_success), (3, 3));
    assert_eq!(rule.suggestion.as_deref(), Some("consider transient"));
    assert!((rule.until_success_ms.unwrap() - 119_700.0).abs() < 1.0, "{:?}", rule.until_success_ms);
    let begun = Made::new(0, "a", 0, true).started;
    let at_last = Made { started: begun + 600, success: Some(500), ..Made::new(10, "a", 0, true) };
    assert_eq!(
        plain(&[stopped(0, "gone"), at_last]).rules[0].followed_runs,
        1,
        "ten minutes from end to end"
    );
    let late = [stopped(0, "gone"), Made::new(11, "a", 0, true)];
    assert_eq!(plain(&late).rules[0].followed_runs, 0, "more than ten minutes");
    let before = [stopped(4, "gone"), Made::new(2, "a", 0, true)];
    assert_eq!(plain(&before).rules[0].followed_runs, 0, "it ended before, though its line stands behind");
    let other = [stopped(0, "gone"), Made::new(2, "b", 0, true)];
    assert_eq!(plain(&other).rules[0].followed_runs, 0, "another name");
}

#[test]
fn the_worked_example_of_what_if_comes_out() {
    let mut runs = Vec::new();
    for (failures, count) in [(0, 900), (1, 60), (2, 25), (3, 10), (4, 5)] {
        runs.extend((0..count).map(|n| Made::new(failures * 1_000 + n, "a", failures, true)));
    }
    let options = Options { what_if: Setting::parse_all("max=3,max=2,max=4").unwrap(), ..Options::default() };
    let what_if = read(&log(&runs), &options).what_if;
    let lost: Vec<_> = what_if.rows.iter().map(|row| (row.runs_lost, row.attempts_saved)).collect();
    assert_eq!(lost, [(15, 0), (40, 0), (5, 0)]);
    assert!(what_if.rows[0].share_lost.is_some_and(|share| (share - 0.015).abs() < 1e-9));
    assert_eq!(what_if.suggested.max, Some(5));
    assert_eq!(what_if.limit, None);
}

#[test]
fn at_the_limit_nothing_is_said_of_what_was_not_tried() {
    let mut runs: Vec<_> = (0..18).map(|n| Made::new(n, "a", 3, false)).collect();
    runs.extend((20..50).map(|n| Made::new(n, "a", 2, true)));
    let limit = plain(&runs).what_if.limit.unwrap();
    assert_eq!((limit.limit, limit.runs, limit.reached, limit.passed), (3, 18, 48, 30));
}

#[test]
fn a_setting_to_try_is_refused_if_it_means_nothing() {
    for wrong in ["", "max", "max=0", "max=x", "timeout=soon", "jitter=1"] {
        assert!(Setting::parse_all(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_timeout_is_suggested_by_enough_attempts_and_not_by_the_one_that_hung() {
    let of = |millis: &[u64]| {
        let mut sketch = Sketch::default();
        for value in millis {
            sketch.add(value * 1_000);
        }
        suggested_timeout(&sketch).map(|micros| micros / 1_000)
    };
    assert_eq!(of(&[42_000; 4]), None);
    let hung = of(&[42_000, 42_000, 42_000, 42_000, 13_200_000]).unwrap();
    assert!((83_000..86_000).contains(&hung), "{hung}");
    let nine = of(&[42_000, 42_000, 42_000, 42_000, 42_000, 42_000, 42_000, 42_000, 13_200_000]).unwrap();
    assert!((83_000..86_000).contains(&nine), "{nine}");
    assert_eq!(of(&[10; 9]), Some(1_000), "a second at least");
}

#[test]
fn a_trend_is_told_when_the_intervals_lie_apart() {
    let half =
        |from: usize, failures: usize| (from..from + 40).map(move |n| Made::new(n, "a", failures, true));
    let trend = |first, second| {
        let runs: Vec<_> = half(0, first).chain(half(1_000, second)).collect();
        plain(&runs).by_name[0].trend
    };
    assert_eq!(trend(0, 1), Some(Trend::Rising));
    assert_eq!(trend(1, 0), Some(Trend::Falling));
    assert_eq!(trend(1, 1), Some(Trend::Steady));
}

#[test]
fn intervals_that_overlap_are_no_trend_and_few_successes_none_at_all() {
    let half = |from: usize, rescued: usize, of: usize| {
        (0..of).map(move |n| Made::new(from + n, "a", usize::from(n < rescued), true))
    };
    let trend = |[first, second]: [(usize, usize); 2]| {
        let runs: Vec<_> = half(0, first.0, first.1).chain(half(1_000, second.0, second.1)).collect();
        plain(&runs).by_name[0].trend
    };
    // The rates differ, and each lies outside of the other's half of the interval, but the intervals overlap.
    assert_eq!(trend([(2, 40), (5, 40)]), Some(Trend::Steady));
    assert_eq!(trend([(5, 40), (2, 40)]), Some(Trend::Steady));
    assert_eq!(trend([(1, 40), (20, 40)]), Some(Trend::Rising));
    assert_eq!(trend([(20, 40), (1, 40)]), Some(Trend::Falling));
    assert_eq!(trend([(0, 5), (5, 5)]), Some(Trend::Rising));
    for few in [[(0, 4), (5, 5)], [(0, 5), (4, 4)], [(0, 0), (5, 5)]] {
        assert_eq!(trend(few), None, "{few:?}");
    }
}

#[test]
fn the_halves_meet_in_the_middle_of_the_window() {
    // Five and five: a border elsewhere would leave too few on one side.
    let five: Vec<_> = (0..10).map(|n| Made::new(n, "a", usize::from(n >= 5), true)).collect();
    assert_eq!(plain(&five).by_name[0].trend, Some(Trend::Rising));
    let runs: Vec<_> = (0..20).map(|n| Made::new(n, "a", usize::from(n >= 10), true)).collect();
    assert_eq!(plain(&runs).by_name[0].trend, Some(Trend::Rising));
    let backwards: Vec<_> = (0..20).map(|n| Made::new(n, "a", usize::from(n < 10), true)).collect();
    assert_eq!(plain(&backwards).by_name[0].trend, Some(Trend::Falling));
}

#[test]
fn a_quantile_is_of_nearest_rank() {
    let quantiles = |values: &[u64]| {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.add(*value);
        }
        [50, 95, 99, 100].map(|percent| sketch.percentile(percent))
    };
    let near =
        |found: Option<u64>, value: u64| found.is_some_and(|found| found.abs_diff(value) * 100 <= value);
    for (values, expected) in [
        (&[7_000][..], [7_000; 4]),
        (&[1_000, 9_000], [1_000, 9_000, 9_000, 9_000]),
        (&[1_000, 5_000, 9_000], [5_000, 9_000, 9_000, 9_000]),
        (&[0, 0, 0, 9_000], [0, 9_000, 9_000, 9_000]),
    ] {
        let found = quantiles(values);
        for (found, value) in found.into_iter().zip(expected) {
            assert!(near(found, value), "{values:?}: {found:?} for {value}");
        }
    }
    assert_eq!(quantiles(&[]), [None; 4]);
    // Twenty values: rank 19 of 20 is 95 %, rank 20 only above it.
    let twenty: Vec<u64> = (1..=20).map(|n| n * 100_000).collect();
    assert!(near(quantiles(&twenty)[1], 1_900_000), "{:?}", quantiles(&twenty));
    assert!(near(quantiles(&twenty)[2], 2_000_000), "{:?}", quantiles(&twenty));
}

#[test]
fn a_run_counts_in_the_hour_of_its_end_and_by_what_its_end_says() {
    // It begins a second before the hour.
    let run = Made { started: 1_789_948_800 + 15 * 3_600 - 1, ..Made::new(1, "a", 1, true) };
    let report = plain(std::slice::from_ref(&run));
    let hours: Vec<_> = report.by_hour.iter().map(|hour| (&*hour.name, hour.runs)).collect();
    assert_eq!(hours, [("15", 1)]);
    // The run took 1.7 s, of which it waited one.
    let longest = report.by_name[0].duration.and_then(|duration| duration.max_ms);
    assert!(longest.is_some_and(|max| (max - 1_700.0).abs() < 1.0), "{longest:?}");
    // Of one whose begin is in another file, only the end is known.
    let text = run.lines();
    let end = read(text.lines().last().expect("a line"), &Options::default());
    assert_eq!((end.runs, end.attempts.max), (1, Some(2)));
}

#[test]
fn bins_widen_only_when_there_would_be_too_many() {
    let width = |last| {
        let mut bins = Bins::new(8);
        bins.add(0, 0);
        bins.add(last, 0);
        bins.width()
    };
    assert_eq!((width(7), width(8), width(15), width(16)), (1, 2, 2, 4));
}

#[test]
fn the_interval_is_exact_at_its_ends() {
    for (hits, trials, low, high) in [
        (1, 1, 0.2065, 1.0),
        (0, 1, 0.0, 0.7935),
        (2, 40, 0.0138, 0.1650),
        (5, 40, 0.0546, 0.2611),
        (50, 100, 0.4038, 0.5962),
    ] {
        let share = share(hits, trials).unwrap();
        assert!(
            (share.low - low).abs() < 1e-4 && (share.high - high).abs() < 1e-4,
            "{hits}/{trials}: {share:?}"
        );
    }
}

#[test]
fn one_of_one_does_not_lead_the_flaky_ones() {
    let mut runs = vec![Made::new(1, "once", 1, true)];
    runs.extend((10..40).map(|n| Made::new(n, "often", n % 3, true)));
    let report = plain(&runs);
    assert_eq!(report.by_name[0].name, "often");
}

#[test]
fn the_interval_is_wilsons() {
    let half = share(5, 10).unwrap();
    assert!((half.low - 0.2366).abs() < 1e-3 && (half.high - 0.7634).abs() < 1e-3, "{half:?}");
    assert_eq!(share(0, 0), None);
    let [none, all] = [share(0, 9).unwrap(), share(9, 9).unwrap()];
    assert!(none.low.abs() < 1e-9 && none.high > 0.2 && (all.high - 1.0).abs() < 1e-9 && all.low < 0.8);
}

fn a_run() -> impl Strategy<Value = Made> {
    (0..500_usize, 0..3_usize, prop::collection::vec(1..5_000_u64, 0..6), any::<bool>(), 1..9_000_u64)
        .prop_map(|(number, name, failures, succeeds, success)| {
            let succeeds = succeeds || failures.is_empty();
            Made {
                failures: failures.into_iter().map(|millis| ("http-5xx", "transient", millis, 22)).collect(),
                success: succeeds.then_some(success),
                ..Made::new(number, ["a", "b", "c"][name], 0, succeeds)
            }
        })
}

/// Runs with ids of their own.
fn runs() -> impl Strategy<Value = Vec<Made>> {
    prop::collection::vec(a_run(), 1..40).prop_map(|mut runs| {
        for (at, run) in runs.iter_mut().enumerate() {
            run.run = format!("run-{at}");
        }
        runs
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_runs_does_not_matter(made in runs(), seed in any::<u64>()) {
        let straight = plain(&made);
        let mut shuffled = made;
        let mut state = seed;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        prop_assert_eq!(plain(&shuffled), straight);
    }

    #[test]
    fn two_logs_together_are_the_sum(first in runs(), mut second in runs()) {
        for run in &mut second {
            run.run.push('b');
        }
        let [a, b] = [plain(&first), plain(&second)];
        let both = read(&(log(&first) + &log(&second)), &Options::default());
        prop_assert_eq!(both.runs, a.runs + b.runs);
        prop_assert_eq!(both.rescued, a.rescued + b.rescued);
        prop_assert_eq!(both.attempts.total, a.attempts.total + b.attempts.total);
        prop_assert!((both.lost_ms - a.lost_ms - b.lost_ms).abs() < 1e-3);
    }

    #[test]
    fn what_if_is_what_counting_by_hand_says(made in runs(), max in 1..7_u64, timeout in 1..9_000_u64, deadline in 1..20_000_u64) {
        let text = format!("max={max},timeout={timeout}ms,deadline={deadline}ms");
        let options = Options { what_if: Setting::parse_all(&text).unwrap(), ..Options::default() };
        let rows = read(&log(&made), &options).what_if.rows;
        let (good, bad): (Vec<_>, Vec<_>) = made.iter().partition(|run| run.success.is_some());
        let lost = good.iter().filter(|run| run.attempts() > max).count() as u64;
        let saved: u64 = bad.iter().map(|run| run.attempts().saturating_sub(max)).sum();
        let time: u64 = bad.iter().map(|run| {
            run.failures.iter().skip(usize::try_from(max).unwrap()).map(|failure| failure.2 + WAIT).sum::<u64>()
        }).sum();
        prop_assert_eq!((rows[0].runs_lost, rows[0].attempts_saved), (lost, saved));
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let time = time as f64;
        prop_assert!((rows[0].saved_ms - time).abs() < 1e-3, "{} {}", rows[0].saved_ms, time);
        let at_risk = good.iter().filter(|run| run.success > Some(timeout)).count() as u64;
        prop_assert_eq!(rows[1].attempts_at_risk, at_risk);
        let late = good.iter().filter(|run| run.elapsed() > deadline).count() as u64;
        prop_assert_eq!(rows[2].runs_lost, late);
        let cut: u64 = bad.iter().map(|run| run.elapsed().saturating_sub(deadline)).sum();
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let cut = cut as f64;
        prop_assert!((rows[2].saved_ms - cut).abs() < 1e-3);
    }

    #[test]
    fn a_quantile_is_off_by_one_percent_at_most(mut values in prop::collection::vec(1..10_000_000_000_u64, 1..200), percent in 1..100_u64) {
        let mut sketch = Sketch::default();
        for value in &values {
            sketch.add(*value);
        }
        values.sort_unstable();
        let rank = (values.len() as u64 * percent).div_ceil(100).max(1);
        let exact = values[usize::try_from(rank).unwrap() - 1];
        let told = sketch.percentile(percent).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a test")]
        let error = told.abs_diff(exact) as f64 / exact as f64;
        prop_assert!(told.abs_diff(exact) <= 1 || error <= 0.01, "{} for {}", told, exact);
    }

    #[test]
    fn bins_never_exceed_their_limit_and_lose_nothing(mut seconds in prop::collection::vec(-1_000_000..4_000_000_000_i64, 1..50)) {
        let fill = |seconds: &[i64]| {
            let mut bins = Bins::new(8);
            for second in seconds {
                bins.add(*second, 0);
            }
            (bins.width(), bins.iter().collect::<Vec<_>>())
        };
        let (width, bins) = fill(&seconds);
        prop_assert_eq!(bins.iter().map(|(_, counts)| counts[0]).sum::<u64>(), seconds.len() as u64);
        prop_assert!((bins.last().unwrap().0 - bins[0].0) / width < 8);
        seconds.reverse();
        prop_assert_eq!(fill(&seconds), (width, bins));
    }
}
