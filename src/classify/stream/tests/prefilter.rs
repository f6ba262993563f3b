//! Lines that are passed over match nothing: the search against another engine, line by line; then the matcher with a
//! search at work, however its stream is cut.

use proptest::prelude::*;

use super::super::prefilter::Prefilter;
use super::super::{LineRegex, Matcher};
use super::{fed, outcome, pattern, reference, stream};

/// Where the lines begin in which one of the patterns matches.
fn matching(patterns: &[impl AsRef<str>], lines: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut all = Vec::new();
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        if !reference(patterns, line).is_empty() {
            all.push(at);
        }
        at += line.len();
    }
    all
}

/// Where the lines begin that the prefilter finds; `None` if it does not search.
fn found(patterns: &[impl AsRef<str>], lines: &[u8]) -> Option<Vec<usize>> {
    let patterns: Vec<_> = patterns.iter().map(|text| LineRegex::check(text.as_ref()).unwrap()).collect();
    let mut prefilter = Prefilter::new(&patterns.iter().map(LineRegex::hir).collect::<Vec<_>>());
    if !prefilter.is_searching() {
        return None;
    }
    prefilter.begin(lines);
    let mut at = 0;
    let mut all = Vec::new();
    while let Some(found) = prefilter.next(lines, at) {
        assert!(found.start >= at && found.end > found.start && lines[found.end - 1] == b'\n');
        all.push(found.start);
        at = found.end;
    }
    Some(all)
}

/// Patterns that ask for something rare, mostly.
fn rare_pattern() -> impl Strategy<Value = String> {
    let rare =
        prop::sample::select(vec!["QZX", "(?i:QZX)", "Q[YZ]{2}", "Z+QXZ", "(QQX|ZZX)", "QZ?ZX", r"Z\dQXX"]);
    (pattern(), rare, pattern(), 0..10).prop_map(|(left, rare, right, any)| {
        if any == 0 { left } else { format!("(?:{left}){rare}(?:{right})") }
    })
}

/// Text in which they match now and then, among much in which they do not.
fn rare_stream(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => stream(),
        4 => prop::sample::select(vec!["QZX", "QYZ", "ZZQXZ", "qzx", "ZQXZ", "Z1QXX", "QZZX", "\nQZX", "ZZX\r\n"])
            .prop_map(|text| text.as_bytes().to_vec()),
        2 => (prop::sample::select(b"xab\n".to_vec()), 1..longest).prop_map(|(byte, count)| vec![byte; count]),
        1 => (0_usize..100).prop_map(|count| b"yyy yyyy\n".repeat(count)),
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

/// Some of it as whole lines.
fn rare_lines() -> impl Strategy<Value = Vec<u8>> {
    rare_stream(300).prop_map(|mut lines| {
        lines.push(b'\n');
        lines
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_search_passes_over_no_line_that_matches(
        patterns in prop::collection::vec(rare_pattern(), 1..5),
        lines in rare_lines(),
    ) {
        let matching = matching(&patterns, &lines);
        if let Some(found) = found(&patterns, &lines) {
            prop_assert!(matching.iter().all(|line| found.contains(line)), "{:?} of {:?}", found, matching);
        }
    }

    #[test]
    fn the_matcher_sees_with_a_prefilter_what_it_sees_without(
        patterns in prop::collection::vec(rare_pattern(), 1..12),
        stream in rare_stream(3000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut sifted = Matcher::new(&patterns.iter().map(|text| LineRegex::check(text).unwrap()).collect::<Vec<_>>());
        // Much of nothing, so that the search is made before it matters.
        sifted.feed(&[b'\n'; 8192]);
        sifted.rearm();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        for cut in cuts.windows(2) {
            sifted.feed(&stream[cut[0]..cut[1]]);
        }
        sifted.finish();
        // In small pieces there is no search.
        let plain = fed(&patterns, stream.chunks(1000));
        prop_assert_eq!(outcome(&sifted), plain);
    }
}

#[test]
fn a_literal_is_found_wherever_it_begins_and_ends() {
    let patterns = ["(?i)server busy", "E[45]A", "QZX", "a rather long text that is worth no more"];
    for text in ["SERVER busy", "E4A", "QZX", "a rather long text that is worth no more"] {
        for before in 0..80 {
            for after in [0, 1, 64] {
                let line = format!("{}{text}{}\n", "-".repeat(before), "-".repeat(after));
                let lines = format!("first line\n{line}last line\n");
                assert_eq!(found(&patterns, lines.as_bytes()).unwrap(), [11], "{line}");
            }
        }
    }
}

#[test]
fn a_line_may_be_cut_everywhere_while_it_is_held() {
    for patterns in [
        &["connection refused$", "quux"][..],
        &["(?i)connection refused$", "Quu+x", "zzz", "qqq", "EAGAIN", "EINTR", "jjjj", "kkkkk", "E1[23]4"],
        &["connection refused$", r"^[a-c]\d+:"],
    ] {
        let line = "a9 nothing here, then Connection refused, connection refused\r\r\n";
        let expected: Vec<_> = fed(patterns, [line.as_bytes()]);
        assert_eq!(expected.len(), 1);
        let mut stream = b"yyyy yyyy\n".repeat(1000);
        let start = stream.len();
        stream.extend_from_slice(line.as_bytes());
        stream.extend_from_slice(b"a line after it, without an end");
        for at in start..=stream.len() {
            let (one, other) = stream.split_at(at);
            assert_eq!(fed(patterns, [one, other]), expected, "{at}");
            let (two, three) = other.split_at(other.len().min(3));
            assert_eq!(fed(patterns, [one, two, three]), expected, "{at}");
        }
    }
}

#[test]
fn a_line_longer_than_what_is_held_is_seen_as_a_whole() {
    for length in [1000, 65_000, 65_536, 70_000, 200_000] {
        for chunk in [4096, 65_536] {
            let stream = format!("\n\nstart {} the end: connection refused\nmore", "x".repeat(length));
            let patterns = ["^start x* the end: connection", "refused$", "never"];
            let found = fed(&patterns, stream.as_bytes().chunks(chunk));
            assert_eq!(found.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>(), [0, 1]);
        }
    }
}

#[test]
fn a_search_that_finds_too_much_gives_way() {
    // Each line is suspect, and none matches.
    let patterns = ["^connection refused$", "QZQZQZ"];
    let many = ["QZ1", "QZ2", "QZ3", "QZ4", "QZ5", "QZ6", "QZ7", "QZ8", "QZ9", "^connection refused$"];
    for patterns in [&patterns[..], &many] {
        let mut stream = b"the connection refused to be\n".repeat(30_000);
        stream.extend_from_slice(b"connection refused\nconnection refused to be\n");
        let number = patterns.iter().position(|pattern| pattern.starts_with('^')).unwrap();
        assert_eq!(fed(patterns, stream.chunks(65_536)), [(number, "connection refused".to_owned())]);
    }
}

#[test]
fn a_byte_that_is_rare_enough_is_looked_for() {
    for (pattern, expected) in [("[0-9a-f].{40}!", Some(vec![4])), ("[0-9a-f].{40}e", None), (".{40}", None)]
    {
        assert_eq!(found(&[pattern], b"a e\n!b\nc\n"), expected, "{pattern}");
    }
}
