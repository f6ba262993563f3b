//! `--fallback`: once, with the same input, and its exit is the result.

use crate::supervision::program::{End, run, shell};
use crate::support::Sandbox;

#[test]
fn the_fallback_reads_the_same_input_and_its_status_counts() {
    let sandbox = Sandbox::new();
    for (fallback, status) in [("cat", 0), ("cat; exit 9", 9), ("cat; kill -KILL $$", 137)] {
        for options in [&["--max", "1"][..], &["--max", "3", "--delay", "1ms"]] {
            let words = ["--fallback", fallback, "--", "sh", "-c", "head -c 3 >/dev/null; exit 4"];
            let mut command = sandbox.retry([options, &words].concat());
            let ran = crate::cli::harness::Ran::of(command.write_stdin("whole input\n"));
            ran.exits(status).prints("whole input\n");
        }
    }
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_file_on_stdin_is_read_again_by_the_fallback() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "from a file\n");
    let line = "exec \"$R\" --max 1 --fallback cat -- sh -c 'cat >/dev/null; exit 4' <input";
    let mut command = shell(&sandbox, line);
    assert_eq!(run(&mut command), End::Code(0));
    assert_eq!(sandbox.read("out"), "from a file\n");
}

#[test]
fn the_last_line_and_the_log_tell_of_it() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["--max", "1", "--log", "log", "--fallback", "true", "--", "sh", "-c", "exit 4"]);
    let ran = ran.exits(0);
    let last = ran.stderr.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("retry: gave up on sh after 1 attempt (") && last.ends_with("; fallback succeeded"),
        "{last}"
    );
    let log = sandbox.log("log");
    let stop = log.last().expect("an event");
    assert_eq!((&stop["event"], &stop["outcome"]), (&"run.stop".into(), &"exhausted".into()));
    assert_eq!((&stop["exit_code"], &stop["fallback"]["exit_code"]), (&0.into(), &0.into()));
    let ran = sandbox.run(["--max", "1", "--fallback", "exit 6", "--exhausted-code", "9", "--", "false"]);
    ran.exits(6).mentions(&["; fallback failed; exit 6"]);
}

#[test]
fn held_stdout_is_the_fallbacks_alone_and_only_if_it_succeeds() {
    let sandbox = Sandbox::new();
    let run = |fallback| {
        sandbox.run([
            "-O",
            "--max",
            "2",
            "--delay",
            "1ms",
            "--fallback",
            fallback,
            "--",
            "sh",
            "-c",
            "echo no; exit 1",
        ])
    };
    run("echo second best").exits(0).prints("second best\n");
    run("echo partial; exit 5").exits(5).prints("");
}

#[test]
fn the_hooks_of_a_run_that_its_fallback_saved_are_those_of_success() {
    let sandbox = Sandbox::new();
    let tell = "echo $RETRY_EVENT $RETRY_OUTCOME $RETRY_EXIT fallback ${RETRY_FALLBACK-none} >>told";
    let hooks = ["--max", "1", "--on-success", tell, "--on-failure", tell];
    sandbox
        .run([&hooks[..], &["--fallback", "echo $RETRY_EVENT >>told", "--", "sh", "-c", "exit 4"]].concat())
        .exits(0);
    assert_eq!(sandbox.read("told"), "fallback\nsuccess exhausted 4 fallback 1\n");
    sandbox.run([&hooks[..], &["--fallback", "exit 2", "--", "sh", "-c", "exit 4"]].concat()).exits(2);
    assert_eq!(sandbox.read("told").lines().last(), Some("failure exhausted 4 fallback none"));
}

#[test]
fn a_fallback_that_hangs_is_stopped_by_its_own_time_limit() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run([
        "--max",
        "1",
        "--fallback-timeout",
        "100ms",
        "--fallback",
        "exec sleep 60",
        "--",
        "false",
    ]);
    ran.exits(124);
}

#[test]
fn a_fallback_that_is_not_there_is_a_failure_like_any_other() {
    let sandbox = Sandbox::new();
    sandbox.run(["--max", "1", "--fallback", "no-such-program-here", "--", "false"]).exits(127);
}

#[test]
fn without_the_whole_input_there_is_no_fallback() {
    let sandbox = Sandbox::new();
    let words = [
        "--max",
        "1",
        "--log",
        "log",
        "--stdin-max",
        "10",
        "--fallback",
        "touch ran",
        "--",
        "sh",
        "-c",
        "cat >/dev/null; exit 4",
    ];
    let ran = crate::cli::harness::Ran::of(sandbox.retry(words).write_stdin("more than ten bytes"));
    ran.exits(4).mentions(&["the fallback was not run: stdin cannot be replayed: more than --stdin-max 10"]);
    assert!(!sandbox.path("ran").exists());
    // The only attempt failed for its own reason, and not for its input, which no other attempt would have read.
    assert_eq!(sandbox.log("log").last().expect("an event")["outcome"], "exhausted");
}

#[test]
fn a_success_needs_no_fallback() {
    let sandbox = Sandbox::new();
    sandbox.run(["--fallback", "touch ran", "--", "true"]).exits(0).says(&[]);
    assert!(!sandbox.path("ran").exists());
}
