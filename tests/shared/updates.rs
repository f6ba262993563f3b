//! No lost update: what many processes have spent of a rate is what they have started, whoever dies meanwhile.
//!
//! On a machine so busy that a holder of the lock hardly runs, others find the state out of reach. Here they do not go
//! on without it, so that the books balance all the same.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use serde_json::Value as Json;

use super::crowd::{Process, count, mark};
use super::server::Server;
use crate::support::Sandbox;

/// Nobody has to wait, and a token takes so long to come back that none does in a test.
const RATE: &str = "100000/365d";
const IN_FILES: [&str; 8] = ["--key", "k", "--state", "state", "--rate", RATE, "--on-state-error", "fail"];
const INTERVAL: f64 = 365.0 * 86_400.0 / 100_000.0;

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs_f64()
}

/// How many tokens were spent since then: the state holds the arrival time of the next attempt, an interval each.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
fn spent(state: &Json, since: f64) -> usize {
    let arrival = state["arrivals"][0][2].as_f64().expect("a moment in microseconds") / 1e6;
    ((arrival - since) / INTERVAL).round() as usize
}

/// The newest of the two records in a state's file.
#[track_caller]
fn state_in_file(sandbox: &Sandbox) -> Json {
    let text = sandbox.read("state/v1/k/state");
    let slots = text.lines().filter_map(|line| {
        let json = &line[line.find('{')?..];
        let sequence: u64 = line.split(' ').nth(3)?.parse().ok()?;
        Some((sequence, serde_json::from_str::<Json>(json.trim_end()).ok()?))
    });
    let (_, newest) = slots.max_by_key(|(sequence, _)| *sequence).expect("a record");
    newest["state"].clone()
}

#[test]
fn two_hundred_processes_with_ten_transactions_each_lose_nothing() {
    let sandbox = Sandbox::new();
    let began = now();
    let five = ["--successes", "5", "--max", "5", "--delay", "0"];
    // A window that is closed by nobody, a breaker that counts: each end changes the state, too.
    let options = [&IN_FILES[..], &["--breaker", "9999/1h"]].concat();
    let statuses = sandbox.at_once(200, &[&options[..], &five, &mark("starts")].concat());
    let (starts, whole) = (sandbox.count("starts"), count(&statuses, 0));
    // Who succeeded has started five times, and who was refused less often.
    let refused = 4 * (statuses.len() - whole);
    assert!((5 * whole..=5 * whole + refused).contains(&starts), "{starts}, {whole}: {}", sandbox.said());
    assert!(whole > 0, "{}", sandbox.said());
    assert_eq!(spent(&state_in_file(&sandbox), began), starts);
}

#[test]
fn failures_of_many_processes_are_all_counted() {
    let sandbox = Sandbox::new();
    let options = ["--key", "k", "--state", "state", "--breaker", "9999/1h", "--max", "1"];
    let statuses = sandbox.at_once(100, &[&options[..], &super::crowd::fail("starts")].concat());
    assert_eq!(statuses, [7; 100]);
    // Who finds the state out of reach on a busy machine is not counted, and says so.
    let uncounted = sandbox.said().matches("without shared limits").count() as u64;
    let counted = state_in_file(&sandbox)["circuit"]["failures"].as_u64().expect("a count");
    assert!(uncounted < 20 && (100 - uncounted..=100).contains(&counted), "{counted}: {}", sandbox.said());
}

#[test]
fn many_processes_lose_nothing_on_a_server() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&[]));
    let began = now();
    let url = server.url();
    let options = [
        "--key",
        "k",
        "--state",
        &url,
        "--rate",
        RATE,
        "--successes",
        "5",
        "--max",
        "5",
        "--delay",
        "0",
        "--on-state-error",
        "fail",
    ];
    let statuses = sandbox.at_once(40, &[&options[..], &mark("starts")].concat());
    assert!(count(&statuses, 0) >= 30, "{}", sandbox.said());
    let starts = sandbox.count("starts");
    let record: Json =
        serde_json::from_str(&server.get("retry:{k}:state").expect("a value")).expect("a record");
    assert_eq!(spent(&record["state"], began), starts);
}

/// Writers that are killed at random moments, and replaced.
#[test]
fn writers_that_are_killed_lose_nothing_and_spoil_nothing() {
    let sandbox = Sandbox::new();
    let (began, end) = (now(), Instant::now() + Duration::from_secs(10));
    let options = [&IN_FILES[..], &["--breaker", "99999/1h"]].concat();
    let many = ["--successes", "1000", "--max", "1000", "--delay", "0"];
    let line = [&options[..], &many, &mark("starts")].concat();
    let mut writers: Vec<Process> = (0..6).map(|_| sandbox.begin(&line)).collect();
    let mut killed = 0;
    let mut random = rand::rngs::StdRng::seed_from_u64(u64::from(std::process::id()));
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(random.random_range(0..30)));
        let writer = random.random_range(0..writers.len());
        writers[writer].send(Signal::KILL);
        writers[writer].status();
        killed += 1;
        writers[writer] = sandbox.begin(&line);
    }
    for writer in &mut writers {
        writer.send(Signal::KILL);
        writer.status();
        killed += 1;
    }
    assert!(!sandbox.said().contains("damaged"), "{}", sandbox.said());
    sandbox.run([&options[..], &mark("starts")].concat()).exits(0).says(&[]);
    let (starts, spent) = (sandbox.count("starts"), spent(&state_in_file(&sandbox), began));
    assert!(starts > killed / 2, "{starts} starts are too few to say anything");
    // A writer that died between its admission and its command's first act has spent a token for nothing.
    assert!((starts..=starts + killed).contains(&spent), "{starts} starts, {spent} spent, {killed} killed");
}
