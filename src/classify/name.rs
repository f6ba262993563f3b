//! Words in names: `x-ratelimit-limit` is a header, `envoyproxy/ratelimit:v2` an image, `slowdown==1.0` a package,
//! `forbidden.html` a file. The name of a thing says nothing about what went wrong with it.

use std::ops::Range;

/// Words that make the bare word after them a name.
const NAMING: &[&str] = &[
    "package",
    "packages",
    "module",
    "named",
    "called",
    "image",
    "formula",
    "crate",
    "found for",
    "distribution for",
    "requirement",
    "gem",
    "chart",
    "plugin",
    "repository",
    "branch",
    "dependency",
    "manifest for",
];

/// Whether the text in `span` is a name or part of one. Text with white space in it is not, and a pattern that matches a
/// dot or a slash is meant to match names.
pub(super) fn holds(text: &[u8], span: &Range<usize>) -> bool {
    let word = &text[span.clone()];
    let (before, after) = (&text[..span.start], &text[span.end..]);
    if word.is_empty() || word.iter().any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'.' | b'/')) {
        return false;
    }
    let starts = word.first().is_some_and(u8::is_ascii_alphanumeric);
    let ends = word.last().is_some_and(u8::is_ascii_alphanumeric);
    (starts && goes_on_before(before))
        || (ends && goes_on_after(word, after))
        || (starts && ends && is_plain(word) && is_called(before, after))
}

/// `x-…`, `--…`, `a/…`, `@…`
fn goes_on_before(before: &[u8]) -> bool {
    match before {
        [.., previous, b'-'] => previous.is_ascii_alphanumeric() || *previous == b'-',
        [.., b'/' | b'@'] => true,
        _ => false,
    }
}

/// `…-x`, `…/x`, `…@1`, `…==1`, `….html`, `…:tag`
fn goes_on_after(word: &[u8], after: &[u8]) -> bool {
    match after {
        [b'-' | b'/' | b'@', next, ..] => next.is_ascii_alphanumeric(),
        [b'=' | b'>' | b'<' | b'~' | b'!', b'=', ..] => true,
        [b'.', next, ..] => next.is_ascii_lowercase(),
        [b':', next, ..] => is_plain(word) && next.is_ascii_alphanumeric(),
        _ => false,
    }
}

/// A word that could name a package: in lower case.
fn is_plain(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `No module named 'x'`, `Unable to locate package x`
fn is_called(before: &[u8], after: &[u8]) -> bool {
    let ends = after.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let before = before.strip_suffix(b"'").or_else(|| before.strip_suffix(b"\"")).unwrap_or(before);
    let before = before.strip_suffix(b"`").unwrap_or(before);
    let Some(words) = before.strip_suffix(b" ").or_else(|| before.strip_suffix(b"\n")) else { return false };
    let nearby = words[words.len().saturating_sub(24)..].to_ascii_lowercase();
    ends && NAMING.iter().any(|naming| {
        nearby
            .strip_suffix(naming.as_bytes())
            .is_some_and(|rest| !rest.last().is_some_and(u8::is_ascii_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::holds;

    /// Whether the first occurrence of the word is in a name.
    fn is_name(text: &str, word: &str) -> bool {
        let start = text.find(word).unwrap();
        holds(text.as_bytes(), &(start..start + word.len()))
    }

    #[test]
    fn a_word_in_a_name_is_told_from_one_that_is_said() {
        for (text, word) in [
            ("x-ratelimit-limit: 60", "ratelimit"),
            ("< ratelimit-policy: 100;w=60", "ratelimit"),
            ("manifest for envoyproxy/ratelimit:nope not found", "ratelimit"),
            ("ERROR: No matching distribution found for ratelimit==9.9", "ratelimit"),
            ("ERROR: No matching distribution found for slowdown", "slowdown"),
            ("go: module github.com/envoyproxy/ratelimit@v9: no", "ratelimit"),
            ("E: Unable to locate package stalled", "stalled"),
            ("ModuleNotFoundError: No module named 'throttled'", "throttled"),
            ("open forbidden.html: no", "forbidden"),
            ("lookup timeout.example.com", "timeout"),
            ("unknown option --ratelimit", "ratelimit"),
            ("npm error 404 slowdown@9 is not there", "slowdown"),
            ("src/truncated/x.c:3: oops", "truncated"),
            ("pull library/throttled failed", "throttled"),
            ("mail for me@throttled bounced", "throttled"),
            ("TimeoutError.java:33", "TimeoutError"),
        ] {
            assert!(is_name(text, word), "{text}");
        }
        for (text, word) in [
            ("the request was throttled", "throttled"),
            ("throttled: come back", "throttled"),
            ("requests.exceptions.ReadTimeout: x", "ReadTimeout"),
            ("code: 'ECONNREFUSED',", "ECONNREFUSED"),
            ("{\"error\":\"rate_limit_exceeded\"}", "rate_limit_exceeded"),
            ("connect ECONNREFUSED 127.0.0.1:80", "ECONNREFUSED"),
            ("it is truncated.", "truncated"),
            ("status=UNAVAILABLE", "UNAVAILABLE"),
            ("the connection stalled - retrying", "stalled"),
            ("connection refused-x", "connection refused"),
            ("java.net.ConnectException: x", "ConnectException"),
            ("subpackage stalled", "stalled"),
        ] {
            assert!(!is_name(text, word), "{text}");
        }
    }
}
