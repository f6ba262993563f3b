//! A server's wish to be left alone, which one process hears and all heed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::crowd::Process;
use super::server::{Server, listen};
use crate::support::{Sandbox, wait_for};

const RETRY_AFTER: Duration = Duration::from_secs(3);
const OTHERS: usize = 20;
/// Has curl show what `retry profiles curl` advises to show.
const FORMAT: &str = "%{stderr}retry-after: %header{retry-after}";

/// A server that asks the first client to come back later, and when it answered whom.
fn server() -> (u16, Arc<Mutex<Vec<Instant>>>) {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&arrivals);
    let answer = move |mut connection: TcpStream| {
        let mut arrivals = noted.lock().expect("a lock");
        arrivals.push(Instant::now());
        let text = if arrivals.len() == 1 {
            let seconds = RETRY_AFTER.as_secs();
            format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n")
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        drop(arrivals);
        let _request = connection.read(&mut [0; 4096]);
        let _gone = connection.write_all(text.as_bytes());
    };
    (listen(answer), arrivals)
}

/// One meets the server's 429, then twenty others come.
fn all_wait(state: &str) {
    let sandbox = Sandbox::new();
    let (port, arrivals) = server();
    let url = format!("http://127.0.0.1:{port}/");
    let run = |log: &str| {
        let options = ["--key", "api", "--state", state, "--max", "2", "--delay", "1ms", "--log", log];
        let curl = ["--", "curl", "-fsS", "--noproxy", "*", "-w", FORMAT, &url];
        sandbox.begin(&[&options[..], &curl].concat())
    };
    let mut first = run("first");
    wait_for("the first answer", || !sandbox.events("first", "attempt.retry").is_empty());
    assert_eq!(
        sandbox.events("first", "attempt.retry")[0]["retry_after_ms"],
        3000.0,
        "curl shows the header"
    );
    let mut others: Vec<_> = (0..OTHERS).map(|_| run("others")).collect();
    assert_eq!(first.status(), 0, "{}", sandbox.said());
    let statuses: Vec<_> = others.iter_mut().map(Process::status).collect();
    assert_eq!(statuses, [0; OTHERS], "{}", sandbox.said());

    let arrivals = arrivals.lock().expect("a lock");
    assert_eq!(arrivals.len(), 2 + OTHERS);
    let after: Vec<_> = arrivals[1..].iter().map(|at| at.duration_since(arrivals[0])).collect();
    assert!(after.iter().all(|after| *after >= RETRY_AFTER), "in the window: {after:?}");
    let spread = after[OTHERS] - after[0];
    assert!(spread > Duration::from_millis(200), "all at once: {after:?}");
    let waits = sandbox.events("others", "gate.wait");
    assert_eq!(waits.len(), OTHERS, "one each: {waits:#?}");
    for wait in &waits {
        assert_eq!((&wait["limit"], &wait["attempt"]), (&"window".into(), &1.into()));
        assert!(wait["wait_ms"].as_f64() > Some(0.0) && wait["until"].is_string(), "{wait}");
    }
}

#[test]
fn nobody_starts_in_the_window_and_all_come_back_spread_out() {
    all_wait("state");
}

#[test]
fn the_same_through_a_server() {
    let server = Server::start(&[]);
    all_wait(&server.url());
}

#[test]
fn another_key_and_another_state_know_nothing_of_it() {
    let sandbox = Sandbox::new();
    let hint = ["--", crate::support::fixture(), "hint", "retry-after=1h"];
    let meet = ["--key", "api", "--state", "state", "--max", "1", "-q"];
    sandbox.run([&meet[..], &hint].concat()).exits(1);
    let go = |key: &str, state: &str| {
        sandbox.run(["--key", key, "--state", state, "--gate-wait", "0", "-q", "--", "true"]).status
    };
    assert_eq!((go("api", "state"), go("ap", "state"), go("api", "other")), (75, 0, 0));
}
