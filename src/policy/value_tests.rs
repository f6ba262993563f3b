//! What each kind of value accepts, refuses, and shows.

use super::*;
use crate::backoff::{Jitter, Strategy};
use crate::classify::ExitSpecs;

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
    shows::<Limit>("5", &json!(5));
    shows::<Limit>("inf", &json!("inf"));
    refuses::<Limit>(&["0", "-1", "1.5", "", "infinity", "99999999999999999999999"]);
}

#[test]
fn a_bound_of_zero_is_none() {
    shows::<Bound>("0", &Json::Null);
    shows::<Bound>("1m 30s", &json!("1m 30s"));
    refuses::<Bound>(&["-1", "inf", "nan"]);
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
    assert_eq!(Limit::read(&texts).unwrap(), Limit::Times(2));
    assert_eq!(
        Labels::read(&["a=1", "b=2", "a=3"].map(OsString::from)).unwrap().show(),
        json!({"a": "3", "b": "2"})
    );
}
