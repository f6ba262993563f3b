//! Runs for a viewer of traces (ui.perfetto.dev, chrome://tracing): a process for each host, a thread for each run, and on it
//! its attempts and waits.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::story::{Attempt, Story};

/// The JSON array of events, one a line. Times are microseconds.
pub fn render(stories: &[Story]) -> String {
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut events = Vec::new();
    for (thread, story) in stories.iter().enumerate() {
        let next = hosts.len() + 1;
        let process = *hosts.entry(&story.host).or_insert(next);
        if process == next {
            events.push(named("process_name", process, 0, &story.host));
        }
        let thread = thread + 1;
        events.push(named("thread_name", process, thread, &format!("{} {}", story.name, story.run)));
        let mut attempts = story.attempts.iter().peekable();
        while let Some(attempt) = attempts.next() {
            events.push(event(attempt, process, thread));
            if attempt.wait > 0 {
                let from = attempt.started + attempt.duration.cast_signed();
                // Slices of a thread must not overlap, and clocks differ in a few microseconds.
                let room =
                    attempts.peek().map_or(u64::MAX, |next| (next.started - from).max(0).unsigned_abs());
                events.push(json!({
                    "name": "wait", "cat": "wait", "ph": "X", "ts": from, "dur": attempt.wait.min(room),
                    "pid": process, "tid": thread, "args": {"drawn_us": attempt.drawn},
                }));
            }
        }
    }
    let lines: Vec<_> = events.iter().map(Json::to_string).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn named(what: &str, process: usize, thread: usize, name: &str) -> Json {
    json!({"name": what, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}})
}

fn event(attempt: &Attempt, process: usize, thread: usize) -> Json {
    let (category, args) = match &attempt.failure {
        None => ("success", json!({"exit_code": attempt.exit_code})),
        Some(failure) => {
            let rule = failure.profile.as_ref().unwrap_or(&failure.source);
            let rule = format!("{rule}/{}", failure.rule);
            let args = json!({
                "class": failure.class, "rule": rule, "reason": failure.reason,
                "exit_code": attempt.exit_code, "signal": failure.signal,
            });
            (&*failure.class, args)
        }
    };
    json!({
        "name": format!("attempt {}", attempt.number), "cat": category, "ph": "X", "ts": attempt.started,
        "dur": attempt.duration, "pid": process, "tid": thread, "args": args,
    })
}
