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
fn where_no_file_may_grow_output_and_input_are_kept_in_memory() {
    let sandbox = Sandbox::new();
    let lines: String = (1..=500_000).map(|n| format!("{n}\n")).collect();
    for command in [
        "-O -- seq 500000",
        "--chronic -n 1 -- sh -c 'seq 500000; exit 7'",
        "-q --delay 0 -- sh -c 'test $RETRY_ATTEMPT = 2 || { cat >/dev/null; exit 1; }; cat'",
    ] {
        let script = format!("ulimit -f 200; exec {RETRY} {command}");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).env("HOME", sandbox.path("")).stdin(std::process::Stdio::piped());
        let done = assert_cmd::Command::from_std(command).write_stdin(lines.clone()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.stdout == lines.as_bytes(), "{} bytes: {said}", done.stdout.len());
        assert_eq!(done.status.code(), Some(if script.contains("chronic") { 7 } else { 0 }), "{said}");
    }
}

#[test]
fn held_output_that_is_refused_is_said_and_a_success_is_none() {
    let sandbox = Sandbox::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let done = sandbox.spawnable(["-O", "--log", "log", "--", "echo", "x"]).stdout(full()).output().unwrap();
    assert_eq!(done.status.code(), Some(125));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("cannot write to stdout: No space left"), "{said}");
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
        (&["--chronic", "-O"][..], "--chronic (flag) and -O (flag) conflict"),
        (&["--chronic", "--stderr", "last"][..], "--chronic (flag) and --stderr last (flag) conflict"),
        (&["--stdout", "some"][..], "invalid --stdout 'some' (stream, success, null)"),
        (&["--log-tail", "much"][..], "invalid size"),
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

/// A failing run that writes this many numbers a line each, with all that it says, beneath a TMPDIR.
#[track_caller]
fn chronic(tmpdir: &std::path::Path, numbers: u32) -> (String, String) {
    let sandbox = Sandbox::new();
    let script = format!("seq {numbers}; exit 3");
    let words = ["--chronic", "--max", "1", "--", "sh", "-c", &script];
    let done = sandbox.retry(words).env("TMPDIR", tmpdir).assert().code(3);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&done.get_output().stdout), text(&done.get_output().stderr))
}

#[test]
#[cfg_attr(not(has_memfd), ignore = "needs memfd")]
fn without_a_directory_for_temporary_files_memory_has_to_do() {
    let sandbox = Sandbox::new();
    let (out, said) = chronic(&sandbox.path("nowhere"), 500_000);
    assert!(out.starts_with("1\n2\n") && out.ends_with("\n500000\n") && out.len() > 3_000_000);
    assert!(said.contains("attempt 1/1") && !said.contains("could not be kept"), "{said}");
    let words = ["-O", "--max", "1", "--", "seq", "500000"];
    let done = sandbox.retry(words).env("TMPDIR", sandbox.path("nowhere")).assert().success();
    assert!(done.get_output().stdout == out.as_bytes());
}

#[test]
fn of_more_than_can_be_kept_a_held_run_tells_the_end_and_what_is_missing() {
    let sandbox = Sandbox::new();
    let (out, said) = chronic(&sandbox.path("nowhere"), 10_000_000);
    assert!(out.ends_with("\n9999999\n10000000\n"), "{}", &out[out.len() - 100..]);
    let numbers: Vec<u32> = out.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!(numbers[0] > 1 && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole");
    let whole: usize = (1..=10_000_000_u32).map(|n| n.ilog10() as usize + 2).sum();
    let missing = said.lines().next().expect("a line");
    assert!(missing.contains(&format!("the first {} bytes", whole - out.len())), "{said}");
    assert!(said.contains("attempt 1/1 failed"), "{said}");
}

#[test]
fn on_a_full_disk_a_held_run_tells_the_end() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("small")).unwrap();
    // A mount of our own, where we may make one; it is gone with the shell.
    let script = "mount -t tmpfs -o size=4m none small && TMPDIR=$PWD/small exec \"$@\"";
    let words = ["--chronic", "--max", "1", "--", "sh", "-c", "seq 1000000; exit 3"];
    let mut command = assert_cmd::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", RETRY]).args(words);
    let output = command.current_dir(sandbox.path(".")).output().expect("unshare");
    if output.status.code() != Some(3) {
        // No mount can be made here.
        return;
    }
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.ends_with("\n1000000\n") && out.len() > 3_000_000, "{}", out.len());
    assert!(said.contains("No space left on device") && said.contains("attempt 1/1 failed"), "{said}");
}

#[test]
fn our_own_lines_are_told_when_what_was_kept_cannot_be_read() {
    if !std::process::Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return;
    }
    let sandbox = Sandbox::new();
    let inject = [
        "-f",
        "-o",
        "trace",
        "-e",
        "trace=pread64",
        "-P",
        "/memfd:retry-spool",
        "-e",
        "inject=pread64:error=EIO",
    ];
    let words = ["--chronic", "--max", "2", "--delay", "1ms", "--", "sh", "-c", "echo out; exit 3"];
    let mut command = assert_cmd::Command::new("strace");
    command.args(inject).arg(RETRY).args(words).current_dir(sandbox.path("."));
    let output = command.output().expect("strace");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("attempt 1/2 failed") && said.contains("attempt 2/2 failed"), "{said}");
}
