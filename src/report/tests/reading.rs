//! What is read, and what is not.

use proptest::prelude::*;

use super::made::{Made, failure, log, read, read_by};
use crate::event::{Event, Outcome, Wait};
use crate::report::filter::{Filter, matches};
use crate::report::line;
use crate::report::lines::{Lines, MAX_LINE_BYTES, Piece};
use crate::report::{Analysis, Options, time};

/// What the analysis says of its input.
fn input(log: &str) -> crate::report::Input {
    let mut analysis = Analysis::new(&Options::default());
    analysis.begin("app.jsonl");
    analysis.feed(log.as_bytes());
    analysis.end();
    analysis.input().clone()
}

#[test]
fn what_the_writer_wrote_is_what_the_reader_reads() {
    let made = Made::new(1, "backup", 1, true);
    let failed = failure(1, "dns", "transient", 12, 6);
    let wait = Wait { backoff_ms: 1.25, delay_ms: 2.5, next_attempt: 2 };
    let held = |event: &str| -> Event {
        let fields = serde_json::json!({
            "event": event, "attempt": 2, "limit": "rate", "wait_ms": 3.5, "waited_ms": 0.0, "reason": "full",
        });
        serde_json::from_value(fields).unwrap()
    };
    let hook = serde_json::json!({"event": "hook", "hook": "on-retry", "exit_code": 1, "timed_out": false, "duration_ms": 2.0});
    let bypassed = serde_json::json!({"event": "gate.bypassed", "reason": "gone"});
    for event in [
        Event::AttemptRetry { failure: failed.clone(), wait: wait.clone() },
        Event::AttemptFailed(failed.clone()),
        held("gate.wait"),
        held("gate.refused"),
        serde_json::from_value(bypassed).unwrap(),
        serde_json::from_value(hook).unwrap(),
    ] {
        let text = made.line(&event, 7);
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "the types read what they write");
        line::read(text.trim_end().as_bytes(), |line, _| {
            assert_eq!(&*line.run, made.run);
            assert_eq!((&*line.name, &*line.host, line.key.as_deref()), ("backup", "here", Some("api")));
            assert_eq!(line.at(), Some(made.started * time::SECOND + 7_000));
            if let Event::AttemptRetry { failure: f, .. } | Event::AttemptFailed(f) = &event {
                assert_eq!((line.attempt, line.duration_ms, line.exit_code), (1, f.duration_ms, f.exit_code));
                assert_eq!((&*line.class, line.kind.as_deref()), ("transient", f.kind.as_deref()));
                assert_eq!(
                    (&*line.rule.source, line.rule.profile.as_deref(), &*line.rule.id),
                    ("profile", Some("curl"), "dns")
                );
                assert_eq!((&*line.reason, &*line.error), (&*f.reason, &*f.error));
                assert_eq!(line.quote.as_deref(), f.quote.as_deref());
                assert_eq!((line.http_status, line.retry_after_ms), (f.http_status, f.retry_after_ms));
                assert_eq!(line.stderr_tail.as_deref(), f.stderr_tail.as_deref());
            }
            if let Event::AttemptRetry { wait, .. } = &event {
                assert_eq!((line.backoff_ms, line.delay_ms), (wait.backoff_ms, wait.delay_ms));
            }
            if let Event::GateWait(held) = &event {
                assert_eq!((&*line.limit, line.wait_ms), ("rate", held.wait_ms));
            }
        })
        .unwrap();
    }
    let stop = made.lines();
    line::read(stop.lines().last().unwrap().as_bytes(), |line, _| {
        assert_eq!((line.ended(), line.attempts), (Outcome::Succeeded, 2));
        assert_eq!((line.elapsed_ms, line.slept_ms), (1_700.0, 1_000.0));
        assert_eq!(
            (line.started_at(), line.program.as_deref()),
            (Some(1_795_694_400_000_000), Some("backup"))
        );
        assert_eq!((&*line.failures[0].reason, line.failures[0].count), ("exit", 1));
        assert_eq!((&*line.labels.0[0].0, &*line.labels.0[0].1), ("team", "data"));
    })
    .unwrap();
}

#[test]
fn an_outcome_is_read_by_its_word_and_one_unknown_is_an_error() {
    for (outcome, word) in crate::report::OUTCOMES {
        let written = serde_json::to_value(outcome).unwrap();
        assert_eq!(written, word);
        let made = Made { outcome, ..Made::new(1, "a", 1, false) };
        let report = read(&made.lines(), &Options::default());
        assert_eq!(report.outcomes[word], 1);
        assert_eq!(report.failed, u64::from(outcome != Outcome::Succeeded));
    }
    let newer = Made::new(1, "a", 1, false).lines().replace("exhausted", "abducted");
    assert_eq!(read(&newer, &Options::default()).outcomes["error"], 1);
}

#[test]
fn a_line_may_stand_behind_a_prefix_or_within_the_line_of_a_collector() {
    let plain = Made::new(1, "backup", 2, true).lines();
    let expected = read(&plain, &Options::default());
    let prefixed: String =
        plain.lines().map(|line| format!("Nov 01 00:00:00 host retry[12]: {line}\n")).collect();
    let wrapped = |field: &str| -> String {
        let wrap =
            |line: &str| serde_json::json!({"PRIORITY": "6", field: format!("{line}\n"), "stream": "stderr"});
        plain.lines().map(|line| format!("{}\n", wrap(line))).collect()
    };
    // journald: a message with what is not printable is an array.
    let unprintable = |line: &str| [&b"\x1b[1m\xff"[..], line.as_bytes()].concat();
    let in_bytes = |line: &str| serde_json::json!({"MESSAGE": unprintable(line)});
    let bytes: String = plain.lines().map(|line| format!("{}\n", in_bytes(line))).collect();
    for log in [prefixed, wrapped("MESSAGE"), wrapped("log"), bytes] {
        assert_eq!(read(&log, &Options::default()), expected, "{log}");
    }
}

#[test]
fn a_line_that_journalctl_has_left_out_is_skipped_with_the_option_that_brings_it() {
    let (_, _, why) = input("{\"MESSAGE\":null,\"PRIORITY\":\"6\"}\n").first_skipped.unwrap();
    assert!(why.ends_with("unless it is given --all"), "{why}");
}

#[test]
fn lines_that_are_not_ours_are_counted_and_the_first_is_named() {
    let mut log = Made::new(1, "a", 0, true).lines();
    log += "hello\n\n{\"v\":1,\"event\":\"x\"}\n{\"v\":1,,\n";
    let found = input(&log);
    assert_eq!((found.ours, found.skipped, found.lines), (3, 3, 6));
    let (file, number, why) = found.first_skipped.unwrap();
    assert_eq!((&*file, number, &*why), ("app.jsonl", 4, "no JSON object"));
    let unknown = log.replace("run.start", "run.begun");
    assert_eq!(input(&unknown).skipped, 3, "an unknown event is no fault");
    let newer = Made::new(1, "a", 0, true).lines().replace("\"v\":1", "\"v\":2");
    assert_eq!((input(&newer).newer, input(&newer).ours), (3, 3));
    assert_eq!(read(&newer, &Options::default()).runs, 1);
}

#[test]
fn a_last_line_without_its_end_counts_if_it_is_whole() {
    let log = Made::new(1, "a", 0, true).lines();
    assert_eq!(read(log.trim_end(), &Options::default()).runs, 1);
    let cut = &log[..log.len() - 20];
    assert_eq!((input(cut).cut_off, input(cut).skipped), (1, 0));
    assert_eq!(read(cut, &Options::default()).unfinished, 1);
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_not_held() {
    let mut lines = Lines::default();
    let mut seen = Vec::new();
    let block = vec![b'{'; 1000];
    for _ in 0..=MAX_LINE_BYTES / 1000 {
        lines.feed(&block, |_| panic!("no line has ended"));
    }
    lines.feed(b"{\nshort\n", |piece| seen.push(matches!(piece, Piece::TooLong)));
    assert_eq!(seen, [true, false]);
    let longest = "x".repeat(MAX_LINE_BYTES);
    for size in [7_777, usize::MAX] {
        let mut told = Vec::new();
        for block in format!("{longest}\n{longest}x\n").as_bytes().chunks(size) {
            lines.feed(block, |piece| told.push(matches!(piece, Piece::Line(_))));
        }
        assert_eq!(told, [true, false], "the longest, and one byte more");
    }
}

#[test]
fn a_glob_is_matched_as_a_whole() {
    for (glob, text, expected) in [
        ("", "", true),
        ("a", "a", true),
        ("a", "ab", false),
        ("a*", "ab", true),
        ("*b", "aab", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*ab", "aab", true),
        ("**", "", true),
        ("a*b", "acd", false),
    ] {
        assert_eq!(matches(glob, text), expected, "{glob} {text}");
    }
}

#[test]
fn filters_of_one_kind_are_alternatives_and_all_kinds_must_hold() {
    let runs = [
        Made::new(1, "nightly-a", 1, true),
        Made::new(2, "nightly-b", 0, true),
        Made::new(3, "hourly", 1, false),
    ];
    let count = |change: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        read(&log(&runs), &Options { filter, ..Options::default() }).runs
    };
    assert_eq!(count(&|_| ()), 3);
    assert_eq!(count(&|f| f.names = vec!["nightly-*".to_owned()]), 2);
    assert_eq!(count(&|f| f.names = vec!["nightly-a".to_owned(), "hourly".to_owned()]), 2);
    assert_eq!(count(&|f| f.outcomes = vec![Some(Outcome::Exhausted)]), 1);
    assert_eq!(count(&|f| f.keys = vec!["other".to_owned()]), 0);
    assert_eq!(count(&|f| f.labels = vec![("team".to_owned(), "d*".to_owned())]), 3);
    assert_eq!(count(&|f| f.hosts = vec!["there".to_owned()]), 0);
    let end = runs[1].started * time::SECOND + 200_000;
    assert_eq!(count(&|f| f.since = Some(end)), 2, "a run belongs to its end");
    assert_eq!(count(&|f| f.until = Some(end)), 1);
    assert_eq!(
        count(&|f| {
            f.names = vec!["nightly-*".to_owned()];
            f.outcomes = vec![Some(Outcome::Exhausted)];
        }),
        0
    );
}

#[test]
fn bounds_are_read_as_people_write_them() {
    let now = time::micros("2026-11-27T12:00:00Z").unwrap();
    for (text, expected) in [
        ("2026-11-21T21:33:09.5+02:00", "2026-11-21T19:33:09Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("today", "2026-11-27T00:00:00Z"),
        ("yesterday", "2026-11-26T00:00:00Z"),
        ("36h", "2026-11-26T00:00:00Z"),
        ("90", "2026-11-27T11:58:30Z"),
    ] {
        assert_eq!(time::second(time::bound(text, now).unwrap()), expected, "{text}");
    }
    assert!(time::bound("noon", now).unwrap_err().contains("yesterday"));
    assert_eq!(time::micros("2026-11-27T12:00:00.000123Z"), Some(now + 123));
    assert_eq!(
        time::micros("2026-02-28T23:59:59.999999Z").map(time::second).as_deref(),
        Some("2026-02-28T23:59:59Z")
    );
    assert_eq!(time::micros("2026-11-27 noon, or not.000Z"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_panics_and_blocks_do_not_matter(text in "[{}\",:v1a\\\\\n]{0,60}|.{0,60}", block in 1..20_usize) {
        let log = Made::new(1, "a", 1, true).lines() + &text + "\n" + &Made::new(2, "b", 0, true).lines() + &text;
        let whole = read(&log, &Options::default());
        prop_assert_eq!(read_by(&log, &Options::default(), block), whole);
    }

    #[test]
    fn a_moment_is_shown_as_it_is_read(seconds in 0..253_402_300_799_i64) {
        let at = seconds * time::SECOND;
        prop_assert_eq!(time::micros(&time::second(at)), Some(at));
        let logged = time::second(at).replace('Z', ".000042Z");
        prop_assert_eq!(time::micros(&logged), Some(at + 42));
    }
}
