//! Each option of `retry state --help`, and a proof that it does something. A new option needs one here.

use serde_json::{Value as Json, json};

use super::flags::proofs;
use crate::support::Sandbox;

/// `retry state show api` with these options, for programs.
fn shown(sandbox: &Sandbox, options: &[&str]) -> Json {
    sandbox.run([&["state", "show", "api", "--format", "json"], options].concat()).exits(0).json()
}

/// Checks that an attempt is held back by this limit with this option, but not without it.
fn is_held(sandbox: &Sandbox, limit: &str, option: [&str; 2]) {
    let check = ["state", "check", "api", "--format", "json"];
    sandbox.run(check).exits(0);
    let held = sandbox.run([&check[..], &option].concat()).exits(75).json();
    assert_eq!(held["limit"], limit);
}

proofs! {
"--help" help_is_printed |sandbox| {
    assert!(sandbox.run(["state", "--help"]).exits(0).text().contains("Usage: retry state"));
}
"--format" the_answer_may_be_json |sandbox| {
    assert_eq!(shown(&sandbox, &[])["key"], "api");
    assert!(sandbox.run(["state", "show", "api", "--format", "text"]).exits(0).text().starts_with("api\n"));
}
"--for" so_long_is_a_key_closed |sandbox| {
    sandbox.run(["state", "close", "api", "--for", "1h"]).exits(0);
    sandbox.run(["state", "check", "api"]).exits(75);
}
"--concurrency" permits_that_are_held_count |sandbox| {
    let check = "test 75 = $(retry() { \"$0\" \"$@\"; }; unset RETRY_PERMITS; \
                 retry state check api --concurrency 1 >out; echo $?)";
    sandbox
        .run(["--key", "api", "--concurrency", "1", "--no-retry", "--", "sh", "-c", check, crate::support::RETRY])
        .exits(0);
    assert!(sandbox.read("out").contains("by the concurrency limit"), "{}", sandbox.read("out"));
}
"--rate" attempts_that_have_started_count |sandbox| {
    sandbox.run(["--key", "api", "--rate", "1/1h", "--", "true"]).exits(0);
    is_held(&sandbox, "rate", ["--rate", "1/1h"]);
}
"--breaker" an_open_breaker_counts |sandbox| {
    sandbox.run(["--key", "api", "--breaker", "1/1h", "--no-retry", "-q", "--", "false"]).exits(1);
    is_held(&sandbox, "breaker", ["--breaker", "1/1h"]);
}
"--budget" retries_that_are_left_are_shown |sandbox| {
    sandbox.run(["--key", "api", "--budget", "20%", "--max", "4", "-d", "1ms", "-q", "--", "false"]).exits(1);
    assert_eq!(shown(&sandbox, &["--budget", "20%"])["budget"], 7, "ten, and three are spent");
    assert_eq!(shown(&sandbox, &[])["budget"], Json::Null);
}
"--adaptive" the_success_rate_counts |sandbox| {
    let run = ["--key", "api", "--adaptive", "--max", "3", "-d", "1ms", "--gate-wait", "0", "-q", "--", "false"];
    sandbox.run(run).exits(1);
    let share = shown(&sandbox, &["--adaptive"])["held_back"].as_f64().expect("a share");
    assert!((0.5..1.0).contains(&share), "{share}: everything failed");
    assert_eq!(shown(&sandbox, &[])["held_back"], Json::Null);
}
"--gate-wait" no_longer_is_waited |sandbox| {
    sandbox.run(["state", "close", "api", "--for", "1h"]).exits(0);
    let ran = sandbox.run(["state", "wait", "api", "--gate-wait", "10m"]).exits(75).text();
    assert!(ran.ends_with(": not waiting (--gate-wait 10m)\n"), "{ran}");
}
"--state" another_place_has_another_state |sandbox| {
    sandbox.run(["state", "close", "api", "--for", "1h", "--state", "there"]).exits(0);
    assert_eq!(sandbox.files(), ["there"]);
    sandbox.run(["state", "check", "api"]).exits(0);
    sandbox.run(["state", "check", "api", "--state", "there"]).exits(75);
    sandbox.run_in(&[("RETRY_OPT_STATE", "there")], ["state", "check", "api"]).exits(75);
}
"--policy" the_limits_of_a_named_policy_hold |sandbox| {
    sandbox.write("c.toml", "[policy.p]\nrate = \"7/1h\"\nkey = \"other\"\n");
    assert_eq!(shown(&sandbox, &["--config", "c.toml", "--policy", "p"])["tokens"], 7);
    assert_eq!(shown(&sandbox, &["--config", "c.toml"])["tokens"], Json::Null);
}
"--config" the_limits_of_a_key_hold |sandbox| {
    sandbox.write("c.toml", "[limits.\"api\"]\nrate = \"7/1h\"\n[limits.\"other\"]\nbudget = \"20%\"\n");
    let shown = shown(&sandbox, &["--config", "c.toml"]);
    assert_eq!((&shown["tokens"], &shown["budget"]), (&json!(7), &Json::Null));
}
"--no-config" no_file_is_read |sandbox| {
    sandbox.write(".config/retry/config.toml", "[limits.\"api\"]\nrate = \"7/1h\"\n");
    assert_eq!(shown(&sandbox, &[])["tokens"], 7);
    assert_eq!(shown(&sandbox, &["--no-config"])["tokens"], Json::Null);
}
}
