//! What patterns see, in a table; that chunks do not matter, as a property; that memory does not grow.

use proptest::prelude::*;
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;

use super::{LineRegex, Matcher};

mod prefilter;

fn matcher(patterns: &[impl AsRef<str>]) -> Matcher {
    let patterns: Vec<_> = patterns.iter().map(|text| LineRegex::check(text.as_ref()).unwrap()).collect();
    Matcher::new(&patterns)
}

/// The patterns matched, with their lines.
fn outcome(matcher: &Matcher) -> Vec<(usize, String)> {
    matcher.matched().map(|pattern| (pattern, matcher.line(pattern).unwrap().to_owned())).collect()
}

fn fed<'a>(patterns: &[impl AsRef<str>], chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(usize, String)> {
    let mut matcher = matcher(patterns);
    chunks.into_iter().for_each(|chunk| matcher.feed(chunk));
    matcher.finish();
    outcome(&matcher)
}

/// The patterns that match by another engine, line by line.
fn reference(patterns: &[impl AsRef<str>], stream: &[u8]) -> Vec<usize> {
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .crlf(true)
        .dot_matches_new_line(true);
    let mut lines: Vec<_> = stream.split(|&byte| byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let matches = |pattern: &str| {
        let vm = PikeVM::builder()
            .syntax(syntax)
            .thompson(thompson::Config::new().utf8(false))
            .build(pattern)
            .unwrap();
        let mut cache = vm.create_cache();
        lines.iter().any(|line| {
            let end = line.iter().rposition(|&byte| byte != b'\r').map_or(0, |at| at + 1);
            vm.is_match(&mut cache, &line[..end])
        })
    };
    (0..patterns.len()).filter(|&pattern| matches(patterns[pattern].as_ref())).collect()
}

#[test]
fn patterns_see_lines_of_bytes() {
    for (pattern, stream, matches) in [
        ("foo", &b"a foo b\n"[..], true),
        ("foo", b"foo", true),
        ("foo", b"fo\no", false),
        ("(?i)foo", b"FoO", true),
        // Anchors are those of lines.
        ("^foo$", b"bar\nfoo\nbar", true),
        ("^foo$", b"foo", true),
        ("^foo", b"a foo", false),
        (r"\Afoo\z", b"bar\nfoo\nbar", true),
        ("(?-m)^foo$", b"bar\nfoo\nbar", true),
        ("^$", b"", false),
        ("^$", b"foo\n", false),
        ("^$", b"foo\n\n", true),
        ("", b"", false),
        ("", b"\n", true),
        // Nothing crosses a newline.
        ("a.b", b"a\nb", false),
        ("(?s)a.b", b"a\nb", false),
        (r"a\sb", b"a\nb", false),
        ("a[^x]b", b"a\nb", false),
        (r"a[\r\n]b", b"a\nb", false),
        ("(?s)a.*b", b"a\n\n\nb\n", false),
        // A carriage return before the newline belongs to it.
        ("^foo$", b"foo\r\n", true),
        ("^foo$", b"foo\r\r\n", true),
        ("^foo$", b"foo\r", true),
        ("(?-R)foo$", b"foo\r\n", true),
        (r"foo\s", b"foo\r\n", false),
        ("^$", b"foo\r\n", false),
        ("^$", b"foo\r\n\r\n", true),
        ("^$", b"\r", true),
        // Elsewhere it is a byte of the line beside which anchors hold.
        ("^foo$", b"10%\rfoo\r20%\n", true),
        ("10%.foo", b"10%\rfoo\n", true),
        (r"10%\r+foo", b"10%\r\r\rfoo\n", true),
        (r"\Afoo", b"10%\rfoo\n", false),
        // Word boundaries and classes are those of ASCII.
        (r"\bfoo\b", b"a foo, b", true),
        (r"\bfoo\b", b"afoo", false),
        (r"\bfoo\b", b"foo_", false),
        (r"\bfoo\b", b"foo\n", true),
        (r"\bfoo\b", b"\xc3\xa9foo\xc3\xa9", true),
        (r"^\w+$", b"\xc3\xa9\n", false),
        // Bytes are bytes.
        ("a.b", b"a\0b", true),
        ("a.b", b"a\xffb", true),
        (r"\x00\xff", b"\x00\xff", true),
        ("caf\u{e9}", "le caf\u{e9}\n".as_bytes(), true),
        ("caf\u{e9}+!", "caf\u{e9}\u{e9}!".as_bytes(), true),
        (r"(?-u:\xe9)", b"\xe9", true),
    ] {
        let found = !fed(&[pattern], [stream]).is_empty();
        assert_eq!(found, matches, "{pattern} on {:?}", stream.escape_ascii().to_string());
        assert_eq!(reference(&[pattern], stream).is_empty(), !matches, "{pattern}, by the reference");
    }
}

#[test]
fn a_line_may_be_written_in_two_at_every_byte() {
    let patterns = [
        r"(?i)\bconnection refused\b",
        r"^curl: \(\d+\)",
        r"refused$",
        "^10%$",
        r"\bEOF\b",
        "caf\u{e9}",
        r"\x00\x80",
        "never there",
    ];
    let stream = "a\r\ncurl: (7) Connection refused\r\n10%\r20%\rlast caf\u{e9} \0\u{80} EOF\nend".as_bytes();
    let whole = fed(&patterns, [stream]);
    assert_eq!(whole.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    for at in 0..=stream.len() {
        let (one, other) = stream.split_at(at);
        assert_eq!(fed(&patterns, [one, other]), whole, "split at {at}");
    }
    assert_eq!(fed(&patterns, stream.chunks(1)), whole);
}

#[test]
fn a_match_may_lie_across_each_edge_of_the_pieces() {
    const EDGE: usize = 64 * 1024;
    let needle = b"\nxx connection refused yy\n";
    for filler in [b'\n', b'x', b'\r'] {
        for at in EDGE - needle.len() - 1..=EDGE + 1 {
            let mut stream = vec![filler; at];
            stream.extend_from_slice(needle);
            stream.resize(EDGE + 100, filler);
            let patterns = [r"\bconnection refused\b", "^xx.*yy$", r"^\d.$"];
            let expected = [0, 1].map(|pattern| (pattern, "xx connection refused yy".to_owned()));
            assert_eq!(fed(&patterns, [&stream[..]]), expected, "{filler} at {at}");
            assert_eq!(
                fed(&patterns[..1], stream.chunks(EDGE)),
                expected[..1],
                "{filler} at {at}, in chunks"
            );
        }
    }
}

#[test]
fn the_line_of_the_first_match_is_quoted() {
    let long = format!("start {} foo", "x".repeat(1000));
    let shortened = format!("start {}…", "x".repeat(194));
    for (stream, line) in [
        ("a\nfirst foo\nsecond foo\n", "first foo"),
        ("first foo", "first foo"),
        ("\x1b[31mfoo\x1b[0m\r\n", "foo"),
        ("10%\r20% foo 30\r40%\n", "20% foo 30"),
        ("10%\r\rfoo\r\r40%\n", "foo"),
        ("foo\r", "foo"),
        (long.as_str(), shortened.as_str()),
    ] {
        for size in 1..=stream.len().min(40) {
            let found = fed(&["foo"], stream.as_bytes().chunks(size));
            assert_eq!(found, [(0, line.to_owned())], "{stream:?} in chunks of {size}");
        }
    }
}

#[test]
fn a_match_is_known_before_its_line_ends() {
    let mut matcher = matcher(&["foo", "bar"]);
    matcher.feed(b"a foo ");
    assert_eq!(matcher.matched().collect::<Vec<_>>(), [0]);
    assert_eq!(matcher.line(0), None);
    matcher.feed(&[b'y'; 300]);
    assert!(matcher.line(0).unwrap().starts_with("a foo yyy"));
}

#[test]
fn nothing_is_compiled_before_the_first_byte() {
    let mut matcher = matcher(&["foo"]);
    matcher.feed(b"");
    matcher.finish();
    assert_eq!(matcher.memory(), (0, 0));
    matcher.feed(b"x");
    assert_ne!(matcher.memory().0, 0);
}

#[test]
fn when_all_have_matched_the_rest_is_not_looked_at() {
    let mut matcher = matcher(&["foo", "bar"]);
    matcher.feed(b"foo bar and the rest");
    assert!(matcher.is_done());
    matcher.feed(b" of it\nfoo bar\nand ");
    assert_eq!(matcher.line(1), Some("foo bar and the rest of it"));
    matcher.feed(b"more");
    matcher.finish();
    assert_eq!(outcome(&matcher).len(), 2);
}

#[test]
fn without_patterns_there_is_nothing_to_do() {
    assert_eq!(fed(&[""; 0], [&b"foo\n"[..]]), []);
}

#[test]
fn it_can_be_armed_again_at_the_next_line() {
    let mut matcher = matcher(&["^step"]);
    let mut counted = 0;
    for chunk in ["step 1\n", "step", " 2\n", "no\nstep", " stays 3", "\n", "a step\nst", "ep 4\n"] {
        matcher.feed(chunk.as_bytes());
        if matcher.matched().any(|pattern| pattern == 0) {
            counted += 1;
            matcher.rearm();
        }
    }
    assert_eq!(counted, 4);
}

#[test]
fn another_stream_begins_afresh() {
    let mut matcher = matcher(&["^foo$", "bar"]);
    matcher.feed(b"foo\nunfinished fo");
    matcher.restart();
    assert_eq!(matcher.matched().count(), 0);
    assert_eq!(matcher.line(0), None);
    matcher.feed(b"foo\nbar");
    matcher.finish();
    assert_eq!(outcome(&matcher), [(0, "foo".to_owned()), (1, "bar".to_owned())]);
}

#[test]
fn what_matches_all_the_time_is_left_out_in_time() {
    let patterns = ["foo", "fo+ 9999$", "^end$", r"\d{5}", "never"];
    let mut matcher = matcher(&patterns);
    let mut stream: Vec<u8> = (0..20_000).flat_map(|line| format!("foo {line}\n").into_bytes()).collect();
    stream.extend_from_slice(b"end\n");
    let lines = ["foo 0", "foo 9999", "end", "foo 10000"].map(str::to_owned);
    for _ in 0..2 {
        stream.chunks(1000).for_each(|chunk| matcher.feed(chunk));
        assert_eq!(outcome(&matcher), lines.clone().into_iter().enumerate().collect::<Vec<_>>());
        assert!(matcher.is_narrowed());
        matcher.restart();
        assert!(!matcher.is_narrowed());
    }
}

#[test]
fn memory_is_bounded_on_a_line_of_any_length() {
    let patterns = [r"[0-9a-f]x.{30}y", "(?i)connection refused", r"(a|b)*a(a|b){14}c", "q{500}"];
    let mut matcher = matcher(&patterns);
    let mut random = 1_u32;
    let mut noise = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"abx0"[(random >> 24) as usize % 4]
    };
    let chunk: Vec<_> = (0..70_000).map(|_| noise()).collect();
    for _ in 0..3 {
        matcher.feed(&chunk);
        let (automaton, prefilter) = matcher.memory();
        assert!(automaton <= 256 * 1024 && prefilter <= 256 * 1024, "{automaton}, {prefilter}");
    }
    assert_eq!(matcher.matched().count(), 0);
    matcher.feed(b"connection refused, abababababababac");
    matcher.finish();
    assert_eq!(matcher.matched().collect::<Vec<_>>(), [1, 2]);
}

/// Patterns of letters that are likely to meet.
fn pattern() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "ba",
        ".",
        r"\w",
        r"\W",
        r"\s",
        "[^a]",
        "[ab]",
        "^",
        "$",
        r"\b",
        r"\B",
        r"\r",
        r"\xff",
        r"\x00",
        "(?i:A)",
        "(?i:bA)",
        r"\b{start}",
        r"\z",
        "(?-m:^)",
        "(?-R:$)",
        "aab",
        "",
    ]);
    atom.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "*?"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => prop::sample::select(b"aabbAB".to_vec()),
        2 => Just(b'\n'),
        2 => Just(b'\r'),
        1 => prop::sample::select(b" _\0\xff".to_vec()),
    ];
    prop::collection::vec(byte, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn chunks_do_not_matter_and_another_engine_agrees(
        patterns in prop::collection::vec(pattern(), 1..5),
        stream in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let whole = fed(&patterns, [&stream[..]]);
        let matched: Vec<_> = whole.iter().map(|(pattern, _)| *pattern).collect();
        prop_assert_eq!(matched, reference(&patterns, &stream));

        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        prop_assert_eq!(&fed(&patterns, cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]])), &whole);
        prop_assert_eq!(&fed(&patterns, stream.chunks(1)), &whole);
    }
}
