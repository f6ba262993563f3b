use proptest::prelude::*;

use super::*;

const STREAMS: [Stream; 3] = [Stream::Stdout, Stream::Stderr, Stream::Merged];

fn join(all: &mut Vec<(Stream, Vec<u8>)>, stream: Stream, bytes: &[u8]) {
    match all.last_mut() {
        _ if bytes.is_empty() => {}
        Some((last, all)) if *last == stream => all.extend(bytes),
        _ => all.push((stream, bytes.to_vec())),
    }
}

/// Everything, neighbours of one stream joined.
fn contents(held: &HeldOutput, piece: usize) -> Vec<(Stream, Vec<u8>)> {
    let mut all: Vec<(Stream, Vec<u8>)> = Vec::new();
    let (mut cursor, mut buffer) = (held.beginning(), vec![0; piece]);
    while let Some(read) = held.read(&mut cursor, &mut buffer).unwrap() {
        join(&mut all, read.stream, &buffer[..read.length]);
    }
    all
}

proptest! {
    #[test]
    fn output_comes_back_as_it_was_and_in_its_order(
        pieces in prop::collection::vec((0..4_usize, prop::collection::vec(any::<u8>(), 0..30)), 0..30),
        buffer in 1_usize..50,
    ) {
        let mut held = HeldOutput::default();
        let mut expected: Vec<(Stream, Vec<u8>)> = Vec::new();
        for (stream, bytes) in &pieces {
            if let Some(stream) = STREAMS.get(*stream) {
                held.append(*stream, bytes);
                join(&mut expected, *stream, bytes);
            } else {
                held.say(bytes.clone());
                join(&mut expected, Stream::Stderr, bytes);
            }
        }
        held.finish();
        prop_assert_eq!(contents(&held, buffer), expected);
    }
}

/// Appends numbered lines to both streams by turns, with notes in between, and returns them.
fn fill(held: &mut HeldOutput, lines: u32) -> Vec<(Stream, String)> {
    let mut all = Vec::new();
    for n in 0..lines {
        let stream = STREAMS[usize::from(n % 700 < 350)];
        let line = format!("{n} {}\n", "x".repeat(n as usize % 300));
        held.append(stream, line.as_bytes());
        all.push((stream, line));
        if n % 1000 == 0 {
            held.say(format!("note {n}\n").into_bytes());
        }
    }
    held.finish();
    all
}

#[test]
fn where_there_is_no_more_room_the_end_stays_and_our_own_lines_do() {
    let mut held = HeldOutput::default();
    held.keep_end();
    held.spool.backing = super::super::heap(super::super::MAX_HEAP_BYTES);
    let all = fill(&mut held, 60_000);
    let (_, bytes) = held.given_up().expect("something is missing");
    let missing = usize::try_from(bytes.expect("the beginning")).unwrap();
    assert!(held.lost().is_none() && missing > 7_000_000, "{missing}");
    let kept = contents(&held, 1000);
    for stream in [Stream::Stdout, Stream::Stderr] {
        let of_stream = |all: &[(Stream, Vec<u8>)]| -> String {
            let all = all.iter().filter(|(one, _)| *one == stream);
            all.map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap()).collect()
        };
        let kept = of_stream(&kept);
        let (notes, output): (Vec<_>, Vec<_>) =
            kept.split_inclusive('\n').partition(|line| line.starts_with("note"));
        assert_eq!(notes.len(), if stream == Stream::Stderr { 60 } else { 0 });
        let whole: String = all.iter().filter(|(one, _)| *one == stream).map(|(_, line)| &**line).collect();
        assert!(output.len() > 1000 && whole.ends_with(&output.concat()));
    }
    let there: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
    let notes: usize = (0..60).map(|n| format!("note {}\n", n * 1000).len()).sum();
    let whole: usize = all.iter().map(|(_, line)| line.len()).sum();
    assert_eq!(there - notes + missing, whole);
}

#[test]
fn where_all_is_wanted_the_beginning_is_kept_and_the_loss_is_known() {
    let mut held = HeldOutput::default();
    held.spool.backing = super::super::heap(super::super::MAX_HEAP_BYTES);
    fill(&mut held, 20_000);
    assert!(held.lost().is_some() && held.given_up().is_none());
}

#[test]
fn a_head_that_cannot_be_written_loses_nothing() {
    let mut held = HeldOutput::default();
    held.append(Stream::Stderr, b"before");
    // Long enough for bytes of it to pass for a head.
    held.append(Stream::Stdout, &[b'7'; 100]);
    let kept = super::super::file_of(&all_of(&held.spool)).unwrap();
    held.spool.backing = super::super::Backing::Disk(read_only(&kept));
    held.finish();
    assert!(held.lost().is_none() && held.unwritten.len() == 1);
    let expected = [(Stream::Stderr, b"before".to_vec()), (Stream::Stdout, vec![b'7'; 100])];
    assert_eq!(contents(&held, 30), expected);
}

#[test]
fn what_is_missing_in_the_file_is_an_error_and_read_once() {
    let mut held = HeldOutput::default();
    held.append(Stream::Stdout, b"there");
    held.unwritten.push((Run { stream: Stream::Stdout, start: 0 }, 100));
    let (mut cursor, mut buffer) = (held.beginning(), [0; 50]);
    assert_eq!(held.read(&mut cursor, &mut buffer).unwrap().map(|read| read.length), Some(5));
    assert!(held.read(&mut cursor, &mut buffer).is_err());
    assert!(held.read(&mut cursor, &mut buffer).unwrap().is_none());
}

fn all_of(spool: &Spool) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(spool.len()).unwrap()];
    assert_eq!(spool.read_at(&mut bytes, 0).unwrap(), bytes.len());
    bytes
}

/// The same file, which cannot be written through this.
fn read_only(file: &std::os::fd::OwnedFd) -> std::os::fd::OwnedFd {
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
    rustix::fs::open(path, rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap()
}

#[test]
fn more_can_be_kept_after_a_reading() {
    let mut held = HeldOutput::default();
    held.append(Stream::Stdout, b"a");
    held.finish();
    held.append(Stream::Stdout, b"b");
    held.finish();
    assert_eq!(contents(&held, 8), [(Stream::Stdout, b"ab".to_vec())]);
}
