//! The order of judgement, step by step.

use std::time::Duration;

use super::super::attempt::StartFailure;
use super::super::hint::Hint;
use super::super::tests::{attempt, timed_out};
use super::*;

fn rules(retry: &str, permanent: &str, success: &str, otherwise: Option<Otherwise>) -> Rules {
    let specs =
        |text: &str| if text.is_empty() { ExitSpecs::default() } else { ExitSpecs::parse(text).unwrap() };
    Rules { success_on: specs(success), permanent_on: specs(permanent), retry_on: specs(retry), otherwise }
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
    assert_eq!((verdict.class, verdict.rule.id), (class, rule), "{rules:?} on {attempt:?}");
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
        (start_error(Stage::Fork, libc::EAGAIN), Class::Transient, "fork"),
    ] {
        check(&none, &result, class, rule);
    }
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
    assert_eq!((verdict.class, verdict.rule.id), (Class::Permanent, "interrupted"));
    let unread = AttemptResult { reader_gone: true, ..exit(23) };
    check(&retry_all, &unread, Class::Permanent, "reader-gone");
    let done = AttemptResult { reader_gone: true, ..exit(0) };
    check(&Rules::default(), &done, Class::Success, "exit-0");
}

#[test]
fn input_that_is_lost_ends_what_would_be_tried_again_and_nothing_else() {
    let lost = |attempt| AttemptResult { stdin_lost: Some("it is lost".to_owned()), ..attempt };
    let default = Rules::default();
    for attempt in [exit(1), timed_out(Ending::Exited(0)), hinted(1, "retry-after=3s")] {
        let verdict = default.classify(&lost(attempt), None);
        assert_eq!((verdict.class, verdict.rule.id), (Class::Permanent, "stdin-not-replayable"));
        assert!(verdict.reason.ends_with("; it is lost"), "{}", verdict.reason);
        assert_eq!(verdict.retry_after, None);
    }
    check(&default, &lost(exit(0)), Class::Success, "exit-0");
    check(&rules("", "1", "", None), &lost(exit(1)), Class::Permanent, "permanent-on");
}

#[test]
fn reasons_are_short_and_countable() {
    for (result, expected) in [
        (exit(7), "exit 7"),
        (attempt(Ending::Signaled(libc::SIGKILL)), "killed by SIGKILL"),
        (timed_out(Ending::Exited(7)), "timeout"),
        (start_error(Stage::Exec, libc::ENOENT), "command not found"),
        (start_error(Stage::Exec, libc::EACCES), "cannot execute: Permission denied"),
    ] {
        assert_eq!(Rules::default().classify(&result, None).reason, expected);
    }
}
