//! What is shown, held to what it must say.

use super::made::{Made, log, read};
use super::templates::{lost, unknown};
use crate::base::printable::Charset;
use crate::event::Outcome;
use crate::report::figures::grouped;
use crate::report::limits::{Limits, Most, exceeded};
use crate::report::text::{Style, child_text, render};
use crate::report::{Analysis, Choice, Options, Picked, Stories, tell};

const WIDE: Style = Style { width: 80, charset: Charset::Utf8, color: false, top: 10, files: 1 };

fn some() -> Vec<Made> {
    let mut runs: Vec<_> = (0..1_198).map(|n| Made::new(n, "backup", 0, true)).collect();
    runs.push(Made::new(1_200, "a\u{1b}[2Jvery-long-name-of-an-operation-that-does-not-fit", 2, true));
    runs.push(Made::new(1_201, "deploy", 3, false));
    runs
}

#[test]
fn the_text_tells_counts_shares_and_the_outcomes_behind_failures() {
    let text = render(&read(&log(&some()), &Options::default()), &WIDE);
    for line in [
        "1,200 runs of 3 operations, 2026-09-21 14:13 to 2026-09-22 10:14 UTC (20h 1m)",
        "  first try    1,198   99.8 %  ███████████████████████████▉",
        "  rescued          1    0.1 %  ▏",
        "  failed           1    0.1 %  ▏  exhausted 1",
        "  attempts   p50 1   p95 1   max 3   1,204 in all",
        "  lost       6.5s to failed attempts and the waits after them (4s waited)",
        "curl/http-5xx  transient         5     2  1 of 2",
        "limit      1 run ended after attempt 3, their last; 50.0 % (9-91) of 2 runs",
        "           passed there",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\nis missing in\n{text}");
    }
}

#[test]
fn no_row_is_wider_than_the_terminal_and_nothing_steers_it() {
    let report = read(&log(&some()), &Options::default());
    for width in [40, 60, 80, 120] {
        let text = render(&report, &Style { width, ..WIDE });
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    // With what no rule knows, and a run without an end.
    let open: String = Made::new(99, "open", 1, true).lines().split_inclusive('\n').take(2).collect();
    let more = read(&(unknown(&lost(9), true) + &open), &Options::default());
    for width in [40, 59, 60] {
        let text = render(&more, &Style { width, top: 0, ..WIDE }) + &render(&more, &Style { width, ..WIDE });
        assert!(text.contains("connection") && text.contains("unfinished"), "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert!(!line.trim_start().starts_with('%'), "{width}: {line}");
        }
    }
    let narrow = render(&report, &Style { width: 50, ..WIDE });
    assert!(
        narrow.contains("\ndeploy: runs 1, first try 0.0 %, rescued 0, failed\n    1, lost 3.5s\n"),
        "{narrow}"
    );
    let ascii = render(&report, &Style { charset: Charset::Ascii, ..WIDE });
    assert!(ascii.contains("  ###########################\n"), "{ascii}");
    let few = render(&report, &Style { top: 1, ..WIDE });
    assert!(few.contains("… and 2 more operations (--top 3 shows all)"), "{few}");
    assert_eq!(child_text("a\u{1b}b\nc\u{9b}"), "a\\x1bb c\\x9b");
    assert_eq!((&*grouped(0), &*grouped(999), &*grouped(1_234_567)), ("0", "999", "1,234,567"));
}

#[test]
fn colours_say_what_a_part_is_and_no_name_can_make_any() {
    let mut runs = some();
    runs.push(Made::new(1_202, "mark\u{fdd3}ed\u{202e}", 0, true));
    let report = read(&log(&runs), &Options::default());
    let shown = |color, charset| render(&report, &Style { color, charset, top: 99, ..WIDE });
    let coloured = shown(true, Charset::Utf8);
    for part in [
        "\u{1b}[1m1,201 runs of 4 operations",
        "99.8 %  \u{1b}[32m█",
        "0.1 %  \u{1b}[33m▏\u{1b}[0m",
        "0.1 %  \u{1b}[31m▏\u{1b}[0m  exhausted 1",
        "\u{1b}[1mrule",
        "       0       \u{1b}[31m1\u{1b}[0m ",
        "mark\u{fffd}ed\u{fffd}",
    ] {
        assert!(coloured.contains(part), "{part:?} is missing in {coloured}");
    }
    let plain = |text: &str| {
        let sequences = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[36m"];
        sequences.iter().fold(text.to_owned(), |text, sequence| text.replace(sequence, ""))
    };
    for charset in [Charset::Utf8, Charset::Ascii] {
        let without = shown(false, charset);
        assert_eq!(plain(&shown(true, charset)), without);
        assert!(!without.contains(['\u{1b}', '\u{fdd0}', '\u{fdd5}']), "{without}");
    }
    assert!(shown(true, Charset::Ascii).is_ascii());
}

#[test]
fn a_report_of_a_part_says_so() {
    let mut analysis = Analysis::new(&Options::default());
    analysis.feed(log(&some()).as_bytes());
    analysis.feed(b"{\"v\":1,");
    analysis.interrupt();
    let outcome = analysis.finish();
    assert_eq!((outcome.report.runs, outcome.report.cut_off_lines), (1_200, 0));
    assert!(outcome.report.interrupted);
    let text = render(&outcome.report, &WIDE);
    assert!(text.contains("\n  interrupted: only part of the logs was read\n"), "{text}");
}

#[test]
fn bounds_are_counts_or_shares() {
    let mut runs = some();
    runs.truncate(98);
    runs.extend([Made::new(2_000, "a", 1, true), Made::new(2_001, "a", 1, false)]);
    let report = read(&log(&runs), &Options::default());
    let told = |rescued: &str, failed: &str| {
        let limit = |text: &str| Most::parse(text).map(|most| (most, text.to_owned()));
        exceeded(&report, &Limits { rescued: limit(rescued), failed: limit(failed), unfinished: None })
    };
    assert_eq!(told("1", "1"), [""; 0]);
    assert_eq!(told("1%", "1%"), [""; 0]);
    assert_eq!(
        told("0", "0.5%"),
        [
            "1 of 100 runs (1.0 %) was rescued, more than --max-rescued 0",
            "1 of 100 runs (1.0 %) failed, more than --max-failed 0.5%",
        ]
    );
    for wrong in ["", "x", "-1", "101%", "5%%", "nan%"] {
        assert_eq!(Most::parse(wrong), None, "{wrong}");
    }
}

fn choose(log: &str, choice: Choice) -> (Picked, String) {
    let options = Options { run: Some(choice), stories: Stories::All(1), ..Options::default() };
    let mut analysis = Analysis::new(&options);
    analysis.feed(log.as_bytes());
    analysis.end();
    let outcome = analysis.finish();
    (outcome.picked.expect("a choice"), outcome.stories.first().map(tell::tell).unwrap_or_default())
}

#[test]
fn one_run_is_told_with_its_attempts_waits_and_the_way_to_repeat_its_verdicts() {
    let mut other = Made::new(1, "deploy", 0, false);
    other.failures = vec![("gone", "permanent", 70, 9)];
    other.outcome = Outcome::Permanent;
    let log = log(&[other, Made::new(2, "it's", 1, true)]);
    let (picked, text) = choose(&log, Choice::Last);
    assert_eq!(picked, Picked::One("run-000002".to_owned()));
    let expected = "\
run run-000002 of it's on here, 2026-09-21 14:15:20 UTC
  attempt 1       +0ms  took 500ms: no \"luck\"\\x1b[0m
              transient, by curl/http-5xx (retry profiles curl shows the rule)
              it matched: curl: no \"luck\"
              | tail
  wait          +500ms  1s (drawn 1s, the server asked for 1ms)
  attempt 2      +1.5s  took 200ms: succeeded
end: succeeded on attempt 2 after 1.7s

to repeat the verdict:
  printf %s $'tail\\n' | retry classify --exit 22 --stderr-file /dev/stdin -- 'it'\\''s'
";
    assert_eq!(text, expected);
    assert_eq!(choose(&log, Choice::Prefix("run-000001".to_owned())).0, Picked::One("run-000001".to_owned()));
    assert_eq!(choose(&log, Choice::Prefix("nobody".to_owned())).0, Picked::None);
    assert!(
        matches!(choose(&log, Choice::Prefix("run-".to_owned())).0, Picked::Several(runs) if runs.len() == 2)
    );
    let without_tail = log.replace("\"stderr_tail\":\"tail\\n\",", "");
    assert_ne!(without_tail, log);
    let told = choose(&without_tail, Choice::Last).1;
    assert!(
        told.contains("              | curl: no \"luck\"\n"),
        "without a tail, the line of the rule: {told}"
    );
    let open = &log[..=log.trim_end().rfind('\n').unwrap()];
    assert!(choose(open, Choice::Last).1.contains("no end was logged: the run was killed"));
}
