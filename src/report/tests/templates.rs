//! What no rule knows: key texts, masks, templates and drafts.

use std::rc::Rc;

use super::made::{Made, failure, read};
use crate::base::problem::Source;
use crate::event::{Event, RuleName, Wait};
use crate::policy::file;
use crate::report::unmatched::parts::{key_text, mask};
use crate::report::unmatched::without_secrets;
use crate::report::{Analysis, Options, draft};

#[test]
fn the_first_line_that_tells_of_a_failure_is_the_key_with_the_last_behind_it() {
    for (tail, expected) in [
        ("", None),
        ("\n \n", None),
        ("all is well\n", Some("all is well")),
        ("starting\nE: lost\ndone\n", Some("E: lost")),
        ("\u{1b}[31merror\u{1b}[0m: a\nusage: x\nnote: error\n", Some("error: a")),
        ("error: cause\n  at main.js:3\nbuild failed\n", Some("error: cause … build failed")),
        ("error: a\nerror: a\n", Some("error: a")),
        ("12 %\r99 %\rerror: cut\n", Some("error: cut")),
        ("50% done\n", None),
    ] {
        assert_eq!(key_text(tail).as_deref(), expected, "{tail:?}");
    }
    assert_eq!(key_text(&"error é".repeat(200)).map(|text| text.len() <= 512), Some(true));
}

#[test]
fn what_changes_is_masked_and_what_tells_stays() {
    for (text, expected) in [
        ("E: connection to 10.1.2.3:5432 lost after 123 ms", "E: connection to <ip> lost after <dur>"),
        ("lost after 1.5s, gave up", "lost after <dur>, gave up"),
        ("HTTP 503 from https://a.example/x?y=1", "HTTP 503 from <url>"),
        ("HTTP 5031", "HTTP <num>"),
        ("status=404 pid=4711", "status=404 pid=<num>"),
        ("error: 503 Service Unavailable", "error: 503 Service Unavailable"),
        ("[Errno 111] Connection refused", "[Errno 111] Connection refused"),
        ("failed (28) for /tmp/a/b.txt:", "failed (28) for <path>:"),
        (
            "2026-11-26T12:00:00Z E1126 12:00:00.5 id 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "<time> <time> <time> id <uuid>",
        ),
        ("commit 3f2504e0a missing 'main' \"two words\"", "commit <hex> missing <str> \"two words\""),
        ("worker-17 read 12 MiB from [::1]:80", "worker-<num> read <size> from <ip>"),
        ("took 4711 steps", "took <num> steps"),
    ] {
        assert_eq!(mask(text), expected, "{text}");
    }
}

#[test]
fn no_secret_is_shown() {
    for (text, expected) in [
        ("get https://me:pw@host/a?token=abc&x=1 failed", "get https://***@host/a?token=***&x=1 failed"),
        ("API_KEY=abc, password=x", "API_KEY=***, password=***"),
        ("keys=3 a@b", "keys=3 a@b"),
    ] {
        assert_eq!(without_secrets(text), expected);
    }
}

/// Runs that fail with these texts, one run a text, and succeed then or not.
pub(super) fn unknown(texts: &[String], succeed: bool) -> String {
    let mut log = String::new();
    for (number, text) in texts.iter().enumerate() {
        let made = Made {
            run: format!("{succeed}-{number}-{}", text.len()),
            ..Made::new(number, "mytool", 1, succeed)
        };
        let lines = made.lines();
        let rule = RuleName { source: "builtin".to_owned(), profile: None, id: "unmatched".to_owned() };
        let failed = crate::event::Failure {
            rule,
            stderr_tail: Some(format!("begin\n{text}\n")),
            ..failure(1, "", "transient", 500, 1)
        };
        let event = if succeed {
            Event::AttemptRetry {
                failure: failed,
                wait: Wait { backoff_ms: 1e3, delay_ms: 1e3, next_attempt: 2 },
            }
        } else {
            Event::AttemptFailed(failed)
        };
        let replaced = lines.split_inclusive('\n').map(|line| {
            if line.contains("\"attempt.retry\"") || line.contains("\"attempt.failed\"") {
                made.line(&event, 500)
            } else {
                line.to_owned()
            }
        });
        log.extend(replaced);
    }
    log
}

pub(super) fn lost(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("E: connection to 10.0.0.{n}:5432 lost after {n} ms")).collect()
}

fn drafted(log: &str) -> String {
    let mut analysis = Analysis::new(&Options::default());
    analysis.feed(log.as_bytes());
    analysis.end();
    draft::printed(&draft::drafts(&analysis.finish().templates, &[]))
}

#[test]
fn texts_that_differ_in_a_word_are_one_template_and_kept_numbers_never_merge() {
    let texts: Vec<String> =
        ["alpha", "beta", "gamma"].map(|name| format!("cannot open the store named {name} for now")).into();
    let report = read(&unknown(&texts, true), &Options::default());
    let told: Vec<_> =
        report.templates.iter().map(|t| (&*t.template, t.attempts, t.runs, t.helped_runs)).collect();
    assert_eq!(told, [("cannot open the store named <*> for now", 3, 3, 3)]);
    assert_eq!(report.templates[0].program, "mytool");
    let statuses: Vec<String> =
        [404, 503].map(|n| format!("request for the store failed with HTTP {n}")).into();
    assert_eq!(read(&unknown(&statuses, true), &Options::default()).templates.len(), 2);
}

#[test]
fn templates_do_not_depend_on_the_order_of_runs() {
    let texts: Vec<String> =
        (0..30).map(|n| format!("error in part p{}x of the store s{}y today", n % 3, n % 5)).collect();
    let mut reversed = texts.clone();
    reversed.reverse();
    let of = |texts: &[String]| {
        let templates = read(&unknown(texts, true), &Options::default()).templates;
        templates.into_iter().map(|t| (t.template, t.attempts, t.runs)).collect::<Vec<_>>()
    };
    assert_eq!(of(&texts), of(&reversed));
}

#[test]
fn a_draft_is_a_rule_that_has_been_checked() {
    let expected = "\
# 21 attempts in 21 runs since 2026-09-21; 21 of 21 runs retried went on to succeed (100 %, at least 85 %)
[profile.mytool]
command = ['mytool']

[[profile.mytool.rule]]
id = 'connection-lost'
exit = 1
stderr = 'E: connection to \\S+ lost after'
class = \"transient\"
example = { exit = 1, stderr = 'E: connection to 10.0.0.0:5432 lost after 0 ms' }
";
    assert_eq!(drafted(&unknown(&lost(21), true)), expected);
    assert_eq!(drafted(&unknown(&lost(2), true)), "", "too few runs");
}

#[test]
fn what_either_stream_says_is_one_template_and_one_rule() {
    let log = unknown(&lost(42), true);
    let (on_stderr, rest) = log.split_at(log.match_indices('\n').nth(62).expect("62 lines").0 + 1);
    let mixed = on_stderr.to_owned() + &rest.replace("stderr_tail", "stdout_tail");
    assert_eq!(read(&mixed, &Options::default()).templates.len(), 1);
    let draft = drafted(&mixed);
    for line in [
        "# 42 attempts in 42 runs since ",
        "\nboth = 'E: connection to \\S+ lost after'\n",
        "\nexample = { exit = 1, stderr = 'E: connection to 10.0.0.0:5432 lost after 0 ms' }\n",
    ] {
        assert!(draft.contains(line), "{draft}");
    }
    assert!(!draft.contains("Not usable"), "{draft}");
    let config = merged(&mixed, "").expect("a draft");
    assert_eq!(merged(&mixed, &config), None, "twice changes nothing");
}

#[test]
fn a_draft_for_one_stream_is_not_held_to_what_the_other_says() {
    let others = (0..3).map(|n| format!("E: connection to 10.0.0.{n}:5432 lost after all, disk is full"));
    let log = unknown(&lost(21), true).replace("stderr_tail", "stdout_tail")
        + &unknown(&others.collect::<Vec<_>>(), true);
    let draft = drafted(&log);
    assert!(draft.contains("\nstdout = 'E: connection to \\S+ lost after'\n"), "{draft}");
}

/// The drafts beside what a configuration knows, merged into it.
fn merged(log: &str, config: &str) -> Option<String> {
    let mut analysis = Analysis::new(&Options::default());
    analysis.feed(log.as_bytes());
    analysis.end();
    let source = Rc::new(Source { path: "config.toml".to_owned(), text: config.to_owned() });
    let (file, problems) = file::parse(&source);
    assert!(problems.is_empty(), "{problems:?}");
    let drafts = draft::drafts(&analysis.finish().templates, &file.profiles);
    draft::merged(&source, &drafts).expect("no mistake")
}

#[test]
fn drafts_are_added_to_a_configuration_once() {
    let log = unknown(&lost(21), true);
    let once = merged(&log, "").expect("a draft");
    assert_eq!(once, drafted(&log));
    assert_eq!(merged(&log, &once), None, "twice changes nothing");
    let other = "[[profile.mytool.rule]]\nid = 'connection-lost'\nstderr = 'other'\nclass = \"permanent\"";
    let added = merged(&log, other).expect("a draft");
    let begin = format!("{other}\n\n# 21 attempts in 21 runs since ");
    assert!(added.starts_with(&begin), "{added}");
    assert!(added.contains("\nid = 'connection-lost-2'\n"), "ids are unique: {added}");
    assert!(!added.contains("command"), "the profile is there: {added}");
    assert_eq!(merged(&log, &added), None);
    let by_command = "[profile.mine]\ncommand = ['mytool']\n[[profile.mine.rule]]\nid = 'x'\nstderr = 'connection to'\nclass = \"transient\"\n";
    assert_eq!(merged(&log, by_command), None, "a rule for this command knows it already");
    let for_another = by_command.replace("mytool", "other");
    assert!(merged(&log, &for_another).is_some());
    let undecided = unknown(&lost(3), true) + &unknown(&lost(9)[3..], false);
    assert!(drafted(&undecided).contains("# Not usable as it is"), "{}", drafted(&undecided));
    assert_eq!(merged(&undecided, ""), None, "what is not usable is not added");
}

#[test]
fn a_draft_that_would_match_something_else_is_a_comment_with_the_reason() {
    let mut texts = lost(9);
    texts.extend((0..3).map(|n| format!("E: connection to 10.0.0.{n}:5432 lost after all, disk is full")));
    let drafts = drafted(&unknown(&texts, true));
    assert!(
        drafts.contains(
            "# Not usable as it is: it also matches 'E: connection to 10.0.0.0:5432 lost after all"
        ),
        "{drafts}"
    );
    let undecided = drafted(&(unknown(&lost(3), true) + &unknown(&lost(9)[3..], false)));
    assert!(
        undecided.contains("# class = \"transient\"  # undecided: retrying helped 3 of 3"),
        "{undecided}"
    );
}

#[test]
fn output_that_was_not_logged_is_told_of() {
    let log = unknown(&lost(3), true).replace("stderr_tail", "no_tail");
    let report = read(&log, &Options::default());
    assert_eq!((report.templates.len(), report.unmatched_without_output), (0, 3));
}
