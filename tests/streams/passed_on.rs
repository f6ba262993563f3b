//! Captured output that is passed on as it comes. `--idle-timeout` has it captured.

use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::supervision::program::{End, command, run};
use crate::support::{RETRY, Sandbox, is_alive, wait_for};

/// Captured, with time enough.
const WATCHED: [&str; 4] = ["--idle-timeout", "50", "--delay", "0"];

fn watched(sandbox: &Sandbox, more: &[&str], script: &str) -> Command {
    sandbox.spawnable([&WATCHED, more, &["--", "sh", "-c", script]].concat())
}

/// Bytes of every value that never repeat for long.
fn noise(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

/// A child whose stdout nobody reads yet.
fn unread(mut command: Command) -> (Child, PipeReader) {
    let (reader, writer) = pipe().unwrap();
    let child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    (child, reader)
}

fn pid_in(sandbox: &Sandbox, file: &str) -> i32 {
    wait_for("a pid", || sandbox.read(file).ends_with('\n'));
    sandbox.read(file).trim().parse().unwrap()
}

#[test]
fn any_bytes_of_any_size_come_through_as_they_were() {
    let sandbox = Sandbox::new();
    let (out, err) = (noise(3_000_001), noise(700_003));
    sandbox.write("out", &out);
    sandbox.write("err", &err);
    let done = watched(&sandbox, &[], "cat err >&2; cat out").output().unwrap();
    assert!(done.status.success());
    assert!(done.stdout == out, "{} of {} bytes", done.stdout.len(), out.len());
    assert!(done.stderr == err, "{} of {} bytes", done.stderr.len(), err.len());
}

#[test]
fn every_byte_of_a_flood_is_seen_and_passed_on() {
    let sandbox = Sandbox::new();
    let mut all = noise(3_000_001);
    all.splice(2_000_000..2_000_000, *b"\nneedle 42\n");
    sandbox.write("all", &all);
    let options = ["--delay", "0", "--log", "log", "--retry-match", r"stdout:^needle \d+$"];
    let script = "cat all; test $RETRY_ATTEMPT = 2";
    let done = sandbox.spawnable([&options[..], &["--", "sh", "-c", script]].concat()).output().unwrap();
    assert!(done.status.success());
    assert!(done.stdout == [&*all, &*all].concat(), "{} of twice {} bytes", done.stdout.len(), all.len());
    assert!(sandbox.read("log").contains(r#""quote":"needle 42""#), "the line was not seen");
}

#[test]
fn two_streams_that_lead_to_one_file_keep_their_order() {
    let sandbox = Sandbox::new();
    let file = File::create(sandbox.path("both")).unwrap();
    let script = "n=0; while [ $((n+=1)) -le 200 ]; do echo o$n; echo e$n >&2; done";
    let status =
        watched(&sandbox, &[], script).stdout(file.try_clone().unwrap()).stderr(file).status().unwrap();
    assert!(status.success());
    let lines: Vec<_> = (1..=200).map(|n| format!("o{n}\ne{n}\n")).collect();
    let expected = lines.concat();
    assert_eq!(sandbox.read("both"), expected);
}

#[test]
fn the_output_of_every_attempt_is_passed_on() {
    let sandbox = Sandbox::new();
    let script = "echo $RETRY_ATTEMPT; test $RETRY_ATTEMPT = 3";
    let done = watched(&sandbox, &[], script).output().unwrap();
    assert_eq!(done.stdout, b"1\n2\n3\n");
    assert!(done.status.success());
}

#[test]
fn a_line_without_end_is_seen_while_the_command_runs() {
    let sandbox = Sandbox::new();
    let (mut child, mut reader) =
        unread(watched(&sandbox, &[], "printf 'password: '; while [ ! -e go ]; do sleep 0.01; done"));
    let mut prompt = [0; 10];
    reader.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"password: ");
    sandbox.write("go", "");
    assert!(child.wait().unwrap().success());
}

#[test]
#[cfg_attr(not(has_subreaper), ignore = "needs subreaper")]
fn who_holds_the_streams_after_the_commands_end_is_not_waited_for() {
    for leaker in ["sleep 50", "while sleep 0.01; do echo more; done"] {
        let sandbox = Sandbox::new();
        let done = watched(&sandbox, &[], &format!("({leaker}) & echo $! >pid; echo done")).output().unwrap();
        assert!(done.status.success());
        assert!(
            done.stdout.starts_with(b"done\n") || done.stdout.starts_with(b"more\n"),
            "{:?}",
            done.stdout
        );
        let pid = pid_in(&sandbox, "pid");
        assert!(is_alive(pid), "{leaker}");
        Command::new("kill").arg(pid.to_string()).status().unwrap();
    }
}

#[test]
fn a_slow_reader_gets_everything_that_the_command_wrote() {
    let sandbox = Sandbox::new();
    let all = noise(90_000);
    sandbox.write("all", &all);
    // More than the reader's pipe holds, less than all pipes on the way do: the command ends before anybody reads.
    let (mut child, mut reader) = unread(watched(&sandbox, &[], "cat all; echo $$ >pid"));
    let pid = pid_in(&sandbox, "pid");
    wait_for("the command's end", || !is_alive(pid));
    std::thread::sleep(Duration::from_millis(400));
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == all, "{} of {} bytes", read.len(), all.len());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_is_gone_ends_the_command_and_the_run() {
    let sandbox = Sandbox::new();
    let script = "printf x >>count; exec yes";
    let (mut child, mut reader) = unread(watched(&sandbox, &[], script));
    let mut some = [0; 4];
    reader.read_exact(&mut some).unwrap();
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    assert_eq!(sandbox.count("count"), 1);
}

#[test]
fn a_reader_that_does_not_read_keeps_the_command_from_writing_and_nothing_else() {
    let sandbox = Sandbox::new();
    let script = "echo $$ >pid; exec yes";
    let words = ["--idle-timeout", "0.3", "--max", "1", "--", "sh", "-c", script];
    let (mut child, reader) = unread(sandbox.spawnable(words));
    let pid = pid_in(&sandbox, "pid");
    // Longer than it may be silent: it is not the command that is.
    std::thread::sleep(Duration::from_millis(900));
    assert!(is_alive(pid));
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    wait_for("the command's end", || !is_alive(pid));
    drop(reader);
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
}

#[test]
fn a_timeout_stops_a_command_whose_reader_does_not_read() {
    let sandbox = Sandbox::new();
    let words = [
        "--timeout",
        "0.3",
        "--max",
        "1",
        "--idle-timeout",
        "50",
        "--",
        "sh",
        "-c",
        "echo $$ >pid; exec yes",
    ];
    let (mut child, mut reader) = unread(sandbox.spawnable(words));
    let pid = pid_in(&sandbox, "pid");
    wait_for("the command's end", || !is_alive(pid));
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!(rest.len() >= 65_536 && rest.chunks(2).all(|line| line == b"y\n"), "{}", rest.len());
    assert_eq!(child.wait().unwrap().code(), Some(124));
}

#[test]
#[cfg_attr(not(has_process_list), ignore = "needs process_list")]
fn a_timeout_is_not_prolonged_by_grandchildren_that_hold_the_streams() {
    let sandbox = Sandbox::new();
    let script = "sleep 500 & (sleep 500 &) ; echo $! >pid; sleep 500";
    let words =
        ["--timeout", "0.3", "--max", "2", "--delay", "0", "--idle-timeout", "500", "--", "sh", "-c", script];
    sandbox.retry(words).assert().code(124);
    assert!(!is_alive(pid_in(&sandbox, "pid")));
}

#[test]
fn who_asks_twice_does_not_wait_for_the_reader() {
    let sandbox = Sandbox::new();
    sandbox.write("all", noise(90_000));
    let (mut child, _reader) = unread(watched(&sandbox, &[], "cat all; echo $$ >pid"));
    let pid = pid_in(&sandbox, "pid");
    wait_for("the command's end", || !is_alive(pid));
    let mut ended = None;
    wait_for("the end of retry", || {
        Command::new("kill").args(["-TERM", &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0), "the command's own end");
}

#[test]
fn a_command_that_is_silent_too_long_is_stopped_like_one_that_takes_too_long() {
    let sandbox = Sandbox::new();
    let script = "n=0; while [ $((n+=1)) -le 8 ]; do echo $n; sleep 0.1; done; echo $$ >pid; exec sleep 50";
    let words = ["--idle-timeout", "0.6", "--max", "1", "--", "sh", "-c", script];
    let done = sandbox.retry(words).assert().code(124);
    let output = done.get_output();
    assert_eq!(output.stdout, b"1\n2\n3\n4\n5\n6\n7\n8\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no output for 600ms"), "{said}");
    assert!(!is_alive(pid_in(&sandbox, "pid")));
}

#[test]
fn a_full_disk_is_never_a_success() {
    let sandbox = Sandbox::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let done = watched(&sandbox, &[], "echo lost").stdout(full()).output().unwrap();
    assert_eq!(done.status.code(), Some(125));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("lost") && said.contains("No space left"), "{said}");
    // Whoever writes on learns of it as without us.
    let done =
        watched(&sandbox, &["--max", "2"], "printf x >>count; exec yes").stdout(full()).output().unwrap();
    assert_eq!(done.status.code(), Some(141));
    assert_eq!(sandbox.count("count"), 2);
    // Messages that can't be written are no reason to fail.
    let done = watched(&sandbox, &[], "echo message >&2; echo fine").stderr(full()).output().unwrap();
    assert!(done.status.success());
    assert_eq!(done.stdout, b"fine\n");
}

#[test]
fn none_of_our_descriptors_reach_the_command() {
    // One shell starts both, so that both have what other tests left open in it.
    let script = "\"$R\" -- \"$F\" fds >plain; \"$R\" \"$0\" -- sh -c '\"$F\" fds >fds'";
    for mode in ["--idle-timeout=50", "--chronic", "-O", "--stderr=last", "--stdout=null"] {
        let sandbox = Sandbox::new();
        assert_eq!(run(&mut command(&sandbox, &["sh", "-c", script, mode])), End::Code(0));
        assert_eq!(sandbox.read("fds"), sandbox.read("plain"), "{mode}");
    }
}

#[test]
fn a_closed_stream_stays_closed() {
    for mode in ["--idle-timeout=50", "--chronic", "-O", "--stdout=null"] {
        let sandbox = Sandbox::new();
        let line = format!("exec \"$0\" {mode} -- sh -c 'test -e /proc/self/fd/1 || touch closed' >&-");
        let mut command = Command::new("sh");
        command.args(["-c", &line, RETRY]).current_dir(sandbox.path("")).env("HOME", sandbox.path(""));
        assert!(command.stdin(Stdio::null()).status().unwrap().success(), "{mode}");
        assert!(sandbox.path("closed").exists(), "{mode}");
    }
}

#[test]
fn a_stream_that_nobody_needs_stays_the_same_descriptor() {
    let sandbox = Sandbox::new();
    let file = File::create(sandbox.path("err")).unwrap();
    let words = ["-O", "--", "sh", "-c", "readlink /proc/self/fd/2"];
    let done = sandbox.spawnable(words).stderr(file).output().unwrap();
    let link = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(link.trim(), sandbox.path("err").canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn a_socket_is_written_to_without_being_changed() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let sandbox = Sandbox::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let kept = theirs.try_clone().unwrap();
    let all = noise(1_000_000);
    sandbox.write("all", &all);
    let mut child = watched(&sandbox, &[], "cat all").stdout(OwnedFd::from(theirs)).spawn().unwrap();
    let mut read = vec![0; all.len()];
    (&ours).read_exact(&mut read).unwrap();
    assert!(read == all);
    assert!(child.wait().unwrap().success());
    assert!(!rustix::fs::fcntl_getfl(&kept).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
}

#[test]
fn a_pipe_keeps_its_flags() {
    let sandbox = Sandbox::new();
    let (mut reader, writer) = pipe().unwrap();
    let kept = writer.try_clone().unwrap();
    let script = "while [ ! -e go ]; do sleep 0.01; done";
    let mut child = watched(&sandbox, &[], &format!("echo begun; {script}")).stdout(writer).spawn().unwrap();
    let mut begun = [0; 6];
    reader.read_exact(&mut begun).unwrap();
    assert!(!rustix::fs::fcntl_getfl(&kept).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    sandbox.write("go", "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_message_begins_a_new_line_where_output_is_seen_to_end_within_one() {
    let sandbox = Sandbox::new();
    let failed = "retry: attempt 1/1 failed (exit 7): no attempts left\n";
    let text = |options: &[&str], script: &str| {
        let line = [&["--max", "1"], options, &["--", "sh", "-c", script]].concat();
        sandbox.run(line).exits(7).stderr
    };
    let torn = "printf '\\r90%%' >&2; exit 7";
    for (options, script, begins) in [
        (&["--profile", "generic"][..], torn, "\r90%\n"),
        (&["--chronic"], torn, "\r90%\n"),
        (&["--profile", "generic"], "echo 90% >&2; exit 7", "90%\n"),
        (&["--profile", "generic", "--stderr", "null"], torn, ""),
        // Of what is not captured nothing is known.
        (&["--profile", "none"], torn, "\r90%"),
    ] {
        assert!(text(options, script).starts_with(&format!("{begins}{failed}")), "{options:?} {script}");
    }
    let held = ["--stderr", "last", "--max", "2", "--permanent-on", "7"];
    assert!(text(&held, torn).starts_with("\r90%\nretry: attempt 1/2"), "what was held is passed on first");
    let json = text(&["--profile", "generic", "--message-format", "json"], torn);
    assert!(json.starts_with("\r90%\n{"), "{json}");
}
