//! Output that is held back: `-O`, `--stdout`, `--stderr`, `--chronic`.

use std::fs::File;

use crate::support::{RETRY, Sandbox};

/// Writes its number to both streams, and succeeds at this attempt.
fn succeeds_at(attempt: u32) -> String {
    format!("echo out $RETRY_ATTEMPT; echo err $RETRY_ATTEMPT >&2; test $RETRY_ATTEMPT = {attempt}")
}

#[track_caller]
fn check(options: &[&str], script: &str, code: i32, stdout: &str, stderr: &[&str], never: &[&str]) {
    let sandbox = Sandbox::new();
    let words = [&["--delay", "0"], options, &["--", "sh", "-c", script]].concat();
    let done = sandbox.retry(words).assert().code(code);
    let output = done.get_output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout, "{options:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let mut rest = &*said;
    for part in stderr {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is not in order in: {said}"));
        rest = &rest[at + part.len()..];
    }
    for part in never {
        assert!(!said.contains(part), "{part:?} is in: {said}");
    }
}

#[test]
fn only_the_successful_attempts_stdout_is_written() {
    for option in ["-O", "--stdout=success", "-O=success"] {
        check(&[option], &succeeds_at(2), 0, "out 2\n", &["err 1", "err 2"], &[]);
    }
    check(&["--stdout", "success"], &succeeds_at(3), 0, "out 3\n", &[], &[]);
    check(&["-O", "--success-on", "7"], "echo x; exit 7", 7, "x\n", &[], &[]);
}

#[test]
fn after_a_final_failure_nothing_is_on_stdout() {
    check(&["-O", "--max", "2"], &succeeds_at(9), 1, "", &["err 2", "no attempts left"], &["out"]);
    check(&["-O", "--permanent-on", "1"], &succeeds_at(9), 1, "", &["err 1"], &["out"]);
}

#[test]
fn of_several_successes_the_last_is_written() {
    check(&["-O", "--successes", "2"], "echo out $RETRY_ATTEMPT", 0, "out 2\n", &[], &[]);
}

#[test]
fn the_letter_takes_no_word_of_the_command() {
    let sandbox = Sandbox::new();
    sandbox.retry(["-O", "echo", "-n", "x"]).assert().success().stdout("x");
    sandbox.retry(["-O=null", "echo", "x"]).assert().success().stdout("");
    sandbox.retry(["-O=all", "echo", "x"]).assert().code(125).stdout("");
}

#[test]
fn a_stream_can_be_thrown_away() {
    check(&["--stdout", "null"], &succeeds_at(1), 0, "", &["err 1"], &[]);
    check(&["--stderr", "null"], &succeeds_at(1), 0, "out 1\n", &[], &["err"]);
    check(&["--stdout", "null", "--idle-timeout", "50"], &succeeds_at(1), 0, "", &["err 1"], &[]);
}

#[test]
fn only_the_last_attempts_stderr_is_shown() {
    check(&["--stderr", "last"], &succeeds_at(2), 0, "out 1\nout 2\n", &["err 2\n", "succeeded"], &["err 1"]);
    check(&["--stderr", "last", "--max", "2"], &succeeds_at(9), 1, "out 1\nout 2\n", &["err 2"], &["err 1"]);
    let permanent = ["--stderr", "last", "--permanent-on", "1"];
    check(&permanent, &succeeds_at(9), 1, "out 1\n", &["err 1\n", "not retried"], &[]);
    check(&["-O", "--stderr", "last"], &succeeds_at(2), 0, "out 2\n", &["err 2"], &["err 1"]);
}

#[test]
fn a_chronic_run_says_nothing_unless_it_fails() {
    let sandbox = Sandbox::new();
    let words = ["--chronic", "--delay", "0", "-vv", "--", "sh", "-c", &succeeds_at(2)];
    sandbox.retry(words).assert().success().stdout("").stderr("");
    check(
        &["--chronic", "--max", "2"],
        &succeeds_at(9),
        1,
        "out 1\nout 2\n",
        &["err 1", "attempt 1/2 failed", "err 2", "attempt 2/2 failed", "after 2 attempts ("],
        &[],
    );
    check(&["--chronic", "--stdout", "null", "--max", "1"], &succeeds_at(9), 1, "", &["err 1"], &["out"]);
    check(&["--chronic", "-q", "--max", "1"], &succeeds_at(9), 1, "out 1\n", &["err 1"], &["retry:"]);
}

#[test]
fn a_chronic_run_whose_streams_lead_to_one_file_keeps_their_order() {
    let sandbox = Sandbox::new();
    let file = File::create(sandbox.path("both")).unwrap();
    let script = "echo a$RETRY_ATTEMPT; echo b$RETRY_ATTEMPT >&2; echo c$RETRY_ATTEMPT; exit 1";
    let words = ["--chronic", "-q", "--delay", "0", "--max", "2", "--", "sh", "-c", script];
    let status = sandbox.spawnable(words).stdout(file.try_clone().unwrap()).stderr(file).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(sandbox.read("both"), "a1\nb1\nc1\na2\nb2\nc2\n");
}

#[test]
fn a_chronic_run_that_could_start_nothing_says_so() {
    let sandbox = Sandbox::new();
    let done = sandbox.retry(["--chronic", "--", "/nonexistent"]).assert().code(127).stdout("");
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(said.contains("not found"), "{said}");
}

#[test]
fn much_is_held_in_a_file_that_leaves_no_trace() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let script = "seq 500000; test $RETRY_ATTEMPT = 2";
    let words = ["-O", "-q", "--delay", "0", "--", "sh", "-c", script];
    let done = sandbox.spawnable(words).env("TMPDIR", &temporary).output().unwrap();
    let lines: Vec<_> = (1..=500_000).map(|n| format!("{n}\n")).collect();
    let expected = lines.concat();
    assert!(done.status.success());
    assert!(done.stdout == expected.as_bytes(), "{} bytes", done.stdout.len());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_held_is_said_and_a_success_is_none() {
    let sandbox = Sandbox::new();
    let run = |options: &[&str], code: &str| {
        let script = format!("seq 500000; exit {code}");
        let words = [options, &["--max", "1", "--", "sh", "-c", &script]].concat();
        sandbox.spawnable(words).env("TMPDIR", sandbox.path("missing")).output().unwrap()
    };
    for (code, status) in [("0", 125), ("3", 3)] {
        let done = run(&["-O"], code);
        assert_eq!(done.status.code(), Some(status));
        assert_eq!(done.stdout, b"", "a part would pass for the whole");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains("could not be kept: No such file"), "{said}");
    }
    let done = run(&["--chronic"], "3");
    assert_eq!(done.status.code(), Some(3));
    assert!(done.stdout.starts_with(b"1\n2\n3\n") && done.stdout.len() > 900_000, "{}", done.stdout.len());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("not all output could be kept"), "{said}");
}

#[test]
fn a_file_that_may_not_grow_is_a_full_disk() {
    let sandbox = Sandbox::new();
    let script = format!("ulimit -f 200; exec {RETRY} -O -- seq 500000");
    let mut command = std::process::Command::new("sh");
    let done = command.args(["-c", &script]).env("HOME", sandbox.path("")).output().unwrap();
    assert_eq!(done.status.code(), Some(125));
    assert_eq!(done.stdout, b"");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("File too large"), "{said}");
}

#[test]
fn held_output_that_is_refused_is_said_and_a_success_is_none() {
    let sandbox = Sandbox::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let done = sandbox.spawnable(["-O", "--log", "log", "--", "echo", "x"]).stdout(full()).output().unwrap();
    assert_eq!(done.status.code(), Some(125));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("stdout refused it: No space left"), "{said}");
    let stop = sandbox.read("log").lines().last().map(str::to_owned).unwrap();
    assert!(stop.contains(r#""outcome":"error""#) && stop.contains(r#""exit_code":125"#), "{stop}");
}

#[test]
fn a_reader_of_held_output_may_leave_early() {
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = sandbox.spawnable(["-O", "--", "echo", "x"]).stdout(writer).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_signal_ends_a_delivery_that_nobody_reads() {
    use std::os::unix::process::ExitStatusExt;
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let script = "seq 100000; echo $$ >pid";
    let mut child = sandbox.spawnable(["-O", "--", "sh", "-c", script]).stdout(writer).spawn().unwrap();
    crate::support::wait_for("a pid", || sandbox.read("pid").ends_with('\n'));
    let pid = sandbox.read("pid").trim().parse().unwrap();
    crate::support::wait_for("the command's end", || !crate::support::is_alive(pid));
    let mut ended = None;
    crate::support::wait_for("the end of retry", || {
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    let ended = ended.unwrap();
    // The first may have come before the command was reaped, and then it was the command's own end that counted.
    assert!(ended.signal() == Some(libc::SIGTERM) || ended.code() == Some(0), "{ended:?}");
    drop(reader);
}

#[test]
fn contradictions_are_refused() {
    let sandbox = Sandbox::new();
    for (options, named) in [
        (&["--chronic", "-O"][..], "--chronic (flag) and -O (flag) contradict"),
        (&["--chronic", "--stderr", "last"][..], "--chronic (flag) and --stderr last (flag) contradict"),
        (&["--stdout", "some"][..], "write stream or success or null"),
        (&["--log-tail", "much"][..], "is no size"),
    ] {
        let done = sandbox.retry([options, &["--", "touch", "ran"]].concat()).assert().code(125);
        let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(said.contains(named), "{options:?}: {said}");
        assert!(!sandbox.path("ran").exists());
    }
}

#[test]
fn a_command_that_was_told_to_stop_and_ended_well_has_its_output() {
    let sandbox = Sandbox::new();
    let out = std::fs::File::create(sandbox.path("out")).unwrap();
    for (code, written) in [(0, "part\ndone\n"), (3, "")] {
        let script = format!(
            "trap 'echo done; exit {code}' TERM; echo part; echo $$ >pid; while :; do sleep 0.02; done"
        );
        let mut child = sandbox
            .spawnable(["-O", "-q", "--", "sh", "-c", &script])
            .stdout(out.try_clone().unwrap())
            .spawn()
            .unwrap();
        crate::support::wait_for("a pid", || sandbox.read("pid").ends_with('\n'));
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(sandbox.read("out"), written);
        std::fs::remove_file(sandbox.path("pid")).unwrap();
        out.set_len(0).unwrap();
    }
}
