//! Pings that do not arrive, and a URL that is nowhere to be seen.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::receiver::{Receiver, Reply};
use crate::support::{Sandbox, wait_for};

/// Whether this is the ping of a start.
fn is_start(request: &super::receiver::Request) -> bool {
    request.target.contains("/start")
}

#[test]
fn the_last_ping_is_tried_three_times() {
    for (fails, warned) in [(2, false), (3, true)] {
        let sandbox = Sandbox::new();
        let receiver = Receiver::start(move |before, request| {
            // The first request is the start's.
            let fails = !is_start(request) && before <= fails;
            if fails { Reply::Status(503) } else { Reply::Status(200) }
        });
        let url = receiver.url("/s3cret");
        let ran = sandbox.run(["--ping", &url, "--", "true"]).exits(0).prints("");
        let expected: &[&str] = if warned { &["retry: ping not sent: HTTP 503"] } else { &[] };
        ran.says(expected);
        assert_eq!(receiver.requests().len(), 4);
    }
}

#[test]
fn who_refuses_is_not_asked_again_and_nothing_else_changes() {
    for (status, said) in [
        (404, "retry: ping not sent: HTTP 404"),
        (301, "retry: ping not sent: HTTP 301, and redirects are not followed"),
    ] {
        let receiver = Receiver::start(move |_, _| Reply::Status(status));
        let sandbox = Sandbox::new();
        let url = receiver.url("/s3cret");
        sandbox.run(["--ping", &url, "--", "sh", "-c", "echo out"]).exits(0).prints("out\n").says(&[said]);
        // A start that failed is told with the end, as one warning.
        assert_eq!(receiver.requests().len(), 2);
        sandbox.run(["-q", "--ping", &url, "--", "true"]).exits(0).says(&[]);
    }
}

#[test]
fn a_start_that_failed_is_a_warning_too() {
    let receiver = Receiver::start(|_, request| Reply::Status(if is_start(request) { 400 } else { 200 }));
    let sandbox = Sandbox::new();
    sandbox
        .run(["--ping", &receiver.url("/s3cret"), "--", "true"])
        .exits(0)
        .says(&["retry: ping not sent: HTTP 400"]);
}

#[test]
fn a_ping_takes_no_longer_than_it_may() {
    let silent = Receiver::start(|_, _| Reply::Silence);
    let sandbox = Sandbox::new();
    let line = ["--ping-timeout", "300ms", "--ping", &*silent.url("/s3cret"), "--", "sh", "-c", "exit 7"];
    let ran = sandbox.run([&["--max", "1"], &line[..]].concat()).exits(7);
    assert!(ran.stderr.ends_with("retry: ping not sent: no response within 300ms\n"), "{}", ran.stderr);
}

#[test]
fn a_second_signal_ends_the_ping_of_the_first() {
    let silent = Receiver::start(|_, _| Reply::Silence);
    let sandbox = Sandbox::new();
    let options =
        ["--delay", "60s", "--log", "log", "--ping", &*silent.url("/s3cret"), "--ping-timeout", "60s"];
    let mut run = sandbox.spawnable([&options[..], &["--", "false"]].concat());
    let run = run.stderr(Stdio::piped()).spawn().expect("it starts");
    wait_for("the wait", || sandbox.read("log").contains("attempt.retry"));
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    wait_for("the end's report", || sandbox.read("log").contains("run.stop"));
    kill_process(pid, Signal::INT).expect("it is there");
    let ended = run.wait_with_output().expect("it ends");
    assert_eq!(ended.status.signal(), Some(15));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("retrying in") && !said.contains("ping not sent"), "{said}");
}

#[test]
fn a_run_that_was_stopped_waits_a_second_for_its_ping() {
    let silent = Receiver::start(|_, _| Reply::Silence);
    let sandbox = Sandbox::new();
    let options = ["-q", "--log", "log", "--ping", &*silent.url("/s3cret"), "--ping-timeout", "1h"];
    let mut run =
        sandbox.spawnable([&options[..], &["--", "sleep", "60"]].concat()).spawn().expect("it starts");
    silent.wait(1);
    let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    wait_for("the end", || run.try_wait().expect("a child").is_some());
    assert_eq!(run.wait().expect("it ends").signal(), Some(15));
}

#[test]
fn a_start_that_hangs_does_not_keep_the_last_ping_back() {
    for (command, ends_by_signal, last) in [("sleep 60", true, "/x/143?"), ("exit 7", false, "/x/7?")] {
        let hangs = |request: &_| if is_start(request) { Reply::Silence } else { Reply::Status(200) };
        let receiver = Receiver::start(move |_, request| hangs(request));
        let sandbox = Sandbox::new();
        let options = ["--max", "1", "--ping-timeout", "1s", "--ping", &*receiver.url("/x")];
        let mut run = sandbox.spawnable([&options[..], &["--", "sh", "-c", command]].concat());
        let run = run.stderr(Stdio::piped()).spawn().expect("it starts");
        receiver.wait(1);
        if ends_by_signal {
            let pid = Pid::from_raw(run.id().try_into().expect("a pid")).expect("a pid");
            kill_process(pid, Signal::TERM).expect("it is there");
        }
        let ended = run.wait_with_output().expect("it ends");
        assert_eq!(ended.status.signal(), ends_by_signal.then_some(15));
        let asked: Vec<_> = receiver.requests().iter().map(|request| request.target.clone()).collect();
        assert!(asked.len() == 2 && asked[1].starts_with(last), "{asked:?}");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.ends_with("retry: ping not sent: no response within 500ms\n"), "{said}");
    }
}

/// Where nobody listens.
fn nowhere() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://127.0.0.1:{}/s3cret", free.local_addr().expect("an address").port())
}

#[test]
fn the_url_is_nowhere_to_be_seen() {
    let sandbox = Sandbox::new();
    let url = nowhere();
    let check = |name: &str, environment: &[(&str, &str)], line: &[&str]| {
        let ran = sandbox.run_in(environment, line);
        let all = format!("{}{}{}", ran.text(), ran.stderr, sandbox.read("log"));
        assert!(!all.contains("s3cret"), "{name}: {all}");
        all
    };
    let ping = ["--ping", &url];
    for options in
        [&["-vv"][..], &["-v", "--message-format", "json"], &["--chronic"], &["--log", "log", "--log-argv"]]
    {
        for command in ["true", "false", "no-such-command"] {
            let line = [options, &["--max", "2", "--delay", "1ms"], &ping, &["--", command]].concat();
            let said = check("a run", &[], &line);
            let variable = [options, &["--max", "1", "--", command]].concat();
            check("a variable", &[("RETRY_OPT_PING", &url)], &variable);
            assert!(said.contains("ping not sent: connection refused") || command == "true", "{said}");
        }
    }
    for explain in [&["explain"][..], &["explain", "--full"], &["explain", "--format", "json"]] {
        let said = check("explain", &[], &[explain, &ping].concat());
        assert!(said.contains("***"), "{said}");
        check("explain", &[("RETRY_OPT_PING", &url)], explain);
    }
    sandbox.write("c.toml", format!("[policy.default]\nping = '{url}'\nmax-delay = '1s'\ndelay = '5s'\n"));
    check("a file", &[], &["explain", "--config", "c.toml"]);
    check("a file", &[], &["--config", "c.toml", "--", "true"]);
    for wrong in ["s3cret", "hc-ping.com/s3cret", "ftp://h/s3cret", "https://u:s3cret@h/", "http://"] {
        let said = check("a wrong one", &[], &["--ping", wrong, "--", "true"]);
        assert!(said.contains("--ping ***: "), "{said}");
        let said = check("a wrong variable", &[("RETRY_OPT_PING", wrong)], &["--", "true"]);
        assert!(said.contains("RETRY_OPT_PING=***: "), "{said}");
        sandbox.write("w.toml", format!("[policy.default]\nping = \"{wrong}\"\n"));
        let said = check("a wrong one in a file", &[], &["--config", "w.toml", "--", "true"]);
        assert!(said.contains("w.toml:2"), "{said}");
    }
    sandbox.write("x.toml", format!("policy.default = {{ ping = '{url}', max = 0 }}\n"));
    check("a mistake beside it", &[], &["--config", "x.toml", "--", "true"]);
    sandbox.write("y.toml", format!("[policy.default]\nping = ['{url}']\n"));
    check("a list", &[], &["--config", "y.toml", "--", "true"]);
    sandbox.write("z.toml", format!("[policy.default]\nping = '{url}\n"));
    check("no TOML", &[], &["--config", "z.toml", "--", "true"]);
    for line in [
        &["--ping", &url, "--ping", &url][..],
        &["--ping", &url, "--pong"],
        &[&format!("--pign={url}")],
        &["--ping-kind", "x", "--ping", &url],
    ] {
        check("a mistake", &[], &[line, &["--", "true"]].concat());
    }
}
