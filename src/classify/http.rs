//! Finds the HTTP status in a tool's output. A number counts only in a context that identifies it as a status, not as a
//! port, a line number or a size. The last one wins, since clients report each of their attempts.

use super::normalise::Text;

/// The reason phrases of statuses, in lower case (RFC 9110, the IANA registry, and those of common proxies).
const REASONS: &[(u16, &str)] = &[
    (400, "bad request"),
    (401, "unauthorized"),
    (401, "authorization required"),
    (402, "payment required"),
    (403, "forbidden"),
    (404, "not found"),
    (405, "method not allowed"),
    (406, "not acceptable"),
    (407, "proxy authentication required"),
    (408, "request timeout"),
    (408, "request time-out"),
    (409, "conflict"),
    (410, "gone"),
    (411, "length required"),
    (412, "precondition failed"),
    (413, "payload too large"),
    (413, "content too large"),
    (413, "request entity too large"),
    (414, "uri too long"),
    (415, "unsupported media type"),
    (416, "range not satisfiable"),
    (416, "requested range not satisfiable"),
    (417, "expectation failed"),
    (418, "i'm a teapot"),
    (421, "misdirected request"),
    (422, "unprocessable entity"),
    (422, "unprocessable content"),
    (423, "locked"),
    (424, "failed dependency"),
    (425, "too early"),
    (426, "upgrade required"),
    (428, "precondition required"),
    (429, "too many requests"),
    (431, "request header fields too large"),
    (451, "unavailable for legal reasons"),
    (500, "internal server error"),
    (501, "not implemented"),
    (501, "unsupported method"),
    (502, "bad gateway"),
    (503, "service unavailable"),
    (503, "service temporarily unavailable"),
    (503, "slow down"),
    (503, "backend fetch failed"),
    (504, "gateway timeout"),
    (504, "gateway time-out"),
    (505, "http version not supported"),
    (507, "insufficient storage"),
    (511, "network authentication required"),
    (520, "web server is returning an unknown error"),
    (521, "web server is down"),
    (522, "connection timed out"),
    (523, "origin is unreachable"),
    (524, "a timeout occurred"),
    (529, "site is overloaded"),
    (529, "overloaded"),
];

/// The range of HTTP statuses: 128 in `exit status 128` is not one.
fn is_status(code: u16) -> bool {
    matches!(
        code,
        100..=103 | 200..=208 | 226 | 300..=308 | 400..=431 | 444 | 449..=451 | 460 | 463 | 494..=511 | 520..=530 | 598 | 599
    )
}

/// Words that identify the number after them as a status. Anything may follow the number.
const BEFORE: &[&str] = &[
    "returned error",
    "http",
    "http error",
    "http status",
    "http status code",
    "http response status",
    "http code",
    "http response code",
    "httperror",
    "status code",
    "status_code",
    "status-code",
    "statuscode",
    "http_status",
    "http_code",
    "response code",
    "response_code",
    "responsecode",
    "response status",
    "error code",
    "unexpected status",
    "bad response",
    "unexpected response",
    "unexpected http response",
    "serviceexception",
    "clientresponseerror",
    "responded with",
    "responded with a",
    "http/1.0",
    "http/1.1",
    "http/2",
    "http/2.0",
    "http/3",
];

/// Words that do so only if the phrase ends after the number: the number in `got 404 rows` is not a status.
const BEFORE_ALONE: &[&str] = &[
    "got",
    "returned",
    "returned a",
    "returned an",
    "response",
    "status",
    "success",
    "error",
    "fehler",
    "erreur",
    "エラー",
];

/// Words that give a following `status` or `code` another meaning.
const NOT_AFTER: &[&str] = &["exit", "exited with", "exit code", "process", "child", "signal"];

/// The number of bytes before a number that are inspected: enough for a method and a URL.
const CONTEXT_BYTES: usize = 320;

/// The last HTTP status in the text.
pub(super) fn last_status(text: &Text) -> Option<u16> {
    let lower = &text.lower[..];
    let digits = |at: usize| lower.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = lower.len();
    while at >= 3 {
        at -= 1;
        let start = at - 2;
        let whole = digits(start) && digits(start + 1) && digits(at) && !digits(at + 1);
        if !whole || start.checked_sub(1).is_some_and(digits) {
            continue;
        }
        let code = lower[start..=at].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let (before, after) = (&lower[start.saturating_sub(CONTEXT_BYTES)..start], &lower[at + 1..]);
        if is_status(code) && has_context(code, before, after) || is_surely_one(code, before, after) {
            return Some(code);
        }
    }
    None
}

/// An unlisted error status, if the words before it are about HTTP only (its first digit gives its class: RFC 9110, section
/// 15).
fn is_surely_one(code: u16, before: &[u8], after: &[u8]) -> bool {
    let words = trim_end(before, b" \n:='\"([<`");
    let ends = after.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    (400..600).contains(&code)
        && ends
        && words.len() < before.len()
        && !is_part_of_more(before, after)
        && BEFORE.iter().any(|word| {
            (word.starts_with("http") || *word == "returned error") && ends_with_word(words, word)
        })
}

/// `1.503`, `-503`, `$500`, `#404` are something else; so is `503.5`.
fn is_part_of_more(before: &[u8], after: &[u8]) -> bool {
    matches!(before, [.., b'.' | b'-' | b'$' | b'#' | b'/' | b'@'])
        || matches!(after, [b'.' | b',' | b':' | b'-', next, ..] if next.is_ascii_digit())
}

fn has_context(code: u16, before: &[u8], after: &[u8]) -> bool {
    if is_part_of_more(before, after) {
        return false;
    }
    if before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return is_glued(before);
    }
    if after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return false;
    }
    if reason_follows(code, after) || reason_precedes(code, before) || peer_follows(after) {
        return true;
    }
    if follows_request(code, before) {
        return true;
    }
    // A number at the start of a line may be that of a step or of the line.
    let before = if begins_line(before, after) { &[][..] } else { before };
    if is_in_brackets(code, before, after) {
        return true;
    }
    let words = trim_end(before, b" \n:='\"([<`");
    if ends_with_word(words, "too many") {
        return trim_start(after, b" \n").starts_with(b"error responses");
    }
    let quoted_key =
        |key: &str| words.ends_with(key.as_bytes()) && before.ends_with(b" ") | before.ends_with(b":");
    if quoted_key("\"code") || quoted_key("'code") || is_json_code(before) {
        return true;
    }
    if BEFORE.iter().any(|word| ends_with_word(words, word)) {
        return true;
    }
    BEFORE_ALONE.iter().any(|word| ends_with_word(words, word) && !follows_exit(words, word))
        && phrase_ends(after)
}

/// `404: ` or `[404] ` at the start of a line.
fn begins_line(before: &[u8], after: &[u8]) -> bool {
    let is_start = |before: &[u8]| before.last().is_none_or(|byte| *byte == b'\n');
    (is_start(before) && after.starts_with(b": "))
        || (before.strip_suffix(b"[").is_some_and(is_start) && after.starts_with(b"] "))
}

/// `POST https://x/y: 422 (request …)`
fn follows_request(code: u16, before: &[u8]) -> bool {
    const METHODS: [&[u8]; 7] = [b"get", b"post", b"put", b"patch", b"delete", b"head", b"options"];
    let Some(rest) = before.strip_suffix(b": ").filter(|_| code >= 400) else { return false };
    let rest = trim_end(rest, b"\"'");
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'"' | b'\'');
    let Some(gap) = rest.iter().rposition(is_space) else { return false };
    let (url, words) = (&rest[gap + 1..], trim_end(&rest[..gap], b" \n\"'"));
    let method = words.rsplit(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    (url.starts_with(b"http") || url.starts_with(b"/")) && METHODS.contains(&method)
}

/// `error: [409] …`: the number of an error after a colon.
fn is_in_brackets(code: u16, before: &[u8], after: &[u8]) -> bool {
    code >= 400
        && before.strip_suffix(b"[").is_some_and(|before| trim_end(before, b" \n").ends_with(b":"))
        && after.starts_with(b"] ")
}

/// npm's `E503`, pnpm's `ERR_PNPM_FETCH_503`.
fn is_glued(before: &[u8]) -> bool {
    before.ends_with(b"err_pnpm_fetch_") || before.ends_with(b"code e") || before.ends_with(b"error e")
}

/// `"code": 429`, `'code': 429`.
fn is_json_code(before: &[u8]) -> bool {
    let key = trim_end(before, b" :");
    key.len() < before.len()
        && (key.ends_with(b"\"code\"") || key.ends_with(b"'code'") || key.ends_with(b"\"status\""))
}

fn reason_follows(code: u16, after: &[u8]) -> bool {
    let after = trim_start(after, b" \n:-])(\"'");
    let generic: &[u8] = if code < 500 { b"client error" } else { b"server error" };
    (code >= 400 && after.starts_with(generic))
        || REASONS.iter().any(|(known, reason)| *known == code && starts_with_words(after, reason))
}

/// apt's `520 Unknown Error [IP: 127.0.0.1 80]`: whatever the phrase is.
fn peer_follows(after: &[u8]) -> bool {
    let line = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let phrase = line.windows(6).take(48).position(|window| window == b" [ip: ");
    phrase.is_some_and(|end| line[..end].iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b' '))
}

fn reason_precedes(code: u16, before: &[u8]) -> bool {
    let before = trim_end(before, b" \n:(['\"");
    REASONS.iter().any(|(known, reason)| *known == code && ends_with_word(before, reason))
}

fn follows_exit(words: &[u8], word: &str) -> bool {
    let before = trim_end(&words[..words.len().saturating_sub(word.len())], b" \n:");
    NOT_AFTER.iter().any(|not| ends_with_word(before, not))
}

fn phrase_ends(after: &[u8]) -> bool {
    match after {
        [] | [b'\n' | b',' | b';' | b')' | b']' | b'}' | b'"' | b'\'' | b'.' | b':', ..] => true,
        [b' ', rest @ ..] => {
            matches!(rest, [b':' | b'(' | b'<' | b'-', ..]) || starts_with_words(rest, "from ")
        }
        _ => false,
    }
}

/// A space matches any white space.
fn starts_with_words(text: &[u8], words: &str) -> bool {
    text.len() >= words.len() && text.iter().zip(words.bytes()).all(|(byte, word)| same(*byte, word))
}

/// Whether the text ends with these words, and they do not begin in the middle of a longer word.
fn ends_with_word(text: &[u8], word: &str) -> bool {
    let Some(start) = text.len().checked_sub(word.len()) else { return false };
    starts_with_words(&text[start..], word)
        && start.checked_sub(1).is_none_or(|before| !text[before].is_ascii_alphanumeric())
}

fn same(byte: u8, word: u8) -> bool {
    byte == word || (byte == b'\n' && word == b' ')
}

fn trim_end<'t>(text: &'t [u8], of: &[u8]) -> &'t [u8] {
    let end = text.iter().rposition(|byte| !of.contains(byte)).map_or(0, |last| last + 1);
    &text[..end]
}

fn trim_start<'t>(text: &'t [u8], of: &[u8]) -> &'t [u8] {
    let start = text.iter().position(|byte| !of.contains(byte)).unwrap_or(text.len());
    &text[start..]
}

#[cfg(test)]
mod tests;
