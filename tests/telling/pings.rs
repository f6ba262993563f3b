//! Pings: what each kind of service is told, and when.

use std::os::unix::process::ExitStatusExt as _;

use rustix::process::{Pid, Signal, kill_process};

use super::receiver::{Receiver, Reply, Request};
use crate::cli::harness::one;
use crate::support::{RETRY, Sandbox, fixture, wait_for};

/// What was asked, without the id of the run, which is in each of them.
#[track_caller]
fn targets(requests: &[Request], run: &str) -> Vec<String> {
    requests
        .iter()
        .map(|request| {
            assert!(request.target.contains(run), "{} without {run}", request.target);
            format!("{} {}", request.method, request.target.replace(run, "RUN"))
        })
        .collect()
}

/// The id of the run in a log.
#[track_caller]
fn run_id(sandbox: &Sandbox) -> String {
    one(&sandbox.log("log"), "run.stop")["run"].as_str().expect("an id").to_owned()
}

#[test]
fn a_success_a_rescue_and_a_failure_are_told_to_healthchecks() {
    for (script, status, end, message) in [
        ("exit 0", 0, "0", "succeeded on attempt 1 after "),
        ("test $RETRY_ATTEMPT = 2 || exit 9", 0, "0", "rescued on attempt 2: exit 9"),
        ("echo s3cret >&2; exit 7", 7, "7", "gave up on job after 2 attempts ("),
    ] {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
        let url = receiver.url("/key/slug");
        let options = ["-q", "--max", "2", "--delay", "1ms", "--name", "job", "--log", "log", "--ping", &url];
        sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(status);
        let requests = receiver.requests();
        assert_eq!(
            targets(&requests, &run_id(&sandbox)),
            ["POST /key/slug/start?rid=RUN".to_owned(), format!("POST /key/slug/{end}?rid=RUN")]
        );
        assert_eq!(requests[0].text(), "");
        assert!(requests[1].text().starts_with(message), "{}", requests[1].text());
        assert!(!requests[1].text().contains("s3cret"));
    }
}

#[test]
fn sentry_and_cronitor_have_dialects_of_their_own() {
    for (kind, script, expected) in [
        (
            "sentry",
            "exit 0",
            ["?status=in_progress&check_in_id=RUN&environment=prod", "?status=ok&check_in_id=RUN&duration="],
        ),
        (
            "sentry",
            "exit 3",
            [
                "?status=in_progress&check_in_id=RUN&environment=prod",
                "?status=error&check_in_id=RUN&duration=",
            ],
        ),
        (
            "cronitor",
            "exit 0",
            ["?state=run&series=RUN&env=prod", "?state=complete&series=RUN&message=succeeded+on+attempt+1"],
        ),
        (
            "cronitor",
            "exit 3",
            ["?state=run&series=RUN&env=prod", "?state=fail&series=RUN&status_code=3&message=gave+up+on+sh"],
        ),
    ] {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
        let url = receiver.url("/a/b/");
        let options =
            ["-q", "--no-retry", "--label", "environment=prod", "--log", "log", "--ping-kind", kind];
        sandbox.run([&options[..], &["--ping", &url, "--", "sh", "-c", script]].concat());
        let requests = receiver.requests();
        let found = targets(&requests, &run_id(&sandbox));
        assert_eq!(found.len(), 2, "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(&format!("GET /a/b/{expected}")), "{found} {expected}");
        }
        assert!(requests.iter().all(|request| request.body.is_empty()));
    }
}

#[test]
fn the_command_runs_while_its_start_is_told() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("done");
    // The start is answered only once the command is over.
    let receiver = Receiver::start(move |before, _| {
        if before == 0 {
            wait_for("the command's end", || file.exists());
        }
        Reply::Status(200)
    });
    let url = receiver.url("/x");
    sandbox.run(["--ping", &url, "--", "sh", "-c", "echo x >done"]).exits(0).says(&[]);
    let words: Vec<_> = receiver.requests().iter().map(|request| request.target[..4].to_owned()).collect();
    assert_eq!(words, ["/x/s", "/x/0"]);
}

#[test]
fn the_start_is_told_while_the_command_runs() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let mut run = sandbox.spawnable(["-q", "--ping", &receiver.url("/x"), "--", "sleep", "60"]);
    let mut run = run.spawn().expect("it starts");
    receiver.wait(1);
    assert!(receiver.one().target.starts_with("/x/start?"));
    // One that is stopped tells so, and dies of the signal all the same.
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    assert_eq!(run.wait().expect("it ends").signal(), Some(15));
    let last = &receiver.requests()[1];
    assert!(last.target.starts_with("/x/143?"), "{}", last.target);
    assert!(last.text().starts_with("stopped sleep after 1 attempt ("), "{}", last.text());
}

#[test]
fn a_wait_that_is_stopped_is_told_of_too() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let options = ["-q", "--delay", "60s", "--log", "log", "--ping", &*receiver.url("/x")];
    let mut run = sandbox.spawnable([&options[..], &["--", "false"]].concat()).spawn().expect("it starts");
    wait_for("the wait", || sandbox.read("log").contains("attempt.retry"));
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::INT).expect("it is there");
    assert_eq!(run.wait().expect("it ends").signal(), Some(2));
    let last = receiver.requests().pop().expect("a ping");
    assert!(last.target.starts_with("/x/130?"), "{}", last.target);
}

#[test]
fn the_end_of_stderr_is_told_only_when_that_was_asked_for() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let script = "echo out; echo early >&2; yes xxxxxxxxx | head -c 20000 >&2; echo the end >&2; exit 1";
    let options = ["-q", "--max", "1", "--ping-body", "--log", "log", "--ping", &*receiver.url("/x")];
    let ran = sandbox.run([&options[..], &["--", "sh", "-c", script]].concat()).exits(1).prints("out\n");
    assert!(ran.stderr.starts_with("early\n") && ran.stderr.ends_with("the end\n"), "it is passed on");
    let body = receiver.requests().pop().expect("a ping").text();
    let (message, tail) = body.split_once("\n\n").expect("two parts");
    assert!(message.starts_with("gave up on sh"), "{message}");
    assert!(tail.len() == 10_000 && tail.ends_with("the end\n"), "{} bytes", tail.len());
    assert!(!body.contains("early") && !body.contains("out"));
    // The log holds no more than it was asked to.
    assert!(!sandbox.read("log").contains("the end"));
}

#[test]
fn a_run_within_a_run_does_not_ping_for_it() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let url = receiver.url("/x");
    sandbox
        .write(".config/retry/config.toml", format!("[policy.default]\nping = \"{}\"\n", receiver.url("/y")));
    let inner = ["--", RETRY, "--", fixture(), "env", "HOME"];
    let count = || receiver.requests().len();
    sandbox.run_in(&[("RETRY_OPT_PING", &url)], inner).exits(0).says(&[]);
    assert_eq!(count(), 2, "from the environment");
    sandbox.run(inner).exits(0).says(&[]);
    assert_eq!(count(), 4, "from a file");
    let asked = ["--", RETRY, "--ping", &url, "--", fixture(), "env", "HOME"];
    sandbox.run(asked).exits(0).says(&[]);
    assert_eq!(count(), 8, "whose own command line says so");
}

#[test]
fn pings_and_traces_go_together() {
    let (sandbox, pings, traces) = (Sandbox::new(), Receiver::willing(), Receiver::willing());
    let environment = [(super::traces::ENDPOINT, &*traces.url("")), ("RETRY_OPT_PING", &pings.url("/x"))];
    sandbox
        .run_in(&environment, ["--", fixture(), "env", "RETRY_ATTEMPT"])
        .exits(0)
        .prints("RETRY_ATTEMPT=1\n");
    assert_eq!(pings.requests().len(), 2);
    assert_eq!(traces.export().spans.len(), 2);
}
