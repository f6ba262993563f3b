//! The order of judgement, step by step.

use std::time::Duration;

use super::super::attempt::{Stage, StartFailure};
use super::super::channel::Channel;
use super::super::hint::Hint;
use super::super::output::Output;
use super::super::stream;
use super::super::tests::{attempt, timed_out};
use super::super::text::Seen;
use super::*;

fn rules(retry: &str, permanent: &str, success: &str, otherwise: Option<Otherwise>) -> Rules {
    let specs =
        |text: &str| if text.is_empty() { ExitSpecs::default() } else { ExitSpecs::parse(text).unwrap() };
    Rules {
        success_on: specs(success),
        permanent_on: specs(permanent),
        retry_on: specs(retry),
        otherwise,
        ..Rules::default()
    }
}

fn exit(code: u8) -> AttemptResult {
    attempt(Ending::Exited(code))
}

fn start_error(stage: Stage, errno: i32) -> AttemptResult {
    attempt(Ending::NotStarted(StartFailure { stage, errno }))
}

fn hinted(code: u8, text: &str) -> AttemptResult {
    AttemptResult { hint: Hint::parse(text.as_bytes()), ..exit(code) }
}

#[track_caller]
fn check(rules: &Rules, attempt: &AttemptResult, class: Class, rule: &str) {
    let verdict = rules.classify(attempt, None);
    assert_eq!((verdict.class, &*verdict.rule.id), (class, rule), "{rules:?} on {attempt:?}");
}

#[test]
fn without_rules_a_failure_is_transient_unless_it_cannot_pass() {
    let none = Rules::default();
    for (result, class, rule) in [
        (exit(0), Class::Success, "exit-0"),
        (exit(1), Class::Transient, "unmatched"),
        (exit(75), Class::Transient, "tempfail"),
        (attempt(Ending::Signaled(libc::SIGSEGV)), Class::Transient, "unmatched"),
        (attempt(Ending::Signaled(libc::SIGINT)), Class::Permanent, "command-interrupted"),
        (attempt(Ending::Signaled(libc::SIGQUIT)), Class::Permanent, "command-interrupted"),
        (timed_out(Ending::Signaled(libc::SIGTERM)), Class::Transient, "timeout"),
        (timed_out(Ending::Signaled(libc::SIGINT)), Class::Transient, "timeout"),
        (timed_out(Ending::Exited(0)), Class::Transient, "timeout"),
        (start_error(Stage::Exec, libc::ENOENT), Class::Permanent, "not-found"),
        (start_error(Stage::Exec, libc::EACCES), Class::Permanent, "not-executable"),
        (start_error(Stage::Exec, libc::ETXTBSY), Class::Transient, "start"),
        (start_error(Stage::Exec, libc::ENOMEM), Class::Transient, "start"),
        (start_error(Stage::Exec, libc::EMFILE), Class::Transient, "start"),
        (start_error(Stage::Exec, libc::ENFILE), Class::Transient, "start"),
        (start_error(Stage::Exec, libc::EAGAIN), Class::Transient, "start"),
        (start_error(Stage::Exec, libc::EIO), Class::Transient, "start"),
        (exit(126), Class::Permanent, "not-executable"),
        (exit(127), Class::Permanent, "not-found"),
        (exit(125), Class::Transient, "unmatched"),
        (exit(128), Class::Transient, "unmatched"),
        (timed_out(Ending::Exited(127)), Class::Transient, "timeout"),
        (start_error(Stage::Fork, libc::EAGAIN), Class::Transient, "fork"),
        (start_error(Stage::Input, libc::ENOENT), Class::Transient, "input"),
    ] {
        check(&none, &result, class, rule);
    }
}

#[test]
fn what_could_not_be_run_is_retried_when_that_is_asked() {
    check(&rules("127", "", "", None), &exit(127), Class::Transient, "retry-on");
    check(&rules("", "", "", Some(Otherwise::Retry)), &exit(126), Class::Transient, "otherwise");
    check(&rules("", "", "", Some(Otherwise::Retry)), &exit(127), Class::Transient, "otherwise");
}

#[test]
fn what_may_not_be_repeated_still_starts_again_and_heeds_a_limit() {
    let once = |rules: Rules| Rules { non_idempotent: true, ..rules };
    for (stage, errno) in
        [(Stage::Fork, libc::EAGAIN), (Stage::Exec, libc::ETXTBSY), (Stage::Exec, libc::EIO)]
    {
        let verdict = once(Rules::default()).classify(&start_error(stage, errno), None);
        assert!(verdict.class.is_retryable() && !verdict.may_have_been_applied);
    }
    let busy = Rules { texts: vec![text(Class::Throttled, "", &["busy"])], ..Rules::default() };
    check(&once(busy), &saw(1, &["busy"]), Class::Throttled, "rule");
    check(&once(Rules::default()), &hinted(1, "retry-after=3s"), Class::Throttled, "hint");
    let verdict = once(Rules::default()).classify(&exit(1), None);
    assert_eq!((verdict.class, verdict.may_have_been_applied), (Class::Permanent, true));
}

fn curl() -> Rules {
    of_command("curl")
}

fn of_command(program: &str) -> Rules {
    let argv = [program.into()];
    let selection = crate::classify::profile::Selection::choose(&["auto".to_owned()], &argv, &[]);
    Rules { knowledge: Rc::new(Knowledge::new(selection, Vec::new())), ..Rules::default() }
}

#[test]
fn an_attempt_that_was_stopped_is_no_matter_of_the_profiles() {
    // curl's certificate failure.
    check(&curl(), &timed_out(Ending::Exited(60)), Class::Transient, "timeout");
    check(&curl(), &exit(60), Class::Permanent, "certificate");
    // Nor is what it wrote before.
    for text in ["SSL certificate problem: certificate has expired", "fatal: Authentication failed for 'x'"] {
        let wrote = |mut attempt: AttemptResult| {
            attempt.output.get_or_insert_default().text.stderr = Some(text.as_bytes().into());
            attempt
        };
        assert_eq!(curl().classify(&wrote(exit(1)), None).class, Class::Permanent, "{text}");
        check(&curl(), &wrote(timed_out(Ending::Signaled(libc::SIGTERM))), Class::Transient, "timeout");
    }
}

#[test]
fn the_commands_own_word_on_the_wait_beats_the_servers() {
    let mut attempt = hinted(22, "class=throttled\nretry-after=3s");
    attempt.output.get_or_insert_default().text.stderr =
        Some(b"Retry-After: 90\ncurl: (22) The requested URL returned error: 429".as_slice().into());
    assert_eq!(curl().classify(&attempt, None).retry_after, Some(Duration::from_secs(3)));
    attempt.hint = Hint::parse(b"class=transient");
    assert_eq!(curl().classify(&attempt, None).retry_after, Some(Duration::from_secs(90)));
    // The same where no profile knows the command.
    let unknown = of_command("frobnicate");
    attempt.hint = Hint::parse(b"class=throttled\nretry-after=3s");
    assert_eq!(unknown.classify(&attempt, None).retry_after, Some(Duration::from_secs(3)));
    attempt.hint = Hint::parse(b"class=throttled");
    assert_eq!(unknown.classify(&attempt, None).retry_after, Some(Duration::from_secs(90)));
}

#[test]
fn who_names_what_to_retry_means_nothing_else() {
    let only_seven = rules("7", "", "", None);
    check(&only_seven, &exit(7), Class::Transient, "retry-on");
    check(&only_seven, &exit(1), Class::Permanent, "otherwise");
    check(&only_seven, &exit(75), Class::Permanent, "otherwise");
    check(&only_seven, &timed_out(Ending::Exited(1)), Class::Transient, "timeout");
    let and_others = rules("7", "", "", Some(Otherwise::Retry));
    check(&and_others, &exit(1), Class::Transient, "otherwise");
    check(&and_others, &attempt(Ending::Signaled(libc::SIGINT)), Class::Transient, "otherwise");
    let nothing = rules("", "", "", Some(Otherwise::Stop));
    check(&nothing, &exit(1), Class::Permanent, "otherwise");
}

#[test]
fn permanent_beats_retry_and_success_beats_both() {
    check(&rules("1-9", "7", "", None), &exit(7), Class::Permanent, "permanent-on");
    check(&rules("1-9", "7", "", None), &exit(8), Class::Transient, "retry-on");
    check(&rules("3", "3", "0,3", None), &exit(3), Class::Success, "success-on");
    check(&rules("", "", "3", None), &exit(0), Class::Transient, "unmatched");
    check(&rules("", "timeout", "", None), &timed_out(Ending::Exited(0)), Class::Permanent, "permanent-on");
    check(&rules("", "", "0-255", None), &timed_out(Ending::Exited(0)), Class::Transient, "timeout");
}

#[test]
fn a_start_error_is_retried_when_it_is_named() {
    let missing = start_error(Stage::Exec, libc::ENOENT);
    check(&rules("not-found", "", "", None), &missing, Class::Transient, "retry-on");
    check(&rules("", "", "", Some(Otherwise::Retry)), &missing, Class::Permanent, "not-found");
}

#[test]
fn the_commands_own_word_stands_between_permanent_and_retry_rules() {
    let none = Rules::default();
    check(&none, &hinted(1, "class=permanent"), Class::Permanent, "hint");
    check(&none, &hinted(0, "class=permanent"), Class::Success, "exit-0");
    check(&rules("", "1", "", None), &hinted(1, "class=transient"), Class::Permanent, "permanent-on");
    check(&rules("1", "", "", None), &hinted(1, "class=permanent"), Class::Permanent, "hint");
    let verdict = none.classify(&hinted(1, "retry-after=3s\nreason=busy"), None);
    assert_eq!((verdict.class, &*verdict.reason), (Class::Throttled, "busy"));
    assert_eq!(verdict.retry_after, Some(Duration::from_secs(3)));
}

#[test]
fn what_ends_the_run_beats_every_rule() {
    let retry_all = rules("0-255,signal", "", "", Some(Otherwise::Retry));
    let verdict = retry_all.classify(&exit(1), Some(libc::SIGTERM));
    assert_eq!((verdict.class, &*verdict.rule.id), (Class::Permanent, "interrupted"));
    let unread = AttemptResult { reader_gone: true, ..exit(23) };
    check(&retry_all, &unread, Class::Permanent, "reader-gone");
    let done = AttemptResult { reader_gone: true, ..exit(0) };
    check(&Rules::default(), &done, Class::Success, "exit-0");
}

#[test]
fn input_that_is_lost_ends_what_would_be_tried_again() {
    for attempt in [exit(1), timed_out(Ending::Exited(0)), hinted(1, "retry-after=3s")] {
        let verdict = Rules::default().classify(&attempt, None).with_stdin_lost("it is lost");
        assert_eq!((verdict.class, &*verdict.rule.id), (Class::Permanent, "stdin-not-replayable"));
        assert!(verdict.reason.ends_with("; it is lost"), "{}", verdict.reason);
        assert_eq!(verdict.retry_after, None);
    }
}

#[test]
fn reasons_are_short_and_countable() {
    for (result, expected) in [
        (exit(7), "exit 7"),
        (attempt(Ending::Signaled(libc::SIGKILL)), "killed by SIGKILL"),
        (timed_out(Ending::Exited(7)), "timeout"),
        (start_error(Stage::Exec, libc::ENOENT), "command not found"),
        (start_error(Stage::Exec, libc::EACCES), "cannot execute: Permission denied"),
        (
            start_error(Stage::Input, libc::EMFILE),
            "cannot supply its input: Too many open files (see ulimit -n)",
        ),
    ] {
        assert_eq!(Rules::default().classify(&result, None).reason, expected);
    }
}

fn stderr(regex: &str) -> StreamPattern {
    StreamPattern { channel: Channel::Stderr, regex: stream::LineRegex::check(regex).unwrap() }
}

fn text(class: Class, exit: &str, patterns: &[&str]) -> PolicyRule {
    let pattern = |regex: &&str| stderr(regex);
    PolicyRule {
        http: None,
        class,
        id: "rule",
        exit: (!exit.is_empty()).then(|| ExitSpecs::parse(exit).unwrap()),
        patterns: patterns.iter().map(pattern).collect(),
        reason: None,
    }
}

fn saw(code: u8, regexes: &[&str]) -> AttemptResult {
    let mut seen = Seen::default();
    for regex in regexes {
        seen.add(&stderr(regex), "a line");
    }
    AttemptResult { output: Some(Box::new(Output { seen, ..Output::default() })), ..exit(code) }
}

#[test]
fn text_rules_hold_when_all_that_they_ask_for_holds() {
    let rules = |texts: Vec<PolicyRule>| Rules { texts, ..Rules::default() };
    let busy = rules(vec![text(Class::Throttled, "", &["busy"])]);
    check(&busy, &saw(1, &["busy"]), Class::Throttled, "rule");
    check(&busy, &saw(1, &[]), Class::Transient, "unmatched");
    check(&busy, &saw(0, &["busy"]), Class::Success, "exit-0");
    let both = rules(vec![text(Class::Permanent, "3", &["a", "b"])]);
    check(&both, &saw(3, &["a", "b"]), Class::Permanent, "rule");
    check(&both, &saw(3, &["a"]), Class::Transient, "unmatched");
    check(&both, &saw(4, &["a", "b"]), Class::Transient, "unmatched");
    let beats = rules(vec![text(Class::Transient, "", &["a"]), text(Class::Permanent, "", &["b"])]);
    check(&beats, &saw(1, &["a", "b"]), Class::Permanent, "rule");
}

#[test]
fn a_rule_that_names_the_status_says_that_it_failed_or_worked_all_the_same() {
    let rules = Rules {
        texts: vec![
            text(Class::Transient, "0", &["W: Failed"]),
            text(Class::Success, "1", &["nothing to do"]),
        ],
        ..Rules::default()
    };
    check(&rules, &saw(0, &["W: Failed"]), Class::Transient, "rule");
    check(&rules, &saw(0, &[]), Class::Success, "exit-0");
    check(&rules, &saw(1, &["nothing to do"]), Class::Success, "rule");
    check(&rules, &saw(1, &[]), Class::Transient, "unmatched");
    let timed_out = AttemptResult { timed_out: true, ..saw(1, &["nothing to do"]) };
    check(&rules, &timed_out, Class::Transient, "timeout");
}

#[test]
fn text_can_be_demanded_of_a_success() {
    let demanded = stderr;
    let rules = Rules { success_match: vec![demanded("done"), demanded("saved")], ..Rules::default() };
    check(&rules, &saw(0, &["done", "saved"]), Class::Success, "success-match");
    check(&rules, &saw(0, &["done"]), Class::Transient, "success-match");
    check(&rules, &saw(1, &["done", "saved"]), Class::Transient, "unmatched");
    assert_eq!(rules.classify(&saw(0, &["done"]), None).reason, "exit 0, but 'saved' not seen on stderr");
}

#[test]
fn patterns_that_name_what_to_retry_mean_nothing_else_and_tables_do_not() {
    let option = PolicyRule { id: RETRY_MATCH, ..text(Class::Transient, "", &["busy"]) };
    let by_option = Rules { texts: vec![option], ..Rules::default() };
    check(&by_option, &saw(1, &["busy"]), Class::Transient, "retry-match");
    check(&by_option, &saw(1, &[]), Class::Permanent, "otherwise");
    let by_table = Rules { texts: vec![text(Class::Transient, "", &["busy"])], ..Rules::default() };
    check(&by_table, &saw(1, &[]), Class::Transient, "unmatched");
}

#[test]
fn a_users_verdict_on_what_was_out_of_time_says_so() {
    let rules = rules("timeout", "3", "", None);
    assert_eq!(rules.classify(&timed_out(Ending::Exited(0)), None).kind.as_deref(), Some("timeout"));
    assert_eq!(rules.classify(&exit(3), None).kind, None);
}

#[test]
fn a_failure_is_ours_the_users_or_one_that_passes() {
    let rules = Rules::default();
    for (result, category) in [
        (exit(0), None),
        (exit(1), Some("transient")),
        (attempt(Ending::Signaled(libc::SIGINT)), Some("user")),
        (start_error(Stage::Fork, libc::EAGAIN), Some("system")),
        (start_error(Stage::Input, libc::EIO), Some("system")),
    ] {
        assert_eq!(rules.classify(&result, None).category(), category, "{result:?}");
    }
}

#[test]
fn a_rule_that_asks_for_the_http_status_needs_the_output() {
    let rule = |http: Option<&str>| PolicyRule {
        http: http.map(|text| super::super::profile::Statuses::read(text).unwrap()),
        ..text(Class::Transient, "", &[])
    };
    for (texts, needs) in
        [(vec![], false), (vec![rule(None)], false), (vec![rule(None), rule(Some("503"))], true)]
    {
        assert_eq!(Rules { texts, ..Rules::default() }.need_http(), needs);
    }
}
