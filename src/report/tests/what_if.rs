//! What other settings would have changed, counted by hand.

use super::made::{Made, log, read};
use crate::event::Outcome;
use crate::report::Options;
use crate::report::model::Report;
use crate::report::what_if::Setting;

fn plain(runs: &[Made]) -> Report {
    read(&log(runs), &Options::default())
}

#[test]
fn a_suggested_number_of_attempts_loses_one_percent_of_the_rescued_at_most() {
    // Attempts to success: 1 to 5 of 900, 60, 25, 10 and 5 runs.
    let runs = |counts: [usize; 5]| -> Vec<Made> {
        let of = |(failures, count): (usize, usize)| {
            (0..count).map(move |n| Made::new(failures * 1_000 + n, "a", failures, true))
        };
        counts.into_iter().enumerate().flat_map(of).collect()
    };
    let suggested = |counts| plain(&runs(counts)).what_if.suggested.max;
    assert_eq!(suggested([900, 60, 25, 10, 5]), Some(5), "5 of 100 would be lost");
    assert_eq!(suggested([9, 60, 25, 14, 1]), Some(4), "1 of 100 may be");
    assert_eq!(suggested([9, 60, 25, 13, 2]), Some(5), "2 of 100 may not");
    assert_eq!(suggested([9, 59, 25, 14, 1]), Some(5), "1 of 99 may not");
    assert_eq!(suggested([9, 0, 0, 0, 0]), None, "nothing was rescued");
    let report = plain(&runs([900, 60, 25, 10, 5]));
    let row = &report.what_if.rows[0];
    assert_eq!((row.setting, &*row.value, row.runs_lost, row.attempts_saved), ("max", "4", 5, 0));
}

#[test]
fn the_limit_is_the_number_of_attempts_at_which_most_runs_ended() {
    let mut runs: Vec<_> = (0..3).map(|n| Made::new(n, "a", 3, false)).collect();
    runs.extend((10..13).map(|n| Made::new(n, "a", 5, false)));
    runs.extend((20..24).map(|n| Made::new(n, "a", 2, true)));
    runs.push(Made::new(30, "a", 4, true));
    runs.push(Made::new(31, "a", 1, true));
    // Ended for another reason: that is no limit.
    runs.extend((40..50).map(|n| Made { outcome: Outcome::Permanent, ..Made::new(n, "a", 1, false) }));
    let limit = plain(&runs).what_if.limit.expect("a limit");
    // Of equals the smallest; three that ended there, three and one that went further, four that passed there.
    assert_eq!((limit.limit, limit.runs, limit.reached, limit.passed), (3, 3, 11, 4));
    runs.push(Made::new(60, "a", 5, false));
    let limit = plain(&runs).what_if.limit.expect("a limit");
    assert_eq!((limit.limit, limit.runs, limit.reached, limit.passed), (5, 4, 5, 1));
    assert_eq!(plain(&[Made::new(1, "a", 1, true)]).what_if.limit, None);
}

#[test]
fn the_time_saved_is_that_of_the_attempts_that_are_not_made_and_the_waits_before_them() {
    let failed = Made {
        failures: vec![("x", "transient", 300, 1), ("x", "transient", 40, 1)],
        ..Made::new(1, "a", 2, false)
    };
    let options = Options { what_if: Setting::parse_all("max=1").unwrap(), ..Options::default() };
    let row = &read(&log(&[failed]), &options).what_if.rows[0];
    assert_eq!((row.runs_lost, row.attempts_saved), (0, 1));
    assert!((row.saved_ms - 1_040.0).abs() < 1e-6, "{}", row.saved_ms);
}

#[test]
fn bounds_of_what_if_are_still_allowed() {
    // Exactly as long as the bound: nothing is lost.
    let run = Made::new(1, "a", 1, true);
    let text = format!("max=2,timeout=200ms,deadline={}ms", run.elapsed());
    let options = Options { what_if: Setting::parse_all(&text).unwrap(), ..Options::default() };
    let rows = read(&log(&[run]), &options).what_if.rows;
    assert_eq!((rows[0].runs_lost, rows[1].attempts_at_risk, rows[2].runs_lost), (0, 0, 0));
    for wrong in ["max=0", "max=", "max=x", "timeout=", "delay=3", "", "max=3,,"] {
        assert!(Setting::parse_all(wrong).is_err(), "{wrong}");
    }
}
