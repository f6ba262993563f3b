//! Every rule on its examples, and the traps that tools lay.

mod fresh;
mod once;
mod runners;
mod sureness;
mod traps;
mod words;

use std::ffi::OsString;

use super::*;
use crate::classify::{AttemptResult, Class, Ending, Rules};

fn knowledge(asked: &str, command: &str) -> Knowledge {
    let argv: Vec<OsString> = command.split(' ').map(OsString::from).collect();
    Knowledge::new(Selection::choose(&[asked.to_owned()], &argv, &[]), Vec::new())
}

/// What is known of a command, its output read in any case.
fn reading(command: &str) -> Knowledge {
    let argv: Vec<OsString> = command.split(' ').map(OsString::from).collect();
    Knowledge::new(Selection::choose(&[AUTO.to_owned(), GENERIC.to_owned()], &argv, &[]), Vec::new())
}

fn attempt(code: u8, stderr: &str, stdout: &str) -> AttemptResult {
    let mut attempt = AttemptResult::ended(Ending::Exited(code));
    attempt.output.get_or_insert_default().text.stderr = Some(stderr.as_bytes().into());
    attempt.output.get_or_insert_default().text.stdout = Some(stdout.as_bytes().into());
    attempt
}

fn all() -> impl Iterator<Item = Rc<Profile>> {
    names().filter_map(builtin::load)
}

#[test]
fn every_rule_matches_its_examples_and_has_one() {
    let mut wrong = Vec::new();
    for profile in all() {
        for rule in &profile.rules {
            let compact = rule.id.starts_with("exit-");
            if rule.examples.is_empty() && !compact {
                wrong.push(format!("{}/{} has no example", profile.name, rule.id));
            }
            if profile.wrong_examples().iter().any(|wrong| wrong.id == rule.id) {
                wrong.push(format!("{}/{} does not match its own example", profile.name, rule.id));
            }
            for pattern in rule.texts.iter().flat_map(|text| &text.patterns) {
                if let Err(why) = pattern.check() {
                    wrong.push(format!("{}/{}: '{}': {why}", profile.name, rule.id, pattern.as_str()));
                }
            }
            if let Some(kind) = rule.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
                wrong.push(format!("{}/{}: '{kind}' is no kind", profile.name, rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only a pattern of which something must stand in the text is compiled for no text but that.
#[test]
fn every_pattern_is_compiled_only_for_a_text_that_may_match() {
    let mut eager = Vec::new();
    for profile in all() {
        for rule in &profile.rules {
            let patterns = rule.texts.iter().flat_map(|text| &text.patterns);
            let patterns = patterns.filter(|pattern| !pattern.is_lazy());
            eager.extend(
                patterns.map(|pattern| format!("{}/{}: {}", profile.name, rule.id, pattern.as_str())),
            );
        }
    }
    assert!(eager.is_empty(), "{}", eager.join("\n"));
}

#[test]
fn the_whole_profile_judges_an_example_as_its_rule_does() {
    let mut wrong = Vec::new();
    for profile in all() {
        for rule in &profile.rules {
            let behind = rule.after.first().map_or("", String::as_str);
            let knowledge = Rc::new(knowledge(&profile.name, &format!("x {behind}")));
            let rules = Rules { knowledge, ..Rules::default() };
            for example in &rule.examples {
                let verdict = rules.classify(&example.attempt(rule), None);
                let gated = rule.names_exit_zero() && verdict.class.is_retryable();
                if verdict.class != rule.class && !gated {
                    wrong.push(format!(
                        "{}/{} is {}, but {:?} is {} by {}",
                        profile.name,
                        rule.id,
                        rule.class.name(),
                        example,
                        verdict.class.name(),
                        verdict.rule.id
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_rule_is_there_twice() {
    for profile in all() {
        for (at, rule) in profile.rules.iter().enumerate() {
            let earlier =
                profile.rules[..at].iter().find(|earlier| earlier.id == rule.id || earlier.repeats(rule));
            assert!(earlier.is_none(), "{}/{}", profile.name, rule.id);
        }
    }
}

/// The command line, its status, stderr, stdout, and what it means.
type Trap = (&'static str, u8, &'static str, &'static str, Class);

#[test]
fn an_unknown_command_is_judged_by_its_status_alone() {
    let rules = Rules { knowledge: Rc::new(knowledge(AUTO, "frobnicate")), ..Rules::default() };
    for (code, id) in [(126, "not-executable"), (127, "not-found")] {
        let verdict = rules.classify(&AttemptResult::ended(Ending::Exited(code)), None);
        assert_eq!((verdict.class, &*verdict.rule.id), (Class::Permanent, id), "{code}");
    }
    for code in [1, 2, 64, 125, 128, 130, 139] {
        let verdict = rules.classify(&AttemptResult::ended(Ending::Exited(code)), None);
        assert_eq!((verdict.class, &*verdict.rule.id), (Class::Transient, "unmatched"), "{code}");
    }
    // What another option had captured says nothing, unless it was asked about.
    let said = attempt(1, "HTTP/1.1 429 Too Many Requests\nRetry-After: 8", "");
    for command in ["frobnicate", "sh -c x"] {
        let rules = Rules { knowledge: Rc::new(knowledge(AUTO, command)), ..Rules::default() };
        let verdict = rules.classify(&said, None);
        assert_eq!((verdict.class, verdict.retry_after), (Class::Transient, None), "{command}");
        let knowledge = Rc::new(reading(command));
        let verdict = Rules { knowledge, ..Rules::default() }.classify(&said, None);
        let asked = verdict.retry_after.map(|wait| wait.as_secs());
        assert_eq!((verdict.class, asked), (Class::Throttled, Some(8)), "{command}");
    }
}

#[test]
fn who_calls_it_throttled_means_what_the_server_asked_for() {
    let retry_on = crate::classify::ExitSpecs::parse("1").unwrap();
    let knowledge = Rc::new(knowledge(AUTO, "frobnicate"));
    let said = attempt(1, "Retry-After: 8", "");
    let rules = Rules { retry_on, knowledge, ..Rules::default() };
    assert_eq!(rules.classify(&said, None).retry_after, None);
    let exit = crate::classify::ExitSpecs::parse("1").ok();
    let (class, id, patterns) = (Class::Throttled, "rule", Vec::new());
    let texts = vec![crate::classify::PolicyRule { class, id, exit, patterns, http: None, reason: None }];
    let verdict = Rules { texts, ..rules }.classify(&said, None);
    assert_eq!(verdict.retry_after.map(|wait| wait.as_secs()), Some(8));
}

#[test]
fn a_merged_stream_is_what_every_rule_sees() {
    let mut merged = AttemptResult::ended(Ending::Exited(1));
    merged.output.get_or_insert_default().text.stdout =
        Some(b"(error) NOAUTH Authentication required.".as_slice().into());
    merged.output.get_or_insert_default().text.merged = true;
    let rules = Rules { knowledge: Rc::new(knowledge(AUTO, "redis-cli get x")), ..Rules::default() };
    assert_eq!(rules.classify(&merged, None).class, Class::Permanent);
}

#[test]
fn only_what_surely_never_took_effect_is_done_again_when_that_is_asked() {
    let knowledge = Rc::new(knowledge(AUTO, "curl -f http://x"));
    let rules = Rules { knowledge, non_idempotent: true, ..Rules::default() };
    for (code, stderr, class) in [
        (7, "curl: (7) Failed to connect to x port 80: Connection refused", Class::Transient),
        (6, "curl: (6) Could not resolve host: x", Class::Transient),
        (7, "", Class::Transient),
        (22, "curl: (22) The requested URL returned error: 429", Class::Throttled),
        (22, "curl: (22) The requested URL returned error: 503", Class::Permanent),
        (56, "curl: (56) Recv failure: Connection reset by peer", Class::Permanent),
        (28, "", Class::Permanent),
    ] {
        let verdict = rules.classify(&attempt(code, stderr, ""), None);
        assert_eq!(verdict.class, class, "{code} {stderr}");
        assert_eq!(verdict.may_have_been_applied, class == Class::Permanent, "{code} {stderr}");
    }
}

#[test]
fn what_is_to_be_retried_by_others_may_be_throttled_and_never_permanent() {
    let knowledge = Rc::new(knowledge(AUTO, "curl -f http://x"));
    let retry_on = crate::classify::ExitSpecs::parse("22").unwrap();
    let rules = Rules { retry_on, knowledge, ..Rules::default() };
    let verdict =
        rules.classify(&attempt(22, "HTTP/1.1 429 x\nRetry-After: 9\nreturned error: 429", ""), None);
    assert_eq!((verdict.class, &*verdict.rule.id), (Class::Throttled, "retry-on"));
    assert_eq!(verdict.retry_after.map(|wait| wait.as_secs()), Some(9));
    let verdict = rules.classify(&attempt(22, "returned error: 404", ""), None);
    assert_eq!((verdict.class, verdict.http_status), (Class::Transient, Some(404)));
}

#[test]
fn statuses_are_written_as_they_are_read() {
    for text in ["429", "429,502-504", "100-599"] {
        assert_eq!(Statuses::read(text).unwrap().to_string(), text);
    }
    for text in ["99", "600", "99-200", "500-600", "504-502", "", "4xx"] {
        assert!(Statuses::read(text).is_err(), "{text}");
    }
}

#[test]
fn advice_is_of_the_tools_of_a_run() {
    for profile in all().filter(|profile| profile.name.as_ref() != GENERIC) {
        let knowledge = Knowledge::new(Selection::choose(&[profile.name.to_string()], &[], &[]), Vec::new());
        assert_eq!(knowledge.advice(), profile.advice, "{}", profile.name);
    }
}

#[test]
fn an_example_that_no_command_can_give_is_refused() {
    let wrong = |example: &str| {
        let text = format!("[[rule]]\nid = \"x\"\nclass = \"permanent\"\nexit = 3\nexample = {example}\n");
        let source = Rc::new(crate::base::problem::Source { path: "x".into(), text });
        read::builtin("mine", &source).1.iter().map(|problem| problem.lines()[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(wrong("{ exit = 3 }"), [""; 0]);
    for example in ["{ exit = 300 }", "{ exit = \"3\" }"] {
        assert!(
            wrong(example)[0].contains("exit must be a whole number from 0 to 255"),
            "{:?}",
            wrong(example)
        );
    }
    assert!(wrong("3")[0].contains("example must be a string or a table"));
}

#[test]
fn class_and_kind_choose_the_phase() {
    let phases = |name: &str, rules: &str| {
        let source = Rc::new(crate::base::problem::Source { path: "x".into(), text: rules.to_owned() });
        let (profile, problems) = read::builtin(name, &source);
        assert_eq!(problems, []);
        profile.rules.iter().map(|rule| rule.phase).collect::<Vec<_>>()
    };
    for (rule, phase) in [
        ("class = \"transient\"\nkind = \"lock\"\nstderr = \"x\"", Phase::Busy),
        ("class = \"transient\"\nkind = \"network\"\nstderr = \"x\"", Phase::Network),
        ("class = \"transient\"\nstderr = \"x\"", Phase::Busy),
        ("class = \"throttled\"\nstderr = \"x\"", Phase::Throttle),
        ("class = \"permanent\"\nstderr = \"x\"", Phase::Soft),
        ("class = \"permanent\"\nexit = 3", Phase::Exit),
        ("class = \"permanent\"\nhttp = 404", Phase::Http),
    ] {
        assert_eq!(phases("mine", &format!("[[rule]]\nid = \"x\"\n{rule}\n")), [phase], "{rule}");
    }
    assert_eq!(phases("mine", "[exit]\npermanent = \"3\"\n"), [Phase::Exit]);
    assert_eq!(phases(GENERIC, "[exit]\npermanent = \"3\"\n"), [Phase::Codes]);
}
