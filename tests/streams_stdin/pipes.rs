//! Pipes: replayed byte for byte, read exactly.

use std::io::Write;

use super::*;
use crate::support::{Sandbox, is_alive, wait_for};

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn a_loop_over_lines_loses_none() {
    let output = shell(&Sandbox::new(), r#"seq 3 | while read x; do "$R" -- true; echo $x; done"#);
    prints(&output, "1\n2\n3\n");
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn who_reads_next_goes_on_at_the_next_byte() {
    let script = r#"seq 100000 | ("$R" -- head -c 10 >/dev/null; head -c 30)"#;
    // seq prints 1, 2, … 9, 10 on lines: the tenth byte ends the line of 5.
    prints(&shell(&Sandbox::new(), script), "6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n1");
}

#[test]
fn every_attempt_reads_the_same_and_the_live_input_goes_on_behind_it() {
    let bytes = noise(3 << 20);
    let sandbox = Sandbox::new();
    // The first takes a little, the second more, the third all.
    for (first, second) in [(10, 20), (4096, 4097), (70_000, 1_500_000), (0, 1), (1_500_000, 10)] {
        let (reader, writer) = pipe_of(bytes.clone());
        let script = format!(
            "case $RETRY_ATTEMPT in 1) head -c {first} >one; exit 1;; 2) head -c {second} >two; exit 1;; *) cat;; esac"
        );
        let output = run(&sandbox, reader, &thrice(&script));
        prints(&output, &bytes);
        writer.join().expect("the writer is done");
        for (file, length) in [("one", first), ("two", second)] {
            let read = std::fs::read(sandbox.path(file)).expect("a file");
            assert!(
                read.starts_with(&bytes[..length]) && bytes.starts_with(&read),
                "{file} of {first}, {second}"
            );
        }
    }
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn what_no_attempt_has_read_is_left_behind() {
    let bytes = noise(500_000);
    let (reader, writer) = pipe_of(bytes.clone());
    let next = reader.try_clone().expect("a copy");
    let script = "head -c 12345 >/dev/null; [ $RETRY_ATTEMPT = 3 ]";
    let output = run(&Sandbox::new(), reader, &thrice(script));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(rest(std::fs::File::from(next)) == bytes[12345..]);
    writer.join().expect("the writer is done");
}

#[test]
fn much_more_than_memory_is_replayed_whatever_the_size_of_reads_and_writes() {
    let bytes = noise(5 << 20);
    for (piece, block) in [(1 << 20, "128k"), (5000, "3000"), (65536, "64k"), (200_000, "4k"), (511, "100k")]
    {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let writer = pour(writer, bytes.clone(), piece);
        let script = format!("dd bs={block} status=none; exit 1");
        let output = run(&Sandbox::new(), reader, &thrice(&script));
        prints(&output, bytes.repeat(3));
        writer.join().expect("the writer is done");
    }
}

#[test]
fn a_command_that_reads_a_byte_at_a_time_gets_every_byte() {
    let bytes = noise(100_000);
    let (reader, writer) = pipe_of(bytes.clone());
    let output = run(&Sandbox::new(), reader, &thrice("dd bs=1 status=none; exit 1"));
    prints(&output, bytes.repeat(3));
    writer.join().expect("the writer is done");
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn a_command_that_reads_nothing_takes_nothing() {
    let bytes = noise(60_000);
    let (reader, writer) = pipe_of(bytes.clone());
    let next = reader.try_clone().expect("a copy");
    let output = run(&Sandbox::new(), reader, &thrice("exit 9"));
    assert_eq!(output.status.code(), Some(9));
    assert!(rest(std::fs::File::from(next)) == bytes);
    writer.join().expect("the writer is done");
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn a_command_that_closes_its_stdin_is_no_trouble() {
    let (reader, writer) = pipe_of(noise(200_000));
    let next = reader.try_clone().expect("a copy");
    let output = run(&Sandbox::new(), reader, &thrice("exec <&-; sleep 0.1; exit 5"));
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert_eq!(rest(std::fs::File::from(next)).len(), 200_000);
    writer.join().expect("the writer is done");
}

#[test]
fn an_input_that_never_ends_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let output = run(&sandbox, reader, &thrice("exit 4"));
    assert_eq!(output.status.code(), Some(4));
    let (reader, mut full) = std::io::pipe().expect("a pipe");
    full.write_all(&[0; 1000]).expect("room");
    let output = run(&sandbox, reader, &thrice("head -c 10 | wc -c; exit 4"));
    prints(&output, "10\n10\n10\n");
    drop(writer);
}

#[test]
fn an_input_that_has_ended_before_the_start_is_empty_for_all() {
    let output = shell(&Sandbox::new(), r#": | "$R" -q -d 0 -- sh -c 'wc -c; exit 3'; echo $?"#);
    prints(&output, "0\n0\n0\n3\n");
}

#[test]
fn a_slow_writer_is_read_as_it_writes() {
    let sandbox = Sandbox::new();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let child = start(&sandbox, reader, &thrice("while read x; do echo $x >>$RETRY_ATTEMPT; done; exit 1"));
    let mut expected = String::new();
    for n in 0..20 {
        let line = format!("{n}\n");
        writer.write_all(line.as_bytes()).expect("somebody reads");
        expected += &line;
        wait_for("the line to be read", || sandbox.read("1") == expected);
    }
    drop(writer);
    child.wait_with_output().expect("retry ends");
    assert_eq!([sandbox.read("2"), sandbox.read("3")], [expected.clone(), expected]);
}

#[test]
fn a_command_that_waits_for_an_answer_to_what_it_read_gets_the_next_line() {
    // Each side waits for the other: nothing may be held back until more has come.
    let sandbox = Sandbox::new();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let script = "read a; echo got $a >>log; [ $RETRY_ATTEMPT = 2 ] || exit 1; read b; echo got $b >>log";
    let child = start(&sandbox, reader, &thrice(script));
    writer.write_all(b"one\n").expect("somebody reads");
    wait_for("both to read", || sandbox.read("log") == "got one\ngot one\n");
    writer.write_all(b"two\n").expect("somebody reads");
    wait_for("the second", || sandbox.read("log") == "got one\ngot one\ngot two\n");
    assert_eq!(child.wait_with_output().expect("retry ends").status.code(), Some(0));
}

#[test]
fn a_writer_that_dies_is_an_end() {
    let script =
        r#"(printf 'half a li'; kill -9 $(exec sh -c 'echo $PPID')) | "$R" -q -d 0 -- sh -c 'cat; exit 1'"#;
    prints(&shell(&Sandbox::new(), script), "half a li".repeat(3));
}

#[test]
fn a_fifo_that_gets_a_second_writer_is_no_busy_loop() {
    let sandbox = Sandbox::new();
    let script = r#"mkfifo f; (echo one >f) & "$R" -q -d 0 -- sh -c 'cat; [ $RETRY_ATTEMPT = 2 ]' <f"#;
    prints(&shell(&sandbox, script), "one\none\n");
}

#[test]
fn a_process_left_behind_with_the_old_pipe_holds_nobody_up_and_steals_nothing() {
    let sandbox = Sandbox::new();
    let bytes = noise(300_000);
    let (reader, writer) = pipe_of(bytes.clone());
    // It reads on after its attempt: the end of that attempt's pipe, not the next one's bytes.
    let script = "if [ $RETRY_ATTEMPT = 1 ]; then exec 3<&0; head -c 5 >/dev/null; \
                  (echo $$; until [ -e go ]; do sleep 0.01; done; cat <&3 >left; echo >done) <&3 >pid 2>&1 & \
                  exit 1; fi; cat; : >go";
    let output = run(&sandbox, reader, &thrice(script));
    prints(&output, &bytes);
    wait_for("the one left behind to read its end", || sandbox.path("done").exists());
    assert_eq!(sandbox.read("left"), "");
    writer.join().expect("the writer is done");
}

#[test]
fn a_timeout_does_not_wait_for_input() {
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let args =
        ["-q", "-d", "0", "--max", "2", "--timeout", "100ms", "--", "sh", "-c", "echo $$ >>pids; exec cat"];
    let output = run(&sandbox, reader, &args);
    assert_eq!(output.status.code(), Some(124));
    for pid in sandbox.read("pids").lines() {
        assert!(!is_alive(pid.parse().expect("a pid")));
    }
    drop(writer);
}

#[test]
fn one_retry_in_another_replays_twice() {
    let sandbox = Sandbox::new();
    let bytes = noise(2 << 20);
    let (reader, writer) = pipe_of(bytes.clone());
    let inner = r#""$R" -q -d 0 --max 2 -- sh -c 'cat; exit 1'"#;
    let mut command = sandbox.spawnable(["-q", "-d", "0", "--max", "2", "--", "sh", "-c", inner]);
    let output = command.env("R", crate::support::RETRY).stdin(reader).output().expect("retry runs");
    prints(&output, bytes.repeat(4));
    writer.join().expect("the writer is done");
}
