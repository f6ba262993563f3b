//! Another process reads from the same pipe while attempts run.

use super::*;
use crate::support::Sandbox;

/// What the run printed, and what another reader got of the same bytes.
fn beside_another_reader(bytes: &[u8], block: usize, args: &[&str]) -> (Output, Vec<u8>) {
    let (reader, writer) = pipe_of(bytes.to_vec());
    let mut same = std::fs::File::from(reader.try_clone().expect("a copy"));
    let sandbox = Sandbox::new();
    let child = start(&sandbox, reader, args);
    let other = std::thread::spawn(move || {
        let (mut all, mut buffer) = (Vec::new(), vec![0; block]);
        loop {
            match same.read(&mut buffer).expect("it can be read") {
                0 => return all,
                read => all.extend_from_slice(&buffer[..read]),
            }
        }
    });
    let output = child.wait_with_output().expect("retry ends");
    let other = other.join().expect("the other is done");
    writer.join().expect("the writer is done");
    (output, other)
}

#[test]
fn both_get_the_same_bytes_once_at_most() {
    let bytes = noise(4 << 20);
    for block in [100, 4096, 65536] {
        let (output, other) = beside_another_reader(&bytes, block, &["-q", "--", "cat"]);
        let got = output.stdout.len() + other.len();
        // None is lost; as many as a pipe holds come to both.
        assert!(got >= bytes.len() && got <= bytes.len() + (64 << 10), "{block}: {got} bytes; {output:?}");
    }
}

#[test]
fn every_attempt_reads_what_the_first_one_read_beside_another_reader() {
    let bytes = noise(4 << 20);
    for block in [100, 4096, 65536] {
        let (output, other) = beside_another_reader(&bytes, block, &thrice("cat; exit 1"));
        let first = output.stdout.len() / 3;
        prints(&output, output.stdout[..first].repeat(3));
        assert!(first + other.len() >= bytes.len(), "{block}: {first} and {}", other.len());
    }
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn a_command_that_reads_nothing_takes_nothing_from_others() {
    let bytes = noise(1 << 20);
    let (output, other) = beside_another_reader(&bytes, 100, &thrice("exit 1"));
    assert_eq!(output.status.code(), Some(1));
    assert!(other == bytes);
}
