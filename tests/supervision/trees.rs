//! What an attempt started is stopped with it, wherever it hides: kill is by descent, not by process group.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::process::{assert_gone, pids, working_in};
use super::program::{End, Running, ended, retry};
use crate::support::{Sandbox, fixture, is_alive, wait_for};

/// `$L` notes its pid and lingers.
const LINGER: &str = "L='echo $$ >>pids; exec \"$F\" sleep 60'";

/// Ways for a command to have descendants: a name, how many note themselves, and how.
const SHAPES: [(&str, usize, &str); 12] = [
    ("alone", 1, "exec sh -c \"$L\""),
    ("a child", 1, "sh -c \"$L\"; :"),
    ("in the background", 3, "sh -c \"$L\" & sh -c \"$L\" & sh -c \"$L\" & wait"),
    ("background of a parent that is gone", 1, "(sh -c \"$L\" &); exec \"$F\" sleep 60"),
    ("a group of its own", 1, "bash -c 'set -m; sh -c \"$0\" & wait' \"$L\""),
    ("a session of its own", 1, "setsid sh -c \"$L\" & exec \"$F\" sleep 60"),
    ("a session of its own, deaf", 1, "setsid sh -c \"trap '' TERM; $L\" & exec \"$F\" sleep 60"),
    ("a daemon", 1, "(setsid sh -c 'sh -c \"$0\" & exit' \"$L\" &); exec \"$F\" sleep 60"),
    (
        "a daemon, deaf",
        1,
        "(setsid sh -c 'trap \"\" TERM; sh -c \"$0\" & exit' \"$L\" &); exec \"$F\" sleep 60",
    ),
    ("below another timeout", 1, "timeout 50 sh -c \"$L\""),
    (
        "stopped",
        1,
        "setsid sh -c 'echo $$ >>pids; kill -STOP $$; exec \"$F\" sleep 60' & exec \"$F\" sleep 60",
    ),
    ("dozens", 40, "i=0; while [ $i -lt 40 ]; do setsid sh -c \"$L\" & i=$((i + 1)); done; wait"),
];

/// All at once: most of the time is the timeout's.
#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn nothing_is_left_of_a_tree_that_timed_out() {
    let runs: Vec<_> = SHAPES
        .iter()
        .map(|&(name, count, script)| {
            let sandbox = Sandbox::new();
            let script = format!("{LINGER}; export L; {script}");
            let args = ["--max", "1", "--timeout", "4s", "--kill-after", "300ms", "--", "sh", "-c", &script];
            let running = Running::start(&mut retry(&sandbox, &args));
            (name, count, sandbox, running)
        })
        .collect();
    for (name, count, sandbox, mut running) in runs {
        assert_eq!(running.end(), End::Code(124), "{name}: {}", sandbox.read("err"));
        let tree = pids(&sandbox, "pids");
        assert_eq!(tree.len(), count, "{name}: the whole tree was there");
        assert_gone(&tree);
        assert!(working_in(&sandbox).is_empty(), "{name}");
    }
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn the_fixtures_tree_is_gone_too() {
    let sandbox = Sandbox::new();
    let args = ["--max", "1", "--timeout", "2s", "--", fixture(), "tree", "ready", "pids"];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 3);
    assert_gone(&tree);
}

/// Each process starts its successor in a new session and exits: what is listed is gone before it is signalled.
#[test]
#[cfg_attr(
    not(has_subreaper),
    ignore = "needs subreaper: else a process may move on between a look and its signal"
)]
fn a_tree_that_never_stands_still_is_killed_too() {
    let sandbox = Sandbox::new();
    let text = "#!/bin/sh\n[ -e alive ] || exit\ntrap '' TERM\necho x >>moves\nsetsid ./mover &\n";
    let program = sandbox.write("mover", text);
    std::fs::set_permissions(program, Permissions::from_mode(0o755)).expect("permissions");
    // Without the file they end by themselves, as they do when the sandbox is removed.
    sandbox.write("alive", "");
    let script = "./mover & ./mover & ./mover & exec \"$F\" sleep 60";
    let args = ["--max", "1", "--timeout", "1s", "--kill-after", "100ms", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(124), "{}", sandbox.read("err"));
    assert!(working_in(&sandbox).is_empty());
    assert!(sandbox.count("moves") > 6, "they moved");
    std::fs::remove_file(sandbox.path("alive")).expect("a file");
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn what_term_makes_a_command_start_is_killed_with_it() {
    let sandbox = Sandbox::new();
    let script = "trap 'setsid sh -c \"trap \\\"\\\" TERM; echo \\$\\$ >pids; exec \\\"\\$F\\\" sleep 60\" & exit 0' TERM
        while :; do sleep 0.05; done";
    let args = ["--max", "1", "--timeout", "1s", "--kill-after", "2s", "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 1, "it was started");
    assert_gone(&tree);
}

#[test]
fn a_nested_retry_is_stopped_with_its_command() {
    let sandbox = Sandbox::new();
    let script = "echo $$ >pids; exec \"$F\" sleep 60";
    let args = ["--max", "1", "--timeout", "2s", "--", crate::support::RETRY, "--", "sh", "-c", script];
    assert_eq!(ended(&sandbox, &args), End::Code(124));
    let tree = pids(&sandbox, "pids");
    assert_eq!(tree.len(), 1);
    assert_gone(&tree);
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn the_third_signal_kills_all_of_it() {
    let sandbox = Sandbox::new();
    let script = format!(
        "{LINGER}; export L; trap 'printf x >>count' TERM; (setsid sh -c 'trap \"\" TERM; sh -c \"$0\" & exit' \"$L\" &)
        while :; do sleep 0.05; done"
    );
    let mut run = Running::start(&mut retry(&sandbox, &["--", "sh", "-c", &script]));
    wait_for("the daemon", || pids(&sandbox, "pids").len() == 1);
    let daemon = pids(&sandbox, "pids");
    for sent in 1..=2 {
        run.send(rustix::process::Signal::TERM);
        wait_for("the signal", || sandbox.count("count") == sent);
    }
    assert!(is_alive(daemon[0]));
    run.send(rustix::process::Signal::TERM);
    assert_eq!(run.end(), End::Code(137));
    assert_gone(&daemon);
}
