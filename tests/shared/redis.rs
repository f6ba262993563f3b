//! A server of shared state that fails in every way: the command runs all the same, with one warning, unless it was
//! asked for that it does not.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::crowd::fail;
use super::server::{DEAD_PORT, Server, no_redis, silent};
use crate::support::{Sandbox, wait_for};

/// No test waits for a server that long in vain; each step takes two seconds at most.
const BOUNDED: Duration = Duration::from_secs(30);
const SECRET: &str = "s3cr3t-w0rd";

/// A run of two attempts against a place that cannot be used: how `place` is named, but for its password.
#[track_caller]
fn goes_on(url: &str, place: &str) {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let options = ["--key", "k", "--concurrency", "1", "--state", url, "--log", "log", "--delay", "1ms"];
    let ran = sandbox.run([&options[..], &["--max", "2"], &fail("ran")].concat()).exits(7);
    assert!(began.elapsed() < BOUNDED, "{url}: {:?}", began.elapsed());
    assert_eq!(sandbox.count("ran"), 2, "{url}");
    assert_eq!(warnings(&ran.stderr), 1, "{url}: {}", ran.stderr);
    assert!(ran.stderr.contains(place), "{place} is missing: {}", ran.stderr);
    let stop = &sandbox.events("log", "run.stop")[0];
    assert_eq!(stop["outcome"], "exhausted", "{url}");
    assert_silent(&[&ran.stderr, &sandbox.read("log")]);
}

/// The same where it was asked for that such a run is refused.
#[track_caller]
fn is_refused(url: &str, place: &str) {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let options = ["--key", "k", "--concurrency", "1", "--state", url, "--log", "log", "--max", "2"];
    let ran = sandbox.run([&options[..], &["--on-state-error", "fail"], &fail("ran")].concat()).exits(75);
    assert!(began.elapsed() < BOUNDED, "{url}: {:?}", began.elapsed());
    assert_eq!(sandbox.count("ran"), 0, "{url}: nothing is run");
    assert!(ran.stderr.contains(place), "{place} is missing: {}", ran.stderr);
    let refused = sandbox.events("log", "gate.refused");
    assert_eq!(refused.len(), 1, "{url}");
    assert_eq!(refused[0]["limit"], "state", "{}", refused[0]);
    let stop = &sandbox.events("log", "run.stop")[0];
    assert_eq!((&stop["outcome"], &stop["attempts"]), (&"refused".into(), &0.into()), "{url}");
    assert_silent(&[&ran.stderr, &sandbox.read("log")]);
}

/// How often it is said that there are no limits.
fn warnings(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.contains("without shared limits")).count()
}

#[track_caller]
fn assert_silent(texts: &[&str]) {
    for text in texts {
        assert!(!text.contains(SECRET), "the password is shown: {text}");
    }
}

#[track_caller]
fn check(url: &str, place: &str) {
    goes_on(url, place);
    is_refused(url, place);
}

#[test]
fn nobody_listens() {
    check(&format!("redis://127.0.0.1:{DEAD_PORT}"), &format!("127.0.0.1:{DEAD_PORT}"));
    let sandbox = Sandbox::new();
    let path = sandbox.path("no.sock").display().to_string();
    check(&format!("redis+unix://{path}"), &path);
}

/// A store that failed is left alone for a while; when it is asked again and fails again, that is not said again.
#[test]
fn a_long_run_is_warned_once() {
    let sandbox = Sandbox::new();
    let url = format!("redis://127.0.0.1:{DEAD_PORT}");
    let options = ["--key", "k", "--state", &url, "--max", "2", "--delay", "6s", "--jitter", "none"];
    let ran = sandbox.run([&options[..], &fail("ran")].concat()).exits(7);
    assert_eq!((warnings(&ran.stderr), sandbox.count("ran")), (1, 2), "{}", ran.stderr);
}

#[test]
fn the_password_is_wrong() {
    let server = Server::start(&["--requirepass", "another"]);
    let place = server.socket().display().to_string();
    check(&format!("{}?pass={SECRET}", server.url()), &place);
    check(&server.url(), &place);
}

#[test]
fn it_is_no_such_server_or_says_nothing() {
    for port in [no_redis(), silent()] {
        check(&format!("redis://user:{SECRET}@127.0.0.1:{port}/2"), &format!("127.0.0.1:{port}"));
    }
}

#[test]
fn it_is_paused() {
    let server = Server::start(&[]);
    server.send(Signal::STOP);
    check(&server.url(), &server.socket().display().to_string());
    server.send(Signal::CONT);
    let sandbox = Sandbox::new();
    let url = server.url();
    sandbox.run(["--key", "k", "--concurrency", "1", "--state", &url, "--", "true"]).exits(0).says(&[]);
}

/// The time in which we could not run is none that the server took.
#[test]
fn it_is_waited_for_by_one_that_was_stopped_meanwhile() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&[]));
    server.send(Signal::STOP);
    let url = server.url();
    let mut run = sandbox.begin(&["--key", "k", "--concurrency", "1", "--state", &url, "--", "true"]);
    let pid = run.pid();
    let is_socket = |entry: std::fs::DirEntry| {
        std::fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    let open = || std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    wait_for("the connection", || open().any(is_socket));
    run.send(Signal::STOP);
    let stopped = Instant::now();
    wait_for("longer than a server is waited for", || stopped.elapsed() > Duration::from_secs(3));
    run.send(Signal::CONT);
    let waits = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<u64>().ok())
    };
    let before = waits().unwrap_or_default();
    wait_for("it to go on waiting", || waits().is_none_or(|now| now > before + 3));
    server.send(Signal::CONT);
    assert_eq!(run.status(), 0);
    assert_eq!(sandbox.said(), "");
}

/// A run whose first attempt lasts until it is told to fail; meanwhile this happens to the server.
#[track_caller]
fn in_the_middle(options: &[&str], happens: impl FnOnce(&mut Server)) -> (Sandbox, i32) {
    let (sandbox, mut server) = (Sandbox::new(), Server::start(&[]));
    let url = server.url();
    let line =
        ["--key", "k", "--concurrency", "2", "--state", &url, "--log", "log", "--max", "3", "--delay", "1ms"];
    let script = "printf x >>ran; until [ -e go ]; do sleep 0.02; done; exit 5";
    let mut run = sandbox.begin(&[&line[..], options, &["--", "sh", "-c", script]].concat());
    wait_for("the first attempt", || sandbox.count("ran") == 1);
    happens(&mut server);
    let began = Instant::now();
    sandbox.let_go();
    let status = run.status();
    assert!(began.elapsed() < BOUNDED, "{:?}", began.elapsed());
    (sandbox, status)
}

#[test]
fn it_stops_in_the_middle_of_a_run() {
    for signal in [Signal::KILL, Signal::STOP] {
        let (sandbox, status) = in_the_middle(&[], |server| server.send(signal));
        assert_eq!((status, sandbox.count("ran")), (5, 3));
        assert_eq!(warnings(&sandbox.said()), 1, "{}", sandbox.said());
        assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "exhausted");
    }
}

#[test]
fn it_stops_in_the_middle_of_a_run_that_is_not_to_go_on_then() {
    let (sandbox, status) = in_the_middle(&["--on-state-error", "fail"], Server::kill);
    assert_eq!((status, sandbox.count("ran")), (5, 1), "the last attempt's status: {}", sandbox.said());
    assert_eq!(sandbox.events("log", "run.stop")[0]["outcome"], "refused");
    let refused = sandbox.events("log", "gate.refused");
    assert_eq!(
        (refused.len(), &refused[0]["limit"], &refused[0]["attempt"]),
        (1, &"state".into(), &2.into())
    );
}

#[test]
fn it_is_replaced_by_an_empty_one_in_the_middle_of_a_run() {
    let (sandbox, status) = in_the_middle(&[], |server| {
        server.kill();
        server.start_again();
    });
    assert_eq!((status, sandbox.count("ran")), (5, 3));
    assert_eq!(warnings(&sandbox.said()), 0, "it is used: {}", sandbox.said());
}

#[test]
fn limits_hold_over_tcp_and_with_a_password() {
    let (_server, port) = Server::on_port();
    let locked = Server::start(&["--requirepass", SECRET]);
    for url in [format!("redis://127.0.0.1:{port}/1"), format!("{}?pass={SECRET}", locked.url())] {
        let sandbox = Sandbox::new();
        let options = ["--key", "k", "--state", &url, "--rate", "1/1h", "--gate-wait", "0", "--log", "log"];
        sandbox.run([&options[..], &["--", "true"]].concat()).exits(0).says(&[]);
        let ran = sandbox.run([&options[..], &["-vv", "--", "true"]].concat()).exits(75);
        assert_silent(&[&ran.stderr, &sandbox.read("log")]);
    }
}

#[test]
fn a_password_is_never_shown() {
    let sandbox = Sandbox::new();
    for url in [
        format!("redis://user:{SECRET}@127.0.0.1:1/3"),
        format!("redis://:{SECRET}@127.0.0.1:1"),
        format!("rediss://user:{SECRET}@127.0.0.1:1"),
        format!("redis+unix:///no/r.sock?db=1&pass={SECRET}"),
        format!("redis+unix:///no/r.sock?pass={SECRET}&db=1"),
        format!("redis+unix:///no/r.sock?user=u&pass={SECRET}%21"),
    ] {
        sandbox.write("c.toml", format!("[policy.default]\nkey = \"k\"\nstate = \"{url}\"\n"));
        for line in [
            &["explain", "--state", &url, "--key", "k"][..],
            &["explain", "--format", "json", "--state", &url, "--key", "k"],
            &["explain", "--all", "--config", "c.toml"],
            &["explain", "--config", "c.toml"],
            &["explain", "--format", "json", "--config", "c.toml"],
            &["-vv", "--config", "c.toml", "--log", "log", "--", "true"],
            &["--log-argv", "--state", &url, "--key", "k", "--log", "log", "--", "true"],
        ] {
            let ran = sandbox.run(line).exits(0);
            assert_silent(&[&ran.stderr, &ran.text(), &sandbox.read("log")]);
        }
        let ran = sandbox.run_in(&[("RETRY_OPT_STATE", &url)], ["explain", "--key", "k"]).exits(0);
        assert_silent(&[&ran.stderr, &ran.text()]);
    }
}

#[test]
fn a_password_in_a_url_that_is_wrong_is_not_shown_either() {
    let sandbox = Sandbox::new();
    for url in [
        format!("redis://user:{SECRET}@host:port"),
        format!("redis://user:{SECRET}@"),
        format!("redis://user:{SECRET}/@host"),
        format!("redis://user:{SECRET}@host/db"),
        format!("redis://user:#{SECRET}@host"),
        format!("redis://user:?{SECRET}@host"),
        format!("redis+unix://host/r.sock?pass={SECRET}"),
        format!("redis+unix:///r.sock?db=x&pass={SECRET}"),
        format!("redis:user:{SECRET}@host"),
        format!("redis:/user:{SECRET}@host"),
        format!("http://user:{SECRET}@host"),
    ] {
        let ran = sandbox.run(["--state", &url, "--key", "k", "--", "true"]).exits(125);
        assert_silent(&[&ran.stderr]);
        let ran = sandbox.run([&format!("--state={url}"), "--key", "k", "--", "true"]).exits(125);
        assert_silent(&[&ran.stderr]);
        let ran = sandbox.run_in(&[("RETRY_OPT_STATE", &url)], ["--key", "k", "--", "true"]).exits(125);
        assert_silent(&[&ran.stderr]);
        sandbox.write("c.toml", format!("[policy.default]\nkey = \"k\"\nstate = \"{url}\"\n"));
        let ran = sandbox.run(["--config", "c.toml", "--", "true"]).exits(125);
        assert_silent(&[&ran.stderr]);
    }
}

#[test]
fn a_password_beside_another_mistake_is_not_shown() {
    let sandbox = Sandbox::new();
    let url = format!("redis://user:{SECRET}@127.0.0.1:1");
    for line in [
        &["--state", &url, "--", "true"][..],
        &["--state", &url, "--key", "k", "--no-such-option", "--", "true"],
        &["--state", &url, "--concurrency", "0", "--key", "k", "--", "true"],
        &["--stat", &url, "--key", "k", "--", "true"],
    ] {
        let ran = sandbox.run(line);
        assert_silent(&[&ran.stderr]);
    }
    sandbox.write("c.toml", format!("[policy.default]\nstate = \"{url}\" x\n"));
    assert_silent(&[&sandbox.run(["--config", "c.toml", "--", "true"]).exits(125).stderr]);
    sandbox.write("c.toml", format!("[policy.default]\nstates = \"{url}\"\n"));
    assert_silent(&[&sandbox.run(["--config", "c.toml", "--", "true"]).exits(125).stderr]);
}

#[test]
fn going_on_without_limits_is_said_whatever_else_is_not() {
    for quiet in ["-q", "--chronic"] {
        let sandbox = Sandbox::new();
        let url = format!("redis://127.0.0.1:{DEAD_PORT}");
        let options = [quiet, "--key", "k", "--rate", "9/1s", "--state", &url, "--log", "log"];
        let ran = sandbox.run([&options[..], &["--", "true"]].concat()).exits(0);
        assert_eq!(warnings(&ran.stderr), 1, "{quiet}: {}", ran.stderr);
        let told = sandbox.events("log", "gate.bypassed");
        assert_eq!(told[0]["level"], "warn");
        assert!(told[0]["reason"].as_str().is_some_and(|why| why.contains("connection refused")), "{told:?}");
    }
}
