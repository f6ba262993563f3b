//! What a collector gets, and what the command is told.

use super::collector::{Export, attribute, times};
use super::receiver::Receiver;
use crate::cli::harness::{one, only};
use crate::support::{Sandbox, fixture};

pub(super) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A run that succeeds at its second attempt, exported to `endpoint`.
fn rescued(sandbox: &Sandbox, endpoint: &str, environment: &[(&str, &str)]) {
    let environment = [environment, &[(ENDPOINT, endpoint)]].concat();
    let options = ["-q", "--delay", "20ms", "--jitter", "none", "--name", "fetch", "--label", "team=a"];
    let command = ["--log", "log", "--", fixture(), "fail-until", "runs", "2", "7"];
    sandbox.run_in(&environment, [&options[..], &command].concat()).exits(0).prints("");
}

#[test]
fn a_rescued_run_is_exported_in_both_encodings() {
    for (protocol, compression) in
        [("", ""), ("http/protobuf", "gzip"), ("http/json", ""), ("http/json", "gzip")]
    {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
        let environment = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test"),
        ];
        rescued(&sandbox, &receiver.url("/base/"), &environment);
        let request = receiver.one();
        assert_eq!((request.target.as_str(), request.header("api-key")), ("/base/v1/traces", Some("a b")));
        assert_eq!(request.header("content-encoding").unwrap_or(""), compression);
        let is_json = request.header("content-type") == Some("application/json");
        assert_eq!(is_json, protocol == "http/json");
        check_rescued(&Export::of(&request));
    }
}

#[track_caller]
fn check_rescued(export: &Export) {
    let (run, attempts) = export.parts();
    let [first, second] = attempts else { panic!("{attempts:#?}") };
    assert_eq!((&run["name"], &run["kind"]), (&"retry fetch".into(), &1.into()));
    let program = fixture().rsplit('/').next().expect("a name");
    for span in attempts {
        assert_eq!((&span["name"], &span["kind"]), (&program.into(), &3.into()));
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&run["traceId"], &run["spanId"]));
        assert_eq!(span["flags"], 0x103);
    }
    assert_eq!((&run["parentSpanId"], &run["flags"]), (&serde_json::Value::Null, &0x103.into()));
    assert_eq!(second["links"][0]["spanId"], first["spanId"]);
    assert!(first["links"].is_null());
    // The attempts' times stand inside of the run's, one after the other, a wait apart.
    let [run_time, first_time, second_time] = [run, first, second].map(times);
    assert!(run_time[0] <= first_time[0] && first_time[0] <= first_time[1], "{run_time:?} {first_time:?}");
    assert!(first_time[1] + 20_000_000 <= second_time[0], "{first_time:?} {second_time:?}");
    assert!(
        second_time[0] <= second_time[1] && second_time[1] <= run_time[1],
        "{second_time:?} {run_time:?}"
    );
    // Who was rescued has not failed.
    assert!(run["status"].is_null() && second["status"].is_null());
    assert_eq!((&first["status"]["code"], &first["status"]["message"]), (&2.into(), &"exit 7".into()));
    for (span, name, value) in [
        (run, "retry.rescued", Some("true")),
        (run, "retry.attempts", Some("2")),
        (run, "retry.max_attempts", Some("3")),
        (run, "retry.outcome", Some("succeeded")),
        (run, "retry.label.team", Some("a")),
        (run, "process.exit.code", Some("0")),
        (run, "error.type", None),
        (first, "error.type", Some("exit_7")),
        (first, "retry.attempt", Some("1")),
        (first, "process.exit.code", Some("7")),
        (first, "process.command_args", None),
        (second, "error.type", None),
        (second, "retry.delay_ms", Some("20")),
        (second, "retry.delay_source", Some("policy")),
    ] {
        assert_eq!(attribute(span, name).as_deref(), value, "{name}");
    }
    let pids = [run, first, second].map(|span| attribute(span, "process.pid").expect("a pid"));
    assert!(pids[0] != pids[1] && pids[1] != pids[2], "{pids:?}");
    assert_eq!(export.resource("service.name").as_deref(), Some("retry"));
    assert_eq!(export.resource("service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(export.resource("deployment.environment").as_deref(), Some("test"));
    assert_eq!(export.resource("process.pid"), Some(pids[0].clone()));
}

#[test]
fn the_command_is_a_child_of_its_attempt_and_the_log_says_which() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let environment = [
        (ENDPOINT, &*receiver.url("")),
        ("TRACEPARENT", &parent),
        ("TRACESTATE", "a=1,,b"),
        ("BAGGAGE", "%%=x y"),
    ];
    let script = "env | grep -e ^TRACE -e ^BAGGAGE | sort; exit 3";
    let line = ["-q", "--max", "2", "--delay", "1ms", "--log", "log", "--", "sh", "-c", script];
    let told = sandbox.run_in(&environment, line).exits(3).text();
    let export = receiver.export();
    let (run, attempts) = export.parts();
    assert_eq!(
        (&run["traceId"], &run["parentSpanId"], &run["flags"]),
        (&TRACE.into(), &PARENT.into(), &0x301.into())
    );
    let id = |span: &serde_json::Value| span["spanId"].as_str().expect("an id").to_owned();
    let expected: String = attempts
        .iter()
        .map(|span| format!("BAGGAGE=%%=x y\nTRACEPARENT=00-{TRACE}-{}-01\nTRACESTATE=a=1,,b\n", id(span)))
        .collect();
    assert_eq!(told, expected);
    assert_eq!((&run["status"]["code"], &run["status"]["message"]), (&2.into(), &"exit 3 ×2".into()));
    assert_eq!(attribute(run, "error.type").as_deref(), Some("exhausted"));
    let log = sandbox.log("log");
    assert!(log.iter().all(|line| line["trace_id"] == TRACE));
    let start = one(&log, "run.start");
    assert_eq!((&start["span_id"], &start["parent_span_id"]), (&run["spanId"], &PARENT.into()));
    assert_eq!(one(&log, "run.stop")["span_id"], run["spanId"]);
    for (line, span) in only(&log, "attempt.start").iter().zip(attempts) {
        assert_eq!(line["span_id"], span["spanId"]);
    }
    assert_eq!(one(&log, "attempt.retry")["span_id"], attempts[0]["spanId"]);
    assert_eq!(one(&log, "attempt.failed")["span_id"], attempts[1]["spanId"]);
}

#[test]
fn an_unreadable_context_begins_a_trace_of_its_own_without_its_state() {
    for parent in [
        format!("ff-{TRACE}-{PARENT}-01"),
        format!("00-{TRACE}-{PARENT}"),
        format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("00-{}-{PARENT}-01", "0".repeat(32)),
        // A state alone belongs to no trace, either.
        String::new(),
    ] {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
        let environment = [
            (ENDPOINT, &*receiver.url("")),
            ("TRACEPARENT", &parent),
            ("TRACESTATE", "a=1"),
            ("BAGGAGE", "b=2"),
        ];
        let line = ["--", fixture(), "env", "TRACEPARENT", "TRACESTATE", "BAGGAGE"];
        let told = sandbox.run_in(&environment, line).exits(0).text();
        let export = receiver.export();
        let (run, attempts) = export.parts();
        assert!(run["parentSpanId"].is_null() && run["traceId"] != TRACE);
        let [trace, span] = [&run["traceId"], &attempts[0]["spanId"]].map(|id| id.as_str().expect("an id"));
        assert_eq!(told, format!("TRACEPARENT=00-{trace}-{span}-03\nTRACESTATE unset\nBAGGAGE=b=2\n"));
    }
}

#[test]
fn a_run_within_a_run_is_a_child_of_the_outer_attempt() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let inner = [crate::support::RETRY, "--name", "inner", "--", fixture(), "env", "HOME"];
    let line = [&["--name", "outer", "--"], &inner[..]].concat();
    sandbox.run_in(&[(ENDPOINT, &receiver.url(""))], line).exits(0);
    let [inner, outer] = &receiver.requests()[..] else { panic!("two exports") };
    let [inner, outer] = [inner, outer].map(Export::of);
    assert_eq!(outer.parts().0["name"], "retry outer");
    assert_eq!(inner.parts().0["name"], "retry inner");
    assert_eq!(inner.parts().0["parentSpanId"], outer.parts().1[0]["spanId"]);
    assert_eq!(inner.parts().0["traceId"], outer.parts().0["traceId"]);
}

#[test]
fn words_of_the_command_are_exported_only_where_they_may_be_logged() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let line = ["--log-argv", "--", fixture(), "env", "s3cret"];
    sandbox.run_in(&[(ENDPOINT, &receiver.url(""))], line).exits(0);
    let export = receiver.export();
    let pairs = export.parts().1[0]["attributes"].as_array().expect("attributes").clone();
    let words = pairs.iter().find(|pair| pair["key"] == "process.command_args").expect("the words");
    assert_eq!(words["value"]["arrayValue"]["values"][2]["stringValue"], "s3cret");
}

#[test]
fn of_600_attempts_500_are_exported() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::willing());
    let line = ["-q", "--max", "600", "--delay", "0", "--", "false"];
    sandbox.run_in(&[(ENDPOINT, &receiver.url(""))], line).exits(1);
    let export = receiver.export();
    let (run, attempts) = export.parts();
    assert_eq!(attempts.len(), 500);
    assert_eq!(attribute(run, "retry.spans_dropped").as_deref(), Some("100"));
    assert_eq!(attribute(run, "retry.attempts").as_deref(), Some("600"));
    let number = |at: usize| attribute(&attempts[at], "retry.attempt").expect("a number");
    assert_eq!([number(0), number(99), number(100), number(499)], ["1", "100", "201", "600"]);
    let mut before = times(run)[0];
    for span in attempts {
        let [start, end] = times(span);
        assert!(before <= start && start <= end, "{before} {start} {end}");
        before = end;
    }
    assert!(before <= times(run)[1]);
}

#[test]
fn nothing_is_exported_that_nobody_asked_for_and_the_environment_is_as_it_was() {
    let receiver = Receiver::willing();
    let url = receiver.url("");
    let unsampled = format!("00-{TRACE}-{PARENT}-00");
    let sampled = format!("00-{TRACE}-{PARENT}-01");
    for (environment, options) in [
        (&[][..], &[][..]),
        (&[("TRACEPARENT", &*sampled), ("TRACESTATE", "a=1")], &[]),
        (&[("TRACEPARENT", "nonsense"), ("TRACESTATE", "a=1")], &[]),
        (&[(ENDPOINT, &*url), ("OTEL_SDK_DISABLED", "true"), ("TRACESTATE", "a=1")], &[]),
        (&[(ENDPOINT, &*url), ("OTEL_TRACES_EXPORTER", "none")], &[]),
        (&[(ENDPOINT, &*url), ("TRACEPARENT", &*unsampled), ("TRACESTATE", "a=1")], &[]),
        (&[(ENDPOINT, &*url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("TRACEPARENT", "x")], &[]),
        (&[(ENDPOINT, &*url), ("TRACEPARENT", &*sampled)], &["--traces", "off"]),
        (&[(ENDPOINT, &*url), ("RETRY_OPT_TRACES", "off"), ("TRACESTATE", "a=1")], &[]),
    ] {
        let sandbox = Sandbox::new();
        let line = [options, &["--log", "log", "--", "env", "-0"]].concat();
        let seen = sandbox.run_in(environment, line).exits(0).says(&[]).stdout;
        let mut plain = sandbox.spawnable(Vec::<&str>::new());
        let plain = {
            let directory = plain.get_current_dir().expect("a directory").to_owned();
            let mut direct = std::process::Command::new("env");
            direct.arg("-0").current_dir(directory);
            for (name, value) in plain.get_envs() {
                match value {
                    Some(value) => direct.env(name, value),
                    None => direct.env_remove(name),
                };
            }
            plain.stdin(std::process::Stdio::null());
            direct.envs(environment.iter().copied()).output().expect("env runs").stdout
        };
        let ours = |entry: &&[u8]| !entry.starts_with(b"RETRY_");
        let [seen, plain] = [&seen, &plain]
            .map(|bytes| bytes.split(|byte| *byte == 0).filter(ours).map(<[u8]>::to_vec).collect::<Vec<_>>());
        assert_eq!(seen, plain, "{environment:?}");
        let log = sandbox.log("log");
        assert!(log.iter().all(|line| line["span_id"].is_null() && line["parent_span_id"].is_null()));
    }
    assert!(receiver.requests().is_empty());
}
