//! Patterns over a stream: they are refused, or see the same however the stream comes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::classify::stream::{LineRegex, Matcher};

fn seen(patterns: &[LineRegex], stream: &[u8], piece: usize) -> Vec<(usize, Option<String>)> {
    let mut matcher = Matcher::new(patterns);
    stream.chunks(piece.max(1)).for_each(|piece| matcher.feed(piece));
    matcher.finish();
    matcher.matched().map(|number| (number, matcher.line(number).map(str::to_owned))).collect()
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    // A pattern a line up to a NUL, then the stream.
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (patterns, stream) = bytes.split_at(end);
    let patterns =
        patterns.split(|byte| *byte == b'\n').take(40).filter_map(|text| std::str::from_utf8(text).ok());
    let patterns: Vec<_> = patterns.filter_map(|text| LineRegex::check(text).ok()).collect();
    let whole = seen(&patterns, stream, stream.len());
    assert_eq!(whole, seen(&patterns, stream, usize::from(piece)));
    for (number, pattern) in patterns.iter().enumerate() {
        let alone = !seen(std::slice::from_ref(pattern), stream, stream.len()).is_empty();
        assert_eq!(alone, whole.iter().any(|(seen, _)| *seen == number), "{} beside others", pattern.text());
    }
});
