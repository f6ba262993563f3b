//! Standard input: the same bytes for every attempt, and no byte taken that was not read.

mod files;
mod flags;
mod limits;
mod live;
mod modes;
mod named;
mod pipes;
mod refused;
mod shared;
mod sockets;

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Output, Stdio};
use std::thread::JoinHandle;

use crate::support::Sandbox;

/// Bytes without a pattern, the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Writes all of it from a thread, in pieces of `piece` bytes, then closes. A reader that is gone is no failure.
fn pour(mut to: impl Write + Send + 'static, bytes: Vec<u8>, piece: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for piece in bytes.chunks(piece) {
            if to.write_all(piece).is_err() {
                return;
            }
        }
    })
}

/// A pipe with something that is written into it.
fn pipe_of(bytes: Vec<u8>) -> (OwnedFd, JoinHandle<()>) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    (reader.into(), pour(writer, bytes, usize::MAX))
}

/// One end of a connection, and its other end.
fn connection() -> (OwnedFd, std::os::unix::net::UnixStream) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a socket pair");
    (ours.into(), theirs)
}

/// `retry` with these arguments, this stdin, and pipes for what it says.
fn start(sandbox: &Sandbox, stdin: impl Into<Stdio>, args: &[&str]) -> Child {
    let mut command = sandbox.spawnable(args);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("retry starts")
}

/// Runs it to its end.
fn run(sandbox: &Sandbox, stdin: impl Into<Stdio>, args: &[&str]) -> Output {
    start(sandbox, stdin, args).wait_with_output().expect("retry ends")
}

/// `sh -c` of this script, tried up to three times without waiting.
fn thrice(script: &str) -> [&str; 9] {
    ["-q", "--delay", "0", "--max", "3", "--", "sh", "-c", script]
}

fn rest(mut of: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    of.read_to_end(&mut bytes).expect("the rest can be read");
    bytes
}

/// A shell with `$R` as the binary under test.
fn shell(sandbox: &Sandbox, script: &str) -> Output {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).env("R", crate::support::RETRY).current_dir(sandbox.path("."));
    command.stdin(Stdio::null()).output().expect("a shell")
}

#[track_caller]
fn prints(output: &Output, expected: impl AsRef<[u8]>) {
    let expected = expected.as_ref();
    let (found, said) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let lengths = (found.len(), expected.len());
    assert!(found == expected, "{lengths:?} bytes, the first {same} equal; stderr: {said}");
}
