//! What is passed over matches nothing: each kind of search against another engine, line by line; then the matcher with a
//! search at work, however its stream is cut.

use proptest::prelude::*;
use regex_syntax::hir::Hir;

use super::super::lanes::Lanes;
use super::super::sequences;
use super::super::signatures::Signatures;
use super::super::{LineRegex, Matcher};
use super::{fed, outcome, pattern, reference, stream};

fn hirs(patterns: &[impl AsRef<str>]) -> Vec<Hir> {
    patterns.iter().map(|text| LineRegex::check(text.as_ref()).unwrap().hir().clone()).collect()
}

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

/// Where the lines begin that several lanes find.
fn by_lanes(patterns: &[impl AsRef<str>], lines: &[u8]) -> Vec<usize> {
    let mut lanes = Lanes::new(&hirs(patterns)).unwrap();
    // A second time with all states known.
    lanes.search(lines);
    lanes.search(lines);
    let mut at = 0;
    let mut all = Vec::new();
    while let Some(found) = lanes.next(at) {
        assert!(found.start >= at && found.end > found.start);
        let mut start = found.start;
        for line in lines[found.clone()].split_inclusive(|&byte| byte == b'\n') {
            all.push(start);
            start += line.len();
        }
        at = found.end;
    }
    all
}

/// Where the lines begin in which a sequence is found; `None` if one of the patterns asks for none.
fn by_signatures(patterns: &[impl AsRef<str>], lines: &[u8], sample: &[u8]) -> Option<Vec<usize>> {
    let sequences = sequences::whatever_rare(&hirs(patterns))?;
    if sequences.iter().any(Vec::is_empty) {
        return None;
    }
    let mut signatures = Signatures::new(sequences)?;
    if !sample.is_empty() {
        signatures.adapt(sample);
    }
    let mut at = 0;
    let mut all = Vec::new();
    while let Some(found) = signatures.find(lines, at) {
        let line_end = |from: usize| lines[from..].iter().position(|&byte| byte == b'\n').unwrap() + from + 1;
        let start = lines[..found].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        assert!(start >= at);
        all.push(start);
        at = line_end(found);
    }
    Some(all)
}

/// Some lines, with their ends, long enough to be divided.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(stream(), 1..30).prop_map(|parts| {
        let mut lines = parts.concat();
        lines.push(b'\n');
        lines
    })
}

/// Patterns that ask for something rare, mostly.
fn rare_pattern() -> impl Strategy<Value = String> {
    let rare = prop::sample::select(vec!["QZ", "(?i:QZ)", "Q[YZ]{2}", "Z+Q", "(QQ|ZZ)", "QZ?Z", r"Z\dQ"]);
    (pattern(), rare, pattern(), 0..10).prop_map(|(left, rare, right, any)| {
        if any == 0 { left } else { format!("(?:{left}){rare}(?:{right})") }
    })
}

/// Text in which they match now and then, among much in which they do not.
fn rare_stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => stream(),
        4 => prop::sample::select(vec!["QZ", "QYZ", "ZZQ", "qz", "ZQ", "Z1Q", "QZZ", "\nQZ", "ZZ\r\n"])
            .prop_map(|text| text.as_bytes().to_vec()),
        2 => (prop::sample::select(b"xab\n".to_vec()), 1_usize..3000).prop_map(|(byte, count)| vec![byte; count]),
        1 => (0_usize..100).prop_map(|count| b"yyy yyyy\n".repeat(count)),
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_search_passes_over_a_line_that_matches(
        patterns in prop::collection::vec(pattern(), 1..5),
        lines in lines(),
    ) {
        let matching = matching(&patterns, &lines);
        let found = by_lanes(&patterns, &lines);
        prop_assert!(matching.iter().all(|line| found.contains(line)), "{:?} of {:?}", found, matching);
        for sample in [&[][..], &lines] {
            if let Some(found) = by_signatures(&patterns, &lines, sample) {
                prop_assert!(matching.iter().all(|line| found.contains(line)), "{:?} of {:?}", found, matching);
            }
        }
    }

    #[test]
    fn the_matcher_sees_with_a_sieve_what_it_sees_without(
        patterns in prop::collection::vec(rare_pattern(), 1..12),
        stream in rare_stream(),
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
fn a_sequence_is_found_wherever_it_begins_and_ends() {
    let patterns = ["(?i)server busy", r"E\d\d", "QZ", "a rather long text that is worth no more"];
    for text in ["SERVER busy", "E42", "QZ", "a rather long text that is worth no more"] {
        for before in 0..80 {
            for after in [0, 1, 64] {
                let line = format!("{}{text}{}\n", "-".repeat(before), "-".repeat(after));
                let lines = format!("first line\n{line}last line\n");
                assert_eq!(by_signatures(&patterns, lines.as_bytes(), b"").unwrap(), [11], "{line}");
                assert_eq!(by_lanes(&patterns, lines.as_bytes()), [11], "{line}");
            }
        }
    }
}

#[test]
fn a_line_may_be_cut_everywhere_while_it_is_held() {
    for patterns in [
        &["connection refused$", "quux"][..],
        &["(?i)connection refused$", "Quu+x", "zzz", "qqq", "EAGAIN", "EINTR", "jjjj", "kkkkk", r"E\d\d\d"],
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
fn lanes_whose_cache_is_too_small_leave_the_lines_to_others() {
    let patterns = ["(a|b)*a(a|b){14}c", r"\d{40}"];
    let mut random = 1_u32;
    let mut lines = Vec::new();
    for number in 0..3000 {
        for _ in 0..60 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            lines.push(b"ab"[(random >> 24) as usize % 2]);
        }
        lines.extend_from_slice(if number % 1000 == 0 { b"abbbbbbbbbbbbbbc\n" } else { b"\n" });
    }
    let mut lanes = Lanes::new(&hirs(&patterns)).unwrap();
    lanes.search(&lines);
    for line in [0, 1000 * 61 + 16, 2000 * 61 + 32] {
        let mut at = 0;
        let mut found = false;
        while let Some(suspects) = lanes.next(at) {
            found |= suspects.contains(&line);
            at = suspects.end;
        }
        assert!(found, "{line}");
    }
    assert!(!lanes.is_worthwhile());
    let matched = fed(&patterns, lines.chunks(65_536));
    assert_eq!(matched.len(), 1);
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
fn lanes_see_the_ends_of_lines_that_have_carriage_returns() {
    for pattern in ["^foo$", r"\Afoo\z", "(?-R:^foo$)", r"(?-m:^foo$)", r"\bfoo\b"] {
        for line in ["foo\n", "foo\r\n", "foo\r\r\n"] {
            let lines = format!("other\n{line}other\r\n");
            assert_eq!(by_lanes(&[pattern], lines.as_bytes()), [6], "{pattern} {line:?}");
        }
        assert_eq!(by_lanes(&[pattern], b"\xfffo\r\noo\n_foo_\n"), [0; 0], "{pattern}");
    }
}
