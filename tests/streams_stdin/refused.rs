//! System calls that are refused, by a sandbox or for want of memory: the input is never shortened, doubled or empty
//! without a word. strace(1) refuses them.

use super::*;
use crate::support::Sandbox;

const REFUSALS: [&str; 5] = ["EPERM", "ENOSYS", "EINVAL", "EACCES", "ENOMEM"];
/// More than any of these runs writes.
const MUCH: u64 = 4 << 20;

/// A run whose system calls fail as `fault` says, with the numbers up to `last` on lines as its input. What it writes is
/// read up to a limit, beyond which it finds nobody who reads.
fn refused(fault: &str, last: u32, args: &[&str]) -> (String, Output) {
    let plain = Sandbox::new().spawnable(args);
    let mut command = std::process::Command::new("timeout");
    command.args(["-s", "KILL", "60", "strace", "-o", "/dev/null", "-e"]);
    let call = fault.split(':').next().unwrap_or(fault);
    command.arg(format!("trace={call}")).args(["-e", &format!("inject={fault}")]);
    command.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("HOME", "/nonexistent");
    let (reader, writer) = pipe_of(numbers(last).into_bytes());
    command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("timeout(1) and strace(1)");
    // It holds the reading end.
    drop(command);
    let mut printed = String::new();
    let mut stdout = child.stdout.take().expect("a pipe").take(MUCH);
    stdout.read_to_string(&mut printed).expect("text");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer is done");
    (printed, output)
}

fn numbers(last: u32) -> String {
    (1..=last).map(|number| format!("{number}\n")).collect()
}

/// Whatever is refused: two attempts read all of it, or one does and it is said why there is no other.
#[track_caller]
fn is_whole(fault: &str) {
    let all = numbers(20_000);
    let args = ["-d", "1ms", "--max", "2", "--", "sh", "-c", "cat; exit 7"];
    let (printed, output) = refused(fault, 20_000, &args);
    let said = String::from_utf8_lossy(&output.stderr);
    let once = printed == all && said.contains("stdin cannot be replayed");
    assert!(once || printed == all.repeat(2), "{fault}: {} bytes; {said}", printed.len());
    assert_eq!(output.status.code(), Some(7), "{fault}: {said}");
}

#[test]
#[cfg_attr(not(has_creation_flags), ignore = "needs creation_flags")]
fn a_command_reads_all_whichever_call_is_refused_at_first() {
    for call in ["tee", "splice", "ioctl", "fcntl"] {
        for (refusal, when) in REFUSALS.into_iter().zip(["1", "1+", "2", "1+", "2+"]) {
            // The first fcntl(2) of all is the runtime's.
            let when = if call == "fcntl" { when.replace('1', "6") } else { when.to_owned() };
            let (printed, output) = refused(
                &format!("{call}:error={refusal}:when={when}"),
                2,
                &["-q", "--max", "2", "--", "cat"],
            );
            assert_eq!((&*printed, output.status.code()), ("1\n2\n", Some(0)), "{call} {refusal} {when}");
        }
    }
}

#[test]
fn two_attempts_read_all_however_late_a_copy_is_refused() {
    for (refusal, when) in REFUSALS.into_iter().zip(["1", "2", "3", "4", "5"]) {
        is_whole(&format!("tee:error={refusal}:when={when}"));
    }
    for (refusal, when) in REFUSALS.into_iter().zip(["3+", "1+", "2+", "4+", "5+"]) {
        is_whole(&format!("tee:error={refusal}:when={when}"));
    }
}

#[test]
fn two_attempts_read_all_however_late_a_move_is_refused() {
    for (refusal, when) in REFUSALS.into_iter().zip(["1", "2", "3", "4", "5"]) {
        is_whole(&format!("splice:error={refusal}:when={when}"));
    }
    for (refusal, when) in REFUSALS.into_iter().zip(["3+", "1+", "2+", "4+", "5+"]) {
        is_whole(&format!("splice:error={refusal}:when={when}"));
    }
}

/// What it is, where it stands, or how it is open is not told.
#[test]
fn what_cannot_be_looked_at_is_read_by_one_attempt() {
    is_whole("fstat:error=EPERM:when=1+");
    let sandbox = Sandbox::new();
    sandbox.write("in", numbers(3));
    for fault in ["fstat:error=EPERM", "lseek:error=EPERM:when=1+", "lseek:error=EACCES:when=2+"] {
        let plain = sandbox.spawnable(["-d", "1ms", "--max", "2", "--", "sh", "-c", "cat; exit 7"]);
        let mut command = std::process::Command::new("strace");
        command.args(["-o", "/dev/null", "-e", &format!("inject={fault}")]);
        command.arg(plain.get_program()).args(plain.get_args()).current_dir(sandbox.path("."));
        let output = command.stdin(std::fs::File::open(sandbox.path("in")).expect("a file")).output();
        let output = output.expect("strace(1)");
        let said = String::from_utf8_lossy(&output.stderr);
        let why = "stdin cannot be replayed: ";
        assert_eq!(
            (&*output.stdout, output.status.code()),
            (numbers(3).as_bytes(), Some(7)),
            "{fault}: {said}"
        );
        assert!(said.contains(why), "{fault}: {said}");
    }
}

#[test]
#[cfg_attr(not(has_creation_flags), ignore = "needs creation_flags")]
fn without_a_pipe_for_it_the_first_attempt_is_the_last() {
    // Of those that are made at the start, one is for what is copied, and one is the command's.
    for when in ["2", "3"] {
        for refusal in ["EMFILE", "ENFILE", "EPERM"] {
            let fault = format!("pipe2:error={refusal}:when={when}");
            let (printed, output) =
                refused(&fault, 20_000, &["-d", "1ms", "--max", "2", "--", "sh", "-c", "cat; exit 7"]);
            let said = String::from_utf8_lossy(&output.stderr);
            let all = numbers(20_000);
            let fits = match output.status.code() {
                Some(7) => printed == all.repeat(2) || printed == all && said.contains("cannot be replayed"),
                // It could not even begin.
                code => code == Some(125) && printed.is_empty() && said.contains("retry: "),
            };
            assert!(fits, "{fault}: {} bytes, {:?}; {said}", printed.len(), output.status);
        }
    }
}

#[test]
fn a_runtime_that_cannot_watch_is_no_reason_to_wait_for_ever() {
    // No room for another watched descriptor (fs.epoll.max_user_watches).
    for when in ["1+", "2+", "3+", "4+"] {
        let fault = format!("epoll_ctl:error=ENOSPC:when={when}");
        let args = ["-q", "-d", "1ms", "--max", "2", "--", "sh", "-c", "cat; exit 7"];
        let (printed, output) = refused(&fault, 20_000, &args);
        match output.status.code() {
            Some(7) => assert!(printed == numbers(20_000).repeat(2), "{fault}: {} bytes", printed.len()),
            code => assert_eq!((code, &*printed), (Some(125), ""), "{fault}: {output:?}"),
        }
    }
}

#[test]
#[cfg_attr(not(has_memfd), ignore = "needs memfd")]
fn memory_serves_where_there_is_no_directory_and_a_directory_where_there_is_no_memory() {
    is_whole("memfd_create:error=ENOSYS:when=1+");
    let bytes = noise(2 << 20);
    let (reader, writer) = pipe_of(bytes.clone());
    let mut command = Sandbox::new().spawnable(thrice("cat; exit 7"));
    let output = command.env("TMPDIR", "/nonexistent").env("HOME", "/").stdin(reader).current_dir("/");
    prints(&output.output().expect("retry runs"), bytes.repeat(3));
    writer.join().expect("the writer is done");
}
