//! Waits that servers and commands ask for: how far ahead they may be, and what is said of those that are not understood.

use super::harness::one;
use crate::support::Sandbox;

/// A tool's output on stderr, and its exit status.
fn failing(output: &str, status: u8) -> String {
    format!("printf '{output}\\n' >&2; exit {status}")
}

#[test]
fn a_wait_that_is_too_long_ends_the_run_in_every_notation_and_closes_the_key() {
    let dated = "HTTP/1.1 503 x\\nDate: Sat, 21 Nov 2026 21:33:09 GMT";
    for asked in [
        "HTTP/1.1 503 x\\nRetry-After: 180000",
        "HTTP/1.1 503 x\\nRetry-After: 99999999",
        &format!("{dated}\\nRetry-After: Mon, 23 Nov 2026 23:33:09 GMT"),
        &format!("{dated}\\nX-RateLimit-Reset: 1795476789"),
    ] {
        let sandbox = Sandbox::new();
        let line = ["--key", "k", "--state", "state", "-p", "curl", "--log", "log", "--delay", "1ms", "--"];
        let ran = sandbox.run([&line[..], &["sh", "-c", &failing(asked, 22)]].concat()).exits(22);
        ran.mentions(&["the wait asked for is longer than --max-retry-after"]);
        assert_eq!(one(&sandbox.log("log"), "run.stop")["outcome"], "throttled", "{asked}");
        sandbox.run(["state", "check", "k", "--state", "state"]).exits(75);
        let state = sandbox.run(["state", "list", "--state", "state", "--format", "json"]).exits(0).json();
        assert!(state[0]["window_until"].is_string() || state[0]["window_until"].is_number(), "{state}");
    }
}

#[test]
fn a_moment_far_ahead_of_our_clock_is_ignored_and_that_is_said() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let script = failing(&format!("HTTP/1.1 503 x\\nX-RateLimit-Reset: {}", now.as_secs() + 180_000), 22);
    let ran = Sandbox::new().run(["-p", "curl", "--max", "2", "--delay", "1ms", "--", "sh", "-c", &script]);
    ran.exits(22).mentions(&["; ignored a Retry-After more than a day ahead of our clock); retrying in"]);
}

#[test]
fn a_refusal_that_says_when_to_come_back_is_throttled() {
    let says = |status: &str, header: &str| {
        let output =
            format!("HTTP/2 {status}\n{header}\n\ncurl: (22) The requested URL returned error: {status}\n");
        let sandbox = Sandbox::new();
        let mut command = sandbox.retry(["classify", "--exit", "22", "--stderr-file", "-", "--", "curl"]);
        super::harness::Ran::of(command.write_stdin(output)).exits(0).text()
    };
    for (status, header, expected) in [
        ("403", "retry-after: 1\nx-ratelimit-remaining: 4900", "throttled: HTTP 403"),
        ("413", "Retry-After: 30", "throttled: HTTP 413"),
        ("403", "retry-after: 0", "permanent: HTTP 403"),
        ("403", "x-ratelimit-remaining: 4900\nx-ratelimit-reset: 30", "permanent: HTTP 403"),
        ("413", "x: y", "permanent: HTTP 413"),
    ] {
        let said = says(status, header);
        assert!(said.starts_with(expected), "{status} {header}: {said}");
    }
}

#[test]
fn curl_without_the_wait_in_sight_is_advised_once_and_with_it_the_wait_is_heeded() {
    let sandbox = Sandbox::new();
    let said = "curl: (22) The requested URL returned error: 429";
    sandbox.script(
        "curl",
        &format!("#!/bin/sh\necho '{said}' >&2\n[ -z \"$2\" ] || echo retry-after: 600 >&2\nexit 22\n"),
    );
    let hint =
        "hint: curl hides the server's Retry-After; add -w '%{stderr}retry-after: %header{retry-after}\\n'";
    for (options, arguments, count) in [
        (&[][..], &["-fsS"][..], 1),
        (&["-v"], &["-fsS"], 1),
        (&["-q"], &["-fsS"], 0),
        (&[], &["-fsS", "-w"], 0),
        // The exit status alone says nothing of a limit.
        (&["-p", "none"], &["-fsS"], 0),
    ] {
        let line = [&["--delay", "1ms"], options, &["--", "./curl"], arguments].concat();
        let ran = sandbox.run(&line).exits(22);
        assert_eq!(ran.stderr.matches(hint).count(), count, "{line:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.contains("server asks 10m"), arguments.len() > 1, "{line:?}: {}", ran.stderr);
    }
    // A rescued run leaves no advice in a log.
    sandbox.script(
        "curl",
        &format!("#!/bin/sh\ntest $RETRY_ATTEMPT = 2 || {{ echo '{said}' >&2; exit 22; }}\n"),
    );
    let ran = sandbox.run(["--delay", "1ms", "--", "./curl", "-fsS"]).exits(0);
    assert!(ran.stderr.contains("attempt 1/3 throttled") && !ran.stderr.contains("hint:"), "{}", ran.stderr);
}

#[test]
fn a_command_that_changes_user_hints_by_a_descriptor_opened_before() {
    let sandbox = Sandbox::new();
    let changes =
        if rustix::process::geteuid().is_root() { "setpriv --reuid=65534 --clear-groups" } else { "env" };
    let line = format!(
        "{changes} sh -c 'echo reason=other >&3; echo class=permanent >&3; exit 1' 3>>\"$RETRY_HINT\""
    );
    let ran = sandbox.run(["--delay", "1ms", "-c", &line]).exits(1);
    ran.mentions(&["attempt 1/3 failed (other); not retried"]);
}

#[test]
fn a_hint_that_is_not_understood_is_explained_once() {
    for (written, said) in [
        ("class=foo", Some("$RETRY_HINT: invalid class 'foo': use transient, throttled or permanent")),
        (
            "Retry-After: soon",
            Some("$RETRY_HINT: invalid retry-after 'soon': use a duration such as 30s or 1m30s"),
        ),
        ("permanent", Some("$RETRY_HINT: invalid 'permanent': use class=, retry-after= or reason=")),
        ("class=transient", None),
    ] {
        let script = format!("echo '{written}' >$RETRY_HINT; exit 1");
        let ran = Sandbox::new().run(["--delay", "1ms", "--", "sh", "-c", &script]).exits(1);
        assert_eq!(ran.stderr.matches("$RETRY_HINT").count(), usize::from(said.is_some()), "{}", ran.stderr);
        ran.mentions(said.as_slice());
    }
    let script = "echo 'Retry-After: 600' >$RETRY_HINT; exit 1";
    Sandbox::new()
        .run(["--", "sh", "-c", script])
        .exits(1)
        .mentions(&["asked to wait 10m", "--max-retry-after"]);
}
