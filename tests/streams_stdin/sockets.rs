//! Connections: as exact as pipes.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::*;
use crate::support::Sandbox;

#[test]
fn every_attempt_reads_the_same_of_a_connection() {
    let bytes = noise(3 << 20);
    let (ours, theirs) = connection();
    let writer = pour(theirs, bytes.clone(), 10_000);
    let output = run(&Sandbox::new(), ours, &thrice("cat; exit 1"));
    prints(&output, bytes.repeat(3));
    writer.join().expect("the writer is done");
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn what_was_not_read_of_a_connection_is_left_in_it() {
    let bytes = noise(50_000);
    let (ours, theirs) = connection();
    let next = UnixStream::from(ours.try_clone().expect("a copy"));
    let writer = pour(theirs, bytes.clone(), usize::MAX);
    let script = "head -c 12345 >/dev/null; [ $RETRY_ATTEMPT = 3 ]";
    let output = run(&Sandbox::new(), ours, &thrice(script));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    writer.join().expect("the writer is done");
    assert!(rest(next) == bytes[12345..]);
}

#[test]
fn many_small_messages_hold_nobody_up() {
    // A socket may be full of far less than a pipe holds.
    let bytes = noise(20_000);
    let (ours, theirs) = connection();
    let writer = pour(theirs, bytes.clone(), 1);
    let output = run(&Sandbox::new(), ours, &thrice("cat; exit 1"));
    prints(&output, bytes.repeat(3));
    writer.join().expect("the writer is done");
}

#[test]
fn a_connection_that_stays_open_holds_nobody_up_and_a_half_closed_one_has_ended() {
    let sandbox = Sandbox::new();
    let (ours, theirs) = connection();
    assert_eq!(run(&sandbox, ours, &thrice("exit 4")).status.code(), Some(4));
    drop(theirs);
    let (ours, theirs) = connection();
    theirs.shutdown(Shutdown::Write).expect("half closed");
    prints(&run(&sandbox, ours, &thrice("wc -c; exit 4")), "0\n0\n0\n");
}

#[test]
fn tcp_is_replayed_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let theirs =
        std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let (ours, _) = listener.accept().expect("a connection");
    let bytes = noise(1 << 20);
    let writer = pour(theirs, bytes.clone(), 100_000);
    let output = run(&Sandbox::new(), OwnedFd::from(ours), &thrice("cat; exit 1"));
    prints(&output, bytes.repeat(3));
    writer.join().expect("the writer is done");
}

#[test]
fn what_is_no_stream_is_inherited() {
    let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().expect("a socket pair");
    theirs.send(b"message").expect("sent");
    let output = run(&Sandbox::new(), OwnedFd::from(ours), &thrice("head -c 7"));
    prints(&output, "message");
}
