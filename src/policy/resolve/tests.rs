//! The order of strength, inheritance, what follows from what, and contradictions.

use std::rc::Rc;

use super::*;
use crate::base::problem::Source;
use crate::policy::file;

mod contradictions;

fn file(text: &str) -> File {
    let (file, problems) = file::parse(&Rc::new(Source { path: "f.toml".into(), text: text.into() }));
    assert_eq!(problems, []);
    file
}

fn flags(settings: &[(&str, &str)]) -> Layer {
    let mut layer = Layer::default();
    for (key, text) in settings {
        layer.add(key, vec![(*text).into()], Origin::Flag, format!("--{key} {text}")).unwrap();
    }
    layer
}

fn request(files: &[&str], named: Option<&str>, settings: &[(&str, &str)]) -> Request {
    Request {
        named: named.map(|name| (name.to_owned(), Origin::Flag)),
        files: files.iter().map(|text| file(text)).collect(),
        flags: flags(settings),
        ..Request::default()
    }
}

#[track_caller]
fn resolved(request: &Request) -> Resolved {
    match resolve(request) {
        Ok(resolved) => resolved,
        Err(problems) => panic!("{problems:?}"),
    }
}

#[track_caller]
fn refused(request: &Request, parts: &[&str]) {
    let problems = resolve(request).expect_err("it was taken");
    let told = problems.iter().map(|problem| problem.lines().join("\n")).collect::<Vec<_>>().join("\n");
    for part in parts {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
}

fn max(resolved: &Resolved) -> (Option<u64>, String) {
    (resolved.policy.max.times(), resolved.origin("max").to_string())
}

#[test]
fn a_stronger_layer_wins_and_is_named() {
    let system = "[policy.default]\nmax = 2\n";
    let user = "[policy.default]\nmax = 4\n[policy.mine]\nmax = 6\n";
    assert_eq!(max(&resolved(&request(&[], None, &[]))), (Some(3), "default".into()));
    assert_eq!(max(&resolved(&request(&[system], None, &[]))), (Some(2), "file:f.toml:2".into()));
    assert_eq!(max(&resolved(&request(&[system, user], None, &[]))), (Some(4), "file:f.toml:2".into()));
    let named = request(&[system, user], Some("mine"), &[]);
    assert_eq!(max(&resolved(&named)), (Some(6), "file:f.toml:4".into()));
    let mut env = request(&[system, user], Some("mine"), &[]);
    env.env.add("max", vec!["7".into()], Origin::Env("RETRY_OPT_MAX"), "RETRY_OPT_MAX=7".into()).unwrap();
    assert_eq!(max(&resolved(&env)), (Some(7), "env:RETRY_OPT_MAX".into()));
    env.flags = flags(&[("max", "8")]);
    assert_eq!(max(&resolved(&env)), (Some(8), "flag".into()));
}

#[test]
fn parents_are_weaker_than_their_children_and_stronger_than_the_default() {
    let text = "[policy.default]\nmax = 2\ndelay = '1s'\ntimeout = '1m'\n\
                [policy.base]\nmax = 4\ndelay = '2s'\n[policy.api]\ninherits = 'base'\nmax = 6\n";
    let resolved = resolved(&request(&[text], Some("api"), &[]));
    assert_eq!(resolved.policy.max, MaxAttempts::Times(6));
    assert_eq!(resolved.policy.delay, Duration::from_secs(2));
    assert_eq!(resolved.policy.timeout.0, Some(Duration::from_secs(60)));
}

#[test]
fn a_builtin_policy_can_be_named_inherited_and_extended() {
    assert_eq!(
        max(&resolved(&request(&[], Some("aggressive"), &[]))),
        (Some(5), "builtin:aggressive".into())
    );
    let extended = request(&["[policy.aggressive]\ndelay = '3s'\n"], Some("aggressive"), &[]);
    let extended = resolved(&extended);
    assert_eq!((extended.policy.max, extended.policy.delay), (MaxAttempts::Times(5), Duration::from_secs(3)));
    let child = resolved(&request(&["[policy.x]\ninherits = 'database'\n"], Some("x"), &[]));
    assert_eq!(child.policy.max_delay, Duration::from_secs(5));
}

#[test]
fn until_is_a_policy_below_the_one_that_is_named() {
    let mut until = request(&["[policy.default]\nmax = 4\n"], None, &[]);
    until.verb = Some(builtin::UNTIL);
    let plain = resolved(&until);
    assert_eq!(
        (plain.policy.max, plain.policy.deadline.0),
        (MaxAttempts::Unlimited, Some(Duration::from_secs(300)))
    );
    until.named = Some(("aggressive".into(), Origin::Flag));
    assert_eq!(resolved(&until).policy.max, MaxAttempts::Times(5));
}

#[test]
fn unknown_policies_parents_and_cycles_are_told() {
    refused(&request(&[], Some("agressive"), &[]), &["unknown policy 'agressive'", "mean aggressive?"]);
    refused(
        &request(
            &["[policy.a]\ninherits = 'b'\n[policy.b]\ninherits = 'c'\n[policy.c]\ninherits = 'a'\n"],
            None,
            &[],
        ),
        &["f.toml:2:12", "inherit each other: a -> b -> c -> a", "remove one inherits"],
    );
    refused(&request(&["[policy.a]\ninherits = 'a'\n"], None, &[]), &["a -> a"]);
    refused(
        &request(&["[policy.a]\ninherits = 'databas'\n[policy.b]\ninherits = 'b'\n"], None, &[]),
        &["policy 'a' inherits unknown policy 'databas'", "did you mean database?", "b -> b"],
    );
}

#[test]
fn a_policy_that_leads_into_a_cycle_is_not_part_of_it() {
    let text = "[policy.x]\ninherits = 'a'\n[policy.a]\ninherits = 'b'\n[policy.b]\ninherits = 'a'\n";
    let problems = resolve(&request(&[text], None, &[])).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn with_a_deadline_and_no_number_of_attempts_there_is_no_limit() {
    assert_eq!(resolved(&request(&[], None, &[("deadline", "1m")])).policy.max, MaxAttempts::Unlimited);
    let both = request(&[], None, &[("deadline", "1m"), ("max", "3")]);
    assert_eq!(resolved(&both).policy.max, MaxAttempts::Times(3));
    let file = request(&["[policy.default]\nmax = 3\n"], None, &[("deadline", "1m")]);
    assert_eq!(resolved(&file).policy.max, MaxAttempts::Times(3));
}

#[test]
fn an_outer_deadline_is_an_upper_bound_and_no_wish_for_more_attempts() {
    let mut nested = request(&[], None, &[]);
    nested.outer_deadline = Some(Duration::from_secs(5));
    let inner = resolved(&nested);
    assert_eq!(inner.policy.deadline.0, Some(Duration::from_secs(5)));
    assert_eq!(inner.policy.max, MaxAttempts::Times(3));
    nested.flags = flags(&[("deadline", "2s")]);
    assert_eq!(resolved(&nested).policy.deadline.0, Some(Duration::from_secs(2)));
}

#[test]
fn the_longest_wait_follows_the_first_where_nobody_gave_it() {
    let longest =
        |settings: &[(&str, &str)]| resolved(&request(&[], None, settings)).policy.max_delay.as_secs();
    assert_eq!(longest(&[]), 60);
    assert_eq!(longest(&[("delay", "5m")]), 300);
    assert_eq!(longest(&[("backoff", "1m,5m,30m")]), 1800);
    assert_eq!(longest(&[("max-delay", "10s")]), 10);
}

#[test]
fn a_list_of_delays_and_a_delay_replace_each_other_and_the_stronger_wins() {
    let (list, named_list) = ("[policy.default]\nbackoff = '1,2,4'\n", "[policy.p]\nbackoff = '3,4'\n");
    let delay = "[policy.default]\ndelay = '5s'\n";
    let grows = "[policy.default]\nbackoff = 'linear'\ndelay = '5s'\n";
    for (files, named, settings, backoff, first, origins) in [
        (&[list][..], None, &[("delay", "10ms")][..], "exponential", 10, ["default", "flag"]),
        (&[delay], None, &[("backoff", "7,8")], "7s,8s", 7_000, ["flag", "default"]),
        (&[delay, list], None, &[], "1s,2s,4s", 1_000, ["file:f.toml:2", "default"]),
        (&[list, delay], None, &[], "exponential", 5_000, ["default", "file:f.toml:2"]),
        (&[list, delay, list], None, &[], "1s,2s,4s", 1_000, ["file:f.toml:2", "default"]),
        // What is weaker than the list is in force again.
        (&[grows, named_list], Some("p"), &[("delay", "1s")], "linear", 1_000, ["file:f.toml:2", "flag"]),
        (&[grows], None, &[("backoff", "7,8")], "7s,8s", 7_000, ["flag", "default"]),
        // A list that another backoff has replaced replaces nothing.
        (&[delay, list], None, &[("backoff", "fixed")], "fixed", 5_000, ["flag", "file:f.toml:2"]),
        (&[list], None, &[("backoff", "fixed"), ("delay", "2s")], "fixed", 2_000, ["flag", "flag"]),
        (&[list], Some("aggressive"), &[], "exponential", 100, ["default", "builtin:aggressive"]),
        (&[named_list], Some("p"), &[], "3s,4s", 3_000, ["file:f.toml:2", "default"]),
    ] {
        let resolved = resolved(&request(files, named, settings));
        let setting = &SETTINGS[find("backoff").unwrap()];
        let case = format!("{files:?} {settings:?}");
        assert_eq!(crate::policy::settings::plain(&(setting.show)(&resolved.policy)), backoff, "{case}");
        assert_eq!(resolved.policy.schedule().delay, Duration::from_millis(first), "{case}");
        assert_eq!(["backoff", "delay"].map(|key| resolved.origin(key).to_string()), origins, "{case}");
    }
    let mut until = request(&[], None, &[("backoff", "7,8")]);
    until.verb = Some(builtin::UNTIL);
    assert_eq!(resolved(&until).policy.schedule().delay, Duration::from_secs(7));
}

#[test]
fn a_list_of_delays_and_a_delay_of_one_layer_are_refused() {
    let both = "[policy.default]\nbackoff = '1,2'\ndelay = '5s'\n";
    let told = "backoff = 1,2 (file:f.toml:2) and delay = 5s (file:f.toml:3) conflict";
    refused(&request(&[both], None, &[]), &["f.toml:3:9", told]);
    refused(&request(&[both], None, &[("delay", "1s")]), &[told]);
    refused(&request(&[both], None, &[("backoff", "1,2")]), &[told]);
    assert!(resolve(&request(&[both], None, &[("backoff", "fixed")])).is_ok());
}

#[test]
fn no_suggestion_for_a_parent_would_make_a_cycle() {
    let hint = |text: &str| {
        let problems = resolve(&request(&[text], None, &[])).expect_err("it was taken");
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].hint.clone().unwrap_or_default()
    };
    assert_eq!(hint("[policy.databas]\ninherits = 'databse'\n"), "did you mean database?");
    let family =
        "[policy.api]\ninherits = 'apk'\n[policy.apx]\ninherits = 'api'\n[policy.apy]\ninherits = 'apx'\n";
    assert!(hint(family).starts_with("available: default, aggressive, "), "{}", hint(family));
    assert!(!hint(family).contains("ap"), "{}", hint(family));
    assert_eq!(hint(&format!("{family}[policy.apz]\n")), "did you mean apz?");
    assert!(hint("[policy.a]\ninherits = '1'\n[policy.b]\n").contains("messaging, until, b;"));
}

#[test]
fn contradictions_name_both_sides_and_the_way_out() {
    refused(
        &request(&[], None, &[("max-delay", "1s"), ("delay", "5s")]),
        &["--max-delay 1s (flag) is shorter than --delay 5s (flag)", "use --max-delay 5s or more"],
    );
    refused(
        &request(&["[policy.default]\ndelay = '5s'\n"], None, &[("max-delay", "1s")]),
        &["f.toml:2:9", "--max-delay 1s (flag) is shorter than delay = 5s (file:f.toml:2)"],
    );
    refused(
        &request(&[], None, &[("backoff", "2s"), ("delay", "1s")]),
        &["--backoff 2s (flag) and --delay 1s (flag) conflict", "--factor 2"],
    );
    refused(
        &request(&[], None, &[("backoff", "decorrelated"), ("jitter", "full")]),
        &["--backoff decorrelated (flag) and --jitter full (flag)"],
    );
    refused(
        &request(&[], None, &[("successes", "4")]),
        &["--successes 4 (flag) and max (default)", "--max 4"],
    );
}

#[test]
fn what_we_set_ourselves_contradicts_nobody() {
    for (named, settings) in [
        ("sdk", &[("backoff", "decorrelated")][..]),
        ("database", &[("delay", "10s")]),
        ("database", &[("max-delay", "100ms")]),
        ("default", &[("max-delay", "100ms")]),
        ("default", &[("max-delay", "100ms"), ("backoff", "1s,2s")]),
    ] {
        resolved(&request(&[], Some(named), settings));
    }
}

#[test]
fn a_run_that_nothing_bounds_stalls_after_two_hours_unless_somebody_says_otherwise() {
    let stalls = |settings: &[(&str, &str)]| {
        resolved(&request(&[], None, settings)).policy.progress_timeout.0.map(|time| time.as_secs())
    };
    assert_eq!(stalls(&[]), None);
    assert_eq!(stalls(&[("max", "inf")]), Some(7200));
    assert_eq!(stalls(&[("max", "inf"), ("deadline", "1m")]), None);
    assert_eq!(stalls(&[("max", "inf"), ("progress-timeout", "0")]), None);
    assert_eq!(stalls(&[("max", "inf"), ("progress-timeout", "1m")]), Some(60));
    refused(
        &request(&[], None, &[("progress-match", "x")]),
        &["--progress-match x (flag)", "--progress-timeout"],
    );
}

#[test]
fn an_outer_deadline_that_is_no_shorter_changes_nothing() {
    for (left, origin) in [(59, "env:RETRY_DEADLINE_AT_MS"), (60, "flag"), (61, "flag")] {
        let outer_deadline = Some(Duration::from_secs(left));
        let resolved = resolved(&Request { outer_deadline, ..request(&[], None, &[("deadline", "1m")]) });
        assert_eq!(resolved.origin("deadline").to_string(), origin, "{left}");
        assert_eq!(resolved.policy.deadline.0, Some(Duration::from_secs(left.min(60))));
    }
}

#[test]
fn a_keys_own_limits_are_stronger_than_those_of_a_policy() {
    let file = "[policy.default]\nconcurrency = 1\n[limits.'api']\nconcurrency = 2\n[limits.'other']\nconcurrency = 3\n";
    let most = |key: &str, host: Host| {
        let resolved = resolved(&Request { host, ..request(&[file], None, &[("key", key)]) });
        (resolved.policy.limits().concurrency, resolved.policy.key)
    };
    let named = |name: &str| Some(Key::Named(name.to_owned()));
    assert_eq!(most("api", Host::Unasked), (Some(2), named("api")));
    assert_eq!(most("third", Host::Unasked), (Some(1), named("third")));
    assert_eq!(most("auto", Host::Named("api".to_owned())), (Some(2), named("api")));
    assert_eq!(most("auto", Host::Unasked), (Some(1), Some(Key::Auto)), "nobody has asked yet");
}

#[test]
fn a_profile_that_nobody_knows_is_told() {
    let mine = "[profile.mine]\n[[profile.mine.rule]]\nid = 'x'\nclass = 'permanent'\nexit = 3\n";
    for known in ["mine", "curl", "auto", "none", "generic"] {
        resolved(&request(&[mine], None, &[("profile", known)]));
    }
    refused(&request(&[mine], None, &[("profile", "mien")]), &["no profile named 'mien' (flag)", "mine?"]);
    refused(
        &request(&[], None, &[("profile", "curl,zzzzzzzz")]),
        &["'zzzzzzzz'", "retry profiles lists them"],
    );
    assert_eq!(user_profiles(&[file(mine)]).len(), 1);
}

#[test]
fn policies_that_differ_have_another_digest_and_the_time_that_is_left_of_an_outer_run_is_no_difference() {
    let digest = |settings: &[(&str, &str)], outer: Option<u64>| {
        let outer_deadline = outer.map(Duration::from_secs);
        let resolved = resolved(&Request { outer_deadline, ..request(&[], None, settings) });
        resolved.digest(&resolved.told())
    };
    assert_ne!(digest(&[("deadline", "1m")], None), digest(&[("deadline", "2m")], None));
    assert_ne!(digest(&[("delay", "1s")], Some(9)), digest(&[("delay", "2s")], Some(9)));
    assert_eq!(digest(&[("max", "3")], Some(8)), digest(&[("max", "3")], Some(9)));
}
