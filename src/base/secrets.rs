//! Removes possible secrets from text that is written to disk: logs, and rules drafted from them.

/// The replacement for a secret.
pub const HIDDEN: &str = "***";

/// Names whose values are secrets, also at the end of a longer name (`api_key`).
const NAMES: [&str; 6] = ["key", "token", "password", "passwd", "secret", "signature"];

/// The text without the userinfo of URLs, and without the values of keys, tokens and passwords (`token=…`).
pub fn without_secrets(text: &str) -> String {
    without_values(&without_userinfo(text))
}

/// `https://***@host/`
fn without_userinfo(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (front, url) = rest.split_at(at + 3);
        let url = &url[..url.find(ends_url).unwrap_or(url.len())];
        out.push_str(front);
        rest = &rest[front.len()..];
        if let Some(end) = userinfo(url) {
            out.push_str(HIDDEN);
            rest = &rest[end..];
        }
    }
    out + rest
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || "'\"<>`".contains(c)
}

/// The end of the userinfo in a URL, given the text after its `://`. A password may contain characters that end an
/// authority: if what looks like a port is not a number, it is part of a password.
fn userinfo(url: &str) -> Option<usize> {
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    let has_port = |(_, port): (&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
    authority.rfind('@').or_else(|| {
        let is_host = authority.starts_with('[') || authority.rsplit_once(':').is_none_or(has_port);
        url.rfind('@').filter(|_| !is_host)
    })
}

/// `token=***`
fn without_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (front, value) = rest.split_at(at + 1);
        out.push_str(front);
        rest = value;
        if is_secret(&front[..at]) {
            let (begin, end) = span(value);
            if begin < end {
                out.push_str(&value[..begin]);
                out.push_str(HIDDEN);
                rest = &value[end..];
            }
        }
    }
    out + rest
}

/// Whether the text ends in the name of a secret.
fn is_secret(text: &str) -> bool {
    let name = text.as_bytes();
    NAMES.iter().any(|secret| {
        let start = name.len().checked_sub(secret.len());
        start.is_some_and(|start| name[start..].eq_ignore_ascii_case(secret.as_bytes()))
    })
}

/// The range of a value: within its quotes, or up to a separator.
fn span(value: &str) -> (usize, usize) {
    match value.chars().next().filter(|quote| "'\"".contains(*quote)) {
        Some(quote) => (1, value[1..].find(quote).map_or(value.len(), |length| 1 + length)),
        None => (0, value.find(|c: char| ends_url(c) || "&?;,".contains(c)).unwrap_or(value.len())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_hidden_and_nothing_else_is() {
        for (text, public) in [
            ("", ""),
            ("fatal: no such file", "fatal: no such file"),
            ("GET https://me:s3cret@host/x?a=1", "GET https://***@host/x?a=1"),
            ("https://token@host", "https://***@host"),
            ("https://host/a@b", "https://host/a@b"),
            ("https://host:8080/a@b", "https://host:8080/a@b"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
            ("redis://me:s3/cr@et@host/1", "redis://***@host/1"),
            ("two: a://b:c@d 'e://f:g@h'", "two: a://***@d 'e://***@h'"),
            ("?api_key=abc&user=me&Token=x;y=1", "?api_key=***&user=me&Token=***;y=1"),
            ("PASSWORD=hunter2\tnext", "PASSWORD=***\tnext"),
            ("password=\"a b c\" next", "password=\"***\" next"),
            ("passwd='never ended", "passwd='***"),
            ("X-Amz-Signature=abc,secret=d", "X-Amz-Signature=***,secret=***"),
            ("key=", "key="),
            ("key== next", "key=*** next"),
            ("keyboard=us", "keyboard=us"),
            ("ключ=1 é=2 token=ü", "ключ=1 é=2 token=***"),
        ] {
            assert_eq!(without_secrets(text), public, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_public_stays_as_it_is(text in "[a-z:/@='\" ?&ü]{0,40}") {
            let public = without_secrets(&text);
            prop_assert_eq!(without_secrets(&public), public);
        }

        #[test]
        fn no_password_is_left(word in "[A-Z0-9]{8}", before in "[a-z ]{0,9}", after in "[a-z /]{0,9}") {
            for text in [format!("{before} x://u:{word}@h{after}"), format!("{before}token={word} {after}")] {
                prop_assert!(!without_secrets(&text).contains(&word), "{}", text);
            }
        }
    }
}
