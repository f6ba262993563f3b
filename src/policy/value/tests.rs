//! What each kind of value accepts, refuses, and shows.

use super::*;
use crate::backoff::{Jitter, Strategy};
use crate::base::words::without_password;
use crate::classify::ExitSpecs;
use crate::gate::{Breaker, Rate};

#[track_caller]
fn shows<T: Value>(text: &str, expected: &Json) {
    assert_eq!(T::parse(text).map(|value| value.show()).as_ref(), Ok(expected), "{text}");
}

#[track_caller]
fn refuses<T: Value>(texts: &[&str]) {
    for text in texts {
        let refused = T::read(&[OsString::from(text)]).map(|value| value.show());
        assert!(refused.is_err(), "{text} was taken as {refused:?}");
    }
}

#[test]
fn attempts_are_one_or_more_or_unlimited() {
    shows::<MaxAttempts>("5", &json!(5));
    shows::<MaxAttempts>("inf", &json!("inf"));
    refuses::<MaxAttempts>(&["0", "-1", "1.5", "", "infinity", "99999999999999999999999"]);
}

#[test]
fn a_bound_of_zero_is_none() {
    shows::<TimeLimit>("0", &Json::Null);
    shows::<TimeLimit>("1m 30s", &json!("1m 30s"));
    refuses::<TimeLimit>(&["-1", "inf", "nan"]);
}

#[test]
fn a_backoff_is_a_name_or_a_list() {
    shows::<Strategy>("exp", &json!("exponential"));
    shows::<Strategy>("constant", &json!("fixed"));
    shows::<Strategy>("fib", &json!("fibonacci"));
    shows::<Strategy>("1s, 2s,0.5", &json!(["1s", "2s", "500ms"]));
    shows::<Strategy>("3s", &json!(["3s"]));
    refuses::<Strategy>(&["1s,,2s", "1s,", ",", "", "quadratic", "1s,fixed", "-1s"]);
}

#[test]
fn a_jitter_is_a_name_a_share_or_multipliers() {
    shows::<Jitter>("full", &json!("full"));
    shows::<Jitter>("25%", &json!("25%"));
    shows::<Jitter>("0.5..1.5", &json!("0.5..1.5"));
    refuses::<Jitter>(&["300%", "-1%", "%", "1.5..0.5", "-1..1", "0..inf", "0..nan", "half", "0.25"]);
}

#[test]
fn exit_codes_can_be_successes_and_nothing_else_can() {
    shows::<ExitCodes>("0,3-5", &json!(["0", "3-5"]));
    refuses::<ExitCodes>(&["SIGTERM", "timeout", "0,signal", "256"]);
}

#[test]
fn the_rest_says_what_it_takes() {
    shows::<Factor>("1", &json!(1));
    shows::<Factor>("1.5", &json!(1.5));
    refuses::<Factor>(&["0.5", "inf", "nan", "two"]);
    shows::<Signal>("SIGINT", &json!("INT"));
    shows::<Signal>("9", &json!("KILL"));
    refuses::<Signal>(&["0", "99", "NOPE"]);
    shows::<ExitStatus>("255", &json!(255));
    shows::<Size>("1048576", &json!("1MiB"));
    shows::<Size>("1500", &json!(1500));
    shows::<Size>("0", &json!(0));
    refuses::<Size>(&["", "1.5GiB", "-1", "inf"]);
    shows::<StdinMode>("null", &json!("null"));
    refuses::<StdinMode>(&["", "tty", "none"]);
    refuses::<ExitStatus>(&["256", "-1"]);
    refuses::<Count>(&["0", "-1", "x"]);
    refuses::<Labels>(&["novalue", "=x"]);
    refuses::<Name>(&["", "  "]);
    refuses::<FilePath>(&[""]);
    refuses::<MessageFormat>(&["yaml"]);
}

#[test]
fn lists_of_one_layer_add_up_and_single_values_take_the_last() {
    let texts = ["1", "2"].map(OsString::from);
    assert_eq!(ExitSpecs::read(&texts).unwrap().show(), json!(["1", "2"]));
    assert_eq!(MaxAttempts::read(&texts).unwrap(), MaxAttempts::Times(2));
    assert_eq!(
        Labels::read(&["a=1", "b=2", "a=3"].map(OsString::from)).unwrap().show(),
        json!({"a": "3", "b": "2"})
    );
}

#[test]
fn keys_are_plain_names() {
    shows::<Key>("api.example.com", &json!("api.example.com"));
    shows::<Key>("auto", &json!("auto"));
    for odd in ["../../etc/passwd", "/", ".", "a b", "日本", "{x}:y", &"k".repeat(255)] {
        shows::<Key>(odd, &json!(odd));
    }
    refuses::<Key>(&["", " ", "a\nb", "a\0b", "\u{7f}", &"k".repeat(256), &"k".repeat(10_000)]);
}

#[test]
fn limits_are_read_as_they_are_shown() {
    shows::<Rate>("100/1m", &json!("100/1m"));
    shows::<Rate>("5/0.5", &json!("5/500ms"));
    refuses::<Rate>(&[
        "5",
        "0/1m",
        "5/0",
        "x/1m",
        "5/x",
        "5/",
        "/1m",
        "-1/1s",
        "1.5/1s",
        "5/inf",
        "4294967295/1us",
    ]);
    shows::<Breaker>("5/30s", &json!("5/30s"));
    shows::<Breaker>("50%/30s", &json!("50%/30s"));
    refuses::<Breaker>(&["5", "0/30s", "5/0s", "0%/30s", "101%/30s", "%/30s", "-5/30s", "5/-30s"]);
    shows::<Share>("20%", &json!("20%"));
    shows::<Share>("0.1", &json!("10%"));
    shows::<Share>("12.5%", &json!("12.5%"));
    shows::<Share>("1", &json!("100%"));
    refuses::<Share>(&["0", "0%", "20", "150%", "-1%", "", "%", "inf", "nan"]);
    shows::<Permits>("8", &json!(8));
    refuses::<Permits>(&["0", "-1", "inf", "1.5", "10001", ""]);
    shows::<GateWait>("0", &json!("0s"));
    refuses::<GateWait>(&["-1s", "inf", ""]);
}

#[test]
fn the_place_of_shared_state_is_a_directory_or_a_server() {
    shows::<StatePlace>("/var/lib/retry", &json!("/var/lib/retry"));
    shows::<StatePlace>("redis://localhost/2", &json!("redis://localhost/2"));
    refuses::<StatePlace>(&["", "http://x", "redis:/", "memcached://x"]);
    assert_eq!(
        StatePlace::read(&[OsString::from("")]).unwrap_err().split(';').next(),
        Some("the place is empty")
    );
}

#[test]
fn no_password_is_ever_shown() {
    for (secret, public) in [
        ("redis://:s3cret@host/1", "redis://:***@host/1"),
        ("rediss://me:s3cret@host", "rediss://me:***@host"),
        ("redis://me:s3/cr@et@host", "redis://me:***@host"),
        ("redis://me@host", "redis://me@host"),
        ("redis+unix:///run/r.sock?pass=s3cret&db=1", "redis+unix:///run/r.sock?pass=***&db=1"),
        ("redis://h?password=s3cret&db=1", "redis://h?password=***&db=1"),
        ("redis+unix:///s.sock?db=2&password=s3cret", "redis+unix:///s.sock?db=2&password=***"),
        ("redis:s3cret@h", "redis:***@h"),
        ("--state redis://u:s3cret@h", "--state redis://u:***@h"),
        ("--state redis:u:s3cret@h", "--state redis:u:***@h"),
        ("rediss:/u:s3cret@h", "rediss:/u:***@h"),
        ("/home/me@work:x", "/home/me@work:x"),
    ] {
        assert_eq!(without_password(secret.to_owned()), public);
    }
    let place = StatePlace::parse("redis://:s3cret@host/1").unwrap();
    assert!(!format!("{place:?} {}", place.show()).contains("s3cret"));
}
