//! What one place gives: what it may give, and how a refusal words it.

use super::*;

fn add(layer: &mut Layer, key: &str, text: &str) -> Result<(), Problem> {
    layer.add(key, vec![text.into()], Origin::Flag, format!("--{key} {text}"))
}

/// The refusal of a value, in one line.
fn refused(key: &str, text: &str) -> String {
    add(&mut Layer::default(), key, text).expect_err("it was taken").lines().join(" ")
}

#[test]
fn habits_are_led_to_the_right_option() {
    let any = "any failure is retried by default; drop it, or use !0";
    for word in ["any", "all", "error", "nonzero", "failure", "*"] {
        assert!(refused("retry-on", word).ends_with(any), "{word}");
        assert!(!refused("permanent-on", word).contains(any), "{word}");
    }
    assert!(!refused("retry-on", "often").contains(any));
    for word in ["503", "5xx", "500-599", "6,429", "!404"] {
        for key in ["retry-on", "permanent-on", "success-on"] {
            assert!(refused(key, word).contains("HTTP statuses are not exit codes"), "{key} {word}");
        }
    }
    assert!(!refused("retry-on", "256").contains("HTTP") && !refused("retry-on", "5-").contains("HTTP"));
    assert!(refused("delay", "1s,2s").ends_with("for a list of delays use --backoff 1s,2s"));
    assert!(!refused("delay", "soon").contains("--backoff"));
}

#[test]
fn a_word_that_is_none_is_told_with_the_options_name() {
    let told = refused("stdout", "later");
    assert!(told.starts_with("invalid --stdout 'later' ("), "{told}");
    let mut layer = Layer::default();
    let origin = Origin::Env("RETRY_OPT_STDOUT");
    let told = layer.add("stdout", vec!["later".into()], origin, "RETRY_OPT_STDOUT=later".to_owned());
    let told = told.expect_err("it was taken").lines().join(" ");
    assert!(told.starts_with("invalid RETRY_OPT_STDOUT 'later' ("), "{told}");
}

#[test]
fn a_long_value_is_told_by_its_beginning() {
    assert!(refused("delay", &"x".repeat(1000)).contains(&format!("--delay {}…: ", "x".repeat(192))));
    let whole = "x".repeat(192);
    assert!(refused("delay", &whole).starts_with(&format!("--delay {whole}: ")), "it fits");
}

#[test]
fn a_secret_is_kept_out_of_what_is_told() {
    let mut layer = Layer::default();
    add(&mut layer, "ping", "https://example.com/s3cret").unwrap();
    assert_eq!(layer.0[0].written, "--ping ***");
    let told = refused("ping", "s3cret");
    assert!(told.starts_with("--ping ***: "), "{told}");
    add(&mut layer, "delay", "1s").unwrap();
    assert_eq!(layer.0[1].written, "--delay 1s");
    // A text that is empty hides nothing.
    assert!(refused("ping", "").starts_with("--ping"), "{}", refused("ping", ""));
}

#[test]
fn retries_are_attempts_but_one() {
    for (text, attempts) in
        [("0", Some(1)), ("4", Some(5)), (" 4 ", Some(5)), ("inf", None), ("4294967295", Some(4_294_967_296))]
    {
        let mut layer = Layer::default();
        add(&mut layer, RETRIES, text).unwrap();
        match &layer.0[0].value {
            SettingValue::max(max) => assert_eq!(max.times(), attempts, "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused(RETRIES, "-1"), "--retries -1: invalid number of retries '-1': use 0 or more, or inf");
}

#[test]
fn one_place_gives_a_setting_once() {
    for (first, second, told) in [
        (("max", "5"), (RETRIES, "4"), "--max 5 and --retries 4 conflict (both set the number of attempts)"),
        (("delay", "1s"), ("delay", "2s"), "--delay 1s and --delay 2s conflict (both set the delay)"),
    ] {
        let mut layer = Layer::default();
        add(&mut layer, first.0, first.1).unwrap();
        let problem = add(&mut layer, second.0, second.1).expect_err("it was taken");
        assert_eq!(problem.lines()[0], told);
    }
    let rules = || SettingValue::rule(crate::policy::rule::PolicyRules::default());
    let mut layer = Layer::default();
    layer.add_parsed("rule", rules(), Origin::Flag).unwrap();
    assert_eq!(layer.0.len(), 1);
    assert!(layer.add_parsed("rule", rules(), Origin::Flag).is_err());
    assert!(layer.add_parsed("rules", rules(), Origin::Flag).is_err(), "no setting has that name");
}

#[test]
fn origins_are_named() {
    for (origin, name, given) in [
        (Origin::Default, "default", false),
        (Origin::Builtin("sdk"), "builtin:sdk", false),
        (Origin::Env("RETRY_OPT_MAX"), "env:RETRY_OPT_MAX", true),
        (Origin::Flag, "flag", true),
        (Origin::Letter, "letter", true),
        (Origin::Outer, "env:RETRY_DEADLINE_AT_MS", true),
    ] {
        assert_eq!((origin.to_string().as_str(), origin.is_given()), (name, given));
        assert_eq!(origin.place(), None, "{name}");
    }
}
