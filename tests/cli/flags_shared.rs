//! Each option of `--help` for limits that are shared, and a proof that it does something.

use super::flags::{proofs, runs};
use crate::support::Sandbox;

/// The status of a command that succeeds once shared limits let it, and that does not wait for them.
fn gated(sandbox: &Sandbox, options: &[&str]) -> i32 {
    sandbox.run([options, &["--gate-wait", "0", "--", "true"]].concat()).status
}

proofs! {
"--key" what_is_shared_by_key_holds_for_that_key_alone |sandbox| {
    let go = |key: &str| gated(&sandbox, &["--key", key, "--rate", "1/1h"]);
    assert_eq!([go("a"), go("a"), go("b")], [0, 75, 0]);
}
"--concurrency" so_many_run_at_the_same_time |sandbox| {
    let inside = |key: &str| {
        let options = ["--key", key, "--concurrency", "1", "--gate-wait", "0", "-q", "--"];
        let line = [crate::support::RETRY, &options.join(" "), "true"].join(" ");
        // It forgets that it runs inside of another one.
        let line = format!("unset RETRY_PERMITS; {line}");
        sandbox.run(["--key", "k", "--concurrency", "1", "--max", "1", "-q", "-c", &line]).status
    };
    assert_eq!([inside("k"), inside("other")], [75, 0]);
}
"--rate" so_many_start_per_time |sandbox| {
    let go = || gated(&sandbox, &["--key", "k", "--rate", "2/1h"]);
    assert_eq!([go(), go(), go()], [0, 0, 75]);
}
"--breaker" failures_in_a_row_keep_all_from_starting |sandbox| {
    let options = ["--key", "k", "--breaker", "2/1h", "-q"];
    assert_eq!(runs(&sandbox, &[&options[..], &["--max", "2"]].concat()), 2);
    assert_eq!(gated(&sandbox, &options), 75);
}
"--budget" retries_must_be_paid_for |sandbox| {
    assert_eq!(runs(&sandbox, &["--key", "k", "--budget", "10%", "--max", "50", "-q"]), 11);
}
"--adaptive" failures_hold_attempts_back |sandbox| {
    let options = ["--key", "k", "--adaptive", "--gate-wait", "0", "--max", "500", "--backoff", "fixed", "-q"];
    assert!(runs(&sandbox, &options) < 500);
}
"--gate-wait" it_is_not_waited_longer_for_admission |sandbox| {
    let options = ["--key", "k", "--rate", "1/1h"];
    assert_eq!(gated(&sandbox, &options), 0);
    let ran = sandbox.run([&options[..], &["--gate-wait", "10m", "--", "true"]].concat()).exits(75);
    ran.mentions(&["--gate-wait 10m"]);
}
"--state" shared_state_is_kept_there |sandbox| {
    let go = |state: &str| gated(&sandbox, &["--key", "k", "--rate", "1/1h", "--state", state]);
    assert_eq!([go("here"), go("there"), go("here")], [0, 0, 75]);
    assert_eq!(sandbox.files(), ["here", "there"]);
}
"--on-state-error" a_place_that_cannot_be_used_may_be_a_reason_to_refuse |sandbox| {
    let go = |what: &str| gated(&sandbox, &["--key", "k", "--state", "/dev/null", "--on-state-error", what, "-q"]);
    assert_eq!([go("proceed"), go("fail")], [0, 75]);
}
}
