//! A server that stands still, or whose key others keep changing, while a run uses it: signals are never late for that.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use retry_command::store::resp::{self, Reply};
use rustix::process::Signal;

use super::crowd::Process;
use super::server::listen;
use crate::support::{Sandbox, wait_for};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    /// It reads nothing and writes everything.
    Willing,
    Silent,
    /// Others are always faster.
    Contended,
}

/// A server that knows no state, but speaks the protocol.
struct StandIn {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    requests: Arc<AtomicUsize>,
}

impl StandIn {
    fn start() -> Self {
        let (mood, requests) = (Arc::new(Mutex::new(Mood::Willing)), Arc::new(AtomicUsize::new(0)));
        let (its_mood, its_requests) = (Arc::clone(&mood), Arc::clone(&requests));
        let port = listen(move |connection| talk(connection, &its_mood, &its_requests));
        Self { port, mood, requests }
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("a lock") = mood;
    }

    /// How many requests have come.
    fn asked(&self) -> usize {
        self.requests.load(SeqCst)
    }
}

fn talk(mut connection: TcpStream, mood: &Mutex<Mood>, requests: &AtomicUsize) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = connection.read(&mut buffer) {
        bytes.extend(&buffer[..length]);
        while let Ok(Some((Reply::List(words), length))) = resp::reply(&bytes) {
            bytes.drain(..length);
            let mood = *mood.lock().expect("a lock");
            requests.fetch_add(1, SeqCst);
            // A look has four words: EVAL, the script, the number of keys, and the key.
            let kind = match mood {
                Mood::Silent => continue,
                Mood::Willing if words.len() > 4 => "done",
                Mood::Willing | Mood::Contended => "none",
            };
            let answer = [kind, "", "1700000000", "0"];
            let words: Vec<_> = answer.iter().map(|word| word.as_bytes()).collect();
            // A list of texts looks the same in both directions.
            let _gone = connection.write_all(&resp::request(&words));
        }
    }
}

/// A run that holds a permit there, and whose command notes TERM and ends.
fn holding(sandbox: &Sandbox, server: &StandIn) -> Process {
    let url = format!("redis://127.0.0.1:{}", server.port);
    let options = ["--key", "k", "--concurrency", "1", "--state", &url, "--max", "2", "--delay", "1ms"];
    let script =
        "trap 'echo x >trapped; exit 3' TERM; echo x >held; until [ -e go ]; do sleep 0.02; done; exit 1";
    let run = sandbox.begin(&[&options[..], &["--", "sh", "-c", script]].concat());
    wait_for("the command", || sandbox.path("held").exists());
    run
}

/// Leases are renewed after ten seconds; then the server is like this.
#[track_caller]
fn reaches_the_command(mood: Mood, requests: usize) {
    let (sandbox, server) = (Sandbox::new(), StandIn::start());
    let mut run = holding(&sandbox, &server);
    server.becomes(mood);
    let before = server.asked();
    wait_for("renewing", || server.asked() >= before + requests);
    run.send(Signal::TERM);
    wait_for("the signal", || sandbox.path("trapped").exists());
    // Had it been waited for the server, that would have been given up by now.
    let said = sandbox.said();
    server.becomes(Mood::Willing);
    assert!(!said.contains("without shared limits"), "{mood:?}: {said}");
    assert_eq!(run.status(), 3, "{}", sandbox.said());
}

#[test]
fn a_signal_reaches_the_command_of_a_run_whose_server_is_silent() {
    reaches_the_command(Mood::Silent, 1);
}

#[test]
fn a_signal_reaches_the_command_of_a_run_whose_key_others_keep_changing() {
    reaches_the_command(Mood::Contended, 4);
}

#[test]
fn a_signal_ends_a_run_that_tells_a_silent_or_contended_server_of_its_end() {
    for (mood, requests) in [(Mood::Silent, 1), (Mood::Contended, 4)] {
        let (sandbox, server) = (Sandbox::new(), StandIn::start());
        let mut run = holding(&sandbox, &server);
        server.becomes(mood);
        let before = server.asked();
        sandbox.let_go();
        wait_for("the end of the attempt", || server.asked() >= before + requests);
        run.send(Signal::TERM);
        assert_eq!(run.status(), 128 + 15);
        let said = sandbox.said();
        assert!(!said.contains("without shared limits"), "{mood:?}: {said}");
    }
}

#[test]
fn a_signal_ends_a_run_that_asks_a_silent_or_contended_server() {
    for (mood, requests) in [(Mood::Silent, 1), (Mood::Contended, 4)] {
        let (sandbox, server) = (Sandbox::new(), StandIn::start());
        server.becomes(mood);
        let url = format!("redis://127.0.0.1:{}", server.port);
        let line = ["--key", "k", "--concurrency", "1", "--state", &url, "--", "touch", "ran"];
        let mut run = sandbox.begin(&line);
        wait_for("the question", || server.asked() >= requests);
        run.send(Signal::TERM);
        assert_eq!(run.status(), 128 + 15);
        assert!(!sandbox.path("ran").exists() && !sandbox.said().contains("without"), "{}", sandbox.said());
    }
}
