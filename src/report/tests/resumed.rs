//! Reports that go on from a checkpoint.

use proptest::prelude::*;

use super::made::{Made, log};
use crate::report::checkpoint::{Checkpoint, Place, Totals};
use crate::report::stats::step;
use crate::report::{Analysis, Options};

/// Reads whole lines from where the last one stopped, as often as there are pieces; each time through the file.
fn in_pieces(log: &str, cuts: &[usize]) -> String {
    let (mut offset, mut totals) = (0, Totals::default());
    for end in cuts.iter().map(|cut| cut % (log.len() + 1)).chain([log.len()]) {
        let end = end.max(offset);
        let mut analysis = Analysis::new(&Options::default());
        analysis.resume(totals);
        for block in log.as_bytes()[offset..end].chunks(777) {
            analysis.feed(block);
        }
        offset = end - usize::try_from(analysis.pending()).unwrap();
        assert!(offset == 0 || log.as_bytes()[offset - 1] == b'\n', "only whole lines are read");
        let place = Place { offset: offset as u64, ..Place::default() };
        let text =
            Checkpoint::new("log".to_owned(), place.clone(), Vec::new(), analysis.totals()).render().unwrap();
        let read = Checkpoint::parse(&text).unwrap();
        assert_eq!((&*read.log, &read.place), ("log", &place));
        totals = read.totals;
    }
    assert_eq!(totals.open.len(), 0);
    totals.metrics.render()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_often_it_stops_the_counters_are_those_of_one_pass(
        made in prop::collection::vec((0..5_usize, any::<bool>(), 0..3_usize), 1..12),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let made: Vec<_> = made.into_iter().enumerate().map(|(number, (failures, succeeds, name))| {
            Made::new(number, ["a", "b", "c"][name], failures.max(usize::from(!succeeds)), succeeds)
        }).collect();
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(in_pieces(&log(&made), &cuts), in_pieces(&log(&made), &[]));
    }
}

#[test]
fn a_run_without_an_end_is_remembered_with_its_attempts() {
    let text = Made::new(1, "a", 2, true).lines();
    let begun: String = text.split_inclusive('\n').take(5).collect();
    let mut analysis = Analysis::new(&Options::default());
    analysis.feed(begun.as_bytes());
    let totals = analysis.totals();
    assert_eq!(totals.open["run-000001"].failures, [2, 0, 0]);
    let mut analysis = Analysis::new(&Options::default());
    analysis.resume(totals);
    analysis.feed(&text.as_bytes()[begun.len()..]);
    let metrics = analysis.totals().metrics.render();
    for (class, count) in [("success", 1), ("transient", 2), ("permanent", 0)] {
        let line =
            format!("retry_attempts_total{{operation=\"a\",policy=\"default\",class=\"{class}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} is missing in {metrics}");
    }
}

#[test]
fn of_many_runs_without_an_end_the_latest_are_remembered() {
    let mut analysis = Analysis::new(&Options::default());
    for number in 0..10_002 {
        let text = Made::new(number, "a", 0, true).lines();
        analysis.feed(text.split_inclusive('\n').next().expect("a line").as_bytes());
    }
    let open = analysis.totals().open;
    assert_eq!(open.len(), 10_000);
    assert_eq!(open.first_key_value().map(|(run, _)| run.as_str()), Some("run-000002"));
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    for text in ["", "{}", "null", "# Written by retry.", "{\"v\":1}"] {
        assert!(Checkpoint::parse(text).is_err(), "{text}");
    }
    let text =
        Checkpoint::new(String::new(), Place::default(), Vec::new(), Totals::default()).render().unwrap();
    let newer = text.replace("\"retry_checkpoint\":1", "\"retry_checkpoint\":2");
    assert_eq!(Checkpoint::parse(&newer), Err("format 2 is of a newer retry".to_owned()));
}

#[test]
fn durations_are_told_by_the_first_bound_that_is_not_shorter() {
    for (micros, bound) in [
        (0, 1_000),
        (1_000, 1_000),
        (1_001, 2_000),
        (2_001, 5_000),
        (5_000, 5_000),
        (5_001, 10_000),
        (10_000, 10_000),
        (3_600_000_000, 5_000_000_000),
    ] {
        assert_eq!(step(micros), bound, "{micros}");
    }
}
