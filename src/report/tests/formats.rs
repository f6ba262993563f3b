//! The formats for other programs, each held to what its readers demand.

use std::collections::BTreeMap;

use super::made::{Made, log};
use crate::base::printable::{self, Charset};
use crate::event::Outcome;
use crate::metrics::{Ended, MARKER, Metrics};
use crate::report::junit::Flaky;
use crate::report::text::Style;
use crate::report::{Analysis, Options, Stories, draft, html, junit, markdown, tell, text, trace};

fn read(log: &str, stories: Stories) -> crate::report::Outcome {
    let mut analysis = Analysis::new(&Options { stories, ..Options::default() });
    analysis.feed(log.as_bytes());
    analysis.end();
    analysis.finish()
}

/// A run that was right, one rescued, one failed, one whose signal ended it, and one without an end.
fn some() -> String {
    let mut killed = Made::new(4, "b", 1, false).lines();
    killed = killed.replace("\"exit_code\":22", "\"signal\":\"SIGKILL\"");
    let open = Made::new(5, "b", 1, true).lines();
    let open: String = open.split_inclusive('\n').take(2).collect();
    log(&[Made::new(1, "a", 0, true), Made::new(2, "a", 2, true), Made::new(3, "b", 2, false)])
        + &killed
        + &open
}

/// The names of the elements in their order; they must be well nested.
fn elements(xml: &str) -> Vec<String> {
    let mut open = Vec::new();
    let mut all = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, rest) = tag.split_once('>').expect("a tag ends");
        assert!(!rest.contains('>') && !rest.replace("&lt;", "").contains('<'), "{rest}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        match tag {
            tag if tag.starts_with('?') => {}
            tag if tag.starts_with('/') => assert_eq!(open.pop().as_ref(), Some(&name), "{xml}"),
            tag => {
                all.push(name.clone());
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

#[test]
fn no_more_runs_are_kept_than_asked_for_finished_or_not() {
    for most in 0..=6 {
        let outcome = read(&some(), Stories::All(most));
        assert_eq!((outcome.stories.len(), outcome.overflowed), (most.min(5), most < 5), "{most}");
    }
}

#[test]
fn junit_has_flaky_failures_of_rescued_runs_and_reruns_of_failed_ones() {
    let outcome = read(&some(), Stories::All(9));
    let xml = junit::render(&outcome.stories, Flaky::Success);
    let all = elements(&xml);
    let count = |name: &str| all.iter().filter(|element| *element == name).count();
    assert_eq!(
        ["testsuite", "testcase", "flakyFailure", "failure", "rerunFailure", "error", "skipped"].map(count),
        [2, 5, 2, 1, 1, 1, 1]
    );
    for part in [
        "<testsuites name=\"retry\" tests=\"5\" failures=\"1\" errors=\"1\"",
        " skipped=\"1\">\n",
        "<testcase classname=\"a\" name=\"a #2\" time=\"3.200\" timestamp=\"2026-09-21T14:15:20Z\">",
        "<property name=\"retry.attempts\" value=\"3\"/>",
        "passed on attempt 3 after exit ×2",
        "message=\"no &quot;luck&quot;[0m\" type=\"transient/server\"",
        "<skipped message=\"no end was logged\"/>",
    ] {
        assert!(xml.contains(part), "{part} is missing in {xml}");
    }
    assert!(!xml.contains('\u{1b}'), "XML 1.0 has no such character");
    let strict = junit::render(&outcome.stories, Flaky::Failure);
    assert!(strict.contains("failures=\"2\"") && !strict.contains("flaky"), "{strict}");
    elements(&strict);
}

#[test]
fn a_trace_has_a_process_for_each_host_and_a_thread_for_each_run() {
    let events: Vec<serde_json::Value> =
        serde_json::from_str(&trace::render(&read(&some(), Stories::All(9)).stories)).expect("an array");
    let of = |phase: &str, category: Option<&str>| {
        let matches = |event: &&serde_json::Value| {
            event["ph"] == phase && category.is_none_or(|category| event["cat"] == category)
        };
        events.iter().filter(matches).count()
    };
    assert_eq!(
        (of("M", None), of("X", Some("success")), of("X", Some("transient")), of("X", Some("wait"))),
        (6, 2, 5, 3)
    );
    let wait = events.iter().find(|event| event["cat"] == "wait").expect("a wait");
    assert_eq!(wait["dur"], 1_000_000);
    // An attempt that seems to have begun before the wait was over.
    let early = some().replace("\"delay_ms\":1000.0", "\"delay_ms\":1000.9");
    let trace = trace::render(&read(&early, Stories::All(9)).stories);
    assert!(trace.contains("\"dur\":1000000,") && !trace.contains("1000900"), "{trace}");
}

#[test]
fn markdown_says_first_what_was_rescued_and_lets_no_text_out_of_its_cell() {
    let text = markdown::render(&read(&some(), Stories::None).report, 10);
    assert!(text.starts_with("**1 of 4 runs was rescued by a retry**, 2 failed. **1 run has no end**: it was killed, or is still running.\n\n| runs |"), "{text}");
    let bad = Made::new(1, "a|b\n# `x` <img>", 0, true).lines();
    let text = markdown::render(&read(&bad, Stories::None).report, 10);
    assert!(text.contains("| ``a\\|b # `x` <img>`` | 1 |"), "{text}");
    let bad = Made::new(1, "a\\|b", 0, true).lines();
    assert!(markdown::render(&read(&bad, Stories::None).report, 10).contains("| `a\\¦b` | 1 |"));
    let many: String =
        (0..9_000).map(|n| Made::new(n, &format!("{n}-{}", "x".repeat(100)), 0, true).lines()).collect();
    let long = markdown::render(&read(&many, Stories::None).report, usize::MAX);
    assert!(long.len() <= 900 * 1024 && long.ends_with("|\n"), "{}", long.len());
}

#[test]
fn every_format_for_people_says_how_many_rows_it_left_out() {
    let report = read(&some(), Stories::None).report;
    assert_eq!(report.by_name.len(), 2);
    let formats =
        [|report: &_, top| markdown::render(report, top), |report: &_, top| html::render(report, &[], top)];
    for (render, paragraph) in formats.into_iter().zip(["|\n\n… REST\n\n", "<p>… REST</p>"]) {
        let rest = paragraph.replace("REST", "and 1 more operation (--top 2 shows all)");
        assert!(render(&report, 1).contains(&rest), "{}", render(&report, 1));
        assert!(!render(&report, 2).contains("more operation"), "{}", render(&report, 2));
    }
}

#[test]
fn html_lets_no_text_out_and_loads_nothing() {
    let bad = "</style><script>alert(1)</script>\"onload='x' \u{1b}[2J";
    let log = Made::new(1, bad, 2, true).lines();
    let outcome = read(&log, Stories::Troubled(html::MAX_RUNS));
    let page = html::render(&outcome.report, &outcome.stories, 10);
    assert!(!page.contains("<script") && !page.contains("\"onload") && !page.contains('\u{1b}'), "{page}");
    assert!(page.contains("&lt;/style&gt;&lt;script&gt;"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1);
    for part in
        ["default-src 'none'", "color-scheme", "prefers-color-scheme: dark", "<title>retry report</title>"]
    {
        assert!(page.contains(part), "{part}");
    }
    let charts = page.matches("role=\"img\"").count();
    assert_eq!(charts, 5);
    assert_eq!((page.matches("<desc>").count(), page.matches("<details>").count()), (charts, charts));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" src="), "{page}");
    let first_try = read(&Made::new(1, "a", 0, true).lines(), Stories::Troubled(html::MAX_RUNS));
    assert!(first_try.stories.is_empty(), "only runs that did not succeed on the first attempt");
}

/// The first lines of a run's log, as if it had been killed after them.
fn killed(run: &Made, lines: usize) -> String {
    run.lines().lines().take(lines).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_log_of_unfinished_runs_has_them_in_its_title_and_on_its_page() {
    let log = killed(&Made::new(1, "backup", 1, true), 2) + &killed(&Made::new(2, "nightly", 2, false), 4);
    let outcome = read(&log, Stories::Troubled(html::MAX_RUNS));
    let page = html::render(&outcome.report, &outcome.stories, 10);
    let style = text::Style { width: 80, charset: Charset::Ascii, color: false, top: 10, files: 1 };
    let text = text::render(&outcome.report, &style);
    assert!(text.starts_with("2 unfinished runs\n"), "{text}");
    assert!(page.contains("<p>2 unfinished runs</p>"), "{page}");
    assert_eq!(page.matches("<td>unfinished</td>").count(), 2, "{page}");
    assert_eq!(page.matches("<rect class=\"open\" x=").count(), 2, "{page}");
    assert!(page.contains("<title>attempt 2: no end was logged</title>"), "{page}");
    let latest = read(&log, Stories::Troubled(1)).stories;
    assert_eq!(latest.iter().map(|story| &*story.name).collect::<Vec<_>>(), ["nightly"]);
    let one = read(&killed(&Made::new(1, "a", 0, true), 2), Stories::None).report;
    assert!(text::render(&one, &style).starts_with("1 unfinished run\n"));
}

/// A log whose every text is an attack on some reader.
fn hostile() -> String {
    const BAD: &str = "</style><script>alert(1)</script>\" onload=\"x\" '&amp; ]]>`|<!-- \u{1b}]0;t\u{7}\u{1b}[2J\u{202e}\u{9b}\u{85}\u{2028}\r\nretry: ok\n# TYPE x counter\u{0}\u{fdd3}\u{fffe}";
    let word = |text: &str| serde_json::to_string(text).expect("text");
    let mut made = Made::new(1, BAD, 2, true);
    made.run = format!("run{BAD}");
    let mut log = made.lines() + &Made { run: format!("stop{BAD}"), ..Made::new(2, BAD, 2, false) }.lines();
    for (from, to) in [
        ("\"host\":\"here\"", "\"host\":BAD"),
        ("\"key\":\"api\"", "\"key\":BAD"),
        ("\"team\":\"data\"", "BAD:BAD"),
        ("\"kind\":\"server\"", "\"kind\":BAD"),
        ("\"class\":\"transient\"", "\"class\":BAD"),
        ("\"source\":\"profile\"", "\"source\":BAD"),
        ("\"profile\":\"curl\"", "\"profile\":BAD"),
        ("\"error\":\"[transient] no luck\"", "\"error\":BAD"),
        ("\"stderr_tail\":\"tail\\n\"", "\"stderr_tail\":BAD,\"policy\":BAD"),
        ("\"reason\":\"exit\"", "\"reason\":BAD"),
    ] {
        assert!(log.contains(from), "{from}");
        log = log.replace(from, &to.replace("BAD", &word(BAD)));
    }
    // What no rule knows is shown with its text.
    log.clone()
        + &log.replace("\"id\":\"http-5xx\"", "\"id\":\"unmatched\"").replace("\"run\":\"", "\"run\":\"u")
}

#[test]
fn a_hostile_log_changes_nothing_but_the_text_it_is_shown_as() {
    let outcome = read(&hostile(), Stories::All(9));
    assert_eq!(outcome.report.runs, 4);
    let steers = |c: char| c != '\n' && crate::base::printable::is_unsafe(c);
    let style = Style { width: 200, charset: Charset::Utf8, color: false, top: 99, files: 1 };
    let page = html::render(&outcome.report, &outcome.stories, 99);
    let told = printable::page(&tell::tell(&outcome.stories[0]), Charset::Utf8).into_owned();
    let text = text::render(&outcome.report, &style);
    let junit = junit::render(&outcome.stories, Flaky::Success);
    let markdown = markdown::render(&outcome.report, 99);
    let metrics = outcome.metrics.render();
    for shown in [&page, &told, &text] {
        assert!(!shown.contains(steers), "{shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("retry: ok")), "{shown}");
    }
    assert!(!text.contains('\u{fdd3}'), "no mark of colour is let in");
    for (shown, bad) in [
        (&page, "<script"),
        (&page, "\" onload"),
        (&page, "<!--"),
        (&markdown, "\u{202e}"),
        (&markdown, "\u{2028}"),
        (&markdown, "\nretry: ok"),
        (&junit, "<script"),
        (&junit, "]]>"),
        (&junit, "\u{1b}"),
        (&junit, "\u{0}"),
        (&junit, "\u{fffe}"),
        (&junit, "\u{202e}"),
        (&metrics, "\u{1b}"),
        (&metrics, "\u{202e}"),
        (&metrics, "\n# TYPE x"),
        (&metrics, "\nretry: ok"),
    ] {
        assert!(!shown.contains(bad), "{bad:?} in {shown}");
    }
    let rules: Vec<_> = outcome.report.rules.iter().map(|rule| (&*rule.id, &rule.class[..8])).collect();
    assert_eq!(rules, [("http-5xx", "</style>"), ("unmatched", "</style>")], "parts stay apart");
    assert_eq!((page.matches("</style>").count(), page.matches("<style>").count()), (1, 1));
    assert!(page.len() < 1_000_000 && page.ends_with("</body>\n</html>\n"));
    elements(&junit);
    families(&metrics);
    let events: Vec<serde_json::Value> =
        serde_json::from_str(&trace::render(&outcome.stories)).expect("an array");
    assert!(!events.is_empty());
    for draft in draft::drafts(&outcome.templates, &[]) {
        assert!(!draft.toml.chars().any(steers), "{}", draft.toml);
    }
}

#[test]
fn html_stays_small_whatever_the_log_has() {
    let name = "\"".repeat(100);
    let many: String = (0..210).map(|n| Made::new(n, &name, 20, false).lines()).collect();
    let outcome = read(&many, Stories::Troubled(html::MAX_RUNS));
    let page = html::render(&outcome.report, &outcome.stories, 10);
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.matches("<title>attempt 20: ").count() >= html::MAX_RUNS, "the last attempt is drawn");
}

/// Each family by name: its kind, and its samples by their labels.
fn families(text: &str) -> BTreeMap<String, (String, BTreeMap<String, f64>)> {
    let mut families: BTreeMap<String, (String, BTreeMap<String, f64>)> = BTreeMap::new();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(MARKER));
    assert!(text.ends_with('\n'));
    let mut current = String::new();
    let mut helped = String::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert_eq!(name, helped, "HELP stands before TYPE");
            assert!(
                families.insert(name.to_owned(), (kind.to_owned(), BTreeMap::new())).is_none(),
                "{name} once"
            );
            current = name.to_owned();
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let family = families.get_mut(&current).expect("a family");
            assert!(sample.starts_with(&current), "{sample} is of {current}");
            assert!(
                family.1.insert(sample.to_owned(), value.parse().expect("a number")).is_none(),
                "{sample} once"
            );
        }
    }
    families
}

#[test]
fn metrics_have_all_outcomes_from_the_first_time_on_and_histograms_that_add_up() {
    let families = families(&read(&some(), Stories::None).metrics.render());
    let kinds: Vec<_> = families.iter().map(|(name, (kind, _))| (name.as_str(), kind.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("retry_attempts_per_operation", "histogram"),
            ("retry_attempts_total", "counter"),
            ("retry_duration_seconds", "histogram"),
            ("retry_last_attempts", "gauge"),
            ("retry_last_duration_seconds", "gauge"),
            ("retry_last_exit_code", "gauge"),
            ("retry_last_run_timestamp_seconds", "gauge"),
            ("retry_last_success_timestamp_seconds", "gauge"),
            ("retry_operations_total", "counter"),
            ("retry_rescued_operations_total", "counter"),
            ("retry_waited_seconds_total", "counter"),
        ]
    );
    let value = |family: &str, labels: &str| families[family].1[&format!("{family}{labels}")];
    let is = |family: &str, labels: &str, expected: f64| {
        let found = value(family, labels);
        assert!((found - expected).abs() < 1e-9, "{family}{labels} is {found}");
    };
    assert_eq!(families["retry_operations_total"].1.len(), 18);
    is("retry_operations_total", "{operation=\"a\",policy=\"default\",outcome=\"succeeded\"}", 2.0);
    is("retry_operations_total", "{operation=\"a\",policy=\"default\",outcome=\"refused\"}", 0.0);
    is("retry_rescued_operations_total", "{operation=\"a\",policy=\"default\"}", 1.0);
    is("retry_attempts_total", "{operation=\"a\",policy=\"default\",class=\"transient\"}", 2.0);
    is("retry_attempts_total", "{operation=\"a\",policy=\"default\",class=\"success\"}", 2.0);
    is("retry_waited_seconds_total", "{operation=\"a\",policy=\"default\"}", 2.0);
    let durations = &families["retry_duration_seconds"].1;
    let of = |part: &str| durations[&format!("retry_duration_seconds{part}")];
    assert!((of("_bucket{operation=\"a\",policy=\"default\",le=\"0.25\"}") - 1.0).abs() < 1e-9);
    assert!((of("_bucket{operation=\"a\",policy=\"default\",le=\"+Inf\"}") - 2.0).abs() < 1e-9);
    assert!((of("_count{operation=\"a\",policy=\"default\"}") - 2.0).abs() < 1e-9);
    assert!((of("_sum{operation=\"a\",policy=\"default\"}") - 3.4).abs() < 1e-9);
    // A run of one attempt and one of three: a bound is in its own bucket.
    let attempts = &families["retry_attempts_per_operation"].1;
    for (bound, count) in [("1", 1.0), ("2", 1.0), ("3", 2.0), ("21", 2.0), ("+Inf", 2.0)] {
        let sample = format!(
            "retry_attempts_per_operation_bucket{{operation=\"a\",policy=\"default\",le=\"{bound}\"}}"
        );
        assert!((attempts[&sample] - count).abs() < 1e-9, "{sample} is {}", attempts[&sample]);
    }
    assert_eq!(families["retry_last_success_timestamp_seconds"].1.len(), 1, "absent until there was one");
}

#[test]
fn the_last_run_is_the_latest_and_labels_are_escaped_and_capped() {
    fn ended(operation: &str, at: i64, status: u8) -> Ended<'_> {
        Ended {
            operation,
            policy: "p\"q\\",
            labels: &[],
            outcome: Outcome::Exhausted,
            rescued: false,
            classes: [0, 1, 0, 0],
            attempts: 1,
            waited: 0,
            elapsed: 10,
            status,
            at,
        }
    }
    let mut metrics = Metrics::default();
    metrics.add(&ended("a\nb", 2_500_000, 7));
    metrics.add(&ended("a\nb", 1_000_000, 9));
    let text = metrics.render();
    assert!(text.contains("retry_last_exit_code{operation=\"a\\nb\",policy=\"p\\\"q\\\\\"} 7\n"), "{text}");
    assert!(
        text.contains("retry_last_run_timestamp_seconds{operation=\"a\\nb\",policy=\"p\\\"q\\\\\"} 2.5\n"),
        "{text}"
    );
    for n in 0..600 {
        metrics.add(&ended(&n.to_string(), 1, 1));
    }
    let families = families(&metrics.render());
    assert_eq!(families["retry_rescued_operations_total"].1.len(), 501);
    let other = "retry_operations_total{operation=\"(other)\",policy=\"p\\\"q\\\\\",outcome=\"exhausted\"}";
    assert!((families["retry_operations_total"].1[other] - 101.0).abs() < 1e-9);
}
