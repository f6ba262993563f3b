//! Files of metrics: written, read back, and gone on with.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::family::FAMILIES;
use super::number::Unit;
use super::{Ended, MARKER, MAX_SETS, Metrics, Unusable, exported};
use crate::event::{OUTCOMES, Outcome};

fn run(operation: &str) -> Ended<'_> {
    Ended {
        operation,
        policy: "default",
        labels: &[],
        outcome: Outcome::Succeeded,
        rescued: true,
        classes: [1, 2, 0, 0],
        attempts: 3,
        waited: 1_500_000,
        elapsed: 2_750_001,
        status: 0,
        at: 1_795_694_400_000_000,
    }
}

fn one(run: &Ended<'_>) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.add_latest(run);
    metrics
}

/// The samples, by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').expect("a value"));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

#[test]
fn names_kinds_and_help_texts_never_change() {
    let table: Vec<_> =
        FAMILIES.iter().map(|family| (family.name, family.kind.word(), family.help)).collect();
    let frozen = [
        ("retry_operations_total", "counter", "Finished runs of retry, by outcome."),
        ("retry_rescued_operations_total", "counter", "Runs that succeeded after a failed attempt."),
        ("retry_attempts_total", "counter", "Attempts, by class."),
        ("retry_waited_seconds_total", "counter", "Time spent waiting between attempts."),
        ("retry_duration_seconds", "histogram", "Duration of runs, attempts and waits."),
        ("retry_attempts_per_operation", "histogram", "Attempts per run."),
        ("retry_last_run_timestamp_seconds", "gauge", "When the last run ended."),
        ("retry_last_success_timestamp_seconds", "gauge", "When the last successful run ended."),
        ("retry_last_exit_code", "gauge", "The exit status of the last run."),
        ("retry_last_attempts", "gauge", "Attempts of the last run."),
        ("retry_last_duration_seconds", "gauge", "Duration of the last run."),
    ];
    assert_eq!(table, frozen, "two files whose help texts differ lose series silently");
    let marker =
        "# Written by retry. Counters go on from run to run; delete this file to begin anew. Format 1.";
    assert_eq!(MARKER, marker);
}

#[test]
fn a_run_is_this_file() {
    let labels = [("team".to_owned(), "data".to_owned())];
    let text = one(&Ended { labels: &labels, ..run("nightly backup") }).render();
    assert!(text.starts_with(&format!("{MARKER}\n# HELP retry_operations_total Finished")), "{text}");
    let of = |name: &str, own: &str| {
        let labels = "operation=\"nightly backup\",policy=\"default\",team=\"data\"";
        let key = format!("retry_{name}{{{labels}{own}}}");
        *samples(&text).get(&key).unwrap_or_else(|| panic!("{key} is not in {text}"))
    };
    for (outcome, word) in OUTCOMES {
        let count = of("operations_total", &format!(",outcome=\"{word}\""));
        assert_eq!(
            count > 0.5,
            outcome == Outcome::Succeeded,
            "all outcomes are there from the first time on"
        );
    }
    for (name, own, expected) in [
        ("rescued_operations_total", "", "1"),
        ("attempts_total", ",class=\"success\"", "1"),
        ("attempts_total", ",class=\"transient\"", "2"),
        ("attempts_total", ",class=\"throttled\"", "0"),
        ("attempts_total", ",class=\"permanent\"", "0"),
        ("waited_seconds_total", "", "1.5"),
        ("duration_seconds_bucket", ",le=\"2.5\"", "0"),
        ("duration_seconds_bucket", ",le=\"5\"", "1"),
        ("duration_seconds_bucket", ",le=\"3600\"", "1"),
        ("duration_seconds_bucket", ",le=\"+Inf\"", "1"),
        ("duration_seconds_sum", "", "2.750001"),
        ("duration_seconds_count", "", "1"),
        ("attempts_per_operation_bucket", ",le=\"2\"", "0"),
        ("attempts_per_operation_bucket", ",le=\"3\"", "1"),
        ("attempts_per_operation_bucket", ",le=\"+Inf\"", "1"),
        ("attempts_per_operation_sum", "", "3"),
        ("attempts_per_operation_count", "", "1"),
        ("last_run_timestamp_seconds", "", "1795694400"),
        ("last_success_timestamp_seconds", "", "1795694400"),
        ("last_exit_code", "", "0"),
        ("last_attempts", "", "3"),
        ("last_duration_seconds", "", "2.750001"),
    ] {
        assert!((of(name, own) - expected.parse::<f64>().unwrap()).abs() < 1e-9, "{name}{own} in {text}");
        assert!(text.contains(&format!("{own}}} {expected}\n")), "{name}{own} is written as {expected}");
    }
    assert_eq!(samples(&text).len(), 48);
    assert!(text.ends_with('\n'));
}

#[test]
fn the_moment_of_a_success_is_absent_until_there_was_one() {
    let failed = Ended { outcome: Outcome::Exhausted, rescued: false, status: 7, ..run("a") };
    let text = one(&failed).render();
    assert!(!text.contains("last_success"), "{text}");
    let mut metrics = one(&run("a"));
    metrics.add_latest(&Ended { at: 1_795_694_500_000_000, ..failed });
    let text = metrics.render();
    assert!(
        text.contains(
            "retry_last_success_timestamp_seconds{operation=\"a\",policy=\"default\"} 1795694400\n"
        )
    );
    assert!(
        text.contains("retry_last_run_timestamp_seconds{operation=\"a\",policy=\"default\"} 1795694500\n")
    );
    assert!(text.contains("retry_last_exit_code{operation=\"a\",policy=\"default\"} 7\n"));
}

#[test]
fn a_clock_that_was_set_back_holds_no_gauge_in_the_future() {
    let mut metrics = one(&run("a"));
    let earlier = Ended { at: 1_000_000, ..run("a") };
    metrics.add_latest(&earlier);
    assert!(
        metrics
            .render()
            .contains("retry_last_success_timestamp_seconds{operation=\"a\",policy=\"default\"} 1\n")
    );
    // A log has its lines in any order.
    let mut of_log = one(&run("a"));
    of_log.add(&earlier);
    assert!(
        of_log
            .render()
            .contains("retry_last_run_timestamp_seconds{operation=\"a\",policy=\"default\"} 1795694400\n")
    );
    let before_1970 = one(&Ended { at: -5, ..run("a") }).render();
    assert!(before_1970.contains("retry_last_run_timestamp_seconds{operation=\"a\",policy=\"default\"} 0\n"));
}

#[test]
fn beyond_500_sets_a_run_is_counted_as_other() {
    let mut metrics = Metrics::default();
    let names: Vec<_> = (0..MAX_SETS).map(|number| number.to_string()).collect();
    assert!(names.iter().all(|name| !metrics.add_latest(&run(name))));
    let labels = [("team".to_owned(), "x".to_owned())];
    for name in ["one more", "and another"] {
        assert!(metrics.add_latest(&Ended { labels: &labels, ..run(name) }));
    }
    assert!(!metrics.add_latest(&run("7")), "those that are there are counted as ever");
    let text = metrics.render();
    let other = "retry_rescued_operations_total{operation=\"(other)\",policy=\"default\"} 2\n";
    assert!(text.contains(other));
    assert_eq!(samples(&text).len(), (MAX_SETS + 1) * 48);
    assert_eq!(Metrics::read(text.as_bytes()), Ok(metrics));
}

#[test]
fn what_a_newer_version_has_added_is_carried_over() {
    let mut text = one(&run("a")).render();
    let class = "retry_attempts_total{operation=\"a\",policy=\"default\",class=\"odd\"} 7\n";
    text = text.replace("# HELP retry_waited", &format!("{class}# HELP retry_waited"));
    let family = "# HELP retry_new_total More.\n# TYPE retry_new_total counter\nretry_new_total{operation=\"a\"} 1e3\n";
    let newer = text.clone() + family;
    let mut metrics = Metrics::read(newer.as_bytes()).expect("ours");
    assert_eq!(metrics.render(), newer);
    metrics.add_latest(&run("a"));
    let next = metrics.render();
    assert!(next.contains(class) && next.ends_with(family), "{next}");
    let (before, after) =
        (next.find("retry_attempts_total{").unwrap(), next.find("# HELP retry_waited").unwrap());
    assert!((before..after).contains(&next.find(class).unwrap()), "a family stays together");
    let elsewhere = next.replace("Time spent waiting between attempts.", "Other words.");
    assert_eq!(Metrics::read(elsewhere.as_bytes()).expect("ours").render(), next, "help texts are ours");
}

#[test]
fn what_is_not_ours_is_refused_and_why() {
    let ours = one(&run("a")).render();
    assert_eq!(Metrics::read(b""), Ok(Metrics::default()), "an empty file is as none");
    for text in [
        "\n",
        "x\n",
        "# HELP up Up.\n",
        &ours[1..],
        "# Written by retry.\n",
        "# Written by retry. Format x.\n",
    ] {
        assert_eq!(Metrics::read(text.as_bytes()), Err(Unusable::Foreign), "{text}");
    }
    let newer = ours.replace("Format 1.", "Format 2.");
    assert_eq!(Metrics::read(newer.as_bytes()), Err(Unusable::Newer(2)));
    assert!(Metrics::read(ours.replace("Format 1.", "Format 0.").as_bytes()).is_ok());
    let last = ours.lines().count();
    assert_eq!(
        Metrics::read(ours.trim_end().as_bytes()),
        Err(Unusable::Damaged(last)),
        "its end may be lost"
    );
    for wrong in [
        "x",
        "retry_x{",
        "retry_x{a=\"b\"",
        "retry_x{a=\"b\"}1",
        "retry_x{a=b} 1",
        "retry_x{a=\"b\"} one",
        "retry_x{a=\"\\x\"} 1",
        "retry_x 1 1795694400",
        "1x 1",
        "retry_waited_seconds_total{operation=\"a\",policy=\"p\"} -1",
        "retry_rescued_operations_total{operation=\"a\",policy=\"p\"} 1.5",
        "retry_rescued_operations_total{operation=\"a\",policy=\"p\"} NaN",
    ] {
        let text = format!("{MARKER}\n\n{wrong}\n");
        assert_eq!(Metrics::read(text.as_bytes()), Err(Unusable::Damaged(3)), "{wrong}");
    }
    let bytes = [MARKER.as_bytes(), b"\nretry_x{a=\"\xff\"} 1\n"].concat();
    assert_eq!(Metrics::read(&bytes), Err(Unusable::Damaged(2)));
    assert_eq!(Metrics::read(b"\xff\xfe"), Err(Unusable::Foreign));
}

#[test]
fn only_labels_that_were_chosen_are_exported() {
    let labels = [("team", "data"), ("build", "7")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let chosen = exported(&["team".to_owned(), "host".to_owned()], &labels.into());
    assert_eq!(chosen, [("team".to_owned(), "data".to_owned())]);
}

#[test]
fn numbers_are_exact() {
    for (micros, text) in [
        (0, "0"),
        (1, "0.000001"),
        (100_000, "0.1"),
        (1_000_000, "1"),
        (2_750_001, "2.750001"),
        (u64::MAX, "18446744073709.551615"),
    ] {
        assert_eq!(Unit::Seconds.write(micros), text);
        assert_eq!(Unit::Seconds.read(text), Some(micros));
    }
    for wrong in ["", ".5", "1.0000001", "-1", "+1", "1e3", "18446744073709.551616", "1.5.2", " 1"] {
        assert_eq!(Unit::Seconds.read(wrong), None, "{wrong}");
    }
    assert_eq!((Unit::Whole.read("1.0"), Unit::Whole.read("7")), (None, Some(7)));
}

prop_compose! {
    fn any_run()(
        operation in prop_oneof![Just("a".to_owned()), ".{1,9}", "é{90,120}"],
        policy in prop_oneof![Just("default".to_owned()), "[a-z\"\\\\\n{},=]{1,5}"],
        team in prop_oneof![Just(String::new()), ".{1,5}"],
        outcome in 0..OUTCOMES.len(),
        (rescued, classes, attempts) in (any::<bool>(), any::<[u16; 4]>(), 0..40_u64),
        (waited, elapsed, at) in (0..1_u64 << 50, 0..1_u64 << 50, 0..1_i64 << 52),
        status: u8,
    ) -> (String, String, Vec<(String, String)>, Ended<'static>) {
        let ended = Ended {
            operation: "", policy: "", labels: &[], outcome: OUTCOMES[outcome].0, rescued,
            classes: classes.map(u64::from), attempts, waited, elapsed, status, at,
        };
        (operation, policy, vec![("team".to_owned(), team)], ended)
    }
}

proptest! {
    #[test]
    fn a_file_is_read_back_as_it_was_and_its_counters_never_fall(runs in prop::collection::vec(any_run(), 1..12)) {
        let mut metrics = Metrics::default();
        let mut before: BTreeMap<String, f64> = BTreeMap::new();
        for (operation, policy, labels, ended) in &runs {
            metrics.add_latest(&Ended { operation, policy, labels, ..*ended });
            let text = metrics.render();
            let read = Metrics::read(text.as_bytes());
            prop_assert_eq!(read.as_ref(), Ok(&metrics), "{}", text);
            let now = samples(&text);
            for (name, value) in &before {
                prop_assert!(name.starts_with("retry_last_") || now[name] >= *value, "{}", name);
            }
            before = now;
        }
        let text: String = serde_json::to_string(&metrics).unwrap();
        prop_assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), metrics);
    }

    #[test]
    fn the_order_of_runs_in_a_log_means_nothing(runs in prop::collection::vec(any_run(), 1..8)) {
        let count = |runs: &mut dyn Iterator<Item = &(String, String, Vec<(String, String)>, Ended<'static>)>| {
            let mut metrics = Metrics::default();
            for (operation, policy, labels, ended) in runs {
                metrics.add(&Ended { operation, policy, labels, ..*ended });
            }
            metrics
        };
        prop_assert_eq!(count(&mut runs.iter()), count(&mut runs.iter().rev()));
    }

    #[test]
    fn whatever_is_read_is_refused_or_written_again_the_same(text in "[a-z_#{}=\", \\\\\n0-9]{0,60}") {
        let text = format!("{MARKER}\n{text}\n");
        if let Ok(metrics) = Metrics::read(text.as_bytes()) {
            let again = metrics.render();
            prop_assert_eq!(Metrics::read(again.as_bytes()).map(String::from), Ok(again));
        }
    }
}
