//! What holds for every setting: of help, of what it reads, and of what is shown.

use super::*;

#[test]
fn every_setting_says_what_it_is_for_and_what_it_may_be() {
    for setting in SETTINGS {
        let summary = setting.summary();
        assert!(summary.len() > 10 && summary.trim() == summary, "{}: {summary:?}", setting.key);
        assert_eq!(summary, setting.help[0].trim(), "{}", setting.key);
        let schema = (setting.schema)();
        assert!(schema.as_object().is_some_and(|schema| !schema.is_empty()), "{}: {schema}", setting.key);
        for word in (setting.words)() {
            assert!((setting.parse)(&[word.into()]).is_ok(), "{} does not take {word}", setting.key);
        }
    }
}

#[test]
fn every_setting_that_another_needs_exists() {
    for key in SETTINGS.iter().flat_map(|setting| setting.needs) {
        assert!(SETTINGS.iter().any(|setting| setting.key == *key && setting.needs != [*key]), "{key}");
    }
}

#[test]
fn tables_and_the_switch_that_stands_for_no_retry_are_no_options() {
    let none: Vec<_> =
        SETTINGS.iter().filter(|setting| !setting.is_flag()).map(|setting| setting.key).collect();
    assert_eq!(none, ["enabled", "rule"]);
}

#[test]
fn help_shows_the_defaults_that_there_are() {
    let shown = |key| SETTINGS[find(key).unwrap()].default(&Policy::default());
    assert_eq!(shown("max").as_deref(), Some("3"));
    assert_eq!(shown("delay").as_deref(), Some("1s"));
    assert_eq!(shown("deadline"), None, "there is none");
    assert_eq!(shown("max-delay"), None, "it follows the delay");
    assert_eq!(shown("chronic"), None, "it is a switch");
}

#[test]
fn values_are_shown_as_a_person_reads_them() {
    use serde_json::json;
    for (value, text) in [
        (Json::Null, "-"),
        (json!([]), "-"),
        (json!({}), "-"),
        (json!("x"), "x"),
        (json!(["a", 2]), "a,2"),
        (json!({"team": "data", "env": "x"}), "team=data,env=x"),
        (json!(1.5), "1.5"),
    ] {
        assert_eq!(plain(&value), text);
    }
}

/// The value that a text gives a setting, as it is shown; else why it is refused.
fn shown(key: &str, text: &str) -> Result<String, String> {
    let setting = &SETTINGS[find(key).expect("a setting")];
    let mut policy = Policy::default();
    (setting.parse)(&[text.into()])?.apply(&mut policy);
    Ok(plain(&(setting.show)(&policy)))
}

#[test]
fn values_are_shown_as_they_can_be_given_again() {
    let mut wrong = Vec::new();
    for (key, text, expected) in [
        ("max", "7", "7"),
        ("max", "inf", "inf"),
        ("delay", "90s", "1m 30s"),
        ("deadline", "2h", "2h"),
        ("deadline", "0", "-"),
        ("backoff", "linear", "linear"),
        ("backoff", "1,2s", "1s,2s"),
        ("factor", "3", "3"),
        ("factor", "1", "1"),
        ("factor", "1.5", "1.5"),
        ("jitter", "25%", "25%"),
        ("jitter", "equal", "equal"),
        ("jitter", "0.5..0.5", "0.5..0.5"),
        ("successes", "2", "2"),
        ("fail-if-flaky", "42", "42"),
        ("exhausted-code", "75", "75"),
        ("seed", "11", "11"),
        ("retry-on", "6,7,timeout", "6,7,timeout"),
        ("success-on", "0,3-5", "0,3-5"),
        ("retry-match", "x", "x"),
        ("retry-match", "stdout:x", "stdout:x"),
        ("success-match", "x", "x"),
        ("profile", "curl,git", "curl,git"),
        ("signal", "int", "INT"),
        ("stdout", "success", "success"),
        ("messages-to", "2", "stderr"),
        ("messages-to", "1", "stdout"),
        ("messages-to", "3", "3"),
        ("messages-to", "./3", "./3"),
        ("outputs", "github", "github"),
        ("outputs", "file", "file"),
        ("metrics-file", "./-", "./-"),
        ("metrics-label", "team,env,team", "team,env"),
        ("log", "file", "file"),
        ("name", "nightly", "nightly"),
        ("label", "team=data", "team=data"),
        ("on-failure", "echo x", "echo x"),
        ("fallback", "echo x", "echo x"),
        ("shell", "bash", "bash"),
        ("dead-letter", "letters", "letters"),
        ("dead-letter-env", "HOME,CI_*", "HOME,CI_*"),
        ("dead-letter-on", "permanent,exhausted", "permanent,exhausted"),
        ("dead-letter-redact", "x", "x"),
        ("dead-letter-warn", "7", "7"),
        ("key", "api", "api"),
        ("key", "auto", "auto"),
        ("concurrency", "3", "3"),
        ("rate", "10/1m", "10/1m"),
        ("rate", "1/s", "1/1s"),
        ("breaker", "5/30s", "5/30s"),
        ("breaker", "50%/30s", "50%/30s"),
        ("budget", "20%", "20%"),
        ("budget", "100%", "100%"),
        ("gate-wait", "0", "0s"),
        ("on-state-error", "fail", "fail"),
        ("chronic", "yes", "true"),
        ("chronic", "off", "false"),
    ] {
        if find(key).is_none() {
            wrong.push(format!("no {key}"));
            continue;
        }
        match shown(key, text) {
            Ok(text) if text == expected => {}
            other => wrong.push(format!("{key} {text}: {other:?} is not {expected:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut wrong = Vec::new();
    for (key, text, part) in [
        ("factor", "0.5", "would shrink the delays"),
        ("factor", "x", "invalid factor"),
        ("factor", "inf", "invalid factor"),
        ("jitter", "0.25", "use 25% for a share"),
        ("jitter", "1", "use 100% for a share"),
        ("jitter", "30", "use 30% for a share"),
        ("jitter", "1.5..0.5", "low..high"),
        ("budget", "0%", "is 0; use more"),
        ("budget", "-1%", "invalid share"),
        ("budget", "101%", "invalid share"),
        ("concurrency", "0", "would never run the command"),
        ("messages-to", "", "the destination is empty"),
        ("messages-to", "0", "0 is stdin"),
        ("messages-to", "99999999999", "invalid descriptor"),
        ("outputs", "", "the file is missing"),
        ("metrics-file", "-", "metrics need a file"),
        ("metrics-file", "", "the path is empty"),
        ("metrics-label", "a-b", "a-b"),
        ("log", "", "the path is empty"),
        ("shell", "", "the shell is missing"),
        ("fallback", "", "empty"),
        ("dead-letter-on", "succeeded", "succeeded"),
    ] {
        match shown(key, text) {
            Err(why) if why.contains(part) => {}
            other => wrong.push(format!("{key} {text}: {other:?} does not say {part:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
