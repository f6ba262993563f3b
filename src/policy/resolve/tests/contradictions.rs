//! Settings that make no sense together, and their neighbours that do.

use super::*;

/// The refusals of these settings, a message each.
fn told(files: &[&str], settings: &[(&str, &str)]) -> Vec<String> {
    let problems = resolve(&request(files, None, settings)).err().unwrap_or_default();
    problems.iter().map(|problem| problem.lines().join("\n")).collect()
}

/// The first settings contradict each other; the second are the nearest that do not.
#[track_caller]
fn only_the_first(wrong: &[(&str, &str)], expected: &str, right: &[(&str, &str)]) {
    let refusals = told(&[], wrong);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains(expected), "{expected:?} is not in: {}", refusals[0]);
    assert_eq!(told(&[], right), [""; 0]);
}

#[test]
fn delays() {
    only_the_first(
        &[("delay", "5s"), ("max-delay", "4999ms")],
        "use --max-delay 5s or more",
        &[("delay", "5s"), ("max-delay", "5s")],
    );
    for (list, hint) in [("2s", "--factor 2"), ("1.5s", "needs no --delay"), ("1s,2s", "needs no --delay")] {
        only_the_first(&[("backoff", list), ("delay", "1s")], hint, &[("backoff", list)]);
    }
    only_the_first(
        &[("backoff", "decorrelated"), ("jitter", "full")],
        "random already",
        &[("backoff", "linear"), ("jitter", "full")],
    );
}

#[test]
fn progress_that_nobody_would_miss() {
    let watched = [("progress-match", "x"), ("progress-timeout", "1m")];
    only_the_first(&watched[..1], "has no effect with", &watched);
    only_the_first(&[watched[0], ("max", "inf"), ("deadline", "1h")], "has no effect with", &watched[1..]);
    // Without any bound there is a time limit of ours.
    assert_eq!(told(&[], &[watched[0], ("max", "inf")]), [""; 0]);
}

#[test]
fn a_splay_that_the_deadline_may_pass() {
    only_the_first(
        &[("splay", "1m"), ("deadline", "1m")],
        "the deadline could pass before the first attempt",
        &[("splay", "59s"), ("deadline", "1m")],
    );
    let enclosed = Request {
        outer_deadline: Some(Duration::from_secs(1)),
        ..request(&[], None, &[("splay", "1m"), ("deadline", "2m")])
    };
    assert!(resolve(&enclosed).is_ok(), "nobody gave the outer deadline");
}

#[test]
fn more_successes_than_attempts() {
    only_the_first(
        &[("successes", "4"), ("max", "3")],
        "use --max 4 or more",
        &[("successes", "3"), ("max", "3")],
    );
    only_the_first(
        &[("successes", "2"), ("enabled", "false")],
        "many successes need as many attempts",
        &[("successes", "1"), ("enabled", "false")],
    );
}

#[test]
fn streams_that_are_asked_for_two_things() {
    let success = ("stdout", "success");
    only_the_first(&[("messages-to", "stdout"), success], "only the command's output", &[success]);
    assert_eq!(told(&[], &[("messages-to", "stdout")]), [""; 0]);
    let chronic = ("chronic", "true");
    only_the_first(&[chronic, success], "only after a failure", &[chronic]);
    only_the_first(&[chronic, ("stderr", "last")], "the stderr of all attempts", &[("stderr", "last")]);
}

#[test]
fn limits_of_no_key() {
    for limit in
        [("concurrency", "1"), ("rate", "1/1s"), ("breaker", "1/1s"), ("budget", "20%"), ("adaptive", "true")]
    {
        only_the_first(&[limit], "needs --key NAME", &[limit, ("key", "k")]);
    }
    for waits in [("gate-wait", "1s"), ("on-state-error", "fail")] {
        only_the_first(&[waits], "needs --key NAME", &[waits, ("key", "k")]);
        let text = format!("[policy.default]\n{} = '{}'\n", waits.0, waits.1);
        assert_eq!(told(&[&text], &[]), [""; 0], "a file may say so for all keys");
    }
}

#[test]
fn flags_without_their_partners() {
    for (idle, partner) in [
        (("dead-letter-required", "true"), ("dead-letter", "d")),
        (("dead-letter-redact", "x"), ("dead-letter", "d")),
        (("fallback-timeout", "5s"), ("fallback", "true")),
        (("hook-timeout", "5s"), ("on-failure", "true")),
        (("hook-tail", "true"), ("dead-letter", "d")),
        (("log-tail", "2k"), ("log", "l")),
        (("ping-body", "true"), ("ping", "http://h/x")),
        (("metrics-label", "team"), ("metrics-file", "m.prom")),
        (("summary", "always"), ("message-format", "auto")),
    ] {
        only_the_first(&[idle], &format!(" --{} ", partner.0), &[idle, partner]);
        let text = format!("[policy.default]\n{} = {}\n", idle.0, in_toml(idle.1));
        assert_eq!(told(&[&text], &[]), [""; 0], "a file may say so for the runs that have the partner");
        let supplement = Request { for_letters: true, ..request(&[], None, &[idle]) };
        assert!(resolve(&supplement).is_ok(), "letters may have the partner");
    }
    for nothing in [("log-tail", "0"), ("hook-timeout", "10s"), ("hook-tail", "false"), ("summary", "never")]
    {
        assert_eq!(told(&[], &[nothing]), [""; 0]);
    }
    assert_eq!(
        told(&[], &[("hook-timeout", "5s")]),
        [
            "--hook-timeout 5s (flag) has no effect without --on-retry COMMAND, --on-success COMMAND or --on-failure COMMAND\n\
          hint: add --on-retry COMMAND, --on-success COMMAND or --on-failure COMMAND, or drop --hook-timeout"
        ]
    );
}

fn in_toml(value: &str) -> String {
    if value == "true" { value.to_owned() } else { format!("'{value}'") }
}

#[test]
fn a_secret_of_a_file_is_not_told() {
    let text = "[policy.default]\nping = 'https://example.com/s3cret'\n";
    let layer = &file(text).policies[0].layer;
    let given = layer.get(find("ping").unwrap()).unwrap();
    assert_eq!(check::tell_given(given), "ping = *** (file:f.toml:2)");
}
