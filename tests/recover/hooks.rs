//! `--on-retry`, `--on-success`, `--on-failure`: when they run, what they are told, and that they change nothing.

use crate::supervision::program::{End, run, send, shell};
use crate::support::{Sandbox, is_alive, wait_for};

const FAST: [&str; 2] = ["--delay", "1ms"];

#[test]
fn each_hook_runs_at_its_time_and_in_order() {
    let sandbox = Sandbox::new();
    let hooks = [
        "--on-retry",
        "echo retry1 >>order",
        "--on-retry",
        "echo retry2 >>order",
        "--on-success",
        "echo success >>order",
        "--on-failure",
        "echo failure >>order",
    ];
    sandbox.fails_until(3, &[&FAST[..], &hooks, &["--max", "3"]].concat()).exits(0);
    assert_eq!(sandbox.read("order"), "retry1\nretry2\nretry1\nretry2\nsuccess\n");
    let sandbox = Sandbox::new();
    sandbox.fails_until(9, &[&FAST[..], &hooks, &["--max", "2"]].concat()).exits(7);
    assert_eq!(sandbox.read("order"), "retry1\nretry2\nfailure\n");
}

#[test]
fn a_hook_is_told_what_happened() {
    let sandbox = Sandbox::new();
    let tell = "echo \"$RETRY_EVENT $RETRY_NAME $RETRY_ATTEMPT/$RETRY_ATTEMPT_LIMIT exit $RETRY_EXIT $RETRY_CLASS \
                $RETRY_REASON $RETRY_RULE outcome ${RETRY_OUTCOME-none} delay ${RETRY_DELAY_MS-none} hint \
                ${RETRY_HINT-none} rescued $RETRY_RESCUED key ${RETRY_IDEMPOTENCY_KEY:+set}\" >>told";
    let options =
        ["--max", "2", "--backoff", "fixed", "--jitter", "none", "--delay", "20ms", "--name", "job"];
    sandbox
        .run([&options[..], &["--on-retry", tell, "--on-failure", tell, "--", "sh", "-c", "exit 7"]].concat())
        .exits(7);
    assert_eq!(
        sandbox.read("told"),
        "retry job 1/2 exit 7 transient exit 7 builtin/unmatched outcome none delay 20 hint none rescued 0 key set\n\
         failure job 2/2 exit 7 transient exit 7 builtin/unmatched outcome exhausted delay none hint none rescued 0 key set\n"
    );
    let rescued = "echo $RETRY_ATTEMPTS $RETRY_CLASS $RETRY_RESCUED >rescued";
    sandbox.fails_until(2, &[&FAST[..], &["--on-success", rescued]].concat()).exits(0);
    assert_eq!(sandbox.read("rescued"), "2 success 1\n");
}

#[test]
fn a_signal_and_text_of_the_command_are_told_safely() {
    let sandbox = Sandbox::new();
    let hook = ["--max", "1", "--on-failure", "printf '%s|%s' \"$RETRY_SIGNAL\" \"$RETRY_REASON\" >told"];
    sandbox.run([&hook[..], &["--", "sh", "-c", "kill -KILL $$"]].concat()).exits(137);
    assert!(sandbox.read("told").starts_with("SIGKILL|"), "{}", sandbox.read("told"));
}

#[test]
fn every_attempt_and_hook_of_a_run_has_the_same_idempotency_key() {
    let sandbox = Sandbox::new();
    let note = "echo $RETRY_IDEMPOTENCY_KEY >>keys";
    let command = format!("{note}; exit 1");
    let ran = sandbox.run_in(
        &[("RETRY_IDEMPOTENCY_KEY", "inherited")],
        [&["--max", "3", "--on-failure", note], &FAST[..], &["--", "sh", "-c", &command]].concat(),
    );
    ran.exits(1);
    let keys = sandbox.read("keys");
    let keys: Vec<_> = keys.lines().collect();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 36), "{keys:?}");
}

#[test]
fn stdout_of_a_hook_is_stderr_and_its_failure_is_a_warning() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--on-success", "echo said; exit 3", "--log", "log", "--", "echo", "out"]);
    ran.exits(0).prints("out\n").says(&["said", "retry: the hook --on-success failed (exit 3)"]);
    let log = sandbox.log("log");
    let hook = log.last().expect("an event");
    assert_eq!(
        (&hook["event"], &hook["hook"], &hook["exit_code"]),
        (&"hook".into(), &"on-success".into(), &3.into())
    );
    assert_eq!((&hook["level"], &hook["timed_out"]), (&"warn".into(), &false.into()));
}

#[test]
fn hooks_behind_the_end_of_a_run_are_no_run_of_their_own() {
    let sandbox = Sandbox::new();
    let hooks = ["--log", "log", "--on-retry", "true", "--on-failure", "true", "--on-failure", "false"];
    sandbox.run([&FAST[..], &hooks, &["--max", "2", "--", "false"]].concat()).exits(1);
    assert_eq!(sandbox.log("log").iter().filter(|event| event["event"] == "hook").count(), 3);
    let told = sandbox.run(["report", "log"]).exits(0).text();
    assert!(told.starts_with("1 run of 1 operation") && !told.contains("unfinished"), "{told}");
}

#[test]
fn a_hook_reads_the_end_of_stderr_only_if_it_was_captured() {
    let sandbox = Sandbox::new();
    let hook = ["--max", "1", "--on-failure", "wc -c >size; cat >rest"];
    let command = ["--", "sh", "-c", "head -c 100000 /dev/zero >&2; exit 1"];
    sandbox.run([&hook[..], &["--hook-tail", "--stderr", "null"], &command].concat()).exits(1);
    assert_eq!(sandbox.read("size").trim(), "65536");
    sandbox
        .run([&hook[..], &["--stderr", "null", "-v"], &command].concat())
        .exits(1)
        .mentions(&["--hook-tail"]);
    assert_eq!(sandbox.read("size").trim(), "0");
    // It need not read: nobody is stuck with the rest.
    let idle = ["--max", "1", "--on-failure", "exit 0", "--hook-tail"];
    sandbox.run([&idle[..], &command].concat()).exits(1);
}

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn a_hook_that_hangs_is_stopped_with_what_it_started() {
    let sandbox = Sandbox::new();
    let hook = "echo $$ >pid; trap '' TERM; sleep 60 & echo $! >child; while :; do sleep 1; done";
    let ran = sandbox.run(["--max", "1", "--hook-timeout", "200ms", "--on-failure", hook, "--", "false"]);
    ran.exits(1).mentions(&["the hook --on-failure was stopped after"]);
    for name in ["pid", "child"] {
        let pid = sandbox.read(name).trim().parse().expect("a pid");
        wait_for("the end of the hook", || !is_alive(pid));
    }
}

#[test]
fn a_hook_that_leaves_a_daemon_or_floods_is_not_waited_for_longer_than_itself() {
    let sandbox = Sandbox::new();
    let daemon = "sleep 600 & echo $! >child";
    let flood = "yes | head -c 3000000";
    let ran = sandbox.run([
        "--chronic",
        "--max",
        "1",
        "--on-failure",
        daemon,
        "--on-failure",
        flood,
        "--",
        "false",
    ]);
    let ran = ran.exits(1);
    assert!(ran.stderr.len() > 3_000_000);
    let pid: i32 = sandbox.read("child").trim().parse().expect("a pid");
    assert!(is_alive(pid), "what a hook leaves is its own affair");
    send(pid, rustix::process::Signal::KILL);
}

#[test]
fn under_chronic_hooks_are_silent_when_all_is_well() {
    let sandbox = Sandbox::new();
    sandbox
        .fails_until(2, &[&FAST[..], &["--chronic", "--on-retry", "echo noise"]].concat())
        .exits(0)
        .says(&[]);
    let ran = sandbox
        .run([&FAST[..], &["--chronic", "--max", "2", "--on-retry", "echo noise", "--", "false"]].concat());
    ran.exits(1).mentions(&["noise\n"]);
}

#[test]
fn a_hook_needs_no_stderr() {
    let sandbox = Sandbox::new();
    let line = "exec \"$R\" --max 1 --on-failure 'echo x; echo done >told' -- false 2>&-";
    let ended = run(&mut shell(&sandbox, line));
    assert_eq!(ended, End::Code(1));
    assert_eq!(sandbox.read("told"), "done\n");
}

#[test]
fn a_run_that_is_refused_before_any_attempt_has_failed() {
    let sandbox = Sandbox::new();
    sandbox.run(["state", "close", "k", "--for", "1h", "--state", "s"]).exits(0);
    let hook = "echo $RETRY_OUTCOME $RETRY_EXIT $RETRY_ATTEMPT >told";
    let ran =
        sandbox.run(["--key", "k", "--state", "s", "--gate-wait", "0", "--on-failure", hook, "--", "true"]);
    ran.exits(75);
    assert_eq!(sandbox.read("told"), "refused 75 0\n");
}

#[test]
fn hooks_can_stand_in_a_file_and_run_in_the_chosen_shell() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "[policy.default]\non-failure = [\"echo a >>told\", \"echo b >>told\"]\n");
    sandbox.run(["--config", "c.toml", "--max", "1", "--", "false"]).exits(1);
    assert_eq!(sandbox.read("told"), "a\nb\n");
    let hook = "[[ $BASH_VERSION ]] && echo bash >shell";
    sandbox.run(["--shell=bash", "--max", "1", "--on-failure", hook, "exit 3"]).exits(3);
    assert_eq!(sandbox.read("shell"), "bash\n");
    sandbox.run(["--on-failure", "", "--", "true"]).exits(125).mentions(&["--on-failure", "empty"]);
}
