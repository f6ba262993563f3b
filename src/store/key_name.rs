//! The name of a key's directory. Pure.
//!
//! No key can lead out of the directory: names are single path components of harmless characters, and never begin with a
//! dot.

use crate::base::fnv;

/// Longer names are cut and distinguished by a hash. File systems allow 255 bytes.
const MAX_NAME_BYTES: usize = 200;
/// Length of a hash in a name: `~` and 32 digits.
const HASH: usize = 33;

/// The name of the directory that belongs to a key.
pub fn of_key(key: &str) -> String {
    let mut name = escaped(key, |byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.starts_with('.') {
        name.replace_range(..1, "%2E");
    }
    if name.is_empty() {
        // No other key has this name, since a per cent sign is always followed by digits.
        return "%".to_owned();
    }
    if name.len() > MAX_NAME_BYTES {
        name.truncate(MAX_NAME_BYTES - HASH);
        name += &format!("~{:032x}", fnv::hash128(key.bytes()));
    }
    name
}

/// Percent-encodes (RFC 3986, section 2.1) all bytes except those to keep, which are ASCII and not per cent signs.
pub fn escaped(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(byte.into());
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}

/// Reverses the escaping; `None` if the text is not the result of one.
pub fn unescaped(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { 16 * digit(rest.next()?)? + digit(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_readable_and_lead_nowhere() {
        for (key, name) in [
            ("api.example.com", "api.example.com"),
            ("user@host:8080", "user%40host%3A8080"),
            ("..", "%2E."),
            (".", "%2E"),
            (".hidden", "%2Ehidden"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("/etc", "%2Fetc"),
            ("a%2Fb", "a%252Fb"),
            ("a\n\0b~", "a%0A%00b%7E"),
            ("é", "%C3%A9"),
            ("", "%"),
        ] {
            assert_eq!(of_key(key), name, "{key:?}");
        }
        assert_eq!(of_key(&"x".repeat(200)), "x".repeat(200));
        let long = of_key(&"x".repeat(201));
        assert_eq!(long.len(), 200);
        assert!(long.starts_with(&("x".repeat(167) + "~")), "{long}");
        assert_ne!(long, of_key(&"x".repeat(202)));
    }

    proptest! {
        #[test]
        fn a_name_is_one_harmless_component(key in any::<String>()) {
            let name = of_key(&key);
            prop_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES);
            prop_assert!(!name.starts_with('.'));
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-%~".contains(&byte)));
        }

        #[test]
        fn different_keys_have_different_names(one in "[ab./%~]{0,300}", other in "[ab./%~]{0,300}") {
            prop_assert_eq!(one == other, of_key(&one) == of_key(&other));
        }

        #[test]
        fn what_was_escaped_comes_back(text in any::<String>()) {
            prop_assert_eq!(unescaped(&escaped(&text, |byte| byte.is_ascii_lowercase())), Some(text));
        }

        #[test]
        fn no_text_is_too_strange_to_unescape(text in "[%0-9a-fé]{0,20}") {
            let _ = unescaped(&text);
        }
    }
}
