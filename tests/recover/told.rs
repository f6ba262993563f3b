//! Hooks, the fallback and dead letters together with all that others are told of a run.

use std::sync::{Arc, Mutex};

use rustix::process::Signal;

use crate::cli::harness::one;
use crate::supervision::process::{assert_gone, wait_for_pids};
use crate::supervision::program::{End, Running, retry};
use crate::support::Sandbox;
use crate::telling::receiver::{Receiver, Reply};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// A hook, or another command, that writes its pid and stays.
const STAYS: &str = "echo $$ >pid; exec \"$F\" sleep 60";

#[test]
fn a_failed_run_ends_with_letter_report_metrics_hook_ping_and_traces_in_this_order() {
    let sandbox = Sandbox::new();
    let (seen, after_hook) = (sandbox.path("seen"), Arc::new(Mutex::new(Vec::new())));
    let answers = Arc::clone(&after_hook);
    let receiver = Receiver::start(move |_, _| {
        answers.lock().expect("a lock").push(seen.exists());
        Reply::Status(200)
    });
    let look = "{ ls dlq; grep -o '\"run.stop\"' log; grep '^retry_last_exit_code' metrics; } >seen.new; \
                echo \"$TRACEPARENT\" >>seen.new; mv seen.new seen";
    let ping = receiver.url("/key");
    let options = ["--no-retry", "--name", "job", "--log", "log", "--metrics-file", "metrics"];
    let further = ["--dead-letter", "dlq", "--on-failure", look, "--ping", &ping];
    let environment = [(ENDPOINT, &*receiver.url("")), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let words = [&options[..], &further, &["--", "sh", "-c", "exit 7"]].concat();
    sandbox.run_in(&environment, words).exits(7);

    let log = sandbox.log("log");
    let (start, stop) = (one(&log, "run.start"), one(&log, "run.stop"));
    let seen = sandbox.read("seen");
    let [letter, report, status, parent] = seen.lines().collect::<Vec<_>>()[..] else { panic!("{seen}") };
    assert!(letter.ends_with(".letter"), "{seen}");
    assert_eq!(report, "\"run.stop\"");
    assert_eq!(status, "retry_last_exit_code{operation=\"job\",policy=\"default\"} 7");
    // What a hook traces is part of the run, and of no attempt.
    let (trace, span) =
        (start["trace_id"].as_str().expect("an id"), stop["span_id"].as_str().expect("an id"));
    assert_eq!(parent, format!("00-{trace}-{span}-03"));

    let run = stop["run"].as_str().expect("an id");
    let asked: Vec<_> =
        receiver.requests().iter().map(|request| request.target.replace(run, "RUN")).collect();
    assert_eq!(asked, ["/key/start?rid=RUN", "/key/7?rid=RUN", "/v1/traces"]);
    assert_eq!(after_hook.lock().expect("a lock")[1..], [true, true]);
    for secret in ["on-failure", "ping"] {
        assert_eq!(start["settings"][secret], "***");
    }
}

#[test]
fn a_fallback_that_succeeded_is_pinged_as_a_success_and_counted_as_the_commands_failure() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let ping = receiver.url("/key");
    let options = ["--no-retry", "--log", "log", "--metrics-file", "metrics", "--ping", &ping];
    let words = ["--fallback", "true", "--", "sh", "-c", "exit 7"];
    sandbox.run([&options[..], &words].concat()).exits(0);
    let log = sandbox.log("log");
    let run = one(&log, "run.stop")["run"].as_str().expect("an id").to_owned();
    let last = receiver.requests().pop().expect("a request");
    assert_eq!(last.target.replace(&run, "RUN"), "/key/0?rid=RUN");
    assert!(last.text().ends_with("; fallback succeeded"), "{}", last.text());
    let metrics = sandbox.read("metrics");
    let counted = "retry_operations_total{operation=\"sh\",policy=\"default\",outcome=\"exhausted\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("retry_last_exit_code{operation=\"sh\",policy=\"default\"} 0\n"), "{metrics}");
    assert!(!metrics.contains("retry_last_success_timestamp_seconds{"), "{metrics}");
    assert_eq!(one(&log, "run.start")["settings"]["fallback"], "***");
}

#[test]
fn in_a_ci_system_a_fallback_that_succeeded_makes_a_warning_of_the_error() {
    let sandbox = Sandbox::new();
    for (fallback, status, annotation, ends) in
        [("true", 0, "::warning ", "; fallback succeeded"), ("exit 3", 3, "::error ", "exit 7")]
    {
        let words =
            ["--no-retry", "--message-format", "github", "--fallback", fallback, "--", "sh", "-c", "exit 7"];
        let ran = sandbox.run(words).exits(status);
        let found: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("::")).collect();
        let [line] = found[..] else { panic!("{}", ran.stderr) };
        assert!(line.starts_with(annotation) && line.ends_with(ends), "{line}");
    }
}

#[test]
fn a_run_that_is_told_to_stop_pings_and_exports_nothing_and_one_told_in_its_last_hook_does_not_ping() {
    let during_attempt = ["--on-failure", "touch hooked", "--", "sh", "-c", STAYS];
    let in_hook = ["--on-failure", STAYS, "--", "false"];
    for (words, end) in [(&during_attempt[..], &["/key/start", "/key/143"][..]), (&in_hook, &["/key/start"])]
    {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
        let ping = receiver.url("/key");
        let mut command = retry(&sandbox, &[&["--no-retry", "--ping", &ping][..], words].concat());
        let mut run = Running::start(command.env(ENDPOINT, receiver.url("")));
        let pids: [i32; 1] = wait_for_pids(&sandbox, "pid");
        receiver.wait(1);
        run.send(Signal::TERM);
        assert_eq!(run.end(), End::Killed(15));
        assert_gone(&pids);
        assert!(words == in_hook || sandbox.path("hooked").exists());
        let requests = receiver.requests();
        let asked: Vec<_> = requests.iter().map(|request| request.target.split('?').next()).collect();
        assert_eq!(asked, end.iter().map(|target| Some(*target)).collect::<Vec<_>>());
    }
}
