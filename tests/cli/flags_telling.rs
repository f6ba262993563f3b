//! The options of `--help` that are about whom a run tells of itself, each with a proof that it does something.

use super::flags::proofs;
use crate::support::Sandbox;
use crate::telling::receiver::{Receiver, Reply};

/// The pings of a run of this shell line with these options.
fn pings(sandbox: &Sandbox, options: &[&str], line: &str) -> Vec<(String, String)> {
    let receiver = Receiver::willing();
    let url = receiver.url("/x");
    sandbox.run([&["-q", "--no-retry", "--ping", &url], options, &["-c", line]].concat());
    receiver.requests().into_iter().map(|request| (request.target.clone(), request.text())).collect()
}

proofs! {
"--ping" the_begin_and_the_end_are_pinged |sandbox| {
    let pings = pings(&sandbox, &[], "exit 3");
    assert!(pings[0].0.starts_with("/x/start?") && pings[1].0.starts_with("/x/3?"), "{pings:?}");
}
"--ping-kind" the_kind_is_the_dialect |sandbox| {
    let pings = pings(&sandbox, &["--ping-kind", "cronitor"], "exit 0");
    assert!(pings[1].0.contains("state=complete"), "{pings:?}");
}
"--ping-body" the_end_of_stderr_is_sent |sandbox| {
    for (options, is_sent) in [(&[][..], false), (&["--ping-body"], true)] {
        let pings = pings(&sandbox, options, "echo what >&2");
        assert_eq!(pings[1].1.contains("what"), is_sent, "{pings:?}");
    }
}
"--ping-timeout" the_last_ping_is_given_up |sandbox| {
    let silent = Receiver::start(|_, _| Reply::Silence);
    let line = ["--ping", &*silent.url("/x"), "--ping-timeout", "500ms", "--", "true"];
    sandbox.run(line).exits(0).mentions(&["ping not sent: no response within 500ms"]);
}
"--traces" nothing_is_exported |sandbox| {
    let receiver = Receiver::willing();
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*receiver.url(""))];
    for (traces, exports) in [("off", 0), ("auto", 1)] {
        sandbox.run_in(&environment, ["--traces", traces, "--", "true"]).exits(0);
        assert_eq!(receiver.requests().len(), exports, "{traces}");
    }
}
}
